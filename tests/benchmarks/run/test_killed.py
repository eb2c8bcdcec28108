"""Runs that are killed at each of their writes: nothing finished is lost, or measured again."""

import itertools
import os
import shutil
import signal

import msgspec
import pytest
from commands import PROCESSES
from killed_run import CELLS, PLAN, main, toy

from benchgrad.benchmarks.manifest import MANIFEST
from benchgrad.benchmarks.records import RESULTS, read_results
from benchgrad.benchmarks.run.journal import JOURNAL, JournalError, encode, read
from benchgrad.benchmarks.run.runner import header
from benchgrad.benchmarks.run.verify import problems

HEADER = header(PLAN, "a test", toy())


def start(folder, *how):
    """Run in a process of its own; return the signal that ended it, 0 if none did, and its log."""
    log = folder.with_suffix(".log")
    log.unlink(missing_ok=True)
    process = PROCESSES.Process(target=main, args=(HEADER, folder, log, *how))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return -process.exitcode, log.read_text().splitlines() if log.exists() else []


def go_on(folder):
    """Resume what a killed run left, and check all that must hold of it; return the damage."""
    found = read(folder)
    kept = found.cells if found else {}
    killed_by, noted = start(folder)
    assert not killed_by
    damage = [line for line in noted if line.startswith("damage")]
    assert [line for line in noted if ":" not in line] == [
        f"{engine} {round}" for engine, round in CELLS if (engine, round) not in kept
    ]
    results = read_results(folder)
    assert [(cell.engine, cell.round) for cell in results.cells] == CELLS
    assert {cell.status for cell in results.cells} == {"ok"}
    for cell in results.cells:
        assert kept.get((cell.engine, cell.round), cell) == cell
    assert problems(folder, results) == []  # what the cells were held to is there as well
    assert sorted(path.name for path in folder.iterdir()) == [JOURNAL, MANIFEST, RESULTS]
    after = read(folder)
    assert (after.ended, after.damage) == (True, [])
    assert list(map(after.cells.get, CELLS)) == results.cells
    assert len(results.resumed_at) == len(after.resumed_at) >= (1 if found else 0)
    return damage


@pytest.mark.parametrize(("part", "at_least"), [("before", 15), ("half", 4)])
def test_a_run_that_is_killed_at_any_write_goes_on(tmp_path, part, at_least):
    n_torn = 0
    for n in itertools.count(1):
        folder = tmp_path / str(n)
        folder.mkdir()
        killed_by, _ = start(folder, part, n)
        if not killed_by:
            break
        journal = folder / JOURNAL
        # Half a line of it is damage; what is half written under another name is none.
        is_torn = journal.exists() and not journal.read_bytes().endswith(b"\n")
        n_torn += is_torn
        assert len(go_on(folder)) == is_torn
    assert n > at_least
    assert bool(n_torn) == (part == "half")


def test_a_run_that_is_killed_at_any_write_while_it_goes_on_goes_on_again(tmp_path):
    dead = tmp_path / "dead"
    dead.mkdir()
    start(dead, "half", 2)  # in the middle of the line of the last cell
    for n in itertools.count(1):
        folder = tmp_path / str(n)
        shutil.copytree(dead, folder)
        killed_by, _ = start(folder, "before", n)
        if not killed_by:
            break
        go_on(folder)
    assert n > 9


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of a run that came to its end."""
    folder = tmp_path_factory.mktemp("killed") / "whole"
    folder.mkdir()
    assert not start(folder)[0]
    return folder


@pytest.fixture
def short(whole, tmp_path):
    """Return a folder with the journal of that run, whose first line names no files of code."""
    _, *rest = (whole / JOURNAL).read_bytes().splitlines(keepends=True)
    fingerprint = msgspec.structs.replace(HEADER.fingerprint, code={}, packages={})
    first = encode(msgspec.structs.replace(HEADER, fingerprint=fingerprint))
    (tmp_path / JOURNAL).write_bytes(b"".join([first, *rest]))
    return tmp_path


def test_a_journal_that_ends_at_any_byte_has_the_cells_whose_lines_are_whole(short):
    path = short / JOURNAL
    content = path.read_bytes()
    cells = read(short).cells
    ends = [i for i, byte in enumerate(content) if byte == ord("\n")]
    for length in range(len(content), ends[0] - 1, -1):
        os.truncate(path, length)
        found = read(short)
        n_whole = sum(end <= length for end in ends)  # a line is whole without its newline
        assert list(found.cells) == CELLS[: n_whole - 1]
        assert all(cells[key] == cell for key, cell in found.cells.items())
        assert found.ended == (n_whole == len(ends))
        at_a_line = length in ends or length - 1 in ends
        assert [damage.split(" is ")[0] for damage in found.damage] == (
            [] if at_a_line else [f"line {n_whole + 1}"]
        )
    for length in range(ends[0] - 1, -1, -1):
        os.truncate(path, length)
        with pytest.raises(JournalError, match="first line is cut off or garbled"):
            read(short)


def test_no_byte_of_a_journal_can_be_another_one_unnoticed(short):
    path = short / JOURNAL
    content = bytearray(path.read_bytes())
    cells = read(short).cells
    with path.open("r+b", buffering=0) as file:
        for i in range(content.index(b"\n") + 1, len(content)):
            os.pwrite(file.fileno(), bytes([content[i] ^ 1 << i % 8]), i)
            found = read(short)
            os.pwrite(file.fileno(), content[i : i + 1], i)
            assert all(cells[key] == cell for key, cell in found.cells.items())
            assert len(found.cells) >= len(cells) - 2  # without the newline between them, two
            assert found.damage or i == len(content) - 1


@pytest.mark.parametrize("share", [0.3, 0.5, 0.93])
def test_a_journal_that_was_cut_off_goes_on(whole, tmp_path, share):
    content = (whole / JOURNAL).read_bytes()
    begin = content.index(b"\n")
    folder = tmp_path / "cut"
    folder.mkdir()
    (folder / JOURNAL).write_bytes(content[: begin + int(share * (len(content) - begin))])
    assert len(go_on(folder)) == 1


def test_a_whole_round_is_held_to_its_reference_without_training_it_again(whole, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(whole, folder)
    assert start(folder) == (0, [])
    lines = (whole / JOURNAL).read_bytes().splitlines(keepends=True)
    (folder / JOURNAL).write_bytes(b"".join(lines[:3]))  # without what the round was held to
    assert start(folder) == (0, ["trained: 0"])
    assert read_results(folder).cells == read_results(whole).cells
    assert read_results(folder).references == read_results(whole).references


def test_a_cell_that_stands_there_twice_is_run_again(whole, tmp_path):
    lines = (whole / JOURNAL).read_bytes().splitlines(keepends=True)
    folder = tmp_path / "twice"
    folder.mkdir()
    (folder / JOURNAL).write_bytes(b"".join([*lines[:3], lines[2], *lines[3:]]))
    assert set(read(folder).cells) == set(CELLS) - {("tensor", 0)}
    assert go_on(folder) == [
        f"damage: line {n} is one of 2 lines about tensor in round 1" for n in (3, 4)
    ]
