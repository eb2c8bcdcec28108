"""A worker process from the outside: started with its limits, read, and ended for certain."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import msgspec

from benchgrad.benchmarks.cell.messages import CellJob, Event
from benchgrad.processes.descendants import (
    MemoryWatch,
    descendants,
    end_all_but,
    n_killed_for_memory,
)

# Every library that may stand behind an engine reads its own; all before its import.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
# glibc gives freed memory back to the kernel above a threshold and faults it in again at the next
# step, which costs engines that free a whole graph up to a third of a wide step. For all engines
# alike it keeps what was freed; other systems do not read these.
ALLOCATOR_VARIABLES = {
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 25),
}
_POLL_S = 0.1  # how often a silent worker is asked whether it still lives
_CHUNK = 1 << 16  # read at a time; as much as a pipe holds
_TAIL = 1 << 13  # kept of what an engine prints, however much that is
_LONGEST_EVENT = 1 << 28  # no model that is trained here has as many parameters


class WorkerTimeoutError(Exception):
    """A worker took longer than it may."""


class WorkerSpeechError(Exception):
    """An engine wrote into the pipe that events come from."""


def _decoded(line: bytes) -> Event:
    try:
        event: Event = msgspec.json.decode(line, type=Event)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WorkerSpeechError from error
    return event


@dataclass(frozen=True)
class Exit:
    """How a worker process ended: its exit code (negative: a signal), and its last words."""

    code: int
    last_words: str
    for_memory: bool = False  # the kernel killed a process for want of memory in the meantime

    @property
    def starved(self) -> bool:
        """Whether the kernel killed the worker because the machine ran out of memory."""
        return self.for_memory and self.code == -signal.SIGKILL

    def __str__(self) -> str:
        if self.code < 0:
            name = signal.Signals(-self.code).name
            return f"its process was killed by signal {-self.code} ({name})"
        words = f": {self.last_words}" if self.last_words else ""
        return f"its process ended with exit code {self.code} before it was done{words}"


@dataclass(frozen=True)
class Limits:
    """What a worker may use; `memory_bytes` is for all its processes together."""

    n_threads: int
    timeout_s: float
    memory_bytes: int | None = None


class WorkerProcess:
    """A fresh process for one job, in a process group of its own; a context that ends it.

    What the engine prints never gets to the records or the disk: its end is kept, to say how
    it went. When the context is left, no process that the worker started is.
    """

    def __init__(self, job: CellJob, limits: Limits) -> None:
        self._deadline = time.monotonic() + limits.timeout_s
        self._known = descendants()
        self._killed_before = n_killed_for_memory()
        self._memory = MemoryWatch(limits.memory_bytes, self._known)
        self._printed = b""
        self._events, events_in = os.pipe()
        self._output, output_in = os.pipe()
        self._pipes = [self._events, self._output]
        threads = dict.fromkeys(THREAD_VARIABLES, str(limits.n_threads))
        command = [sys.executable, "-P", "-m", "benchgrad.benchmarks.cell.worker"]
        try:
            self._process = subprocess.Popen(
                [*command, str(events_in), str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=output_in,
                stderr=output_in,
                env=os.environ | threads | ALLOCATOR_VARIABLES,
                pass_fds=(events_in,),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._events)
            os.close(self._output)
            raise
        finally:
            os.close(events_in)
            os.close(output_in)
        self._hand_over(job)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        end_all_but(self._known)
        os.close(self._events)
        os.close(self._output)

    def events(self) -> Iterator[Event | None]:
        """Yield the worker's events until it ends, and a None now and then while it is silent.

        Raises:
            WorkerTimeoutError: it took longer than it may.
            MemoryExceededError: it and what it started hold more memory than they may.
            WorkerSpeechError: something else than an event came from it.
        """
        buffer = b""
        while (chunk := self._read()) != b"":
            *lines, buffer = (buffer + (chunk or b"")).split(b"\n")
            for line in lines:
                yield _decoded(line)
            if len(buffer) > _LONGEST_EVENT:
                raise WorkerSpeechError
            if chunk is None:
                yield None

    def exit(self) -> Exit:
        """Return how a worker ended that has nothing more to say."""
        for_memory = n_killed_for_memory() > self._killed_before
        return Exit(self._process.wait(), self._last_words(), for_memory)

    def _hand_over(self, job: CellJob) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        with contextlib.suppress(BrokenPipeError), stdin:  # if it died at once its exit says why
            stdin.write(msgspec.json.encode(job))

    def _read(self) -> bytes | None:
        """Return events, None if there are none yet, and no bytes once the process has ended.

        It has ended also if a child of it lives on and keeps the pipes open.
        """
        if time.monotonic() > self._deadline:
            raise WorkerTimeoutError
        self._memory.look()
        if not self._pipes:  # it closed them, so there is nothing else to wait for
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_POLL_S)
        ended = self._process.poll() is not None
        readable, _, _ = select.select(self._pipes, [], [], 0.0 if ended else _POLL_S)
        if self._output in readable:
            self._printed = (self._printed + self._chunk(self._output))[-_TAIL:]
        if self._events in readable and (chunk := self._chunk(self._events)):
            return chunk
        return b"" if ended else None

    def _chunk(self, pipe: int) -> bytes:
        """Return what is in a pipe; one that was closed at its other end is watched no more."""
        chunk = os.read(pipe, _CHUNK)
        if not chunk:
            self._pipes.remove(pipe)
        return chunk

    def _last_words(self) -> str:
        """Return the last line that the process printed."""
        lines = self._printed.decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")
