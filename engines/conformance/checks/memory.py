"""Checks that memory does not grow: what one step allocates, a later step has freed."""

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.conformance.cases.program import Program, Question
from benchgrad.engines.conformance.judging import places
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.conformance.judging.reproduction import loading
from benchgrad.engines.conformance.judging.verdict import Cause, Failure, Finding
from benchgrad.engines.interface import Classifier, UnsupportedError
from benchgrad.engines.model import MLP, SGD, Loss

LOSSES: tuple[Loss, ...] = ("cross_entropy", "hinge")
N_STEPS = 1_000
_WINDOWS = 4
# A NumPy array that is kept takes at least 112 bytes; a loss that a library logs takes 40.
_BYTES_PER_STEP = 96
_A_GRAPH = 512  # bytes, at least
_STEADY = 2.0  # times as much, at most, is what each step keeps in another window
_FRAMES = 8  # of the traceback to the line that allocates
_LARGEST = 3  # of the places that allocate what is kept
_WINDOW_S = 5.0  # a slow engine takes fewer steps


def checks() -> Iterator[Check]:
    """Yield the checks of memory."""
    for name, run, is_slow in (
        (f"{N_STEPS:,} training steps", _training, True),
        (f"{N_STEPS:,} backward passes", _functions, True),
        ("100 training steps", partial(_training, n_steps=100), False),
    ):
        yield Check(f"memory: {name}", "memory", run, is_slow, situation="memory")


def _training(tested: EngineUnderTest, n_steps: int = N_STEPS) -> None:
    model, classifier = _small(tested)
    X, y = np.array([[0.5, -1.0], [1.5, 2.0]], tested.dtype), np.array([0, 1])
    code = (
        f"{loading(tested.spec, 'MLP', 'SGD')}"
        f"model = {model}\nparameters = model.initial_parameters({tested.seed})\n"
        "classifier = engine.classifier(model, parameters, SGD(0.01))\n"
        f"for _ in range({n_steps}):  # memory must not grow\n"
        "    classifier.train_step(np.array([[0.5, -1.0], [1.5, 2.0]]), np.array([0, 1]))"
    )
    _repeat(partial(classifier.train_step, X, y), n_steps, code)


def _small(tested: EngineUnderTest) -> tuple[MLP, Classifier]:
    """Return a model and its classifier, with the first loss that the engine has."""
    for loss in LOSSES:
        model = MLP((2, 3, 2), loss=loss)
        parameters = model.initial_parameters(tested.seed)
        try:
            return model, tested.engine.classifier(model, parameters, SGD(0.01), tested.dtype)
        except UnsupportedError as error:
            reason = str(error)
    raise UnsupportedError(reason)


def _functions(tested: EngineUnderTest) -> None:
    arrays = (np.array([0.5, 1.5], tested.dtype), np.array([1.0, 2.0], tested.dtype))
    program = Program.of("ops.sum(ops.exp(x) * x + y / x)", "x", "y")
    question = Question(program, arrays, is_watched=False)
    tested.differentiate(question)  # refuses what it cannot do
    code = (
        f"{loading(tested.spec)}"
        f"for _ in range({N_STEPS}):  # memory must not grow\n"
        "    engine.value_and_grad(lambda ops, x, y: ops.sum(ops.exp(x) * x + y / x),\n"
        "                          np.array([0.5, 1.5]), np.array([1.0, 2.0]))"
    )
    _repeat(partial(tested.differentiate, question), N_STEPS, code)


def _repeat(step: Callable[[], object], n_steps: int, code: str) -> None:
    """Repeat a step and look at the memory of Python and NumPy after each window of steps.

    Raises:
        Failure: it grows in every window, by about the same in windows of two lengths and when
            all is repeated. What the interpreter keeps by chance, and caches that fill up, do not.
    """
    rates = []
    for size in (n_steps // _WINDOWS, n_steps, n_steps // _WINDOWS):
        growth, n_taken = _growth(step, size)
        if not np.all(growth > _BYTES_PER_STEP):
            return
        rates.append(float(np.median(growth)))
    if max(rates) > _STEADY * min(rates):
        return  # what a step keeps does not depend on how many there are
    kind = "something keeps {}"
    kept = "the graphs of earlier steps" if rates[1] > _A_GRAPH else "a little of each step"
    grown = f"{rates[1]:.0f} bytes a step"
    reason = f"memory grows by {grown} over {n_taken} steps"
    where = _where_it_grows(step, n_steps // _WINDOWS // 5)
    cause = Cause(f"{kind}; most of it is allocated in {{}}" if where else kind, (kept, where))
    raise Failure(Finding(reason, cause, code, "no growth", grown, "memory", where))


def _growth(step: Callable[[], object], size: int) -> tuple[NDArray[np.float64], int]:
    """Return the bytes that each step of a window keeps, window by window, and the steps taken."""
    for _ in range(min(size, 20)):
        step()
    held, taken = [], []
    tracemalloc.start()
    try:
        for _ in range(_WINDOWS + 1):
            taken.append(_take(step, size))
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    return np.diff(held) / taken[1:], sum(taken[1:])


def _take(step: Callable[[], object], n_steps: int) -> int:
    """Take up to `n_steps` steps, fewer if they are slow, and return how many."""
    began = time.monotonic()
    for i in range(1, n_steps + 1):
        step()
        if time.monotonic() - began > _WINDOW_S:
            return i
    return n_steps


def _where_it_grows(step: Callable[[], object], n_steps: int) -> str:
    """Return the engine's own line that allocates most of what steps keep, empty if none does."""
    tracemalloc.start(_FRAMES)
    try:
        step()
        before = tracemalloc.take_snapshot()
        _take(step, n_steps)
        gc.collect()
        kept = tracemalloc.take_snapshot().compare_to(before, "traceback")
    finally:
        tracemalloc.stop()
    largest = sorted(kept, key=lambda grown: -grown.size_diff)[:_LARGEST]
    frames = (frame for grown in largest for frame in reversed(list(grown.traceback)))
    own = next((frame for frame in frames if places.is_own(frame.filename)), None)
    return "" if own is None else places.place(own.filename, own.lineno)
