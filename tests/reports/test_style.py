"""One palette: an engine has its colour by its name, in whatever company."""

import itertools
import re

import pytest

from benchgrad.reports.style import CLASSES, FAINT, INK, PAPER, Style, colours

BUILT_IN = ("scalar", "tensor", "numpy", "micrograd")
LIBRARIES = ("torch", "jax", "tinygrad", "mygrad", "autograd", "autodidact", "minitorch", "mine.py")


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("company", [(), BUILT_IN, LIBRARIES, ("aaa", "zzz.py")])
def test_a_built_in_engine_has_its_colour_in_any_company(name, company):
    assert colours([name, *set(company) - {name}])[name] == colours([name])[name]


@pytest.mark.parametrize(("name", "other"), list(itertools.permutations(LIBRARIES, 2)))
def test_another_engine_has_its_colour_too_but_in_a_tie(name, other):
    alone, beside = colours([name])[name], colours([other])[other]
    together = colours([*BUILT_IN, name, other])
    if alone != beside:
        assert together[name] == alone
    else:
        assert alone in (together[name], together[other])


def test_names_of_which_none_tie_keep_all_their_colours():
    """The test above would hold if all tied; this one needs three that do not."""
    alone = {name: colours([name])[name] for name in LIBRARIES}
    of_one = {colour: name for name, colour in alone.items()}
    assert len(of_one) >= 3
    together = colours([*of_one.values(), *BUILT_IN])
    for colour, name in of_one.items():
        assert together[name] == colour


@pytest.mark.parametrize(
    "engines", [LIBRARIES, (*BUILT_IN, *LIBRARIES[:4]), (*BUILT_IN, *LIBRARIES)]
)
def test_colours_are_told_apart(engines):
    chosen = colours(engines)
    assert set(chosen) == set(engines)
    assert len(set(chosen.values())) == len(engines)


def test_more_engines_than_colours_still_have_one_each():
    chosen = colours(f"engine{i}.py" for i in range(30))
    assert len(chosen) == 30
    assert len(set(chosen.values())) == 8


def test_the_order_of_the_engines_does_not_matter():
    assert colours(LIBRARIES) == colours(reversed(LIBRARIES))


def test_no_engine_looks_like_ink_or_paper():
    chosen = set(colours([*BUILT_IN, *LIBRARIES]).values())
    assert not chosen & {INK, FAINT, PAPER}


def test_colours_are_hexadecimal():
    for colour in (*colours([*BUILT_IN, *LIBRARIES]).values(), *CLASSES):
        assert re.fullmatch("#[0-9A-F]{6}", colour)
    assert len(set(CLASSES)) == len(CLASSES) == 6


def test_lines_that_coincide_are_wide_below_and_narrow_above():
    lines = [Style({}).line(i, 3) for i in range(3)]
    widths = [line["linewidth"] for line in lines]
    layers = [line["zorder"] for line in lines]
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == 3
    assert layers == sorted(layers)
    assert len(set(layers)) == 3
