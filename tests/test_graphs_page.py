"""docs/graphs.md: its example runs, its commands draw what it says, its pictures are of today."""

import shlex

from commands import benchgrad
from pages import ROOT, blocks, commands, printed, promised, text_of

PAGE = text_of("docs/graphs.md")


def test_the_example_prints_what_it_says():
    ((_, code),) = blocks(PAGE, "python")
    assert promised(code)
    assert printed(code) == promised(code)


def test_the_commands_draw_as_many_nodes_as_the_page_says(tmp_path):
    said = []
    for line in commands(PAGE, "benchgrad graph"):
        words = shlex.split(line, comments=True)[1:]
        text = [word.replace(".svg", ".dot") for word in words]
        done = benchgrad(*text, cwd=tmp_path)
        said.append(done.stderr)
    for line, n in zip(said, ("27 nodes", "4 nodes", "6 nodes", "76,064 nodes"), strict=True):
        assert n in line
        assert n in PAGE


def test_the_pictures_show_the_numbers_of_today():
    pictures = ROOT / "docs" / "graphs"
    scalar, tensor = ((pictures / f"{name}.svg").read_text() for name in ("scalar", "tensor"))
    for name, picture in (("scalar", scalar), ("tensor", tensor)):
        dot = benchgrad("graph", name, cwd=".").stdout
        n_boxes = dot.count("shape=")
        assert picture.count('class="node"') == n_boxes
        assert "data 0.972" in picture
        assert "data 0.972" in dot
