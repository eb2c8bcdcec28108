"""Engines that die of a signal: the row has the reason, the run goes on."""

import re
import signal
from pathlib import Path

import pytest
from odd_engine import write_odd
from small_runs import run_all


def ignored():
    """Return the signals that this process ignores, and so does whatever it starts.

    Below nohup that is SIGHUP. Below make they are 32 and 33, which the C library's posix_spawn
    ignores in a child, and which Python cannot take back. Such a signal harms nobody.
    """
    status = Path("/proc/self/status").read_text("ascii")
    mask = int(re.search(r"^SigIgn:\s+(\w+)$", status, re.MULTILINE)[1], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


KNOWN = (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGHUP, 32, 40, 64, 35, 36)
SIGNALS = [number for number in KNOWN if number not in ignored()][:7]
SAMPLE = [SIGNALS[3], 40]


@pytest.mark.parametrize(
    "numbers",
    [pytest.param(SAMPLE, marks=pytest.mark.sample), [n for n in SIGNALS if n not in SAMPLE]],
    ids=["sample", "rest"],
)
def test_a_worker_that_dies_of_any_signal_costs_its_own_row(tmp_path, numbers, attacked):
    paths = {
        number: write_odd(tmp_path, f"dies-{int(number)}", f"os.kill(os.getpid(), {int(number)})")
        for number in numbers
    }
    cells = run_all(list(paths.values()))
    attacked(
        {
            f"signal {int(number)}": what_is_wrong(cells[f"dies-{int(number)}"], int(number))
            for number in numbers
        }
    )


def what_is_wrong(cell, number):
    told = f"its process was killed by signal {number}"
    is_told = cell.status == "crashed" and cell.reason.startswith(told)
    return "" if is_told else f"{cell.status}: {cell.reason}"
