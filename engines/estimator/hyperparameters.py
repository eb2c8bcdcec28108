"""Checks the hyperparameters of the estimator, and says what each must be.

Whether an engine supports a value is the engine's business.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from benchgrad.engines.interface import Engine


def check_hyperparameters(values: Mapping[str, Any]) -> None:
    """Raise ValueError for the first hyperparameter of `AutogradClassifier` that is invalid."""
    for name, (is_valid, wanted) in _RULES.items():
        if not is_valid(values[name]):
            raise ValueError(f"{name}: {values[name]!r} is not {wanted}")
    try:
        check_random_state(values["random_state"])
    except ValueError as error:
        raise ValueError(f"random_state: {error}") from None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_engine(value: Any) -> bool:
    return isinstance(value, str | Engine)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


def _is_interval(value: Any) -> bool:
    return _is_flag(value) or _is_count(value) or (_is_rate(value) and value == 0)


def _is_share(value: Any) -> bool:
    return _is_positive(value) and bool(value < 1)


def _is_count(value: Any) -> bool:
    is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return is_integer and bool(value >= 1)


def _is_widths(value: Any) -> bool:
    several = isinstance(value, tuple | list | np.ndarray)
    return all(map(_is_count, value)) if several else _is_count(value)


def _is_rate(value: Any) -> bool:
    is_number = isinstance(value, int | float | np.integer | np.floating)
    return is_number and not isinstance(value, bool) and bool(0 <= value < math.inf)


def _is_positive(value: Any) -> bool:
    return _is_rate(value) and bool(value > 0)


def _one_of(*names: str) -> tuple[Callable[[Any], bool], str]:
    return lambda value: _is_text(value) and value in names, " or ".join(map(repr, names))


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "engine": (_is_engine, "an engine, its name or its path"),
    "hidden_layers": (_is_widths, "a positive integer or a tuple of them"),
    "activation": _one_of("relu", "tanh"),
    "loss": _one_of("cross_entropy", "hinge"),
    "learning_rate": (_is_positive, "a positive number"),
    "momentum": (_is_rate, "a non-negative number"),
    "weight_decay": (_is_rate, "a non-negative number"),
    "epochs": (_is_count, "a positive integer"),
    "batch_size": (
        lambda value: _is_count(value) or value == "auto",
        "a positive integer or 'auto'",
    ),
    "dtype": _one_of("float64", "float32"),
    "tol": (lambda value: value is None or _is_rate(value), "a non-negative number or None"),
    "n_iter_no_change": (_is_count, "a positive integer"),
    "early_stopping": (_is_flag, "True or False"),
    "validation_fraction": (_is_share, "a number between 0 and 1"),
    "warm_start": (_is_flag, "True or False"),
    "verbose": (_is_interval, "True, False or a number of epochs"),
}
