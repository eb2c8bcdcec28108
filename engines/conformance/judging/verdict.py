"""What a check found: the verdict, and the failure that leads to one. No engine, no output."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from msgspec import Struct

Status = Literal["passed", "failed", "unsupported", "crashed"]


class Verdict(Struct, frozen=True):
    """The outcome of one check of one engine.

    `failed` is a wrong number, `crashed` an exception, a dead process or a time limit,
    `unsupported` what the engine lacks or refuses; it then says so in `reason`.

    Attributes:
        check: the name, by which a deviation is declared.
        group: under which it is reported.
        reason: one line; for a failure with the seed it came from.
        cause: the likely cause in words, empty if none is known.
        code: the smallest failing expression, to be run as it is.
        expected: numbers, as text.
        actual: numbers, as text.
        deviation: the declared reason why this engine deviates here.
        wall_s: how long it took, in seconds.
    """

    check: str
    group: str
    status: Status
    reason: str = ""
    cause: str = ""
    code: str = ""
    expected: str = ""
    actual: str = ""
    deviation: str = ""
    wall_s: float = 0.0

    @property
    def is_wrong(self) -> bool:
        """Whether it failed or crashed."""
        return self.status in ("failed", "crashed")

    @property
    def counts_against(self) -> bool:
        """Whether it is wrong without a declared deviation."""
        return self.is_wrong and not self.deviation


@dataclass(frozen=True)
class Finding:
    """What a failure shows to its reader."""

    reason: str
    cause: str = ""
    code: str = ""
    expected: str = ""
    actual: str = ""


class Failure(Exception):  # noqa: N818 (it is no error of ours)
    """An engine gives a wrong number."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.reason)
        self.finding = finding


class Refusal(Exception):  # noqa: N818
    """An engine says that it does not do what was asked."""


def show(numbers: Any) -> str:
    """Return numbers as short text, arrays of more than 24 elements with dots."""
    array = np.asarray(numbers)
    if array.dtype.kind in "fc":
        array = array.astype(np.float64 if array.dtype.kind == "f" else np.complex128)
    text = np.array2string(array, precision=8, threshold=24, edgeitems=2, separator=", ")
    return " ".join(text.split()) if array.size else f"{text} of shape {array.shape}"
