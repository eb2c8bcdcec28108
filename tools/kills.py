"""Kills a run at random moments and resumes it, until it is complete: `make kills`.

The run has three engines, one of which leaves processes behind, and three rounds. Each kill is one
of four signals, sent to the runner, to its worker, or to both. Nothing may be lost, measured twice
or left behind.
"""

import argparse
import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, Protocol

import psutil

from benchgrad.benchmarks.cell.supplies import mark_of
from benchgrad.benchmarks.records import read_results
from benchgrad.benchmarks.run.journal import Key, read
from benchgrad.benchmarks.run.verify import problems

Victim = Literal["runner", "worker", "both"]
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
VICTIMS: tuple[Victim, ...] = ("runner", "worker", "both")
ENGINES = ("numpy", str(Path(__file__).with_name("restless.py")), "tensor")
_PATIENCE_S = 15.0  # for processes that are being ended
_LONGEST_S = 300.0  # of a run that nobody kills


@dataclass(frozen=True)
class Kill:
    """A signal, who gets it, and when: after a share of the time that is left, if nobody killed."""

    number: signal.Signals
    victim: Victim
    moment: float

    def __str__(self) -> str:
        return f"{self.number.name} of {self.victim} at {100 * self.moment:.0f} %"


@dataclass
class Pace:
    """How long a run takes: from beginning to end, and when all of its cells are finished.

    On a busy machine that changes, so every run that nobody killed corrects it.
    """

    whole_s: float
    report_s: float

    def correct(self, expected_s: float, taken_s: float) -> None:
        """Note how long a run took that was expected to take so long."""
        self.whole_s *= taken_s / expected_s
        self.report_s *= taken_s / expected_s

    def left_s(self, share: float) -> float:
        """Return the time of a run that lacks this share of its cells."""
        return self.report_s + (self.whole_s - self.report_s) * share


class Run(Protocol):
    """A command that runs; `end` waits for it and returns its exit code and standard error."""

    pid: int

    def end(self) -> subprocess.CompletedProcess[str]: ...


class Command:
    """The command benchgrad in a process of its own."""

    def __init__(self, arguments: Sequence[str], folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "benchgrad", *arguments],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=os.environ | {"TMPDIR": str(folder / "tmp")},
            text=True,
        )
        self.pid = self._process.pid

    def end(self) -> subprocess.CompletedProcess[str]:
        _, err = self._process.communicate(timeout=_LONGEST_S)
        return subprocess.CompletedProcess((), self._process.returncode, "", err)


Launch = Callable[[Sequence[str], Path], Run]


class Trial:
    """One run in a folder, killed and resumed until it is complete."""

    def __init__(self, folder: Path, n_rounds: int = 3, launch: Launch = Command) -> None:
        self._folder = folder
        self._n_rounds = n_rounds
        self._launch = launch
        self._out = folder / "out"
        self._lock = folder / "lock"
        self._n_worker_kills = 0
        self._out.mkdir()
        (folder / "tmp").mkdir()

    def pace(self) -> Pace:
        """Run to the end, and return how long that takes."""
        times = [time.monotonic()]
        for is_resumed in (False, True):
            self._begun(is_resumed).end()
            times.append(time.monotonic())
        return Pace(times[1] - times[0], times[2] - times[1])

    def killed(self, kills: Iterator[Kill], pace: Pace) -> Iterator[tuple[Kill, list[str]]]:
        """Yield each kill that struck, with what it broke."""
        struck: list[tuple[Kill, list[str]]] = []
        while not ((found := read(self._out)) and found.ended):
            kept = dict(found.cells) if found else {}
            kill = next(kills)
            left_s = pace.left_s(1 - len(kept) / (len(ENGINES) * self._n_rounds))
            began_s = time.monotonic()
            broken = self._killed_once(kill, kill.moment * left_s, is_resumed=found is not None)
            if broken is None:
                pace.correct(left_s, time.monotonic() - began_s)
                continue
            after = read(self._out)
            if any(after is None or after.cells.get(key) != cell for key, cell in kept.items()):
                broken.append("a finished cell was lost or measured again")
            struck.append((kill, broken))
        if struck:
            struck[-1][1].extend(self._at_the_end())
        yield from struck

    def _begun(self, is_resumed: bool) -> Run:
        plan = ("quick", "--engines", ",".join(ENGINES), "--rounds", str(self._n_rounds))
        how = ("--resume", "out") if is_resumed else (*plan, "--epochs", "5", "--out", "out")
        return self._launch(("run", *how, "--lock", str(self._lock)), self._folder)

    def _killed_once(self, kill: Kill, after_s: float, is_resumed: bool) -> list[str] | None:
        """Run or resume, and kill; return what that broke, or None if it ended before."""
        run = self._begun(is_resumed)
        has_struck = self._strike(run.pid, kill, after_s)
        began = read(self._out) is not None
        ended = run.end()
        broken = [*self._left_behind()]
        if began and "Traceback" in ended.stderr:  # before that, Python may be importing
            broken.append(ended.stderr.strip().splitlines()[-1])
        return broken if has_struck else None

    def _strike(self, pid: int, kill: Kill, after_s: float) -> bool:
        """Kill at the moment; return whether the run was still there."""
        try:
            runner = psutil.Process(pid)
        except psutil.NoSuchProcess:
            return False
        _wait(runner, after_s)
        while runner.is_running() and runner.status() != psutil.STATUS_ZOMBIE:
            victims = [] if kill.victim == "runner" else _workers(runner)
            if kill.victim == "runner" or victims:
                self._n_worker_kills += bool(victims)
                victims += [runner] if kill.victim != "worker" else []
                sent = [_send(victim, kill.number) for victim in victims]
                return all(sent)
            time.sleep(0.01)
        return False

    def _left_behind(self) -> Iterator[str]:
        """Yield what is there although the runner is gone."""
        deadline = time.monotonic() + _PATIENCE_S
        while (left := _marked(self._out)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for process in left:
            yield f"process {process.pid} is left"
            process.kill()
        if self._lock.exists():
            with self._lock.open() as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    yield "the lock is held"

    def _at_the_end(self) -> Iterator[str]:
        """Yield what is wrong with a run that is complete."""
        results, found = read_results(self._out), read(self._out)
        assert found is not None
        expected = {(name, round) for name in ENGINES for round in range(self._n_rounds)}
        cells: list[Key] = [(cell.engine, cell.round) for cell in results.cells]
        if sorted(cells) != sorted(expected) or set(found.cells) != expected:
            yield f"the cells are {cells}"
        yield from found.damage
        yield from problems(self._out, results)
        failed = [cell.reason for cell in results.cells if cell.status != "ok"]
        if len(failed) > self._n_worker_kills or not all(map(_is_ours, failed)):
            yield f"failed: {failed}"
        for path in (*self._out.rglob(".*"), *(self._folder / "tmp").iterdir()):
            yield f"{path.name} is left"


def _wait(process: psutil.Process, seconds: float) -> None:
    """Wait so long, or until a process has ended."""
    until = time.monotonic() + seconds
    while (left_s := until - time.monotonic()) > 0.0 and process.is_running():
        time.sleep(min(left_s, 0.05))


def _workers(runner: psutil.Process) -> list[psutil.Process]:
    """Return the worker of a runner, without its supervisors."""
    found = []
    try:
        for child in runner.children(recursive=True):
            command = " ".join(child.cmdline())
            if "benchmarks.cell.worker" in command and "supervisor" not in command:
                found.append(child)
    except psutil.Error:  # it ended
        return []
    return found


def _send(process: psutil.Process, number: signal.Signals) -> bool:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return False
    return True


def _marked(folder: Path) -> list[psutil.Process]:
    """Return the processes of a run in a folder that run still, apart from the runner."""
    ((name, value),) = mark_of(folder).items()
    return [
        process
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get(name) == value
    ]


def _is_ours(reason: str) -> bool:
    """Return whether a cell failed because its worker was killed."""
    return "killed by signal" in reason or "KeyboardInterrupt" in reason


def drawn(seed: int) -> Iterator[Kill]:
    """Yield random kills; each signal comes to each victim equally often."""
    rng = random.Random(seed)
    pairs = [(number, victim) for number in SIGNALS for victim in VICTIMS]
    while True:
        rng.shuffle(pairs)
        for number, victim in pairs:
            yield Kill(number, victim, rng.random())


def main() -> int:
    """Kill runs until there are enough kills; print a table of counts and what broke."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    found: list[tuple[Kill, list[str]]] = []
    n_runs = 0
    with TemporaryDirectory() as scratch:
        (first := Path(scratch) / "first").mkdir()
        pace = Trial(first).pace()
        sys.stdout.write(f"a run takes {pace.whole_s:.1f} s\n")
        kills = drawn(options.seed)
        while len(found) < options.kills:
            n_runs += 1
            (folder := Path(scratch) / str(n_runs)).mkdir()
            for kill, broken in Trial(folder).killed(kills, pace):
                found.append((kill, broken))
                sys.stdout.write(f"{len(found):4} {kill}: {'; '.join(broken) or 'held'}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{table(found)}in {n_runs} runs\n")
    return int(any(broken for _, broken in found))


def table(found: Sequence[tuple[Kill, list[str]]]) -> str:
    """Return how many kills were tried and how many held, by signal and by victim."""
    tried: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for kill, broken in found:
        for row in (f"{kill.number.name:8} {kill.victim:7}", f"{'all':8} {'':7}"):
            tried[row] += 1
            held[row] += not broken
    return "".join(f"{row} tried {tried[row]:4}  held {held[row]:4}\n" for row in tried)


if __name__ == "__main__":
    sys.exit(main())
