"""Operations that the field knows and the table does not: how they are called, and what is true.

Where libraries differ (divided by n or by n − 1, a mean or a sum), every convention is accepted.
"""

from dataclasses import dataclass, replace

from benchgrad.engines.conformance.cases.case import ANY, POSITIVE, Case
from benchgrad.engines.conformance.cases.oracles import Shape

ONE: tuple[Shape, ...] = ((3, 4),)
TWO: tuple[Shape, ...] = ((3, 4), (3, 4))
SQUARE: tuple[Shape, ...] = ((3, 3),)
PROBABILITIES = (0.1, 0.9)


@dataclass(frozen=True)
class Row:
    """An operation of the field.

    Attributes:
        names: what engines call it; the first is benchgrad's name for it.
        expression: a use of it, with benchgrad's name.
        shapes: of the inputs.
        domain: the interval that inputs are drawn from.
        spellings: other ways to write the expression, for engines that take other arguments.
        conventions: what else the expression may mean.
        is_loose: whether an engine may mean something that is not listed; then its gradient must
            be that of its own forward pass.
        is_elementwise: whether the result has the shape of x.
    """

    names: tuple[str, ...]
    expression: str
    shapes: tuple[Shape, ...] = ONE
    domain: tuple[float, float] = ANY
    spellings: tuple[str, ...] = ()
    conventions: tuple[str, ...] = ()
    is_loose: bool = False
    is_elementwise: bool = False

    @property
    def name(self) -> str:
        """The expression without ``ops.``, followed by the shape if it is a square."""
        name = self.expression.replace("ops.", "").replace("np.", "")
        return f"{name}, {self.shapes[0]}" if self.shapes == SQUARE else name

    def truths(self) -> tuple[Case, ...]:
        """Return what the expression may mean, as cases with the same numbers."""
        texts = (self.expression, *self.conventions)
        return tuple(Case(text, (), self.shapes, self.domain, drawn_as=self.name) for text in texts)

    def spelled(self, name: str) -> tuple[str, ...]:
        """Return the ways to write the expression with an engine's name of the operation."""
        texts = (self.expression, *self.spellings)
        return tuple(text.replace(f"ops.{self.names[0]}(", f"ops.{name}(") for text in texts)

    def within(self, use: str) -> "Row":
        """Return the row with each of its texts inside another expression, at its ``{}``."""
        return replace(
            self,
            expression=use.format(self.expression),
            spellings=tuple(map(use.format, self.spellings)),
            conventions=tuple(map(use.format, self.conventions)),
        )


def _unary(*names: str, domain: tuple[float, float] = ANY, **rest: object) -> Row:
    row = Row(names, f"ops.{names[0]}(x)", domain=domain, is_elementwise=True)
    return replace(row, **rest)  # type: ignore[arg-type]


_UNARY = (
    _unary("sqrt", domain=POSITIVE),
    *map(_unary, ("square", "sin", "cos", "sinh", "cosh", "expm1")),
    _unary("log1p", domain=POSITIVE),
    _unary("reciprocal", domain=POSITIVE),
    _unary("abs", "absolute", "fabs"),
    _unary("negative", "neg"),
    _unary("softplus"),
    _unary("silu", "swish"),
    _unary("gelu", conventions=("ops.gelu(x, True)",), is_loose=True),
    _unary(
        *("leaky_relu", "leakyrelu", "lrelu"),
        conventions=tuple(f"ops.leaky_relu(x, {slope})" for slope in (0.1, 0.2, 0.05, 0.3)),
        is_loose=True,
    ),
    _unary("elu", is_loose=True),
)

# --- along an axis -----------------------------------------------------------------------------


def _along(*names: str, spelling: str = "", shapes: tuple[Shape, ...] = ONE) -> Row:
    name = names[0]
    spellings = (f"ops.{name}(x)",) if not spelling else (spelling,)
    return Row(names, f"ops.{name}(x, axis=1)", shapes, spellings=spellings, is_elementwise=True)


def _reduced(
    names: tuple[str, ...],
    axis: int | None,
    domain: tuple[float, float] = ANY,
    shapes: tuple[Shape, ...] = SQUARE,
    conventions: tuple[str, ...] = (),
) -> Row:
    arguments = "x" if axis is None else f"x, axis={axis}"
    return Row(
        names,
        f"ops.{names[0]}({arguments})",
        shapes,
        domain,
        conventions=tuple(f"ops.{names[0]}({arguments}, {more})" for more in conventions),
        is_loose=bool(conventions),
    )


_AXES = (None, 0, 1, -1)
_ALONG = (
    _along("softmax"),
    replace(_along("softmax"), shapes=SQUARE),
    Row(("softmax",), "ops.softmax(x, axis=0)", SQUARE),
    _along("log_softmax", "logsoftmax"),
    *(_reduced(("prod", "product"), axis, POSITIVE) for axis in _AXES),
    *(_reduced(("var", "variance"), axis, conventions=("ddof=1",)) for axis in _AXES),
    *(_reduced(("std",), axis, conventions=("ddof=1",)) for axis in _AXES),
    *(_reduced(("norm", "l2_norm"), axis) for axis in _AXES),
    *(Row(("cumsum",), f"ops.cumsum(x, axis={axis})", SQUARE) for axis in (0, 1)),
)

# --- two operands, and constants beside one ----------------------------------------------------

_CONDITION = "np.array([[True, False, True, False]] * 2 + [[False, False, True, True]])"


def _pair(*names: str, domain: tuple[float, float] = ANY) -> Row:
    return Row(names, f"ops.{names[0]}(x, y)", TWO, domain)


_PAIRS = (
    _pair("add"),
    _pair("subtract", "sub"),
    _pair("multiply", "mul"),
    _pair("divide", "div", "truediv", domain=POSITIVE),
    _pair("power", "pow", domain=POSITIVE),
    Row(("power", "pow"), "ops.power(x, 3)", is_elementwise=True),
    _pair("maximum"),
    _pair("minimum"),
    Row(("matmul", "dot", "mm"), "ops.matmul(x, y)", ((3, 4), (4, 2))),
    Row(("matmul", "dot", "mm"), "ops.matmul(x, y) * 1.0", ((3, 3), (3, 3))),
    Row(("where",), f"ops.where({_CONDITION}, x, y)", TWO),
    Row(("clip", "clamp"), "ops.clip(x, -1.005, 0.905)", is_elementwise=True),
)

# --- shapes ------------------------------------------------------------------------------------

_JOINED = ((2, 3), (2, 3))
_SHAPING = (
    Row(
        ("concatenate", "concat", "cat"),
        "ops.concatenate([x, y], axis=0)",
        _JOINED,
        spellings=("ops.concatenate((x, y), 0)", "ops.concatenate(x, y, axis=0)"),
    ),
    Row(
        ("concatenate", "concat", "cat"),
        "ops.concatenate([x, y, x], axis=1)",
        ((2, 3), (2, 2)),
        spellings=("ops.concatenate((x, y, x), 1)", "ops.concatenate(x, y, x, axis=1)"),
    ),
    *(
        Row(
            ("stack",),
            f"ops.stack([x, y, x], axis={axis})",
            _JOINED,
            spellings=(f"ops.stack((x, y, x), {axis})", f"ops.stack(x, y, x, axis={axis})"),
        )
        for axis in (0, 1)
    ),
    Row(("pad",), "ops.pad(x, 1)", spellings=("ops.pad(x, ((1, 1), (1, 1)))",)),
    Row(("pad",), "ops.pad(x, ((1, 2), (0, 3)))"),
    Row(("squeeze",), "ops.squeeze(x)", ((3, 1, 2),)),
    Row(("squeeze",), "ops.squeeze(x, axis=1)", ((3, 1, 2),), spellings=("ops.squeeze(x, 1)",)),
    Row(
        ("expand_dims", "unsqueeze"),
        "ops.expand_dims(x, 1)",
        spellings=("ops.expand_dims(x, axis=1)",),
    ),
    Row(("ravel", "flatten"), "ops.ravel(x)", ((2, 3),)),
    Row(("swapaxes", "transpose2"), "ops.swapaxes(x, 0, 2)", ((3, 3, 3),)),
    Row(("broadcast_to", "expand"), "ops.broadcast_to(x, (2, 3, 4))", ((3, 1),)),
    Row(("broadcast_to", "expand"), "ops.broadcast_to(x, (3, 4)) * 1.0", ((4,),)),
)

# --- losses ------------------------------------------------------------------------------------


def _loss(names: tuple[str, ...], arguments: str, row: Row) -> Row:
    """Return the row of a loss: a sum over all elements, a mean over them, or over the rows."""
    call = f"ops.{names[0]}({arguments})"
    summed = f"ops.sum({call})"
    spellings = [f"ops.sum({spelling})" for spelling in row.spellings]
    other = [f"{summed} / {n}.0" for n in (2, 3, 4, 6, 12)]
    return replace(
        row,
        names=names,
        expression=summed,
        spellings=(call, *spellings),
        conventions=tuple(other),
        is_loose=True,
    )


_ONE_HOT = "np.array([[0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])"
_LOSSES = (
    _loss(("mse", "mse_loss", "mean_squared_error", "squared_error"), "x, y", Row((), "", TWO)),
    _loss(("bce", "binary_cross_entropy", "bce_loss"), "x, y", Row((), "", TWO, PROBABILITIES)),
    _loss(
        ("bce_logits", "bce_with_logits", "binary_cross_entropy_with_logits"),
        "x, np.array([[1.0, 0.0, 0.0, 1.0]] * 3)",
        Row((), ""),
    ),
    _loss(
        ("softmax_cross_entropy", "softmax_crossentropy", "cross_entropy_loss"),
        "x, np.array([3, 0, 3])",
        Row((), "", spellings=(f"ops.softmax_cross_entropy(x, {_ONE_HOT})",)),
    ),
)

FIELD: tuple[Row, ...] = (*_UNARY, *_ALONG, *_PAIRS, *_SHAPING, *_LOSSES)
FAN_OUT: tuple[Row, ...] = tuple(
    row.within(use) for row in _UNARY for use in ("{} + x", "x + {}", "{} * x")
) + tuple(row.within("{} * x") for row in _ALONG if row.is_elementwise)
FIELD_NAMES: frozenset[str] = frozenset(name for row in FIELD for name in row.names)
