"""A row whose facts cannot be derived or written down costs itself, in every output."""

import csv
import io
from pathlib import Path

import pytest
from rich.console import Console

from benchgrad.reports import engine_summary, facts, formats, page, terminal
from benchgrad.reports.page import render_report
from benchgrad.reports.terminal import summary


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    monkeypatch.setattr(page, "all_plots", list)


@pytest.fixture
def shown(tmp_path):
    """Return a function that gives every output of a run by its name, as text."""

    def shown(results):
        console = Console(file=io.StringIO(), width=300)
        for part in summary(results):
            console.print(part)
        pictures = {".png"}  # which show whom they can
        files = {
            name: content.decode()
            for name, content in render_report(results).items()
            if Path(name).suffix not in pictures
        }
        return {**files, "terminal": console.file.getvalue()}

    return shown


def underivable(monkeypatch):
    """Let no start be derived of an engine, by what its records hold."""
    derive = facts.start

    def start(cells):
        if cells[0].engine == "scalar" and cells[0].epochs:
            raise OverflowError("int too large\nto convert")
        return derive(cells)

    monkeypatch.setattr(engine_summary.facts, "start", start)


def unwritable(monkeypatch):
    """Let no duration be written of one that only this engine has."""
    write = formats.duration

    def duration(seconds):
        if 9.0 < seconds < 10.0:
            raise OverflowError("int too large\nto convert")
        return write(seconds)

    monkeypatch.setattr(formats, "duration", duration)


TOLD = "OverflowError: int too large to convert"


@pytest.mark.parametrize("fault", [underivable, unwritable])
def test_a_row_that_cannot_be_shown_costs_itself_alone(shown, full_run, monkeypatch, fault):
    whole = shown(full_run)
    fault(monkeypatch)
    for name, text in shown(full_run).items():
        assert TOLD in text, name
        if name.endswith(".csv"):
            rows, before = (list(csv.DictReader(io.StringIO(t))) for t in (text, whole[name]))
            assert [row for row in rows if row["engine"] != "scalar"] == [
                row for row in before if row["engine"] != "scalar"
            ]
            (own,) = [row for row in rows if row["engine"] == "scalar"]
            assert own == dict.fromkeys(own, "") | {
                "engine": "scalar", "status": f"not shown: {TOLD}"
            }  # fmt: skip
        else:
            assert "not shown" in text
            assert "2.50 ms" in text, name  # an epoch of tensor, as before


def test_engines_that_cannot_be_shown_beside_each_other_cost_one_row(shown, full_run, monkeypatch):
    def payoffs(results, engines):
        if {"scalar", "tensor"} <= {cell.engine for cell in results.cells}:
            raise ZeroDivisionError("float division by zero")
        return []

    monkeypatch.setattr(page, "payoffs", payoffs)
    text = shown(full_run)["summary.md"]
    assert "is **not shown**: it cannot be shown: beside the others, ZeroDivisionError" in text
    assert "`tensor` | ok |" in text


def test_what_no_engine_is_to_blame_for_is_raised(full_run, monkeypatch):
    def drift(results):
        raise ZeroDivisionError("float division by zero")

    for module, render in ((page, render_report), (terminal, summary)):
        monkeypatch.setattr(module, "drift", drift)
        with pytest.raises(ZeroDivisionError, match="float division"):
            render(full_run)
