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
