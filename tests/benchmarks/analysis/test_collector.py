"""The ratio of two engines under each policy of the garbage collector."""

import msgspec
import pytest
from imagined import ENVIRONMENT

from benchgrad.benchmarks.analysis.collector import under_policies
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import SCHEMA_VERSION, Cell, Data, Epoch, Results

SECONDS = {
    "closures": 12.0,
    "closures, paused": 4.0,
    "slots": 1.0,
    "slots, running": 2.0,
}
CONTESTANTS = (
    Contestant("closures"),
    Contestant("closures, paused", engine="closures", collector="paused"),
    Contestant("slots"),
    Contestant("slots, running", engine="slots", collector="default"),
)


def run(contestants=CONTESTANTS, **changes):
    """Return a run in which `slots` pauses the collector in its own step."""
    cells = [
        Cell(
            engine=c.name,
            round=0,
            status="ok",
            epochs_planned=1,
            epochs=[Epoch(SECONDS[c.name], 1.0, 0.0, [0.5], 1.0, 1.0)],
            pauses_collector=c.spec == "slots",
        )
        for c in contestants
    ]
    data = Data("x.csv", 1, 1, 2, ["a", "b"], [], [], [], [], None)
    plan = Plan(title="", engines=tuple(contestants))
    found = Results(SCHEMA_VERSION, "", "", plan, ENVIRONMENT, data, cells)
    return msgspec.structs.replace(found, **changes)


def test_as_shipped_an_engine_stands_for_the_policy_that_it_declares():
    found = under_policies(run())
    assert {(row.slow, row.fast) for row in found} == {("closures", "slots")}
    assert [(row.policy, row.ratio.ratio) for row in found] == [
        ("as shipped", pytest.approx(12.0)),
        ("default", pytest.approx(6.0)),
        ("paused", pytest.approx(4.0)),
    ]


@pytest.mark.parametrize("lacking", range(4))
def test_without_one_of_the_rows_there_is_nothing_to_say(lacking):
    assert under_policies(run([c for i, c in enumerate(CONTESTANTS) if i != lacking])) == []


def test_an_engine_that_is_not_ok_has_no_ratio():
    found = run()
    cells = [msgspec.structs.replace(cell, status="invalid") for cell in found.cells]
    assert under_policies(msgspec.structs.replace(found, cells=cells)) == []
