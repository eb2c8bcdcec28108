"""Checks of the whole classifier: gradients, training, no shared state, no growing memory.

The truth is the forward pass as a program, differentiated by the oracles, and the gradient that
was derived by hand (the engine `numpy`), where that is not the one that is judged.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.conformance import oracles
from benchgrad.engines.conformance.cases.case import generator
from benchgrad.engines.conformance.cases.program import Program
from benchgrad.engines.conformance.cases.table import ROWS
from benchgrad.engines.conformance.check import Check
from benchgrad.engines.conformance.judging.diagnosis import diagnose
from benchgrad.engines.conformance.judging.engine_under_test import Subject
from benchgrad.engines.conformance.judging.evidence import Evidence
from benchgrad.engines.conformance.judging.judge import judge_row
from benchgrad.engines.conformance.judging.verdict import Failure, Finding, Refusal, show
from benchgrad.engines.conformance.oracles import OracleError, Truth
from benchgrad.engines.interface import Classifier, UnsupportedError
from benchgrad.engines.model import MLP, SGD, Activation, Loss
from benchgrad.engines.registry import load

Array = NDArray[Any]

BY_HAND = "numpy"  # the engine whose gradients were derived with a pencil
ACTIVATIONS: tuple[Activation, ...] = ("relu", "tanh")
LOSSES: tuple[Loss, ...] = ("cross_entropy", "hinge")
SIZES = (7, 2, 1)
_RULE = SGD(0.1)
RTOL = {"float64": 1e-9, "float32": 1e-3}
_TRIES = 8  # other data, where a kink lies within the step of the differences


@dataclass(frozen=True)
class Task:
    """A model with its parameters and a batch, in float64."""

    model: MLP
    parameters: tuple[Array, ...]
    X: Array
    y: Array

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters: W0, b0, W1 and so on."""
        return tuple(f"{'Wb'[i % 2]}{i // 2}" for i in range(len(self.parameters)))

    def program(self, X: Array, y: Array) -> Program:
        """Return the mean loss as a program over the parameters."""
        names = self.names
        lines = [f"X, y = np.array({X.tolist()}), np.array({y.tolist()})", "h = X"]
        for i in range(0, len(names), 2):
            layer = f"h @ {names[i]} + {names[i + 1]}"
            is_last = i == len(names) - 2
            lines.append(f"h = {layer}" if is_last else f"h = ops.{self.model.activation}({layer})")
        if self.model.loss == "cross_entropy":
            lines.append("out = ops.mean(ops.logsumexp(h, axis=1) - ops.pick(h, y))")
        else:
            lines.append("of_label = ops.pick(h, y[:, None])")
            lines.append(f"wrong = np.arange({self.model.layers[-1]}) != y[:, None]")
            lines.append("out = ops.sum(ops.relu(h - of_label + 1.0) * wrong) * (1.0 / len(y))")
        return Program("\n".join(lines), names)


def checks() -> Iterator[Check]:
    """Return the checks of the classifier."""
    for loss in LOSSES:
        for activation in ACTIVATIONS:
            model = MLP((3, 4, 3), activation, loss)
            name = f"{loss}, {activation}"
            for n in SIZES:
                rows = f"{n} rows" if n > 1 else "1 row"
                for dtype in RTOL:
                    run = partial(_gradients, model=model, n=n, dtype=dtype)
                    yield Check(f"classifier: {name}, {rows}, {dtype}", "classifier", run)
            run = partial(_training, model=model)
            yield Check(f"classifier: training with {name}", "classifier", run)
    for layers in ((2, 3), (1, 2, 2), (2, 3, 3, 4)):
        run = partial(_gradients, model=MLP(layers), n=5, dtype="float64")
        yield Check(f"classifier: layers {layers}", "classifier", run)
    yield Check("classifier: large logits", "classifier", _large_logits)
    yield Check("classifier: no state between calls", "classifier", _no_state)
    yield Check("classifier: copies what it is given", "classifier", _copies)


def task_of(model: MLP, n: int, seed: int, scale: float = 1.0) -> Task:
    """Return a task drawn for a seed; every class occurs if there are rows enough."""
    rng = generator(f"{model}", seed)
    parameters = [
        scale * p + 0.1 * rng.normal(size=p.shape) for p in model.initial_parameters(seed)
    ]
    X = np.round(rng.normal(size=(n, model.layers[0])), 2)
    y = rng.permutation(np.arange(max(n, model.layers[-1])) % model.layers[-1])[:n]
    return Task(model, tuple(np.round(p, 2) for p in parameters), X, y)


@cache
def known_task(model: MLP, n: int, seed: int, is_by_hand: bool) -> tuple[Task, Truth]:
    """Return a task with what is true of it.

    Raises:
        OracleError: the oracles disagree about every data set that was tried.
    """
    for i in range(_TRIES):
        task = task_of(model, n, seed + 1000 * i)
        program = task.program(task.X, task.y)
        by_hand: Sequence[Array] = ()
        if not is_by_hand:
            by_hand = _classifier(load(BY_HAND), task, "float64").gradients(task.X, task.y)
        try:
            return task, oracles.judge(program.function, task.parameters, by_hand)
        except OracleError:
            if i == _TRIES - 1:
                raise
    raise AssertionError


def _classifier(engine: Any, task: Task, dtype: str, rule: SGD = _RULE) -> Classifier:
    parameters = [p.copy() for p in task.parameters]
    classifier: Classifier = engine.classifier(task.model, parameters, rule, dtype)
    return classifier


def _task(subject: Subject, model: MLP, n: int) -> tuple[Task, Truth]:
    """Return what is to be done, after asking the engine whether it has such classifiers."""
    _classifier(subject.engine, task_of(model, n, subject.seed), subject.dtype)
    return known_task(model, n, subject.seed, subject.engine.name == BY_HAND)


def _gradients(subject: Subject, model: MLP, n: int, dtype: str) -> None:
    """Compare loss and gradients of one batch."""
    if dtype not in subject.engine.capabilities.dtypes:
        raise UnsupportedError(f"{subject.engine.name} does not compute in {dtype}")
    task, truth = _task(subject, model, n)
    found = _classifier(subject.engine, task, dtype).gradients(task.X.astype(dtype), task.y)
    for i, expected in enumerate(truth.gradients):
        if not oracles.agree(np.asarray(found[i], np.longdouble), expected, RTOL[dtype]):
            cause = _of_its_parts(subject, model) or _cause(task, truth, found, dtype)
            if n == 1 and _is_right(subject, model, dtype):
                cause += (
                    " only for a batch of one row" if cause else "wrong only for one-row batches"
                )
            _fail(subject, task, f"gradients(X, y)[{i}]", (expected, found[i]), cause, dtype)
    loss = _classifier(subject.engine, task, dtype).train_step(task.X.astype(dtype), task.y)
    if not oracles.agree(np.asarray(loss), np.asarray(truth.value), RTOL[dtype]):
        pair = (truth.value, loss)
        _fail(subject, task, "train_step(X, y)", pair, "the mean loss is wrong", dtype)


def _of_its_parts(subject: Subject, model: MLP) -> str:
    """Return which operation of a classifier is wrong by itself, empty if none is."""
    for row in ROWS:
        if row.expression in (f"ops.{model.activation}(x)", "ops.exp(x)", "ops.log(x)"):
            try:
                judge_row(subject, row)
            except Failure as failure:
                return f"{row.name} is wrong: {failure.finding.cause or failure.finding.reason}"
            except (Refusal, UnsupportedError):
                continue
    return ""


def _is_right(subject: Subject, model: MLP, dtype: str) -> bool:
    """Tell whether a larger batch gets the right gradients."""
    try:
        _gradients(subject, model, SIZES[0], dtype)
    except Failure:
        return False
    return True


def _cause(task: Task, truth: Truth, found: Sequence[Array], dtype: str) -> str:
    """Return the likely cause of wrong gradients of the parameters."""
    program = task.program(task.X, task.y)
    arrays = [np.asarray(g) for g in found]
    value = truth.value
    return diagnose(
        Evidence(program, task.parameters, truth.gradients, arrays, value, value, rtol=RTOL[dtype])
    )


def _fail(  # noqa: PLR0913, PLR0917 (what a failure consists of)
    subject: Subject,
    task: Task,
    call: str,
    pair: tuple[Any, Any],
    cause: str,
    dtype: str = "float64",
    rule: SGD = _RULE,
) -> None:
    """Raise the failure of a call on a classifier, with code that repeats it."""
    expected, actual = show(pair[0]), show(pair[1])
    parameters = ", ".join(f"np.array({p.tolist()})" for p in task.parameters)
    code = "\n".join(
        (
            "import numpy as np",
            "",
            "from benchgrad.engines import MLP, SGD, load",
            "",
            f"engine = load({subject.spec!r})",
            f"parameters = [{parameters}]",
            f"X, y = np.array({task.X.tolist()}, np.{dtype}), np.array({task.y.tolist()})",
            f"classifier = engine.classifier({task.model}, parameters, {rule}, {dtype!r})",
            f"print(classifier.{call})  # must be {expected}",
        )
    )
    reason = f"{call} is {actual}, must be {expected}"
    raise Failure(Finding(reason, cause, code, expected, actual))


def _training(subject: Subject, model: MLP) -> None:
    """Take steps with momentum and weight decay, on batches of several sizes."""
    rule = SGD(0.2, momentum=0.9, weight_decay=0.01)
    dtype = subject.dtype
    task, _ = _task(subject, model, SIZES[0])
    batches = [np.array(rows) for rows in ([0, 1, 2], [3, 4], [5], [6, 0, 5], [1])]
    classifier = _classifier(subject.engine, task, dtype, rule)
    losses = np.asarray(classifier.train_epoch(task.X.astype(dtype), task.y, batches))
    expected, trained = _trained(task, rule, batches)
    if not oracles.agree(losses.astype(float), expected, RTOL[dtype]):
        wrong = int(np.argmax(np.abs(losses - expected) > RTOL[dtype]))
        cause = (
            "the loss of the first step is wrong"
            if wrong == 0
            else (
                f"the loss departs at step {wrong + 1}: a gradient or the update before it is wrong"
            )
        )
        call = f"train_epoch(X, y, {[b.tolist() for b in batches]})".replace(
            "[[", "[*map(np.array, [["
        )
        call = call.replace("]])", "]])])")
        _fail(subject, task, call, (expected, losses), cause, dtype, rule)
    for i, (found, wanted) in enumerate(zip(classifier.parameters(), trained, strict=True)):
        if not oracles.agree(found, wanted, RTOL[dtype]):
            cause = "the last update of the parameters is wrong"
            _fail(subject, task, f"parameters()[{i}]", (wanted, found), cause, dtype, rule)
    logits = np.asarray(classifier.logits(task.X.astype(dtype)), float)
    by_hand = _logits(task, trained)
    if not oracles.agree(logits, by_hand, 10 * RTOL[dtype]):
        cause = "the logits are not those of the parameters"
        _fail(subject, task, "logits(X)", (by_hand, logits), cause, dtype, rule)


def _trained(task: Task, rule: SGD, batches: list[Array]) -> tuple[Array, list[Array]]:
    """Return the losses and the parameters of a training by complex steps."""
    parameters = [np.array(p, np.longdouble) for p in task.parameters]
    velocities = [np.zeros_like(p) for p in parameters]
    losses = []
    for rows in batches:
        program = task.program(task.X[rows], task.y[rows])
        losses.append(float(oracles.value_of(program.function, parameters)))
        gradients = oracles.by_complex_step(program.function, parameters)
        for p, v, g in zip(parameters, velocities, gradients, strict=True):
            v[...] = rule.momentum * v + g + rule.weight_decay * p
            p[...] = p - rule.learning_rate * v
    return np.array(losses), parameters


def _logits(task: Task, parameters: Sequence[Array]) -> Array:
    h = np.asarray(task.X, np.longdouble)
    for i in range(0, len(parameters), 2):
        h = h @ parameters[i] + parameters[i + 1]
        if i < len(parameters) - 2:
            h = np.maximum(h, 0) if task.model.activation == "relu" else np.tanh(h)
    return h


def _large_logits(subject: Subject) -> None:
    """Logits of several hundred: a softmax that does not take the maximum out overflows."""
    task = task_of(MLP((3, 4, 3)), 5, subject.seed, scale=60.0)
    program = task.program(task.X, task.y)
    expected = oracles.by_complex_step(program.function, task.parameters)
    if not all(np.all(np.isfinite(gradient)) for gradient in expected):
        raise OracleError("the gradients of large logits are not finite")
    dtype = subject.dtype
    found = _classifier(subject.engine, task, dtype).gradients(task.X.astype(dtype), task.y)
    for i, (a, b) in enumerate(zip(found, expected, strict=True)):
        if not oracles.agree(np.asarray(a, np.longdouble), b, RTOL[dtype]):
            cause = "the softmax overflows: the row maximum is not taken out"
            _fail(subject, task, f"gradients(X, y)[{i}]", (b, a), cause, dtype)


def _no_state(subject: Subject) -> None:
    """A call to gradients updates nothing, adds to nothing, and touches no other classifier."""
    task, truth = _task(subject, MLP((3, 4, 3)), SIZES[0])
    dtype = subject.dtype
    X = task.X.astype(dtype)
    first = _classifier(subject.engine, task, dtype)
    other = _classifier(subject.engine, task, dtype)
    kept = [np.array(g) for g in first.gradients(X, task.y)]
    handed = first.gradients(X, task.y)
    first.gradients(X[:1], task.y[:1])
    other.train_step(X, task.y)
    first.logits(X)
    for i, expected in enumerate(truth.gradients):
        for found, cause in (
            (kept[i], "the gradients of the first call are wrong"),
            (first.gradients(X, task.y)[i], "an earlier call leaves something behind"),
            (handed[i], "gradients that were handed out change with a later call"),
        ):
            if not oracles.agree(np.asarray(found, np.longdouble), expected, RTOL[dtype]):
                _fail(subject, task, f"gradients(X, y)[{i}]", (expected, found), cause, dtype)


def _copies(subject: Subject) -> None:
    """Arrays that were given are not written to, and those that were got are copies."""
    task, _ = _task(subject, MLP((3, 4, 3)), SIZES[0])
    dtype = subject.dtype
    given = [p.astype(dtype) for p in task.parameters]
    X, y = task.X.astype(dtype), task.y.copy()
    classifier = subject.engine.classifier(task.model, given, SGD(0.1), dtype)
    got = classifier.parameters()
    kept = [p.copy() for p in got]
    classifier.train_step(X, y)
    pairs = (
        ("the parameters that it was given change", task.parameters, given),
        ("parameters() returns no copies", kept, got),
        ("the batch changes", (task.X, task.y), (X, y)),
    )
    for cause, before, after in pairs:
        for a, b in zip(before, after, strict=True):
            if not np.array_equal(np.asarray(a, dtype), np.asarray(b, dtype)):
                _fail(subject, task, "train_step(X, y)", (a, b), cause, dtype)
