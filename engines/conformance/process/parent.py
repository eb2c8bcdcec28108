"""A worker process from the outside: asked a check at a time, and replaced when it dies."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from types import TracebackType
from typing import Self

import msgspec

from benchgrad.engines.conformance.judging.check import Check, deviation_of
from benchgrad.engines.conformance.judging.verdict import Finding, Verdict
from benchgrad.engines.conformance.process.messages import Asked, CheckJob, Loaded
from benchgrad.engines.interface import EngineError
from benchgrad.engines.registry import MissingPackageError

LOAD_TIMEOUT_S = 60.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_POLL_S = 0.2


class _DeadError(Exception):
    """The worker ended, hung or spoke nonsense; one line about it."""


class EngineProcess:
    """An engine in a process of its own; a context that ends it.

    A check that hangs, kills its process or leaves it by ``os._exit`` is `crashed`; the next one
    is asked of a fresh process. What the engine prints is kept for its last words only.
    """

    def __init__(self, engine: str, *, seed: int, is_fast: bool, timeout_s: float) -> None:
        self._job = CheckJob(engine, seed, is_fast, [folder for folder in sys.path if folder])
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = b""
        self._loaded = Loaded()

    def __enter__(self) -> Self:
        self._output = tempfile.TemporaryFile()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        self._output.close()

    @property
    def deviations(self) -> dict[str, str]:
        """What the engine declares, as far as it is loaded."""
        return self._loaded.deviations

    def start(self) -> str:
        """Load the engine in a fresh process and return its name.

        Raises:
            EngineError: it cannot be loaded.
        """
        if self._process is not None:
            return self._loaded.name
        asked, self._ask = os.pipe()
        self._answers, answers = os.pipe()
        self._buffer = b""
        arguments = map(str, (asked, answers, os.getpid()))
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", f"{__package__}.child", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                env=os.environ | dict.fromkeys(_THREADS, "1"),
                pass_fds=(asked, answers),
                start_new_session=True,
            )
        finally:
            os.close(asked)
            os.close(answers)
        try:
            loaded = msgspec.json.decode(self._exchange(self._job, LOAD_TIMEOUT_S), type=Loaded)
        except _DeadError as error:
            self._end()
            raise EngineError(f"engine {self._job.engine!r}: {error} while it loads") from error
        if loaded.error:
            self._end()
            raise (MissingPackageError if loaded.is_missing else EngineError)(loaded.error)
        self._loaded = loaded
        return loaded.name

    def verdict(self, check: Check) -> Verdict:
        """Run a check and return its verdict, also if the process does not survive it.

        Raises:
            EngineError: the engine cannot be loaded.
        """
        self.start()
        began = time.perf_counter()
        try:
            return msgspec.json.decode(
                self._exchange(Asked(check.name), self._timeout_s), type=Verdict
            )
        except _DeadError as error:
            self._end()
            return Verdict(
                check.name,
                check.group,
                "crashed",
                Finding(str(error)),
                self._job.seed,
                deviation=deviation_of(check.name, self.deviations),
                wall_s=time.perf_counter() - began,
            )

    def _exchange(self, message: msgspec.Struct, timeout_s: float) -> bytes:
        """Send a line and return the line that comes back."""
        deadline = time.monotonic() + timeout_s
        with contextlib.suppress(BrokenPipeError):  # if it is dead, its exit says why
            os.write(self._ask, msgspec.json.encode(message) + b"\n")
        while b"\n" not in self._buffer:
            assert self._process is not None
            if time.monotonic() > deadline:
                raise _DeadError(f"it took longer than {timeout_s:g} s and was ended")
            ended = self._process.poll() is not None
            readable, _, _ = select.select([self._answers], [], [], 0.0 if ended else _POLL_S)
            chunk = os.read(self._answers, 1 << 16) if readable else b""
            if not chunk and (ended or readable):
                raise _DeadError(self._last_words())
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _last_words(self) -> str:
        """Return how the process ended, with the last line that it printed."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        code = self._process.returncode
        if code is not None and code < 0:
            return f"its process was killed by signal {-code} ({signal.Signals(-code).name})"
        size = self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, size - 2000))
        lines = self._output.read().decode("utf-8", "replace").split("\n")
        words = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"its process ended with exit code {code}" + (f": {words}" if words else "")

    def _end(self) -> None:
        """Kill the process and all that it started."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        os.close(self._ask)
        os.close(self._answers)
