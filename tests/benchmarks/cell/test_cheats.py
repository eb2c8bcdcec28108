"""Engines that do their work off the clock: each is invalid, or its time counts, or it is named.

docs/measurement.md lists those that nobody could catch.
"""

import statistics
from dataclasses import dataclass

import pytest
from small_runs import go, small

from benchgrad.benchmarks.analysis.honesty import remarks
from benchgrad.benchmarks.run.verify import problems

_ENGINE = """
import gc, os, subprocess, sys, threading, time, weakref
import msgspec
import numpy as np
from benchgrad.engines import batch_generator, draw_epochs, load

N_EPOCHS, BATCH, SEED = 6, 32, 0

def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass

def all_epochs(real, X, y):
    for batches in draw_epochs(N_EPOCHS, len(y), BATCH, batch_generator(SEED, 0)):
        losses = real.train_epoch(X, y, batches)
        yield losses, real.parameters()

class Cheat:
    def __init__(self, real):
        self.real, self.n = real, 0
        self.built()
    def built(self):
        pass
    def train_epoch(self, X, y, batches):
        return self.real.train_epoch(X, y, batches)
    def train_step(self, X, y):
        return self.real.train_step(X, y)
    def gradients(self, X, y):
        return self.real.gradients(X, y)
    def logits(self, X):
        return self.real.logits(X)
    def parameters(self):
        return self.real.parameters()
    def counts(self, X, y):
        return None

{code}

class CheatingEngine(type(load("tensor"))):
    def classifier(self, *arguments, **keywords):
        return Cheating(super().classifier(*arguments, **keywords))

engine = object.__new__(CheatingEngine)
engine.__dict__.update(load("tensor").__dict__, name="cheat")
"""


@dataclass(frozen=True)
class Cheat:
    """What it does, in Python, and what becomes of it.

    `code` is the body of a class derived from `Cheat`; `top` stands before that class. Exactly one
    of the others says how it is caught: `invalid` is part of the reason; `named` part of a remark;
    `counted_s` are seconds that every epoch must have.
    """

    code: str
    top: str = ""
    invalid: str = ""
    named: str = ""
    counted_s: float = 0.0


LATER = """
    def train_epoch(self, X, y, batches):
        if self.n == 0 and len(batches) > 1:
            self.known = list(all_epochs(self.real, X, y))
        if len(batches) == 1:
            return self.real.train_epoch(X, y, batches)
        self.n += 1
        {pause}
        return self.known[self.n - 1][0]
    def parameters(self):
        return self.known[self.n - 1][1] if self.n else self.real.parameters()
"""
IN_THE_SECOND_BUILD = """
    def built(self):
        if learned:
            self.known = list(all_epochs(self.real, *learned))
    def train_epoch(self, X, y, batches):
        if len(batches) == 1:
            learned.extend((X, y))
            return self.real.train_epoch(X, y, batches)
        self.n += 1
        {pause}
        return self.known[self.n - 1][0]
    def parameters(self):
        return self.known[self.n - 1][1] if self.n else self.real.parameters()
"""
ON_READING = """
    todo = None
    def train_epoch(self, X, y, batches):
        self.finish()
        {deferred}
    def finish(self):
        if self.todo:
            self.todo()
            self.todo = None
    def parameters(self):
        self.finish()
        {idle}
        return self.real.parameters()
"""
AFTER_EACH_EPOCH = """
    def train_epoch(self, X, y, batches):
        losses = self.real.train_epoch(X, y, batches)
        {afterwards}
        return losses
"""
WORKER_OF = (
    "import gc\n"
    "from benchgrad.benchmarks.cell import training, clock as clocks\n"
    "worker = next(o for o in gc.get_objects() if type(o).__name__ == 'CellWorker')\n"
)
SENDING = WORKER_OF + "true = worker._send\ndef send(event):\n"

CHEATS = {
    # What is returned is not there yet, or is not what it looks like.
    "a zero array that is filled when the parameters are read": Cheat(
        ON_READING.format(
            deferred="losses = np.zeros(len(batches))\n"
            "        self.todo = lambda: losses.__setitem__(\n"
            "            slice(None), self.real.train_epoch(X, y, batches))\n"
            "        return losses",
            idle="pass",
        ),
        invalid="losses differ from numpy",
    ),
    "the same, with every read as slow": Cheat(
        ON_READING.format(
            deferred="losses = np.zeros(len(batches))\n"
            "        self.todo = lambda: losses.__setitem__(\n"
            "            slice(None), self.real.train_epoch(X, y, batches))\n"
            "        return losses",
            idle="time.sleep(0.01)",
        ),
        invalid="losses differ from numpy",
    ),
    "an array that a thread fills a moment later": Cheat(
        """
    def train_epoch(self, X, y, batches):
        losses = np.zeros(len(batches))
        def work():
            time.sleep(0.002)
            losses[...] = self.real.train_epoch(X, y, batches)
        self.thread = threading.Thread(target=work)
        self.thread.start()
        return losses
    def parameters(self):
        if hasattr(self, "thread"):
            self.thread.join()
        return self.real.parameters()
""",
        invalid="losses differ from numpy",
    ),
    "an array of objects that compute when they are read": Cheat(
        """
    def train_epoch(self, X, y, batches):
        class Late(float):
            def __float__(late):
                return 1.0
        return np.array([Late(x) for x in self.real.train_epoch(X, y, batches)], object)
""",
        invalid="train_epoch returned an array of dtype object",
    ),
    "a subclass of array": Cheat(
        """
    def train_epoch(self, X, y, batches):
        class Late(np.ndarray):
            pass
        return self.real.train_epoch(X, y, batches).view(Late)
""",
        invalid="Late; it must be a NumPy array",
    ),
    "an object that becomes an array": Cheat(
        """
    def train_epoch(self, X, y, batches):
        class Late:
            def __array__(late, dtype=None, copy=None):
                return self.real.train_epoch(X, y, batches)
        return Late()
""",
        invalid="Late; it must be a NumPy array",
    ),
    "a list of losses": Cheat(
        AFTER_EACH_EPOCH.format(afterwards="losses = list(losses)"),
        invalid="train_epoch returned a builtins.list",
    ),
    "complex losses": Cheat(
        AFTER_EACH_EPOCH.format(afterwards="losses = losses.astype(complex)"),
        invalid="train_epoch returned an array of dtype complex128",
    ),
    "parameters of objects": Cheat(
        "    def parameters(self):\n"
        "        return [p.astype(object) for p in self.real.parameters()]\n",
        invalid="parameters returned an array of dtype object",
    ),
    "parameters from a generator": Cheat(
        "    def parameters(self):\n        return (p for p in self.real.parameters())\n",
        invalid="generator; it must be a list of arrays",
    ),
    "a list that trains when it is walked": Cheat(
        """
    def parameters(self):
        class Late(list):
            def __iter__(late):
                burn(0.001)
                return super().__iter__()
        return Late(self.real.parameters())
""",
        invalid="Late; it must be a list of arrays",
    ),
    "logits of objects": Cheat(
        "    def logits(self, X):\n        return self.real.logits(X).astype(object)\n",
        invalid="logits returned an array of dtype object",
    ),
    "losses of the epoch before, in one array for all": Cheat(
        """
    kept = None
    def train_epoch(self, X, y, batches):
        losses = self.real.train_epoch(X, y, batches)
        if self.kept is None or len(self.kept) != len(losses):
            self.kept = losses.copy()
            return self.kept
        last, self.kept = self.kept, losses
        return last
""",
        invalid="losses differ from numpy",
    ),
    # Work that is put off until the parameters are read.
    "the last update, on reading": Cheat(
        ON_READING.format(
            deferred="losses = self.real.train_epoch(X, y, batches[:-1])\n"
            "        last = self.real.train_epoch\n"
            "        from copy import deepcopy\n"
            "        final = self.real.gradients(X[batches[-1]], y[batches[-1]])\n"
            "        self.todo = lambda: (time.sleep(0.004), last(X, y, batches[-1:]))\n"
            "        h = self.real.logits(X[batches[-1]])\n"
            "        top = h.max(axis=1, keepdims=True)\n"
            "        lse = np.log(np.exp(h - top).sum(axis=1)) + top[:, 0]\n"
            "        rows = np.arange(len(h))\n"
            "        loss = (lse - h[rows, y[batches[-1]]]).mean()\n"
            "        return np.append(losses, loss)",
            idle="pass",
        ),
        counted_s=0.004,
    ),
    "a part of every epoch, and all reads as slow as that": Cheat(
        ON_READING.format(
            deferred="losses = self.real.train_epoch(X, y, batches)\n        return losses",
            idle="time.sleep(0.01)",
        ),
        counted_s=0.009,
    ),
    "a thread that is waited for on reading": Cheat(
        ON_READING.format(
            deferred="losses = self.real.train_epoch(X, y, batches)\n"
            "        thread = threading.Thread(target=time.sleep, args=(0.02,))\n"
            "        thread.start()\n"
            "        self.todo = thread.join\n"
            "        return losses",
            idle="pass",
        ),
        counted_s=0.015,
    ),
    "work in looking the method up": Cheat(
        """
    late = None
    def train_epoch(self, X, y, batches):
        losses = self.real.train_epoch(X, y, batches[:-1])
        self.late = (X, y, batches[-1:])
        return np.append(losses, 0.0)
    @property
    def parameters(self):
        if self.late:
            self.real.train_epoch(*self.late)
        return self.real.parameters
""",
        invalid="losses differ from numpy",
    ),
    # Work in other calls, and in the epochs that no median sees.
    "all epochs in the first one": Cheat(
        LATER.format(pause="pass"), invalid="the work was not done in the epochs"
    ),
    "all epochs in the first one, and rests in the others": Cheat(
        LATER.format(pause="time.sleep(0.005)"), named="for its first epoch and"
    ),
    "all epochs in the first one, and a show of work in the others": Cheat(
        LATER.format(pause="burn(0.005)"), named="for its first epoch and"
    ),
    "all epochs in the second classifier": Cheat(
        IN_THE_SECOND_BUILD.format(pause="pass"),
        top="learned = []",
        invalid="the work was not done in the epochs",
    ),
    "all epochs in the second classifier, and a show of work": Cheat(
        IN_THE_SECOND_BUILD.format(pause="burn(0.005)"),
        top="learned = []",
        named="the second time",
    ),
    "losses and parameters from a file that an earlier classifier wrote": Cheat(
        """
    def built(self):
        if known.exists():
            self.known = pickle.loads(known.read_bytes())
    def train_epoch(self, X, y, batches):
        if len(batches) == 1:
            known.write_bytes(pickle.dumps(list(all_epochs(self.real, X, y))))
            return self.real.train_epoch(X, y, batches)
        self.n += 1
        return self.known[self.n - 1][0]
    def parameters(self):
        return self.known[self.n - 1][1] if self.n else self.real.parameters()
    def logits(self, X):
        *hidden, (W, b) = zip(*[iter(self.parameters())] * 2)
        for V, c in hidden:
            X = np.maximum(X @ V + c, 0.0)
        return X @ W + b
""",
        top="import pathlib, pickle\nknown = pathlib.Path(__file__).with_suffix('.known')",
        invalid="the work was not done in the epochs",
    ),
    "long logits": Cheat(
        "    def logits(self, X):\n        burn(0.3)\n        return self.real.logits(X)\n",
        named="for the logits of the test rows",
    ),
    # Work beside the calls.
    "when the losses are freed": Cheat(
        AFTER_EACH_EPOCH.format(afterwards="weakref.finalize(losses, burn, 0.02)"),
        named="of processor time between its epochs",
    ),
    "in a profiler of the harness": Cheat(
        """
    def built(self):
        def hook(frame, event, argument):
            if event == "call" and frame.f_code.co_name == "_epochs_done":
                burn(0.02)
        sys.setprofile(hook)
""",
        named="of processor time between its epochs",
    ),
    "in a thread beside the harness": Cheat(
        AFTER_EACH_EPOCH.format(
            afterwards="self.n += 1\n"
            "        if len(batches) > 1:\n"
            "            self.stop = threading.Event()\n"
            "            threading.Thread(target=burn, args=(0.05,)).start()"
        )
        + "    def parameters(self):\n"
        "        time.sleep(0.001)\n"
        "        return self.real.parameters()\n",
        counted_s=0.0009,
    ),
    "waiting in the harness itself": Cheat(
        """
    def built(self):
        def hook(frame, event, argument):
            if event == "call" and frame.f_code.co_name == "_epochs_done":
                time.sleep(0.1)
        sys.setprofile(hook)
""",
        named="pass between its epochs",
    ),
    "in a child process that it waits for": Cheat(
        AFTER_EACH_EPOCH.format(
            afterwards="subprocess.run([sys.executable, '-S', '-c', "
            "'import time\\nwhile time.process_time() < 0.1: pass'])"
        ),
        named="of processor time in processes that it started",
    ),
    "in a child process that goes on by itself": Cheat(
        "    def built(self):\n"
        "        subprocess.Popen([sys.executable, '-S', '-c', "
        "'import time\\nwhile time.process_time() < 0.2: pass\\ntime.sleep(60)'])\n"
        "        time.sleep(0.5)\n",
        named="of processor time in processes that it started",
    ),
    "in a daemon": Cheat(
        "    def built(self):\n"
        "        if not started:\n"
        "            started.append(subprocess.run([sys.executable, '-S', '-c', DAEMON]))\n"
        "            time.sleep(3)\n",
        top="started = []\n"
        "DAEMON = 'import os, time\\nif os.fork() == 0:\\n os.setsid()\\n"
        " while time.process_time() < 1.5: pass\\n time.sleep(60)'",
        named="of processor time in processes that it started",
    ),
    "an idle processor": Cheat(
        AFTER_EACH_EPOCH.format(afterwards="time.sleep(0.05)"), named="left its processor idle"
    ),
    # The harness is reached into.
    "a clock of the module time that stands still": Cheat(
        AFTER_EACH_EPOCH.format(afterwards="time.sleep(0.02)"),
        top="time.perf_counter = lambda: 0.0\ntime.monotonic = lambda: 0.0",
        counted_s=0.02,
    ),
    "the worker's clock at a third of its pace": Cheat(
        AFTER_EACH_EPOCH.format(afterwards="time.sleep(0.05)"),
        top=WORKER_OF + "began = time.perf_counter()\n"
        "slow = lambda: began + (time.perf_counter() - began) / 3\n"
        "object.__setattr__(worker._clock, 'wall', slow)",
        invalid="by the runner's",
    ),
    "another stopwatch": Cheat(
        AFTER_EACH_EPOCH.format(afterwards="time.sleep(0.05)"),
        top=WORKER_OF + "true = training._Timekeeper.epoch\n"
        "def epoch(*arguments):\n"
        "    found = true(*arguments)\n"
        "    return found._replace(wall_s=found.wall_s / 3, cpu_s=found.cpu_s / 3)\n"
        "training._Timekeeper.epoch = epoch",
        named="pass between its epochs",
    ),
    "a stopwatch that always says nothing": Cheat(
        "",
        top=WORKER_OF + "true = training._Timekeeper.epoch\n"
        "def epoch(*arguments):\n"
        "    return true(*arguments)._replace(wall_s=0.0, cpu_s=0.0, late_s=0.0)\n"
        "training._Timekeeper.epoch = epoch",
        invalid="an epoch took no time at all",
    ),
    "events at a tenth of their times": Cheat(
        AFTER_EACH_EPOCH.format(afterwards="time.sleep(0.05)"),
        top=SENDING + "    if hasattr(event, 'epochs'):\n"
        "        epochs = [msgspec.structs.replace(\n"
        "            e, wall_s=e.wall_s / 10, own_s=e.own_s / 10) for e in event.epochs]\n"
        "        event = msgspec.structs.replace(event, epochs=epochs)\n"
        "    true(event)\n"
        "worker._send = send",
        invalid="by the runner's",
    ),
    "events of epochs that never were": Cheat(
        "",
        top=SENDING + "    true(event)\n"
        "    if hasattr(event, 'epochs'):\n"
        "        true(event)\n"
        "worker._send = send",
        invalid="it wrote into the harness's own pipe",
    ),
    "more processor time than there was": Cheat(
        "",
        top=SENDING + "    if hasattr(event, 'epochs'):\n"
        "        epochs = [msgspec.structs.replace(e, cpu_s=10.0) for e in event.epochs]\n"
        "        event = msgspec.structs.replace(event, epochs=epochs)\n"
        "    true(event)\n"
        "worker._send = send",
        invalid="of processor time, and the kernel gave its processes",
    ),
    "accuracies of other epochs": Cheat(
        "",
        top=SENDING + "    if hasattr(event, 'test_accuracies'):\n"
        "        event = msgspec.structs.replace(event, test_accuracies=[1.0])\n"
        "    true(event)\n"
        "worker._send = send",
        invalid="it wrote into the harness's own pipe",
    ),
    # Less work.
    "half the precision": Cheat(
        """
    def train_epoch(self, X, y, batches):
        return self.real.train_epoch(X.astype(np.float32).astype(float), y, batches)
""",
        invalid="losses differ from numpy",
    ),
    "a batch left out": Cheat(
        """
    def train_epoch(self, X, y, batches):
        losses = self.real.train_epoch(X, y, batches[:-1] or batches)
        return np.append(losses, losses[-1:])[: len(batches)]
""",
        invalid="losses differ from numpy",
    ),
}


def run(folder, names):
    """Run these cheats and the honest engine; return the results, and the cheats by path."""
    paths = {}
    for i, name in enumerate(names):
        cheat = CHEATS[name]
        code = f"{cheat.top}\n\nclass Cheating(Cheat):\n{cheat.code or '    pass'}\n"
        path = folder / f"cheat{i}.py"
        path.write_text(_ENGINE.replace("{code}", code))
        paths[str(path)] = name
    plan = small(*paths, "tensor").with_data(n_samples=2000).with_each(epochs=6)
    plan = plan.replace(model={"hidden": [128, 128]})
    return go(plan), paths


GROUPS = [list(CHEATS)[i::4] for i in range(4)]


@pytest.mark.parametrize("names", GROUPS, ids=range(len(GROUPS)))
def test_every_cheat_is_invalid_or_counted_or_named(tmp_path, names):
    results, paths = run(tmp_path, names)
    cells = {paths.get(cell.engine, ""): cell for cell in results.cells}
    assert list(problems(tmp_path, results)) == []
    honest = cells.pop("")
    assert (honest.status, list(remarks(honest))) == ("ok", [])
    assert {name: _caught(CHEATS[name], cell) for name, cell in cells.items()} == dict.fromkeys(
        names, ""
    )


def _caught(cheat, cell):
    """Return what is wrong with how a cheat was treated; empty if nothing is."""
    found = list(remarks(cell))
    told = f"{cell.status} {cell.reason} {found} {[e.seconds for e in cell.epochs]}"
    if cheat.invalid:
        return (
            "" if cell.status in ("invalid", "crashed") and cheat.invalid in cell.reason else told
        )
    if cell.status != "ok":
        return told
    if cheat.named:
        return "" if any(cheat.named in remark for remark in found) else told
    return "" if statistics.median(e.seconds for e in cell.epochs) >= cheat.counted_s else told


def test_there_are_at_least_thirty_cheats():
    assert len(CHEATS) >= 30
