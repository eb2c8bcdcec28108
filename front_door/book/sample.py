"""The records of a run, as the pages quote them: by the names of its engines.

A page reads the run in the folder that BENCHGRAD_SAMPLE names. A notebook, which may be anywhere,
carries what it quotes with it, packed into a text. An engine that the run lacks is an error.
"""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchgrad.book.said import Said, machine_of
from benchgrad.book.touching import Touchable

if TYPE_CHECKING:
    from benchgrad.benchmarks.records import Results as Records

FOLDER = "BENCHGRAD_SAMPLE"
_FACTS = (
    "status", "epochs_done", "epochs_planned", "epoch_s", "total_s", "total_is_forecast",
    "test_accuracy", "first_step_s", "nodes", "edges", "peak_bytes", "loss_difference",
    "times_fastest", "times_fastest_low", "times_fastest_high",
)  # fmt: skip


class SampleError(LookupError):
    """The run lacks what a page quotes; one line, for whoever builds the book."""


@dataclass(frozen=True)
class Run:
    """A run, by the names of its engines.

    Attributes:
        machine: the computer and the libraries that it ran on.
        when: the day.
        facts: of each engine, those of `Results.engines`; None is unknown.
        walls: of each engine, for each round the times of its epochs in seconds.
        collector: of each engine, the share of its epochs in the garbage collector.
        published: of some engines, the epochs and the seconds that were published.
        race: the race of the run, as HTML; empty in a notebook.
    """

    machine: Said
    when: Said
    facts: Mapping[str, Mapping[str, Any]]
    walls: Mapping[str, Sequence[Sequence[float]]]
    collector: Mapping[str, float]
    published: Mapping[str, Sequence[float]]
    race: str = ""

    def fact(self, engine: str, name: str) -> Any:
        """Return a fact of an engine.

        Raises:
            SampleError: the run does not have it.
        """
        found = self._of(self.facts, engine).get(name)
        if found is None:
            raise SampleError(f"the run of {self.when} has no {name} of {engine!r}")
        return found

    def epoch_s(self, engine: str) -> float:
        """Return the seconds of an epoch of an engine."""
        return float(self.fact(engine, "epoch_s"))

    def published_of(self, engine: str) -> tuple[int, float]:
        """Return the epochs that were published for an engine, and their seconds."""
        epochs, total_s = self._of(self.published, engine)
        return int(epochs), float(total_s)

    def rounds(self, engine: str) -> Sequence[Sequence[float]]:
        """Return the times of an engine's epochs, round by round, without each round's first."""
        return [walls[1:] or walls for walls in self._of(self.walls, engine)]

    def collector_share(self, engine: str) -> float:
        """Return the share of an engine's epochs that went into the garbage collector."""
        return float(self._of(self.collector, engine))

    def show_race(self) -> Touchable:
        """Return the race, or in a notebook where it can be seen."""
        elsewhere = "<p>The race is on the page of this chapter.</p>"
        return Touchable(self.race or elsewhere, "the race")

    def packed(self) -> str:
        """Return everything but the race as a text that `run_of` reads."""
        content = [self.machine, self.when, self.facts, self.walls, self.collector]
        content.append(self.published)
        squeezed = zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 9)
        return base64.b85encode(squeezed).decode()

    def _of(self, table: Mapping[str, Any], engine: str) -> Any:
        if engine not in table:
            raise SampleError(
                f"the run of {self.when} has no engine {engine!r}, only {', '.join(table)}"
            )
        return table[engine]


def run_of(packed: str = "") -> Run:
    """Return the run that the book quotes: from a text, or from the folder that is named.

    Raises:
        SampleError: neither is given.
        RecordError: the folder has no run.
    """
    if packed:
        content = json.loads(zlib.decompress(base64.b85decode(packed)))
        machine, when, *tables = content
        return Run(Said(machine), Said(when), *tables)
    folder = os.environ.get(FOLDER)
    if not folder:
        raise SampleError(f"{FOLDER} must name the folder of a run")
    return read_run(Path(folder))


def read_run(folder: Path) -> Run:
    """Return a run from its folder."""
    from benchgrad.api.results import load

    results = load(folder)
    engines = json.loads(results.engines.to_json(orient="records"))
    timings = results.timings
    walls: dict[str, list[list[float]]] = {}
    collector: dict[str, float] = {}
    for name, rows in timings.groupby("engine", sort=False):
        by_round = [group for _, group in rows.groupby("round")]
        walls[str(name)] = [[_short(wall) for wall in group.wall_s] for group in by_round]
        collector[str(name)] = _short(rows.collector_s.sum() / rows.wall_s.sum())
    published = {
        each.name: [each.published.epochs, each.published.total_s]
        for each in results.records.plan.engines
        if each.published
    }
    return Run(
        machine_of(results.records.environment),
        Said(results.records.started_at[:10]),
        {each["engine"]: {name: each.get(name) for name in _FACTS} for each in engines},
        walls,
        collector,
        published,
        _race(results.records),
    )


def _short(number: float) -> float:
    return float(f"{number:.5g}")


def _race(records: Records) -> str:
    """Return the race of a run with the style and the script of the report's page."""
    from benchgrad.reports.engine_summary import summaries
    from benchgrad.reports.race import race
    from benchgrad.reports.race_page import RacePage
    from benchgrad.reports.style import looks
    from benchgrad.reports.templating import inline, rendered

    found = race(records, summaries(records))
    if found is None:
        return ""
    specs = {each.name: each.spec for each in records.plan.engines}
    known = {"race": RacePage(found, records.data), "looks": looks(specs)}
    page = rendered("race.html", known).decode()
    return (
        f'<style>{inline("race.css")}</style><div class="bg-race">{page}</div>'
        f"<script>{inline('race.js')}</script>"
    )
