"""``benchgrad.run``: the command `benchgrad run`, with arrays and frames for data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from benchgrad.api.notebook import NotebookView, is_notebook
from benchgrad.api.results import Results
from benchgrad.benchmarks.plan import Plan
from benchgrad.command_line.console import RunConsole
from benchgrad.command_line.exit_codes import INTERRUPTED
from benchgrad.command_line.measurement import Terms, Wish, go_on, start
from benchgrad.command_line.options import RunOptions, UsageError
from benchgrad.datasets import Table, from_arrays, from_frame, given_name

_LABEL = "label"


def run(  # noqa: PLR0913 (as many as `benchgrad run` has options)
    plan: str | PathLike[str] | Plan | None = None,
    *,
    engines: str | PathLike[str] | Sequence[str | PathLike[str]] | None = None,
    dataset: Any = None,
    label: str | None = None,
    epochs: int | None = None,
    rounds: int | None = None,
    precision: float | None = None,
    budget_s: float | None = None,
    timeout_s: float | None = None,
    memory_bytes: int | None = None,
    threads: int | None = None,
    seed: int | None = None,
    dtype: str | None = None,
    allocator: str | None = None,
    cpu: int | None = None,
    instructions: bool | None = None,
    out: str | PathLike[str] | None = None,
    resume: str | PathLike[str] | None = None,
    overwrite: bool = False,
    wait: bool = True,
) -> Results:
    """Run a plan, write its report, and return what was measured.

    What is left out is as the plan says. In a notebook a line shows how far the run is, elsewhere
    what the command line shows.

    Args:
        plan: the name of a plan, the path of a .toml file or a `Plan`; without one, ``headline``.
        engines: only these: names, ``path.py`` or ``package.module:attribute``. Each runs in a
            process of its own, so an engine that is written in a notebook has to be in a file.
        dataset: a name, the path of a .csv file, arrays ``(X, y)`` or a pandas frame. Rows are
            split into training and test rows and standardised, as those of every data set are.
        label: the column of a frame or a CSV file that has the classes; without it, ``label``.
        epochs: of every engine.
        rounds: how often each engine runs.
        precision: run rounds until each ratio is known to within this share, such as 0.02.
        budget_s: for each engine; the rest of its total is forecast.
        timeout_s: after which an engine is killed.
        memory_bytes: above which an engine is killed.
        threads: of every engine.
        seed: of data, weights and batches.
        dtype: ``float64`` or ``float32``, in which every engine computes.
        allocator: ``keep`` or ``default``.
        cpu: the number of the processor that every engine is held to.
        instructions: whether to count instructions too, with valgrind.
        out: the folder of the report; without it, ``reports/out/`` and the plan's name.
        resume: the folder of an unfinished run to go on with. It has its plan; arrays have to be
            given again.
        overwrite: whether to replace an unfinished run in the folder.
        wait: whether to wait while another run is timing.

    Raises:
        UsageError, PlanError, DatasetError, EngineError: a mistake in what was given, in one line.
        LockError: another run is timing, or writes into the folder.
        KeyboardInterrupt: the run was interrupted; `load` returns what there is by then.
    """
    rows = _rows(dataset, label)
    options = RunOptions(
        engines=_specs(engines),
        dataset=_name(dataset, rows),
        label=label if rows is None else None,
        epochs=epochs,
        rounds=rounds,
        precision=precision,
        budget_s=budget_s,
        timeout_s=timeout_s,
        memory_bytes=memory_bytes,
        threads=threads,
        seed=seed,
        dtype=dtype,
        allocator=allocator,
        cpu=cpu,
        instructions=instructions,
    )
    asked = plan if plan is None or isinstance(plan, Plan) else fspath(plan)
    terms = _terms(wait)
    if resume is None:
        wish = Wish("headline" if asked is None else asked, options, rows)
        finished = start(wish, _folder(asked, out), terms, overwrite)
    elif overwrite or out is not None:
        raise UsageError("resume writes into the folder of its run; leave out overwrite and out")
    else:
        finished = go_on(Wish(asked, options, rows), Path(resume), terms)
    if finished.code == INTERRUPTED:
        folder = str(finished.page.parent)
        raise KeyboardInterrupt(
            f"benchgrad.load({folder!r}) returns what there is, "
            f"benchgrad.run(resume={folder!r}) goes on"
        )
    return Results(finished.page.parent, finished.results)


def _terms(wait: bool) -> Terms:
    lock = os.environ.get("BENCHGRAD_LOCK")
    show = NotebookView if is_notebook() else RunConsole
    return Terms("benchgrad.run in Python", Path(lock) if lock else None, wait, show)


def _folder(plan: str | Plan | None, out: str | PathLike[str] | None) -> Path:
    if out is not None:
        return Path(out)
    name = "python" if isinstance(plan, Plan) else Path(plan or "headline").stem
    return Path("reports") / "out" / name


def _specs(engines: str | PathLike[str] | Sequence[str | PathLike[str]] | None) -> list[str] | None:
    """Return the names of engines, of which there may be one.

    Raises:
        UsageError: one of them is an object instead of a name.
    """
    if engines is None:
        return None
    several = [engines] if isinstance(engines, str | PathLike) else list(engines)
    for each in several:
        if not isinstance(each, str | PathLike):
            raise UsageError(
                f"engines: {type(each).__name__} is no name; each engine runs in a process of its "
                "own, so write it into a file, and give the file's path"
            )
    return [fspath(each) for each in several]


def _rows(dataset: Any, label: str | None) -> Table | None:
    """Return the rows of a data set that was given as it is; None if it was named."""
    import pandas as pd

    match dataset:
        case None | str() | PathLike():
            return None
        case pd.DataFrame():
            return from_frame(dataset, label or _LABEL)
        case (X, y):
            if label is not None:
                raise UsageError(
                    f"label={label!r} goes with a frame or a CSV file, not with arrays"
                )
            return from_arrays(X, y)
    raise UsageError(
        f"dataset: {type(dataset).__name__} is neither a name, a path, arrays (X, y) nor a frame"
    )


def _name(dataset: Any, rows: Table | None) -> str | None:
    if rows is not None:
        return given_name(rows)
    return None if dataset is None else fspath(dataset)
