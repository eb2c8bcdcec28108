"""Records whose parts do not fit together, so that no report can be made of them.

Whether the parts that fit also agree is checked in `verify`.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator

from benchgrad.benchmarks.analysis.rounds import participants, round_name
from benchgrad.benchmarks.records import Cell, Data, Results
from benchgrad.benchmarks.regions import coarse

_SHORTEST_S = 1e-9  # a tick of the clock; the call of an empty function takes fifty


def misfits(results: Results) -> list[str]:
    """Return where the parts of the records do not fit together, one line for each misfit."""
    data = results.data
    in_cells = (
        misfit
        for cell in results.cells
        for misfit in (
            *_misfits_of_epochs(cell),
            *_misfits_of_final(cell, data),
            *_misfits_of_regions(cell, data),
        )
    )
    if "numpy" not in results.environment.libraries:
        return ["environment: the version of NumPy is missing"]
    return [*_misfits_of_data(data), *_misfits_of_rounds(results), *in_cells]


def misfits_of_epochs(results: Results) -> list[str]:
    """Return the epochs of which no time can be compared, one line for each misfit."""
    return [misfit for cell in results.cells for misfit in _misfits_of_epochs(cell)]


def place(cell: Cell) -> str:
    """Return which cell it is, as readers name it."""
    return f"{cell.engine}, {round_name(cell.round)}"


def _misfits_of_data(data: Data) -> Iterator[str]:
    """Every row needs a label and, with two features, a point."""
    flat = data.n_features == 2
    if flat != (data.grid is not None) or data.n_features < 1:
        yield f"data: {data.n_features} features, and {'a' if data.grid else 'no'} grid"
    if data.grid and not (data.grid.x_min < data.grid.x_max and data.grid.y_min < data.grid.y_max):
        yield "data: the grid has no area"
    for part, n, labels, points in (
        ("training", data.n_train, data.train_labels, data.train_points),
        ("test", data.n_test, data.test_labels, data.test_points),
    ):
        if n < 1 or len(labels) != n or len(points) != (n if flat else 0):
            yield f"data: {n} {part} rows, {len(labels)} labels and {len(points)} points"
        if not set(labels) <= set(range(len(data.class_names))):
            yield f"data: {part} labels are not among {len(data.class_names)} classes"


def _misfits_of_epochs(cell: Cell) -> Iterator[str]:
    """A cell that is ok has epochs; and every epoch has a loss for each step, and took time."""
    if cell.status == "ok" and not cell.epochs:
        yield f"{place(cell)}: it is ok, and has no epochs"
    if len(cell.epochs) > cell.epochs_planned:
        yield f"{place(cell)}: {len(cell.epochs)} epochs, planned {cell.epochs_planned}"
    for i, epoch in enumerate(cell.epochs, start=1):
        if not epoch.losses:
            yield f"{place(cell)}: epoch {i} has no losses"
        if cell.status == "ok" and epoch.seconds < _SHORTEST_S:
            yield f"{place(cell)}: epoch {i} took {epoch.seconds} s"


def _misfits_of_final(cell: Cell, data: Data) -> Iterator[str]:
    """Every test row and every point of the grid needs a class that exists."""
    if cell.final is None:
        return
    classes, on_grid = cell.final.test_classes, cell.final.grid_classes
    n_grid = data.grid.n**2 if data.grid else 0
    if (len(classes), len(on_grid)) != (data.n_test, n_grid):
        has = f"{len(classes)} and {len(on_grid)} classes"
        yield f"{place(cell)}: {has} for {data.n_test} test rows and {n_grid} grid points"
    if not {*classes, *on_grid} <= set(range(len(data.class_names))):
        yield f"{place(cell)}: predicts classes that do not exist"


def _misfits_of_regions(cell: Cell, data: Data) -> Iterator[str]:
    """Every point of the coarse grid needs a class that exists, each time after more epochs."""
    n_points = len(coarse(data.grid.n)) if data.grid else 0
    epochs = [regions.n_epochs for regions in cell.regions]
    if epochs != sorted({*epochs} & set(range(len(cell.epochs) + 1))):
        yield f"{place(cell)}: regions after {epochs} of {len(cell.epochs)} epochs"
    for regions in cell.regions:
        if regions.n_points != n_points:
            yield f"{place(cell)}: regions of {regions.n_points} points, there are {n_points}"
        if not {label for label, _ in regions.runs} <= set(range(len(data.class_names))):
            yield f"{place(cell)}: regions of classes that do not exist"


def _misfits_of_rounds(results: Results) -> Iterator[str]:
    """Yield the misfits of the first round that has any: that round decides who is in the next."""
    found = Counter((cell.engine, cell.round) for cell in results.cells)
    rounds = {round for _, round in found}
    for round in itertools.count():
        members = _members(results, round)
        if not members and all(other < round for other in rounds):
            return
        present = {name for name, other in found if other == round}
        misfits = [n for n in sorted(members | present) if found[n, round] != (n in members)]
        for name in misfits:
            has = f"{found[name, round]} cells, the plan has {int(name in members)}"
            yield f"{name}, {round_name(round)}: {has}"
        if misfits:
            return


def _members(results: Results, round: int) -> set[str]:
    """Return who should have a cell in a round.

    With a precision, the cells of one round decide who takes part in the next. But a resumed run
    may have measured a damaged cell again, and it keeps later rounds as they were; only its journal
    tells whether one of those is missing.
    """
    plan = results.plan
    before = [cell for cell in results.cells if cell.round < round]
    members = {contestant.name for contestant in participants(plan, before, round)}
    if plan.precision is not None and results.resumed_at:
        names = {contestant.name for contestant in plan.engines}
        members = names & {c.engine for c in results.cells if c.round == round} or members
    return members
