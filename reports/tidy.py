"""The tables that leave benchgrad, as CSV files and in Python, with the meaning of each column.

`tables` makes those that the plots need.
"""

from __future__ import annotations

import pandas as pd

from benchgrad.benchmarks.records import Results
from benchgrad.reports.engine_summary import EngineSummary
from benchgrad.reports.tables import Tables

# Each column with its meaning; units end the names.
TIMINGS = {
    "engine": "the engine's name in the plan",
    "round": "from 0",
    "epoch": "from 1; the first warms up",
    "wall_s": "the call of `train_epoch`; the time that counts is `wall_s` + `late_s`",
    "late_s": "how much longer the first read of the parameters took than an idle one",
    "cpu_s": "processor time of the process within the call",
    "collector_s": "the part of `wall_s` in Python's cyclic garbage collector",
    "elapsed_s": "the time that counts, summed over the epochs of the round so far",
    "own_s": "from the end of the epoch before, by the worker's clock",
    "witness_s": "the same, by the clock of the process that started the worker",
    "waited_s": "ready to run, without a processor",
    "stolen_s": "taken by the machine's host, all processors together",
    "pressure_s": "some process of the machine waited for a processor",
    "status": "of the engine over all rounds: `ok`, `invalid`, `crashed`, …",
}
INSTRUCTIONS = {"instructions": "executed in an epoch, if the run counted them"}
ACCURACY = {
    "engine": "the engine's name in the plan",
    "round": "from 0",
    "epoch": "from 1",
    "loss": "the mean over the epoch's steps, each before its update",
    "train_accuracy": "after the epoch (share of the training rows)",
    "test_accuracy": "after the epoch (share of the test rows)",
    "status": "of the engine over all rounds",
}
ENGINES = {
    "engine": "the engine's name in the plan",
    "status": "`ok`, or what went wrong in some round",
    "reason": "why it is not ok, in one line",
    "rounds": "in which it finished an epoch",
    "epochs_done": "the fewest of any full round",
    "epochs_planned": "by the plan",
    "epoch_s": "median of the undisturbed epochs after the first",
    "epoch_s_low": "their lower quartile",
    "epoch_s_high": "their upper quartile",
    "epoch_mean_s": "their mean",
    "total_s": "all planned epochs",
    "total_is_forecast": "whether a budget ended the training, so that the total is a forecast",
    "times_fastest": "the median over rounds of the ratio to the fastest engine",
    "times_fastest_low": "the lower end of its interval; nan with fewer than three rounds",
    "times_fastest_high": "the upper end",
    "test_accuracy": "after the last epoch of the first round (share of the test rows)",
    "accuracy_epochs": "after how many epochs that is",
    "import_s": "loading the engine's own modules",
    "build_s": "making the classifier",
    "first_step_s": "the first step, in which some engines compile",
    "loss_difference": "the largest from the reference, relative to 1 + |reference|",
    "parameter_difference": "the same for the parameters",
    "logit_difference": "the same for the logits of the test rows",
    "limit": "above which an engine is invalid",
    "nodes": "of the graph of one step, leaves excluded",
    "edges": "those that a backward pass walks",
    "peak_bytes": "memory of the whole process",
    "added_bytes": "peak memory above that before the engine was imported",
    "cpu_per_wall": "processors kept busy",
    "instructions": "executed in an epoch, nan if the run did not count them",
}


def timings(results: Results, derived: Tables) -> pd.DataFrame:
    """Return a row for each epoch, with what it took."""
    counted = INSTRUCTIONS if results.plan.instructions else {}
    return _rows(derived, TIMINGS | counted)


def accuracy(derived: Tables) -> pd.DataFrame:
    """Return a row for each epoch, with its loss and accuracies."""
    return _rows(derived, ACCURACY)


def engines(summaries: list[EngineSummary]) -> pd.DataFrame:
    """Return a row for each engine that has a cell, in the plan's order."""
    return pd.DataFrame([_engine(e) for e in summaries], columns=list(ENGINES))


def _rows(derived: Tables, columns: dict[str, str]) -> pd.DataFrame:
    found: pd.DataFrame = derived.epochs[list(columns)]
    return found


def _engine(e: EngineSummary) -> dict[str, object]:
    return {
        "engine": e.name,
        "status": e.status,
        "reason": e.reason,
        "rounds": e.rounds,
        "epochs_done": e.epochs_done,
        "epochs_planned": e.epochs_planned,
        "epoch_s": e.timing.epoch_s,
        "epoch_s_low": e.timing.epoch_s_low,
        "epoch_s_high": e.timing.epoch_s_high,
        "epoch_mean_s": e.timing.epoch_mean_s,
        "total_s": e.timing.total_s,
        "total_is_forecast": e.timing.is_forecast,
        "times_fastest": e.times_fastest.ratio,
        "times_fastest_low": e.times_fastest.low,
        "times_fastest_high": e.times_fastest.high,
        "test_accuracy": e.test_accuracy,
        "accuracy_epochs": e.accuracy_epochs,
        "import_s": e.start.import_s,
        "build_s": e.start.build_s,
        "first_step_s": e.start.first_step_s,
        "loss_difference": e.differences.loss,
        "parameter_difference": e.differences.parameters,
        "logit_difference": e.differences.logits,
        "limit": e.differences.limit,
        "nodes": e.graph.nodes,
        "edges": e.graph.edges,
        "peak_bytes": e.process.peak_bytes,
        "added_bytes": e.process.added_bytes,
        "cpu_per_wall": e.process.cpu_per_wall,
        "instructions": e.instructions,
    }
