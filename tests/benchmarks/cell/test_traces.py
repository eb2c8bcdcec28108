"""Where an engine failed: a crash keeps its traceback, a hang the line that it hung in."""

import faulthandler
import os

import msgspec
import pytest
from odd_engine import write_odd
from small_runs import run_all
from test_limits import HANG, Clock, Patient

from benchgrad.benchmarks.cell import traces
from benchgrad.benchmarks.records import Cell

TOP = '''
def deep(n):
    """Fail below n calls of itself."""
    if not n:
        raise ValueError("too deep \\x1b[31m" + "x" * 5000)
    deep(n - 1) if n % 2 else deeper(n)

def deeper(n):
    deep(n - 1)
'''


@pytest.fixture(scope="module")
def crashed(tmp_path_factory):
    """Return the cells of engines that crash, in four ways, by the files' names."""
    folder = tmp_path_factory.mktemp("crashing")
    ways = {
        "raises": "np.zeros(3) @ np.zeros(4)",
        "deep": "deep(300)",
        "exits": "sys.exit(3)",
        "dies": "ctypes.string_at(0)",
    }
    return run_all([write_odd(folder, name, body, TOP) for name, body in ways.items()])


def test_the_traceback_of_a_crash_begins_in_the_engine(crashed):
    lines = crashed["raises"].trace.split("\n")
    assert lines[0] == "Traceback (most recent call last):"
    assert "raises.py" in lines[1]
    assert "train_epoch" in lines[1]
    assert lines[2].strip() == "np.zeros(3) @ np.zeros(4)"
    assert lines[-1].startswith("ValueError: matmul")
    assert "train_epoch" in crashed["exits"].trace


def test_a_traceback_is_cut_to_size_and_shows_nothing_hidden(crashed):
    lines = crashed["deep"].trace.split("\n")
    assert len(lines) == 60
    assert sum("lines left out" in line for line in lines) == 1
    assert lines[-1].startswith("ValueError: too deep  [31mxxx")
    assert max(map(len, lines)) == 200
    assert all(line.isprintable() for line in lines)


def test_a_process_that_died_of_a_signal_says_where(crashed):
    cell = crashed["dies"]
    assert "signal 11" in cell.reason
    lines = cell.trace.split("\n")
    assert lines[0].startswith("Current thread")
    assert "string_at" in lines[1]
    assert "dies.py" in lines[2]
    assert "train_epoch" in lines[2]
    assert "traces.py" not in cell.trace
    assert "worker.py" not in cell.trace


def test_a_hang_says_where_it_hung_unless_the_engine_refuses(tmp_path, monkeypatch):
    top = HANG.format(mark=str(tmp_path / "hangs"))
    top += "\ndef deaf():\n    signal.signal(signal.SIGUSR1, signal.SIG_IGN)\n    time.sleep(60)\n"
    names = [write_odd(tmp_path, way, f"hang({way})", top) for way in ("ignore_signals", "deaf")]
    cells = run_all(names, Patient(Clock(monkeypatch), tmp_path), timeout_s=600)
    where = cells["ignore_signals"]
    assert where.status == "timeout"
    assert where.reason == "killed after 600 s (after 2 of 5 epochs)"
    lines = where.trace.split("\n")
    assert "in ignore_signals" in lines[1]
    assert "in hang" in lines[2]
    assert "train_epoch" in lines[3]
    assert len(lines) == 4
    assert (cells["deaf"].status, cells["deaf"].trace) == ("timeout", "")


def test_what_an_engine_wrote_into_the_file_is_only_text(tmp_path):
    with (tmp_path / "file").open("w+b") as file:
        file.write(b"\xff\x00 <script>\n" * 100_000)
        file.flush()
        assert traces.read(file.fileno()) == ""
        faulthandler.dump_traceback(file.fileno())
        found = traces.read(file.fileno())
        assert "test_what_an_engine_wrote" in found
        os.ftruncate(file.fileno(), 0)
        assert traces.read(file.fileno()) == ""


def test_an_error_that_cannot_be_shown_has_its_lines():
    class BadError(Exception):
        @property
        def __cause__(self):
            raise KeyError

    try:
        raise BadError
    except BadError as error:
        found = traces.of_error(error)
    assert "test_an_error_that_cannot_be_shown" in found


def test_records_of_older_versions_have_no_trace():
    old = msgspec.convert(
        {"engine": "e", "round": 0, "status": "crashed", "epochs_planned": 1}, Cell
    )
    assert (old.trace, old.own_name) == ("", "")
