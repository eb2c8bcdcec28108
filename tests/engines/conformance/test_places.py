"""The line to look at: the operation's own function, not what it calls and what may be right."""

import pytest

from benchgrad.engines.conformance.checking import Options, check_engine

ENGINE = """
from benchgrad.engines import ValueEngine
from benchgrad.engines.scalar import Value


def tanh(x):
    out = x.tanh()
    return Value({value}, (x,), ({partial},), "tanh")


named = {{"exp": Value.exp, "log": Value.log, "tanh": tanh}}
engine = ValueEngine("beside", kind="scalar", value=Value, operations=named)
"""


@pytest.mark.parametrize(
    ("what", "value", "partial"),
    [
        ("the gradient of x", "out.data", "1.0 - out.data"),
        ("the value", "out.data * 2.0", "2.0 - 2.0 * out.data * out.data"),
    ],
)
def test_a_function_is_the_place_not_the_right_method_that_it_calls(tmp_path, what, value, partial):
    path = tmp_path / "beside.py"
    path.write_text(ENGINE.format(value=value, partial=partial), "utf-8")
    outcome = check_engine(str(path), Options(is_fast=True, only=("operations", "values")))
    (fault,) = outcome.faults
    assert what in fault.finding.reason
    assert fault.place.endswith("beside.py, line 6, in tanh: def tanh(x):")
