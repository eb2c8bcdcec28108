"""From records to tables: everything a report derives is derived here, once, with pandas."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchgrad.benchmarks.analysis.statistics import (
    PAIRED_EFFECT,
    against_fastest,
    countable,
    paired,
    ranked_rounds,
    verdict,
)
from benchgrad.benchmarks.plan import Contestant
from benchgrad.benchmarks.records import Cell, Results, Usage

# An engine may seem to use a little more than it does: the two clocks are read one after the
# other, and the kernel counts processor time in ticks.
_CPU_TOLERANCE = 1.1
_CPU_CLOCK_S = 0.05
_NOISY = 0.05


@dataclass(frozen=True)
class Tables:
    """The tables of one run; units end the names of the columns.

    Attributes:
        epochs: a row for each epoch of each cell, `epoch` counted from 1; `loss` is the mean
            over its steps, `elapsed_s` the summed time of the epochs so far.
        engines: a row for each engine, in the plan's order; see `_engine_row`.
        ladder: a row for each engine that is ok, in the plan's order, if the plan gives causes:
            `factor` is how many times faster it is than the one before it, `cause` why.
        points: for two features only: a row for each grid point (`part` grid), and each test
            point (`part` test), for each engine that finished; `label` is a class number.
        confusion: a row for each engine, true class and predicted class, with its `count`.
    """

    epochs: pd.DataFrame
    engines: pd.DataFrame
    ladder: pd.DataFrame
    points: pd.DataFrame
    confusion: pd.DataFrame


def tables(results: Results) -> Tables:
    """Return the tables of a run."""
    finished = {cell.engine: cell for cell in results.cells if cell.final and cell.round == 0}
    epochs = _epochs(results)
    engines = _engines(results, epochs)
    return Tables(
        epochs=epochs,
        engines=engines,
        ladder=_ladder(engines, results),
        points=pd.concat([_points(results, c) for c in finished.values()] or [pd.DataFrame()]),
        confusion=pd.concat(
            [_confusion(results, c) for c in finished.values()] or [pd.DataFrame()]
        ),
    )


def _epochs(results: Results) -> pd.DataFrame:
    rows = [
        {
            "engine": cell.engine,
            "round": cell.round,
            "epoch": i,
            "wall_s": epoch.wall_s,
            "cpu_s": epoch.cpu_s,
            "collector_s": epoch.collector_s,
            "loss": np.mean(np.array(epoch.losses, np.float64)),
            "train_accuracy": epoch.train_accuracy,
            "test_accuracy": epoch.test_accuracy,
        }
        for cell in results.cells
        for i, epoch in enumerate(cell.epochs, start=1)
    ]
    columns = [
        "engine", "round", "epoch", "wall_s", "cpu_s", "collector_s",
        "loss", "train_accuracy", "test_accuracy",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    table["elapsed_s"] = (
        table["wall_s"].astype(float).groupby([table["engine"], table["round"]]).cumsum()
    )
    return table


def _engines(results: Results, epochs: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for contestant in results.plan.engines:
        cells = countable(cell for cell in results.cells if cell.engine == contestant.name)
        if cells:
            own = epochs[epochs["engine"] == contestant.name]
            own = own[own["round"].isin([cell.round for cell in cells])]
            rows.append(_engine_row(contestant, cells, own))
    table = pd.DataFrame(rows)
    steps_an_epoch = results.data.n_train / table["counted_rows"]  # a short last batch is a part
    table["node_s"] = table["epoch_s"] / steps_an_epoch / table["nodes"]
    rate = results.environment.matmul_flops_per_s
    table["flops_per_s"] = results.row_flops * results.data.n_train / table["epoch_s"]
    table["matmul_share"] = table["flops_per_s"] / (rate if rate else np.nan)
    table["node_bytes_each"] = table["node_bytes"] / table["nodes"]
    table["warning"] = [_warning(row, results.plan.threads) for row in table.to_dict("records")]
    return _with_ratios(table, results)


def _with_ratios(table: pd.DataFrame, results: Results) -> pd.DataFrame:
    """Return the engines with `times_fastest`, its interval, and whether it is a difference.

    The ratio is the median over rounds of that within a round, see
    `benchmarks.analysis.statistics`; `ratio_low` and `ratio_high` are nan without rounds enough,
    `is_alike` is true where there are, and no difference to the fastest was found.
    """
    table = table.assign(times_fastest=np.nan, ratio_low=np.nan, ratio_high=np.nan, is_alike=False)
    fastest, ratios = against_fastest(ranked_rounds(results.cells))
    table.loc[table["engine"] == fastest, "times_fastest"] = 1.0
    for i, name in table["engine"].items():
        if found := ratios.get(name):
            columns = ["times_fastest", "ratio_low", "ratio_high", "is_alike"]
            is_alike = verdict(found, PAIRED_EFFECT) == "no difference"
            table.loc[i, columns] = found.ratio, found.low, found.high, is_alike
    return table


def has_intervals(engines: pd.DataFrame) -> bool:
    """Return whether there were rounds enough for any ratio to have an interval."""
    return bool(engines["ratio_low"].notna().any())


def _warning(row: Mapping[str, Any], n_threads: int) -> str:
    """Return what a reader must know before comparing an engine, empty if nothing."""
    if row["cpu_s"] > _CPU_CLOCK_S and row["cpu_per_wall"] > n_threads * _CPU_TOLERANCE:
        allowed = "was 1 thread" if n_threads == 1 else f"were {n_threads} threads"
        busy = f"kept {row['cpu_per_wall']:.2f} CPUs busy, allowed {allowed}"
        return f"{busy}; its times do not compare"
    if row["is_forecast"] and row["epochs_done"] < 2:
        return "was ended by its budget in its first epoch, which also warms up"
    return ""


def _ladder(engines: pd.DataFrame, results: Results) -> pd.DataFrame:
    rungs = engines[engines["status"] == "ok"][["engine", "epoch_s", "cause"]]
    if not rungs["cause"].any():
        return rungs[:0].assign(factor=[])
    rounds = ranked_rounds(results.cells)
    names = list(rungs["engine"])
    factors = [paired(rounds[b], rounds[a]).ratio for a, b in itertools.pairwise(names)]
    return rungs.assign(factor=[np.nan, *factors])


def _engine_row(
    contestant: Contestant, cells: list[Cell], epochs: pd.DataFrame
) -> dict[str, object]:
    """Return what is known of one engine over all its rounds; the worst status counts."""
    worst = next((cell for cell in cells if cell.status != "ok"), cells[0])
    published = contestant.published
    last = epochs[epochs["round"] == 0].tail(1)
    return {
        "engine": contestant.name,
        "status": worst.status,
        "reason": worst.reason,
        "kind": worst.kind,
        "version": worst.version,
        "note": worst.note,
        "cause": contestant.cause,
        "rounds": sum(bool(cell.epochs) for cell in cells),
        **_times(worst, cells, epochs),
        **_observations(cells, epochs),
        **_differences(cells),
        **_counts(worst),
        **_usage(cells),
        **{name: last[name].max() for name in ("train_accuracy", "test_accuracy", "loss")},
        "published_epochs": published.epochs if published else np.nan,
        "published_total_s": published.total_s if published else np.nan,
        "published_epoch_s": published.epoch_s if published else np.nan,
    }


def _times(worst: Cell, cells: list[Cell], epochs: pd.DataFrame) -> dict[str, object]:
    """Return the three clocks.

    `epoch_s` is the median over the epochs after the first of each round (the first warms up;
    it counts only where there is no other), `epoch_s_low` and `epoch_s_high` the quartiles.
    `total_s` is the median over rounds of the sum of all epochs, the first included. If a
    budget ended an engine that is ok, the epochs that are left are put at `epoch_s` each and
    `is_forecast` is true; of one that ended otherwise there is no total.
    """
    steady = epochs[epochs["epoch"] > 1]["wall_s"]
    steady = steady if len(steady) else epochs["wall_s"]
    measured = epochs.groupby("round")["wall_s"].agg(["sum", "count"])
    n_left = worst.epochs_planned - measured["count"]
    is_cut = bool((n_left > 0).any())
    is_forecast = is_cut and worst.status == "ok"
    total_s = (measured["sum"] + n_left * steady.median()).median()
    return {
        "epochs_planned": worst.epochs_planned,
        "epochs_done": min(len(cell.epochs) for cell in cells),
        "epoch_s": steady.median(),
        "epoch_s_low": steady.quantile(0.25),
        "epoch_s_high": steady.quantile(0.75),
        "measured_s": measured["sum"].median(),
        "total_s": np.nan if is_cut and not is_forecast else total_s,
        "is_forecast": is_forecast,
        **{
            clock: _median([getattr(cell, clock) for cell in cells])
            for clock in ("import_s", "build_s", "first_step_s")
        },
    }


def _observations(cells: list[Cell], epochs: pd.DataFrame) -> dict[str, object]:
    """Return memory, of several rounds the largest, and shares of the epochs' wall time."""
    wall_s = epochs["wall_s"].sum() if len(epochs) else np.nan
    added = [c.peak_bytes - c.baseline_bytes for c in cells if c.peak_bytes and c.baseline_bytes]
    return {
        "collector_share": epochs["collector_s"].sum() / wall_s,
        "cpu_s": epochs["cpu_s"].sum(),
        "cpu_per_wall": epochs["cpu_s"].sum() / wall_s,
        "peak_bytes": max((c.peak_bytes for c in cells if c.peak_bytes), default=np.nan),
        "added_bytes": max(added, default=np.nan),
    }


def _usage(cells: list[Cell]) -> dict[str, object]:
    """Return what a process took and the kernel counted, the median over rounds."""
    used = [cell.usage for cell in cells if cell.usage]
    return {
        "n_threads": _median([cell.n_threads for cell in cells]),
        "whole_s": _median([cell.whole_s for cell in cells]),
        **{name: _median([getattr(u, name) for u in used]) for name in Usage.__struct_fields__},
    }


def _counts(cell: Cell) -> dict[str, object]:
    """Return the counts of a step, and of how many rows it is."""
    counts = cell.counts
    names = ("edges", "node_bytes", "array_bytes", "counted_rows")
    if counts is None:
        return dict.fromkeys(("nodes", *names), np.nan)
    nodes = sum(counts.nodes.values())
    return {"nodes": nodes, **{name: getattr(counts, name) for name in names}}


def _differences(cells: list[Cell]) -> dict[str, object]:
    """Return the largest difference of any round; one that is stored as None was not finite."""
    equalities = [cell.equality for cell in cells if cell.equality]
    names = ("loss_difference", "parameter_difference", "logit_difference")
    found = {name: [getattr(equality, name) for equality in equalities] for name in names}
    return {
        "steps_compared": sum(equality.n_steps for equality in equalities),
        "limit": max((equality.limit for equality in equalities), default=np.nan),
        **{
            name: max((np.inf if d is None else d for d in ds), default=np.nan)
            for name, ds in found.items()
        },
    }


def _points(results: Results, cell: Cell) -> pd.DataFrame:
    grid, final = results.data.grid, cell.final
    if grid is None or final is None:
        return pd.DataFrame()
    x, y = grid.points().T
    on_grid = {"part": "grid", "x": x, "y": y, "label": final.grid_classes}
    points = np.array(results.data.test_points).reshape(-1, 2)
    tested = {
        "part": "test",
        "x": points[:, 0],
        "y": points[:, 1],
        "label": results.data.test_labels,
    }
    return pd.concat([pd.DataFrame(on_grid), pd.DataFrame(tested)]).assign(engine=cell.engine)


def _confusion(results: Results, cell: Cell) -> pd.DataFrame:
    if cell.final is None or results.data.n_features == 2:
        return pd.DataFrame()
    classes = range(len(results.data.class_names))
    counts = pd.crosstab(
        pd.Categorical(results.data.test_labels, classes),
        pd.Categorical(cell.final.test_classes, classes),
        rownames=["label"], colnames=["predicted"], dropna=False,
    )  # fmt: skip
    return counts.stack().rename("count").reset_index().assign(engine=cell.engine)


def _median(numbers: list[float | None]) -> float:
    known = [number for number in numbers if number is not None]
    return float(np.median(known)) if known else np.nan


@dataclass(frozen=True)
class Comparison:
    """The two engines that a report sets side by side, and how many times one takes the other's.

    `ratio` is the median over rounds of the ratio within a round; `low` and `high`, its interval,
    are nan without rounds enough. `published_ratio` is nan unless the plan has a published figure
    for both.
    """

    slow: str
    fast: str
    ratio: float
    low: float
    high: float
    published_ratio: float
    is_forecast: bool


def comparison(results: Results, engines: pd.DataFrame) -> Comparison | None:
    """Return the ratio per epoch between the two published engines, else slowest to fastest.

    Only engines whose work was equal to the reference's are compared; None if there are not two.
    """
    ok = engines[engines["status"] == "ok"]
    published = ok[ok["published_epoch_s"].notna()]
    chosen = published if len(published) > 1 else ok
    if len(chosen) < 2:
        return None
    by = "published_epoch_s" if len(published) > 1 else "times_fastest"
    slow, fast = chosen.loc[chosen[by].idxmax()], chosen.loc[chosen[by].idxmin()]
    rounds = ranked_rounds(results.cells)
    found = paired(rounds[fast["engine"]], rounds[slow["engine"]])
    return Comparison(
        slow=slow["engine"],
        fast=fast["engine"],
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        published_ratio=slow["published_epoch_s"] / fast["published_epoch_s"],
        is_forecast=bool(slow["is_forecast"] or fast["is_forecast"]),
    )


@dataclass(frozen=True)
class Drift:
    """How much the speed of the machine changed while the cells ran.

    A fixed workload is timed before each cell: `median_s` is the median over the cells, `spread`
    the difference between the 5th and the 95th percentile, by the median.
    """

    median_s: float
    spread: float
    n_cells: int

    @property
    def is_noisy(self) -> bool:
        """Whether it is as large as the differences that a reader may look for."""
        return self.spread > _NOISY

    def meaning(self, has_intervals: bool) -> str:
        """Return what a noisy machine says of the ratios of its run."""
        if has_intervals:
            return "the rounds are paired, and the intervals hold what is left of it"
        return "smaller differences between engines mean nothing"


def drift(results: Results) -> Drift | None:
    """Return the drift of a run, None if it was not measured before two cells or more."""
    taken = [float(np.median(cell.control_s)) for cell in results.cells if cell.control_s]
    if len(taken) < 2:
        return None
    median_s = float(np.median(taken))
    if median_s <= 0.0:
        return None
    low, high = np.percentile(taken, [5, 95])
    return Drift(median_s, float(high - low) / median_s, len(taken))
