"""The command line as a whole: its commands, and the exit codes of errors.

Commands import what they need when they are called, so that ``--help`` answers at once.
"""

from __future__ import annotations

import errno
import sys
from typing import Annotated

import typer

from benchgrad.command_line.commands import (
    check,
    graph,
    history,
    learn,
    lists,
    new_engine,
    reports,
    run,
    which,
)
from benchgrad.command_line.exit_codes import INTERRUPTED, WRONG_USAGE
from benchgrad.command_line.options import UsageError
from benchgrad.reports.escaping import visible

_HELP = (
    "Train one classifier with every autograd engine, prove that the work was the same, time it, "
    "and explain the difference."
)
app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    run.run,
    check.check,
    graph.graph,
    lists.engines,
    lists.datasets,
    lists.plans,
    new_engine.new_engine,
    learn.learn,
    reports.report,
    reports.compare,
    history.history,
    reports.verify,
    which.which,
):
    app.command()(command)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        sys.stdout.write(f"benchgrad {version('benchgrad')}\n")
        raise typer.Exit


@app.callback(help=_HELP)
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; what the user can mend ends with one line and exit code 2."""
    try:
        _refuse_garbled(sys.argv[1:])
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if not _is_for_the_user(error):
            raise
        told = _of_the_system(error) if isinstance(error, OSError) else str(error)
        sys.stderr.write(f"benchgrad: {visible(told)}\n")
        sys.exit(WRONG_USAGE)


def _refuse_garbled(arguments: list[str]) -> None:
    """Raise UsageError for an argument that is not UTF-8, or holds a null: no record could."""
    for argument in arguments:
        if "\0" in argument or any("\ud800" <= character <= "\udfff" for character in argument):
            raise UsageError(f"the argument {argument[:80]!r} is not valid UTF-8")


def _of_the_system(error: OSError) -> str:
    problem = error.strerror or type(error).__name__
    return f"{str(error.filename)!r}: {problem}" if error.filename else problem


# What only the system can be the cause of: a full disk, a name that is too long, no rights.
_OF_THE_SYSTEM = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.ENAMETOOLONG),
    *(errno.ELOOP, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
}


def _is_for_the_user(error: Exception) -> bool:
    """Return whether an error is a mistake of the user's or an engine's, not a bug of ours."""
    from benchgrad.benchmarks.manifest import ForeignError
    from benchgrad.benchmarks.plan import PlanError
    from benchgrad.benchmarks.records import RecordError
    from benchgrad.benchmarks.run.lock import LockError
    from benchgrad.datasets import DatasetError
    from benchgrad.engines import EngineError
    from benchgrad.learning.exercise import LearningError

    users = (
        *(UsageError, LockError, PlanError, RecordError, ForeignError),
        *(DatasetError, EngineError, LearningError),
    )
    if isinstance(error, OSError):
        return error.errno in _OF_THE_SYSTEM
    return isinstance(error, users)


if __name__ == "__main__":
    main()
