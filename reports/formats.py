"""Turns numbers into the text of every table and page. One place, so that all agree."""

import math

from benchgrad.benchmarks.analysis.rounds import Precision

_PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))


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


def seconds(value: float | None) -> str:
    """Return a time as 652 s, 2.36 s, 23.6 ms or 410 µs."""
    if value is None or math.isnan(value):
        return "–"
    for unit, prefix in _PREFIXES:
        if rounded(abs(value)) >= unit:
            return f"{significant(value / unit)} {prefix}s"
    return f"{value:.3g} s"


def duration(value: float | None) -> str:
    """Return a time as `seconds` does, and from two minutes on also as 10 min 52 s."""
    text = seconds(value)
    if value is None or not 120 <= value < math.inf:
        return text
    minutes, rest = divmod(round(value), 60)
    return f"{text} ({minutes} min {rest} s)"


def ratio(value: float | None) -> str:
    """Return a factor as 1,381 × or 0.820 ×."""
    if value is None or math.isnan(value):
        return "–"
    return f"{_factor(value)} ×"


def precision(found: Precision) -> str:
    """Return what became of the precision that was asked for, as a sentence without its end."""
    asked = f"±{100 * found.asked:g} %"
    rounds = f"{found.n_rounds} round{'s' if found.n_rounds != 1 else ''}"
    rounds += ", then interrupted" if found.is_interrupted else ""
    if not found.n_ratios:
        return f"{rounds}; no ratio could be known to {asked}: no two engines have a rank"
    if found.missed:
        missed = "; ".join(f"{engine} to {how}" for engine, how in found.missed.items())
        return f"{rounds}; not every ratio is known to {asked}: {missed}"
    return f"{rounds}{';' if found.is_interrupted else ', until'} each ratio was known to {asked}"


def ratio_between(value: float | None, low: float | None, high: float | None) -> str:
    """Return a factor with its interval as 1.30 × (1.27 to 1.33), without where there is none."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return ratio(value)
    return f"{ratio(value)} ({_factor(low)} to {_factor(high)})"


def _factor(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else significant(value)


def decimal(value: float | None) -> str:
    """Return a number with two decimals, as 0.99."""
    return "–" if value is None or math.isnan(value) else f"{value:.2f}"


def mebibytes(value: float | None) -> str:
    """Return a size in memory as 40.1 MiB."""
    return "–" if value is None or math.isnan(value) else f"{significant(value / 2**20)} MiB"


def count(value: float | None) -> str:
    """Return a whole number as 77,376."""
    return "–" if value is None or math.isnan(value) else f"{value:,.0f}"


def flops(value: float | None) -> str:
    """Return a rate of floating-point operations as 48.1 GFLOP/s."""
    if value is None or math.isnan(value):
        return "–"
    for unit, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if rounded(value) >= unit:
            return f"{significant(value / unit)} {prefix}FLOP/s"
    return f"{significant(value)} FLOP/s"


def share(value: float | None) -> str:
    """Return a share that may be tiny as 42 %, 0.81 % or 0.0003 %."""
    return "–" if value is None or math.isnan(value) else f"{significant(100 * value, 2)} %"


def percent(value: float | None) -> str:
    """Return a share as 96.8 %."""
    return "–" if value is None or math.isnan(value) else f"{100 * value:.1f} %"


def markdown(text: str) -> str:
    """Return a text that Markdown shows as it is, also in a table."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "&#124;")


def scientific(value: float | None) -> str:
    """Return a small difference as 2.2e-16; none at all is 0."""
    if value is None or math.isnan(value):
        return "–"
    return "0" if value == 0 else f"{value:.1e}"
