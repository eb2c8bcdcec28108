"""``benchgrad check``: its options, and what it prints or writes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from benchgrad.command_line.exit_codes import ENGINE_FAILED, OK
from benchgrad.command_line.folders import check_output, writable, write_output
from benchgrad.command_line.options import path_of, seconds


def check(
    engines: Annotated[
        list[str], typer.Argument(help="Names, path.py or module:attribute.", metavar="ENGINE...")
    ],
    fast: Annotated[bool, typer.Option("--fast", help="Only checks that take no time.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.", min=0)] = 0,
    timeout: Annotated[str, typer.Option(help="Time for one check, e.g. 60s.")] = "60s",
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    junit: Annotated[
        Path | None, typer.Option(help="Also write a JUnit report.", metavar="FILE", parser=path_of)
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(help="Also write a page to link to.", metavar="FILE", parser=path_of),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Run only this group of checks.", metavar="GROUP")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show every fault in full.")] = False,
) -> None:
    """Find the wrong gradients of engines; exit code 1 if there are any."""
    import msgspec

    from benchgrad.command_line.console import printer
    from benchgrad.engines import EngineError, check_names
    from benchgrad.engines.conformance import Options, check_engine
    from benchgrad.engines.conformance.checking import groups
    from benchgrad.engines.conformance.page import as_html
    from benchgrad.engines.conformance.report import as_json, as_junit, text_report

    check_names(engines)
    for group in only or ():
        if group not in groups():
            listed = ", ".join(groups())
            raise EngineError(f"--only {group!r} is no group of checks; there are {listed}")
    for path in (junit, html):
        if path is not None:
            writable(path.parent)
            check_output(path)
    options = Options(seed, fast, seconds("--timeout", timeout) or 0.0, tuple(only or ()))
    outcomes = []
    for engine in engines:
        outcomes.append(check_engine(engine, options))
        for part in [] if json else text_report(outcomes[-1], show_all):
            printer().print(part, soft_wrap=True)
    if json:
        indented = msgspec.json.format(msgspec.json.encode(as_json(outcomes)))
        sys.stdout.write(f"{indented.decode()}\n")
    if junit is not None:
        write_output(junit, as_junit(outcomes))
    if html is not None:
        write_output(html, as_html(outcomes).encode())
    raise typer.Exit(OK if all(outcome.passed for outcome in outcomes) else ENGINE_FAILED)
