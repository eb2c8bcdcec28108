"""Debian's chromium, headless, with an empty profile: for tests and for screenshots of a page."""

import contextlib
import shutil
from pathlib import Path

CHROMIUM = "chromium"
_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]


@contextlib.contextmanager
def browser():
    """Start a browser, and end it for certain.

    Raises:
        RuntimeError: chromium is not installed.
    """
    from playwright.sync_api import sync_playwright

    path = shutil.which(CHROMIUM)
    if path is None:
        raise RuntimeError(f"{CHROMIUM} is not installed: apt-get install -y chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, headless=True, args=_FLAGS)
        try:
            yield found
        finally:
            found.close()


def opened(found, page="", width=1280, height=900, scheme="light", **options):
    """Open a file in a new window of a browser, or an empty window; return it."""
    window = found.new_page(
        viewport={"width": width, "height": height}, color_scheme=scheme, **options
    )
    if page:
        window.goto(Path(page).resolve().as_uri())
    return window
