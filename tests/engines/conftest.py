"""The cases that a test of all operations runs through: those of the table, and other spellings."""

import pytest

from benchgrad.engines.conformance.cases.case import Case
from benchgrad.engines.conformance.cases.table import CASES

BLOCK = ((2, 3, 4),)
# NumPy has these spellings, too; the table leaves them out, since other engines need not.
SPELLINGS = (
    Case("x.reshape(6, 4)", ("g.reshape(x.shape)",), BLOCK),
    Case("x.transpose(1, 2, 0)", ("np.moveaxis(g, 2, 0)",), BLOCK),
    Case("x.T + 0.0", ("g.T",), BLOCK),
    Case("x[np.int64(1)]", ("scatter(g, x, 1)",), BLOCK),
    Case("x[[False, True]]", ("scatter(g, x, [False, True])",), BLOCK),
    Case("x[[[0], [1]], [0, 0, 2]]", ("scatter(g, x, ([[0], [1]], [0, 0, 2]))",), BLOCK),
)


@pytest.fixture(params=(*CASES, *SPELLINGS), ids=lambda case: case.name)
def case(request):
    """Return one case after the other."""
    return request.param
