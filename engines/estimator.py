"""A scikit-learn estimator that trains benchgrad's classifier with any engine.

No training arithmetic belongs here: the engine computes, and schedule.py has the loop.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from benchgrad.engines.hyperparameters import check_hyperparameters
from benchgrad.engines.interface import Array, Classifier
from benchgrad.engines.model import MLP, SGD
from benchgrad.engines.registry import load
from benchgrad.engines.schedule import batch_generator, draw_epochs, train_epochs

_CHUNK_ROWS = 500  # of logits at a time, since a scalar engine builds a graph for them


@dataclass(frozen=True)
class _Work:
    """Everything that defines a classifier except its parameters."""

    engine: str
    model: MLP
    optimizer: SGD
    dtype: str

    def classifier(self, parameters: list[Array]) -> Classifier:
        """Return a classifier that starts from `parameters`, with zero velocity."""
        return load(self.engine).classifier(self.model, parameters, self.optimizer, self.dtype)


def _has_probabilities(estimator: "AutogradClassifier") -> bool:
    return estimator.loss == "cross_entropy"


class AutogradClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # of type Any
    """A multilayer perceptron trained by stochastic gradient descent, with any engine.

    Weights, batches and updates are the benchmark's: an integer `random_state` gives the losses
    and parameters of a plan with that seed. `fit` and `partial_fit` read and check the
    hyperparameters; docs/estimator.md lists the differences from MLPClassifier.

    Args:
        engine: a name, ``path/to/file.py`` or ``package.module:attribute``.
        hidden_layers: the widths of the hidden layers, or that of the only one; may be empty.
        activation: ``relu`` or ``tanh``.
        loss: ``cross_entropy`` or ``hinge``, which has no `predict_proba`.
        learning_rate: positive.
        momentum: 0 is plain gradient descent.
        weight_decay: adds this multiple of every parameter, biases too, to its gradient.
        epochs: for `fit`; `partial_fit` takes one.
        batch_size: in rows; the last batch of an epoch may be shorter.
        dtype: ``float64`` or ``float32``, in which the engine computes.
        random_state: draws the initial weights and the batches.

    Attributes:
        classes_: (k,), the labels in the order of the logits.
        n_features_in_: the number of columns of X.
        feature_names_in_: their names, if X had any.
        n_iter_: the number of epochs since training began.
        loss_curve_: the loss of each epoch: the mean over its batches, each before its update.
        loss_: the loss of the last epoch.
        coefs_, intercepts_: the weights and biases of each layer, float64.
    """

    classes_: Array
    n_features_in_: int
    n_iter_: int
    loss_curve_: list[float]
    loss_: float
    coefs_: list[Array]
    intercepts_: list[Array]
    _work: _Work
    _rng: np.random.Generator
    _classifier: Classifier | None = None  # also None in a copy

    def __init__(
        self,
        engine: str = "tensor",
        *,
        hidden_layers: Sequence[int] | int = (32, 32),
        activation: str = "relu",
        loss: str = "cross_entropy",
        learning_rate: float = 0.05,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        epochs: int = 100,
        batch_size: int = 32,
        dtype: str = "float64",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.engine = engine
        self.hidden_layers = hidden_layers
        self.activation = activation
        self.loss = loss
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.batch_size = batch_size
        self.dtype = dtype
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Train from scratch for `epochs` epochs on X (n, d) with labels y (n,).

        Raises:
            ValueError: a hyperparameter or the data are invalid, or the loss is not finite.
            EngineError: there is no such engine, or it cannot be loaded.
            UnsupportedError: the engine lacks the dtype or an operation.
        """
        check_hyperparameters(self.get_params(deep=False))
        X, y = validate_data(self, X, y, dtype=self.dtype)
        check_classification_targets(y)
        encoder = LabelEncoder().fit(y)
        self._begin(X.shape[1], encoder.classes_)
        return self._train(X, encoder.transform(y), self.epochs)

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Continue training for one pass over these rows.

        `classes` lists every label y may ever have; the first call needs it. The velocity is
        kept, but starts from zero after a changed hyperparameter, a copy or a pickle.

        Raises:
            ValueError: as in `fit`; or `classes` are missing, or differ from the first call's.
        """
        check_hyperparameters(self.get_params(deep=False))
        is_first = not self.__sklearn_is_fitted__()
        if is_first and classes is None:
            raise ValueError("classes: the first call of partial_fit must list all labels")
        X, y = validate_data(self, X, y, dtype=self.dtype, reset=is_first)
        check_classification_targets(y)
        encoder = LabelEncoder().fit(classes if is_first else self.classes_)
        labels = encoder.transform(y)
        if is_first:
            self._begin(X.shape[1], encoder.classes_)
        else:
            self._resume(classes)
        return self._train(X, labels, 1)

    def predict(self, X: Any) -> Array:
        """Return the label with the largest logit for each row, (n,)."""
        labels = self._logits(X).argmax(axis=1)
        predicted: Array = self.classes_[labels]
        return predicted

    def decision_function(self, X: Any) -> Array:
        """Return the logits, (n, k), or for two classes their difference, (n,).

        As in scikit-learn, a positive difference means ``classes_[1]``.
        """
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Array:
        """Return the softmax of the logits, (n, k); not available with the hinge loss."""
        probabilities: Array = softmax(self._logits(X), axis=1)
        return probabilities

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of the probabilities, (n, k), finite however small those are."""
        logarithms: Array = log_softmax(self._logits(X), axis=1)
        return logarithms

    def __sklearn_is_fitted__(self) -> bool:
        return "_work" in vars(self)

    def __getstate__(self) -> dict[str, Any]:
        """Drop the live classifier; keep the parameters and the batch generator."""
        state = dict(super().__getstate__())
        state.pop("_classifier", None)
        return state

    def _begin(self, n_features: int, classes: Array) -> None:
        """Start from new weights."""
        if len(classes) < 2:
            raise ValueError(f"y has one class, {classes.tolist()}; a classifier needs two")
        seed = self._seed()
        work = self._described(n_features, len(classes))
        self._classifier = work.classifier(work.model.initial_parameters(seed))
        self._work, self.classes_, self._rng = work, classes, batch_generator(seed)
        self.n_iter_, self.loss_curve_ = 0, []

    def _resume(self, classes: Any) -> None:
        """Continue from the existing weights with the current hyperparameters."""
        given = self.classes_ if classes is None else LabelEncoder().fit(classes).classes_
        if not np.array_equal(given, self.classes_):
            known = self.classes_.tolist()
            raise ValueError(f"classes: {given.tolist()} differ from the first call's, {known}")
        work = self._described(self.n_features_in_, len(self.classes_))
        if work.model.layers != self._work.model.layers:
            raise ValueError(
                f"hidden_layers: {self.hidden_layers!r} does not match the existing weights; "
                "call fit to start over"
            )
        if work != self._work:
            self._classifier = work.classifier(self._parameters())
            self._work = work

    def _train(self, X: Array, y: Array, n_epochs: int) -> Self:
        """Train for `n_epochs` epochs on labels from 0 to k − 1."""
        epochs = draw_epochs(n_epochs, len(y), self.batch_size, self._rng)
        classifier = self._live()
        try:
            for losses in train_epochs(classifier.train_epoch, X, y, epochs):
                self.n_iter_ += 1
                self.loss_ = float(np.mean(losses))
                self.loss_curve_.append(self.loss_)
                if not math.isfinite(self.loss_):
                    raise ValueError(
                        f"the loss is {self.loss_} in epoch {self.n_iter_}; a smaller "
                        "learning_rate may help, or standardised features"
                    )
        finally:  # also after an interruption
            parameters = classifier.parameters()
            self.coefs_, self.intercepts_ = parameters[::2], parameters[1::2]
        return self

    def _live(self) -> Classifier:
        """Return the live classifier; a copy makes its own from the parameters."""
        if self._classifier is None:
            self._classifier = self._work.classifier(self._parameters())
        return self._classifier

    def _logits(self, X: Any) -> Array:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=self._work.dtype, reset=False)
        chunks = np.split(X, range(_CHUNK_ROWS, len(X), _CHUNK_ROWS))
        classifier = self._live()
        return np.concatenate([classifier.logits(chunk) for chunk in chunks])

    def _parameters(self) -> list[Array]:
        return [p for pair in zip(self.coefs_, self.intercepts_, strict=True) for p in pair]

    def _described(self, n_features: int, n_classes: int) -> _Work:
        """Return the work described by the hyperparameters."""
        hidden = np.atleast_1d(self.hidden_layers)  # one width may stand alone
        layers = (n_features, *map(int, hidden), n_classes)
        model = MLP(layers, self.activation, self.loss)  # type: ignore[arg-type]  # checked there
        # A NumPy scalar, as in a grid search, would turn float32 arrays into float64.
        rates = (self.learning_rate, self.momentum, self.weight_decay)
        optimizer = SGD(*map(float, rates))
        return _Work(self.engine, model, optimizer, self.dtype)

    def _seed(self) -> int:
        """Return an integer `random_state` unchanged, as plans do; draw one from any other."""
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        drawn = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        return int(drawn)
