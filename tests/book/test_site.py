"""The site that `make book` has built: everything is there, every link leads somewhere."""

import re

import pytest
from built import BOOK, CHAPTERS, SITE, pages, target_of

pytestmark = pytest.mark.book


@pytest.fixture(scope="module")
def site():
    """Return the pages of the site."""
    found = pages()
    assert found, "make book first"
    return found


def test_there_are_twelve_chapters_with_exercises_and_a_figure(site):
    assert len(CHAPTERS) == 12
    for number, name in enumerate(CHAPTERS, start=1):
        text = (SITE / "book" / f"{name}.html").read_text("utf-8")
        for i in (1, 2, 3):
            assert f"<strong>{number}.{i} " in text, f"{name} lacks exercise {number}.{i}"
        assert re.search('class="bg-(picture|touch)"', text), f"{name} has no figure"
        assert "{eval}" not in text
        assert f'href="../notebooks/{name}.ipynb"' in text


def test_every_link_leads_to_a_page_and_an_anchor(site):
    broken = []
    for path, page in site.items():
        for link in page.links:
            if re.match("[a-z]+:", link):
                continue
            target, anchor = target_of(path, link)
            if not target.exists():
                broken.append(f"{path.name}: {link}")
            elif anchor and target in site and anchor not in site[target].anchors:
                broken.append(f"{path.name}: {link} (no such anchor)")
    assert not broken


def test_nothing_is_loaded_from_elsewhere(site):
    for path, page in site.items():
        for source in page.loaded:
            assert not re.match("(https?:)?//", source), f"{path.name} loads {source}"
            if not source.startswith("data:"):
                assert target_of(path, source)[0].exists(), f"{path.name} lacks {source}"
    for style in SITE.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", style.read_text("utf-8"))


def test_a_page_shows_no_number_that_was_typed():
    """Prose gives times and factors through `{eval}` alone."""
    unit = re.compile(r"\d[\d,.]* ?(ms|µs|ns|×|GFLOP|MiB)|\d[\d,.]* (seconds|times as)\b")
    for path in sorted(BOOK.glob("[0-9][0-9]-*.md")):
        prose = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
        assert not unit.search(prose), f"{path.name}: {unit.search(prose)}"


def test_the_glossary_has_the_words_that_the_chapters_introduce():
    glossary = (BOOK / "glossary.md").read_text("utf-8").lower()
    for path in sorted(BOOK.glob("[0-9][0-9]-*.md")):
        prose = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
        for word in re.findall(r"(?<!\*)\*([a-z][\w -]+)\*(?!\*)", prose):
            stem = word.removesuffix("s").lower()
            assert stem in glossary, f"{path.name} introduces {word!r}"
