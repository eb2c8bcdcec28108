"""Checks of the classifier: gradients, training, and no state left behind.

The gradients must be those of the oracles and, except for the engine `numpy` itself, those that
`numpy` derived by hand.
"""

from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from msgspec.structs import replace

from benchgrad.engines.conformance.cases import oracles
from benchgrad.engines.conformance.cases.oracles import Array, OracleError, Truth, agree
from benchgrad.engines.conformance.cases.problem import Problem
from benchgrad.engines.conformance.cases.table import CASES
from benchgrad.engines.conformance.cases.task import Task, task_of
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.judging.diagnosis import diagnose
from benchgrad.engines.conformance.judging.engine_under_test import Answer, EngineUnderTest
from benchgrad.engines.conformance.judging.evidence import Evidence
from benchgrad.engines.conformance.judging.judge import judge_case
from benchgrad.engines.conformance.judging.trial import RTOL, RULE, Trial
from benchgrad.engines.conformance.judging.verdict import Cause, Failure, Refusal
from benchgrad.engines.interface import UnsupportedError
from benchgrad.engines.model import MLP, SGD, Activation, Loss
from benchgrad.engines.registry import load

BY_HAND = "numpy"  # the engine whose gradients were derived by hand
ACTIVATIONS: tuple[Activation, ...] = ("relu", "tanh")
LOSSES: tuple[Loss, ...] = ("cross_entropy", "hinge")
SIZES = (7, 2, 1)
_MODEL = MLP((3, 4, 3))
_MOMENTUM = SGD(0.2, momentum=0.9, weight_decay=0.01)
_BATCHES = ([0, 1, 2], [3, 4], [5], [6, 0, 5], [1])
# The operations that may take part, whether an engine composes a loss of them or not.
_LOSS_OF = {
    "cross_entropy": "ops.mean(ops.logsumexp(h, axis=1) - ops.pick(h, y)) + ops.cross_entropy(h, y)"
    " + ops.log(ops.sum(ops.exp(h - ops.max(ops.detach(h), axis=1)), axis=1)) + h[rows, y]",
    "hinge": "ops.sum(ops.relu(h - ops.pick(h, y) - h[rows, y] + 1.0)) * 0.25",
}
_TRIES = 8  # other data, where a kink is within a step of the differences

_OVERFLOWS = Cause("the softmax overflows: the row maximum is not subtracted first")


def checks() -> Iterator[Check]:
    """Yield the checks of the classifier."""
    for loss in LOSSES:
        for activation in ACTIVATIONS:
            model = MLP((3, 4, 3), activation, loss)
            for n in SIZES:
                for dtype in RTOL:
                    rows = f"{n} rows" if n > 1 else "1 row"
                    name = f"{loss}, {activation}, {rows}, {dtype}"
                    yield _check(name, partial(_gradients, model=model, n=n, dtype=dtype), model)
            name = f"training with {loss}, {activation}"
            yield _check(name, partial(_training, model=model), model)
    for layers in ((2, 3), (1, 2, 2), (2, 3, 3, 4)):
        run = partial(_gradients, model=MLP(layers), n=5, dtype="float64")
        yield _check(f"layers {layers}", run)
    yield _check("large logits", _large_logits)
    yield _check("no state between calls", _no_state)
    yield _check("copies what it is given", _copies)


def _check(name: str, run: Any, model: MLP = _MODEL) -> Check:
    layers = f"h = ops.{model.activation}(ops.linear(x, w1, b1)) @ w2 + b2"
    source = f"{layers}\nout = {_LOSS_OF[model.loss]}"
    return Check(f"classifier: {name}", "classifier", run, source=source)


@cache
def _known(model: MLP, n: int, seed: int, is_by_hand: bool) -> tuple[Task, Truth]:
    """Return a task with the truth about it, confirmed by hand unless that is what is judged.

    Raises:
        OracleError: the oracles disagree about every data set that was tried.
    """
    for i in range(_TRIES):
        task = task_of(model, n, seed + 1000 * i)
        by_hand: Sequence[Array] = ()
        if not is_by_hand:
            by_hand = Trial(EngineUnderTest(BY_HAND, load(BY_HAND)), task, "float64").gradients()
        try:
            return task, oracles.judge(task.question.program.function, task.parameters, by_hand)
        except OracleError:
            if i == _TRIES - 1:
                raise
    raise AssertionError


def _trial(
    tested: EngineUnderTest, model: MLP, n: int, dtype: str = "", rule: SGD = RULE
) -> tuple[Trial, Truth]:
    """Return a trial and the truth about it, once the engine has shown that it has classifiers."""
    Trial(tested, task_of(model, n, tested.seed), tested.dtype).classifier()
    task, truth = _known(model, n, tested.seed, tested.engine.name == BY_HAND)
    return Trial(tested, task, dtype or tested.dtype, rule), truth


# --- gradients ---------------------------------------------------------------------------------


def _gradients(tested: EngineUnderTest, model: MLP, n: int, dtype: str) -> None:
    """Compare loss and gradients of one batch."""
    tested.engine.require_dtype(dtype)
    trial, truth = _trial(tested, model, n, dtype)
    found = trial.gradients()
    for i, expected in enumerate(truth.gradients):
        if not trial.fits(found[i], expected):
            cause = _of_its_parts(tested, model) or _of_its_numbers(trial, truth, found)
            if n == 1 and _is_right(tested, model, dtype):
                cause = _of_one_row(cause)
            raise trial.failure(f"gradients(X, y)[{i}]", found[i], expected, cause)
    loss = trial.classifier().train_step(trial.X, trial.task.y)
    cause = Cause("the mean loss is wrong")
    trial.require("train_step(X, y)", loss, truth.value, cause)


def _of_its_parts(tested: EngineUnderTest, model: MLP) -> Cause | None:
    """Return which operation of a classifier is wrong by itself, None if none is."""
    for case in CASES:
        if case.expression in (f"ops.{model.activation}(x)", "ops.exp(x)", "ops.log(x)"):
            try:
                judge_case(tested, case)
            except Failure as failure:
                found = failure.finding
                if found.cause is None:
                    return Cause(f"{case.name} is wrong: {{}}", (found.reason,))
                return replace(found.cause, kind=f"{case.name} is wrong: {found.cause.kind}")
            except (Refusal, UnsupportedError):
                continue
    return None


def _of_its_numbers(trial: Trial, truth: Truth, found: Sequence[Array]) -> Cause | None:
    answer = Answer(truth.value, tuple(map(np.asarray, found)))
    return diagnose(Evidence(Problem(trial.task.question, truth), answer, RTOL[trial.dtype]))


def _of_one_row(cause: Cause | None) -> Cause:
    if cause is None:
        return Cause("wrong only for a batch of one row")
    return replace(cause, kind=f"{cause.kind} only for a batch of one row")


def _is_right(tested: EngineUnderTest, model: MLP, dtype: str) -> bool:
    """Tell whether a larger batch gets the right gradients."""
    try:
        _gradients(tested, model, SIZES[0], dtype)
    except Failure:
        return False
    return True


def _large_logits(tested: EngineUnderTest) -> None:
    """Check logits of several hundred, where a softmax without its maximum overflows."""
    task = task_of(_MODEL, 5, tested.seed, scale=60.0)
    question = task.question
    expected = oracles.by_complex_step(question.program.function, question.arrays)
    if not all(np.all(np.isfinite(gradient)) for gradient in expected):
        raise OracleError("the gradients of large logits are not finite")
    trial = Trial(tested, task, tested.dtype)
    for i, (found, must) in enumerate(zip(trial.gradients(), expected, strict=True)):
        trial.require(f"gradients(X, y)[{i}]", found, must, _OVERFLOWS)


# --- training and state ------------------------------------------------------------------------


def _training(tested: EngineUnderTest, model: MLP) -> None:
    """Take steps with momentum and weight decay, on batches of several sizes."""
    trial, _ = _trial(tested, model, SIZES[0], rule=_MOMENTUM)
    batches = [np.array(rows) for rows in _BATCHES]
    classifier = trial.classifier()
    found = np.asarray(classifier.train_epoch(trial.X, trial.task.y, batches), float)
    losses, parameters = trial.task.trained(_MOMENTUM, batches)
    call = f"train_epoch(X, y, [*map(np.array, {list(_BATCHES)})])"
    trial.require(call, found, losses, _of_losses(found, losses, RTOL[trial.dtype]))
    cause = Cause("the last update of the parameters is wrong")
    for i, (p, expected) in enumerate(zip(classifier.parameters(), parameters, strict=True)):
        trial.require(f"parameters()[{i}]", p, expected, cause)
    logits = np.asarray(classifier.logits(trial.X), float)
    by_hand = trial.task.logits(parameters)
    if not agree(logits, by_hand, 10 * RTOL[trial.dtype]):
        cause = Cause("the logits are not those of the parameters")
        raise trial.failure("logits(X)", logits, by_hand, cause)


def _of_losses(found: Array, losses: Array, rtol: float) -> Cause:
    """Return the first step at which losses depart from the right ones."""
    if found.shape != losses.shape:
        return Cause("there is not one loss for each step")
    step = int(np.argmax(~(np.abs(found - losses) <= rtol))) + 1
    if step == 1:
        return Cause("the loss of the first step is wrong")
    kind = "the loss departs at step {}: a gradient or the update before it is wrong"
    return Cause(kind, (str(step),))


def _no_state(tested: EngineUnderTest) -> None:
    """Check that gradients() updates nothing, adds to nothing, and touches no other classifier."""
    trial, truth = _trial(tested, _MODEL, SIZES[0])
    X, y = trial.X, trial.task.y
    first, other = trial.classifier(), trial.classifier()
    kept = [np.array(g) for g in first.gradients(X, y)]
    handed = first.gradients(X, y)
    first.gradients(X[:1], y[:1])
    other.train_step(X, y)
    first.logits(X)
    for i, expected in enumerate(truth.gradients):
        for found, words in (
            (kept[i], "the gradients of the first call are wrong"),
            (first.gradients(X, y)[i], "an earlier call leaves something behind"),
            (handed[i], "gradients that were handed out change with a later call"),
        ):
            trial.require(f"gradients(X, y)[{i}]", found, expected, Cause(words))


def _copies(tested: EngineUnderTest) -> None:
    """Check that arrays that were given are not written to, and that parameters() copies."""
    trial, _ = _trial(tested, _MODEL, SIZES[0])
    task, dtype = trial.task, trial.dtype
    given = [p.astype(dtype) for p in task.parameters]
    X, y = trial.X, task.y.copy()
    classifier = tested.engine.classifier(task.model, given, RULE, dtype)
    returned = classifier.parameters()
    kept = [p.copy() for p in returned]
    classifier.train_step(X, y)
    for words, before, after in (
        ("the parameters that it was given change", task.parameters, given),
        ("parameters() returns no copies", kept, returned),
        ("the batch changes", (task.X, task.y), (X, y)),
    ):
        for a, b in zip(before, after, strict=True):
            if not np.array_equal(np.asarray(a, dtype), np.asarray(b, dtype)):
                raise trial.failure("train_step(X, y)", b, a, Cause(words))
