"""The race in a real browser: it plays, stops, obeys the keyboard, and ends as the records say."""

import re

import msgspec
import pytest

from benchgrad.benchmarks.records import Grid
from benchgrad.benchmarks.regions import Regions, kept_epochs

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(full_run, report):
    """Return the page of a run whose engines have regions: more of class 0 after every epoch."""

    def with_regions(cell):
        regions = [
            Regions.of(n, [0] * (1 + 2 * n) + [1] * (15 - 2 * n))
            for n in (kept_epochs(len(cell.epochs)) if cell.final and cell.round == 0 else [])
        ]
        final = cell.final and msgspec.structs.replace(cell.final, grid_classes=[0] * 100)
        return msgspec.structs.replace(cell, regions=regions, final=final)

    data = msgspec.structs.replace(full_run.data, grid=Grid(-1.0, 1.0, -2.0, 2.0, 10))
    cells = [with_regions(cell) for cell in full_run.cells]
    return report(msgspec.structs.replace(full_run, data=data, cells=cells)) / "index.html"


def clock_of(window):
    return window.locator("#race-clock").inner_text()


def label_of(window):
    return window.locator("#race-play").get_attribute("aria-label")


def until(window, is_true):
    """Wait; the policy of the page lets no playwright evaluate a condition in it."""
    for _ in range(600):
        if is_true():
            return
        window.wait_for_timeout(50)
    raise AssertionError("it never came true")


def lanes(window):
    """Return what each lane shows: its name, its place if it has won one, and how far it is."""
    return {
        lane.locator("code").inner_text(): (
            lane.locator(".place.won").all_inner_texts(),
            lane.locator(".now").inner_text(),
        )
        for lane in window.locator(".lane").all()
    }


def test_it_opens_at_the_moment_when_the_first_has_finished(window):
    open_page = window()
    assert clock_of(open_page) == "400 µs"
    shown = lanes(open_page)
    assert shown["numpy"] == (["1"], "1 epoch in 400 µs")
    assert shown["scalar"] == ([], "in its first epoch")
    assert not open_page.locator(".race-stills").is_visible()


def test_it_ends_in_the_recorded_order(window, full_run):
    open_page = window()
    open_page.locator("#race-speed").select_option("4")
    open_page.locator("#race-play").click()
    until(open_page, lambda: label_of(open_page) == "Play")
    first = {cell.engine: cell for cell in full_run.cells if cell.round == 0 and cell.epochs}
    ranked = ["micrograd", "scalar", "tensor", "numpy"]
    means = {
        name: sum(epoch.seconds for epoch in first[name].epochs) / len(first[name].epochs)
        for name in ranked
    }
    shown = lanes(open_page)
    order = sorted((name for name in shown if shown[name][0]), key=lambda n: shown[n][0])
    assert order == sorted(ranked, key=means.get)
    assert shown["wrong"][1] == "invalid after 2 of 2 epochs"
    assert shown["scalar"][1].startswith("stopped by its budget after 4 of 5 epochs; all 5: ")
    assert clock_of(open_page) == "7.50 s"


def test_space_plays_and_pauses_and_the_arrows_move_the_clock(window):
    open_page = window()
    open_page.locator(".race-live").focus()
    open_page.keyboard.press(" ")
    until(open_page, lambda: float(open_page.locator("#race-scrub").input_value()) > 20)
    assert label_of(open_page) == "Pause"
    open_page.keyboard.press(" ")
    paused = clock_of(open_page)
    open_page.wait_for_timeout(200)
    assert clock_of(open_page) == paused
    value = float(open_page.locator("#race-scrub").input_value())
    open_page.keyboard.press("ArrowRight")
    assert float(open_page.locator("#race-scrub").input_value()) == pytest.approx(value + 10, abs=1)
    open_page.keyboard.press("Shift+ArrowLeft")
    assert float(open_page.locator("#race-scrub").input_value()) == pytest.approx(
        max(0, value - 40), abs=1
    )
    open_page.keyboard.press("End")
    assert clock_of(open_page) == "7.50 s"
    open_page.keyboard.press("Home")
    assert lanes(open_page)["numpy"][1] == "in its first epoch"


def test_the_button_by_keyboard_toggles_once(window):
    open_page = window()
    open_page.locator("#race-play").focus()
    open_page.keyboard.press(" ")
    assert label_of(open_page) == "Pause"


def test_scrubbing_shows_the_regions_and_losses_of_a_moment(window):
    open_page = window()
    scrub = open_page.locator("#race-scrub")
    shapes, heads = [], []
    for value in (0, 500, 1000):
        scrub.fill(str(value))
        shapes.append(open_page.locator(".lane .regions").nth(2).get_attribute("href"))
        heads.append(open_page.locator(".head").nth(2).get_attribute("d"))
    assert shapes[0] == "#shape-0"
    assert shapes[2] != shapes[0]
    assert heads[0] == ""
    assert re.fullmatch(r"M[\d.]+ [\d.]+h0", heads[2])


def test_who_wants_less_motion_gets_still_pictures_one_a_second(window):
    open_page = window(reduced_motion="reduce")
    open_page.locator("#race-play").click()
    values = []
    for _ in range(8):
        values.append(open_page.locator("#race-scrub").input_value())
        open_page.wait_for_timeout(150)
    assert len(set(values)) <= 3


def test_without_script_there_are_rows_at_equal_times_and_at_equal_epochs(window):
    open_page = window(java_script_enabled=False)
    headings = open_page.locator(".race-stills h3").all_inner_texts()
    assert headings[0] == "After 400 µs of training"
    assert headings[-1] == "After 1 epoch each"
    assert open_page.locator(".race-stills").is_visible()
    assert not open_page.locator("#race-play").is_visible()
    assert not open_page.locator("#race-scrub").is_visible()
    equal = open_page.locator(".stills").last.locator(".regions")
    assert {use.get_attribute("href") for use in equal.all()} == {"#shape-1"}


def test_a_phone_and_paper_show_all_of_it(window):
    phone = window(width=390, height=844)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    assert phone.locator(".lane .now").all_inner_texts() == [
        text for _, text in lanes(window()).values()
    ]
    phone.emulate_media(media="print")
    assert phone.locator(".race-stills").is_visible()
    assert not phone.locator(".race-live").is_visible()
