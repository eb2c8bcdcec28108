"""Engines that die of a signal: the row has the reason, the run goes on."""

import signal

import pytest
from odd_engine import write_odd
from small_runs import run_all

SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGHUP, 32, 40, 64]


@pytest.mark.sample
def test_a_worker_that_dies_of_any_signal_costs_its_own_row(tmp_path, attacked):
    paths = {
        number: write_odd(tmp_path, f"dies-{int(number)}", f"os.kill(os.getpid(), {int(number)})")
        for number in SIGNALS
    }
    cells = run_all(list(paths.values()))
    attacked(
        {
            f"signal {int(number)}": what_is_wrong(cells[f"dies-{int(number)}"], int(number))
            for number in SIGNALS
        }
    )


def what_is_wrong(cell, number):
    told = f"its process was killed by signal {number}"
    return "" if cell.status == "crashed" and cell.reason.startswith(told) else cell.reason
