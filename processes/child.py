"""A child process, seen by its parent: started with limits, asked, listened to, and ended.

What the messages say is up to the caller.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Self, TypeVar

import msgspec
import psutil

from benchgrad.processes import supervisor
from benchgrad.processes.ending import (
    ChildEndedError,
    ChildSpeechError,
    ChildTimeoutError,
    Exit,
    MemoryExceededError,
)
from benchgrad.processes.leftovers import end_marked
from benchgrad.processes.memory import MemoryWatch, n_killed_for_memory
from benchgrad.processes.pipes import send

Answer = TypeVar("Answer")

# Each numerical library reads a variable of its own, when it is imported.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
# Above a threshold, glibc returns freed memory to the kernel and faults it in again at the next
# step. That costs an engine that frees a whole graph up to a third of a wide step, so here a child
# keeps what it frees unless it is to run as its users would run it. Other systems ignore these.
ALLOCATOR_VARIABLES = {
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 25),
}
_MARK = "BENCHGRAD_CHILD"  # of all that one child starts
_POLL_S = 0.1  # how often the limits of a silent child are checked
_PATIENCE_S = 10.0  # for the supervisor to end everything; on its own it gives up sooner
_CHUNK = 1 << 16  # bytes read at a time; as many as a pipe holds
_TAIL = 1 << 13  # bytes kept of what a child prints, however much that is
LONGEST_ANSWER = 1 << 28  # bytes; no model trained here has that many parameters


@dataclass(frozen=True)
class Limits:
    """What a child may use: `memory_bytes` is for all its processes together.

    `timeout_s` is the time for everything that one message asks for. With `keeps_memory` it keeps
    the memory that it frees (`ALLOCATOR_VARIABLES`).
    """

    n_threads: int
    timeout_s: float
    memory_bytes: int | None = None
    keeps_memory: bool = True


@dataclass(frozen=True)
class Launching:
    """How a child is started.

    `launcher` is a program with its options, by its full path, that runs Python in its turn.
    `variables` are added to the environment, and `descriptors` are inherited.
    """

    launcher: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    descriptors: Sequence[int] = ()


class ChildProcess:
    """``python -P -m MODULE IN OUT`` in a fresh process; a context that ends it.

    The module reads messages from the descriptor IN and answers on OUT (`pipes.pipes_to_parent`).
    What it prints goes to a pipe of its own, and only the end of that is kept. Once the context is
    left, the child is gone, and so is every process that it started.
    """

    def __init__(self, module: str, limits: Limits, launching: Launching | None = None) -> None:
        launching = launching or Launching()
        self._limits = limits
        self._timeout_s = limits.timeout_s
        self._deadline = time.monotonic() + self._timeout_s
        self._killed_before = n_killed_for_memory()
        self._mark = uuid.uuid4().hex
        self._printed = b""
        self._received = bytearray()
        self._lines: deque[bytearray] = deque()
        with contextlib.ExitStack() as resources:
            self._selector = resources.enter_context(selectors.DefaultSelector())
            asked, self._ask = _pipe(resources)
            self._answers, answers = _pipe(resources)
            with asked, answers:
                python = [sys.executable, "-P", "-m", module]
                pipes = (asked.fileno(), answers.fileno())
                marked = replace(launching, variables={**launching.variables, _MARK: self._mark})
                self._process = _supervised(python, pipes, limits, marked)
            assert self._process.stdout is not None
            self._output = resources.enter_context(self._process.stdout)
            self._selector.register(self._answers, selectors.EVENT_READ)
            self._selector.register(self._output, selectors.EVENT_READ)
            self._resources = resources.pop_all()
        self._memory = MemoryWatch(self._process.pid, limits.memory_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def end(self) -> None:
        """End the child and all that it started."""
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:  # only if the child stopped its supervisor
            self._process.kill()
            self._process.wait()
        if self._process.returncode == -signal.SIGKILL:  # perhaps that of the supervisors
            end_marked(_MARK, self._mark)
        self._resources.close()

    def send(self, message: msgspec.Struct, timeout_s: float | None = None) -> None:
        """Send a message, and start the time for what it asks."""
        self._timeout_s = self._limits.timeout_s if timeout_s is None else timeout_s
        self._deadline = time.monotonic() + self._timeout_s
        with contextlib.suppress(BrokenPipeError):  # if the child is dead, its exit says why
            send(self._ask, message)

    def interrupt(self, number: signal.Signals) -> None:
        """Send a signal to the child itself, not to its supervisors, if it still runs.

        It is the first process that the inner supervisor had; any other is an orphan.
        """
        with contextlib.suppress(psutil.Error, ValueError):
            inner = _oldest(psutil.Process(self._process.pid).children())
            _oldest(inner.children()).send_signal(number)

    def messages(
        self, decoder: msgspec.json.Decoder[Answer], longest_bytes: int | None = None
    ) -> Iterator[Answer | None]:
        """Yield the child's answers until it ends, and None now and then while it is silent.

        No answer is longer than `longest_bytes`.

        Raises:
            ChildTimeoutError: it took too long.
            MemoryExceededError: it and all that it started hold too much memory.
            ChildSpeechError: something other than an answer came through the pipe.
        """
        longest_bytes = longest_bytes or LONGEST_ANSWER
        while True:
            while self._lines:
                yield _decoded(self._lines.popleft(), decoder)
            if len(self._received) > longest_bytes:
                raise ChildSpeechError(f"more than {longest_bytes:,} bytes in one line")
            chunk = self._read()
            if chunk == b"":
                return
            if chunk is None:
                yield None
                continue
            self._received += chunk
            if b"\n" in chunk:
                *lines, self._received = self._received.split(b"\n")
                self._lines.extend(lines)

    def ask(
        self,
        message: msgspec.Struct,
        decoder: msgspec.json.Decoder[Answer],
        timeout_s: float | None = None,
    ) -> Answer:
        """Send a message and return the answer to it.

        Raises:
            ChildError: there is none.
        """
        self.send(message, timeout_s)
        for answer in self.messages(decoder):
            if answer is not None:
                return answer
        raise ChildEndedError(str(self.exit()))

    def exit(self) -> Exit:
        """Return how the child ended, once it has no more answers."""
        for_memory = n_killed_for_memory() > self._killed_before
        return Exit(self._process.wait(), self._last_words(), for_memory)

    def _read(self) -> bytes | None:
        """Return what the child answered: None if nothing yet, b"" once it has ended."""
        if time.monotonic() > self._deadline:
            raise ChildTimeoutError(f"killed after {self._timeout_s:g} s")
        if held_bytes := self._memory.excess_bytes():
            limit_bytes = self._limits.memory_bytes or 0
            reason = f"killed at {_mib(held_bytes)}; the limit is {_mib(limit_bytes)}"
            raise MemoryExceededError(reason)
        ended = self._has_ended()
        readable = {key.fileobj for key, _ in self._selector.select(0.0 if ended else _POLL_S)}
        if self._output in readable:
            self._printed = (self._printed + self._chunk(self._output))[-_TAIL:]
        if self._answers in readable and (chunk := self._chunk(self._answers)):
            return chunk
        return b"" if ended else None

    def _has_ended(self) -> bool:
        if not self._selector.get_map():  # both pipes are closed, so it is about to end
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_POLL_S)
        return self._process.poll() is not None

    def _chunk(self, pipe: IO[bytes]) -> bytes:
        """Return what is in a pipe; stop watching one whose other end is closed."""
        chunk = pipe.read(_CHUNK)
        if not chunk:
            self._selector.unregister(pipe)
        return chunk

    def _last_words(self) -> str:
        """Return the last line that the child printed."""
        lines = self._printed.decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _oldest(processes: list[psutil.Process]) -> psutil.Process:
    return min(processes, key=psutil.Process.create_time)


def _pipe(resources: contextlib.ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """Return the two ends of a pipe, to read from and to write to, without buffers."""
    ends = zip(os.pipe(), ("rb", "wb"), strict=True)
    reading, writing = (resources.enter_context(os.fdopen(end, mode, 0)) for end, mode in ends)
    return reading, writing


def _supervised(
    python: list[str], pipes: tuple[int, int], limits: Limits, launching: Launching
) -> subprocess.Popen[bytes]:
    """Start Python below a supervisor, which ends as the command does."""
    lean = [sys.executable, "-P", "-S", supervisor.__file__, str(os.getpid())]
    threads = dict.fromkeys(THREAD_VARIABLES, str(limits.n_threads))
    allocator = ALLOCATOR_VARIABLES if limits.keeps_memory else {}
    return subprocess.Popen(
        [*lean, *launching.launcher, *python, *map(str, pipes)],
        bufsize=0,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **threads, **allocator, **launching.variables},
        pass_fds=(*pipes, *launching.descriptors),
        start_new_session=True,
    )


def _decoded(line: bytearray, decoder: msgspec.json.Decoder[Answer]) -> Answer:
    try:
        return decoder.decode(line)
    except msgspec.ValidationError as error:
        raise ChildSpeechError(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ChildSpeechError from error


def _mib(n_bytes: int) -> str:
    return f"{n_bytes / 2**20:,.0f} MiB"
