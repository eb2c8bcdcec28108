"""Counts the instructions of an engine's epoch: a second opinion that a busy machine cannot change.

Two runs under callgrind differ in nothing but the number of their epochs, so the difference of
their counts belongs to the epochs alone: import, build, the first step and the harness are in both.
Times are measured in `measure`.

Source: Weidendorfer, Kowarschik and Trinitis, A Tool Suite for Simulation Based Analysis of Memory
Access Behavior, ICCS 2004 (callgrind).
"""

from __future__ import annotations

import math
import shutil
import statistics
import tempfile
from pathlib import Path

import msgspec

from benchgrad.benchmarks.analysis.equality import difference, limit
from benchgrad.benchmarks.cell.instructions_worker import ANSWERS, Trained
from benchgrad.benchmarks.cell.listener import Listener, StoppedError
from benchgrad.benchmarks.cell.measure import CellMeasurer
from benchgrad.benchmarks.cell.messages import CellJob
from benchgrad.benchmarks.cell.supplies import CACHE
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import Cell, Instructions
from benchgrad.processes.child import ChildProcess, Launching, Limits
from benchgrad.processes.ending import ChildError

NOT_INSTALLED = (
    "valgrind is not installed: no instructions were counted; "
    "install it with your system's package manager"
)
_WORKER = "benchgrad.benchmarks.cell.instructions_worker"
# How many epochs the longer run has more. Importing NumPy takes as many instructions as 1,000 steps
# of a small model and varies by a few ten thousand, so the epochs must outweigh that.
_EPOCHS = 2
_STEPS = 48
_SHORT_S, _LONG_S = 0.02, 0.5  # from the first on two epochs outweigh it, from the second on one
# Loading compiled code varies more, so the epochs are this share of all before them, or more.
_SHARE, _GROWTH = 0.01, 30
_SLOWDOWN = 20.0  # of callgrind, at least
_LONGEST_S = 600.0  # that each of its runs may take
_MOST_DIGITS = 18  # of a count; an engine may write valgrind's file too
# Other hash seeds sort sets and dictionaries of names otherwise.
_VARIABLES = {"PYTHONHASHSEED": "0"}


class _NotCountedError(Exception):
    """An engine whose instructions could not be counted; one line says why."""


class InstructionCounter:
    """Counts the instructions of the engines of a plan, one engine after the other."""

    def __init__(self, plan: Plan, measurer: CellMeasurer, listener: Listener) -> None:
        self._plan = plan
        self._measurer = measurer
        self._listener = listener
        self._valgrind = shutil.which("valgrind")

    @property
    def is_possible(self) -> bool:
        """Whether valgrind is installed."""
        return self._valgrind is not None

    def count(self, contestant: Contestant, cell: Cell) -> Instructions:
        """Return an engine's instructions per epoch; `cell` is what it did in the first round.

        Raises:
            StoppedError: the listener wants the run to end at once.
        """
        try:
            return Instructions(contestant.name, self._per_epoch(contestant, cell))
        except _NotCountedError as error:
            return Instructions(contestant.name, None, str(error))

    def _per_epoch(self, contestant: Contestant, cell: Cell) -> float:
        if self._valgrind is None:
            raise _NotCountedError("valgrind is not installed")
        if cell.status != "ok":
            raise _NotCountedError(f"it is {cell.status}")
        epoch_s = statistics.median(epoch.wall_s for epoch in cell.epochs)
        n_more = more_epochs(len(cell.epochs[0].losses), epoch_s)
        self._refuse_the_slow(epoch_s, 1 + n_more)
        own = self._measurer.variables(self._measurer.job(contestant, cell.round))[CACHE]
        with tempfile.TemporaryDirectory(dir=own) as cache:
            fewer = self._counted(contestant, cell, 1, cache)
            if any(Path(cache).iterdir()):  # it has compiled what all later runs find there
                fewer = self._counted(contestant, cell, 1, cache)
            more = self._counted(contestant, cell, 1 + n_more, cache)
            while more - fewer < _SHARE * fewer:
                n_more *= _GROWTH
                self._refuse_the_slow(epoch_s, 1 + n_more)
                more = self._counted(contestant, cell, 1 + n_more, cache)
        return (more - fewer) / n_more

    def _refuse_the_slow(self, epoch_s: float, n_epochs: int) -> None:
        """Raise _NotCountedError if a run under callgrind would surely take too long."""
        expected_s = epoch_s * n_epochs * _SLOWDOWN
        if expected_s > self._longest_s:
            raise _NotCountedError(
                f"{n_epochs} epochs would take {expected_s:,.0f} s or more under valgrind; "
                f"the limit is {self._longest_s:g} s"
            )

    @property
    def _longest_s(self) -> float:
        return min(_LONGEST_S, self._plan.timeout_s)

    def _counted(self, contestant: Contestant, cell: Cell, n_epochs: int, cache: str) -> int:
        """Return the instructions of a whole process that trains so many epochs.

        It may keep files in the folder `cache`, and finds there what earlier ones have kept.
        """
        job = msgspec.structs.replace(
            self._measurer.job(contestant, cell.round),
            n_epochs=n_epochs,
            budget_s=None,
            n_threads=1,
        )
        with tempfile.TemporaryDirectory() as folder:
            done = self._trained(job, Path(folder), cache)
            self._check_work(done, cell)
            return _total(Path(folder) / f"{done.process}.out")

    def _trained(self, job: CellJob, folder: Path, cache: str) -> Trained:
        """Train under callgrind, which writes a file for each process into `folder`."""
        assert self._valgrind is not None
        # valgrind's own messages end in the pipe for what an engine prints.
        callgrind = [self._valgrind, "--tool=callgrind", f"--callgrind-out-file={folder}/%p.out"]
        # Callgrind's own memory is several times the engine's, so the plan's limit says nothing.
        limits = Limits(job.n_threads, self._longest_s)
        variables = self._measurer.variables(job) | _VARIABLES | {CACHE: cache}
        launching = Launching(callgrind, variables, (job.data,))
        with ChildProcess(_WORKER, limits, launching) as worker:
            worker.send(job)
            done: Trained | None = None
            try:
                for answer in worker.messages(ANSWERS):
                    if self._listener.stop_at_once():
                        raise StoppedError
                    if isinstance(answer, Trained):
                        done = answer
                    elif answer is not None:
                        raise _NotCountedError(
                            f"under valgrind it is {answer.status}: {answer.reason}"
                        )
                exit = worker.exit()
            except ChildError as error:
                raise _NotCountedError(f"under valgrind: {error}") from error
            if done is None or exit.code != 0:
                raise _NotCountedError(f"valgrind refuses it: {exit}")
            return done

    def _check_work(self, done: Trained, cell: Cell) -> None:
        """Raise _NotCountedError if the engine did other work than in its timed cell."""
        n = min(len(done.losses), len(cell.epochs))
        found = [loss for losses in done.losses[:n] for loss in losses]
        expected = [loss for epoch in cell.epochs[:n] for loss in epoch.losses]
        departure = difference(found, expected)
        if departure > limit(self._plan.training.dtype, len(expected)):
            raise _NotCountedError(
                f"under valgrind its losses differ by up to {departure:.2g} from its timed ones"
            )


def more_epochs(n_steps: int, epoch_s: float) -> int:
    """Return how many more epochs the longer run has, given an epoch's steps and its time."""
    if epoch_s >= _LONG_S:
        return 1
    return _EPOCHS if epoch_s >= _SHORT_S else max(_EPOCHS, math.ceil(_STEPS / n_steps))


def _total(path: Path) -> int:
    """Return the instructions in callgrind's file, all threads of the process together."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise _NotCountedError("valgrind wrote no count") from error
    totals = [line.split()[1] for line in lines if line.startswith("totals:")]
    if len(totals) != 1 or not totals[0].isdecimal() or len(totals[0]) > _MOST_DIGITS:
        raise _NotCountedError("valgrind wrote no count")
    return int(totals[0])
