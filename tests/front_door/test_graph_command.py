"""``benchgrad graph``: text on standard output, a picture where graphviz is, one line otherwise."""

import shutil

import pytest
from commands import benchgrad


def test_the_text_goes_to_standard_output_and_the_counts_beside_it(tmp_path):
    done = benchgrad("graph", "scalar", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("digraph {")
    assert done.stderr == ("27 nodes (10 +, 9 *, 3 -, 2 exp, 2 relu, 1 log), 12 leaves, 41 edges\n")


def test_a_file_is_text_or_a_picture_by_its_name(tmp_path):
    done = benchgrad("graph", "tensor", "--rows", "8", "--out", "new/step.dot", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("new/step.dot: 4 nodes (2 linear, 1 cross_entropy, 1 relu)")
    assert (tmp_path / "new" / "step.dot").read_text().startswith("digraph {")
    if shutil.which("dot"):
        benchgrad("graph", "tensor", "--out", "step.svg", cwd=tmp_path)
        assert b"<svg" in (tmp_path / "step.svg").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["scalar", "--rows", "32", "--layers", "2,32,32,2"], "76,064 nodes and 1,218 leaves"),
        (["scalar", "--rows", "99999999"], "take fewer --rows or smaller --layers"),
        (["scalar", "--layers", "2,two"], "--layers '2,two': write widths as 2,4,2"),
        (["scalar", "--layers", "2"], "--layers: (2,) must be two or more widths"),
        (["scalar", "--loss", "mse"], "--loss: 'mse' is neither 'cross_entropy' nor 'hinge'"),
        (["scalar", "--out", "step.gif"], "name a file that ends in .svg, .png, .pdf or .dot"),
        (["scalar", "--out", "step.svg"], "graphviz is not installed"),
        (["numpy"], "numpy shows no graph"),
        (["nope"], "there is no engine 'nope'"),
    ],
)
def test_a_mistake_gets_one_line(tmp_path, monkeypatch, arguments, complaint):
    monkeypatch.setenv("PATH", "")
    done = benchgrad("graph", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_an_engine_that_raises_in_its_step_is_one_line(tmp_path):
    (tmp_path / "bad.py").write_text(
        "from benchgrad.engines import ValueEngine\n"
        "from benchgrad.engines.scalar import Value\n"
        "class Bad(Value):\n"
        "    __slots__ = ()\n"
        "    def relu(self): raise KeyError('no relu today')\n"
        "engine = ValueEngine('bad', kind='scalar', value=Bad, shows_graph=True,\n"
        "                     operations=['exp', 'log', 'relu'])\n"
    )
    done = benchgrad("graph", "bad.py", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("benchgrad: bad.py failed in its step: ")
