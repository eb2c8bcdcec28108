"""Runs the engines' own training loop with a clock around every call of the engine.

Between two epochs it copies what the engine returned, and no more. It knows no engine.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from numpy.typing import NDArray

from benchgrad.benchmarks.cell.clock import Clock, CollectorTimer, timed
from benchgrad.benchmarks.cell.plain import Copier, fresh, plain_copies, plain_copy
from benchgrad.engines import Classifier, batch_generator, draw_epochs, train_epochs

Array = NDArray[Any]

_IDLE_READS = 3  # before the first epoch; the first one may fill a cache or compile
_READ_SHARE = 0.05  # of an epoch: no copy of the parameters takes longer, work put off may


@dataclass(frozen=True)
class Schedule:
    """How long to train, and in which batches; `benchgrad.engines.draw_epochs` draws them.

    They depend on `seed` and `round` alone, so they differ between rounds but not between engines.
    Training ends with the epoch in which the sum of the epochs' times reaches `budget_s`, but not
    before `least_epochs`.
    """

    n_epochs: int
    batch_size: int
    seed: int
    round: int = 0
    budget_s: float | None = None
    least_epochs: int = 1

    def is_over(self, n_epochs: int, total_s: float) -> bool:
        """Return whether the budget ends a training that has taken so many epochs and seconds."""
        is_spent = self.budget_s is not None and total_s >= self.budget_s
        return is_spent and n_epochs >= self.least_epochs

    def batches(self, n_samples: int) -> Iterator[list[Array]]:
        """Return the row indices of each batch, epoch after epoch."""
        rng = batch_generator(self.seed, self.round)
        return draw_epochs(self.n_epochs, n_samples, self.batch_size, rng)


@dataclass(frozen=True)
class Instruments:
    """What the loop works with: the clock, and `copied`, which copies what an engine returned."""

    clock: Clock
    copied: Copier = fresh


class TrainedEpoch(NamedTuple):
    """An epoch that ended: what it returned, as copies, and what it took, in seconds.

    `wall_s`, `cpu_s` and `collector_s` belong to the call of `train_epoch`. `late_s` is what the
    read of the parameters took longer than a read with nothing left to do: work that was put off
    until then belongs to the epoch. `read_s` and `read_cpu_s` belong to the read.
    """

    losses: Array
    parameters: list[Array]
    wall_s: float
    cpu_s: float
    collector_s: float
    late_s: float
    read_s: float
    read_cpu_s: float

    @property
    def seconds(self) -> float:
        """The time that counts."""
        return self.wall_s + self.late_s

    @property
    def calls_s(self) -> float:
        """The time of both calls."""
        return self.wall_s + self.read_s

    @property
    def calls_cpu_s(self) -> float:
        """The processor time of both calls."""
        return self.cpu_s + self.read_cpu_s


def train(
    classifier: Classifier, X: Array, y: Array, schedule: Schedule, instruments: Instruments
) -> Iterator[TrainedEpoch]:
    """Train epoch by epoch, and yield each.

    Raises:
        NotPlainError: the engine returns something other than plain arrays.
    """
    # Both methods are looked up once: whoever computes in the lookup would do so off the clock.
    train_epoch, read = classifier.train_epoch, classifier.parameters
    reads = [timed(read, clock=instruments.clock).wall_s for _ in range(_IDLE_READS)]
    total_s = 0.0
    with CollectorTimer(instruments.clock.wall) as collector:
        timekeeper = _Timekeeper(train_epoch, read, instruments, collector, idle_s=min(reads))
        epochs = train_epochs(timekeeper.epoch, X, y, schedule.batches(len(y)))
        for n, epoch in enumerate(epochs, start=1):
            total_s += epoch.seconds
            yield epoch
            if schedule.is_over(n, total_s):
                return


@dataclass(frozen=True)
class _Timekeeper:
    """A classifier's methods under the clock; `idle_s` is what `read` took before it trained."""

    train_epoch: Callable[[Array, Array, Sequence[Array]], Array]
    read: Callable[[], list[Array]]
    instruments: Instruments
    collector: CollectorTimer
    idle_s: float

    def epoch(self, X: Array, y: Array, batches: Sequence[Array]) -> TrainedEpoch:
        """Train one epoch and read the parameters, each between two readings of the clock.

        What is returned is copied before the engine runs again. An engine may make its idle reads
        as slow as its late ones, so no read is believed to be idle for longer than a small share
        of the epoch. The clocks are read here and not by `timed`, whose objects slow the next epoch
        of a fast engine by half a percent.
        """
        clock, copied = self.instruments.clock, self.instruments.copied
        wall, cpu = clock.wall, clock.cpu
        collected_s, cpu_began_s = self.collector.total_s, cpu()
        began_s = wall()
        returned = self.train_epoch(X, y, batches)
        ended_s = wall()
        cpu_ended_s = cpu()
        collected_s = self.collector.total_s - collected_s
        losses = plain_copy(returned, "train_epoch", copied).ravel()
        read_cpu_began_s = cpu()
        read_began_s = wall()
        found = self.read()
        read_ended_s = wall()
        read_cpu_ended_s = cpu()
        wall_s, read_s = ended_s - began_s, read_ended_s - read_began_s
        return TrainedEpoch(
            losses=losses,
            parameters=plain_copies(found, "parameters", copied),
            wall_s=wall_s,
            cpu_s=cpu_ended_s - cpu_began_s,
            collector_s=collected_s,
            late_s=max(0.0, read_s - min(self.idle_s, _READ_SHARE * wall_s)),
            read_s=read_s,
            read_cpu_s=read_cpu_ended_s - read_cpu_began_s,
        )
