"""The process that an engine is checked in, from the inside: it runs each check it is asked for.

Started by `processes.child`. It reads a job and then names of checks from one pipe, and writes a
verdict for each to another, so nothing an engine prints can be mistaken for a verdict. It sets no
time limits; its parent does.
"""

import sys
from typing import IO

import msgspec

from benchgrad.engines.conformance.checks import catalogue
from benchgrad.engines.conformance.judging.check import verdict_of
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.conformance.process.messages import Asked, CheckJob, Loaded
from benchgrad.engines.interface import EngineError
from benchgrad.engines.registry import MissingPackageError, load
from benchgrad.processes.pipes import pipes_to_parent, send


def serve(asked: IO[bytes], answers: IO[bytes]) -> None:
    """Load the engine of the first line, then run the check of each line that follows."""
    job = msgspec.json.decode(asked.readline(), type=CheckJob)
    sys.path += [folder for folder in job.path if folder not in sys.path]
    try:
        tested = EngineUnderTest(job.engine, load(job.engine), job.seed, job.is_fast)
    except EngineError as error:
        is_missing = isinstance(error, MissingPackageError)
        send(answers, Loaded(error=str(error), is_missing=is_missing))
        return
    send(answers, Loaded(name=tested.engine.name, deviations=dict(tested.engine.deviations)))
    for line in asked:
        check = catalogue()[msgspec.json.decode(line, type=Asked).check]
        send(answers, verdict_of(check, tested))


if __name__ == "__main__":
    with pipes_to_parent() as pipes:
        serve(*pipes)
