"""What a run says of itself, recomputed; and what is found when any of it is changed."""

import functools
import json
import re
from pathlib import Path

import msgspec
import pytest

from benchgrad.benchmarks.records import Results, read_results, write_results
from benchgrad.benchmarks.run.verify import contradictions, problems
from benchgrad.reports import page, templating
from benchgrad.reports import verify as files
from benchgrad.reports.page import write_report


@pytest.fixture(scope="module")
def results(judged):
    return read_results(judged)


def test_a_run_agrees_with_itself(results, tmp_path):
    assert problems(tmp_path, results) == []
    statuses = [cell.status for cell in results.cells]
    assert statuses == ["ok", "ok", "ok", "ok", "invalid", "crashed", "missing"]


def test_references_hold_every_loss_and_the_parameters_that_cells_ended_with(results):
    places = [(r.round, r.batch_size) for r in results.references]
    assert sorted(places) == [(0, 10), (0, 32)]
    for reference in results.references:
        n_epochs = [snapshot.n_epochs for snapshot in reference.snapshots]
        assert n_epochs == ([2] if reference.batch_size == 10 else [1, 3, 4])
        assert len(reference.losses) == (2 if reference.batch_size == 10 else 4)


def changed(results, path, change):
    """Return results in which the value at a path of names and indices is another."""
    content = json.loads(msgspec.json.encode(results))
    *above, last = path
    place = content
    for step in above:
        place = place[step]
    place[last] = change(place[last])
    return msgspec.convert(content, Results)


def cell_of(results, engine, round=0):
    (i,) = [i for i, c in enumerate(results.cells) if (c.engine, c.round) == (engine, round)]
    return i


@pytest.mark.parametrize(
    ("engine", "path", "change", "said"),
    [
        ("tensor", ("epochs", 2, "losses", 1), lambda x: x + 1e-15, "loss_difference is"),
        ("tensor", ("epochs", 2, "losses", 1), lambda x: x + 1e-6, "it is invalid (losses differ"),
        ("tensor", ("final", "parameters", 7), lambda x: x + 1e-15, "parameter_difference is"),
        ("tensor", ("equality", "limit"), lambda x: 1e-3, "limit is 0.001, recomputed 1e-09"),
        ("tensor", ("equality", "logit_difference"), lambda x: 0.5, "it is invalid (logits differ"),
        ("tensor", ("equality", "n_steps"), lambda x: 9, "n_steps is 9, recomputed 8"),
        ("tensor", ("equality", "reference"), lambda x: "x", "reference is x, recomputed numpy"),
        ("tensor", ("equality",), lambda x: None, "ok without a comparison"),
        ("tensor", ("status",), lambda x: "crashed", "by its differences and times it is ok"),
        ("tensor", ("epochs",), lambda x: x[:2], "regions after [0, 1, 2, 3, 4] of 2 epochs"),
        ("tensor", ("epochs", 3, "test_accuracy"), lambda x: 1 - x, "its predicted classes give"),
        ("tensor", ("epochs", 0, "test_accuracy"), lambda x: 0.123, "is no share of 20 rows"),
        ("tensor", ("epochs", 0, "wall_s"), lambda x: -1.095, "epoch 1 took -1.09"),
        ("tensor", ("final", "test_classes", 3), lambda x: 1 - x, "its predicted classes give"),
        ("tensor", ("regions", 1, "runs"), lambda x: x[:-1], "points, there are 49"),
        ("tensor", ("regions", 0, "runs"), lambda x: [[7, 49]], "classes that do not exist"),
        ("tensor", ("regions", 1, "n_epochs"), lambda x: 0, "regions after [0, 0, 2, 3, 4] of 4"),
        ("tensor", ("regions", 4, "runs"), lambda x: [[0, 49]], "not those of its final classes"),
        ("tensor", ("final",), lambda x: None, "its final parameters are not in"),
        ("tensor", ("epochs_planned",), lambda x: 3, "4 epochs, planned 3"),
        ("cut", ("budget_s",), lambda x: None, "ended after 1 epochs and no budget ended it"),
        ("wrong", ("status",), lambda x: "ok", "it is invalid (losses differ"),
        ("wrong", ("reason",), lambda x: "tired", "it is invalid (losses differ"),
        ("broken", ("status",), lambda x: "ok", "status is ok without a comparison"),
        ("broken", ("reason",), lambda x: "", "status is crashed without a reason"),
        ("broken", ("status",), lambda x: "missing", "status is missing, and it has 2 epochs"),
        ("absent", ("round",), lambda x: 1, "absent, round 1: 0 cells, the plan has 1"),
        ("absent", ("engine",), lambda x: "other", "other, round 1: 1 cells, the plan has 0"),
    ],
)  # fmt: skip
def test_a_changed_cell_contradicts_something(results, engine, path, change, said):
    tampered = changed(results, ("cells", cell_of(results, engine), *path), change)
    found = problems(Path(), tampered)
    assert any(said in problem for problem in found), found
    assert all("\n" not in problem for problem in found)


@pytest.mark.parametrize(
    ("path", "change", "said"),
    [
        (("losses", 1, 0), lambda x: x + 1e-15, "loss_difference is"),
        (("losses", 1), lambda x: x[:1], "1 losses in epoch 2, there are"),
        (("snapshots", 0, "parameters", 0), lambda x: x + 1e-3, "parameter_difference is"),
        (("engine",), lambda x: "tensor", "it is tensor, the plan's is numpy"),
        (("round",), lambda x: 1, "the reference of its round and batches is not in the records"),
        (("batch_size",), lambda x: 10, "reference of round 1, batches of 10: recorded 2 times"),
    ],
)
def test_a_changed_reference_contradicts_something(results, path, change, said):
    found = problems(Path(), changed(results, ("references", 0, *path), change))
    assert any(said in problem for problem in found), found


def leaves(value, path=()):
    """Yield the path of every number and text in a structure of lists and mappings."""
    inner = enumerate(value) if isinstance(value, list) else value.items()
    for step, below in inner:
        if isinstance(below, list | dict):
            yield from leaves(below, (*path, step))
        elif below is not None:
            yield (*path, step)


def other(value):
    """Return another value of the same type, near it."""
    if isinstance(value, str):
        return value[:-1] + "x" if len(value) > 1 else value + "x"
    if isinstance(value, int):
        return 1 - value if value in (0, 1) else 2 * value
    return value * 1.5 + 1e-12


# What neither the records nor the texts of a report contradict: see docs/measurement.md.
UNSEEN = {
    "schema_version",  # refused when the file is read
    "plan.data.name", "plan.data.n_samples", "plan.data.noise", "plan.data.test_fraction",
    "plan.data.label", "plan.timeout_s",
    "data.train_labels", "data.train_points", "cells.kind", "cells.version",
    "cells.own_name", "cells.trace",  # those of an engine that is not from a file, and did not fail
    "sources.wrong", "sources.broken",
    "environment.array_calls_per_s", "environment.python_calls_per_s",  # shown by sweeps alone
    "environment.memory_bytes_per_s",
}  # fmt: skip
DRAWN = {"data.class_names"}  # in the plots, which this test leaves out


def test_whatever_is_changed_in_the_records_is_found_or_known_not_to_be(
    results, tmp_path, monkeypatch
):
    """The first number or text of each kind there is in the file, one after the other."""
    write_results(results, tmp_path)
    monkeypatch.setattr(page, "all_plots", list)
    monkeypatch.setattr(page, "card", lambda *_: b"")
    monkeypatch.setattr(templating, "templates", functools.cache(templating.templates))
    write_report(tmp_path)
    kinds = {}
    for path in leaves(json.loads(msgspec.json.encode(results))):
        kinds.setdefault(re.sub(r"\.\d+", "", ".".join(map(str, path))), path)
    unseen = set()
    for kind, path in kinds.items():
        try:
            tampered = changed(results, path, other)
        except msgspec.ValidationError:
            continue  # the file is refused as damaged
        if not (problems(tmp_path, tampered) or files.problems(tmp_path, tampered)):
            unseen.add(kind)
    unseen.discard("cells.control_s")  # found only where it moves the median of five repeats
    assert sorted(unseen) == sorted(UNSEEN | DRAWN)


def test_records_that_differ_from_their_journal_contradict_it(judged):
    results = read_results(judged)
    assert contradictions(judged, results) == []
    for changes, problem in (
        ({"resumed_at": ["later"]}, "resumed_at is ['later'], in journal.jsonl []"),
        ({"plan": results.plan.replace(title="Another")}, "plan: title is 'Another', in journal"),
        ({"cells": results.cells[:1]}, "numpy, round 1: it is in journal.jsonl only"),
    ):
        found = contradictions(judged, msgspec.structs.replace(results, **changes))
        assert any(problem in line for line in found)
