"""Disks that are full and folders that are read-only: one line, and no finished cell is lost."""

import contextlib
import ctypes

import psutil
import pytest
from commands import benchgrad, start

from benchgrad.benchmarks.records import read_results
from benchgrad.benchmarks.run.journal import JOURNAL, read


@pytest.fixture
def fills_up(tmp_path, pair):
    """Return a function that runs `pair` on a disk that fills up after its first cell: no file
    may then be longer than the journal by more than so many bytes. It returns the last line.
    """

    def run(n_bytes):
        command = start(*pair, cwd=tmp_path)
        command.wait_for("numpy: ok")
        limit = (tmp_path / "out" / JOURNAL).stat().st_size + n_bytes
        psutil.Process(command.pid).rlimit(psutil.RLIMIT_FSIZE, (limit, limit))
        (tmp_path / "go-on").touch()
        ended = command.end()
        assert ended.returncode == 2
        assert "Traceback" not in ended.stderr
        return ended.stderr.splitlines()[-1]

    return run


def test_a_disk_that_is_full_when_a_cell_is_to_be_kept_loses_none_before(fills_up, tmp_path):
    out = tmp_path / "out"
    line = fills_up(100)
    assert "out/journal.jsonl cannot be written: File too large" in line
    assert "go on with: benchgrad run --resume out" in line
    found = read(out)
    assert (list(found.cells), found.damage) == ([("numpy", 0)], [])  # no part of the other
    done = benchgrad("run", "--resume", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "resuming: 1 of 2 cells are finished" in done.stderr
    assert "numpy: ok" not in done.stderr
    assert {cell.status for cell in read_results(out).cells} == {"ok"}


def test_a_disk_that_is_full_when_the_report_is_written_loses_no_cell(fills_up, tmp_path):
    line = fills_up(60_000)  # one more cell, no report
    assert "cannot be written: File too large" in line
    assert not list(tmp_path.rglob("*.partial"))
    assert len(read(tmp_path / "out").cells) == 2
    done = benchgrad("run", "--resume", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "resuming: 2 of 2 cells are finished" in done.stderr
    assert (tmp_path / "out/index.html").exists()


@contextlib.contextmanager
def without_rights():
    """Give up, for a while, the right of root to write where nobody may."""
    libc, who = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(0x20080522, 0)
    rights = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    assert libc.capget(who, rights) == 0
    effective = rights[0]
    rights[0] &= ~2  # CAP_DAC_OVERRIDE
    assert libc.capset(who, rights) == 0
    try:
        yield
    finally:
        rights[0] = effective
        assert libc.capset(who, rights) == 0


@pytest.mark.parametrize("there", [(), ("results.json", JOURNAL)])
def test_a_folder_that_is_read_only_gets_one_line_before_anything_runs(tmp_path, pair, there):
    folder = tmp_path / "out"
    folder.mkdir()
    for name in there:
        (folder / name).touch()
    folder.chmod(0o555)
    with without_rights():
        done = benchgrad(*pair, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "benchgrad: 'out' cannot be written: Permission denied; name another folder with --out\n"
    )
    assert sorted(path.name for path in folder.iterdir()) == sorted(there)


def test_a_report_that_cannot_be_written_gets_one_line(tmp_path, pair):
    command = start(*pair, cwd=tmp_path)
    command.wait_for("numpy: ok")
    (tmp_path / "out" / "index.html").mkdir()
    (tmp_path / "go-on").touch()
    done = command.end()
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "benchgrad: 'out/index.html' is not a regular file: move it, or name another folder "
        "with --out"
    )
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*.partial"))
