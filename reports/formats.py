"""Turns numbers into the text of every table and page. One place, so that all agree."""

import functools
import math
from collections.abc import Callable

from benchgrad.benchmarks.analysis.rounds import Precision

UNKNOWN = "–"
_TIMES = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))
_SIZES = ((2**30, "Gi"), (2**20, "Mi"), (2**10, "Ki"))
_RATES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def _known(format: Callable[[float], str]) -> Callable[[float | None], str]:
    """Let a format show None and nan as a dash."""

    @functools.wraps(format)
    def shown(value: float | None) -> str:
        return UNKNOWN if value is None or math.isnan(value) else format(value)

    return shown


def rounded(number: float, digits: int = 3) -> float:
    """Return a number rounded to so many significant digits."""
    return float(f"{number:.{digits}g}")


def significant(number: float, digits: int = 3) -> str:
    """Return a number with so many significant digits, or as a whole number with commas."""
    if abs(number) >= 10**digits:
        return f"{number:,.0f}" if math.isfinite(number) else str(number)
    number = rounded(number, digits)
    if math.isnan(number):
        return str(number)
    if number == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(number)))
    return f"{number:,.{max(decimals, 0)}f}"


@_known
def seconds(value: float) -> str:
    """Return a time as 652 s, 2.36 s, 23.6 ms or 410 µs."""
    return seconds_to(3, value)


def seconds_to(digits: int, value: float) -> str:
    """Return a time with so many significant digits."""
    for unit, prefix in _TIMES:
        if rounded(abs(value), digits) >= unit:
            return f"{significant(value / unit, digits)} {prefix}s"
    return f"{value:.{digits}g} s"


@_known
def duration(value: float) -> str:
    """Return a time as `seconds` does, and from two minutes on as 10 min 52 s."""
    if not 120 <= value < math.inf:
        return seconds(value)
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def published(value: float) -> str:
    """Return a published time to its last digit, as 10 min 51.86 s."""
    minutes, rest = divmod(value, 60)
    return f"{minutes:.0f} min {rest:.6g} s" if minutes >= 2 else f"{value:g} s"


def published_s(value: float) -> str:
    """Return a published time to its last digit in seconds, as 651.86 s."""
    return f"{value:g} s" if value >= 1e15 else f"{float(f'{value:.12g}'):,.15g} s"


@_known
def ratio(value: float) -> str:
    """Return a factor as 1,381 × or 0.820 ×."""
    return f"{_factor(value)} ×"


def ratio_between(value: float | None, low: float | None, high: float | None) -> str:
    """Return a factor with its interval, if it has one, as 1.30 × (1.27 to 1.33)."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return ratio(value)
    return f"{ratio(value)} ({_factor(low)} to {_factor(high)})"


@_known
def speedup(value: float) -> str:
    """Return a speedup as 15.6 × faster, and one below 1 as 2.00 × slower."""
    factor = max(value, 1 / value)
    if rounded(factor) == 1:
        return "equally fast"
    return f"{ratio(factor)} {'faster' if value > 1 else 'slower'}"


def compared(ratio: float, low: float = math.nan, high: float = math.nan) -> str:
    """Return how an engine compares, given how many times as long it takes as another.

    As 20.0 × faster (19.1 to 21.0), or 1.42 × slower; an interval that holds 1 shows no difference.
    """
    if math.isnan(ratio):
        return UNKNOWN
    if low <= 1.0 <= high:
        return f"no clear difference ({_factor(low)} to {_factor(high)} ×)"
    text = speedup(1.0 / ratio) if ratio else UNKNOWN
    if math.isnan(low) or math.isnan(high) or rounded(ratio) == 1 or not low:
        return text
    ends = sorted(max(end, 1.0 / end) for end in (low, high))
    return f"{text} ({_factor(ends[0])} to {_factor(ends[1])})"


def _factor(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else significant(value)


@_known
def decimal(value: float) -> str:
    """Return a number with two decimals, as 0.99."""
    return f"{value:.2f}"


@_known
def memory(value: float) -> str:
    """Return a size in memory as 1.50 GiB, 40.1 MiB, 43.5 KiB or 512 B."""
    for unit, prefix in _SIZES:
        if abs(value) >= unit:
            return f"{significant(value / unit)} {prefix}B"
    return f"{value:.0f} B"


@_known
def count(value: float) -> str:
    """Return a whole number as 77,376."""
    return f"{value:,.0f}"


@_known
def instructions(value: float) -> str:
    """Return a number of instructions as 18.47 million: a change of 0.5 % must show."""
    return f"{significant(value / 1e6, 4)} million"


@_known
def flops(value: float) -> str:
    """Return a rate of floating-point operations as 48.1 GFLOP/s."""
    for unit, prefix in _RATES:
        if rounded(value) >= unit:
            return f"{significant(value / unit)} {prefix}FLOP/s"
    return f"{significant(value)} FLOP/s"


@_known
def share(value: float) -> str:
    """Return a share that may be tiny as 42 %, 0.81 % or 0.0003 %."""
    return f"{significant(100 * value, 2)} %"


@_known
def percent(value: float) -> str:
    """Return a share as 96.8 %."""
    return f"{100 * value:.1f} %"


@_known
def scientific(value: float) -> str:
    """Return a small difference as 2.2e-16; none at all is 0."""
    return "0" if value == 0 else f"{value:.1e}"


def precision(found: Precision) -> str:
    """Return how well a run met the precision it was asked for, without a full stop."""
    asked = f"±{100 * found.asked:g} %"
    rounds = f"{found.n_rounds} round{'s' if found.n_rounds != 1 else ''}"
    rounds += ", then interrupted" if found.is_interrupted else ""
    if not found.n_ratios:
        return f"{rounds}; no ratio to measure to {asked}: fewer than two engines are ranked"
    if found.missed:
        missed = "; ".join(f"{engine} to {how}" for engine, how in found.missed.items())
        return f"{rounds}; not every ratio is known to {asked}: {missed}"
    return f"{rounds}{';' if found.is_interrupted else ', until'} each ratio was known to {asked}"
