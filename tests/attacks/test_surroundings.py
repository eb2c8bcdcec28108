"""Surroundings that refuse: full disks, folders of odd names, outputs that take nothing."""

import resource
from contextlib import contextmanager

import pytest
from strangers import answer

RUN = ("run", "quick", "--engines", "numpy", "--epochs", "2", "--out", "out")


@contextmanager
def full_after(n_bytes):
    """Let no file of this process and its workers be longer than this."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def what_is_wrong(done, folder):
    lines = done.stderr.splitlines()
    if "Traceback" in done.stderr or done.returncode not in (0, 1, 2):
        return done.stderr[-500:]
    if done.returncode == 2 and not lines[-1].startswith("benchgrad: "):
        return lines[-1]
    left = [path for path in folder.rglob(".*") if path.name.endswith(".partial")]
    return f"left {left}" if left else ""


@pytest.mark.sample
def test_a_disk_that_is_full_at_the_start_gets_one_line(tmp_path, attacked):
    broken = {}
    for n_bytes in (0, 1, 1_000):
        with full_after(n_bytes):
            done = answer(*RUN, cwd=tmp_path)
        told = "" if len(done.stderr.splitlines()) == 1 else done.stderr[-500:]
        broken[f"{n_bytes} bytes"] = what_is_wrong(done, tmp_path) or told
    attacked(broken)


def test_a_disk_that_fills_up_gets_one_line_at_the_end(judged, tmp_path, attacked):
    broken = {}
    for n_bytes in (66_000, 100_000, 200_000):
        folder = tmp_path / str(n_bytes)
        folder.mkdir()
        with full_after(n_bytes):
            broken[f"{n_bytes} bytes"] = what_is_wrong(answer(*RUN, cwd=folder), folder)
    with full_after(100):
        done = answer("compare", judged, judged, "--out", "x.md", cwd=tmp_path)
    broken["compare"] = what_is_wrong(done, tmp_path)
    attacked(broken)


def test_a_folder_of_an_odd_name_is_one_like_any_other(tmp_path, attacked):
    broken = {}
    for name in ("\udcff", "a\nb", "\x1b[31m", "[bold]", "--out", " ", "é"):
        folder = tmp_path / name
        folder.mkdir()
        done = answer(*RUN, cwd=folder)
        broken[repr(name)] = what_is_wrong(done, folder)
    attacked(broken)
