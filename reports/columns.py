"""The columns of every table: what each is called, where its value comes from, how it is shown.

A table is a choice of columns. Nothing is computed here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from benchgrad.benchmarks.analysis.collector import UnderPolicy
from benchgrad.benchmarks.analysis.statistics import CONFIDENCE, MIN_VERDICT_ROUNDS
from benchgrad.benchmarks.analysis.undisturbed import MAX_WAITED, MIN_BUSY, MIN_EPOCHS
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


@dataclass(frozen=True)
class Varying:
    """The columns of a table, without those that say the same in every row."""

    shown: tuple[Column[EngineSummary], ...]
    constant: tuple[tuple[Column[EngineSummary], str], ...]


def varying(names: str, rows: Sequence[EngineSummary]) -> Varying:
    """Return the named columns for these rows; a single row has no constant columns."""
    shown, constant = [], []
    for column in chosen(names):
        entries = {column.entry(row).line() for row in rows}
        if len(rows) > 1 and len(entries) == 1:
            constant.append((column, entries.pop()))
        else:
            shown.append(column)
    return Varying(tuple(shown), tuple(constant))


def _name(e: EngineSummary) -> Entry:
    """Return an engine's name, marked in every table if its work was not the reference's."""
    return Entry(e.name, flag="invalid" if e.status == "invalid" else "")


def _status(e: EngineSummary) -> Entry:
    return Entry("ok") if e.status == "ok" else Entry("", flag=e.status)


def _accuracy(e: EngineSummary) -> Entry:
    """Return an accuracy, with its epochs where those of the engines differ."""
    text = formats.percent(e.test_accuracy)
    return Entry(f"{text} {after(e.accuracy_epochs)}" if e.common and e.accuracy_epochs else text)


def _common(e: EngineSummary) -> float:
    return e.common.test_accuracy if e.common else math.nan


def _common_accuracy(e: EngineSummary) -> Entry:
    known = e.common is not None and not math.isnan(e.common.test_accuracy)
    text = formats.percent(_common(e))
    return Entry(f"{text} {after(e.common.n_epochs)}" if e.common and known else text)


def after(n_epochs: int) -> str:
    """Return how long an engine has trained, as readers say it."""
    return f"after {n_epochs} epoch{'s' if n_epochs != 1 else ''}"


def _epoch(e: EngineSummary) -> Entry:
    low, high = e.timing.epoch_s_low, e.timing.epoch_s_high
    quartiles = f"{formats.seconds(low)} to {formats.seconds(high)}" if high > low else ""
    return Entry(formats.seconds(e.timing.epoch_s), detail=quartiles)


def _total(e: EngineSummary) -> Entry:
    text = formats.duration(e.timing.total_s)
    if e.timing.no_forecast:
        return Entry("", "no forecast", e.timing.no_forecast)
    if not e.timing.is_forecast:
        return Entry(text)
    low, high = e.timing.total_s_low, e.timing.total_s_high
    return Entry(text, "forecast", f"{formats.duration(low)} to {formats.duration(high)}")


def _undisturbed(e: EngineSummary) -> Entry:
    if not e.calm.steady:
        return Entry(formats.UNKNOWN)
    text = f"{formats.count(e.calm.undisturbed)} of {formats.count(e.calm.steady)}"
    n = e.calm.disturbed_rounds
    return Entry(
        text, f"disturbed in {n} of {e.rounds} round{'s' if e.rounds != 1 else ''}" * (n > 0)
    )


def _times_fastest(e: EngineSummary) -> Entry:
    found = e.times_fastest
    flag = "disturbed" if found.is_disturbed else ""
    return Entry(formats.ratio_between(found.ratio, found.low, found.high), flag)


def _published(e: EngineSummary) -> str:
    found = e.published
    return f"{found.epochs} epochs in {formats.published(found.total_s)}" if found else ""


def _here(e: EngineSummary) -> Entry:
    if e.timing.no_forecast:
        return Entry("", "no forecast", e.timing.no_forecast)
    text = f"{e.epochs_planned} epochs in {formats.duration(e.timing.total_s)}"
    return Entry(text, "forecast" if e.timing.is_forecast else "")


def _beside_cpu(e: EngineSummary) -> str:
    found = e.process
    return " / ".join(
        formats.seconds(seconds)
        for seconds in (found.tree_cpu_s, found.between_cpu_s, found.children_cpu_s)
    )


def _beside(e: EngineSummary) -> str:
    found = e.process
    return " / ".join(map(formats.seconds, (found.read_s, found.logits_s, found.between_idle_s)))


def _pair(first: float, second: float) -> str:
    return f"{formats.count(first)} / {formats.count(second)}"


# fmt: off
_ALL: tuple[Column[EngineSummary], ...] = (
    Column("engine", "engine", lambda e: e.name, show=_name, is_number=False),
    Column("status", "status", lambda e: e.status, show=_status, is_number=False),
    Column("rounds", "rounds", lambda e: e.rounds),
    Column("epochs", "epochs", lambda e: f"{e.epochs_done} of {e.epochs_planned}"),
    Column("test_accuracy", "test accuracy", lambda e: e.test_accuracy, formats.percent,
           show=_accuracy),
    Column("common_accuracy", "at the common epoch", _common, formats.percent,
           "the test accuracy after as many epochs as all engines have; accuracies after different "
           "numbers of epochs say nothing about the engines", show=_common_accuracy),

    # The epochs, and what was published beside them.
    Column("epoch_s", "seconds per epoch", lambda e: e.timing.epoch_s, show=_epoch,
           meaning="wall time of the one call that takes every step of an epoch (forward, loss, "
           "backward, update): the median of the undisturbed epochs after the first, with the "
           "quartiles; the first counts only if there is no other"),
    Column("epoch_mean_s", "mean", lambda e: e.timing.epoch_mean_s, formats.seconds,
           "that of the same epochs: above the median if some of them are slow"),
    Column("undisturbed", "undisturbed epochs", lambda e: e.calm.share, show=_undisturbed,
           meaning=f"those of the epochs after the first that waited for a processor for at most "
           f"{100 * MAX_WAITED:.0f} % of their time (where the system does not count that: that "
           f"had one for at least {100 * MIN_BUSY:.0f} %); where they are fewer than {MIN_EPOCHS} "
           "in a round, all epochs count and the round is disturbed"),
    Column("epoch_s_low", "lower quartile", lambda e: e.timing.epoch_s_low, formats.seconds),
    Column("epoch_s_high", "upper quartile", lambda e: e.timing.epoch_s_high, formats.seconds),
    Column("total_s", "total", lambda e: e.timing.total_s, show=_total,
           meaning="all epochs, including the first, but not import, building or evaluation"),
    Column("cold_s", "cold", lambda e: e.cold_s, formats.duration,
           "from import to a trained model: import, build, the first step (in which some engines "
           "compile) and all epochs"),
    Column("times_fastest", "times the fastest", lambda e: e.times_fastest.ratio,
           show=_times_fastest,
           meaning=f"the median over rounds of the ratio within a round; brackets hold its "
           f"interval, a bootstrap over rounds, so wide that those of all pairs hold together in "
           f"{100 * CONFIDENCE:.0f} % of runs; a verdict needs {MIN_VERDICT_ROUNDS} rounds"),
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
    Column("second_build_s", "built again", lambda e: e.start.second_build_s, formats.seconds,
           "the classifier that is trained"),

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
    Column("times_floor", "times the floor", lambda e: e.times_floor, formats.ratio,
           "the time of an epoch divided by that of its matrix products and exponentials at the "
           "machine's own rates, with everything else for nothing"),

    # The process.
    Column("peak_bytes", "peak memory", lambda e: e.process.peak_bytes, formats.memory,
           "the whole process, including Python and NumPy"),
    Column("added_bytes", "memory added", lambda e: e.process.added_bytes, formats.memory,
           "peak memory above that of the process before it imported the engine"),
    Column("collector_share", "garbage collection", lambda e: e.process.collector_share,
           formats.percent, "the share of the epochs' time spent in Python's cyclic collector"),
    Column("cpu_per_wall", "CPUs busy", lambda e: e.process.cpu_per_wall, formats.decimal,
           "the processor time of the epochs divided by their wall time"),
    Column("disturbance", "waited / stolen / under pressure",
           lambda e: " / ".join(map(formats.percent, (
               e.calm.waited_share, e.calm.stolen_share, e.calm.pressure_share))),
           meaning="the share of the epochs' time in which the engine was ready and had no "
           "processor, which the machine's host took away (of all processors), and in which some "
           "process of the machine waited for a processor"),
    Column("n_threads", "threads", lambda e: e.process.n_threads, formats.count,
           "those of the process when it ended, including idle ones"),
    Column("whole_s", "start to end", lambda e: e.process.whole_s, formats.seconds,
           "the life of the process, including evaluation and counting"),
    Column("step_python_bytes", "peak allocation in a step",
           lambda e: e.process.step_python_bytes, formats.memory),
    Column("beside_cpu_s", "processor time in all / between epochs / of other processes",
           _beside_cpu,
           meaning="of everything from start to end; of the engine's process outside its calls, "
           "from the first epoch to the last; of the processes that the engine started"),
    Column("beside_s", "read of the parameters / logits / idle between epochs", _beside,
           meaning="what is beside the epochs; the read is one with nothing left to do"),
    Column("page_faults", "page faults, minor / major",
           lambda e: _pair(e.process.minor_faults, e.process.major_faults)),
    Column("context_switches", "context switches, voluntary / involuntary",
           lambda e: _pair(e.process.voluntary_switches, e.process.involuntary_switches),
           meaning="counted, like page faults, from the first epoch to the last, including the "
           "evaluation between them"),
)
# fmt: on
COLUMNS = {column.name: column for column in _ALL}

POLICY_COLUMNS: tuple[Column[UnderPolicy], ...] = (
    Column("slow", "an epoch with", lambda row: row.slow, is_number=False),
    Column("ratio", "takes", lambda row: row.ratio.ratio,
           show=lambda row: Entry(
               formats.ratio_between(row.ratio.ratio, row.ratio.low, row.ratio.high))),
    Column("fast", "as long as with", lambda row: row.fast, is_number=False),
    Column("collector", "with the collector", lambda row: row.in_words, is_number=False),
)  # fmt: skip
