"""Engines that fork and let both processes go on: the copy says nothing, and ends with its cell."""

import psutil
from odd_engine import write_odd
from small_runs import run_all

PLACES = {
    "in each epoch": "os.fork()",
    "in each epoch, twice": "os.fork(); os.fork()",
    "and waits": "os.waitpid(pid, 0) if (pid := os.fork()) else None",
    "and the parent is slow": "time.sleep(0.1) if os.fork() else None",
}


def test_a_copy_of_a_worker_reports_nothing(tmp_path, attacked):
    names = {f"forks-{i}": name for i, name in enumerate(PLACES)}
    paths = [write_odd(tmp_path, file, PLACES[name]) for file, name in names.items()]
    cells = run_all(paths)
    broken = {name: what_is_wrong(cells[file]) for file, name in names.items()}
    left = [p for p in psutil.Process().children(recursive=True) if is_worker(p)]
    attacked(broken | {"nothing is left": f"{left}" if left else ""})


def what_is_wrong(cell):
    """A copy is a process that the engine started, and costs it processor time at most."""
    if cell.status in ("ok", "invalid") and len(cell.epochs) == cell.epochs_planned:
        return "" if cell.status == "ok" or "its processes" in cell.reason else cell.reason
    return f"{cell.status}: {cell.reason}"


def is_worker(process):
    try:
        return "benchgrad.benchmarks.cell.worker" in process.cmdline()
    except psutil.Error:
        return False
