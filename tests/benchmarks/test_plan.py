from pathlib import Path

import msgspec
import pytest

from benchgrad.benchmarks.analysis.forecast import MIN_EPOCHS
from benchgrad.benchmarks.analysis.statistics import MIN_INTERVAL_ROUNDS, MIN_VERDICT_ROUNDS
from benchgrad.benchmarks.plan import Contestant, PlanError, load_plan, shipped, text_of
from benchgrad.engines import check_names

ROOT = Path(__file__).parents[2]


def write(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return str(path)


MINIMAL = 'title = "mine"\n[[engines]]\nname = "tensor"\n'


def test_the_shipped_plans_are_the_documented_ones():
    assert list(shipped()) == [
        *("accuracy", "digits", "full", "headline", "ladder", "large"),
        *("peers", "quick", "scaling", "two-by-two"),
    ]


def test_the_headline_plan_is_the_published_comparison():
    plan = load_plan("headline")
    shipped = [engine for engine in plan.engines if engine.collector == "as shipped"]
    epochs = {engine.name: plan.epochs_of(engine) for engine in shipped}
    assert epochs == {
        "micrograd": 20,
        "scalar": 20,
        "scalar-dot": 5,
        "tensor, one row at a time": 5,
        "tensor": 100,
        "numpy": 100,
        "tensor-replay": 100,
        "tensor-compiled": 100,
        "scalar-compiled": 100,
    }
    published = {
        e.name: (e.published.epochs, e.published.total_s) for e in plan.engines if e.published
    }
    assert published == {"scalar": (20, 651.86), "tensor": (100, 2.36)}
    assert (plan.data.name, plan.data.n_samples, plan.data.noise) == ("moons", 1000, 0.2)
    assert plan.model.hidden == (32, 32)
    assert (plan.training.learning_rate, plan.training.batch_size) == (0.05, 32)


def test_full_is_headline_without_a_budget():
    headline, full = load_plan("headline"), load_plan("full")
    assert all(engine.budget_s is None for engine in full.engines)
    in_full = headline.with_each(budget_s=None, later_budget_s=None, least_epochs=1, rounds=None)
    assert in_full.engines == full.engines
    assert (headline.data, headline.model, headline.training) == (
        full.data,
        full.model,
        full.training,
    )


def test_in_the_headline_plan_every_ratio_of_short_engines_has_an_interval():
    plan = load_plan("headline")
    for engine in plan.engines:
        rounds = [round for round in range(plan.rounds) if plan.takes_part(engine, round)]
        is_once = engine.name == "micrograd" or engine.collector != "as shipped"
        assert len(rounds) == 1 if is_once else len(rounds) >= MIN_VERDICT_ROUNDS
    scalar = next(engine for engine in plan.engines if engine.name == "scalar")
    assert scalar.in_round(0).budget_s is None  # it trains to the end, once
    assert plan.engines[0].least_epochs == 1 + MIN_EPOCHS  # micrograd's total can be forecast


def test_each_engine_of_the_ladder_is_as_far_from_the_one_that_it_improves_as_its_cause_says():
    for plan in map(load_plan, ("headline", "full", "quick", "ladder")):
        causes = [engine for engine in plan.engines if engine.cause]
        names = [engine.name for engine in causes]
        improved = {e.name: e.improves for e in causes if e.improves}
        assert all(names.index(base) < names.index(name) for name, base in improved.items())
        found = {name for name in improved if name in ("tensor-replay", "numpy")}
        assert found == {"tensor-replay", "numpy"}
        assert {improved[name] for name in found} == {"tensor"}


def test_a_later_budget_holds_from_the_second_round_on():
    engine = Contestant("x", budget_s=60.0, later_budget_s=5.0)
    assert [engine.in_round(round).budget_s for round in range(3)] == [60.0, 5.0, 5.0]
    assert Contestant("x", later_budget_s=5.0).in_round(1).budget_s == 5.0
    assert Contestant("x", budget_s=2.0, later_budget_s=5.0).in_round(1).budget_s == 2.0
    assert Contestant("x", budget_s=2.0).in_round(1).budget_s == 2.0


@pytest.mark.parametrize("name", ["headline", "full", "ladder", "two-by-two"])
def test_the_plans_with_compiled_engines_have_a_two_by_two(name):
    corners = {
        e.name: (e.corner.nodes, e.corner.run_by) for e in load_plan(name).engines if e.corner
    }
    assert corners == {
        "scalar": ("numbers", "Python"),
        "tensor": ("arrays", "Python"),
        "scalar-compiled": ("numbers", "machine code"),
        "tensor-compiled": ("arrays", "machine code"),
    }


def test_quick_is_headline_without_compilers_on_fewer_points_and_epochs():
    headline, quick = load_plan("headline"), load_plan("quick")
    assert (headline.model, headline.training) == (quick.model, quick.training)
    compiled = [e.name for e in headline.engines if e.corner and e.corner.run_by != "Python"]
    assert compiled == ["tensor-compiled", "scalar-compiled"]  # would take as long as the rest
    assert [e.name for e in headline.engines if e.name not in compiled] == [
        e.name for e in quick.engines
    ]
    assert headline.data == quick.with_data(n_samples=1000).data


def test_a_plan_of_the_users_own_takes_the_defaults(tmp_path):
    plan = load_plan(write(tmp_path, MINIMAL + "epochs = 3\n"))
    assert plan.epochs_of(plan.engines[0]) == 3
    assert plan.model.hidden == (32, 32)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (MINIMAL + "epoch = 3\n", "engines[0]: unknown key 'epoch'; did you mean 'epochs'?"),
        ("title = 'a'\nrounds = 0\n" + MINIMAL[15:], "rounds: Expected `int` >= 1"),
        ("[trainin]\n" + MINIMAL, "unknown key"),
        (MINIMAL + "[data]\nnoise = -1\n", "data.noise: Expected `float` >= 0.0"),
        (MINIMAL + "[model]\nactivation = 'gelu'\n", "model.activation: Invalid enum value 'gelu'"),
        (MINIMAL + MINIMAL[15:], "engines: 'tensor' is listed twice"),
        ("title = 'a'\nengines = []\n", "engines: there must be at least one"),
        ("title = \n", "is not valid TOML"),
        ("title = 'a'\n", "missing required field `engines`"),
    ],
)
def test_a_bad_plan_gets_one_line_that_names_the_key(tmp_path, text, complaint):
    with pytest.raises(PlanError) as error:
        load_plan(write(tmp_path, text))
    assert complaint in str(error.value)
    assert "mine.toml" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ("headlin", "did you mean 'headline'?"),
        ("nothing-like-it", "known are accuracy, digits, full, headline, ladder, large, peers"),
        ("absent.toml", "there is no such file"),
    ],
)
def test_a_plan_that_is_not_there(spec, complaint):
    with pytest.raises(PlanError, match=r".") as error:
        load_plan(spec)
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["tensor", "mine.py"], [100, 100]),
        (["mine.py", "scalar"], [20, 20]),
        (["tensor", "mine.py", "scalar"], [100, 20, 20]),
        (["mine.py", "other.py"], [20, 20]),
    ],
)
def test_a_new_engine_trains_as_long_as_the_one_that_it_is_compared_with(names, expected):
    plan = load_plan("headline").select(names)
    assert [plan.epochs_of(e) for e in plan.engines] == expected


@pytest.mark.parametrize("name", ["full", "headline", "ladder", "quick"])
def test_where_micrograd_stands_beside_scalar_both_run_under_every_policy(name):
    plan = load_plan(name).select(["micrograd", "scalar"])
    again = [(e.spec, e.collector) for e in plan.engines if e.name != e.spec]
    assert again == [("micrograd", "paused"), ("scalar", "default")]


@pytest.mark.parametrize("names", [["micrograd", "tensor"], ["scalar"], ["mine.py", "scalar"]])
def test_an_engine_without_its_counterpart_runs_as_shipped_only(names):
    assert [e.name for e in load_plan("headline").select(names).engines] == names


def test_options_are_validated_like_a_file():
    with pytest.raises(PlanError, match="epochs"):
        load_plan("quick").with_each(epochs=0)


def test_a_plan_survives_its_own_encoding():
    plan = load_plan("headline")
    assert msgspec.json.decode(msgspec.json.encode(plan), type=type(plan)) == plan


@pytest.mark.parametrize("path", sorted((ROOT / "tools" / "plans").glob("*.toml")), ids=str)
def test_the_plans_of_the_tools_name_engines_that_exist(path):
    plan = load_plan(str(path))
    check_names([engine.spec for engine in plan.engines])
    assert plan.engines[0].name == plan.reference
    assert plan.rounds >= MIN_INTERVAL_ROUNDS


def test_the_sweep_of_every_engine_has_the_points_of_the_shipped_one():
    whole = load_plan(str(ROOT / "tools" / "plans" / "scaling-all.toml"))
    shipped = load_plan("scaling")
    assert [whole.at(at) for at in whole.points()] == [
        shipped.replace(
            title=whole.title,
            description=whole.description,
            rounds=whole.rounds,
            engines=whole.engines,
            reference=whole.reference,
        ).at(at)
        for at in shipped.points()
    ]
    assert {e.name for e in shipped.engines} < {e.name for e in whole.engines}


def test_a_plan_without_a_title_has_the_name_of_its_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[[engines]]\nname = "tensor"\n')
    assert load_plan(str(path)).title == "mine"


def test_a_shipped_plan_is_shown_as_it_can_be_copied(tmp_path):
    copy = tmp_path / "copy.toml"
    copy.write_text(text_of("quick"))
    assert load_plan(str(copy)) == load_plan("quick")
