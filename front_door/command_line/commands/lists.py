"""``benchgrad engines``, ``datasets`` and ``plans``: what there is to choose from."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from benchgrad.engines import Capabilities, EngineStatus

FORMAT = 1  # of `engines --json`


def engines(
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the engines and whether they are ready."""
    from benchgrad.engines import OPERATIONS, available

    if json:
        _print_json(_as_dict(engine) for engine in available())
        return
    columns = ("engine", "version", "kind", "device", "operations", "status", "note")
    rows = [
        (
            engine.name,
            engine.version,
            engine.kind,
            able.device if (able := engine.capabilities) else "",
            _operations(able, OPERATIONS) if able else "",
            engine.status,
            engine.reason or engine.note,
        )
        for engine in available()
    ]
    _print_table(columns, rows)


def datasets() -> None:
    """List the data sets."""
    from benchgrad.datasets import SOURCES

    columns = ("data set", "features", "classes", "what it is")
    rows = [
        (source.name, str(source.n_features), str(source.n_classes), source.description)
        for source in SOURCES.values()
    ]
    own = ("file.csv", "–", "–", "numbers, and one column with the class (--label)")
    _print_table(columns, [*rows, own])


def plans(
    show: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Print this plan, to copy: --show quick > mine.toml."),
    ] = None,
) -> None:
    """List the plans that come with benchgrad, or print one."""
    from benchgrad.benchmarks.plan import shipped, text_of

    if show is not None:
        sys.stdout.write(text_of(show))
        return
    columns = ("plan", "data", "engines and epochs", "title")
    rows = [
        (
            name,
            f"{plan.data.name} {plan.data.n_samples}",
            ", ".join(f"{c.name} {plan.epochs_of(c)}" for c in plan.engines),
            plan.title,
        )
        for name, plan in shipped().items()
    ]
    _print_table(columns, rows)


def _operations(able: Capabilities, known: Iterable[str]) -> str:
    """Return in a few words which of the known operations an engine lacks."""
    if not able.value_and_grad:
        return "its classifier only"
    lacking = sorted(set(known) - able.operations)
    return f"no {', '.join(lacking)}" if lacking else "all"


def _as_dict(engine: EngineStatus) -> dict[str, object]:
    """Return what is known of an engine; its keys are the format."""
    able = engine.capabilities
    return {
        "name": engine.name,
        "version": engine.version,
        "kind": engine.kind,
        "status": engine.status,
        "reason": engine.reason,
        "note": engine.note,
        "device": able.device if able else "",
        "dtypes": sorted(able.dtypes) if able else [],
        "operations": sorted(able.operations) if able else [],
        "value_and_grad": able.value_and_grad if able else False,
    }


def _print_json(rows: Iterable[dict[str, object]]) -> None:
    import msgspec

    content = msgspec.json.encode({"format": FORMAT, "engines": list(rows)})
    sys.stdout.write(f"{msgspec.json.format(content).decode()}\n")


def _print_table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    from rich.table import Table

    from benchgrad.command_line.console import printer
    from benchgrad.reports.escaping import visible

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(visible, row))
    printer().print(table)
