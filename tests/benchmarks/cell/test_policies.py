"""Which policy of the garbage collector an engine gets, whatever it asks for itself."""

import gc
from pathlib import Path

import numpy as np
import pytest
from odd_engine import write_odd
from small_runs import go, small

from benchgrad.benchmarks.cell.policies import applied, collecting

SWITCHES = (gc.enable, gc.disable, gc.set_threshold, gc.freeze)


@pytest.fixture(autouse=True)
def unchanged():
    """Check that the collector is afterwards as it was before."""
    thresholds = gc.get_threshold()
    yield
    assert gc.isenabled()
    assert gc.get_threshold() == thresholds
    assert (gc.enable, gc.disable, gc.set_threshold, gc.freeze) == SWITCHES


def meddle():
    """Do what an engine may do to be rid of the collector; return whether it runs."""
    gc.set_threshold(0)
    gc.freeze()
    gc.disable()
    return gc.isenabled() and gc.get_threshold()[0] > 0


def test_by_default_it_runs_even_where_an_engine_pauses_it():
    frozen = gc.get_freeze_count()
    with applied("default"):
        assert meddle()
        assert gc.get_freeze_count() == frozen


def test_paused_it_does_not_run_even_where_an_engine_wants_it_to():
    with applied("paused"):
        gc.enable()
        assert not gc.isenabled()


def test_as_shipped_an_engine_does_what_it_likes():
    with applied("as shipped"):
        gc.disable()
        assert not gc.isenabled()
        gc.enable()


def test_a_policy_ends_with_an_error_too():
    with pytest.raises(ZeroDivisionError), applied("paused"):
        1 / 0  # noqa: B018


class Node:
    """Something that only the cyclic collector frees."""

    alive = 0

    def __init__(self):
        Node.alive += 1
        self.me = self

    def __del__(self):
        Node.alive -= 1


class Littering:
    """Leaves a cycle behind in each epoch."""

    def train_epoch(self, X, y, batches):
        Node()
        return np.zeros(len(batches))


@pytest.mark.parametrize(("policy", "n_alive"), [("paused", 0), ("as shipped", 2)])
def test_a_paused_collector_frees_what_an_epoch_left_before_the_epoch_ends(policy, n_alive):
    classifier = collecting(Littering(), policy)
    gc.collect()
    gc.disable()
    try:
        for _ in range(2):
            classifier.train_epoch(np.zeros((1, 1)), np.zeros(1, int), [np.array([0])])
        assert Node.alive == n_alive
    finally:
        gc.enable()
        gc.collect()


OBSERVING = """
import gc
_train_epoch = Odd.train_epoch


def train_epoch(self, X, y, batches):
    gc.disable()
    engine.note = f"runs: {gc.isenabled()}"
    losses = _train_epoch(self, X, y, batches)
    gc.enable()
    engine.note += f", then: {gc.isenabled()}"
    return losses


Odd.train_epoch = train_epoch
engine.pauses_collector = True
"""


@pytest.mark.parametrize(
    ("policy", "note"),
    [
        ("as shipped", "runs: False, then: True"),
        ("default", "runs: True, then: True"),
        ("paused", "runs: False, then: False"),
    ],
)
def test_a_plan_sets_the_collector_of_an_engine_from_outside(tmp_path, policy, note):
    path = write_odd(tmp_path)
    with open(path, "a") as file:
        file.write(OBSERVING)
    (cell,) = go(small(path).with_each(collector=policy)).cells
    assert (cell.status, cell.note, cell.pauses_collector) == ("ok", note, True)


def test_the_collector_runs_in_the_epochs_of_scalar_if_the_plan_says_so():
    plan = small("scalar").with_each(epochs=1)
    (paused,) = go(plan.with_each(collector="paused")).cells
    (running,) = go(plan.with_each(collector="default")).cells
    assert running.epochs[0].collector_s > paused.epochs[0].collector_s


CACHING = """
from pathlib import Path

cache = Path(os.environ["XDG_CACHE_HOME"])
known = cache / engine.name
Odd.code_from_disk = known.exists()
engine.note = str(cache)
known.touch()
"""


def test_a_run_has_a_cache_of_its_own_that_is_empty_at_first_and_gone_at_the_end(tmp_path):
    path = write_odd(tmp_path)
    with open(path, "a") as file:
        file.write(CACHING)
    for _ in range(2):
        first, second = go(small(path, rounds=2)).cells
        assert (first.status, first.code_from_disk) == ("ok", False)
        assert (second.status, second.code_from_disk) == ("ok", True)
        assert first.note == second.note
        assert not Path(first.note).exists()
