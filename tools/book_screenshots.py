"""Takes pictures of every chapter of the built book: ``book_screenshots.py SITE OUT``.

It needs chromium, and playwright from the extra `browser`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browser import browser, opened

WINDOWS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


def main(site, out, *names):
    """Take a picture of each page in each window, or of those that are named."""
    Path(out).mkdir(parents=True, exist_ok=True)
    found = sorted(Path(site).glob("book/*.html"))
    with browser() as chromium:
        for page in [Path(site) / "index.html", *found]:
            if names and page.stem not in names:
                continue
            for width, scheme in WINDOWS:
                window = opened(chromium, page, width, 900, scheme)
                name = f"{page.stem}-{width}-{scheme}.png"
                window.screenshot(path=Path(out) / name, full_page=True)
                window.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
