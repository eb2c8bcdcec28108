"""``benchgrad history``: the runs below a folder, over time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchgrad.command_line.folders import check_output, writable, write_output
from benchgrad.command_line.options import UsageError, path_of

if TYPE_CHECKING:
    from benchgrad.benchmarks.records import Results


def history(
    folder: Annotated[
        Path, typer.Argument(help="A folder with runs below it.", metavar="DIR", parser=path_of)
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="The page [history.html]; a CSV file goes beside it.",
            parser=path_of,
            metavar="FILE",
        ),
    ] = None,
) -> None:
    """Show the figures of all runs below a folder over time, with the steps marked."""
    from benchgrad.benchmarks.analysis.history import history as of_runs
    from benchgrad.command_line.console import printer
    from benchgrad.reports import history as shown

    out = out or Path("history.html")
    if out.suffix != ".html":
        raise UsageError(f"--out {str(out)!r}: name a file that ends in .html")
    if not folder.is_dir():
        raise UsageError(f"{str(folder)!r} is no folder; name one with runs below it")
    table = out.with_suffix(".csv")
    check_output(out)
    check_output(table)
    unread: list[str] = []
    found = of_runs(_in_order(folder, unread))
    if not found:
        told = f": {unread[0]}" if unread else "; a run leaves a results.json"
        raise UsageError(f"there is no run below {str(folder)!r} that can be read{told}")
    writable(out.parent)
    write_output(table, shown.csv(found))
    write_output(out, shown.page(found, unread, str(folder)))
    n_runs = sum(len(series.runs) for series in found)
    n_steps = sum(m.is_step for series in found for each in series.moments.values() for m in each)
    console = printer()
    for problem in unread:
        console.print(f"left out: {problem}", soft_wrap=True)
    runs = f"{n_runs} run{'' if n_runs == 1 else 's'}"
    steps = f"{n_steps} step{'' if n_steps == 1 else 's'}"
    console.print(f"{runs}, {steps}: {out} and {table}", soft_wrap=True)


def _in_order(folder: Path, unread: list[str]) -> Iterator[tuple[str, Results]]:
    """Yield the runs below a folder in the order of their beginning; note those not readable.

    Each file is read twice, so that not all are in memory at once.
    """
    begun = [(results.started_at, path) for path, results in _read(_files(folder), unread)]
    for _, path in sorted(begun):
        for _, results in _read([path], []):
            yield str(path.parent.relative_to(folder)), results


def _files(folder: Path) -> Iterator[Path]:
    from benchgrad.benchmarks.records import RESULTS

    for parent, folders, names in os.walk(folder):  # links to folders are not followed
        folders.sort()
        if RESULTS in names:
            yield Path(parent) / RESULTS


def _read(paths: Iterator[Path] | list[Path], unread: list[str]) -> Iterator[tuple[Path, Results]]:
    from benchgrad.benchmarks.records import RecordError, read_file
    from benchgrad.benchmarks.run.misfits import misfits_of_epochs

    for path in paths:
        try:
            results = read_file(path)
        except RecordError as error:
            unread.append(str(error))
            continue
        if found := misfits_of_epochs(results):
            unread.append(f"{path}: {found[0]}")
        else:
            yield path, results
