"""docs/plans.md: it names every key of a plan, each in its table, and its example is a plan."""

import re

import pytest
from pages import blocks, text_of

from benchgrad.benchmarks.plan import (
    Contestant,
    Corner,
    DataPlan,
    ModelPlan,
    Plan,
    Published,
    TrainingPlan,
    load_plan,
)

PAGE = text_of("docs/plans.md")


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("The plan", Plan),
        ("[data]", DataPlan),
        ("[model]", ModelPlan),
        ("[training]", TrainingPlan),
        ("[[engines]]", Contestant),
    ],
)
def test_every_key_is_in_its_table(heading, kind):
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(kind.__struct_fields__)


def test_keys_of_an_engines_details_are_named():
    for name in (*Corner.__struct_fields__, *Published.__struct_fields__):
        assert f"`{name}`" in PAGE


def test_the_example_is_a_plan(tmp_path):
    ((_, text),) = blocks(PAGE, "toml")
    (tmp_path / "example.toml").write_text(text)
    plan = load_plan(str(tmp_path / "example.toml"))
    assert [contestant.spec for contestant in plan.engines] == ["tensor", "my_engine.py"]
