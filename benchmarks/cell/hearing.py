"""What a worker may say of a cell: in which order, how often, how much, and how large.

An engine runs in its worker, so it may write anything into the worker's pipe. The types are in
`messages`; whether the work was right is judged in `measure`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Struct

from benchgrad.benchmarks.cell.messages import (
    CellJob,
    EpochsDone,
    Evaluated,
    Event,
    Failed,
    Ready,
    TrainingFinished,
)
from benchgrad.benchmarks.regions import Regions, coarse, kept_epochs
from benchgrad.processes.child import LONGEST_ANSWER
from benchgrad.processes.ending import ChildSpeechError

LONGEST_LINE = 1_000  # characters of a note or a reason; what is longer is cut
_LARGEST = 2**53  # of integers: JSON, CSV and a float64 hold them exactly
_LONGEST_S = 1e9
_MOST_KINDS, _LONGEST_KIND = 1_000, 100  # of nodes in a graph, and the characters of a name
_NUMBER_BYTES = 26  # of a float64 in JSON, with its comma
_FIELDS = 20  # of an epoch, each as long as a number or two with its name
_MOST_TOGETHER = 1_000  # short epochs in one message
_OTHER_BYTES = 1 << 21  # of a message, beside its lists of numbers
# What may come before each event; the worker of a reference evaluates nothing.
_AFTER: dict[type[Struct], tuple[type[Struct] | None, ...]] = {
    Ready: (None,),
    EpochsDone: (Ready, EpochsDone),
    Evaluated: (EpochsDone,),
    TrainingFinished: (EpochsDone, Evaluated),
    Failed: (None, Ready, EpochsDone, Evaluated),
}


@dataclass(frozen=True)
class Sizes:
    """How many rows and classes a data set has, and points its grid."""

    n_train: int
    n_test: int
    n_grid: int
    n_classes: int


class Hearing:
    """Hears the events of one job in turn, and refuses what no worker says."""

    def __init__(self, job: CellJob, sizes: Sizes) -> None:
        self._job = job
        self._sizes = sizes
        self._n_steps = -(-sizes.n_train // job.training.batch_size)
        pairs = zip(job.layers, job.layers[1:], strict=False)
        self._n_parameters = sum((n_in + 1) * n_out for n_in, n_out in pairs)
        self._n_epochs = 0
        self._last: type[Struct] | None = None

    @property
    def longest_bytes(self) -> int:
        """The length that no message of the job exceeds."""
        sizes, job = self._sizes, self._job
        n_together = min(job.n_epochs, _MOST_TOGETHER)
        n_of_epoch = self._n_steps + _FIELDS + (self._n_parameters if job.snapshots else 0)
        n_at_end = self._n_parameters + sizes.n_test + sizes.n_grid + 2 * job.n_epochs
        n_bytes = _OTHER_BYTES + _NUMBER_BYTES * max(n_together * n_of_epoch, n_at_end)
        return min(n_bytes, LONGEST_ANSWER)

    def check(self, event: Event) -> None:
        """Take the next event.

        Raises:
            ChildSpeechError: it comes out of turn, or says more than there is to say.
        """
        name = type(event).__name__
        if self._last not in _AFTER[type(event)]:
            raise ChildSpeechError(f"{name} out of turn")
        self._last = type(event)
        for problem in (*self._wrong_lengths(event), *_out_of_bounds(event, name)):
            raise ChildSpeechError(problem)

    def _wrong_lengths(self, event: Event) -> Iterator[str]:
        """Yield each list whose length is not that of what it belongs to."""
        for what, found, expected in self._lengths(event):
            if found != expected:
                yield f"{found:,} {what} where there are {expected:,}"

    def _lengths(self, event: Event) -> Iterator[tuple[str, int, int]]:
        """Yield what each list of an event holds, how much of it, and how much there is."""
        sizes = self._sizes
        match event:
            case EpochsDone(epochs, parameters):
                self._n_epochs += len(epochs)
                yield "epochs", self._n_epochs, min(self._n_epochs, self._job.n_epochs)
                yield "epochs", len(epochs), max(1, len(epochs))
                yield from (("losses", len(each.losses), self._n_steps) for each in epochs)
                n = len(epochs) if self._job.snapshots else 0
                yield "lists of parameters", len(parameters or ()), n
                yield from (("parameters", len(p), self._n_parameters) for p in parameters or ())
            case Evaluated(train, test, regions):
                yield "training accuracies", len(train), self._n_epochs
                yield "test accuracies", len(test), self._n_epochs
                yield from self._lengths_of_regions(regions)
            case TrainingFinished():
                yield "parameters", len(event.parameters), self._n_parameters
                for classes, n in (
                    (event.test_classes, sizes.n_test),
                    (event.grid_classes, sizes.n_grid),
                ):
                    yield "classes of rows", len(classes), n
                    yield self._highest(classes)

    def _lengths_of_regions(self, regions: list[Regions]) -> Iterator[tuple[str, int, int]]:
        """Yield the same of regions; there are some in the first round, if there is a grid."""
        sizes = self._sizes
        has_regions = self._job.round == 0 and sizes.n_grid > 0
        kept = kept_epochs(self._n_epochs) if has_regions else []
        yield "regions", len(regions), len(kept)
        for each, n_epochs in zip(regions, kept, strict=False):
            yield "epochs before regions", each.n_epochs, n_epochs
            yield "points of regions", each.n_points, len(coarse(math.isqrt(sizes.n_grid)))
            yield self._highest([label for label, _ in each.runs])

    def _highest(self, classes: list[int]) -> tuple[str, int, int]:
        """Return the same of classes that must exist."""
        n_classes = max(classes, default=0) + 1
        return "classes", n_classes, min(n_classes, self._sizes.n_classes)


def one_line(text: str) -> str:
    """Return a text that an engine or its process wrote, as one line that is not too long."""
    words = "".join(c if c.isprintable() else " " for c in text[: 2 * LONGEST_LINE]).split()
    line = " ".join(words)
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"


def _out_of_bounds(value: object, name: str) -> Iterator[str]:
    """Yield each number of a message that cannot be true; losses and parameters may be any."""
    match value:
        case Struct():
            for field in value.__struct_fields__:
                yield from _out_of_bounds(getattr(value, field), field)
        case dict():
            yield from _bad_names(list(value), name)
            for number in value.values():
                yield from _out_of_bounds(number, name)
        case list() if name == "epochs":
            for epoch in value:
                yield from _out_of_bounds(epoch, name)
        case list() if name.endswith("_accuracies"):
            if not all(0.0 <= share <= 1.0 for share in value):
                yield f"{name} outside 0 to 1"
        case list() if name.endswith("_classes"):
            if min(value, default=0) < 0:
                yield f"{name} below 0"
        case int() if not 0 <= value <= _LARGEST:
            yield f"{name} is {_shown(value)}"
        case float() if not 0.0 <= value <= _LONGEST_S:
            yield f"{name} is {value:.3g}"


def _bad_names(names: list[str], what: str) -> Iterator[str]:
    if len(names) > _MOST_KINDS:
        yield f"{len(names):,} {what}"
    for name in names:
        if len(name) > _LONGEST_KIND or not name.isprintable():
            yield f"{what} with the name {name[:_LONGEST_KIND]!r}"


def _shown(number: int) -> str:
    """Return an integer, in a few characters even if it has a million digits."""
    if abs(number) <= 10 * _LARGEST:
        return f"{number:,}"
    return f"{'-' if number < 0 else ''}2**{number.bit_length() - 1} or more"
