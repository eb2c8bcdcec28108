"""Takes the pictures of a report that README and docs show: ``screenshots.py FOLDER OUT``.

It needs chromium, and playwright from the extra `browser`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browser import browser, opened

# Each picture: width, height and colours of the window, and whether the whole page is in it.
PICTURES = {
    "page.png": (1280, 1000, "light", False),
    "page_dark.png": (1280, 1000, "dark", False),
    "page_phone.png": (390, 844, "light", False),
    "whole.png": (1280, 1000, "light", True),
    "whole_dark.png": (1280, 1000, "dark", True),
    "whole_phone.png": (390, 844, "light", True),
}


def main(folder, out, *names):
    Path(out).mkdir(parents=True, exist_ok=True)
    with browser() as found:
        for name in names or PICTURES:
            width, height, scheme, is_whole = PICTURES[name]
            window = opened(found, Path(folder) / "index.html", width, height, scheme)
            window.screenshot(path=Path(out) / name, full_page=is_whole)
            window.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
