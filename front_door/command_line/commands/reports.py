"""``benchgrad report``, ``compare`` and ``verify``: what can be done with the records of runs."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchgrad.command_line.exit_codes import CONTRADICTED, OK, REGRESSED
from benchgrad.command_line.folders import check_output, writable, write_output, writing
from benchgrad.command_line.options import UsageError, path_of
from benchgrad.reports.escaping import visible

if TYPE_CHECKING:
    from benchgrad.benchmarks.analysis.compare import RunComparison
    from benchgrad.benchmarks.records import Results

Folder = Annotated[
    Path, typer.Argument(help="A folder with results.json.", metavar="DIR", parser=path_of)
]


class Format(StrEnum):
    """How a comparison is shown."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


def report(
    folder: Folder,
    animate: Annotated[
        bool, typer.Option("--animate", help="Add the race as an animated image, race.gif.")
    ] = False,
) -> None:
    """Render the report of a run again, from its records."""
    from benchgrad.benchmarks.records import RecordError, read_results
    from benchgrad.benchmarks.run.lock import writing_alone
    from benchgrad.benchmarks.run.misfits import misfits
    from benchgrad.command_line.console import printer
    from benchgrad.reports.file_names import ANIMATION
    from benchgrad.reports.page import write_report

    alone = writing_alone(writable(folder)) if folder.is_dir() else nullcontext()
    with alone, writing(folder):
        if found := misfits(read_results(folder)):
            raise RecordError(f"{folder}: no report can be made of its records: {found[0]}")
        page = write_report(folder, animate)
    printer().print(f"report: {page}", soft_wrap=True)
    if animate:
        printer().print(f"animation: {folder / ANIMATION}", soft_wrap=True)


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Folders of runs, or their results.json; the first is the baseline.",
            metavar="OLD NEW...",
        ),
    ],
    run: Annotated[
        bool,
        typer.Option(
            "--run",
            help="OLD and NEW are engines (file.py, a package's folder, REV:path in git, a name): "
            "time them now, in turns.",
        ),
    ] = False,
    plan: Annotated[str | None, typer.Option(help="With --run: what they train [quick].")] = None,
    rounds: Annotated[int | None, typer.Option(help="With --run: rounds of both [10].")] = None,
    instructions: Annotated[
        bool, typer.Option("--instructions", help="With --run: also count instructions.")
    ] = False,
    fail_above: Annotated[
        float | None,
        typer.Option(help="Exit 3 if the whole interval of NEW / OLD lies above, e.g. 1.10."),
    ] = None,
    format: Annotated[
        Format | None, typer.Option(help="How it is shown [table, or html for --out FILE.html].")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A file instead of standard output.", parser=path_of, metavar="FILE"),
    ] = None,
    allow_different_machines: Annotated[
        bool, typer.Option(help="Also compare across machines and library versions.")
    ] = False,
) -> None:
    """Compare runs with the first one, engine by engine, or two engines: ratio, verdict."""
    from benchgrad.benchmarks.analysis import compare as comparing

    if len(runs) < 2 or (run and len(runs) > 2):
        what = "two engines: OLD NEW" if run else "two runs or more: OLD NEW..."
        raise UsageError(f"name {what}")
    old, *others = runs
    if fail_above is not None and not 0.0 < fail_above < float("inf"):
        raise UsageError(f"--fail-above {fail_above} is no ratio; write it as 1.10")
    if out:
        check_output(out)
    code = OK
    if run:
        results, code = _run(old, others[0], plan or "quick", rounds or 10, instructions)
        found = [comparing.side_by_side(old, others[0], results, fail_above)]
    elif plan or rounds or instructions:
        raise UsageError("--plan, --rounds and --instructions go with --run")
    else:
        before = (old, _results(path_of(old)))
        found = [
            comparing.compare(
                before, (new, _results(path_of(new))), fail_above, allow_different_machines
            )
            for new in others
        ]
    if format is None:
        format = Format.HTML if out and out.suffix == ".html" else Format.TABLE
    text = _shown(found, format)
    if out:
        write_output(out, text.encode())
    else:
        sys.stdout.write(text)
    rows = [row for each in found for row in each.rows]
    unjudged = [row for row in rows if row.verdict == "not comparable"]
    for row in unjudged if fail_above is not None else []:
        line = f"--fail-above cannot judge {row.engine}: {row.reason}"
        sys.stderr.write(f"benchgrad: {visible(line)}\n")
    raise typer.Exit(code or (REGRESSED if any(row.is_above for row in rows) else OK))


def verify(folder: Folder) -> None:
    """Recompute every verdict and figure of a report from its raw samples."""
    from benchgrad.benchmarks.records import read_results
    from benchgrad.benchmarks.run.against_journal import end_problems
    from benchgrad.benchmarks.run.misfits import misfits
    from benchgrad.benchmarks.run.redrawn import redrawn
    from benchgrad.benchmarks.run.verify import contradictions, unknown
    from benchgrad.reports import verify as files

    results = read_results(folder)
    found = misfits(results)
    data = redrawn(results)
    if not found:
        found = [
            *(*contradictions(folder, results), *data.problems, *end_problems(folder, results)),
            *files.problems(folder, results),
        ]
    for problem in found:
        sys.stdout.write(f"{visible(problem)}\n")
    if found:
        raise typer.Exit(CONTRADICTED)
    n_steps = sum(cell.equality.n_steps for cell in results.cells if cell.equality)
    sys.stdout.write(
        f"{folder}: the work, verdicts and statuses of {len(results.cells)} cells "
        f"({n_steps:,} steps) and every file of the report follow from the raw samples\n"
    )
    not_drawn = [f"the data were not drawn again: {data.unknown}"] if data.unknown else []
    for reason in (*unknown(folder), *not_drawn):
        sys.stdout.write(f"not known: {visible(reason)}\n")


def _run(old: str, new: str, plan: str, rounds: int, instructions: bool) -> tuple[Results, int]:
    """Time two engines side by side; return the results and the exit code."""
    from benchgrad.benchmarks.plan import load_plan
    from benchgrad.command_line.measurement import Terms, side_by_side
    from benchgrad.command_line.options import RunOptions

    options = RunOptions(rounds=rounds, instructions=instructions or None)
    shape = options.applied(load_plan(plan))
    lock = os.environ.get("BENCHGRAD_LOCK")
    terms = Terms(shlex.join(["benchgrad", *sys.argv[1:]]), Path(lock) if lock else None, True)
    return side_by_side(old, new, shape, Path("reports") / "out" / "compare", terms)


def _shown(found: list[RunComparison], format: Format) -> str:
    from benchgrad.command_line.console import printer
    from benchgrad.reports import compare as shown
    from benchgrad.reports import forest

    if format is Format.JSON:
        return shown.json(found[0] if len(found) == 1 else found)
    if format is Format.HTML:
        return forest.page(found).decode()
    if format is Format.MARKDOWN:
        return "\n".join(map(shown.markdown, found))
    console = printer()
    with console.capture() as captured:
        for each in found:
            for part in shown.table(each):
                console.print(part)
    return captured.get()


def _results(path: Path) -> Results:
    """Return the records in a folder or in a file."""
    from benchgrad.benchmarks.records import RecordError, read_file, read_results
    from benchgrad.benchmarks.run.misfits import misfits_of_epochs

    results = read_file(path) if path.is_file() else read_results(path)
    if found := misfits_of_epochs(results):
        raise RecordError(f"{path}: its records cannot be compared: {found[0]}")
    return results
