"""Engines that die of a signal: the row has the reason, the run goes on."""

import signal

import pytest
from odd_engine import write_odd
from small_runs import run_all

SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGHUP, 32, 40, 64]


SAMPLE = [signal.SIGHUP, 40]


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
    return "" if cell.status == "crashed" and cell.reason.startswith(told) else cell.reason
