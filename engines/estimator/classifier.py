"""The estimator: hyperparameters in, scikit-learn's attributes out.

No training arithmetic belongs here: the engine computes, and schedule.py has the loop.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Tags, check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from benchgrad.engines.estimator.hyperparameters import check_hyperparameters
from benchgrad.engines.estimator.rows import chunks, epoch_trainer
from benchgrad.engines.estimator.stopping import ADVICE, Patience, doubt, guess
from benchgrad.engines.estimator.work import Work
from benchgrad.engines.interface import Array, Classifier, Engine
from benchgrad.engines.schedule import batch_generator, draw_epochs, train_epochs

_CHUNK_ROWS = 500  # of logits at a time, since a scalar engine builds a graph for them
_AUTO_BATCH = 200  # rows, as in MLPClassifier
_AUTO_TOL = 1e-4  # with early stopping, as in MLPClassifier


@dataclass(frozen=True)
class _HeldOut:
    """The rows that decide when training stops."""

    X: Any
    y: Array


def _has_probabilities(estimator: "AutogradClassifier") -> bool:
    return estimator.loss == "cross_entropy"


class AutogradClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # of type Any
    """A multilayer perceptron trained by stochastic gradient descent, with any engine.

    Weights, batches and updates are the benchmark's: an integer `random_state` gives the losses
    and parameters of a plan with that seed. `fit` and `partial_fit` read and check the
    hyperparameters; docs/estimator.md lists the differences from MLPClassifier.

    Args:
        engine: a name, ``path/to/file.py``, ``package.module:attribute``, or an `Engine`.
        hidden_layers: the widths of the hidden layers, or that of the only one; may be empty.
        activation: ``relu`` or ``tanh``.
        loss: ``cross_entropy`` or ``hinge``, which has no `predict_proba`.
        learning_rate: positive.
        momentum: 0 is plain gradient descent.
        weight_decay: adds this multiple of every parameter, biases too, to its gradient.
        epochs: for `fit`, at most; `partial_fit` takes one.
        batch_size: in rows; the last batch of an epoch may be shorter. ``auto`` is 200 rows, or
            all if there are fewer.
        dtype: ``float64`` or ``float32``, in which the engine computes.
        random_state: draws the initial weights, the batches and the rows held out.
        tol: `fit` stops when the loss, or with early stopping the score, has for more than
            `n_iter_no_change` epochs not been better by `tol` than the best before. None takes
            all epochs, or with early stopping is 1e-4.
        n_iter_no_change: see `tol`.
        early_stopping: whether `fit` holds rows out, stops by the accuracy on them, and keeps the
            parameters that were best on them.
        validation_fraction: the share of the rows held out, with each class in proportion.
        warm_start: whether `fit` goes on from the weights of the last one.
        verbose: prints a line every so many epochs; True is 1, False and 0 print nothing.

    Attributes:
        classes_: (k,), the labels in the order of the logits.
        n_features_in_: the number of columns of X.
        feature_names_in_: their names, if X had any.
        n_iter_: the number of epochs since training began.
        t_: the number of rows trained on since then, each as often as it was seen.
        loss_curve_: the loss of each epoch: the mean over its batches, each before its update.
        loss_: the loss of the last epoch.
        best_loss_: the lowest of an epoch; None after a `fit` with early stopping.
        validation_scores_: the accuracy after each epoch on the rows held out; None without.
        best_validation_score_: the highest of them; None without.
        coefs_, intercepts_: the weights and biases of each layer, float64.
        n_layers_: the number of layers, the features included.
        n_outputs_: the number of logits, k.
        out_activation_: ``softmax``, or ``identity`` with the hinge loss.
    """

    classes_: Array
    n_features_in_: int
    n_iter_: int
    t_: int
    loss_curve_: list[float]
    loss_: float
    best_loss_: float | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    coefs_: list[Array]
    intercepts_: list[Array]
    _work: Work
    _rng: np.random.Generator
    _classifier: Classifier | None = None  # also None in a copy
    _velocities: list[Array] | None = None  # for the next classifier

    def __init__(
        self,
        engine: str | Engine = "tensor",
        *,
        hidden_layers: Sequence[int] | int = (32, 32),
        activation: str = "relu",
        loss: str = "cross_entropy",
        learning_rate: float = 0.05,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        epochs: int = 100,
        batch_size: int | str = 32,
        dtype: str = "float64",
        random_state: int | np.random.RandomState | None = None,
        tol: float | None = None,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        verbose: bool | int = False,
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
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.verbose = verbose

    def __sklearn_tags__(self) -> Tags:
        """Say that X may be sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def fit(self, X: Any, y: Any) -> Self:
        """Train for at most `epochs` epochs on X (n, d) with labels y (n,), as a rule from scratch.

        With a training that ends no better than a guess, far above its own lowest loss, or before
        `tol` is met, a ConvergenceWarning says so.

        Raises:
            ValueError: a hyperparameter or the data are invalid, or the loss is not finite; or,
                with `warm_start`, the labels are not those of the last `fit`.
            EngineError: there is no such engine, or it cannot be loaded.
            UnsupportedError: the engine lacks the dtype or an operation.
        """
        check_hyperparameters(self.get_params(deep=False))
        is_new = not (self.warm_start and self.__sklearn_is_fitted__())
        X, y = self._validated(X, y, reset=is_new)
        encoder = LabelEncoder().fit(y)
        if is_new:
            self._begin(X.shape[1], encoder.classes_)
        else:
            self._resume(encoder.classes_)
        labels, held_out = encoder.transform(y), None
        if self.early_stopping:
            X, held_out_X, labels, held_out_y = train_test_split(
                X,
                labels,
                test_size=self.validation_fraction,
                stratify=labels,
                random_state=int(self._rng.integers(2**32)),
            )
            held_out = _HeldOut(held_out_X, held_out_y)
        has_stopped = self._train(X, labels, self.epochs, held_out)
        self._warn_of_doubt(labels, has_stopped)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Continue training for one pass over these rows.

        `classes` lists every label y may ever have; the first call needs it. The velocity is
        kept, also in a copy and in a pickle, by an engine that shows it (`Classifier.velocities`).

        Raises:
            ValueError: as in `fit`; or `classes` are missing, or differ from the first call's; or
                `early_stopping` is set, which a single pass cannot do.
        """
        check_hyperparameters(self.get_params(deep=False))
        if self.early_stopping:
            raise ValueError("early_stopping: partial_fit takes a single pass; use fit")
        is_first = not self.__sklearn_is_fitted__()
        if is_first and classes is None:
            raise ValueError("classes: the first call of partial_fit must list all labels")
        X, y = self._validated(X, y, reset=is_first)
        encoder = LabelEncoder().fit(classes if is_first else self.classes_)
        labels = encoder.transform(y)
        if is_first:
            self._begin(X.shape[1], encoder.classes_)
        else:
            given = self.classes_ if classes is None else LabelEncoder().fit(classes).classes_
            self._resume(given)
        self._train(X, labels, 1)
        return self

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
        """Drop the live classifier; keep the parameters, velocities and the batch generator."""
        state = dict(super().__getstate__())
        if state.pop("_classifier", None) is not None:
            state["_velocities"] = self._velocities_now()
        return state

    def _validated(self, X: Any, y: Any, reset: bool) -> tuple[Any, Array]:
        X, y = validate_data(self, X, y, dtype=self.dtype, accept_sparse="csr", reset=reset)
        check_classification_targets(y)
        return X, y

    def _begin(self, n_features: int, classes: Array) -> None:
        """Start from new weights."""
        if len(classes) < 2:
            raise ValueError(f"y has one class, {classes.tolist()}; a classifier needs two")
        seed = self._seed()
        work = self._described(n_features, len(classes))
        self._classifier = work.classifier(work.model.initial_parameters(seed))
        self._work, self.classes_, self._rng = work, classes, batch_generator(seed)
        self.n_iter_, self.t_, self.loss_curve_ = 0, 0, []
        self.best_loss_ = self.validation_scores_ = self.best_validation_score_ = None
        self.n_layers_, self.n_outputs_ = len(work.model.layers), len(classes)
        self.out_activation_ = "softmax" if self.loss == "cross_entropy" else "identity"

    def _resume(self, classes: Array) -> None:
        """Continue from the existing weights with the current hyperparameters."""
        if not np.array_equal(classes, self.classes_):
            known = self.classes_.tolist()
            raise ValueError(f"classes: {classes.tolist()} differ from the first call's, {known}")
        work = self._described(self.n_features_in_, len(self.classes_))
        if work.model.layers != self._work.model.layers:
            raise ValueError(
                f"hidden_layers: {self.hidden_layers!r} does not match the existing weights; "
                "call fit to start over"
            )
        if work != self._work:
            self._classifier = work.classifier(self._parameters(), self._velocities_now())
            self._work = work

    def _train(self, X: Any, y: Array, n_epochs: int, held_out: _HeldOut | None = None) -> bool:
        """Train for at most `n_epochs` epochs on labels from 0 to k − 1.

        Return whether it stopped because nothing improved. With rows held out it goes back to the
        parameters that were best on them.
        """
        n_rows = min(_AUTO_BATCH, len(y)) if self.batch_size == "auto" else int(self.batch_size)
        epochs = draw_epochs(n_epochs, len(y), n_rows, self._rng)
        classifier, patience = self._live(), self._patience(held_out)
        scores: list[float] = []
        best = None
        self.validation_scores_ = scores if held_out else None
        try:
            for losses in train_epochs(epoch_trainer(classifier, X), X, y, epochs):
                self._note(losses, len(y))
                if held_out:
                    guessed = self._scores(held_out.X).argmax(axis=1)
                    scores.append(float(accuracy_score(held_out.y, guessed)))
                self._report()
                if patience.note(-scores[-1] if held_out else self.loss_) and held_out:
                    best = classifier.parameters()
                if patience.is_over:
                    break
        finally:  # also after an interruption
            self._keep(classifier.parameters())
        self.best_loss_ = None if held_out else min(self.loss_curve_)
        self.best_validation_score_ = max(scores, default=None)
        if best is not None:
            self._keep(best)
            self._classifier = self._velocities = None  # it had gone on from there
        return patience.is_over

    def _note(self, losses: Array, n_rows: int) -> None:
        """Note what an epoch over so many rows has done; raise if its loss is not finite."""
        self.n_iter_ += 1
        self.t_ += n_rows
        self.loss_ = float(np.mean(losses))
        self.loss_curve_.append(self.loss_)
        if not math.isfinite(self.loss_):
            raise ValueError(f"the loss is {self.loss_} in epoch {self.n_iter_}; {ADVICE}")

    def _patience(self, held_out: _HeldOut | None) -> Patience:
        """Return the rule by which this training stops; without `tol` it never does."""
        tol = _AUTO_TOL if self.tol is None else self.tol
        stops = held_out is not None or self.tol is not None
        return Patience(tol, self.n_iter_no_change if stops else self.epochs)

    def _report(self) -> None:
        """Print a line, if one is due."""
        if self.verbose and self.n_iter_ % int(self.verbose) == 0:
            line = f"epoch {self.n_iter_}: loss {self.loss_:.6f}"
            if self.validation_scores_:
                line += f", validation score {self.validation_scores_[-1]:.4f}"
            print(line, flush=True)  # noqa: T201 (asked for)

    def _warn_of_doubt(self, y: Array, has_stopped: bool) -> None:
        """Warn of a training that ended before `tol` was met, or has not learnt what it should."""
        if self.tol is not None and not has_stopped:
            text = (
                f"epochs: after {self.epochs} the training still improves by more than {self.tol}"
            )
            warnings.warn(text, ConvergenceWarning, stacklevel=3)
        if reason := doubt(self.loss_curve_, guess(y, len(self.classes_), self._work.model.loss)):
            warnings.warn(f"{reason}; {ADVICE}", ConvergenceWarning, stacklevel=3)

    def _live(self) -> Classifier:
        """Return the live classifier; a copy makes its own from what it kept."""
        if self._classifier is None:
            self._classifier = self._work.classifier(self._parameters(), self._velocities)
        return self._classifier

    def _logits(self, X: Any) -> Array:
        check_is_fitted(self)
        return self._scores(
            validate_data(self, X, dtype=self._work.dtype, accept_sparse="csr", reset=False)
        )

    def _scores(self, X: Any) -> Array:
        """Return the logits of rows that are validated."""
        classifier = self._live()
        return np.concatenate([classifier.logits(rows) for rows in chunks(X, _CHUNK_ROWS)])

    def _keep(self, parameters: list[Array]) -> None:
        self.coefs_, self.intercepts_ = parameters[::2], parameters[1::2]

    def _parameters(self) -> list[Array]:
        return [p for pair in zip(self.coefs_, self.intercepts_, strict=True) for p in pair]

    def _velocities_now(self) -> list[Array] | None:
        """Return copies of the velocities, or None where the engine does not show them."""
        shown = self._classifier.velocities() if self._classifier else self._velocities
        return None if shown is None else [np.array(velocity, np.float64) for velocity in shown]

    def _described(self, n_features: int, n_classes: int) -> Work:
        """Return the work described by the hyperparameters."""
        return Work.of(self.get_params(deep=False), n_features, n_classes)

    def _seed(self) -> int:
        """Return an integer `random_state` unchanged, as plans do; draw one from any other."""
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        drawn = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        return int(drawn)
