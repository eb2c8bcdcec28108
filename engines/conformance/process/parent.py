"""The process that an engine is checked in, from the outside: one question, one answer.

A fresh one takes its place when it dies.
"""

import sys
import time
from typing import Self

import msgspec

from benchgrad.engines.conformance.judging.check import Check, deviation_of
from benchgrad.engines.conformance.judging.verdict import Finding, Verdict
from benchgrad.engines.conformance.process.messages import Asked, CheckJob, Loaded
from benchgrad.engines.interface import EngineError
from benchgrad.engines.registry import MissingPackageError
from benchgrad.processes.child import ChildProcess, Limits
from benchgrad.processes.ending import ChildError, ChildTimeoutError

LOAD_TIMEOUT_S = 60.0
_LOADED = msgspec.json.Decoder(Loaded)
_VERDICT = msgspec.json.Decoder(Verdict)


class EngineProcess:
    """An engine in a process of its own; a context that ends it and all that the engine started.

    A check that hangs, or ends its process by a signal or ``os._exit``, is `crashed`; the next
    check runs in a fresh process.
    """

    def __init__(self, engine: str, *, seed: int, is_fast: bool, timeout_s: float) -> None:
        self._job = CheckJob(engine, seed, is_fast, [folder for folder in sys.path if folder])
        self._limits = Limits(1, timeout_s)
        self._child: ChildProcess | None = None
        self._loaded = Loaded()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    @property
    def deviations(self) -> dict[str, str]:
        """What the engine declares; empty until it is loaded."""
        return self._loaded.deviations

    def start(self) -> str:
        """Load the engine, unless it is loaded, and return its name.

        Raises:
            EngineError: it cannot be loaded.
        """
        self._running()
        return self._loaded.name

    def verdict(self, check: Check) -> Verdict:
        """Run a check and return its verdict, even if the process does not survive it.

        What runs out of time runs once more, with twice the time, before it counts.

        Raises:
            EngineError: the engine cannot be loaded.
        """
        began = time.perf_counter()
        for timeout_s in (self._limits.timeout_s, 2 * self._limits.timeout_s):
            try:
                return self._running().ask(Asked(check.name), _VERDICT, timeout_s)
            except ChildTimeoutError as error:
                self._end()
                found = Finding(str(error), code=check.program, evidence="time")
            except ChildError as error:
                self._end()
                found = Finding(str(error), code=check.program, evidence="exception")
                break
        return Verdict(
            check.name,
            check.group,
            "crashed",
            found,
            self._job.seed,
            deviation=deviation_of(check.name, self.deviations),
            wall_s=time.perf_counter() - began,
        )

    def _running(self) -> ChildProcess:
        """Return the process in which the engine is loaded."""
        if self._child is None:
            self._child = ChildProcess(f"{__package__}.child", self._limits)
            try:
                loaded = self._child.ask(self._job, _LOADED, LOAD_TIMEOUT_S)
            except ChildError as error:
                loaded = Loaded(error=f"engine {self._job.engine!r} cannot be loaded: {error}")
            if loaded.error:
                self._end()
                raise (MissingPackageError if loaded.is_missing else EngineError)(loaded.error)
            self._loaded = loaded
        return self._child

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None
