"""Starts children that are written to a file."""

import pytest
from children import TEMPLATE

from benchgrad.processes.child import ChildProcess, Limits


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Return a function that starts a child, which runs these lines for each question."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def start(body, *, timeout_s=30.0, memory_bytes=None):
        text = "\n".join(f"        {line}" for line in body.splitlines())
        (tmp_path / "child_of_a_test.py").write_text(TEMPLATE.format(body=text))
        return ChildProcess("child_of_a_test", Limits(2, timeout_s, memory_bytes))

    return start
