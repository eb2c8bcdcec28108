"""The page in a real browser: what a reader can do with it, on any screen and on paper.

`make test-browser` installs what it needs.
"""

import io
import itertools
import unicodedata

import msgspec
import pytest
from browser import opened

from benchgrad.benchmarks.records import GraphCounts

pytestmark = pytest.mark.browser
WIDE, PHONE = 1280, 390


@pytest.fixture(scope="module")
def page(full_run, report):
    """Return the page of a run with every kind of row, and with the graphs of two engines."""
    counts = {
        "scalar": GraphCounts(2, {"add": 76_000, "mul": 64}, 147_839, 13_000_000, 0),
        "tensor": GraphCounts(2, {"linear": 6}, 11, 1494, 63_000),
    }
    cells = [
        msgspec.structs.replace(cell, counts=counts.get(cell.engine)) for cell in full_run.cells
    ]
    return report(msgspec.structs.replace(full_run, cells=cells)) / "index.html"


def shown(window, selector):
    """Return the texts of what can be seen, in its order."""
    return [" ".join(text.split()) for text in window.locator(selector).all_inner_texts() if text]


def against(window):
    return dict(
        zip(
            shown(window, "#overview tbody .name"),
            shown(window, "#overview tbody td.against"),
            strict=True,
        )
    )


def test_a_click_makes_a_row_the_baseline_and_every_factor_rereads(window):
    open_page = window()
    before = against(open_page)
    assert before["tensor"] == "baseline"
    assert before["scalar"].startswith("1,155 × slower")
    open_page.locator("#overview tr", has_text="scalar").first.click()
    after = against(open_page)
    assert after["scalar"] == "baseline"
    assert after["tensor"].startswith("1,155 × faster")
    assert shown(open_page, "#against") == ["scalar"]
    lines = open_page.locator(".strip.warm .base")
    assert len({line.get_attribute("x1") for line in lines.all()}) == 1
    place = open_page.locator("tr.baseline .strip.warm > svg").last.get_attribute("x")
    assert lines.first.get_attribute("x1") == place


def test_the_keyboard_chooses_a_baseline_too(window):
    open_page = window()
    button = open_page.get_by_role("button", name="numpy", exact=True)
    assert button.get_attribute("aria-pressed") == "false"
    button.focus()
    open_page.keyboard.press("Enter")
    assert against(open_page)["numpy"] == "baseline"
    assert button.get_attribute("aria-pressed") == "true"


def test_an_engine_without_a_rank_is_no_baseline(window):
    open_page = window()
    before = against(open_page)
    for name in ("wrong", "bad<i>.py", "absent"):
        assert before[name] == "–"
        assert open_page.get_by_role("button", name=name, exact=True).count() == 0
        open_page.locator("#overview tr", has_text=name).first.click()
    assert against(open_page) == before


@pytest.mark.parametrize(
    ("heading", "first"),
    [("engine", ["absent", "bad<i>.py", "micrograd"]), ("time", ["wrong", "numpy", "tensor"])],
)
def test_a_heading_sorts_both_ways(window, heading, first):
    open_page = window()
    button = open_page.locator(f"th[data-sort={heading}] button")
    button.click()
    names = shown(open_page, "#overview tbody .name")
    assert names[:3] == first
    button.click()
    known = [name for name in names if heading == "engine" or name != "absent"]
    assert shown(open_page, "#overview tbody .name")[: len(known)] == known[::-1]
    assert open_page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"


def test_the_switch_shows_other_times_and_their_factors(window):
    open_page = window()
    warm = shown(open_page, "#overview td.time"), against(open_page)
    open_page.get_by_label("From a cold start").check()
    cold = shown(open_page, "#overview td.time"), against(open_page)
    open_page.get_by_label("Processor time").check()
    cpu = shown(open_page, "#overview td.time"), against(open_page)
    for (times, factors), (others, other_factors) in itertools.combinations((warm, cold, cpu), 2):
        assert times != others
        assert list(factors) == list(other_factors)
    assert cold[1] != warm[1]
    (meaning,) = shown(open_page, "p.m:visible")
    assert meaning.startswith("The processor time of the same epochs")


def test_every_epoch_is_one_click_away(window):
    open_page = window()
    assert not open_page.locator("#epochs .dots").first.is_visible()
    open_page.locator("#epochs summary").click()
    assert open_page.locator("#epochs .dots").first.is_visible()


def test_without_script_the_page_says_the_same(window):
    alive, still = window(), window(java_script_enabled=False)
    assert against(still) == against(alive)
    assert still.locator("#overview button").count() == 0
    still.get_by_label("From a cold start").check()
    alive.get_by_label("From a cold start").check()
    assert shown(still, "#overview td.time") == shown(alive, "#overview td.time")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_the_whole_page_and_every_value(window, scheme):
    wide, phone = window(width=WIDE), window(width=PHONE, height=844, scheme=scheme)
    for each in (wide, phone):
        each.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE
    beyond = phone.evaluate(
        "[...document.querySelectorAll('main *')].filter((e) => e.checkVisibility() && "
        f"e.getBoundingClientRect().right > {PHONE} + 1 && !e.closest('svg'))"
        ".map((e) => e.outerHTML.slice(0, 120))"
    )
    assert beyond == []
    for values in ("#overview td.against", ".cards td .value", ".tile strong"):
        assert shown(phone, values) == shown(wide, values) != []


def test_dark_pages_are_dark_and_their_chart_too(window):
    light, dark = window(scheme="light"), window(scheme="dark")
    colour = "getComputedStyle(document.querySelector('{}')).{}"
    for selector, what in (
        ("body", "backgroundColor"),
        (".axis text", "fill"),
        (".base", "stroke"),
    ):
        found = [each.evaluate(colour.format(selector, what)) for each in (light, dark)]
        assert found[0] != found[1], selector


def test_paper_has_every_column_of_every_table(window, page):
    """Whole words of each heading, within the sheet, although the tables are folded on screen."""
    from pypdf import PdfReader

    open_page = window()
    headings = {word for text in open_page.locator(".cards thead th").all_text_contents()
                for word in text.split()}  # fmt: skip
    assert len(headings) > 40
    reader = PdfReader(io.BytesIO(open_page.pdf(prefer_css_page_size=True)))
    text = "\n".join(sheet.extract_text() for sheet in reader.pages)
    printed = unicodedata.normalize("NFKC", text)  # takes ligatures apart
    assert {word for word in headings if word not in printed} == set()
    places = []
    for sheet in reader.pages:
        width = float(sheet.mediabox.width)
        sheet.extract_text(
            visitor_text=lambda text, cm, tm, font, size, width=width: places.append(
                (tm[4] * cm[0] + cm[4]) / width if text.strip() else 0.0
            )
        )
    assert 0.5 < max(places) < 1.0
    assert open_page.locator("details[open]").count() == 0  # they are folded again on the screen


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (WIDE, "dark"), (PHONE, "light")])
def test_axe_finds_nothing_serious(window, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    open_page = window(width=width, scheme=scheme, bypass_csp=True)
    open_page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    found = Axe().run(open_page).response
    assert len(found["passes"]) > 15
    bad = {v["id"]: [n["html"][:150] for n in v["nodes"][:3]] for v in found["violations"]
           if v["impact"] in ("serious", "critical")}  # fmt: skip
    assert bad == {}


def test_a_script_that_slipped_in_does_not_run(chromium, page):
    """The policy of the page, and not only the escaping, stands between a record and a reader."""
    open_page = opened(chromium, page)
    open_page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.slipped = 1';"
        " document.addEventListener('securitypolicyviolation', () => (window.refused = true));"
        " document.body.append(s); }"
    )
    open_page.wait_for_function("window.refused")
    assert open_page.evaluate("window.slipped") is None
    open_page.close()
