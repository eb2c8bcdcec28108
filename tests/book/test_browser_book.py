"""The book in a real browser: what can be touched, on any screen, in the light and in the dark."""

import functools
import itertools
import re
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from browser import browser, opened
from built import CHAPTERS, SITE

pytestmark = pytest.mark.browser
WIDE, PHONE = 1280, 390
SCREEN = 900  # pixels
PAGES = ["index", "book/glossary", *(f"book/{name}" for name in CHAPTERS), "measurement", "search"]


@pytest.fixture(scope="module")
def chromium():
    """Return a browser, or fail if the book was not built."""
    assert (SITE / "index.html").exists(), "make book first"
    with browser() as found:
        yield found


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def served():
    """Serve the site as `make book-serve` does, on a port of its own; return its address."""
    handler = functools.partial(Quiet, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def visit(chromium, served):
    """Return a function that opens a page; nothing may go wrong in any."""
    windows, wrong = [], []

    def visit(page, **options):
        found = opened(chromium, **options)
        found.on("console", lambda said: wrong.append(f"{said.type}: {said.text}"))
        found.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        found.on("requestfailed", lambda asked: wrong.append(f"failed: {asked.url}"))
        found.on("request", lambda asked: wrong.append(f"request: {asked.url}"))
        found.goto(f"{served}/{page}.html")
        windows.append(found)
        return found

    yield visit
    for each in windows:
        each.close()
    inside = ("request: data:", f"request: {served}/")
    assert [line for line in wrong if not line.startswith(inside)] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_and_is_accessible_on_any_screen(page, visit):
    from axe_playwright_python.sync_playwright import Axe

    window, wrong = visit(page, height=SCREEN), []
    for width, scheme in itertools.product((WIDE, PHONE), ("light", "dark")):
        window.set_viewport_size({"width": width, "height": SCREEN})
        window.emulate_media(color_scheme=scheme)
        window.evaluate("() => new Promise(requestAnimationFrame)")  # the page has heard of it
        root = "document.documentElement"
        if (over := window.evaluate(f"{root}.scrollWidth - {root}.clientWidth")) > 0:
            wrong.append((width, scheme, f"{over} pixels too wide"))
        if (width, scheme) not in ((WIDE, "light"), (PHONE, "dark")):
            continue  # of widths and colours axe sees each once: it takes seconds
        found = Axe().run(window, options={"resultTypes": ["violations"]}).response["violations"]
        wrong += [
            (width, scheme, each["id"], each["nodes"][0]["target"], each["nodes"][0]["html"][:160])
            for each in found
            if each["impact"] in ("serious", "critical")
        ]
    assert not wrong


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_has_five_screens_at_most(name, visit):
    window = visit(f"book/{name}", width=WIDE, height=SCREEN)
    height = window.evaluate("() => document.querySelector('article').offsetHeight")
    assert height <= 5 * SCREEN


def grads(window):
    return window.locator(".bg-touch .grad").all_text_contents()


def test_the_graph_is_stepped_through_by_keyboard(visit):
    window = visit(f"book/{CHAPTERS[1]}")
    assert set(grads(window)) == {"0"}
    window.locator(".bg-touch .bg-scroll").focus()
    window.keyboard.press("ArrowRight")
    assert "with respect to itself is 1" in window.locator(".bg-touch .bg-said").inner_text()
    assert sorted(grads(window)) == ["0"] * 5 + ["1"]
    for _ in range(3):
        window.keyboard.press("ArrowRight")
    assert grads(window) == [text for text in grads(window) if text != "0"]
    window.keyboard.press("ArrowLeft")
    assert grads(window).count("0") == 2
    window.get_by_role("button", name="One step on").press("Enter")
    assert window.get_by_role("button", name="One step on").is_disabled()


def test_the_batch_slides_by_keyboard(visit):
    window = visit(f"book/{CHAPTERS[5]}", width=PHONE)
    slide = window.locator(".bg-touch input[type=range]")
    assert slide.get_attribute("aria-valuetext") == "32"
    slide.focus()
    window.keyboard.press("End")
    assert slide.get_attribute("aria-valuetext") == "1024"
    said = window.locator(".bg-touch .bg-said").inner_text()
    assert re.fullmatch(r"With 1,024 rows in a batch, a row costs: tensor .*s, numpy .*s\.", said)
    window.keyboard.press("Home")
    assert "With 1 row in a batch" in window.locator(".bg-touch .bg-said").inner_text()


def test_the_race_is_run_by_keyboard(visit):
    window = visit(f"book/{CHAPTERS[2]}")
    live = window.locator(".race-live")
    live.focus()
    window.keyboard.press("Home")
    begun = window.locator("#race-clock").inner_text()
    window.keyboard.press("End")
    assert window.locator("#race-clock").inner_text() != begun


def test_without_a_script_the_graph_is_complete(visit):
    window = visit(f"book/{CHAPTERS[1]}", java_script_enabled=False)
    assert "0" not in grads(window)


def test_a_search_finds_a_word_of_the_glossary(visit, served):
    window = visit("search")
    window.wait_for_load_state("networkidle")
    window.goto(f"{served}/search.html?q=unbroadcast")
    window.locator("#search-results li").first.wait_for()
    assert window.locator("#search-results li").count() >= 2
