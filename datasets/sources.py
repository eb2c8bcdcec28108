"""The named data sets: a seeded pure function each, decorated with its name."""

import difflib
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchgrad.datasets.csv_file import read_csv
from benchgrad.datasets.dataset import Array, Dataset, DatasetError, Table, split

Points = tuple[Array, Array]  # X (n, d), labels (n,)
Generator = Callable[..., Points]


@dataclass(frozen=True)
class Source:
    """A named data set: its size, and the function that makes it.

    `generate` takes the number of samples, the noise and a seed, and by name what it `takes` of
    `n_features` and `n_classes`; the others are fixed. Real data ignore all of them.
    """

    name: str
    n_features: int
    n_classes: int
    description: str
    generate: Generator
    takes: tuple[str, ...] = ()


SOURCES: dict[str, Source] = {}


def source(
    name: str, n_features: int, n_classes: int, description: str, takes: tuple[str, ...] = ()
) -> Callable[[Generator], Generator]:
    """Register a generator under its name."""

    def register(generate: Generator) -> Any:
        SOURCES[name] = Source(name, n_features, n_classes, description, generate, takes)
        return generate

    return register


@source("moons", 2, 2, "two interleaved half circles")
def moons(n_samples: int, noise: float, seed: int) -> Points:
    """Return two half circles; `noise` is the standard deviation of each coordinate."""
    from sklearn.datasets import make_moons

    X, y = make_moons(n_samples=n_samples, noise=noise, random_state=seed)
    return X, y


@source("circles", 2, 2, "a circle inside another")
def circles(n_samples: int, noise: float, seed: int) -> Points:
    """Return two circles, the inner one with half the radius of the outer."""
    from sklearn.datasets import make_circles

    X, y = make_circles(n_samples=n_samples, noise=noise, factor=0.5, random_state=seed)
    return X, y


@source("blobs", 2, 3, "round clouds, one for each class", ("n_features", "n_classes"))
def blobs(
    n_samples: int, noise: float, seed: int, n_features: int = 2, n_classes: int = 3
) -> Points:
    """Return a Gaussian cloud for each class; `noise` is their spread in units of 5."""
    from sklearn.datasets import make_blobs

    X, y = make_blobs(
        n_samples=n_samples,
        n_features=n_features,
        centers=n_classes,
        cluster_std=5 * noise,
        random_state=seed,
    )
    return X, y


@source("spirals", 2, 3, "arms that wind around each other", ("n_classes",))
def spirals(n_samples: int, noise: float, seed: int, n_classes: int = 3) -> Points:
    """Return an arm for each class; `noise` is the standard deviation of the angle.

    Source: the data set of the Stanford course CS231n, "Putting it together: minimal neural
    network case study".
    """
    rng = np.random.default_rng(seed)
    y = np.arange(n_samples) % n_classes
    radius = rng.uniform(0.05, 1.0, n_samples)
    angle = 4.0 * radius + y * (2.0 * np.pi / n_classes) + rng.normal(0.0, noise, n_samples)
    return np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]), y


@source("xor", 2, 2, "four quadrants, opposite ones in the same class")
def xor(n_samples: int, noise: float, seed: int) -> Points:
    """Return points in a square, labelled by the signs of their coordinates before the noise."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1.0, 1.0, (n_samples, 2))
    y = (X[:, 0] > 0) ^ (X[:, 1] > 0)
    return X + rng.normal(0.0, noise / 2, X.shape), y.astype(np.int64)


@source(
    "classification", 20, 3, "clusters; half of the features are informative",
    ("n_features", "n_classes"),
)  # fmt: skip
def classification(
    n_samples: int, noise: float, seed: int, n_features: int = 20, n_classes: int = 3
) -> Points:
    """Return two clusters for each class; a quarter of `noise` is the share of random labels.

    Half of the features are informative, or as many as it takes to give each cluster a corner of a
    hypercube; a fifth are combinations of those, and the rest is noise.
    """
    from sklearn.datasets import make_classification

    n_informative = max(n_features // 2, math.ceil(math.log2(2 * n_classes)))
    if n_informative > n_features:
        raise DatasetError(
            f"data set 'classification': {n_classes} classes need {n_informative} features or "
            f"more, not {n_features}"
        )
    X, y = make_classification(
        n_samples=n_samples,
        n_features=n_features,
        n_informative=n_informative,
        n_redundant=min(n_features // 5, n_features - n_informative),
        n_classes=n_classes,
        flip_y=min(noise / 4, 1.0),
        random_state=seed,
    )
    return X, y


@source("digits", 64, 10, "1,797 real images of handwritten digits, 8 by 8")
def digits(n_samples: int, noise: float, seed: int) -> Points:
    """Return the digits that scikit-learn ships, whatever the size, noise and seed."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return X, y


def check_name(name: str) -> None:
    """Raise DatasetError unless `name` is a data set or the path of a CSV file that exists."""
    if name.endswith(".csv"):
        if not os.path.isfile(name):  # false also where Path.is_file raises
            raise DatasetError(f"data set {name!r}: there is no such file")
    elif name not in SOURCES:
        near = difflib.get_close_matches(name, SOURCES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        known = ", ".join(SOURCES)
        raise DatasetError(
            f"there is no data set {name!r}; {hint}choose from {known}, or a path to a .csv file"
        )


@dataclass(frozen=True)
class Recipe:
    """How a data set is made.

    Attributes:
        n_samples: the number of rows to generate.
        noise: what it means is up to each generator.
        test_fraction: the share of rows, between 0 and 1, kept for testing.
        label: the column of a CSV file that holds the classes.
        seed: seeds both the generator and the split.
        n_features: the number of features to generate, None for the source's own number.
        n_classes: the same for the classes.
    """

    n_samples: int = 1000
    noise: float = 0.2
    test_fraction: float = 0.25
    label: str = "label"
    seed: int = 0
    n_features: int | None = None
    n_classes: int | None = None


def make(name: str, recipe: Recipe = Recipe()) -> Dataset:
    """Return a data set, given the name of a source or the path of a CSV file.

    Raises:
        DatasetError: there is no such data set, or the file cannot be used, or the data have no
            such number of features or classes.
    """
    check_name(name)
    if name.endswith(".csv"):
        if asked := _asked(recipe):
            raise DatasetError(
                f"data set {name!r}: its {next(iter(asked))[2:]} are those of the file"
            )
        table = read_csv(Path(name), recipe.label)
    else:
        table = _generated(SOURCES[name], recipe)
    return split(name, table, recipe.test_fraction, recipe.seed)


def _asked(recipe: Recipe) -> dict[str, int]:
    """Return the numbers of features and classes that a recipe asks for."""
    numbers = {"n_features": recipe.n_features, "n_classes": recipe.n_classes}
    return {name: number for name, number in numbers.items() if number is not None}


def _generated(found: Source, recipe: Recipe) -> Table:
    """Return the rows of a source; a number that it does not take must be its own."""
    asked = _asked(recipe)
    for name, number in asked.items():
        own = getattr(found, name)
        if name not in found.takes and number != own:
            able = ", ".join(each.name for each in SOURCES.values() if name in each.takes)
            raise DatasetError(
                f"data set {found.name!r} has {own} {name[2:]}, not {number}; choose from {able}"
            )
    taken = {name: asked[name] for name in found.takes if name in asked}
    X, labels = found.generate(recipe.n_samples, recipe.noise, recipe.seed, **taken)
    n_classes = taken.get("n_classes", found.n_classes)
    return Table(X, labels, tuple(str(i) for i in range(n_classes)))
