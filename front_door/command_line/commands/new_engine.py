"""``benchgrad new-engine``: its options, and what to do next."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer


def new_engine(
    name: Annotated[str, typer.Argument(help="What users will call it.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the package [benchgrad-NAME].")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="scalar: a value is a number [default]; tensor: an array.")
    ] = None,
) -> None:
    """Write an installable package for an engine of your own."""
    from benchgrad.command_line.console import printer
    from benchgrad.engines import scaffold

    folder = str(scaffold.write_package(name, out, kind))
    path, with_tests = shlex.quote(folder), shlex.quote(f"{folder}[test]")
    lines = f"written: {path}\nnext: pip install --editable {with_tests} && pytest {path}"
    printer().print(lines, soft_wrap=True, markup=False)
