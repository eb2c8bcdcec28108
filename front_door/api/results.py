"""A finished run as its users in Python see it: frames, plots, and a table in notebooks.

Everything is derived from the records; nothing is measured here.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from benchgrad.benchmarks.records import FAILURES, RecordError, read_results
from benchgrad.benchmarks.records import Results as Records
from benchgrad.benchmarks.run.misfits import misfits
from benchgrad.reports import text_tables, tidy
from benchgrad.reports.columns import chosen
from benchgrad.reports.engine_summary import EngineSummary, summaries
from benchgrad.reports.file_names import PAGE
from benchgrad.reports.plot import Plot, all_plots, figure, saved
from benchgrad.reports.plotted import plotted, style_of
from benchgrad.reports.tables import Tables, tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_COLUMNS = "engine status epochs epoch_s total_s times_fastest test_accuracy"
_WIDTH = 200  # characters of the table that print shows


def load(folder: str | PathLike[str]) -> Results:
    """Return the run whose report is in `folder`.

    Raises:
        RecordError: there is none, or its records are damaged.
    """
    records = read_results(Path(folder))
    if found := misfits(records):
        raise RecordError(f"{folder}: nothing can be derived from its records: {found[0]}")
    return Results(Path(folder), records)


@dataclass(frozen=True)
class Drawing:
    """A plot; in a notebook it shows itself.

    Attributes:
        name: as given to `Results.plot`.
        caption: what to see in it.
        figure: for matplotlib, to change before saving.
    """

    name: str
    caption: str
    figure: Figure

    def save(self, path: str | PathLike[str]) -> None:
        """Write the plot into a file; the end of its name (.png, .svg, .pdf) is the format."""
        self.figure.savefig(path, dpi=150)

    def __repr__(self) -> str:
        return f"<plot {self.name!r}: {self.caption}>"

    def _repr_png_(self) -> bytes:
        return saved(self.figure)["png"]


@dataclass(frozen=True, repr=False)
class Results:
    """A run: `print` shows the table that the command line shows, a notebook a table of its own.

    The frames are new at each access, so they are yours to change. docs/api.md has their columns.

    Attributes:
        folder: where the report is.
        records: everything that was measured, as `benchgrad.benchmarks.records` declares it.
    """

    folder: Path
    records: Records

    @property
    def timings(self) -> pd.DataFrame:
        """A row for each epoch of each engine and round, with what it took, in seconds."""
        return tidy.timings(self.records, self._tables).copy()

    @property
    def accuracy(self) -> pd.DataFrame:
        """A row for each epoch of each engine and round, with its loss and accuracies."""
        return tidy.accuracy(self._tables).copy()

    @property
    def engines(self) -> pd.DataFrame:
        """A row for each engine, over all its rounds."""
        return tidy.engines(self._summaries)

    @property
    def ok(self) -> bool:
        """Whether no engine failed or did other work than the reference.

        An engine whose package is not installed counts as neither.
        """
        return not any(cell.status in FAILURES for cell in self.records.cells)

    @property
    def report(self) -> Path:
        """The page of the report."""
        return self.folder / PAGE

    @property
    def plots(self) -> list[str]:
        """The names of the plots that this run has."""
        return [plot.name for plot in all_plots() if not plot.missing(self._rows_of(plot))]

    def plot(self, name: str) -> Drawing:
        """Return a plot, by its name.

        Raises:
            ValueError: there is no such plot, or the run lacks what it shows.
        """
        known = {plot.name: plot for plot in all_plots()}
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ValueError(f"there is no plot {name!r}; {hint}this run has {self.plots}")
        found = known[name]
        rows = self._rows_of(found)
        if reason := found.missing(rows):
            raise ValueError(f"no plot {name!r}: {reason}; this run has {self.plots}")
        return Drawing(name, found.caption, figure(found, rows, style_of(self.records)))

    @cached_property
    def _summaries(self) -> list[EngineSummary]:
        return summaries(self.records)

    @cached_property
    def _tables(self) -> Tables:
        return tables(self.records, self._summaries)

    def _rows_of(self, plot: Plot) -> pd.DataFrame:
        return plotted(plot, self.records, self._tables)

    def __repr__(self) -> str:
        states = ", ".join(f"{e.name} {e.status}" for e in self._summaries)
        return f"<Results in {str(self.folder)!r}: {states}>"

    def __str__(self) -> str:
        from benchgrad.command_line.console import Terminal
        from benchgrad.reports.terminal import summary

        console = Terminal(width=_WIDTH)
        with console.capture() as captured:
            for part in summary(self.records):
                console.print(part)
        return captured.get().rstrip("\n")

    def _repr_html_(self) -> str:
        from benchgrad.reports.terminal import summary

        table = text_tables.html(chosen(_COLUMNS), self._summaries)
        said = [part for part in summary(self.records) if isinstance(part, str)]
        lines = Markup().join(Markup("<div>{}</div>").format(line) for line in said)
        where = Markup("<div>report: <code>{}</code></div>").format(self.report)
        return str(table + lines + where)
