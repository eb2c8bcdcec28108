"""What the pages of the book are made with: what they show is true, what is missing is named."""

import json
import re

import pytest
from pages import ROOT

from benchgrad.book import (
    Said,
    axes,
    best_of,
    colour,
    exercises_of,
    picture,
    seconds,
    slider,
    stepper,
)
from benchgrad.book.sample import SampleError, read_run, run_of
from benchgrad.engines.scalar import Value

QUOTED = (
    "micrograd",
    "scalar",
    "scalar-dot",
    "tensor",
    "numpy",
    "tensor-compiled",
    "scalar-compiled",
)


@pytest.fixture(scope="module")
def run():
    """Return the run that the book quotes."""
    return read_run(ROOT / "docs" / "sample")


def graph():
    a, b, c = Value(2.0), Value(-3.0), Value(10.0)
    p = a * b
    y = (p + c).tanh() * p
    return y, {"a": a, "b": b, "c": c, "p": p, "y": y}


def test_the_last_step_has_the_gradients_of_a_backward_pass():
    y, names = graph()
    shown = stepper(y, names)._repr_html_()
    steps = json.loads(re.search(r"const steps = (\[.*\]);", shown)[1])
    assert set(steps[0][1]) == {"0"}
    assert steps[1][1].count("1") == 1
    y.backward()
    for name in "abc":
        assert f"{names[name].grad:.4g}".replace("-", "−") in steps[-1][1]
    assert "passes" in steps[-1][2]
    assert len(steps) == 2 + 4  # nothing, the seed, and a step for each node


def test_stepping_leaves_the_graph_alone():
    y, names = graph()
    stepper(y, names)
    assert {value.grad for value in names.values()} == {0.0}


def test_a_graph_that_nobody_would_step_through_is_refused():
    y = Value(1.0)
    for _ in range(50):
        y = y + 1.0
    with pytest.raises(ValueError, match="51 values is too large"):
        stepper(y, {})


def test_names_from_elsewhere_are_text():
    y, _ = graph()
    assert "<b>" not in stepper(y, {"<b>": y})._repr_html_()


def test_the_slider_says_what_a_row_costs():
    shown = slider([1, 2, 4], {"tensor": [1e-3, 1e-3, 2e-3]})._repr_html_()
    data = json.loads(re.search(r"const data = (\{.*\});", shown)[1])
    assert data["rows"] == [1, 2, 4]
    assert [text.rpartition(" tensor ")[2] for text in data["said"]] == [
        "1.00 ms.",
        "500 µs.",
        "500 µs.",
    ]


def test_a_number_in_a_sentence_has_no_quotes():
    assert repr(seconds(0.0236)) == "23.6 ms"
    assert repr(Said("tensor")) == "tensor"


def test_the_best_of_some_times_is_taken():
    assert 0.0 <= best_of(lambda: None, 3) < 1.0


def test_the_run_has_every_engine_that_the_book_quotes(run):
    for name in QUOTED:
        assert run.epoch_s(name) > 0.0
    assert run.published_of("scalar") == (20, 651.86)
    assert 0.0 <= run.collector_share("scalar") < run.collector_share("micrograd") < 1.0
    assert run.race.count('class="lane"') > 3


def test_a_notebook_carries_the_same_facts(run):
    packed = run_of(run.packed())
    assert packed.facts == run.facts
    assert packed.rounds("tensor") == run.rounds("tensor")
    assert (packed.machine, packed.published, packed.race) == (run.machine, run.published, "")
    assert "on the page" in packed.show_race()._repr_html_()


def test_what_the_run_lacks_is_named(run):
    with pytest.raises(SampleError, match="no engine 'jaxx', only"):
        run.epoch_s("jaxx")
    with pytest.raises(SampleError, match="no colour of 'tensor'"):
        run.fact("tensor", "colour")


def test_without_a_folder_there_is_no_run(monkeypatch):
    monkeypatch.delenv("BENCHGRAD_SAMPLE", raising=False)
    with pytest.raises(SampleError, match="must name the folder"):
        run_of()


def test_the_exercises_of_a_chapter_are_shown_with_their_stubs():
    assert exercises_of(2)._repr_markdown_().count("```python") == 3
    with pytest.raises(ValueError, match="no chapter 13"):
        exercises_of(13)


def test_a_legend_stands_on_no_board_of_its_own():
    # whose colour a dark page would not change, while it changes that of the letters
    figure, ax = axes()
    ax.plot([0, 1], [0, 1], color=colour("tensor"), label="a line")
    ax.legend()
    svg = picture(figure, "a line").svg
    assert "a line</text>" in svg
    assert "fill: #ffffff" not in svg
