"""The rows that a test of an operation runs through: those of the table, and other spellings."""

from benchgrad.engines.conformance.cases.case import Row
from benchgrad.engines.conformance.cases.table import ROWS

BLOCK = ((2, 3, 4),)
# NumPy's other spellings, which an engine of somebody else need not have.
SPELLINGS = (
    Row("x.reshape(6, 4)", ("g.reshape(x.shape)",), BLOCK),
    Row("x.transpose(1, 2, 0)", ("np.moveaxis(g, 2, 0)",), BLOCK),
    Row("x.T + 0.0", ("g.T",), BLOCK),
    Row("x[np.int64(1)]", ("scatter(g, x, 1)",), BLOCK),
    Row("x[[False, True]]", ("scatter(g, x, [False, True])",), BLOCK),
    Row("x[[[0], [1]], [0, 0, 2]]", ("scatter(g, x, ([[0], [1]], [0, 0, 2]))",), BLOCK),
)


def pytest_generate_tests(metafunc):
    """Run a test that takes a `row` with each of them."""
    if "row" in metafunc.fixturenames:
        metafunc.parametrize("row", (*ROWS, *SPELLINGS), ids=lambda row: row.name)
