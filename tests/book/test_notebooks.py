"""The notebook of every chapter, run from top to bottom in a folder that has nothing else."""

import pytest
from built import CHAPTERS, SITE

pytestmark = pytest.mark.book


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_notebook_runs(name, tmp_path, monkeypatch):
    import nbclient
    import nbformat

    monkeypatch.delenv("BENCHGRAD_SAMPLE", raising=False)
    found = nbformat.read(SITE / "notebooks" / f"{name}.ipynb", as_version=4)
    nbformat.validate(found)
    assert not [c for c in found.cells if c.cell_type == "markdown" and "{eval}" in c.source]
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(found, timeout=300, resources=resources).execute()


def _cells(name):
    import nbformat

    return nbformat.read(SITE / "notebooks" / f"{name}.ipynb", as_version=4).cells


def test_what_a_page_shows_its_notebook_shows_and_the_records_are_hidden():
    cells = _cells("11-is-it-faster")
    hidden = [cell.metadata.get("jupyter", {}).get("source_hidden", False) for cell in cells]
    assert hidden[0]
    assert cells[0].source.startswith("# The records")
    (pairs,) = [i for i, cell in enumerate(cells) if "ratios = np.array" in cell.source]
    assert not hidden[pairs]


def test_a_page_that_is_not_in_the_notebook_is_named():
    text = "".join(cell.source for cell in _cells("12-your-own-engine"))
    assert "In your CI (`docs/ci.md`)" in text
    assert "](../" not in text
