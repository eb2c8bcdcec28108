"""Results built by hand, so that every figure of a table can be worked out beside it."""

from types import SimpleNamespace

import pytest
from browser import browser, opened
from imagined import ENVIRONMENT

from benchgrad.benchmarks.plan import Contestant, Corner, DataPlan, Plan, Published
from benchgrad.benchmarks.records import (
    SCHEMA_VERSION,
    Cell,
    Data,
    Epoch,
    Equality,
    Final,
    Grid,
    Results,
    write_results,
)
from benchgrad.reports.page import write_report

RUN_BY = ("Python", "machine code")
REASON = "ValueError: <script>alert('x')</script> & more"


def epoch(wall_s, losses=(0.5, 0.25), test_accuracy=0.5):
    """Return an epoch that nothing disturbed, and whose collector took a tenth of its time."""
    return Epoch(
        wall_s=wall_s,
        cpu_s=wall_s / 2,
        collector_s=wall_s / 10,
        losses=list(losses),
        train_accuracy=test_accuracy + 0.25,
        test_accuracy=test_accuracy,
        waited_s=0.0,
    )


def equality(loss=1e-15, n_steps=4):
    return Equality("numpy", n_steps, loss, 2e-15, 3e-15, 1e-9)


def final(test_classes, grid_classes=(0, 0, 1, 0, 1, 1, 0, 1, 1)):
    return Final([0.0, 1.0], list(test_classes), list(grid_classes))


def cell(engine, walls=(), *, planned=None, round=0, status="ok", **fields):
    """Return a cell with an epoch for each wall time; by default all that were planned.

    The losses of epoch i are 1 / i and 0.5 / i in the first round, and twice that in the
    second; its test accuracy is i / 8.
    """
    top = 1.0 + round
    epochs = [
        epoch(wall_s, (top / i, 0.5 * top / i), i / 8) for i, wall_s in enumerate(walls, start=1)
    ]
    return Cell(
        engine=engine,
        round=round,
        status=status,
        epochs_planned=len(walls) if planned is None else planned,
        epochs=epochs,
        **fields,
    )


def flat_data():
    """Two features, four test rows, a grid of 3 by 3."""
    return Data(
        name="moons",
        n_train=2,
        n_test=4,
        n_features=2,
        class_names=["inner", "outer"],
        test_labels=[0, 0, 1, 1],
        train_labels=[0, 1],
        train_points=[(0.0, 0.0), (1.0, 1.0)],
        test_points=[(-1.0, -1.0), (-0.5, 0.5), (0.5, -0.5), (1.0, 1.0)],
        grid=Grid(-1.0, 1.0, -2.0, 2.0, 3),
    )


def deep_data():
    """Three features, seven test rows of three classes."""
    return Data(
        name="x.csv",
        n_train=3,
        n_test=7,
        n_features=3,
        class_names=["ant", "bee", "cat"],
        test_labels=[0, 0, 0, 1, 1, 2, 2],
        train_labels=[0, 1, 2],
        train_points=[],
        test_points=[],
        grid=None,
    )


def results(contestants, cells, records=None, **fields):
    return Results(
        schema_version=SCHEMA_VERSION,
        started_at="2026-01-02T03:04:05+00:00",
        command="benchgrad run by-hand",
        plan=Plan(title="By hand", engines=tuple(contestants), **fields),
        environment=ENVIRONMENT,
        data=records or flat_data(),
        cells=list(cells),
    )


def rounds(**seconds):
    """Return a run of engines by name, each with the time of its second epoch in every round."""
    cells = [
        cell(name, (9.0, wall_s), round=i)
        for name, walls in seconds.items()
        for i, wall_s in enumerate(walls)
    ]
    return results(map(Contestant, seconds), cells)


def corners(seconds):
    """Return a run of four engines, given in the order: numbers, then arrays; Python first."""
    places = [(nodes, run_by) for nodes in ("numbers", "arrays") for run_by in RUN_BY]
    contestants = [
        Contestant(name, corner=Corner(*place)) for name, place in zip(seconds, places, strict=True)
    ]
    return results(contestants, rounds(**seconds).cells)


def _full_run():
    """Return two rounds of seven engines, no two of which end alike."""
    contestants = [
        Contestant("micrograd", epochs=3),
        Contestant("scalar", epochs=5, budget_s=3.0, published=Published(20, 651.86)),
        Contestant("tensor", epochs=4, published=Published(100, 2.36)),
        Contestant("numpy", epochs=1),
        Contestant("bad<i>.py", epochs=3),
        Contestant("wrong", epochs=2),
        Contestant("absent", epochs=2),
    ]
    right, half = [0, 0, 1, 1], [0, 1, 0, 1]
    first = {
        "kind": "tensor",
        "version": "1.2",
        "import_s": 0.1,
        "build_s": 0.002,
        "first_step_s": 0.03,
        "second_build_s": 0.002,
        "baseline_bytes": 40 * 2**20,
        "peak_bytes": 50 * 2**20,
        "equality": equality(),
        "final": final(right),
    }
    second = first | {
        "round": 1,
        "import_s": 0.3,
        "build_s": 0.004,
        "first_step_s": 0.05,
        "second_build_s": 0.002,
        "peak_bytes": 60 * 2**20,
        "equality": equality(loss=5e-15, n_steps=6),
        "final": final(half),
    }
    invalid = first | {
        "status": "invalid",
        "reason": "losses differ from numpy by up to 0.5; the limit is 1e-09",
        "equality": equality(loss=0.5),
        "final": final(half),
    }
    crashed = {"planned": 3, "status": "crashed", "reason": REASON}
    missing = {"planned": 2, "status": "missing", "reason": "absent needs the package nothere"}
    cells = [
        cell("micrograd", (0.9, 0.3, 0.5), note="it makes cycles", **first),
        cell("scalar", (1.5, 2.0, 2.0, 2.0), planned=5, budget_s=3.0, **first),
        cell("tensor", (0.08, 0.001, 0.002, 0.003), **first),
        cell("numpy", (0.0004,), **first),
        cell("bad<i>.py", (0.7,), **crashed),
        cell("wrong", (0.0002, 0.0001), **invalid),
        cell("absent", **missing),
        cell("scalar", (1.1, 4.0, 4.0, 4.0), planned=5, budget_s=3.0, **second),
        cell("tensor", (0.09, 0.002, 0.003, 0.004), **second),
        cell("numpy", (0.0006,), **second),
        cell("bad<i>.py", (0.7,), round=1, **crashed),
        cell("wrong", (0.0002, 0.0001), **second),
        cell("absent", round=1, **missing),
        cell("micrograd", (0.7, 0.6, 0.4), **second),
    ]
    return results(contestants, cells, rounds=2, description="Figures that were made up.")


def _failed_run():
    """Return a run in which every engine failed."""
    cells = [
        cell("scalar", planned=2, status="crashed", reason="killed by signal 9"),
        cell("absent", planned=2, status="missing", reason="absent needs nothere"),
    ]
    return results([Contestant("scalar", epochs=2), Contestant("absent", epochs=2)], cells)


def _deep_run():
    """Return a run on three features, so that there are confusion matrices and no boundaries."""
    cells = [
        cell("tensor", (0.02, 0.01), final=Final([0.0], [0, 0, 1, 1, 1, 2, 0], [])),
        cell("numpy", (0.002, 0.001), final=Final([0.0], [0, 0, 0, 1, 1, 2, 2], [])),
    ]
    contestants = [
        Contestant("tensor", epochs=2, cause="a node for an array"),
        Contestant("numpy", epochs=2, cause="no graph"),
    ]
    return results(contestants, cells, deep_data(), data=DataPlan(name="x.csv"))


@pytest.fixture(scope="session")
def by_hand():
    """Return the functions that build records, and a hostile reason."""
    return SimpleNamespace(
        cell=cell,
        corners=corners,
        deep_data=deep_data,
        epoch=epoch,
        flat_data=flat_data,
        equality=equality,
        final=final,
        reason=REASON,
        results=results,
        rounds=rounds,
    )


@pytest.fixture(scope="session")
def full_run():
    return _full_run()


@pytest.fixture(scope="session")
def failed_run():
    return _failed_run()


@pytest.fixture(scope="session")
def deep_run():
    return _deep_run()


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """Return a function that writes results into a folder of their own and renders them."""

    def report(results):
        folder = tmp_path_factory.mktemp("run")
        write_results(results, folder)
        write_report(folder)
        return folder

    return report


@pytest.fixture(scope="session")
def full_folder(full_run, report):
    """Return the folder of the full run, rendered once; nothing is changed in it."""
    return report(full_run)


@pytest.fixture(scope="session")
def deep_folder(deep_run, report):
    """Return the folder of the run on three features, rendered once."""
    return report(deep_run)


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


@pytest.fixture
def window(chromium, page):
    """Return a function that opens the page of a module; nothing may go wrong in any window."""
    windows, wrong = [], []

    def open_page(**options):
        found = opened(chromium, **options)
        found.on("console", lambda said: wrong.append(f"{said.type}: {said.text}"))
        found.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        found.on("request", lambda asked: wrong.append(f"request: {asked.url}"))
        found.goto(page.resolve().as_uri())
        windows.append(found)
        return found

    yield open_page
    for each in windows:
        each.close()
    allowed = f"request: {page.resolve().as_uri()}"
    assert [w for w in wrong if w != allowed and not w.startswith("request: data:")] == []
