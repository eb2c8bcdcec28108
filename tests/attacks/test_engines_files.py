"""Engines that change the files of the run or of others: it is the reason of their own row."""

from pathlib import Path

import pytest
from commands import benchgrad
from odd_engine import write_odd
from small_runs import Remembering, small

from benchgrad.benchmarks.records import read_results
from benchgrad.benchmarks.run.journal import JOURNAL, read
from benchgrad.benchmarks.run.runner import run_in
from benchgrad.benchmarks.run.verify import problems

# What an engine finds of the run: its folder, which no job tells, and every file that is open.
TOP = """
import gc, glob, shutil
FOLDER = {folder!r}
JOURNAL = FOLDER + "/journal.jsonl"
OTHER = {other!r}

def opened():
    for name in os.listdir("/proc/self/fd"):
        try:
            yield f"/proc/self/fd/{{name}}", os.readlink(f"/proc/self/fd/{{name}}")
        except OSError:
            pass

def attempt(how, *arguments):
    try:
        return how(*arguments)
    except OSError:
        pass

def overwrite_data():
    for path, name in opened():
        if "memfd" in name:
            descriptor = attempt(os.open, path, os.O_RDWR)
            descriptor = int(path.rpartition("/")[2]) if descriptor is None else descriptor
            attempt(os.pwrite, descriptor, bytes(4096), 0)
            attempt(os.ftruncate, descriptor, 0)

def leads_into_the_folder():
    worker = next(o for o in gc.get_objects() if type(o).__name__ == "CellWorker")
    told = repr(worker._job) + repr(dict(os.environ)) + repr(sys.argv)
    assert FOLDER not in told, told
"""
CHANGED = "while it ran, a file that the run relies on was changed"
# By name: what an engine does in its third epoch, then its status and part of its reason.
ATTACKS = {
    "appends": ("open(JOURNAL, 'a').write('x')", "invalid", f"{CHANGED}: {JOURNAL}"),
    "truncates": ("os.truncate(JOURNAL, 100)", "invalid", f"{CHANGED}: {JOURNAL}"),
    "empties": ("open(JOURNAL, 'w').close()", "invalid", f"{CHANGED}: {JOURNAL}"),
    "edits": ("f = open(JOURNAL, 'r+b'); f.seek(50); f.write(b'?'); f.close()", "invalid",
              f"{CHANGED}: {JOURNAL}"),
    "replaces": ("shutil.copy(JOURNAL, 'copy'); os.replace('copy', JOURNAL)", "invalid",
                 f"{CHANGED}: {JOURNAL}"),
    "links": ("os.remove(JOURNAL); os.symlink('/dev/null', JOURNAL)", "invalid", JOURNAL),
    "blocks": ("os.remove(JOURNAL); os.mkfifo(JOURNAL)", "invalid", JOURNAL),
    "removes": ("os.remove(JOURNAL); os._exit(3)", "crashed", f"{CHANGED}: {JOURNAL}; its process"),
    "clears": ("shutil.rmtree(FOLDER)", "invalid", JOURNAL),
    "data": ("overwrite_data()", "ok", ""),
    "looks": ("leads_into_the_folder()", "ok", ""),
    "unlists": ("open(FOLDER + '/manifest.json', 'w').close()", "invalid",
                f"{CHANGED}: manifest.json"),
    "plants-records": ("open(FOLDER + '/results.json', 'w').close()", "invalid",
                       f"{CHANGED}: results.json"),
    "plants-a-link": ("os.symlink('/', 'x'); os.replace('x', FOLDER + '/results.json')", "invalid",
                      f"{CHANGED}: results.json"),
    "swaps": ("os.rename(FOLDER, 'moved'); os.symlink(os.path.abspath('elsewhere'), FOLDER)",
              "invalid", JOURNAL),
    "other-code": ("open(OTHER, 'a').write('# edited')", "invalid", f"{CHANGED}: victim.py"),
}  # fmt: skip
SAMPLE = ("truncates", "clears", "data", "looks", "other-code")


def tried(folder, names, attacked):
    """Run these engines, each between two honest ones, and one whose file the last one changes."""
    out = folder / "out"
    out.mkdir()
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / JOURNAL).write_text("somebody's")
    victim = write_odd(folder, "victim")
    top = TOP.format(folder=str(out), other=victim)
    paths = [write_odd(folder, name, ATTACKS[name][0], top) for name in names]
    plan = small("tensor", *paths, "numpy", victim).with_each(epochs=4)
    results = run_in(out, plan, "benchgrad run test", Remembering())
    cells = {Path(cell.engine).stem: cell for cell in results.cells}
    broken = {}
    for name in names:
        _, status, reason = ATTACKS[name]
        held = cells[name].status == status and reason in cells[name].reason
        broken[name] = "" if held else f"{cells[name].status}: {cells[name].reason}"
    for name in ("tensor", "numpy"):
        broken[f"{name} beside them"] = cells[name].reason
    told = "not started: victim.py was changed while"
    held = cells["victim"].status == "pruned" and told in cells["victim"].reason
    broken["the engine whose file was changed"] = "" if held else cells["victim"].reason
    left = {path.name: path.read_text() for path in (folder / "elsewhere").iterdir()}
    broken["somebody's folder"] = "" if left == {JOURNAL: "somebody's"} else f"{left}"
    broken["the journal"] = "; ".join([*problems(out, results), *read(out).damage])
    attacked(broken)


@pytest.mark.sample
def test_what_an_engine_does_to_files_is_the_reason_of_its_own_row(tmp_path, attacked, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tried(tmp_path, SAMPLE, attacked)


@pytest.mark.sample
def test_a_page_that_an_engine_puts_into_the_folder_costs_no_cell(tmp_path, attacked):
    """It is not replaced, but named; once it is gone, the report of all cells can be written."""
    page = tmp_path / "out/index.html"
    write_odd(tmp_path, "plants", f"open({str(page)!r}, 'w').write('mine')")
    arguments = ("run", "quick", "--engines", "plants.py,numpy", "--epochs", "3", "--out", "out")
    done = benchgrad(*arguments, cwd=tmp_path)
    broken = {"the run": "" if page.read_text() == "mine" else "the page was replaced"}
    broken["its line"] = one_line_at_the_end(done, "index.html")
    page.unlink()
    resumed = benchgrad("run", "--resume", "out", cwd=tmp_path)
    cells = {Path(cell.engine).stem: cell for cell in read_results(tmp_path / "out").cells}
    told = f"{CHANGED}: index.html"
    broken["its reason"] = "" if cells["plants"].reason == told else cells["plants"].reason
    broken["the other"] = cells["numpy"].reason
    broken["its resumption"] = "" if resumed.returncode == 1 else resumed.stderr
    attacked(broken)


def one_line_at_the_end(done, named):
    last = done.stderr.splitlines()[-1]
    held = done.returncode == 2 and last.startswith("benchgrad: ") and named in last
    return "" if held else done.stderr


def test_no_change_of_the_journal_goes_unnoticed_or_costs_a_row(tmp_path, attacked, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tried(tmp_path, [*(name for name in ATTACKS if name not in SAMPLE), "other-code"], attacked)
