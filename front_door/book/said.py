"""Numbers as the text of a page says them. How they are written is decided in `reports.formats`."""

from benchgrad.benchmarks.records import Environment
from benchgrad.reports import formats


class Said(str):
    """A text that stands in a sentence: it shows itself without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


def machine_of(here: Environment) -> Said:
    """Return a computer and what runs on it, as a text says it."""
    numpy = here.libraries.get("numpy", "")
    return Said(f"{here.processor}, {here.n_cpus} CPUs, {here.python}, NumPy {numpy}")


def seconds(value: float) -> Said:
    """Return a time as 23.6 ms, and a long one as 10 min 52 s."""
    return Said(formats.duration(value))


def times(value: float) -> Said:
    """Return a factor as 1,381 ×."""
    return Said(formats.ratio(value))


def count(value: float) -> Said:
    """Return a whole number as 76,064."""
    return Said(formats.count(value))


def percent(value: float) -> Said:
    """Return a share as 92.0 %."""
    return Said(formats.percent(value))
