"""The command line as a whole: its commands, and the exit codes of errors.

Commands import what they need when they are called, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys

import typer

from benchgrad.command_line.commands import check, lists, new_engine, reports, run
from benchgrad.command_line.exit_codes import INTERRUPTED, WRONG_USAGE
from benchgrad.command_line.options import UsageError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Train one classifier with every autograd engine, prove that the work was the same, "
    "time it, and explain the difference.",
)
for command in (
    run.run,
    check.check,
    lists.engines,
    lists.datasets,
    lists.plans,
    new_engine.new_engine,
    reports.report,
    reports.compare,
    reports.verify,
):
    app.command()(command)


def main() -> None:
    """Run the command line; what the user can mend ends with one line and exit code 2."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if not _is_for_the_user(error):
            raise
        sys.stderr.write(f"benchgrad: {error}\n")
        sys.exit(WRONG_USAGE)


def _is_for_the_user(error: Exception) -> bool:
    """Return whether an error is a mistake of the user's or an engine's, not a bug of ours."""
    from benchgrad.benchmarks.manifest import ForeignError
    from benchgrad.benchmarks.plan import PlanError
    from benchgrad.benchmarks.records import RecordError
    from benchgrad.benchmarks.run.lock import LockError
    from benchgrad.datasets import DatasetError
    from benchgrad.engines import EngineError

    users = (
        *(UsageError, LockError, PlanError, RecordError, ForeignError),
        *(DatasetError, EngineError),
    )
    return isinstance(error, users)


if __name__ == "__main__":
    main()
