"""The process that runs one engine's checks, one after the other, as it is asked.

Started as ``python -P -m benchgrad.engines.conformance.process.child IN OUT PARENT``: it reads a
job and then names of checks from one descriptor, and writes a verdict for each to the other, so
that nothing an engine prints can be taken for a verdict. It has no time limit: who asks has one. It
ends when the process PARENT does.
"""

import os
import sys
from typing import IO

import msgspec

from benchgrad.engines.conformance.checks import catalogue
from benchgrad.engines.conformance.judging.check import verdict_of
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.conformance.process.messages import Asked, CheckJob, Loaded
from benchgrad.engines.interface import EngineError
from benchgrad.engines.registry import MissingPackageError, load
from benchgrad.processes.lifetime import die_with


def serve(asked: IO[bytes], answers: IO[bytes]) -> None:
    """Load the engine of the first line, then run the check of each line that follows."""

    def answer(message: msgspec.Struct) -> None:
        answers.write(msgspec.json.encode(message) + b"\n")
        answers.flush()

    job = msgspec.json.decode(asked.readline(), type=CheckJob)
    sys.path += [folder for folder in job.path if folder not in sys.path]
    try:
        tested = EngineUnderTest(job.engine, load(job.engine), job.seed, job.is_fast)
    except EngineError as error:
        answer(Loaded(error=str(error), is_missing=isinstance(error, MissingPackageError)))
        return
    answer(Loaded(name=tested.engine.name, deviations=dict(tested.engine.deviations)))
    for line in asked:
        check = catalogue()[msgspec.json.decode(line, type=Asked).check]
        answer(verdict_of(check, tested))


def main() -> None:
    """Serve on the descriptors in the arguments, which no child of the engine inherits."""
    *descriptors, parent = (int(argument) for argument in sys.argv[1:4])
    die_with(parent)
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    with os.fdopen(descriptors[0], "rb") as asked, os.fdopen(descriptors[1], "wb") as answers:
        serve(asked, answers)


if __name__ == "__main__":
    main()
