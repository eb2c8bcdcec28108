"""``benchgrad run``: its options. What it does with them is in `command_line.measurement`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from benchgrad.command_line.options import (
    RunOptions,
    UsageError,
    executor_of,
    n_bytes,
    names,
    path_of,
    seconds,
    seed_of,
    share,
)


def run(
    plan: Annotated[
        str | None, typer.Argument(help="A plan by name, or file.toml [headline].")
    ] = None,
    engines: Annotated[
        str | None,
        typer.Option(
            help="Only these: names, path.py or module:attribute, separated by commas. One that "
            "the plan lacks trains for as many epochs as the engines beside it."
        ),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="A data set by name, or file.csv.")] = None,
    label: Annotated[
        str | None, typer.Option(help="The column of a CSV that holds the classes.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of every engine.")] = None,
    rounds: Annotated[
        int | None,
        typer.Option(help="How often each engine runs; the plan may have fewer for a slow one."),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(help="Run rounds until each ratio is known to, e.g., 2%, within --budget."),
    ] = None,
    budget: Annotated[
        str | None, typer.Option(help="Time for each engine, e.g. 60s or 5min; then a forecast.")
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(help="Time after which an engine is killed, e.g. 600s.")
    ] = None,
    memory: Annotated[
        str | None, typer.Option(help="Memory above which an engine is killed, e.g. 4GiB.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of every engine.")] = None,
    seed: Annotated[
        str | None,
        typer.Option(help="Of data, weights and batches; random: one that nobody could foresee."),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(help="float64 or float32, in which every engine computes."),
    ] = None,
    allocator: Annotated[
        str | None,
        typer.Option(help="keep: engines keep the memory that they free; default: as users run."),
    ] = None,
    cpu: Annotated[
        int | None, typer.Option(help="Hold every engine to this processor, by its number.")
    ] = None,
    instructions: Annotated[
        bool,
        typer.Option("--instructions", help="Also count instructions per epoch, with valgrind."),
    ] = False,
    executor: Annotated[
        str | None,
        typer.Option(help="Where the points of a sweep are measured: here, or dask [here]."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="A Dask scheduler, e.g. tcp://host:8786; else a cluster of its own."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the report [reports/out/PLAN].", parser=path_of, metavar="DIR"
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(help="Go on with the run in this folder.", metavar="DIR", parser=path_of),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an unfinished run in the folder.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="End at once if another run is timing.")
    ] = False,
    lock: Annotated[
        Path | None,
        typer.Option(
            help="Runs with the same lock take turns [/tmp/benchgrad.lock].",
            metavar="FILE",
            envvar="BENCHGRAD_LOCK",
            parser=path_of,
        ),
    ] = None,
) -> None:
    """Run a plan and write its report."""
    from benchgrad.command_line.measurement import Terms, Wish, go_on, start, summarise

    options = RunOptions(
        engines=names(engines),
        dataset=dataset,
        label=label,
        epochs=epochs,
        rounds=rounds,
        precision=share("--precision", precision),
        budget_s=seconds("--budget", budget),
        timeout_s=seconds("--timeout", timeout),
        memory_bytes=n_bytes("--memory", memory),
        threads=threads,
        seed=seed_of(seed),
        dtype=dtype,
        allocator=allocator,
        cpu=cpu,
        instructions=instructions or None,
    )
    command = shlex.join(["benchgrad", *sys.argv[1:]])
    terms = Terms(
        command,
        lock,
        not no_wait,
        executor=executor_of(executor, scheduler),
        scheduler=scheduler,
    )
    if resume is None:
        plan = "headline" if plan is None else plan
        folder = out or Path("reports") / "out" / Path(plan).stem
        finished = start(Wish(plan, options), folder, terms, overwrite)
    elif overwrite or out not in (None, resume):
        raise UsageError(f"--resume writes into {str(resume)!r}; leave out --overwrite and --out")
    else:
        finished = go_on(Wish(plan, options), resume, terms)
    summarise(finished)
    raise typer.Exit(finished.code)
