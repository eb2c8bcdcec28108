"""Imports an engine of another package in a child process, and reports what it declares.

The child runs ``python -P -m benchgrad.engines.probe SPEC`` and answers in one line of JSON, even
if the package prints or starts threads on import. Nothing is measured here.
"""

import os
import subprocess
import sys
from dataclasses import replace

import msgspec

from benchgrad.engines.registry import EngineStatus, status_of


def probe(name: str, spec: str, timeout_s: float) -> EngineStatus:
    """Return the status of the engine `spec` under a name, whatever happens on import."""
    command = [sys.executable, "-P", "-m", "benchgrad.engines.probe", spec]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        reason = f"engine {name!r} did not answer within {timeout_s:g} s"
        return EngineStatus(name, "failed", reason)
    try:
        status = msgspec.json.decode(done.stdout, type=EngineStatus)
    except msgspec.DecodeError:
        reason = f"engine {name!r} ended its process on import, with exit code {done.returncode}"
        return EngineStatus(name, "failed", reason)
    return replace(status, name=name, reason=status.reason.replace(repr(spec), repr(name)))


def main() -> None:
    """Write the status of the engine in the first argument to standard output."""
    answer = os.dup(1)
    os.dup2(2, 1)  # whatever the engine prints goes to standard error
    status = status_of(sys.argv[1])
    os.write(answer, msgspec.json.encode(status))
    os._exit(0)  # no thread of the engine may keep the process alive


if __name__ == "__main__":
    main()
