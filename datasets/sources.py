"""The named data sets: a seeded pure function each, decorated with its name."""

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchgrad.datasets.csv_file import read_csv
from benchgrad.datasets.dataset import Array, Dataset, DatasetError, Table, split

Points = tuple[Array, Array]  # X (n, d), labels (n,)


@dataclass(frozen=True)
class Source:
    """A named data set: its size, and the function that makes it.

    `generate` takes the number of samples, the noise and a seed. Real data ignore all three.
    """

    name: str
    n_features: int
    n_classes: int
    description: str
    generate: Callable[[int, float, int], Points]


SOURCES: dict[str, Source] = {}


def source(
    name: str, n_features: int, n_classes: int, description: str
) -> Callable[[Callable[[int, float, int], Points]], Callable[[int, float, int], Points]]:
    """Register a generator under its name."""

    def register(generate: Callable[[int, float, int], Points]) -> Any:
        SOURCES[name] = Source(name, n_features, n_classes, description, generate)
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


@source("blobs", 2, 3, "three round clouds")
def blobs(n_samples: int, noise: float, seed: int) -> Points:
    """Return three Gaussian clouds; `noise` is their spread in units of 5."""
    from sklearn.datasets import make_blobs

    X, y = make_blobs(n_samples=n_samples, centers=3, cluster_std=5 * noise, random_state=seed)
    return X, y


@source("spirals", 2, 3, "three arms that wind around each other")
def spirals(n_samples: int, noise: float, seed: int) -> Points:
    """Return three arms; `noise` is the standard deviation of the angle.

    Source: the data set of the Stanford course CS231n, "Putting it together: minimal neural
    network case study".
    """
    rng = np.random.default_rng(seed)
    y = np.arange(n_samples) % 3
    radius = rng.uniform(0.05, 1.0, n_samples)
    angle = 4.0 * radius + y * (2.0 * np.pi / 3.0) + rng.normal(0.0, noise, n_samples)
    return np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]), y


@source("xor", 2, 2, "four quadrants, opposite ones in the same class")
def xor(n_samples: int, noise: float, seed: int) -> Points:
    """Return points in a square, labelled by the signs of their coordinates before the noise."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1.0, 1.0, (n_samples, 2))
    y = (X[:, 0] > 0) ^ (X[:, 1] > 0)
    return X + rng.normal(0.0, noise / 2, X.shape), y.astype(np.int64)


@source("classification", 20, 3, "20 features, 10 of them informative")
def classification(n_samples: int, noise: float, seed: int) -> Points:
    """Return clusters in 20 dimensions; a quarter of `noise` is the share of random labels."""
    from sklearn.datasets import make_classification

    X, y = make_classification(
        n_samples=n_samples,
        n_features=20,
        n_informative=10,
        n_redundant=4,
        n_classes=3,
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
    """

    n_samples: int = 1000
    noise: float = 0.2
    test_fraction: float = 0.25
    label: str = "label"
    seed: int = 0


def make(name: str, recipe: Recipe = Recipe()) -> Dataset:
    """Return a data set, given the name of a source or the path of a CSV file.

    Raises:
        DatasetError: there is no such data set, or the file cannot be used.
    """
    check_name(name)
    if name.endswith(".csv"):
        table = read_csv(Path(name), recipe.label)
    else:
        found = SOURCES[name]
        X, labels = found.generate(recipe.n_samples, recipe.noise, recipe.seed)
        table = Table(X, labels, tuple(str(i) for i in range(found.n_classes)))
    return split(name, table, recipe.test_fraction, recipe.seed)
