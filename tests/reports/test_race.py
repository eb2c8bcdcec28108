"""The race: its times are those of the records, and its order is theirs."""

import json
import math
import re
from itertools import accumulate

import msgspec
import pytest
from shown import Page

from benchgrad.benchmarks.plan import Contestant
from benchgrad.benchmarks.records import Final, Grid
from benchgrad.benchmarks.regions import Regions
from benchgrad.reports import page
from benchgrad.reports.engine_summary import summaries
from benchgrad.reports.page import render_report
from benchgrad.reports.race import race
from benchgrad.reports.race_page import RacePage

HOSTILE = "</script><script>alert(1)</script>"


@pytest.fixture(autouse=True)
def only_pages(monkeypatch):
    """Leave out the plots and the card, which take most of the time."""
    monkeypatch.setattr(page, "all_plots", list)
    monkeypatch.setattr(page, "card", lambda *_: b"")


def race_of(results):
    return race(results, summaries(results))


def halves(n_epochs, first):
    """Return regions in which the first so many of sixteen points have class 0."""
    return Regions.of(n_epochs, [0] * first + [1] * (16 - first))


@pytest.fixture
def raced(by_hand):
    """Return a run: two that finish, one with a budget, one invalid, one crashed, one absent."""
    regions = [halves(0, 4), halves(1, 8)]
    data = msgspec.structs.replace(by_hand.flat_data(), grid=Grid(-1.0, 1.0, -2.0, 2.0, 10))
    final = Final([0.0], [0, 0, 1, 1], [0] * 100)
    named = {
        "slow": by_hand.cell(
            "slow", (2.0, 1.0, 3.0), final=final, regions=[*regions, halves(3, 9)]
        ),
        HOSTILE: by_hand.cell(HOSTILE, (0.01, 0.02), final=final, regions=regions),
        "budget": by_hand.cell("budget", (4.0,), planned=9, budget_s=4.0, regions=regions),
        "wrong": by_hand.cell("wrong", (0.001, 0.001), status="invalid", reason="x"),
        "broken": by_hand.cell("broken", (0.5,), planned=3, status="crashed", reason="y"),
        "absent": by_hand.cell("absent", planned=3, status="missing", reason="z"),
    }
    return by_hand.results(map(Contestant, named), named.values(), data)


def test_every_moment_is_the_sum_of_the_epochs_before_it(raced):
    found = race_of(raced)
    assert [lane.name for lane in found.lanes] == ["slow", HOSTILE, "budget", "wrong", "broken"]
    for lane in found.lanes:
        (cell,) = [cell for cell in raced.cells if cell.engine == lane.name]
        assert list(lane.ends_s) == list(accumulate(epoch.seconds for epoch in cell.epochs))
        assert lane.losses[0] == pytest.approx(0.75)
    slow = found.lanes[0]
    assert [slow.at(s).n_epochs for s in (1.9, 2.0, 3.0, 5.9, 6.0, 99.0)] == [0, 1, 2, 2, 3, 3]
    assert [slow.at(s).shape for s in (1.9, 2.0, 3.0, 6.0)] == [0, 1, 1, 2]
    assert math.isnan(slow.at(1.9).loss)
    assert slow.after(1).loss == pytest.approx(0.75)


def test_places_follow_the_recorded_times_and_only_ranked_engines_have_one(raced):
    found = race_of(raced)
    assert [(lane.name, lane.place) for lane in found.finishers] == [
        (HOSTILE, 1), ("slow", 2), ("budget", 3),
    ]  # fmt: skip
    assert found.n_common == 1
    assert found.work == "The ranked ones"
    assert found.telling_s == pytest.approx(0.03)
    assert [lane.name for lane in found.behind] == ["slow", "budget", "broken"]
    assert [lane.ending for lane in found.lanes] == [
        "3 epochs in 6.00 s",
        "2 epochs in 30.0 ms",
        "stopped by its budget after 1 of 9 epochs",
        "invalid after 2 of 2 epochs",
        "crashed after 1 of 3 epochs",
    ]


def test_other_batches_are_other_work_and_the_race_says_so(by_hand):
    contestants = [Contestant("numpy"), Contestant("rows", engine="tensor", batch_size=1)]
    cells = [by_hand.cell(each.name, (0.1, 0.2)) for each in contestants]
    assert race_of(by_hand.results(contestants, cells)).work == "Those with the same batches"
    assert race_of(by_hand.results(contestants[:1], cells[:1])).work == "All"


def test_a_forecast_is_called_one(by_hand):
    cell = by_hand.cell("scalar", (1.5, 2.0, 2.0, 2.0), planned=5, budget_s=3.0)
    (lane,) = race_of(by_hand.results([Contestant("scalar", epochs=5)], [cell])).lanes
    assert lane.ending == "stopped by its budget after 4 of 5 epochs; all 5: 9.50 s (forecast)"


def test_engines_with_the_same_regions_share_their_shapes(raced):
    found = race_of(raced)
    assert [lane.regions for lane in found.lanes] == [
        ((0, 0), (1, 1), (3, 2)), ((0, 0), (1, 1)), ((0, 0), (1, 1)), (), (),
    ]  # fmt: skip
    assert len(found.shapes) == 3


def test_shapes_cover_their_points_and_no_others(raced):
    from matplotlib.path import Path

    for shape, n_first in zip(race_of(raced).shapes, (4, 8, 9), strict=True):
        (lowest, _), (other, outlines) = shape.layers
        assert (lowest, other) == (0, 1)
        inside = 0
        for i in range(16):
            x, y = 340 * (i % 4) / 3, 340 - 340 * (i // 4) / 3  # the lowest row comes first
            middle = (min(max(x, 2), 338), min(max(y, 2), 338))
            is_inside = any(Path(outline).contains_point(middle) for outline in outlines)
            assert is_inside == (i >= n_first) or abs(i - n_first) <= 1  # corners are rounded
            inside += is_inside
        assert abs(inside - (16 - n_first)) <= 1


@pytest.mark.parametrize("n_engines", [0, 1])
def test_a_run_of_none_or_one_has_a_report(by_hand, n_engines):
    cells = [by_hand.cell("tensor", (0.1, 0.2))][:n_engines]
    cells += [by_hand.cell("absent", planned=2, status="missing", reason="x")]
    results = by_hand.results([Contestant("tensor"), Contestant("absent")], cells)
    html = render_report(results)["index.html"].decode()
    assert html.count('id="race"') == n_engines
    assert html.count('class="lane"') == n_engines


def test_no_more_than_twelve_engines_race_and_the_page_says_so(by_hand):
    names = [f"engine{i}" for i in range(15)]
    cells = [by_hand.cell(name, (15.0 - i, 15.0 - i)) for i, name in enumerate(names)]
    found = race_of(by_hand.results(map(Contestant, names), cells))
    assert [lane.name for lane in found.lanes] == names[3:]
    assert found.unseen == 3


def test_a_training_that_diverged_has_a_race(by_hand):
    epochs = [by_hand.epoch(0.1, losses) for losses in ((1.0, 2.0), (1e308, 1e308), (None, 1.0))]
    cell = msgspec.structs.replace(by_hand.cell("mad", (1, 2, 3)), epochs=epochs)
    results = by_hand.results([Contestant("mad")], [cell])
    drawing = RacePage(race_of(results), results.data)
    assert drawing.highest == pytest.approx(1.05 * 1.5)
    script = json.loads(json.dumps(drawing.script, allow_nan=False))
    assert script["lanes"][0]["losses"] == [1.5, None, None]
    assert b"race" in render_report(results)["index.html"]


def test_of_very_many_epochs_the_first_and_the_last_are_kept(by_hand):
    cell = by_hand.cell("quick", [1e-3] * 3000)
    (lane,) = race_of(by_hand.results([Contestant("quick")], [cell])).lanes
    assert len(lane.epochs) <= 400
    assert lane.epochs[:3] == (1, 2, 3)
    assert (lane.n_done, lane.end_s) == (3000, pytest.approx(3.0))


def test_the_page_reads_the_times_of_the_records_and_no_name_is_markup(raced, report):
    folder = report(raced)
    shown_page = Page(folder / "index.html")
    assert shown_page.open == []
    html = (folder / "index.html").read_text("utf-8")
    assert "alert(1)</script>" not in html
    found = json.loads(re.search(r'id="race-data">(.*?)</script>', html, re.DOTALL)[1])
    assert [lane["ends"] for lane in found["lanes"]][:2] == [[2.0, 3.0, 6.0], [0.01, 0.03]]
    shown = re.findall(r'class="place"[^>]*>(\d)<', html)
    assert shown == ["2", "1", "3"]
    assert "stopped by its budget after 1 of 9 epochs" in shown_page.text
    assert "After 1 epoch each" in shown_page.text
    assert "After 30.0 ms of training" in shown_page.text


def test_without_two_features_the_race_shows_losses_and_accuracies(deep_folder):
    html = (deep_folder / "index.html").read_text("utf-8")
    assert 'class="lanes flat"' in html
    assert "shape-0" not in html
