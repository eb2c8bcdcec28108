"""Forty hostile engines beside two honest ones: each answers for itself alone."""

from pathlib import Path

from odd_engine import write_odd
from small_runs import Remembering, go, small
from test_engines_files import ATTACKS as ON_FILES
from test_engines_files import TOP as FILES
from test_engines_pipe import SAID
from test_engines_pipe import TOP as PIPE
from test_engines_processes import ENDS
from test_engines_processes import TOP as PROCESSES
from test_engines_signals import SIGNALS

from benchgrad.benchmarks.records import Cell
from benchgrad.benchmarks.run.runner import run_in
from benchgrad.benchmarks.run.verify import problems

HONEST = ("numpy", "tensor")
NOISE = 10.0  # a time may be so much longer or shorter on a busy machine


def hostile(folder, out):
    """Write forty engines; return their paths, with part of the reason of each."""
    told = {}
    files = FILES.format(folder=str(out), other=str(folder / "nobody.py"))
    for number in SIGNALS:
        body = f"os.kill(os.getpid(), {int(number)})"
        told[write_odd(folder, f"signal-{int(number)}", body)] = f"by signal {int(number)}"
    for name in list(SAID)[:20]:
        said = SAID[name]
        told[write_odd(folder, f"says-{name}", said.body, PIPE + said.top)] = said.reason
    for name, (body, _, reason) in ENDS.items():
        daemon = f"daemon({str(folder / name)!r}); "
        told[write_odd(folder, f"process-{name}", daemon + body, PROCESSES)] = reason
    for name in ("truncates", "clears", "replaces", "data", "removes", "blocks", "edits"):
        body, _, reason = ON_FILES[name]
        told[write_odd(folder, f"file-{name}", body, files)] = reason
    return told


def test_forty_hostile_engines_cost_two_honest_ones_nothing(tmp_path, attacked, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    told = hostile(tmp_path, out)
    assert len(told) == 40
    half = len(told) // 2
    paths = list(told)
    plan = small(HONEST[0], *paths[:half], HONEST[1], *paths[half:])
    results = run_in(out, plan, "benchgrad run test", Remembering())
    cells = {cell.engine: cell for cell in results.cells}
    broken = {
        Path(path).stem: ""
        if reason in cells[path].reason
        else f"{cells[path].status}: {cells[path].reason}"
        for path, reason in told.items()
    }
    alone = {cell.engine: cell for cell in go(small(*HONEST)).cells}
    broken |= {name: _difference(cells[name], alone[name]) for name in HONEST}
    broken["the records"] = "; ".join(problems(out, results))
    attacked(broken)


def _difference(cell: Cell, alone: Cell) -> str:
    """Return how an honest row differs from what it is without the others, beyond noise."""
    if cell.status != "ok":
        return cell.reason
    if cell.final != alone.final or _losses(cell) != _losses(alone):
        return "other work"
    times = [sorted(epoch.seconds for epoch in each.epochs) for each in (cell, alone)]
    ratio = times[0][len(times[0]) // 2] / times[1][len(times[1]) // 2]
    return "" if 1 / NOISE < ratio < NOISE else f"its epochs took {ratio:.1f} times as long"


def _losses(cell: Cell) -> list[list[float | None]]:
    return [epoch.losses for epoch in cell.epochs]
