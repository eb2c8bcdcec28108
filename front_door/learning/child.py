"""The process that an answer runs in, from the inside: one attempt in, one verdict out.

Started by `processes.child`; its parent sets the limits.
"""

import msgspec

from benchgrad.processes.pipes import pipes_to_parent, send


class Attempt(msgspec.Struct, frozen=True):
    """An answer to an exercise, as text."""

    number: str
    source: str


class Judged(msgspec.Struct, frozen=True):
    """What is wrong with it; empty if nothing is."""

    hint: str


if __name__ == "__main__":
    from benchgrad.learning.judging import judged

    with pipes_to_parent() as (asked, answers):
        attempt = msgspec.json.decode(asked.readline(), type=Attempt)
        send(answers, Judged(judged(attempt.number, attempt.source)))
