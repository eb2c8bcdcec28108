"""The tables that plots and CSV files are made of: data frames whose columns' names end in units.

What a report says about each engine is in `engine_summary`; its columns are in `columns`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchgrad.benchmarks.records import Cell, Results
from benchgrad.reports.columns import COLUMNS
from benchgrad.reports.engine_summary import EngineSummary, RowStatus
from benchgrad.reports.ladder import Rung, ladder
from benchgrad.reports.two_by_two import TwoByTwo, two_by_two


class EpochRow(NamedTuple):
    """One epoch of one cell, counted from 1; `loss` is the mean over its steps.

    `status` is that of the engine over all rounds.

    The time that counts is `wall_s` + `late_s`; `Epoch` of the records describes both.
    """

    engine: str
    round: int
    epoch: int
    wall_s: float
    late_s: float
    cpu_s: float
    collector_s: float
    own_s: float | None
    witness_s: float | None
    waited_s: float | None
    stolen_s: float | None
    pressure_s: float | None
    loss: float
    train_accuracy: float | None
    test_accuracy: float | None
    status: str


class EdgeRow(NamedTuple):
    """Two engines of the two-by-two that differ in one thing, `granularity` or `interpreter`."""

    cause: str
    slow: str
    slow_epoch_s: float
    slow_run_by: str
    fast: str
    fast_epoch_s: float
    fast_run_by: str
    factor: float
    factor_low: float
    factor_high: float


@dataclass(frozen=True)
class Tables:
    """The tables of one run.

    Attributes:
        epochs: an `EpochRow` for each epoch of each cell; `elapsed_s`, the summed time of the
            epochs so far; and `instructions`, those that the engine executes in an epoch.
        engines: a row for each engine, in the plan's order, with the values of all `COLUMNS`.
        ladder: a row for each engine that is ok and has a cause, in the plan's order: `factor` is
            how many times faster it is than `base`, the engine that it improves, `cause` why.
        two_by_two: a row for each of the four edges between its corners, if there are four: what
            tells the two engines apart (`cause`), each one's name, time and what runs it, and
            `factor`, how many times as long `slow` takes as `fast`, with its interval.
        points: for two features only: a row for each grid point (`part` grid), and each test
            point (`part` test), for each engine that finished; `label` is a class number.
        confusion: a row for each engine, true class and predicted class, with its `count`. In this
            table and in `points`, `engine` names all engines that predict the same after the same
            `n_epochs`, `test_accuracy` is that of the prediction, and `status` that of the engines
            over all rounds.
    """

    epochs: pd.DataFrame
    engines: pd.DataFrame
    ladder: pd.DataFrame
    two_by_two: pd.DataFrame
    points: pd.DataFrame
    confusion: pd.DataFrame


def tables(results: Results, engines: Sequence[EngineSummary]) -> Tables:
    """Return the tables of a run, given the summaries of its engines."""
    statuses = {engine.name: engine.status for engine in engines}
    panels = _panels(results, statuses)
    points = [_headed(panel, _points(results, panel.cell)) for panel in panels]
    confusion = [_headed(panel, _confusion(results, panel.cell)) for panel in panels]
    rows = [[column.value(engine) for column in COLUMNS.values()] for engine in engines]
    return Tables(
        epochs=_epochs(results, engines),
        engines=pd.DataFrame(rows, columns=list(COLUMNS)),
        ladder=_ladder(ladder(results, engines)),
        two_by_two=_two_by_two(two_by_two(results, engines)),
        points=pd.concat(points or [pd.DataFrame()]),
        confusion=pd.concat(confusion or [pd.DataFrame()]),
    )


class _Panel(NamedTuple):
    """Engines that predict the same after the same epochs, and the cell of one of them."""

    engines: str
    cell: Cell
    status: RowStatus


def _panels(results: Results, statuses: Mapping[str, RowStatus]) -> list[_Panel]:
    """Return the engines that finished, those together that nobody could tell apart.

    Engines under another policy of the collector do the same work again, and are left out.
    """
    again = {c.name for c in results.plan.engines if c.collector != "as shipped"}
    found: dict[tuple[object, ...], list[Cell]] = {}
    for cell in results.cells:
        if cell.final and cell.round == 0 and cell.engine not in again:
            final, status = cell.final, statuses[cell.engine]
            predicted = (tuple(final.test_classes), tuple(final.grid_classes))
            found.setdefault((status, len(cell.epochs), *predicted), []).append(cell)
    return [
        _Panel(", ".join(cell.engine for cell in cells), cells[0], statuses[cells[0].engine])
        for cells in found.values()
    ]


def _headed(panel: _Panel, table: pd.DataFrame) -> pd.DataFrame:
    """Return what the engines of a panel predicted, with what heads it."""
    if table.empty:
        return table
    epochs = panel.cell.epochs
    accuracy = epochs[-1].test_accuracy if epochs else None
    return table.assign(
        engine=panel.engines,
        n_epochs=len(epochs),
        test_accuracy=math.nan if accuracy is None else accuracy,
        status=panel.status,
    )


def _epochs(results: Results, engines: Sequence[EngineSummary]) -> pd.DataFrame:
    statuses = {engine.name: engine.status for engine in engines}
    rows = [
        EpochRow(
            engine=cell.engine,
            round=cell.round,
            epoch=i,
            wall_s=epoch.wall_s,
            late_s=epoch.late_s,
            cpu_s=epoch.cpu_s,
            collector_s=epoch.collector_s,
            own_s=epoch.own_s,
            witness_s=epoch.witness_s,
            waited_s=epoch.waited_s,
            stolen_s=epoch.stolen_s,
            pressure_s=epoch.pressure_s,
            loss=_mean(epoch.losses),
            train_accuracy=epoch.train_accuracy,
            test_accuracy=epoch.test_accuracy,
            status=statuses[cell.engine],
        )
        for cell in results.cells
        for i, epoch in enumerate(cell.epochs, start=1)
    ]
    table = pd.DataFrame(rows, columns=list(EpochRow._fields))
    seconds = table["wall_s"].astype(float) + table["late_s"].astype(float)
    elapsed_s = seconds.groupby([table["engine"], table["round"]]).cumsum()
    instructions = {engine.name: engine.instructions for engine in engines}
    return table.assign(elapsed_s=elapsed_s, instructions=table["engine"].map(instructions))


def _mean(losses: Sequence[float | None]) -> float:
    """Return the mean of the losses of an epoch; a training that diverged may overflow it."""
    with np.errstate(over="ignore"):
        return float(np.mean(np.array(losses, np.float64)))


def _ladder(rungs: Sequence[Rung]) -> pd.DataFrame:
    rows = [
        (
            rung.engine.name,
            rung.engine.timing.epoch_s,
            rung.base.name if rung.base else "",
            rung.base.timing.epoch_s if rung.base else math.nan,
            rung.factor,
            rung.change,
        )
        for rung in rungs
    ]
    return pd.DataFrame(
        rows, columns=["engine", "epoch_s", "base", "base_epoch_s", "factor", "cause"]
    )


def _two_by_two(found: TwoByTwo | None) -> pd.DataFrame:
    rows = [
        EdgeRow(
            cause=edge.cause,
            slow=edge.slow.name,
            slow_epoch_s=edge.slow.timing.epoch_s,
            slow_run_by=edge.run_by[0],
            fast=edge.fast.name,
            fast_epoch_s=edge.fast.timing.epoch_s,
            fast_run_by=edge.run_by[1],
            factor=edge.factor.ratio,
            factor_low=edge.factor.low,
            factor_high=edge.factor.high,
        )
        for edge in (found.edges if found else ())
    ]
    return pd.DataFrame(rows, columns=list(EdgeRow._fields))


def _points(results: Results, cell: Cell) -> pd.DataFrame:
    grid, final = results.data.grid, cell.final
    if grid is None or final is None:
        return pd.DataFrame()
    x, y = grid.points().T
    on_grid = {"part": "grid", "x": x, "y": y, "label": final.grid_classes}
    x, y = np.array(results.data.test_points).reshape(-1, 2).T
    tested = {"part": "test", "x": x, "y": y, "label": results.data.test_labels}
    return pd.concat([pd.DataFrame(on_grid), pd.DataFrame(tested)])


def _confusion(results: Results, cell: Cell) -> pd.DataFrame:
    if cell.final is None or results.data.n_features == 2:
        return pd.DataFrame()
    classes = range(len(results.data.class_names))
    counts = pd.crosstab(
        pd.Categorical(results.data.test_labels, classes),
        pd.Categorical(cell.final.test_classes, classes),
        rownames=["label"], colnames=["predicted"], dropna=False,
    )  # fmt: skip
    return counts.stack().rename("count").reset_index()
