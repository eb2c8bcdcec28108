"""Measures the points of a sweep on a Dask cluster: one that exists, or one on this machine.

Dask decides which worker measures a point, and gives it to another if that worker dies. Whatever
Dask does, a host times one point at a time: each takes the lock of its machine. dask and
distributed are imported only here.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import msgspec

from benchgrad.benchmarks.analysis.points import HERE
from benchgrad.benchmarks.cell.listener import Listener, Quiet
from benchgrad.benchmarks.records import Host
from benchgrad.benchmarks.run import lock
from benchgrad.benchmarks.run.entries import Header
from benchgrad.benchmarks.run.fingerprint import OtherCodeError
from benchgrad.benchmarks.run.journal import SCRATCH, now
from benchgrad.benchmarks.run.sweep import (
    ClusterError,
    Found,
    PointJob,
    PointMeasurer,
    elsewhere,
    unmeasured,
)

MISSING = "--executor dask needs the extra: pip install 'benchgrad[distributed]'"
_LOOK_S = 1.0  # how often the workers are counted while no point is finished
_CONNECT_S = 20.0
_WAITING = 2  # points that wait for each worker, so that none idles


@dataclass(frozen=True)
class Lending:
    """What a worker is told of its run: the header of the journal, and where it was started.

    `lock` is the file that keeps other runs from timing on a host, empty for the usual one.
    """

    header: bytes
    client: str
    lock: str


@dataclass
class _Flight:
    """The points that are with the cluster, and those that lost a worker."""

    jobs: dict[str, PointJob] = field(default_factory=dict)
    futures: dict[str, Any] = field(default_factory=dict)
    lost: dict[str, list[str]] = field(default_factory=dict)
    processing: dict[str, set[str]] = field(default_factory=dict)


class Cluster:
    """An executor on a Dask cluster; a context.

    With a `scheduler`, such as ``tcp://host:8786``, on the cluster that it serves; else on one of
    this process's own, with one worker, or for a run that is not timed one for each processor.
    """

    def __init__(
        self, header: Header, listener: Listener, scheduler: str | None, lock_file: Path | None
    ) -> None:
        self._listener = listener
        self._scheduler = scheduler
        self._header = header
        told = msgspec.json.encode(header)
        self._lending = Lending(told, socket.gethostname(), str(lock_file or ""))
        self._n_local = 1 if header.plan.timed else os.cpu_count() or 1

    def __enter__(self) -> Self:
        try:
            dask = importlib.import_module("dask")
            self._distributed: Any = importlib.import_module("distributed")
        except ImportError as error:
            raise ClusterError(f"{error}; {MISSING}") from error
        self._contexts = contextlib.ExitStack()
        quiet = dask.config.set({"distributed.comm.timeouts.connect": f"{_CONNECT_S:g}s"})
        self._contexts.enter_context(quiet)
        self._contexts.enter_context(_silent())
        where: Any = self._scheduler
        try:
            if where is None:
                where = self._contexts.enter_context(
                    self._distributed.LocalCluster(
                        n_workers=self._n_local, threads_per_worker=1, dashboard_address=None
                    )
                )
            self._client: Any = self._contexts.enter_context(self._distributed.Client(where))
        except (OSError, TimeoutError, ValueError) as error:
            self._contexts.close()
            raise ClusterError(
                f"--scheduler {self._scheduler!r} cannot be reached: {error}; "
                "start one with: dask scheduler"
            ) from error
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(Exception):  # of a scheduler that is gone
            self._contexts.close()

    def measured(self, jobs: Iterator[PointJob]) -> Iterator[Found]:
        """Yield the points as the cluster finishes them.

        Raises:
            ClusterError: the scheduler is gone, or no worker has come.
            OtherCodeError: the code or the packages of a worker are not those of the run.
        """
        dask = self._distributed
        cancelled = (dask.CancelledError, dask.client.FuturesCancelledError, OSError)
        flight = _Flight()
        self._workers, self._doubted = self._living(), set[str]()
        while True:
            self._submit(jobs, flight)
            if not flight.futures:
                return
            if self._listener.stop_at_once():
                self._client.cancel(list(flight.futures.values()), force=True)
                return
            try:
                dask.wait(list(flight.futures.values()), _LOOK_S, return_when="FIRST_COMPLETED")
            except (dask.TimeoutError, TimeoutError):
                pass
            except cancelled as error:
                raise self._gone() from error
            self._look(flight)
            for key in [key for key, future in flight.futures.items() if future.done()]:
                yield self._landed(key, flight)

    def _submit(self, jobs: Iterator[PointJob], flight: _Flight) -> None:
        """Hand out points, a few for each worker: what waits here can still be left out."""
        room = _WAITING * max(len(self._workers), 1)
        while len(flight.futures) < room and (job := next(jobs, None)):
            key = f"{job.at}-{now()}"
            future = self._client.submit(
                measure_there, self._lending, job, key=key, pure=False, retries=0
            )
            flight.jobs[key], flight.futures[key] = job, future

    def _living(self) -> dict[str, str]:
        """Return the address of each worker with the name of its host."""
        if self._client.status not in ("running", "connecting", "newly-created"):
            raise self._gone()
        try:
            workers = self._client.scheduler_info(n_workers=-1)["workers"]
        except (OSError, TimeoutError, KeyError) as error:
            raise self._gone() from error
        return {address: str(each.get("host", "")) for address, each in workers.items()}

    def _gone(self) -> ClusterError:
        return ClusterError("the connection to the Dask scheduler was lost")

    def _look(self, flight: _Flight) -> None:
        """See which workers died since the last look, and which points went with each."""
        living = self._living()
        # A worker that is busy may be missing for a moment.
        doubted, self._doubted = self._doubted, set(self._workers.keys() - living.keys())
        living |= {each: self._workers[each] for each in self._doubted - doubted}
        for address in self._workers.keys() - living.keys():
            keys = flight.processing.get(address, set()) & flight.futures.keys()
            points = "; ".join(str(flight.jobs[key].at) for key in sorted(keys))
            self._listener.told(
                f"worker {address} is gone; "
                + (f"measured again: {points}" if keys else "no point was with it")
            )
            for key in keys:
                flight.lost.setdefault(key, []).append(f"worker {address} died at {now()}")
        for address in living.keys() - self._workers.keys():
            self._listener.told(f"worker {address} has come")
        self._workers = living
        with contextlib.suppress(OSError, TimeoutError):
            found = self._client.processing()
            known = {address: flight.processing.get(address, set()) for address in self._doubted}
            flight.processing = known | {address: set(keys) for address, keys in found.items()}

    def _landed(self, key: str, flight: _Flight) -> Found:
        """Return what came of a point, with the attempts that were lost."""
        future, job = flight.futures.pop(key), flight.jobs.pop(key)
        lost = flight.lost.pop(key, [])
        if future.status == "finished":
            found: Found = future.result()
        elif future.status in ("cancelled", "lost"):
            raise self._gone()
        else:
            found = self._failed(future.exception(), job)
        if found.point is None or not lost:
            return found
        return Found(msgspec.structs.replace(found.point, lost=lost), found.host, found.fingerprint)

    def _failed(self, error: BaseException, job: PointJob) -> Found:
        """Return a point that killed every worker it was given to.

        Raises:
            OtherCodeError: a worker is not fit for the run.
            ClusterError: a worker failed otherwise, which is no engine's fault.
        """
        if isinstance(error, OtherCodeError):
            raise error
        if not isinstance(error, self._distributed.KilledWorker):
            raise ClusterError(f"a worker failed: {type(error).__name__}: {error}") from error
        reason = "not started: every worker that had this point died"
        point = unmeasured(self._header.plan, job.at, HERE, reason)
        here = Host(self._header.environment)
        return Found(point, here, self._header.fingerprint)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep Dask's own log off the terminal: what a user must know is told in a line."""
    handlers = logging.getLogger("distributed").handlers
    levels = [handler.level for handler in handlers]
    for handler in handlers:
        handler.setLevel(logging.CRITICAL)
    yield
    for handler, level in zip(handlers, levels, strict=True):
        handler.setLevel(level)


def measure_there(lending: Lending, job: PointJob) -> Found:
    """Measure a point; this is what a worker of the cluster runs."""
    return _measurer(lending).measure(job, Quiet())


@functools.lru_cache(maxsize=1)
def _measurer(lending: Lending) -> PointMeasurer:
    """Return what measures the points of a run in this process; the rates are measured once."""
    header = msgspec.json.decode(lending.header, type=Header)
    path = Path(lending.lock) if lending.lock else lock.MACHINE

    def alone() -> contextlib.AbstractContextManager[None]:
        if not header.plan.timed:
            return contextlib.nullcontext()
        holder = lock.Holder(os.getpid(), f"{datetime.now():%Y-%m-%d %H:%M:%S}", header.command)
        return lock.timing_alone(path, holder, True, lambda _: None)

    folder = Path(tempfile.mkdtemp(prefix=SCRATCH))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return elsewhere(header, lending.client, folder, alone)
