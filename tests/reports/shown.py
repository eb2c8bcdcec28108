"""What a page and a summary show, read back from their files."""

import re
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "link", "input", "hr", "base", "source", "embed"}


class Page(HTMLParser):
    """A page in parts: its tags with their attributes, its texts, and its tables."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.styles, self.open = [], [], []
        self.text = ""
        self.scripts = []
        self.tables = []  # of rows of cells
        self.feed(path.read_text("utf-8"))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag in ("span", "br") and self.cell:
            self.tables[-1][-1][-1] += " "

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        if "style" in self.open:
            self.styles.append(data)
            return
        if "script" in self.open:
            self.scripts.append(data)
            return
        self.text += data
        if self.cell:
            self.tables[-1][-1][-1] += data

    @property
    def cell(self):
        return "td" in self.open or "th" in self.open

    def rows(self, heading):
        """Return the rows of the table of which a column has this heading, by engine.

        The mark of an invalid engine does not count as its name.
        """
        for header, *rows in self.tables:
            if heading in [" ".join(cell.split()) for cell in header]:
                return {
                    row[0].removesuffix(" invalid").strip(): [" ".join(c.split()) for c in row[1:]]
                    for row in rows
                }
        raise AssertionError(f"there is no table with a column {heading!r}")

    def value(self, engine, heading):
        """Return what the page says of an engine under a heading, in a table or of all alike."""
        for header, *rows in self.tables:
            names = [" ".join(cell.split()) for cell in header]
            if heading in names:
                of_engine = {" ".join(row[0].split()).removesuffix(" invalid"): row for row in rows}
                return " ".join(of_engine[engine][names.index(heading)].split())
        for line in re.findall(r"The same for all: (.*)\.\n", self.text):
            for shown in line.split("; "):
                if shown.startswith(f"{heading} "):
                    return shown.removeprefix(f"{heading} ")
        raise AssertionError(f"the page says nothing of {heading!r}")


def markdown_rows(text, heading):
    """Return the rows of the table of which a column has this heading, by engine."""
    tables = [part.splitlines() for part in text.split("\n\n") if part.startswith("|")]
    for table in tables:
        header, _, *rows = ([c.strip() for c in line.strip("|").split("|")] for line in table)
        assert {len(row) for row in rows} == {len(header)}
        if heading in header:
            return {row[0].removesuffix(" (invalid)").strip("`"): row[1:] for row in rows}
    raise AssertionError(f"there is no table with a column {heading!r}")
