"""``benchgrad.check``: the command `benchgrad check`, with frames for its verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from typing import TYPE_CHECKING

from markupsafe import Markup

from benchgrad.engines import EngineError, check_names
from benchgrad.engines.conformance import Options, Outcome, check_engine
from benchgrad.engines.conformance.checking import TIMEOUT_S, groups
from benchgrad.engines.conformance.report import as_json, headline, text_report, told

if TYPE_CHECKING:
    import pandas as pd

_WIDTH = 120


@dataclass(frozen=True, repr=False)
class Check:
    """What the checks found in an engine: `print` shows what the command line shows.

    Attributes:
        outcome: every verdict, as `benchgrad.engines.conformance` declares it.
    """

    outcome: Outcome

    @property
    def passed(self) -> bool:
        """Whether nothing counts against the engine."""
        return self.outcome.passed

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        return headline(self.outcome)

    @property
    def faults(self) -> pd.DataFrame:
        """A row for each distinct fault, the one to mend first at the head."""
        return _frame(as_json([self.outcome])["engines"][0]["faults"])

    @property
    def verdicts(self) -> pd.DataFrame:
        """A row for each check."""
        return _frame(as_json([self.outcome])["engines"][0]["verdicts"])

    def __repr__(self) -> str:
        return f"<Check of {self.headline}>"

    def __str__(self) -> str:
        from benchgrad.command_line.console import Terminal

        console = Terminal(width=_WIDTH)
        with console.capture() as captured:
            for part in text_report(self.outcome):
                console.print(part, soft_wrap=True)
        return captured.get().rstrip("\n")

    def _repr_html_(self) -> str:
        faults = Markup().join(
            Markup("<pre>{}</pre>").format(told(number, fault).strip())
            for number, fault in enumerate(self.outcome.faults, start=1)
        )
        return str(Markup("<div><strong>{}</strong></div>{}").format(self.headline, faults))


def check(
    engine: str | PathLike[str],
    *,
    fast: bool = False,
    seed: int = 0,
    timeout_s: float = TIMEOUT_S,
    only: Sequence[str] = (),
) -> Check:
    """Find the wrong gradients of an engine.

    Args:
        engine: a name, ``path.py`` or ``package.module:attribute``.
        fast: whether to leave out the checks that take long.
        seed: of all random numbers.
        timeout_s: after which a check is ended and counts as crashed.
        only: the groups of checks to run; all of them if there are none.

    Raises:
        EngineError: there is no such engine or group, or the engine cannot be loaded.
    """
    check_names([fspath(engine)])
    for group in only:
        if group not in groups():
            listed = ", ".join(groups())
            raise EngineError(f"only: {group!r} is no group of checks; there are {listed}")
    return Check(check_engine(fspath(engine), Options(seed, fast, timeout_s, tuple(only))))


def _frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows)
