"""Engines of other packages that misbehave on import: one clear line each, and the others go on."""

import sys
from importlib.metadata import Distribution, EntryPoint

import pytest

from benchgrad.engines import EngineError, available, load, registry
from benchgrad.engines.probe import probe


class Package(Distribution):
    """A distribution that is only named."""

    def __init__(self, name):
        self._name = name

    @property
    def name(self):
        return self._name

    def read_text(self, filename):
        return None

    def locate_file(self, path):
        raise NotImplementedError


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Return a function that writes a module with an engine and returns its module:attribute."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(top, name="misbehaving_plugin_of_a_test"):
        engine = (
            "from benchgrad.engines import ValueEngine\n"
            "from benchgrad.engines.scalar import Value\n"
            "engine = ValueEngine('mine', kind='scalar', value=Value, operations=['exp'],\n"
            "                     note='a note', version='7')\n"
        )
        (tmp_path / f"{name}.py").write_text(f"{top}\n{engine}")
        monkeypatch.delitem(sys.modules, name, raising=False)
        return f"{name}:engine"

    return write


@pytest.fixture
def registered(monkeypatch):
    """Return a function that registers entry points of packages in place of all others."""

    def register(*claims):
        points = {}
        for package, name, value in claims:
            point = EntryPoint(name, value, registry.GROUP)
            point.__dict__["dist"] = Package(package)
            points.setdefault(name, []).append(point)
        monkeypatch.setattr(registry, "registered", lambda: points)

    return register


TENSOR = "benchgrad.engines.tensor.engine:engine"
SCALAR = "benchgrad.engines.scalar.engine:engine"


@pytest.mark.parametrize(
    ("top", "reason"),
    [
        ("raise OSError('no disk')", "engine 'mine' cannot be loaded: OSError: no disk"),
        ("import sys; sys.exit(4)", "engine 'mine' cannot be loaded: it calls sys.exit(4)"),
        ("import os; os._exit(5)", "cannot be loaded: its process ended with exit code 5"),
        ("import time; time.sleep(60)", "engine 'mine' cannot be loaded: killed after 2 s"),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
            "killed by signal 11 (SIGSEGV)",
        ),
        ("engine_of = None; import no_such_package_at_all", "needs the package no_such_package"),
    ],
)
def test_a_package_that_misbehaves_on_import_is_a_line(plugin, top, reason):
    status = probe("mine", plugin(top), timeout_s=2)
    assert status.name == "mine"
    assert status.status in ("failed", "missing")
    assert reason in status.reason
    assert "\n" not in status.reason


@pytest.mark.parametrize(
    "top",
    [
        "print('hello from an engine')",
        "import os; os.write(1, b'{}' * 9)",
        "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()",
        "import sys; sys.stdout.close()",
    ],
)
def test_what_a_package_prints_or_leaves_running_changes_nothing(plugin, top):
    status = probe("mine", plugin(top), timeout_s=20)
    assert (status.status, status.reason) == ("ready", "")
    assert (status.kind, status.version, status.note) == ("scalar", "7", "a note")
    assert status.capabilities.operations >= {"exp"}


def test_a_bad_package_does_not_keep_others_from_being_listed(plugin, registered):
    bad = plugin("import sys; sys.exit('bye')")
    registered(("elsewhere", "bad", bad), ("benchgrad", "tensor", TENSOR))
    found = {status.name: status.status for status in available()}
    assert found == {"bad": "failed", "tensor": "ready"}


def test_a_taken_name_stays_with_benchgrad_and_is_told(plugin, registered):
    registered(("elsewhere", "tensor", plugin("")), ("benchgrad", "tensor", TENSOR))
    (status,) = available()
    assert status.status == "ready"
    assert status.kind == "tensor"
    assert "elsewhere also registers this name" in status.note
    assert load("tensor").name == "tensor"


def test_a_name_that_two_packages_claim_is_refused(plugin, registered):
    registered(("one", "mine", plugin("")), ("two", "mine", SCALAR))
    (status,) = available()
    assert status.status == "failed"
    assert "registered by one" in status.reason
    assert "and two" in status.reason
    with pytest.raises(EngineError, match="uninstall one, or load it as"):
        load("mine")


def test_sys_exit_in_an_engine_file_is_an_engine_error(tmp_path):
    path = tmp_path / "leaving.py"
    path.write_text("import sys\nsys.exit('enough')\n")
    with pytest.raises(EngineError, match=r"it calls sys.exit\('enough'\)"):
        load(str(path))


def test_an_engine_without_a_method_is_told_which(tmp_path):
    path = tmp_path / "half.py"
    path.write_text(
        "from benchgrad.engines import Engine\n"
        "class Half(Engine):\n"
        "    def classifier(self, *arguments): ...\n"
        "engine = Half()\n"
    )
    with pytest.raises(EngineError, match="value_and_grad"):
        load(str(path))
