"""Cases on squares and cubes, where a wrong axis or a missing transposition fits every shape.

On other shapes such a mistake raises an error; here only the numbers show it.
"""

from dataclasses import replace
from itertools import product

from benchgrad.engines.conformance.cases.arrays import indexed, matmul, reduction, shaping
from benchgrad.engines.conformance.cases.case import Case
from benchgrad.engines.conformance.cases.oracles import Shape

_SQUARE: tuple[Shape, ...] = ((3, 3),)
_CUBE: tuple[Shape, ...] = ((3, 3, 3),)


def _told(case: Case) -> Case:
    return replace(case, tells_shapes=True)


_REDUCTIONS = tuple(
    _told(replace(reduction(name, axis, keepdims, shape), smaller=(((2, 2),),)))
    for name, axis, keepdims, shape in product(
        ("sum", "mean", "max", "min"),
        (0, 1, -1, (-2, -1)),
        (False, True),
        (_SQUARE[0], _CUBE[0]),
    )
)

_BATCH: Shape = (2, 3, 3)
_MATRIX: Shape = _SQUARE[0]
_PRODUCTS = tuple(
    matmul(left, right)
    for left, right in (
        *((_MATRIX, _MATRIX), (_MATRIX, (3,)), ((3,), _MATRIX), (_CUBE[0], _CUBE[0])),
        *((_BATCH, _BATCH), (_BATCH, _MATRIX), (_MATRIX, _BATCH), (_BATCH, (3,)), ((3,), _BATCH)),
        *(((1, 3, 4), (1, 4, 2)), ((1, 3, 3), (1, 3, 3)), ((1, 3, 3), _MATRIX)),
    )
)

_TWICE = "ops.transpose(ops.transpose(x, (1, 2, 0)), (1, 2, 0))"
_SHAPES = (
    *(_told(shaping(f"ops.transpose(x, {axes})", f"np.transpose(g, {back})", _CUBE))
      for axes, back in (
          ((1, 2, 0), (2, 0, 1)), ((2, 0, 1), (1, 2, 0)), ((-2, 0, -1), (1, 0, 2)),
          ((-1, -3, -2), (1, 2, 0)), ((0, 2, 1), (0, 2, 1)))),
    _told(shaping("ops.transpose(x)", "g.T", _SQUARE)),
    *(_told(shaping(_TWICE, "np.transpose(g, (1, 2, 0))", shapes))
      for shapes in (_CUBE, ((2, 3, 4),))),
    shaping("ops.transpose(ops.transpose(x)) * x", "2 * g * x", _SQUARE),
    shaping("ops.transpose(x) * x", "g.T * x.T + g * x.T", _SQUARE),
    shaping("ops.reshape(ops.transpose(x), (9,))", "g.reshape(3, 3).T", _SQUARE),
    shaping("ops.transpose(x) @ x", "x @ g.T + x @ g", _SQUARE),
)  # fmt: skip

_INDICES = tuple(
    _told(indexed(index, _SQUARE))
    for index in ("0", ":, 0", "-1", "[0, 2, 0]", "1:, :2", ":, [1, 1]")
)

SQUARES: tuple[Case, ...] = (*_REDUCTIONS, *_PRODUCTS, *_SHAPES, *_INDICES)
