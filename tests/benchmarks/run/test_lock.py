"""One timing at a time on a machine, one run at a time in a folder."""

import os
import signal
import subprocess
import sys

import pytest

from benchgrad.benchmarks.run import lock
from benchgrad.benchmarks.run.lock import Holder, LockError, timing_alone, writing_alone

ME = Holder(os.getpid(), "2026-01-02 03:04:05", "benchgrad run mine")

HOLD = """
import sys
from pathlib import Path
from benchgrad.benchmarks.run.lock import Holder, timing_alone
with timing_alone(Path(sys.argv[1]), Holder(7, "noon", "benchgrad run other"), False, print):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def held(tmp_path):
    """Return the path of a lock, and the process that holds it."""
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield path, process
        process.kill()


def test_a_second_timing_ends_with_the_name_of_the_first(held):
    path, _ = held
    told = "process 7 has been timing since noon: benchgrad run other"
    with pytest.raises(LockError, match=told), timing_alone(path, ME, False, print):
        pass


def test_a_second_timing_says_whom_it_waits_for_and_begins_when_that_is_gone(held):
    path, process = held
    told = []

    def tell(text):
        told.append(text)
        process.stdin.close()  # lets it go

    with timing_alone(path, ME, True, tell):
        assert process.wait() == 0
        with pytest.raises(LockError, match="run mine"), timing_alone(path, ME, False, print):
            pass
    assert told == ["waiting: process 7 has been timing since noon: benchgrad run other"]


def test_a_lock_vanishes_with_its_process(held):
    path, process = held
    process.send_signal(signal.SIGKILL)
    process.wait()
    with timing_alone(path, ME, False, print):
        assert b"run mine" in path.read_bytes()


def test_a_lock_is_for_all_users_and_follows_no_link(tmp_path):
    path = tmp_path / "lock"
    with timing_alone(path, ME, False, print):
        assert path.stat().st_mode & 0o777 == 0o666
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    for wrong in ("link", "no/folder", "."):
        unusable = pytest.raises(LockError, match=r"cannot be taken: .* with --lock")
        with unusable, timing_alone(tmp_path / wrong, ME, False, print):
            pass
    assert not (tmp_path / "precious").exists()


def test_a_lock_that_nobody_signed_is_one_all_the_same(held):
    path, _ = held
    path.write_bytes(b"{")
    with pytest.raises(LockError, match="another process"), timing_alone(path, ME, False, print):
        pass


def test_nonsense_in_the_lock_of_the_machine_keeps_nobody_from_running(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    path.write_bytes(b"nonsense of an engine")
    with pytest.raises(LockError, match="did not write"), timing_alone(path, ME, False, print):
        pass
    monkeypatch.setattr(lock, "MACHINE", path)
    busy = pytest.raises(LockError, match="another process is timing")
    with timing_alone(path, ME, False, print), busy, timing_alone(path, ME, False, print):
        pass
    assert path.read_bytes() == b"nonsense of an engine"


def test_two_folders_are_two_locks(tmp_path):
    (tmp_path / "other").mkdir()
    busy = pytest.raises(LockError, match="another benchgrad is writing")
    with writing_alone(tmp_path), writing_alone(tmp_path / "other"), busy, writing_alone(tmp_path):
        pass
    with writing_alone(tmp_path):
        pass
