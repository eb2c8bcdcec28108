"""Turns a `Value` class into an engine. What may differ between classes is in `value_hooks`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_args

import numpy as np

from benchgrad.engines.interface import (
    Array,
    Capabilities,
    Classifier,
    Engine,
    Extra,
    Kind,
    Trait,
    UnsupportedError,
)
from benchgrad.engines.model import MLP, SGD
from benchgrad.engines.operations import Operations, Table, methods_of, over_object_arrays
from benchgrad.engines.value_classifier import ValueClassifier
from benchgrad.engines.value_hooks import ValueHooks


class ValueEngine(ValueHooks, Engine):
    """An engine built on a `Value` class with `data`, `grad`, `backward()` and Python's operators.

    A tensor Value holds an array. Scalar Values are the elements of NumPy object arrays, in which
    constants are plain floats. If your class differs, subclass this one and override what you
    need: `leaf`, `constant`, `read`, `gradient`, `zero`, `assign`, `backward`, `inference`, or
    `is_value` if results have another class; to count graphs, `parents` and `operation`. Each
    method handles one Value.

    Args:
        name: the name users type.
        kind: ``scalar`` or ``tensor``.
        value: the class; called with a float or an array.
        operations: the names of methods of the class, or a mapping from names to functions of a
            Value. A scalar engine needs the elementwise ones only. `mean` defaults to one made
            of `sum`.
        compounds: the engine's own `benchgrad.engines.operations.COMPOUNDS`, as functions of
            native arrays; e.g. a layer of n-ary nodes.
        pauses_collector: pause the cyclic garbage collector inside a step. Only for a class that
            makes no reference cycles; its note must say so.
        shows_graph: a Value knows its parents and its operation, so graphs can be counted.
        dtypes: the dtypes it computes in.
        version: the version of the library behind it.
        note: a remark to show beside its results.
        deviations: checks of `benchgrad check` that it is known to fail, check -> reason.
        traits: what it does in its own way, see `Engine`.
        extra: functions of its own for `benchgrad check`, see `Engine`.

    Attributes:
        table: every operation by its name, as a function of native values.
        methods: the operations that are the methods of the class with the same names.
    """

    def __init__(  # noqa: PLR0913 (keywords, most with a default, as plugin authors write them)
        self,
        name: str,
        *,
        kind: Kind,
        value: type,
        operations: Table | Iterable[str],
        compounds: Table | None = None,
        pauses_collector: bool = False,
        shows_graph: bool = False,
        dtypes: tuple[str, ...] = ("float64",),
        version: str = "",
        note: str = "",
        deviations: Mapping[str, str] | None = None,
        traits: Iterable[Trait] = (),
        extra: Mapping[str, Extra] | None = None,
    ) -> None:
        if kind not in ("scalar", "tensor"):
            raise ValueError(f"engine {name!r}: kind is {kind!r}, not 'scalar' or 'tensor'")
        self.name = name
        self.kind = kind
        self.value = value
        self.version = version
        self.note = note
        if deviations is not None:  # else those of the class
            self.deviations = dict(deviations)
        self.traits = _known_traits(name, traits) or self.traits
        self.extra = dict(extra or {}) or self.extra
        given = (
            dict(operations) if isinstance(operations, Mapping) else methods_of(value, operations)
        )
        table = given
        if kind == "scalar":
            table = {name: self._of_numbers_too(function) for name, function in table.items()}
            table = over_object_arrays(table, self.is_value, self.read)
        elif "sum" in table:
            table = {"mean": self._mean, **table}
        others = {**self._composed(table), **(compounds or {})}
        table = {**table, **others}
        self.table = table
        methods = {name for name in given if getattr(value, name, None) is given[name]}
        self.methods = frozenset(methods - others.keys())
        self.pauses_collector = pauses_collector
        self.shows_graph = shows_graph
        own = {name: function for name, (function, _) in self.extra.items()}
        self.operations = Operations(name, {**table, **own})
        self.capabilities = Capabilities(operations=frozenset(table), dtypes=dtypes)

    def _of_numbers_too(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Let an operation on scalar Values accept plain numbers too."""

        def of_either(element: Any) -> Any:
            if self.is_value(element):
                return function(element)
            return self.read(function(self.leaf(element)))

        return of_either

    def _composed(self, table: Table) -> Table:
        """Return the compounds that an engine needs in another form, for its traits."""
        own: dict[str, Callable[..., Any]] = {}
        if "matmul" in self.traits:
            own["linear"] = lambda x, W, b: table["matmul"](x, W) + b
        if "no indexing" in self.traits:
            own["pick"] = self._pick_by_product
        return own

    def _pick_by_product(self, v: Any, columns: Any) -> Any:
        """Return an element of each row: the row times ones and zeros, summed."""
        if np.size(columns) != len(columns):
            raise UnsupportedError(f"{self.name} picks one element of a row, for want of indexing")
        chosen = np.arange(np.shape(self.read(v))[1]) == np.reshape(columns, (-1, 1))
        chosen = chosen.astype(np.asarray(self.read(v)).dtype)
        product = v * self.on_arrays(self.constant)(chosen)
        return self.operations.sum(product, axis=1, keepdims=np.ndim(columns) > 1)

    def _mean(self, v: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the mean of a tensor Value, computed from its sum."""
        total = self.operations.sum(v, axis=axis, keepdims=keepdims)
        return total * (np.size(self.read(total)) / np.size(self.read(v)))

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return the classifier that all engines with Values share."""
        self.check(model, dtype)
        return ValueClassifier(self, model, parameters, optimizer, dtype)

    def check(self, model: MLP, dtype: str) -> None:
        """Raise UnsupportedError unless the engine has all that the classifier needs."""
        self.require_dtype(dtype)
        needed = {*_NEEDS[self.kind], *_NEEDS[model.loss], model.activation}
        if "logsumexp" in self.capabilities.operations:
            needed -= set(_NEEDS["cross_entropy"])  # they compose a logsumexp
        missing = sorted(needed - self.capabilities.operations)
        if missing:
            raise UnsupportedError(f"needs {', '.join(missing)}")

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Return ``function(ops, *native)`` as a float, and its gradient for each array."""
        leaf, gradient = self.on_arrays(self.leaf), self.on_arrays(self.gradient)
        zero = self.on_arrays(self.zero)
        leaves = [leaf(np.array(array)) for array in arrays]
        for native in leaves:
            zero(native)  # an unused leaf would keep the initial gradient of its class, e.g. None
        pairs = list(zip(leaves, arrays, strict=True))
        out = function(self.operations, *leaves)
        if isinstance(out, np.ndarray) and out.dtype == object and out.size == 1:
            out = out.item()  # a scalar engine's array of one Value
        result = np.asarray(self.read(out) if self.is_value(out) else out).item()
        if self.is_value(out) and not self.is_constant(out):
            self.backward(out)
        gradients = [_as_array(gradient(leaf), array) for leaf, array in pairs]
        return float(result), gradients


def _as_array(gradient: Any, array: Array) -> Array:
    """Return a gradient as an array of its own; None, as many libraries have it, is zero."""
    dtype = _float_dtype(array)
    if gradient is None:
        return np.zeros(np.shape(array), dtype)
    if isinstance(gradient, np.ndarray) and gradient.dtype == object:
        numbers = [0.0 if element is None else element for element in gradient.flat]
        return np.array(numbers, dtype).reshape(gradient.shape)
    return np.array(gradient, dtype)


def _known_traits(engine: str, traits: Iterable[Trait]) -> frozenset[Trait]:
    unknown = sorted(set(traits) - set(get_args(Trait)))
    if unknown:
        known = ", ".join(get_args(Trait))
        raise ValueError(f"engine {engine!r}: no trait {unknown[0]!r}; there are {known}")
    return frozenset(traits)


def _float_dtype(array: Array) -> np.dtype[Any]:
    """Return the dtype of an array's gradient: its own, or float64 for integers."""
    dtype = np.asarray(array).dtype
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


# The operations that the classifier needs, besides Python's operators.
_NEEDS = {
    "scalar": (),
    "tensor": ("sum",),
    "cross_entropy": ("exp", "log", "max", "detach"),
    "hinge": ("relu",),
}
