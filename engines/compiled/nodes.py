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

_SOURCE = """\
def run(codes, first, second, candidates, data, gradient):
    start = len(data) - len(codes)
    for i in range(len(codes)):
        code = codes[i]
        if code == {pick}:
            data[start + i] = data[candidates[first[i] + int(data[second[i]])]]
            continue
        a = data[first[i]]
        b = data[second[i]]
{values}
        data[start + i] = out
    gradient[:] = 0.0
    gradient[len(data) - 1] = 1.0
    for i in range(len(codes) - 1, -1, -1):
        code = codes[i]
        g = gradient[start + i]
        if code == {pick}:
            gradient[candidates[first[i] + int(data[second[i]])]] += g
            continue
        out = data[start + i]
        a = data[first[i]]
        b = data[second[i]]
{derivatives}
"""


def _chain(operations: list[tuple[int, list[str]]]) -> str:
    lines = []
    for k, (code, body) in enumerate(operations):
        lines.append(f"        {'elif' if k else 'if'} code == {code}:")
        lines += [f"            {line}" for line in body]
    return "\n".join(lines)


def _source() -> str:
    """Return the source of both passes: forward through all nodes, and back."""
    forward = [(code, [f"out = {op.value}"]) for code, op in enumerate(OPERATIONS)]
    back = [
        (
            code,
            [f"gradient[first[i]] += g * ({op.by_a})"]
            + ([f"gradient[second[i]] += g * ({op.by_b})"] if op.by_b else []),
        )
        for code, op in enumerate(OPERATIONS)
        if op.is_node
    ]
    return _SOURCE.format(
        pick=PICK,
        values=_chain(forward) + "\n        else:\n            out = a",
        derivatives=_chain(back),
    )


SOURCE = _source()
