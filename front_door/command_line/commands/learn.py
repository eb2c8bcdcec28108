"""``benchgrad learn``: the exercises of the book, and whether an answer is right."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchgrad.command_line.options import UsageError, path_of

if TYPE_CHECKING:
    from benchgrad.learning.score import Score


def learn(
    number: Annotated[
        str | None, typer.Argument(help="An exercise, 2.1; without one, all are listed.")
    ] = None,
    answer: Annotated[
        Path | None,
        typer.Argument(help="A file with your answer, to be checked.", parser=path_of),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the beginning of an answer into this file.", metavar="FILE", parser=path_of
        ),
    ] = None,
) -> None:
    """Learn with the book: list the exercises, show one, or check an answer to it.

    The score is kept in benchgrad-learn.json, in the current folder. Exit code 1 if the answer is
    not right yet.
    """
    if number is None:
        if out is not None:
            raise UsageError("--out goes with an exercise: benchgrad learn 1.1 --out answer.py")
        _list()
    elif answer is None:
        _show(number, out)
    else:
        if out is not None:
            raise UsageError("--out goes with an exercise alone; here there is an answer already")
        _check(number, answer)


def _list() -> None:
    """Print the exercises of every chapter, and which are solved."""
    from benchgrad.learning.catalogue import exercises, titles
    from benchgrad.learning.score import read_score

    score = read_score()
    for chapter, title in enumerate(titles(), start=1):
        _say(f"{chapter}  {title}")
        for each in exercises().values():
            if each.chapter == chapter:
                _say(f"   {_mark(each.number, score)} {each.number:<5} {each.title}")
    _say(f"{_solved(score)} benchgrad learn 1.1 shows an exercise.")


def _mark(number: str, score: Score) -> str:
    if number in score.solved:
        return "✓"
    return "·" if number in score.tried else " "


def _show(number: str, out: Path | None) -> None:
    """Print an exercise; with a file, write the beginning of an answer there."""
    from benchgrad.command_line.folders import write_output
    from benchgrad.learning.catalogue import exercise_of

    exercise = exercise_of(number)
    if out is not None and out.exists():
        raise UsageError(f"{str(out)!r} is there already; name a new file")
    _say(f"{exercise.number}  {exercise.title}\n\n{exercise.text}\n")
    if out is None:
        _say(exercise.stub)
        _say(f"To begin: benchgrad learn {number} --out answer.py")
        return
    write_output(out, exercise.stub.encode())
    _say(f"Written: {out}\nTo check it: benchgrad learn {number} {out}")


def _check(number: str, answer: Path) -> None:
    """Check an answer, keep the score, and say what is wrong."""
    from benchgrad.command_line.exit_codes import NOT_RIGHT_YET, OK
    from benchgrad.learning import check
    from benchgrad.learning.score import read_score, write_score

    before = read_score()
    verdict = check(number, answer)
    score = before.after(number, verdict.is_right)
    write_score(score)
    if not verdict.is_right:
        _say(f"{number}: not right yet.\n{verdict.hint}")
        raise typer.Exit(NOT_RIGHT_YET)
    _say(f"{number}: right. {_solved(score)}")
    raise typer.Exit(OK)


def _solved(score: Score) -> str:
    from benchgrad.learning.catalogue import exercises

    n_solved = sum(number in score.solved for number in exercises())
    return f"{n_solved} of {len(exercises())} exercises solved."


def _say(text: str) -> None:
    """Print what is shown as it is: code must keep its lines."""
    from benchgrad.reports.escaping import visible_lines

    sys.stdout.write(f"{visible_lines(text)}\n")
