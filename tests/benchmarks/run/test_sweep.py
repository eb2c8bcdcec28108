"""A sweep: its points are measured like plans, kept as lines of the journal, and never twice."""

import contextlib
import functools
import socket

import msgspec
import pytest
from small_runs import small

from benchgrad.benchmarks.analysis.points import HERE
from benchgrad.benchmarks.axes import At
from benchgrad.benchmarks.cell.listener import Quiet
from benchgrad.benchmarks.records import write_results
from benchgrad.benchmarks.run import resume, runner, sweep, verify
from benchgrad.benchmarks.run.journal import JOURNAL, Journal, read

PLAN = small("numpy", axes={"width": [4], "classes": [3]})


class Stopping(Quiet):
    """Asks a sweep to stop after its first point."""

    def __init__(self):
        self.points = []

    def point_finished(self, point):
        self.points.append(point)

    def stop_requested(self):
        return len(self.points) == 1


def swept(journal, dataset, listener):
    """Run what a journal lacks, and return the results."""
    base = runner.run(journal, dataset, Quiet())
    executor = sweep.Here(sweep.PointMeasurer.here(journal), listener)
    sweep.sweep(journal, base, executor, listener)
    return msgspec.structs.replace(base, points=list(journal.points()), hosts=journal.hosts)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A sweep that was stopped after a point, and resumed."""
    folder = tmp_path_factory.mktemp("sweep")
    dataset = runner.prepare(PLAN)
    with Journal.begin(folder, runner.header(PLAN, "benchgrad run x", dataset)) as journal:
        first = swept(journal, dataset, Stopping())
        assert sweep.missing(PLAN, first.points)
    with Journal.go_on(folder, resume.unfinished(folder)) as journal:
        results = swept(journal, dataset, Quiet())
    write_results(results, folder)
    return folder, first, results


def test_a_resumed_sweep_has_each_point_once(run):
    _, first, results = run
    assert [point.at for point in results.points] == [At(width=4), At(classes=3)]
    assert results.points[0] == first.points[0]
    assert not sweep.missing(PLAN, results.points)


def test_the_machine_of_the_run_is_recorded_once_also_by_a_worker_on_it(tmp_path, monkeypatch):
    header = runner.header(PLAN, "benchgrad run x", runner.prepare(PLAN))
    slow = functools.partial(msgspec.structs.replace, python_calls_per_s=1.0)
    monkeypatch.setattr(sweep.environment, "with_rates", lambda here, plan: slow(here))
    for client, is_own in ((socket.gethostname(), True), ("another", False)):
        found = sweep.elsewhere(header, client, tmp_path, contextlib.nullcontext)
        assert (found.name == HERE) == is_own
        assert (found.host.environment == header.environment) == is_own


def test_a_point_was_compared_with_the_reference_on_its_own_work(run):
    (narrow, impossible), host = run[2].points, run[2].hosts[HERE]
    assert [cell.status for cell in narrow.cells] == ["ok"]
    assert narrow.cells[0].equality.loss_difference == 0.0
    assert narrow.row_flops == 2 * (3 * (2 * 4 + 4 * 4 + 4 * 2) - 2 * 4)
    assert host.environment == run[2].environment
    # moons have two classes: the point is there, with the reason
    assert impossible.cells[0].status == "pruned"
    assert "'moons' has 2 classes, not 3" in impossible.cells[0].reason


def test_nothing_contradicts_the_records_of_a_sweep(run):
    assert verify.problems(run[0], run[2]) == []


def edited(results, **changes):
    point = msgspec.structs.replace(results.points[0], **changes)
    return msgspec.structs.replace(results, points=[point, results.points[1]])


def test_verify_finds_what_was_edited_in_a_point(run):
    folder, _, results = run
    first = results.points[0]
    loss = msgspec.structs.replace(first.cells[0].epochs[0], losses=[0.5, 0.5])
    cell = msgspec.structs.replace(first.cells[0], epochs=[loss, *first.cells[0].epochs[1:]])
    found = verify.problems(folder, edited(results, cells=[cell]))
    assert "the point width 4: numpy, round 1: loss_difference is 0.0, recomputed" in found[0]
    assert found[-1] == f"the point width 4: it is not the one of {JOURNAL}"
    assert any("0 cells" in line for line in verify.problems(folder, edited(results, cells=[])))
    elsewhere = edited(results, host="another")
    assert any("not in the records" in line for line in verify.problems(folder, elsewhere))
    lost = msgspec.structs.replace(results, points=results.points[:1])
    assert f"the point classes 3: it is in {JOURNAL} only" in verify.problems(folder, lost)


def test_a_damaged_line_of_a_point_is_named(run, tmp_path):
    lines = (run[0] / JOURNAL).read_bytes().split(b"\n")
    at = next(i for i, line in enumerate(lines) if b'"type":"point"' in line)
    lines[at] = lines[at].replace(b"0.5", b"0.6")
    (tmp_path / JOURNAL).write_bytes(b"\n".join(lines))
    found = read(tmp_path)
    assert len(found.points) == 1
    assert "does not match its checksum" in found.damage[0]
