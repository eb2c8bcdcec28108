"""Names, notes, titles and reasons that are written to be more than text, in every output."""

import base64
import csv
import json
import re
import unicodedata
from collections import Counter
from xml.etree import ElementTree

import pytest
from commands import benchgrad
from markdown_it import MarkdownIt

from benchgrad.reports.escaping import visible

TEXTS = {
    "terminal colours": "\x1b[31mred\x1b[0m",
    "a terminal's title": "\x1b]0;root\x07",
    "a null": "a\x00b",
    "no character": "a\ufffeb",
    "backwards": "a\u202egnp.exe",
    "a line separator": "a\u2028b",
    "lines": "a\nb\n\n# c\n",
    "a carriage return": "a\rb",
    "C1": "a\x9b31mb",
    "a script": "<script>alert(1)</script>",
    "an attribute": "\" onmouseover='alert(1)'",
    "an entity": "&lt;b&gt;",
    "a link": "[x](javascript:alert(1)) [y](http://example.org)",
    "a picture": "![x](http://example.org/x.png)",
    "a reference": "[x]: http://example.org",
    "an address": "http://example.org and www.example.org",
    "a pipe": "a|b|c",
    "code": "`a` and ``b",
    "a fence": "```\nx",
    "emphasis": "**bold** _x_ *y* __z__ ~~gone~~",
    "a heading": "# heading",
    "an item": "- item",
    "a numbered item": "1. item",
    "a quotation": "> quote",
    "a rule": "---",
    "an underline": "===",
    "backslashes": "\\",
    "half a pair": "\\|",
    "a formula": "=1+1",
    "another formula": "+1",
    "a command": "-1+cmd|' /C calc'!A0",
    "a function": "@SUM(A1)",
    "a formula after a tab": "\t=1",
    "quotes": '"',
    "an emoji": "a:smile:b",
    "rich's markup": "[bold]x[/bold]",
    "mathematics": "$x^$",
    "a template": "{{ 7 * 7 }}{% raw %}",
}
PLAIN = "pla1n"
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def with_text(records, text):
    """Return records in which every text of somebody else's is this one."""
    content = json.loads(json.dumps(records))
    content["plan"] |= {"title": text, "description": text}
    content["data"] |= {"class_names": [text, text + "2"], "name": text}
    content["command"] = content["started_at"] = text
    content["environment"] |= {"processor": text, "blas": text, "platform": text, "governor": text}
    for contestant in content["plan"]["engines"]:
        if contestant["name"] == "rows":
            contestant |= {"name": text, "cause": text}
    for cell in content["cells"]:
        cell["note"] = text
        if cell["status"] != "ok":
            cell["reason"] = text
        if cell["engine"] == "rows":
            cell["engine"] = text
    return content


@pytest.fixture
def rendered(judged, tmp_path):
    """Return a function that renders the report of a run with a text; it returns the folder."""
    records = json.loads((judged / "results.json").read_text())

    def render(text):
        folder = tmp_path / "out"
        folder.mkdir(exist_ok=True)
        (folder / "results.json").write_text(json.dumps(with_text(records, text)))
        done = benchgrad("report", "out", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return folder

    return render


def hidden(text):
    """Return the characters of a text that nobody sees, but for the ends of lines."""
    categories = {c: unicodedata.category(c) for c in set(text) - {"\n"}}
    return sorted(c for c, category in categories.items() if category[0] in "CZ" and c != " ")


def structure(markdown):
    """Return how often each kind of markup is in a text; a name may be code or not."""
    tokens = MARKDOWN.parse(markdown)
    inline = [child for token in tokens for child in token.children or ()]
    kinds = Counter(token.type for token in (*tokens, *inline))
    return {kind: n for kind, n in kinds.items() if kind not in ("text", "code_inline")}


def n_shown(markdown, text):
    """Return in how many paragraphs, cells and headings a text can be read as it was typed."""
    inline = [token for token in MARKDOWN.parse(markdown) if token.type == "inline"]
    read = [" ".join("".join(c.content for c in token.children).split()) for token in inline]
    return sum(" ".join(visible(text).split()) in each for each in read)


def broken_markdown(folder, plain, typed):
    text = (folder / "summary.md").read_text("utf-8")
    if found := hidden(text):
        return f"characters {found}"
    if n_shown(text, typed) < plain["shown"]:
        return f"shown {n_shown(text, typed)} times, not {plain['shown']}"
    found = {k: n for k, n in structure(text).items() if plain.get(k) != n}
    return f"{found} instead of {plain}" if found else ""


def broken_csv(folder):
    for name in ("timings.csv", "accuracy.csv"):
        text = (folder / name).read_text("utf-8")
        if found := hidden(text):
            return f"characters {found}"
        for row in csv.DictReader(text.splitlines()):
            for column, cell in row.items():
                if column in ("engine", "status") and cell.strip()[:1] in tuple("=+-@"):
                    return f"{name} has {cell!r}"
                if column.endswith("_s") and cell:
                    float(cell)
    return ""


class _Tags:
    """The tags of a page, counted."""

    def __new__(cls, html):
        return Counter(re.findall(r"<\s*/?\s*([a-z0-9]+)", html, re.IGNORECASE))


def broken_page(folder, plain):
    html = (folder / "index.html").read_text("utf-8")
    if found := hidden(html):
        return f"characters {found}"
    found = _Tags(html)
    return "" if found == plain else f"tags {found - plain} more, {plain - found} fewer"


SAMPLE = ["terminal colours", "a script", "a link", "a pipe", "lines", "a formula", "code"]


@pytest.mark.parametrize(
    "names",
    [pytest.param(SAMPLE, marks=pytest.mark.sample), [n for n in TEXTS if n not in SAMPLE]],
    ids=["sample", "rest"],
)
def test_a_text_stays_a_text_in_every_file(rendered, names, attacked):
    folder = rendered(PLAIN)
    summary = (folder / "summary.md").read_text("utf-8")
    plain = structure(summary) | {"shown": n_shown(summary, PLAIN)}
    assert plain["shown"] > 5
    tags = _Tags((folder / "index.html").read_text("utf-8"))
    broken = {}
    for name in names:
        folder = rendered(TEXTS[name])
        broken[f"Markdown: {name}"] = broken_markdown(folder, plain, TEXTS[name])
        broken[f"CSV: {name}"] = broken_csv(folder)
        broken[f"HTML: {name}"] = broken_page(folder, tags)
    attacked(broken)


def test_figures_are_drawn_whatever_the_names(judged, tmp_path, attacked):
    """Six names in one figure, so that not every text costs a drawing."""
    records = json.loads((judged / "results.json").read_text())
    engines = [contestant["name"] for contestant in records["plan"]["engines"]]
    broken = {}
    names = list(TEXTS)
    for i in range(0, len(names), len(engines)):
        content = json.loads(json.dumps(records))
        new = dict(
            zip(engines, (TEXTS[name] for name in names[i : i + len(engines)]), strict=False)
        )
        for holder, field in ((content["plan"]["engines"], "name"), (content["cells"], "engine")):
            for each in holder:
                each[field] = new.get(each[field], each[field])
        content["data"]["class_names"] = [*new.values()][:2]
        folder = tmp_path / "out"
        folder.mkdir(exist_ok=True)
        (folder / "results.json").write_text(json.dumps(content))
        done = benchgrad("report", "out", cwd=tmp_path, drawn=True)
        problem = done.stderr or broken_pictures(folder)
        broken |= dict.fromkeys(names[i : i + len(engines)], problem)
    attacked(broken)


def broken_pictures(folder):
    pictures = [path.read_bytes() for path in folder.glob("plots/*.svg")]
    html = (folder / "index.html").read_text("utf-8")
    pictures += map(base64.b64decode, re.findall(r"data:image/svg\+xml;base64,([^\"]+)", html))
    assert len(pictures) > 4
    for picture in pictures:
        try:
            ElementTree.fromstring(picture)
        except ElementTree.ParseError as error:
            return str(error)
        if found := hidden(picture.decode()):
            return f"characters {found}"
    return ""


@pytest.mark.parametrize("command", ["compare", "verify"])
def test_a_terminal_shows_what_was_typed(rendered, tmp_path, command, attacked):
    broken = {}
    for name, text in TEXTS.items():
        folder = rendered(text)
        records = json.loads((folder / "results.json").read_text())
        records["cells"][0]["status"] = "missing"  # so that verify has something to say
        records["cells"][0]["reason"] = text
        (folder / "results.json").write_text(json.dumps(records))
        arguments = (command, "out", *(["out"] if command == "compare" else []))
        done = benchgrad(*arguments, cwd=tmp_path)
        told = done.stdout + done.stderr
        shown = " ".join(told.split())
        if found := hidden(told):
            broken[name] = f"characters {found}"
        elif text.isprintable() and text.strip() not in shown:
            broken[name] = f"{text!r} is not in {shown[:1000]!r}"
        else:
            broken[name] = ""
    attacked(broken)
