"""Where two descriptions differ, and when two environments are one machine."""

import msgspec
import pytest

from benchgrad.benchmarks.analysis.differences import differences, libraries, machine
from benchgrad.benchmarks.plan import Contestant, DataPlan, Plan
from benchgrad.benchmarks.records import Environment

PLAN = Plan(title="t", engines=(Contestant("a"),))


def found(then, now):
    return [(each.name, each.then, each.now) for each in differences(then, now)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"rounds": 2}, [("rounds", 1, 2)]),
        ({"data": DataPlan(noise=0.3, label="x")},
         [("data.noise", 0.2, 0.3), ("data.label", "label", "x")]),
        ({"memory_bytes": 9, "epochs": 3}, [("epochs", 20, 3), ("memory_bytes", None, 9)]),
        ({"engines": (Contestant("b"),)}, [("engines", PLAN.engines, (Contestant("b"),))]),
    ],
)  # fmt: skip
def test_structs_differ_field_by_field(changes, expected):
    assert found(PLAN, msgspec.structs.replace(PLAN, **changes)) == expected


def test_dictionaries_differ_key_by_key_and_a_missing_key_is_none():
    then, now = {"kept": 1, "changed": {"x.y": 1}, "gone": 2}, {"new": 3, "changed": {"x.y": 2}}
    assert found(then, {"kept": 1, **now}) == [
        ("changed.x.y", 1, 2), ("gone", 2, None), ("new", None, 3),
    ]  # fmt: skip
    first = next(differences(then, {"kept": 1, **now}))
    assert first.path == ("changed", "x.y")


def test_a_value_that_has_no_parts_on_one_side_is_one_difference():
    assert found({"a": {"b": 1}}, {"a": None}) == [("a", {"b": 1}, None)]


HERE = Environment("0.1", "CPython 3.11", "Linux", "Imagined", 2, 2**33, 0.5, {"numpy": "2.0"}, "b")


@pytest.mark.parametrize(
    ("changes", "same_machine", "same_libraries"),
    [
        ({"load_1min": 3.0, "memory_bytes": 1, "governor": "powersave"}, True, True),
        ({"processor": "Other"}, False, True),
        ({"n_cpus": 4}, False, True),
        ({"platform": "BSD"}, False, True),
        ({"python": "CPython 3.12"}, True, False),
        ({"libraries": {"numpy": "2.1"}}, True, False),
        ({"blas": "mkl"}, True, False),
    ],
)
def test_what_makes_a_machine_and_its_libraries(changes, same_machine, same_libraries):
    there = msgspec.structs.replace(HERE, **changes)
    assert (machine(there) == machine(HERE)) == same_machine
    assert (libraries(there) == libraries(HERE)) == same_libraries
