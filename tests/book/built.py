"""The built site, read as a browser would read it: its pages, links and anchors."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "book"
BOOK = ROOT / "docs" / "book"
CHAPTERS = sorted(path.stem for path in BOOK.glob("[0-9][0-9]-*.md"))


class Page(HTMLParser):
    """What a page links to and loads, and the anchors that it has."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loaded, self.anchors = [], [], set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if given.get("src"):
            self.loaded.append(given["src"])
        if tag == "link" and given.get("rel") != "canonical" and given.get("href"):
            self.loaded.append(given["href"])

    handle_startendtag = handle_starttag


def pages():
    """Return every page of the site, by its path."""
    return {path: Page(path) for path in sorted(SITE.rglob("*.html"))}


def target_of(path, link):
    """Return the file and the anchor that a link on a page leads to."""
    place, anchor = urldefrag(link)
    found = (path.parent / unquote(place.partition("?")[0])).resolve() if place else path
    return found, anchor
