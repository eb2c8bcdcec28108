"""One palette: an engine has its colour and its marker by its name, in whatever company."""

import itertools
import re
import tomllib
from pathlib import Path

import pytest
from colour_vision import VISION, contrast, distance

from benchgrad.reports.style import (
    CLASSES,
    DARK_PAPER,
    FAINT,
    INK,
    OUTLINES,
    PAPER,
    SHIPPED,
    Look,
    Style,
    looks,
)

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
OTHERS = ("autodidact", "minitorch", "mine.py", "theirs.py", "a.py", "b.py", "package:engine")
PAIRS = list(itertools.combinations(SHIPPED, 2))
SAME_MARKER = [(a, b) for a, b in PAIRS if SHIPPED[a].marker == SHIPPED[b].marker]
EVERY_LOOK = {**SHIPPED, **looks(f"engine{i}.py" for i in range(24))}


def test_every_engine_that_is_shipped_has_a_look_of_its_own():
    assert set(SHIPPED) == set(PROJECT["project"]["entry-points"]["benchgrad.engines"])
    assert len(set(SHIPPED.values())) == len(SHIPPED)
    assert not any(look.is_hollow for look in SHIPPED.values())


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("company", [(), tuple(SHIPPED), OTHERS, ("aaa", "zzz.py")])
def test_a_shipped_engine_looks_the_same_in_any_company(name, company):
    assert looks([name, *company])[name] == SHIPPED[name]


@pytest.mark.parametrize("vision", VISION)
def test_engines_with_the_same_marker_differ_in_colour_for_everyone(vision):
    """15 is seven times what is just visible."""
    assert len(SAME_MARKER) >= 7
    near = {p: distance(*(SHIPPED[name].colour for name in p), vision) for p in SAME_MARKER}
    assert {pair: found for pair, found in near.items() if found < 15.0} == {}


def test_no_two_engines_share_a_hue():
    near = {p: distance(*(SHIPPED[name].colour for name in p)) for p in PAIRS}
    assert {pair: found for pair, found in near.items() if found < 10.0} == {}


@pytest.mark.parametrize("paper", [PAPER, DARK_PAPER])
def test_every_colour_stands_out_from_a_light_page_and_from_a_dark_one(paper):
    """WCAG 2.2 asks for 3 : 1 of what a reader must see to understand a figure (1.4.11)."""
    faint = {n: contrast(look.colour, paper) for n, look in EVERY_LOOK.items()}
    assert {name: found for name, found in faint.items() if found < 3.0} == {}
    assert len({look.colour for look in EVERY_LOOK.values()}) > 20


def test_vision_is_simulated():
    """Red and green that look alike to a deuteranope, and blue and yellow that do not."""
    assert distance("#D04A2A", "#7F7F00") > 2 * distance("#D04A2A", "#7F7F00", "deuteranopia")
    assert distance("#0000FF", "#FFFF00", "deuteranopia") > 50
    assert distance("#000000", "#FFFFFF") == pytest.approx(100.0, abs=0.1)
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21.0)


@pytest.mark.parametrize(("name", "other"), list(itertools.permutations(OTHERS, 2)))
def test_another_engine_has_its_look_too_but_in_a_tie(name, other):
    alone, beside = looks([name])[name], looks([other])[other]
    together = looks([*SHIPPED, name, other])
    if alone != beside:
        assert together[name] == alone
    else:
        assert alone in (together[name], together[other])


def test_some_names_do_not_tie():
    """The test above would hold if all tied."""
    assert len({looks([name])[name] for name in OTHERS}) >= 4


def test_engines_are_told_apart():
    chosen = looks([*SHIPPED, *OTHERS])
    assert set(chosen) == {*SHIPPED, *OTHERS}
    assert len(set(chosen.values())) == len(chosen)


def test_more_engines_than_looks_still_have_one_each():
    chosen = looks(f"engine{i}.py" for i in range(60))
    assert len(chosen) == 60
    assert len(set(chosen.values())) == 24


def test_the_order_of_the_engines_does_not_matter():
    assert looks(OTHERS) == looks(reversed(OTHERS))


def test_a_variant_of_a_shipped_engine_has_its_look_hollow():
    chosen = looks({"tensor": "tensor", "tensor, one row": "tensor", "tensor, paused": "tensor"})
    assert chosen["tensor"] == SHIPPED["tensor"]
    assert chosen["tensor, one row"] == Look("#0072B2", "o", is_hollow=True)
    assert chosen["tensor, paused"].colour == "#0072B2"
    assert chosen["tensor, paused"].is_hollow
    assert len(set(chosen.values())) == 3


def test_no_engine_looks_like_ink_or_paper():
    assert not {look.colour for look in EVERY_LOOK.values()} & {INK, FAINT, PAPER, DARK_PAPER}


def test_colours_are_hexadecimal_and_markers_have_outlines():
    for colour in (*(look.colour for look in EVERY_LOOK.values()), *CLASSES):
        assert re.fullmatch("#[0-9A-F]{6}", colour)
    assert len(set(CLASSES)) == len(CLASSES) == 6
    assert {look.marker for look in EVERY_LOOK.values()} <= set(OUTLINES)
    assert all(look.outline.startswith("M") for look in EVERY_LOOK.values())


def test_lines_that_coincide_are_wide_below_and_narrow_above():
    lines = [Style({}).line(i, 3) for i in range(3)]
    widths = [line["linewidth"] for line in lines]
    layers = [line["zorder"] for line in lines]
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == 3
    assert layers == sorted(layers)
    assert len(set(layers)) == 3
