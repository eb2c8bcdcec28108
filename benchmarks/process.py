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
from typing import IO, Self

import msgspec

from benchgrad.benchmarks.messages import Event, Job

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
_POLL_S = 0.2  # how often a silent worker is asked whether it still lives


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

    def __str__(self) -> str:
        if self.code < 0:
            name = signal.Signals(-self.code).name
            return f"its process was killed by signal {-self.code} ({name})"
        words = f": {self.last_words}" if self.last_words else ""
        return f"its process ended with exit code {self.code} before it was done{words}"


class WorkerProcess:
    """A fresh process for one job, in a process group of its own; a context that ends it.

    What the engine prints goes to the file `output`, never to the records.
    """

    def __init__(self, job: Job, n_threads: int, timeout_s: float, output: IO[bytes]) -> None:
        self._deadline = time.monotonic() + timeout_s
        self._output = output
        read_end, write_end = os.pipe()
        self._events = read_end
        limits = dict.fromkeys(THREAD_VARIABLES, str(n_threads))
        environment = os.environ | limits | ALLOCATOR_VARIABLES
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "benchgrad.benchmarks.worker", str(write_end)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=environment,
                pass_fds=(write_end,),
                start_new_session=True,
            )
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        self._hand_over(job)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._kill_group()
        self._process.wait()
        os.close(self._events)

    def events(self) -> Iterator[Event | None]:
        """Yield the worker's events until it ends, and a None now and then while it is silent.

        Raises:
            WorkerTimeoutError: it took longer than it may.
            WorkerSpeechError: something else than an event came from it.
        """
        buffer = b""
        while (chunk := self._read()) != b"":
            *lines, buffer = (buffer + (chunk or b"")).split(b"\n")
            for line in lines:
                yield _decoded(line)
            if chunk is None:
                yield None

    def exit(self) -> Exit:
        """Wait for the end of a worker that has nothing more to say."""
        remaining = max(self._deadline - time.monotonic(), _POLL_S)
        try:
            code = self._process.wait(remaining)
        except subprocess.TimeoutExpired:
            raise WorkerTimeoutError from None
        return Exit(code, self._last_words())

    def _hand_over(self, job: Job) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        with contextlib.suppress(BrokenPipeError), stdin:  # if it died at once its exit says why
            stdin.write(msgspec.json.encode(job))

    def _read(self) -> bytes | None:
        """Return what the worker wrote, None if nothing yet, and no bytes once it has ended.

        It has ended also if a child of it lives on and keeps the pipe open.
        """
        if time.monotonic() > self._deadline:
            raise WorkerTimeoutError
        ended = self._process.poll() is not None
        readable, _, _ = select.select([self._events], [], [], 0.0 if ended else _POLL_S)
        if readable:
            return os.read(self._events, 1 << 16)
        return b"" if ended else None

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _last_words(self) -> str:
        """Return the last line that the process printed."""
        self._output.flush()
        size = self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, size - 2000))
        lines = self._output.read().decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")
