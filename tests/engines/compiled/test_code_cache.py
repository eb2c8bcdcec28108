"""Machine code on disk: loaded when it is whole and ours, compiled again when anything is doubtful.

Real files, and real processes that are killed while they compile and write.
"""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from benchgrad.engines.compiled import cache, machine

SOURCE = "def run(x):\n    return exp(x) + {}\n"


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """Return the folder that code is kept in."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "benchgrad"


def fresh(number):
    """Return exp(0) + a number from a function as a new process would have it, and its origin."""
    machine.compiled.cache_clear()
    function = machine.compiled(SOURCE.format(number), "float64")
    return function(0.0), machine.is_from_disk(function)


def the_file(kept):
    (found,) = kept.iterdir()
    return found


def test_what_one_process_compiled_the_next_one_loads(kept):
    assert [fresh(1.0), fresh(1.0), fresh(2.0)] == [(2.0, False), (2.0, True), (3.0, False)]
    assert len(list(kept.iterdir())) == 2
    assert {entry.stat().st_mode & 0o777 for entry in kept.iterdir()} == {0o600}
    assert kept.stat().st_mode & 0o777 == 0o700


def flip(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def link(file):
    file.rename(elsewhere := file.parent.parent / "elsewhere")
    file.symlink_to(elsewhere)


def pipe(file):
    file.unlink()
    os.mkfifo(file, 0o600)


def swap(file):
    """Put whole code of another function there."""
    fresh(5.0)
    (other,) = set(file.parent.iterdir()) - {file}
    other.rename(file)


@pytest.mark.parametrize(
    "spoil",
    [
        flip,
        link,
        pipe,
        swap,
        lambda file: file.write_bytes(file.read_bytes()[:-100]),
        lambda file: file.write_bytes(b""),
        lambda file: file.chmod(0o644),
        lambda file: file.parent.chmod(0o755),
        lambda file: file.parent.chmod(0o770),
    ],
    ids=["flipped", "link", "pipe", "swapped", "cut", "empty", "readable", "open", "group"],
)
def test_whatever_is_doubtful_is_compiled_again(kept, spoil):
    fresh(1.0)
    spoil(the_file(kept))
    assert fresh(1.0) == (2.0, False)


def test_a_folder_of_somebody_else_is_not_used(kept, monkeypatch):
    fresh(1.0)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert fresh(1.0) == (2.0, False)


@pytest.mark.parametrize("base", ["/dev/null", "/proc/nowhere"])
def test_without_a_folder_everything_still_works(base, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    assert [fresh(1.0), fresh(1.0)] == [(2.0, False)] * 2


def test_a_base_that_is_no_absolute_path_counts_as_none(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.folder() == Path.home() / ".cache" / "benchgrad"


def test_a_full_disk_leaves_nothing_behind(kept, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert fresh(1.0) == (2.0, False)
    assert not list(kept.iterdir())


def test_killed_at_any_moment_it_leaves_whole_code_or_none(kept):
    rng = random.Random(0)
    begun = time.monotonic()
    fresh(-1.0)
    longest_s = 1.2 * (time.monotonic() - begun)
    for number in range(int(os.environ.get("BENCHGRAD_KILLS", "8"))):
        child = os.fork()
        if not child:
            fresh(float(number))
            os._exit(0)
        time.sleep(rng.uniform(0.0, longest_s))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert fresh(float(number))[0] == 1.0 + number
        assert fresh(float(number)) == (1.0 + number, True)


def test_unfinished_files_that_nobody_writes_go_and_so_do_the_oldest_of_too_many(kept, monkeypatch):
    fresh(1.0)
    whole = the_file(kept)
    left = whole.with_name(whole.name + ".1-0")
    left.write_bytes(b"")
    stranger = kept / "notes"
    stranger.write_bytes(b"")
    fresh(2.0)
    assert left.exists()  # somebody may be writing it
    for file in (left, whole):
        os.utime(file, (0, 0))
    monkeypatch.setattr(cache, "_MOST", 2)
    fresh(3.0)
    assert not left.exists()
    assert not whole.exists()
    assert stranger.exists()
    assert len(list(kept.iterdir())) == 3
