"""Each plot: what it declares, what it draws, and that its files are pictures."""

import io
import itertools
from dataclasses import replace
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from benchgrad.reports.engine_summary import summaries
from benchgrad.reports.plot import all_plots, render, spread
from benchgrad.reports.style import PAPER, RC, Style, looks
from benchgrad.reports.tables import tables

PLOTS = {plot.name: plot for plot in all_plots()}
OF_SWEEPS = ("axes", "map", "held_out", "study")  # tables of other runs: see test_scaling.py
OF_RUNS = [name for name, plot in PLOTS.items() if plot.table not in OF_SWEEPS]
OF_FULL = [name for name in OF_RUNS if name not in ("confusion", "ladder", "two_by_two")]
OF_DEEP = [name for name in OF_RUNS if name not in ("decision_boundary", "two_by_two")]
DRAWN = [("full", name) for name in OF_FULL] + [("deep", name) for name in OF_DEEP]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def runs(full_run, deep_run):
    return {"full": full_run, "deep": deep_run}


@pytest.fixture(scope="module")
def folders(full_folder, deep_folder):
    return {"full": full_folder / "plots", "deep": deep_folder / "plots"}


@pytest.fixture(scope="module")
def derived(runs):
    return {name: tables(run, summaries(run)) for name, run in runs.items()}


@pytest.fixture
def drawn(runs, derived):
    """Return a function that draws a plot, given only the columns that it declares."""

    def drawn(run, name, engine=None):
        plot = PLOTS[name]
        frame = getattr(derived[run], plot.table)[list(plot.columns)]
        if engine:
            frame = frame[frame["engine"] == engine]
        ax = FigureCanvasAgg(Figure()).figure.subplots()
        names = [contestant.name for contestant in runs[run].plan.engines]
        plot.draw(ax, frame, Style(looks(names), tuple(runs[run].data.class_names)))
        return ax

    return drawn


def pixels(path):
    """Return the colours of a picture with the number of their pixels."""
    with Image.open(path) as image:
        counted = image.convert("RGB").getcolors(maxcolors=2**24)
    return {to_hex(np.array(colour) / 255).upper(): count for count, colour in counted}


def lines(ax):
    """Return the lines of a plot by the engine that they are labelled with."""
    labels = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    return {label.removesuffix(" (invalid)"): line for label, line in labels.items()}


def test_the_plots_are_found_in_their_order():
    assert OF_RUNS == [
        "ladder",
        "two_by_two",
        "epoch_seconds",
        "loss_by_epoch",
        "loss_by_seconds",
        "accuracy_by_seconds",
        "decision_boundary",
        "confusion",
    ]
    orders = [plot.order for plot in PLOTS.values()]
    assert orders == sorted(orders)
    assert len(set(orders)) == len(orders)


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_has_a_title_and_a_caption(name):
    assert PLOTS[name].title
    assert PLOTS[name].caption.endswith(".")


@pytest.mark.parametrize(("run", "name"), DRAWN)
def test_a_plot_declares_columns_that_exist(derived, run, name):
    plot = PLOTS[name]
    frame = getattr(derived[run], plot.table)
    assert set(plot.columns) <= set(frame.columns)
    assert plot.panel in ("", *plot.columns)
    assert plot.missing(frame) == ""


@pytest.mark.parametrize(("run", "name"), DRAWN)
def test_a_plot_can_be_drawn_from_what_it_declares(drawn, run, name):
    ax = drawn(run, name, engine="numpy" if PLOTS[name].panel else None)
    assert ax.has_data()


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_says_which_columns_are_missing(name):
    plot = PLOTS[name]
    frame = pd.DataFrame({column: ["ok"] for column in plot.columns})
    assert plot.missing(frame) == ""
    last = plot.columns[-1]
    reason = plot.missing(frame.drop(columns=last))
    assert reason == f"the table {plot.table} has no {last} in this run"
    both = f"{plot.columns[0]}, {last}"
    assert both in plot.missing(frame.drop(columns=[plot.columns[0], last]))
    assert plot.missing(frame[:0]) == f"the table {plot.table} is empty in this run"


@pytest.mark.parametrize(("run", "name"), DRAWN)
def test_the_png_is_a_picture_of_many_colours(folders, run, name):
    path = folders[run] / f"{name}.png"
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    with Image.open(path) as image:
        image.verify()
        assert min(image.size) >= 400
    found = pixels(path)
    assert len(found) >= 10
    assert max(found.values()) < 0.99 * sum(found.values())


@pytest.mark.parametrize(("run", "name"), DRAWN)
def test_the_svg_is_a_drawing_that_loads_nothing(folders, run, name):
    root = ElementTree.fromstring((folders[run] / f"{name}.svg").read_bytes())
    assert root.tag == f"{SVG}svg"
    assert len(root.findall(f".//{SVG}path")) >= 10
    assert not root.findall(f".//{SVG}script")
    for element in root.iter():
        for key, value in element.attrib.items():
            if key.rpartition("}")[2] in ("href", "src"):
                assert value.startswith(("#", "data:"))


def test_there_is_a_picture_for_each_plot_that_has_data_and_no_other(folders):
    for run, names in (("full", OF_FULL), ("deep", OF_DEEP)):
        expected = {f"{name}.{extension}" for name in names for extension in ("png", "svg")}
        assert {path.name for path in folders[run].iterdir()} == expected


@pytest.mark.parametrize("name", ["loss_by_epoch", "loss_by_seconds", "accuracy_by_seconds"])
def test_lines_are_in_the_colours_of_their_engines(folders, drawn, runs, name):
    chosen = looks(contestant.name for contestant in runs["full"].plan.engines)
    found = lines(drawn("full", name))
    assert set(found) == set(chosen) - {"absent"}
    for engine, line in found.items():
        assert to_hex(line.get_color()).upper() == chosen[engine].colour
        assert (line.get_linestyle() == "--") == (engine == "wrong")
    seen = pixels(folders["full"] / f"{name}.png")
    for engine in found:
        assert seen.get(chosen[engine].colour, 0) > 20


def test_losses_are_drawn_by_epoch(drawn):
    line = lines(drawn("full", "loss_by_epoch"))["tensor"]
    assert_array_equal(line.get_xdata(), [1, 2, 3, 4])
    assert_allclose(line.get_ydata(), [0.75, 0.375, 0.25, 0.1875])


def test_losses_are_drawn_by_seconds(drawn):
    ax = drawn("full", "loss_by_seconds")
    line = lines(ax)["tensor"]
    assert_allclose(line.get_xdata(), [0.08, 0.081, 0.083, 0.086])
    assert_allclose(line.get_ydata(), [0.75, 0.375, 0.25, 0.1875])
    assert ax.get_xscale() == "log"


def test_accuracy_on_the_test_rows_is_drawn_by_seconds(drawn):
    ax = drawn("full", "accuracy_by_seconds")
    line = lines(ax)["tensor"]
    assert_allclose(line.get_xdata(), [0.08, 0.081, 0.083, 0.086])
    assert_allclose(line.get_ydata(), [0.125, 0.25, 0.375, 0.5])
    assert ax.get_xscale() == "log"


@pytest.mark.parametrize("name", ["loss_by_epoch", "loss_by_seconds", "accuracy_by_seconds"])
def test_every_line_is_named_beside_the_plot_and_no_legend_covers_it(drawn, name):
    ax = drawn("full", name)
    named = [text for text in ax.texts if text.get_text()]
    assert [text.get_text() for text in named] == [
        "micrograd", "scalar", "tensor", "numpy", "bad<i>.py", "wrong (invalid)",
    ]  # fmt: skip
    assert ax.get_legend() is None
    places = sorted(text.xy for text in named)
    assert {x for x, _ in places} == {1.05}
    assert min(b - a for (_, a), (_, b) in itertools.pairwise(places)) >= 0.069


@pytest.mark.parametrize(
    ("places", "step", "found"),
    [
        ([0.2, 0.8], 0.1, [0.2, 0.8]),
        ([0.5, 0.5, 0.5], 0.1, [0.5, 0.6, 0.7]),
        ([1.0, 1.0], 0.1, [0.9, 1.0]),
        ([0.9, 0.1, 0.12], 0.25, [0.9, 0.1, 0.35]),
        ([], 0.1, []),
    ],
)
def test_names_are_spread_without_leaving_the_plot(places, step, found):
    assert spread(places, step) == pytest.approx(found)


def test_marks_are_the_engines_that_are_ok_with_the_slowest_on_top(drawn):
    ax = drawn("full", "epoch_seconds")
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "numpy",
        "tensor",
        "micrograd",
        "scalar",
    ]
    assert_array_equal(ax.get_yticks(), [0, 1, 2, 3])
    marks = [line for line in ax.lines if to_hex(line.get_markerfacecolor()) != PAPER]
    assert_allclose([m.get_xdata()[0] for m in marks], [0.0005, 0.0025, 0.45, 3.0])
    assert_array_equal([m.get_ydata()[0] for m in marks], [0, 1, 2, 3])
    assert ax.get_xscale() == "log"


def test_marks_carry_their_colours_figures_and_quartiles(drawn, runs, folders):
    ax = drawn("full", "epoch_seconds")
    chosen = looks(contestant.name for contestant in runs["full"].plan.engines)
    engines = ["numpy", "tensor", "micrograd", "scalar"]
    marks = [line for line in ax.lines if to_hex(line.get_markerfacecolor()) != PAPER]
    shown = [(to_hex(mark.get_markerfacecolor()).upper(), mark.get_marker()) for mark in marks]
    assert shown == [(chosen[engine].colour, chosen[engine].marker) for engine in engines]
    texts = [text.get_text() for text in ax.texts]
    for text in ("500 µs", "2.50 ms", "450 ms", "3.00 s", "published 32.6 s", "published 23.6 ms"):
        assert text in texts
    ranges = [collection.get_segments()[0][:, 0].tolist() for collection in ax.collections]
    assert_allclose(ranges, [[0.00045, 0.00055], [0.002, 0.003], [0.375, 0.525], [2.0, 4.0]])
    seen = pixels(folders["full"] / "epoch_seconds.png")
    for engine in engines:
        assert seen[chosen[engine].colour] > 50
    for engine in ("bad<i>.py", "wrong", "absent"):
        assert seen.get(chosen[engine].colour, 0) == 0


def test_published_figures_are_diamonds_beside_their_engines(drawn):
    ax = drawn("full", "epoch_seconds")
    diamonds = {
        (line.get_xdata()[0], line.get_ydata()[0])
        for line in ax.lines
        if to_hex(line.get_markerfacecolor()) == PAPER
    }
    assert diamonds == {(651.86 / 20, 3), (2.36 / 100, 1)}


def test_the_boundary_is_drawn_with_the_lowest_row_below(drawn):
    ax = drawn("full", "decision_boundary", engine="numpy")
    (image,) = ax.images
    assert image.origin == "lower"
    assert image.get_extent() == [-1.0, 1.0, -2.0, 2.0]
    assert image.get_array().tolist() == [[0, 0, 1], [0, 1, 1], [0, 1, 1]]


def test_the_test_points_are_drawn_with_their_true_classes(drawn):
    ax = drawn("full", "decision_boundary", engine="numpy")
    (points,) = ax.collections
    assert_array_equal(points.get_offsets(), [[-1, -1], [-0.5, 0.5], [0.5, -0.5], [1, 1]])
    assert_array_equal(points.get_array(), [0, 0, 1, 1])
    (image,) = ax.images
    assert points.get_clim() == image.get_clim() == (0, 1)
    assert points.get_cmap() == image.get_cmap()


def test_a_confusion_matrix_shows_its_counts(drawn):
    ax = drawn("deep", "confusion", engine="tensor")
    (image,) = ax.images
    assert image.get_array().tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 1]]
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(0, 0): "2", (1, 0): "1", (1, 1): "2", (0, 2): "1", (2, 2): "1"}
    names = ["ant", "bee", "cat"]
    assert [label.get_text() for label in ax.get_xticklabels()] == names
    assert [label.get_text() for label in ax.get_yticklabels()] == names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("decision_boundary", ["micrograd", "scalar, tensor", "numpy", "wrong"]),
        ("confusion", ["tensor", "numpy"]),
    ],
)
def test_there_is_a_panel_for_all_engines_that_predict_the_same(derived, name, expected):
    """After the same epochs: micrograd and tensor agree too, after 3 and after 4."""
    run = "full" if name == "decision_boundary" else "deep"
    panels = []

    def draw(ax, frame, style):
        (engine,) = frame["engine"].unique()
        panels.append(engine)
        ax.plot([0, 1])

    plot = replace(PLOTS[name], draw=draw)
    contents = render(plot, getattr(derived[run], plot.table), Style({}))
    assert panels == expected
    assert set(contents) == {"png", "svg"}
    with Image.open(io.BytesIO(contents["png"])) as image:
        assert image.width > image.height


@pytest.mark.parametrize("name", ["epoch_seconds", "loss_by_seconds", "accuracy_by_seconds"])
def test_powers_of_ten_on_an_axis_are_set_and_not_spelt_out(drawn, name):
    """A label such as $10^{-2}$ is a formula: it may stand only where formulas are parsed."""
    with mpl.rc_context(RC):
        ax = drawn("full", name)
        ax.figure.canvas.draw()
    labels = [*ax.get_xticklabels(), *ax.get_xticklabels(minor=True), *ax.get_yticklabels()]
    raw = [label.get_text() for label in labels if not label.get_parse_math()]
    assert [text for text in raw if "$" in text] == []
    assert any(label.get_text() for label in ax.get_xticklabels())


def test_names_with_dollar_signs_are_no_formulas(derived):
    """A column of a user's file may hold prices, a path may hold anything."""
    style = Style(looks(["tensor", "numpy"]), ("$^$", "$1-$2", "free"))
    contents = render(PLOTS["confusion"], derived["deep"].confusion, style)
    assert contents["png"].startswith(b"\x89PNG")


def test_an_engine_that_begins_with_an_underscore_is_named(derived):
    frame = derived["deep"].epochs.replace({"engine": {"tensor": "_draft.py"}})
    ax = FigureCanvasAgg(Figure()).figure.subplots()
    PLOTS["loss_by_epoch"].draw(ax, frame, Style(looks(["_draft.py", "numpy"])))
    assert [text.get_text() for text in ax.texts if text.get_text()] == ["_draft.py", "numpy"]


def test_the_ladder_says_by_which_factor_and_why(drawn, derived):
    rungs = derived["deep"].ladder
    assert rungs["engine"].tolist() == ["tensor", "numpy"]
    assert rungs["factor"].iloc[1] == pytest.approx(10.0)
    texts = [text.get_text() for text in drawn("deep", "ladder").texts]
    assert texts == [
        "10.0 ms   a node for an array",
        "1.00 ms   10.0 × faster than tensor: no graph",
    ]


def test_a_plan_without_causes_has_no_ladder(derived):
    assert derived["full"].ladder.empty
    assert PLOTS["ladder"].missing(derived["full"].ladder) != ""


def test_a_panel_is_headed_by_engine_validity_and_epochs(derived, runs, monkeypatch):
    """An accuracy or a boundary after 2 epochs is not to be read beside one after 4."""
    titles = []
    monkeypatch.setattr(
        "matplotlib.axes.Axes.set_title", lambda ax, text, **rest: titles.append(text)
    )
    names = [contestant.name for contestant in runs["full"].plan.engines]
    plot = PLOTS["decision_boundary"]
    render(plot, derived["full"].points, Style(looks(names), ("inner", "outer")))
    assert "scalar, tensor\nafter 4 epochs, 50.0 % right" in titles
    assert "numpy\nafter 1 epoch, 12.5 % right" in titles
    assert "wrong (invalid)\nafter 2 epochs, 25.0 % right" in titles


def test_the_two_by_two_has_a_point_for_each_corner_and_a_factor_for_each_edge(by_hand):
    run = by_hand.corners(
        {"slow": [4.0] * 3, "compiled": [0.2, 0.4, 0.8], "wide": [0.02] * 3, "both": [0.01] * 3}
    )
    frame = tables(run, summaries(run)).two_by_two
    ax = FigureCanvasAgg(Figure()).figure.subplots()
    PLOTS["two_by_two"].draw(ax, frame, Style(looks(["slow", "compiled", "wide", "both"])))
    points = {
        (*line.get_xdata(), *line.get_ydata()) for line in ax.lines if len(line.get_xdata()) == 1
    }
    assert points == {(4.0, 0), (0.4, -1), (0.02, 0), (0.01, -1)}
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Python", "machine code"]
    assert [text.get_text() for text in ax.texts] == [
        "granularity\n200 × (200 to 200)",
        "granularity\n40.0 × (20.0 to 80.0)",
        "interpreter\n10.0 × (5.00 to 20.0)",
        "interpreter\n2.00 × (2.00 to 2.00)",
        "slow\n4.00 s",
        "compiled\n400 ms",
        "wide\n20.0 ms",
        "both\n10.0 ms",
    ]


def test_a_run_without_four_corners_has_no_two_by_two(derived):
    assert derived["full"].two_by_two.empty
    assert PLOTS["two_by_two"].missing(derived["full"].two_by_two) != ""
