"""What a check found: the verdict with its finding, and the exceptions that lead to it."""

from typing import Any, Literal

import numpy as np
from msgspec import Struct

from benchgrad.engines.conformance.judging.places import Visit

Status = Literal["passed", "failed", "unsupported", "crashed"]
Evidence = Literal["", "numbers", "exception", "memory", "time"]


class Cause(Struct, frozen=True):
    """The likely cause of a fault.

    Attributes:
        kind: the mistake in words, with a ``{}`` for each part of `where`.
        where: the names, axes and numbers that differ from one check to the next.
        operator: the operator at fault, if the mistake is specific to one.
    """

    kind: str
    where: tuple[str, ...] = ()
    operator: str = ""

    def __str__(self) -> str:
        return self.kind.format(*self.where)


class Finding(Struct, frozen=True):
    """What a check saw: a reason in one line, and for a wrong number how to see it again.

    Attributes:
        reason: one line.
        cause: the likely cause, if one is known.
        code: the smallest failing expression, ready to run.
        expected: what must come out, as text.
        actual: what comes out, as text.
        evidence: what convicts the engine.
        place: the engine's own line, if one is known.
        operation: the function that it is about, where a check looks at several.
        uses: the operations in the code.
    """

    reason: str = ""
    cause: Cause | None = None
    code: str = ""
    expected: str = ""
    actual: str = ""
    evidence: Evidence = ""
    place: str = ""
    operation: str = ""
    uses: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, what: str, actual: str, expected: str, cause: Cause | None, code: str = ""
    ) -> "Finding":
        """Return the finding that a number is not what it must be."""
        reason = f"{what} is {actual}, must be {expected}"
        return cls(reason, cause, code, expected, actual, "numbers")


class Verdict(Struct, frozen=True):
    """The outcome of one check of one engine.

    `failed` means a wrong number, `crashed` an exception, a dead process or a time limit,
    `unsupported` that the engine lacks or refuses what the check needs.

    Attributes:
        check: the name, by which a deviation is declared.
        group: the heading that it is reported under.
        status: one of the four.
        finding: what the check saw; empty if it passed.
        seed: that its numbers were drawn from.
        deviation: the declared reason why this engine deviates here.
        wall_s: how long it took, in seconds.
        others: what else the check found, where it looks at several things.
        visited: the engine's own functions that ran, see `places`.
    """

    check: str
    group: str
    status: Status
    finding: Finding = Finding()
    seed: int = 0
    deviation: str = ""
    wall_s: float = 0.0
    others: tuple[Finding, ...] = ()
    visited: tuple[Visit, ...] = ()

    @property
    def is_wrong(self) -> bool:
        """Whether it failed or crashed."""
        return self.status in ("failed", "crashed")

    @property
    def is_deviation(self) -> bool:
        """Whether it is wrong as declared."""
        return self.is_wrong and bool(self.deviation)

    @property
    def counts_against(self) -> bool:
        """Whether it is wrong without a declared deviation."""
        return self.is_wrong and not self.deviation

    @property
    def reason(self) -> str:
        """What the check saw, in one line; with the seed if it is wrong."""
        return self.finding.reason + (f" (seed {self.seed})" if self.is_wrong else "")

    @property
    def cause(self) -> str:
        """The likely cause in words, empty if none is known."""
        return str(self.finding.cause or "")


class Failure(Exception):  # noqa: N818 (the engine is wrong, not this program)
    """An engine gives a wrong number; `others` are wrong too, and have nothing to do with it."""

    def __init__(self, finding: Finding, others: tuple[Finding, ...] = ()) -> None:
        super().__init__(finding.reason)
        self.finding = finding
        self.others = others


class Refusal(Exception):  # noqa: N818
    """An engine says that it does not do what was asked."""


class Crash(Exception):  # noqa: N818
    """An engine raised an error where it had no reason to refuse; `code` raises it again."""

    def __init__(self, error: Exception, code: str) -> None:
        super().__init__(one_line(error))
        self.error = error
        self.code = code


def one_line(error: BaseException) -> str:
    """Return an error's type and message in one line of at most 300 characters."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")[:300]


def show(numbers: Any, digits: int = 8) -> str:
    """Return numbers as short text, with dots in arrays of more than 24 elements."""
    array = np.asarray(numbers)
    if array.dtype.kind in "fc":
        array = array.astype(np.float64 if array.dtype.kind == "f" else np.complex128)
    text = np.array2string(array, precision=digits, threshold=24, edgeitems=2, separator=", ")
    return " ".join(text.split()) if array.size else f"{text} of shape {array.shape}"


def show_both(actual: Any, expected: Any) -> tuple[str, str]:
    """Return two arrays as text, with as many digits as it takes to tell them apart."""
    for digits in (8, 12, 17):
        texts = show(actual, digits), show(expected, digits)
        if texts[0] != texts[1]:
            break
    return texts
