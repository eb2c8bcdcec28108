"""The pages of a comparison and of a history in a real browser, on any screen."""

import itertools

import pytest
from browser import opened
from test_browser import PHONE, WIDE
from test_forest import run

from benchgrad.benchmarks.analysis.compare import compare
from benchgrad.benchmarks.analysis.history import history
from benchgrad.reports import forest
from benchgrad.reports import history as histories

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Return the two pages as files, each of five runs with two steps."""
    runs = [
        (f"day-{day}", run(day, factor=factor))
        for day, factor in enumerate((1.0, 1.0, 1.2, 1.2, 1.0), start=1)
    ]
    compared = [compare(runs[0], new, fail_above=1.1) for new in runs[1:]]
    folder = tmp_path_factory.mktemp("others")
    (folder / "compare.html").write_bytes(forest.page(compared))
    (folder / "history.html").write_bytes(histories.page(history(runs), [], "here"))
    return folder


@pytest.mark.parametrize("name", ["compare", "history"])
def test_it_fits_asks_for_nothing_and_axe_finds_nothing_serious(name, pages, chromium):
    from axe_playwright_python.sync_playwright import Axe

    window, wrong = opened(chromium, bypass_csp=True), []
    window.on("console", lambda said: wrong.append(f"{said.type}: {said.text}"))
    window.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    window.on("request", lambda asked: wrong.append(f"request: {asked.url}"))
    page = (pages / f"{name}.html").resolve().as_uri()
    window.goto(page)
    window.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    for width, scheme in itertools.product((WIDE, PHONE), ("light", "dark")):
        window.set_viewport_size({"width": width, "height": 844})
        window.emulate_media(color_scheme=scheme)
        if (found := window.evaluate("document.documentElement.scrollWidth")) > width:
            wrong.append(f"{found} pixels wide at {width}")
        found = Axe().run(window).response
        assert len(found["passes"]) > 10
        wrong += [
            f"{width} {scheme}: {each['id']}: {each['nodes'][0]['html'][:150]}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
    window.close()
    inside = ("request: data:", f"request: {page}")
    assert [line for line in wrong if not line.startswith(inside)] == []
