"""Imports an engine of another package in a child process, and reports what it declares.

Nothing is measured here.
"""

from dataclasses import replace

import msgspec

from benchgrad.engines.registry import EngineStatus, status_of
from benchgrad.processes.child import ChildProcess, Limits
from benchgrad.processes.ending import ChildError
from benchgrad.processes.pipes import pipes_to_parent, send

_STATUS = msgspec.json.Decoder(EngineStatus)


class Question(msgspec.Struct, frozen=True):
    """Which engine to import, named as for `registry.load`."""

    spec: str


def probe(name: str, spec: str, timeout_s: float) -> EngineStatus:
    """Return the status of the engine `spec` under a name, whatever happens on import."""
    with ChildProcess("benchgrad.engines.probe", Limits(1, timeout_s)) as child:
        try:
            status = child.ask(Question(spec), _STATUS)
        except ChildError as error:
            return EngineStatus(name, "failed", f"engine {name!r} cannot be loaded: {error}")
    return replace(status, name=name, reason=status.reason.replace(repr(spec), repr(name)))


if __name__ == "__main__":
    with pipes_to_parent() as (questions, answers):
        send(answers, status_of(msgspec.json.decode(questions.readline(), type=Question).spec))
