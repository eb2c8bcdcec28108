"""``benchgrad which``: the fastest engine at some size, in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchgrad.command_line.options import UsageError, path_of

_SWEEP = Path("reports") / "out" / "scaling"


def which(
    run: Annotated[
        Path, typer.Option(help="The folder of a sweep.", metavar="DIR", parser=path_of)
    ] = _SWEEP,
    samples: Annotated[int | None, typer.Option(help="Training rows.")] = None,
    features: Annotated[int | None, typer.Option(help="Features of a row.")] = None,
    width: Annotated[int | None, typer.Option(help="Units of each hidden layer.")] = None,
    depth: Annotated[int | None, typer.Option(help="Hidden layers.")] = None,
    batch: Annotated[int | None, typer.Option(help="Rows of a batch.")] = None,
    classes: Annotated[int | None, typer.Option(help="Classes.")] = None,
) -> None:
    """Say which engine is the fastest at a size, from the records of a sweep."""
    from benchgrad.benchmarks.analysis.which import answer
    from benchgrad.benchmarks.records import RESULTS, read_results
    from benchgrad.command_line.console import printer
    from benchgrad.reports.scaling import in_a_sentence

    if not (run / RESULTS).is_file():
        raise UsageError(
            f"{str(run)!r} holds no run; measure one with: benchgrad run scaling, "
            "or name another with --run"
        )
    asked = {
        "samples": samples,
        "features": features,
        "width": width,
        "depth": depth,
        "batch": batch,
        "classes": classes,
    }
    sizes = {name: size for name, size in asked.items() if size is not None}
    for name, size in sizes.items():
        if size < (0 if name == "depth" else 1) or size > _LARGEST:
            raise UsageError(f"--{name} {size} is no size; write a number from 1 to {_LARGEST:,}")
    printer().print(in_a_sentence(answer(read_results(run), sizes)), soft_wrap=True)


_LARGEST = 10**7
