"""The scalar operations in one table, and the loops over a recorded graph that it makes.

A node has an operation and two operands, all of them numbers in one array. No graph is built here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """An operation of numbers a and b: its value `out`, and the derivatives by both, as source.

    One without derivatives passes no gradient on, and is no node of the scalar engine either.
    """

    name: str
    value: str
    by_a: str = ""
    by_b: str = ""

    @property
    def is_node(self) -> bool:
        """Whether the scalar engine makes a node for it."""
        return bool(self.by_a)


# The most frequent first. The conventions are those of scalar/value.py.
# fmt: off
OPERATIONS = (
    Operation("*",       "a * b",        "b",             "a"),
    Operation("+",       "a + b",        "1.0",           "1.0"),
    Operation("-",       "a - b",        "1.0",           "-1.0"),
    Operation("relu",    "a if a > 0.0 or a != a else 0.0", "1.0 if out > 0.0 else 0.0"),
    Operation("/",       "a / b",        "1.0 / b",       "-(out / b)"),
    Operation("**",      "a ** b",       "b * a ** (b - 1.0) if b != 0.0 else 0.0",
                                         "0.0 if a == 0.0 and b >= 0.0 else out * log(a)"),
    Operation("neg",     "-a",           "-1.0"),
    Operation("exp",     "exp(a)",       "out"),
    Operation("log",     "log(a)",       "1.0 / a"),
    Operation("tanh",    "tanh(a)",      "1.0 - out * out"),
    Operation("sigmoid", "1.0 / (1.0 + exp(-a)) if a >= 0.0 else exp(a) / (1.0 + exp(a))",
                                         "out * (1.0 - out)"),
    Operation("detach",  "a"),
    Operation("max",     "a if a >= b or a != a else b"),
    Operation("min",     "a if a <= b or a != a else b"),
    Operation("==",      "1.0 if a == b else 0.0"),
    Operation("!=",      "1.0 if a != b else 0.0"),
    Operation(">",       "1.0 if a > b else 0.0"),
    Operation(">=",      "1.0 if a >= b else 0.0"),
    Operation("<",       "1.0 if a < b else 0.0"),
    Operation("<=",      "1.0 if a <= b else 0.0"),
)
# fmt: on

CODES = {operation.name: code for code, operation in enumerate(OPERATIONS)}

# Which operand is taken depends on the data: operand a is the first of several candidates in a
# list, and the number at operand b says which.
PICK = len(OPERATIONS)
_PICKED = "candidates[first[i] + np.uint32(data[second[i]])]"

_SOURCE = """\
def run(codes, ends, first, second, candidates, data, gradient):
    made = data[len(data) - len(first):]
    passed = gradient[len(data) - len(first):]
    gradient[:] = 0.0
    passed[len(passed) - 1] = 1.0
    begin = 0
    for r in range(len(codes)):
        code, end = codes[r], ends[r]
{values}
        begin = end
    for r in range(len(codes) - 1, -1, -1):
        code, end = codes[r], ends[r]
        begin = ends[r - 1] if r else 0
{derivatives}
"""


def _chain(bodies: dict[int, list[str]], span: str) -> str:
    """Return a loop over a span of nodes for each code."""
    lines: list[str] = []
    for code, body in bodies.items():
        lines.append(f"        {'elif' if lines else 'if'} code == {code}:")
        lines.append(f"            for i in range({span}):")
        lines += [f"                {line}" for line in body]
    return "\n".join(lines)


def _source() -> str:
    """Return the source of both passes: forward through all nodes, and back.

    Neighbours of one operation are a run, so that a loop asks once what to do.
    """
    load = ["a = data[first[i]]", "b = data[second[i]]"]
    values = {code: [*load, f"made[i] = {op.value}"] for code, op in enumerate(OPERATIONS)}
    derivatives = {}
    for code, op in enumerate(OPERATIONS):
        if op.is_node:
            add = [f"gradient[first[i]] += g * ({op.by_a})"]
            add += [f"gradient[second[i]] += g * ({op.by_b})"] if op.by_b else []
            derivatives[code] = [*load, "out = made[i]", "g = passed[i]", *add]
    values[PICK] = [f"made[i] = data[{_PICKED}]"]
    derivatives[PICK] = [f"gradient[{_PICKED}] += passed[i]"]
    return _SOURCE.format(
        values=_chain(values, "begin, end"),
        derivatives=_chain(derivatives, "end - 1, begin - 1, -1"),
    )


SOURCE = _source()
