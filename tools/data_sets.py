"""Accuracy on five data sets of scikit-learn beside `MLPClassifier`, and the time of each engine.

    python -P tools/data_sets.py [engine ...]

Both classifiers take the same steps: SGD with momentum 0.9 and no penalty, 100 epochs of batches
of 32 rows, layers of 32 and 32. They differ in their initial weights. Each figure is a mean over
five folds; a time is that of `fit` relative to MLPClassifier's on the same fold, the median.
"""

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchgrad.engines import AutogradClassifier

EPOCHS = 100
DATA: dict[str, Callable[[], Any]] = {
    "iris": lambda: datasets.load_iris(return_X_y=True),
    "wine": lambda: datasets.load_wine(return_X_y=True),
    "breast cancer": lambda: datasets.load_breast_cancer(return_X_y=True),
    "digits": lambda: datasets.load_digits(return_X_y=True),
    "moons": lambda: datasets.make_moons(1000, noise=0.2, random_state=0),
}


def theirs() -> MLPClassifier:
    return MLPClassifier(
        (32, 32),
        solver="sgd",
        alpha=0.0,
        learning_rate_init=0.01,
        momentum=0.9,
        nesterovs_momentum=False,
        batch_size=32,
        max_iter=EPOCHS,
        n_iter_no_change=EPOCHS,
        random_state=0,
    )


def ours(engine: str) -> AutogradClassifier:
    return AutogradClassifier(
        engine, learning_rate=0.01, momentum=0.9, epochs=EPOCHS, random_state=0
    )


def folds(classifier: Any, X: Any, y: Any) -> tuple[Any, Any]:
    """Return the accuracies on five folds, and the seconds of each fit."""
    scores, seconds = [], []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
        model = make_pipeline(StandardScaler(), clone(classifier))
        began = time.perf_counter()
        model.fit(X[train], y[train])
        seconds.append(time.perf_counter() - began)
        scores.append(model.score(X[test], y[test]))
    return np.array(scores), np.array(seconds)


def main(engines: list[str]) -> None:
    print("| data | rows, features, classes | MLPClassifier |", *(f"`{e}` |" for e in engines))
    print("|---|---|---:|" + "---:|" * len(engines))
    for name, make in DATA.items():
        X, y = make()
        shape = f"{X.shape[0]}, {X.shape[1]}, {len(np.unique(y))}"
        expected, reference_s = folds(theirs(), X, y)
        cells = [f"{expected.mean():.1%}"]
        for engine in engines:
            scores, seconds = folds(ours(engine), X, y)
            cells.append(f"{scores.mean():.1%}, {np.median(seconds / reference_s):.2g} ×")
        print(f"| {name} | {shape} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)  # MLPClassifier warns of all epochs
    with threadpool_limits(1):
        main(sys.argv[1:] or ["numpy", "tensor", "tensor-replay", "tensor-compiled"])
