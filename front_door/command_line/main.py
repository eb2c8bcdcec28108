"""The command line: reads options, calls the rooms, turns their errors into one line each.

Everything heavy is imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchgrad.command_line.exit_codes import (
    CONTRADICTED,
    ENGINE_FAILED,
    INTERRUPTED,
    OK,
    REGRESSED,
    WRONG_USAGE,
)
from benchgrad.command_line.folders import writable, writing
from benchgrad.command_line.options import RunOptions, UsageError, seconds

if TYPE_CHECKING:
    from benchgrad.benchmarks.analysis.compare import RunComparison
    from benchgrad.benchmarks.records import Results
    from benchgrad.engines import Capabilities

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Train one classifier with every autograd engine, prove that the work was the same, "
    "time it, and explain the difference.",
)


@app.command()
def run(
    plan: Annotated[
        str | None, typer.Argument(help="A plan by name, or file.toml [headline].")
    ] = None,
    engines: Annotated[
        str | None, typer.Option(help="Only these: names, path.py or module:attribute, by commas.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="A data set by name, or file.csv.")] = None,
    label: Annotated[str | None, typer.Option(help="The column of a CSV with the classes.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of every engine.")] = None,
    rounds: Annotated[int | None, typer.Option(help="How often every engine runs.")] = None,
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
        str | None, typer.Option(help="Memory beyond which an engine is killed, e.g. 4GiB.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of every engine.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the report [reports/out/PLAN].")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with the run in this folder.", metavar="DIR")
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
            help="What keeps timings apart [/tmp/benchgrad.lock].",
            metavar="FILE",
            envvar="BENCHGRAD_LOCK",
        ),
    ] = None,
) -> None:
    """Run a plan and write its report."""
    from benchgrad.command_line.run import DEFAULT_PLAN, Terms, go_on, start

    options = RunOptions(
        engines, dataset, label, epochs, rounds, precision, budget, timeout, memory, threads
    )
    terms = Terms(shlex.join(["benchgrad", *sys.argv[1:]]), lock, not no_wait)
    if resume is None:
        folder = out or Path("reports") / "out" / Path(plan or DEFAULT_PLAN).stem
        code = start(plan, options, folder, terms, overwrite)
    elif overwrite or out not in (None, resume):
        raise UsageError(f"--resume writes into {str(resume)!r}; leave out --overwrite and --out")
    else:
        code = go_on(plan, options, resume, terms)
    raise typer.Exit(code)


@app.command()
def check(
    engines: Annotated[
        list[str], typer.Argument(help="Names, path.py or module:attribute.", metavar="ENGINE...")
    ],
    fast: Annotated[bool, typer.Option("--fast", help="Only what takes no time.")] = False,
    seed: Annotated[int, typer.Option(help="Of all random numbers.", min=0)] = 0,
    timeout: Annotated[str, typer.Option(help="Time for one check, e.g. 60s.")] = "60s",
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    junit: Annotated[
        Path | None, typer.Option(help="Write a JUnit report, too.", metavar="FILE")
    ] = None,
) -> None:
    """Find the wrong gradients of engines; exit code 1 if there are any."""
    from benchgrad.command_line.console import printer
    from benchgrad.engines import check_names
    from benchgrad.engines.conformance import Options, check_engine
    from benchgrad.engines.conformance.report import as_json, as_junit, text_report

    check_names(engines)
    options = Options(seed, fast, seconds("--timeout", timeout) or 0.0)
    outcomes = []
    for engine in engines:
        outcomes.append(check_engine(engine, options))
        for part in [] if json else text_report(outcomes[-1]):
            printer().print(part, soft_wrap=True)
    if json:
        from msgspec.json import encode, format

        sys.stdout.write(format(encode(as_json(outcomes))).decode() + "\n")
    if junit is not None:
        writable(junit.parent)
        with writing(junit):
            junit.write_bytes(as_junit(outcomes))
    raise typer.Exit(OK if all(outcome.passed for outcome in outcomes) else ENGINE_FAILED)


@app.command()
def engines() -> None:
    """List the engines and whether they are ready."""
    from rich.table import Table

    from benchgrad.command_line.console import printer
    from benchgrad.engines import OPERATIONS, available

    columns = ("engine", "version", "kind", "device", "operations", "status", "note")
    table = Table(*columns, box=None, pad_edge=False)
    for engine in available():
        able = engine.capabilities
        cells = (
            engine.name,
            engine.version,
            engine.kind,
            able.device if able else "",
            _lacking(able, OPERATIONS) if able else "",
            engine.status,
            engine.reason or engine.note,
        )
        table.add_row(*cells)
    printer().print(table)


def _lacking(able: Capabilities, known: Iterable[str]) -> str:
    """Return which of the known operations an engine has, in a few words."""
    if not able.value_and_grad:
        return "its classifier only"
    lacking = sorted(set(known) - able.operations)
    return f"no {', '.join(lacking)}" if lacking else "all"


@app.command()
def datasets() -> None:
    """List the data sets."""
    from rich.table import Table

    from benchgrad.command_line.console import printer
    from benchgrad.datasets import SOURCES

    table = Table("data set", "features", "classes", "what it is", box=None, pad_edge=False)
    for source in SOURCES.values():
        table.add_row(
            source.name, str(source.n_features), str(source.n_classes), source.description
        )
    table.add_row("file.csv", "–", "–", "numbers, and one column with the class (--label)")
    printer().print(table)


@app.command()
def plans() -> None:
    """List the plans that come with benchgrad."""
    from rich.table import Table

    from benchgrad.benchmarks.plan import shipped
    from benchgrad.command_line.console import printer

    table = Table("plan", "data", "engines and epochs", "title", box=None, pad_edge=False)
    for name, plan in shipped().items():
        listed = ", ".join(f"{c.name} {plan.epochs_of(c)}" for c in plan.engines)
        table.add_row(name, f"{plan.data.name} {plan.data.n_samples}", listed, plan.title)
    printer().print(table)


@app.command()
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

    path = shlex.quote(str(scaffold.write_package(name, out, kind)))
    lines = f"written: {path}\nnext: pip install --editable {path} && pytest {path}"
    printer().print(lines, soft_wrap=True, markup=False)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="A folder with results.json.", metavar="DIR")],
) -> None:
    """Render the report of a run again, from its records."""
    from benchgrad.benchmarks.records import RecordError, read_results
    from benchgrad.benchmarks.run.lock import writing_alone
    from benchgrad.benchmarks.run.verify import misfits
    from benchgrad.command_line.console import printer
    from benchgrad.reports.page import write_report

    alone = writing_alone(writable(folder)) if folder.is_dir() else nullcontext()
    with alone, writing(folder):
        if found := misfits(read_results(folder)):
            raise RecordError(f"{folder}: no report can be made of its records: {found[0]}")
        page = write_report(folder)
    printer().print(f"report: {page}", soft_wrap=True)


class Format(StrEnum):
    """How a comparison is shown."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


@app.command()
def compare(
    old: Annotated[Path, typer.Argument(help="The run to compare with: folder or results.json.")],
    new: Annotated[Path, typer.Argument(help="The run that is compared.")],
    fail_above: Annotated[
        float | None,
        typer.Option(help="Exit 3 if the whole interval of NEW / OLD lies above, e.g. 1.10."),
    ] = None,
    format: Annotated[Format, typer.Option(help="How it is shown.")] = Format.TABLE,
    out: Annotated[Path | None, typer.Option(help="A file instead of standard output.")] = None,
    allow_different_machines: Annotated[
        bool, typer.Option(help="Compare also across machines and library versions.")
    ] = False,
) -> None:
    """Compare two runs engine by engine: ratio, interval, verdict."""
    from benchgrad.benchmarks.analysis import compare as comparing
    from benchgrad.benchmarks.records import write_atomically

    if fail_above is not None and not 0.0 < fail_above < float("inf"):
        raise UsageError(f"--fail-above {fail_above} is no ratio; write it as 1.10")
    before, after = (str(old), _results(old)), (str(new), _results(new))
    found = comparing.compare(before, after, fail_above, allow_different_machines)
    text = _shown(found, format)
    if out:
        with writing(out.parent):
            write_atomically(out, text.encode())
    else:
        sys.stdout.write(text)
    if fail_above is not None:
        for row in found.rows:
            if row.verdict == "not comparable":
                message = f"--fail-above cannot judge {row.engine}: {row.reason}"
                sys.stderr.write(f"benchgrad: {message}\n")
    raise typer.Exit(REGRESSED if any(row.is_above for row in found.rows) else OK)


def _shown(found: RunComparison, format: Format) -> str:
    from benchgrad.command_line.console import printer
    from benchgrad.reports import compare as shown

    if format is Format.JSON:
        return shown.json(found)
    if format is Format.MARKDOWN:
        return shown.markdown(found)
    console = printer()
    with console.capture() as captured:
        for part in shown.table(found):
            console.print(part)
    return captured.get()


def _results(path: Path) -> Results:
    """Return the records in a folder, or in a file that is named itself."""
    from benchgrad.benchmarks.records import read_file, read_results

    return read_file(path) if path.is_file() else read_results(path)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="A folder with results.json.", metavar="DIR")],
) -> None:
    """Recompute every verdict and figure of a report from its raw samples."""
    from benchgrad.benchmarks.records import read_results
    from benchgrad.benchmarks.run import verify as records
    from benchgrad.reports import verify as files

    results = read_results(folder)
    found = records.misfits(results)
    if not found:
        found = [*records.contradictions(folder, results), *files.problems(folder, results)]
    for problem in found:
        sys.stdout.write(f"{problem}\n")
    if found:
        raise typer.Exit(CONTRADICTED)
    n_steps = sum(cell.equality.n_steps for cell in results.cells if cell.equality)
    sys.stdout.write(
        f"{folder}: the work, verdicts and statuses of {len(results.cells)} cells "
        f"({n_steps:,} steps) and every file of the report follow from the raw samples\n"
    )


def main() -> None:
    """Run the command line; a user's mistake ends with one line on standard error and code 2."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        code = _exit_code(error)
        if code is None:
            raise
        sys.stderr.write(f"benchgrad: {error}\n")
        sys.exit(code)


def _exit_code(error: Exception) -> int | None:
    """Return the exit code of an error that is the user's or an engine's, None for our own."""
    from benchgrad.benchmarks.plan import PlanError
    from benchgrad.benchmarks.records import RecordError
    from benchgrad.benchmarks.run.lock import LockError
    from benchgrad.datasets import DatasetError
    from benchgrad.engines import EngineError

    users = (UsageError, LockError, PlanError, RecordError, DatasetError, EngineError)
    return WRONG_USAGE if isinstance(error, users) else None


if __name__ == "__main__":
    main()
