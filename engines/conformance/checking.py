"""All checks of one engine, and their outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from benchgrad.engines.conformance.checks import catalogue
from benchgrad.engines.conformance.faults import Fault, faults_of
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.judging.verdict import Verdict
from benchgrad.engines.conformance.process.parent import EngineProcess

TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Options:
    """How to check an engine.

    Attributes:
        seed: that every random number is drawn from.
        is_fast: whether to skip the slow checks and draw fewer random graphs.
        timeout_s: after which a check is ended and counts as crashed.
        only: the groups of checks to run; all of them if there are none.
    """

    seed: int = 0
    is_fast: bool = False
    timeout_s: float = TIMEOUT_S
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """An engine's verdicts, in the order of the checks, and its declared deviations."""

    engine: str
    seed: int
    verdicts: tuple[Verdict, ...]
    deviations: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing counts against the engine."""
        return not any(verdict.counts_against for verdict in self.verdicts)

    @property
    def wall_s(self) -> float:
        """How long all checks took, in seconds."""
        return sum(verdict.wall_s for verdict in self.verdicts)

    @cached_property
    def faults(self) -> list[Fault]:
        """The distinct faults, the one to mend first at the head."""
        return faults_of(self.verdicts)

    @property
    def training(self) -> str:
        """Whether it is right for training the classifier, in words."""
        judged = [v for v in self.verdicts if v.group == "classifier"]
        wrong = [v for v in judged if v.counts_against]
        if any(v.finding.evidence == "numbers" for v in wrong):
            return "trains this classifier wrongly"
        if wrong:
            return "fails to train this classifier"
        if any(v.status == "passed" for v in judged):
            return "right for training this classifier"
        reason = next((v.reason for v in judged if v.status == "unsupported"), "")
        return f"does not train this classifier ({reason})" if reason else "training was not tried"

    @property
    def surprises(self) -> list[Verdict]:
        """The checks that pass although their full name is declared as a deviation."""
        return [v for v in self.verdicts if v.check in self.deviations and v.status == "passed"]


def checks_of(options: Options) -> list[Check]:
    """Return the checks that these options ask for."""
    return [
        check
        for check in catalogue().values()
        if not (options.is_fast and check.is_slow)
        and (not options.only or check.group in options.only)
    ]


def groups() -> list[str]:
    """Return the names of the groups of checks."""
    return list(dict.fromkeys(check.group for check in catalogue().values()))


def check_engine(
    engine: str,
    options: Options | None = None,
    on_verdict: Callable[[Verdict], None] = lambda verdict: None,
) -> Outcome:
    """Run every check on an engine: a name, ``path/to/file.py`` or ``package.module:attribute``.

    Raises:
        EngineError: it cannot be loaded.
    """
    options = options or Options()
    verdicts = []
    with process_for(engine, options) as process:
        name = process.start()
        for check in checks_of(options):
            verdict = process.verdict(check)
            verdicts.append(verdict)
            on_verdict(verdict)
        return Outcome(name, options.seed, tuple(verdicts), process.deviations)


def process_for(engine: str, options: Options) -> EngineProcess:
    """Return the process that an engine is checked in, not yet started."""
    spec = str(Path(engine).resolve()) if engine.endswith(".py") else engine
    return EngineProcess(
        spec, seed=options.seed, is_fast=options.is_fast, timeout_s=options.timeout_s
    )
