"""The columns of every table: what each is called, where its value comes from, how it is shown.

A table is a choice of columns. Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from benchgrad.benchmarks.analysis.statistics import CONFIDENCE, MIN_VERDICT_ROUNDS
from benchgrad.reports import formats
from benchgrad.reports.engine_summary import EngineSummary

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """A cell of a table: its text, a flag that must not be missed, and a detail in small print."""

    text: str
    flag: str = ""
    detail: str = ""

    def line(self, is_brief: bool = False) -> str:
        """Return the entry as 13.3 s (forecast, 4.30 s measured); brief: without the detail."""
        notes = ", ".join(filter(None, (self.flag, "" if is_brief else self.detail)))
        return f"{self.text} ({notes})" if self.text and notes else self.text or notes


@dataclass(frozen=True)
class Column(Generic[T]):
    """A column: `format` turns a value into text; `show`, if given, makes an entry of a row."""

    name: str
    heading: str
    value: Callable[[T], Any]
    format: Callable[[Any], str] = str
    meaning: str = ""
    show: Callable[[T], Entry] | None = None
    is_number: bool = True

    def entry(self, row: T) -> Entry:
        """Return what a table shows of a row."""
        return self.show(row) if self.show else Entry(self.format(self.value(row)))


def chosen(names: str) -> list[Column[EngineSummary]]:
    """Return the columns with these names, which spaces separate."""
    return [COLUMNS[name] for name in names.split()]


def _status(e: EngineSummary) -> Entry:
    return Entry("ok") if e.status == "ok" else Entry("", flag=e.status)


def _epoch(e: EngineSummary) -> Entry:
    low, high = e.timing.epoch_s_low, e.timing.epoch_s_high
    quartiles = f"{formats.seconds(low)} to {formats.seconds(high)}" if high > low else ""
    return Entry(formats.seconds(e.timing.epoch_s), detail=quartiles)


def _total(e: EngineSummary) -> Entry:
    text = formats.duration(e.timing.total_s)
    if not e.timing.is_forecast:
        return Entry(text)
    return Entry(text, "forecast", f"{formats.duration(e.timing.measured_s)} measured")


def _times_fastest(e: EngineSummary) -> Entry:
    found = e.times_fastest
    return Entry(formats.ratio_between(found.ratio, found.low, found.high))


def _published(e: EngineSummary) -> str:
    found = e.published
    return f"{found.epochs} epochs in {formats.published(found.total_s)}" if found else ""


def _here(e: EngineSummary) -> Entry:
    text = f"{e.epochs_planned} epochs in {formats.duration(e.timing.total_s)}"
    return Entry(text, "forecast" if e.timing.is_forecast else "")


def _pair(first: float, second: float) -> str:
    return f"{formats.count(first)} / {formats.count(second)}"


# fmt: off
_ALL: tuple[Column[EngineSummary], ...] = (
    Column("engine", "engine", lambda e: e.name, is_number=False),
    Column("status", "status", lambda e: e.status, show=_status, is_number=False),
    Column("rounds", "rounds", lambda e: e.rounds),
    Column("epochs", "epochs", lambda e: f"{e.epochs_done} of {e.epochs_planned}"),
    Column("test_accuracy", "test accuracy", lambda e: e.test_accuracy, formats.percent),

    # The epochs, and what was published beside them.
    Column("epoch_s", "seconds per epoch", lambda e: e.timing.epoch_s, show=_epoch,
           meaning="wall time of the one call that takes every step of an epoch (forward, loss, "
           "backward, update): the median of the epochs after the first, with the quartiles; the "
           "first counts only if there is no other"),
    Column("epoch_s_low", "lower quartile", lambda e: e.timing.epoch_s_low, formats.seconds),
    Column("epoch_s_high", "upper quartile", lambda e: e.timing.epoch_s_high, formats.seconds),
    Column("total_s", "total", lambda e: e.timing.total_s, show=_total,
           meaning="all epochs, including the first, but not import, building or evaluation"),
    Column("times_fastest", "times the fastest", lambda e: e.times_fastest.ratio,
           show=_times_fastest,
           meaning=f"the median over rounds of the ratio within a round; brackets hold its "
           f"interval: from {MIN_VERDICT_ROUNDS} rounds on the {100 * CONFIDENCE:.0f} % bootstrap "
           "interval over rounds, with fewer the lowest and the highest ratio"),
    Column("published", "published", _published),
    Column("published_epoch_s", "per epoch", lambda e: e.published_epoch_s, formats.seconds),
    Column("here", "measured here", lambda e: e.timing.total_s, show=_here),
    Column("here_epoch_s", "per epoch", lambda e: e.timing.epoch_s, formats.seconds),
    Column("here_speedup", "an epoch here", lambda e: e.speedup, formats.speedup),

    Column("instructions", "instructions per epoch", lambda e: e.instructions,
           formats.instructions,
           "executed by the engine's process in an epoch, as callgrind counts them: the same from "
           "run to run, however busy the machine is. They are no time: they cannot see how long "
           "memory takes, what runs in parallel (threads count as if one ran after the other), "
           "other processes, or an accelerator; valgrind's processor may lack the newest vector "
           "instructions, and it refuses some compilers"),

    # Before the first epoch.
    Column("import_s", "import", lambda e: e.start.import_s, formats.seconds,
           "loading the engine's own modules; Python and NumPy are already loaded"),
    Column("build_s", "build", lambda e: e.start.build_s, formats.seconds),
    Column("first_step_s", "first step", lambda e: e.start.first_step_s, formats.seconds,
           "taken by a classifier that is then thrown away"),

    # Equal work.
    Column("steps_compared", "steps compared", lambda e: e.differences.steps_compared,
           formats.count),
    Column("loss_difference", "largest difference in loss", lambda e: e.differences.loss,
           formats.scientific),
    Column("parameter_difference", "in parameters", lambda e: e.differences.parameters,
           formats.scientific),
    Column("logit_difference", "in logits", lambda e: e.differences.logits, formats.scientific),
    Column("limit", "limit", lambda e: e.differences.limit, formats.scientific),

    # The graph of one step, and the arithmetic of an epoch.
    Column("counted_rows", "rows in the step", lambda e: e.graph.counted_rows, formats.count),
    Column("nodes", "nodes", lambda e: e.graph.nodes, formats.count, "leaves excluded"),
    Column("edges", "edges", lambda e: e.graph.edges, formats.count,
           "those that a backward pass walks"),
    Column("node_bytes", "node memory", lambda e: e.graph.node_bytes, formats.memory,
           "the nodes and what only they hold"),
    Column("array_bytes", "array memory", lambda e: e.graph.array_bytes, formats.memory,
           "the arrays of the nodes"),
    Column("node_bytes_each", "bytes per node", lambda e: e.graph.node_bytes_each, formats.count),
    Column("node_s", "time per node", lambda e: e.graph.node_s, formats.seconds,
           "the time of a step divided by its nodes"),
    Column("flops_per_s", "achieved", lambda e: e.flops_per_s, formats.flops,
           "the floating-point operations of the model's matrix products in an epoch, divided by "
           "its time"),
    Column("matmul_share", "of the machine's matmul rate", lambda e: e.matmul_share,
           formats.share),

    # The process.
    Column("peak_bytes", "peak memory", lambda e: e.process.peak_bytes, formats.memory,
           "the whole process, including Python and NumPy"),
    Column("added_bytes", "memory added", lambda e: e.process.added_bytes, formats.memory,
           "peak memory above that of the process before it imported the engine"),
    Column("collector_share", "garbage collection", lambda e: e.process.collector_share,
           formats.percent, "the share of the epochs' time spent in Python's cyclic collector"),
    Column("cpu_per_wall", "CPUs busy", lambda e: e.process.cpu_per_wall, formats.decimal,
           "the processor time of the epochs divided by their wall time"),
    Column("n_threads", "threads", lambda e: e.process.n_threads, formats.count,
           "those of the process when it ended, including idle ones"),
    Column("whole_s", "start to end", lambda e: e.process.whole_s, formats.seconds,
           "the life of the process, including evaluation and counting"),
    Column("step_python_bytes", "peak allocation in a step",
           lambda e: e.process.step_python_bytes, formats.memory),
    Column("beside_cpu_s", "processor time between epochs / of other processes",
           lambda e: f"{formats.seconds(e.process.between_cpu_s)} / "
           f"{formats.seconds(e.process.children_cpu_s)}",
           meaning="of the engine's process outside the calls of the epochs; of the processes that "
           "it started"),
    Column("page_faults", "page faults, minor / major",
           lambda e: _pair(e.process.minor_faults, e.process.major_faults)),
    Column("context_switches", "context switches, voluntary / forced",
           lambda e: _pair(e.process.voluntary_switches, e.process.involuntary_switches),
           meaning="counted, like page faults, from the first epoch to the last, including the "
           "evaluation between them"),
)
# fmt: on
COLUMNS = {column.name: column for column in _ALL}
