"""Processes that a cell or a check has started: found and ended, however they hide."""

import subprocess
import sys
import time

from benchgrad.processes import descendants


def test_a_process_that_forks_while_it_is_ended_is_ended():
    """Each of them starts the next and dies: whoever looks sees another one."""
    code = (
        "import os, sys, time\n"
        "while True:\n"
        "    if os.fork(): os._exit(0)\n"
        "    os.setsid()\n"
        "    time.sleep(0.001)\n"
    )
    with descendants.adopting():
        known = descendants.descendants()
        with subprocess.Popen([sys.executable, "-S", "-c", code]):
            pass
        assert descendants.descendants() - known
        descendants.end_all_but(known)
        time.sleep(0.1)
        assert not descendants.descendants() - known
