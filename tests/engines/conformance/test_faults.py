"""Distinct faults: what fails for one reason is one story, with the heading that a person needs."""

import authors
import pytest
from msgspec.structs import replace

from benchgrad.engines.conformance import Verdict
from benchgrad.engines.conformance.checks import catalogue
from benchgrad.engines.conformance.faults import faults_of
from benchgrad.engines.conformance.judging.exceptions import DEEP
from benchgrad.engines.conformance.judging.verdict import Cause, Finding

LOUD = Finding("ValueError: shapes", evidence="exception")
SILENT = Finding("the gradient of x is 2.0, must be 1.0", evidence="numbers")


def found(check, finding, **rest):
    status = "crashed" if finding is LOUD else "failed"
    return Verdict(check, catalogue()[check].group, status, replace(finding, **rest))


def passed(*checks):
    return [Verdict(check, catalogue()[check].group, "passed") for check in checks]


def headings(*verdicts):
    return [fault.heading for fault in faults_of(verdicts)]


def test_an_operation_that_is_wrong_in_some_shapes_and_raises_in_others_is_one_fault():
    square, batch = "gradients: x @ y, (3, 3) and (3, 3)", "gradients: x @ y, (2, 3, 3) and (3, 3)"
    assert headings(found(square, SILENT), found(batch, LOUD)) == ["x @ y"]


def test_a_compound_is_no_fault_beside_the_operation_that_it_is_made_of():
    wrong = found("gradients: sum(x, axis=1)", SILENT)
    loss = "gradients: cross_entropy(x, array([3, 0, 3]))"
    (right,) = passed("gradients: sum(x)")
    assert headings(wrong, found(loss, LOUD), right) == ["sum(axis)"]
    exp = found("gradients: exp(x)", LOUD)
    assert headings(wrong, exp, right) == ["sum(axis)", "exp"]


def test_axes_that_are_added_are_told_from_those_that_are_stretched():
    names = ("x + y", "x - y", "x * y", "x / y")
    added = [found(f"broadcasting: {name}, (3, 4) with (4,)", SILENT) for name in names]
    right = passed(*(f"broadcasting: {name}, (3, 4) with (1, 4)" for name in names))
    assert headings(*added, *right) == ["broadcasting that adds axes"]
    product = found("gradients: x @ y, (2, 3, 4) and (4, 5)", SILENT)
    assert headings(*added, product, *right) == ["broadcasting that adds axes"]


def test_a_walk_in_the_wrong_order_is_not_blamed_on_an_operation():
    cause = Cause("a value passes its gradient on too early (wrong order)")
    orders = [name for name in catalogue() if name.startswith("order: ")]
    order = [found(name, SILENT, cause=cause) for name in orders]
    uses = [found(f"fan-out: {text}", SILENT) for text in ("x * sum(x)", "x * mean(x)")]
    assert headings(*order, *uses, *passed("gradients: x * y")) == [
        "the order of the backward pass"
    ]


def test_a_recursive_backward_is_about_depth_and_not_about_an_operation():
    often = Finding("RecursionError: too deep", DEEP, evidence="exception")
    assert headings(found("fan-out: an input used 1,000 times", often)) == ["deep graphs"]


@pytest.fixture
def check_with(verdict, tmp_path):
    def run(check, **changed):
        source = authors.ENGINE
        for right, wrong in changed.values():
            assert source.count(right) == 1
            source = source.replace(right, wrong)
        path = tmp_path / "engine_with_a_fault.py"
        path.write_text(source, "utf-8")
        return verdict(str(path), check)

    return run


def test_an_operator_that_calls_itself_is_not_called_a_deep_graph(check_with):
    wrong = "    def __radd__(self, other):\n        return other + self\n"
    done = check_with("gradients: 2.5 + x", operator=("    __radd__ = __add__\n", wrong))
    assert done.finding.cause.kind == "a function calls itself without end"


def test_a_sum_whose_rule_returns_one_array_twice_is_convicted_by_numbers(check_with):
    wrong = (
        "first = not np.any(self.grad)\n"
        "        self.grad = gradient if first else np.add(self.grad, gradient, out=self.grad)"
    )
    done = check_with("aliasing: (x + y) + x", walk=("self.grad = self.grad + gradient", wrong))
    assert done.status == "failed"
    assert "share memory" in done.cause


def test_an_error_in_the_first_backward_pass_is_no_refusal(check_with):
    wrong = "raise ValueError('output array is read-only')"
    check = "aliasing: operands of +, then one of them alone"
    done = check_with(check, walk=("self.grad = self.grad + gradient", wrong))
    assert done.status == "crashed"
    assert "leaf = " in done.finding.code
    assert "inference" not in done.finding.code  # only the names that the program uses


def test_a_softmax_that_is_not_shifted_is_convicted_by_numbers(check_with):
    function = """def softmax(x, axis):
    return x.exp() / x.exp().sum(axis=axis, keepdims=True)


engine = ValueEngine("""
    named = 'operations={"sum": Tensor.sum, "softmax": softmax},'
    done = check_with(
        "edge: softmax of large numbers",
        function=("engine = ValueEngine(", function),
        named=('operations=["exp", "tanh", "relu", "sum", "max", "transpose"],', named),
    )
    assert done.status == "failed"
    assert "overflows" in done.cause
