"""Processes that a child left behind where its supervisor could no longer end them.

A supervisor finds what its child started by kinship. If the supervisors were killed too, kinship
is lost, but a process keeps the environment that it was started with: children get a mark there.
"""

import contextlib
import os
import time

import psutil

_PATIENCE_S = 5.0  # until processes that were killed must be gone
_LOOK_S = 0.01


def end_marked(name: str, value: str) -> None:
    """Kill every process of this user that has a variable with this value, and wait for it."""
    deadline = time.monotonic() + _PATIENCE_S
    while (found := _marked(name, value)) and time.monotonic() < deadline:
        for process in found:
            with contextlib.suppress(psutil.Error):  # it ended
                process.kill()
        time.sleep(_LOOK_S)


def _marked(name: str, value: str) -> list[psutil.Process]:
    """Return the marked processes; one that ended and was not reaped yet has no environment."""
    return [
        process
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get(name) == value and process.pid != os.getpid()
    ]
