"""Checks that a training does not grow: what a step allocates, a later step has freed."""

import gc
import sysconfig
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchgrad.engines.conformance.cases.program import Program
from benchgrad.engines.conformance.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import Subject
from benchgrad.engines.conformance.judging.verdict import Failure, Finding
from benchgrad.engines.interface import Classifier, UnsupportedError
from benchgrad.engines.model import MLP, SGD, Loss

LOSSES: tuple[Loss, ...] = ("cross_entropy", "hinge")
N_STEPS = 1_000
_WINDOWS = 4
# An array of NumPy that is kept takes 112 bytes or more; a loss that a library notes takes 40.
_BYTES_PER_STEP = 96
_A_GRAPH = 512  # bytes that the smallest graph takes
_FRAMES = 4  # of the traceback to what is kept
_WINDOW_S = 5.0  # a slow engine takes fewer steps


def checks() -> Iterator[Check]:
    """Return the checks of memory."""
    yield Check(f"memory: {N_STEPS:,} training steps", "memory", partial(_training), is_slow=True)
    yield Check(f"memory: {N_STEPS:,} backward passes", "memory", _functions, is_slow=True)
    yield Check("memory: 100 training steps", "memory", partial(_training, n_steps=100))


def _training(subject: Subject, n_steps: int = N_STEPS) -> None:
    model, classifier = _small(subject)
    X, y = np.array([[0.5, -1.0], [1.5, 2.0]], subject.dtype), np.array([0, 1])
    code = (
        "import numpy as np\n\nfrom benchgrad.engines import MLP, SGD, load\n\n"
        f"model = {model}\nparameters = model.initial_parameters({subject.seed})\n"
        f"classifier = load({subject.spec!r}).classifier(model, parameters, SGD(0.01))\n"
        f"for _ in range({n_steps}):  # memory must not grow\n"
        "    classifier.train_step(np.array([[0.5, -1.0], [1.5, 2.0]]), np.array([0, 1]))"
    )
    _repeat(lambda: classifier.train_step(X, y), n_steps, code)


def _small(subject: Subject) -> tuple[MLP, Classifier]:
    """Return a model and its classifier, with the first loss that the engine has."""
    for loss in LOSSES:
        model = MLP((2, 3, 2), loss=loss)
        parameters = model.initial_parameters(subject.seed)
        try:
            return model, subject.engine.classifier(model, parameters, SGD(0.01), subject.dtype)
        except UnsupportedError as error:
            reason = str(error)
    raise UnsupportedError(reason)


def _functions(subject: Subject) -> None:
    program = Program.of("ops.sum(ops.exp(x) * x + y / x)", "x", "y")
    arrays = [np.array([0.5, 1.5], subject.dtype), np.array([1.0, 2.0], subject.dtype)]
    subject.differentiate(program, arrays)  # refuses what it cannot do
    code = (
        "import numpy as np\n\nfrom benchgrad.engines import load\n\n"
        f"engine = load({subject.spec!r})\n"
        f"for _ in range({N_STEPS}):  # memory must not grow\n"
        "    engine.value_and_grad(lambda ops, x, y: ops.sum(ops.exp(x) * x + y / x),\n"
        "                          np.array([0.5, 1.5]), np.array([1.0, 2.0]))"
    )
    _repeat(lambda: subject.differentiate(program, arrays), N_STEPS, code)


def _repeat(step: Callable[[], object], n_steps: int, code: str) -> None:
    """Repeat a step in windows and look at the memory of Python and NumPy after each.

    Raises:
        Failure: it grows through every window; caches fill in the first and stop.
    """
    size = n_steps // _WINDOWS
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
    growth = np.diff(held) / taken[1:]
    if np.all(growth > _BYTES_PER_STEP):
        per_step = float(np.median(growth))
        reason = f"memory grows by {per_step:.0f} bytes a step over {sum(taken[1:])} steps"
        kept = "the graphs of earlier steps" if per_step > _A_GRAPH else "a little of each step"
        where = _where_it_grows(step, size // 5)
        cause = f"something keeps {kept}; most of it is allocated in {where}"
        raise Failure(Finding(reason, cause, code, "no growth", f"{per_step:.0f} bytes a step"))


def _take(step: Callable[[], object], n_steps: int) -> int:
    """Take steps, fewer where each takes long, and return how many."""
    began = time.monotonic()
    for i in range(1, n_steps + 1):
        step()
        if time.monotonic() - began > _WINDOW_S:
            return i
    return n_steps


def _where_it_grows(step: Callable[[], object], n_steps: int) -> str:
    """Return the line outside the standard library that allocates most of what steps keep."""
    tracemalloc.start(_FRAMES)
    try:
        step()
        before = tracemalloc.take_snapshot()
        _take(step, n_steps)
        gc.collect()
        kept = tracemalloc.take_snapshot().compare_to(before, "traceback")
    finally:
        tracemalloc.stop()
    frames = max(kept, key=lambda place: place.size_diff).traceback
    library = Path(sysconfig.get_path("stdlib"))
    inner = [f for f in reversed(frames) if Path(f.filename).parent != library]
    frame = inner[0] if inner else frames[-1]
    return f"{Path(frame.filename).name}, line {frame.lineno}"
