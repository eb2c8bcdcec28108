"""Engines that write into the pipe of their worker: each costs its own row, and nothing else."""

from dataclasses import dataclass

import pytest
from odd_engine import write_odd
from small_runs import run_all

# The worker, reached as an engine can reach it; `true` sends an event as it would.
TOP = """
import gc, msgspec
from benchgrad.benchmarks.cell import messages
worker = next(o for o in gc.get_objects() if type(o).__name__ == "CellWorker")
true = worker._send

def line(text):
    worker._events.write(text if isinstance(text, bytes) else text.encode())
    worker._events.write(b"\\n")
    worker._events.flush()

def change(kind, **fields):
    def send(event):
        if type(event).__name__ == kind:
            changed = {n: f(getattr(event, n)) if callable(f) else f for n, f in fields.items()}
            event = msgspec.structs.replace(event, **changed)
        true(event)
    worker._send = send

def in_epoch(**fields):
    change("EpochsDone", epochs=lambda all: [msgspec.structs.replace(e, **fields) for e in all])

def in_usage(**fields):
    change("TrainingFinished", usage=lambda usage: msgspec.structs.replace(usage, **fields))
"""


@dataclass(frozen=True)
class Said:
    """What an engine sends in its third epoch, or from the top, and part of its row's reason."""

    reason: str
    body: str = "pass"
    top: str = ""


HUGE = "10**400"
COUNTS = "benchgrad.benchmarks.records.GraphCounts"
SAID = {
    "nested": Said("pipe", "line('[' * 1_000_000)"),
    "nested-field": Said("pipe", """line('{"type":"Ready","x":' + '[' * 1_000_000)"""),
    "two-million-losses": Said("bytes in one line", top="in_epoch(losses=[0.5] * 2_000_000)"),
    "two-thousand-losses": Said("2,000 losses", top="in_epoch(losses=[0.5] * 2_000)"),
    "no-losses": Said("0 losses", top="in_epoch(losses=[])"),
    "huge-count": Said("baseline_bytes is 2**", top=f"change('Ready', baseline_bytes={HUGE})"),
    "huge-threads": Said("n_threads is 2**", top=f"change('TrainingFinished', n_threads={HUGE})"),
    "huge-faults": Said("$.usage.minor_faults", top=f"in_usage(minor_faults={HUGE})"),
    "negative": Said("$.usage.step_python_bytes", top="in_usage(step_python_bytes=-1)"),
    "backwards": Said("wall_s is -1", top="in_epoch(wall_s=-1.0)"),
    "for-ever": Said("$.epochs[0].cpu_s", top="in_epoch(cpu_s=1e300)"),
    "fails-ok": Said("'ok'", """line('{"type":"Failed","status":"ok","reason":""}')"""),
    "fails-interrupted": Said(
        "'interrupted'", """line('{"type":"Failed","status":"interrupted","reason":"x"}')"""
    ),
    "fails-pruned": Said("'pruned'", """line('{"type":"Failed","status":"pruned","reason":""}')"""),
    "no-such-status": Said("'won'", """line('{"type":"Failed","status":"won","reason":""}')"""),
    "unknown-field": Said("unknown field", """line('{"type":"Evaluated","won":1}')"""),
    "ready-again": Said("Ready out of turn", "true(messages.Ready('', '', '', 0, 0, 0, 0, 0))"),
    "evaluated-early": Said("where there are 2", "true(messages.Evaluated([1.0] * 3, [1.0]))"),
    "epoch-first": Said(
        "EpochsDone out of turn",
        top="""line('{"type":"EpochsDone","epochs":[],"parameters":[]}')"""
    ),
    "no-epochs": Said("0 epochs where there are 1", top="change('EpochsDone', epochs=[])"),
    "epochs-twice": Said(
        "6 epochs where there are 5", top="change('EpochsDone', epochs=lambda all: all * 2)"
    ),
    "perfect": Said(
        "outside 0 to 1", top="change('Evaluated', test_accuracies=lambda found: [17.0] * 5)"
    ),
    "no-regions": Said("0 regions where there are", top="change('Evaluated', regions=[])"),
    "endless-regions": Said(
        "points of regions where there are",
        top="from benchgrad.benchmarks.regions import Regions\n"
        "change('Evaluated', "
        "regions=lambda found: [Regions(r.n_epochs, [(0, 2**52)]) for r in found])",
    ),
    "other-classes": Said(
        "10 classes where there are 2",
        top="change('TrainingFinished', test_classes=lambda found: [9] * len(found))",
    ),
    "fewer-classes": Said(
        "classes of rows", top="change('TrainingFinished', grid_classes=[])"
    ),
    "below-zero": Said(
        "below 0", top="change('TrainingFinished', test_classes=lambda found: [-1] * len(found))"
    ),
    "thousands-of-parameters": Said(
        "9,999 parameters", top="change('TrainingFinished', parameters=[0.0] * 9_999)"
    ),
    "a-line-without-end": Said("bytes in one line", "line(b'x' * 50_000_000)"),
    "kinds-of-nodes": Said(
        "100,000 nodes",
        top="from benchgrad.benchmarks.records import GraphCounts\n"
        "change('TrainingFinished', "
        "counts=GraphCounts(1, {str(i): 1 for i in range(100_000)}, 1, 1, 1))",
    ),
    "escapes-as-nodes": Said(
        "nodes with the name",
        top="from benchgrad.benchmarks.records import GraphCounts\n"
        "change('TrainingFinished', counts=GraphCounts(1, {'\\x1b[2J': 1}, 1, 1, 1))",
    ),
}  # fmt: skip
SAMPLE = ("nested", "two-million-losses", "huge-count", "fails-ok", "ready-again")


def tried(folder, names, attacked):
    """Run these engines in one run, and count those whose rows are not as they should be."""
    paths = [write_odd(folder, name, SAID[name].body, TOP + SAID[name].top) for name in names]
    cells = run_all(paths)
    assert len(cells) == len(names)
    attacked({name: _fault(cells[name], SAID[name].reason) for name in names})


def _fault(cell, reason):
    held = cell.status == "crashed" and reason in cell.reason and len(cell.reason) < 2_000
    return "" if held else f"{cell.status}: {cell.reason[:300]}"


@pytest.mark.sample
def test_what_no_worker_says_costs_its_row_and_the_next_engine_runs(tmp_path, attacked):
    tried(tmp_path, SAMPLE, attacked)


def test_every_event_has_its_turn_its_lengths_and_its_bounds(tmp_path, attacked):
    tried(tmp_path, [name for name in SAID if name not in SAMPLE], attacked)


# What an engine declares or raises: long texts are cut, and control characters do not come through.
TEXTS = {
    "loud": "raise ValueError('\\x1b[2J\\x00' + 'x' * 3_000_000)",
    "lines": "raise ValueError('one\\n\\n| two |\\r\\ufffe')",
}


@pytest.mark.sample
def test_a_reason_is_one_line_whatever_was_raised_or_declared(tmp_path, attacked):
    top = "TensorEngine.note = property(lambda self: 5, lambda self, note: None)"
    paths = [write_odd(tmp_path, name, body) for name, body in TEXTS.items()]
    cells = run_all([*paths, write_odd(tmp_path, "numbers", top=top)])
    told = "declares something of the wrong type: Expected `str`, got `int` - at `$.note`"
    broken = {name: "" if _is_line(cells[name].reason) else cells[name].reason for name in TEXTS}
    reason = cells["numbers"].reason
    attacked(broken | {"a note that is a number": "" if told in reason else reason})


# What an engine says, and what its row does: nothing of it may be taken for a fault of the harness.
MUTE = """
class Mute(Exception):
    def __str__(self):
        return 1 / 0
"""
ODDLY = {
    "half-a-pair": Said("ValueError: a\\udc80b [half-a-pair.py", "raise ValueError('a\\udc80b')"),
    "mute": Said("Mute: its text cannot be read: ZeroDivisionError [mute.py", "raise Mute", MUTE),
    "exits-mute": Said("it called sys.exit(its text cannot be read", "sys.exit(Mute())", MUTE),
    "half-a-note": Said(
        "declares something of the wrong type: 'utf-8' codec",
        top="TensorEngine.note = property(lambda self: '\\udc80', lambda self, note: None)",
    ),
    "a-note-of-objects": Said(
        "declares something of the wrong type: Encoding objects",
        top="TensorEngine.note = property(lambda self: object(), lambda self, note: None)",
    ),
}


def test_a_reason_is_what_the_engine_said_however_oddly(tmp_path, attacked):
    paths = [write_odd(tmp_path, name, said.body, said.top) for name, said in ODDLY.items()]
    cells = run_all(paths)
    attacked(
        {
            name: "" if said.reason in cells[name].reason else cells[name].reason
            for name, said in ODDLY.items()
        }
    )


def _is_line(text):
    return text.isprintable() and 0 < len(text) <= 1_000
