"""Engines by name, by file and by attribute; what is missing or broken, in one line."""

from importlib.metadata import EntryPoint, entry_points

import pytest
from fresh_python import printed_by

from benchgrad.engines import EngineError, ValueEngine, available, check_names, load, registry

BUILT_IN = [
    *("micrograd", "numpy", "scalar", "scalar-compiled", "scalar-dot"),
    *("tensor", "tensor-compiled", "tensor-replay"),
]
TOY = """
from benchgrad.engines import ValueEngine
from benchgrad.engines.scalar import Value

engine = ValueEngine("toy", kind="scalar", value=Value, operations=("relu",), version="3")
"""


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file beside the tests and returns its path."""

    def write(text, name="toy.py"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def register(monkeypatch):
    """Return a function that makes one entry point the only registered engine."""

    def register(value, name="plugin"):
        point = EntryPoint(name=name, value=value, group=registry.GROUP)
        monkeypatch.setattr(registry, "registered", lambda: {name: [point]})

    return register


def message_of(spec):
    """Return the one line that a user reads."""
    with pytest.raises(EngineError) as caught:
        load(spec)
    message = str(caught.value)
    assert "\n" not in message
    assert spec in message
    return message


# --- what loads ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUILT_IN)
def test_by_name(name):
    assert load(name).name == name
    assert load(name) is load(name)


def test_a_package_that_is_installed_meanwhile_is_found(tmp_path, monkeypatch, write):
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EngineError, match="there is no engine 'toy'"):
        load("toy")
    write(TOY, "toy_of_a_package.py")
    info = tmp_path / "toy-3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 3\n")
    (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\ntoy = toy_of_a_package:engine\n")
    assert load("toy").version == "3"
    assert "toy" in [status.name for status in available()]


def test_the_packages_are_read_once_for_many_engines(monkeypatch):
    reads = []
    monkeypatch.setattr(
        registry, "entry_points", lambda group: reads.append(group) or entry_points(group=group)
    )
    registry.read_anew()
    for name in ("tensor", "scalar", "tensor"):
        load(name)
    assert reads == [registry.GROUP]


def test_by_path(write):
    engine = load(write(TOY))
    assert isinstance(engine, ValueEngine)
    assert engine.name == "toy"


def test_by_relative_path(write, tmp_path, monkeypatch):
    write(TOY)
    monkeypatch.chdir(tmp_path)
    assert load("toy.py").name == "toy"
    assert load("./toy.py").name == "toy"


def test_two_files_are_two_engines(write):
    one = load(write(TOY, "one.py"))
    other = load(write(TOY.replace('"toy"', '"other"'), "other.py"))
    assert (one.name, other.name) == ("toy", "other")


def test_file_may_hold_dataclasses(write):
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    assert load(write(text + TOY + "\n@dataclass\nclass Point:\n    x: float\n")).name == "toy"


def test_by_attribute():
    assert load("benchgrad.engines.scalar.engine:engine") is load("scalar")


def test_by_attribute_of_a_package_on_the_path(tmp_path, monkeypatch):
    package = tmp_path / "toy_package_of_a_test"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "module.py").write_text(TOY.replace("engine =", "best ="))
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load("toy_package_of_a_test.module:best").name == "toy"


# --- what does not -------------------------------------------------------------------------


def test_unknown_name():
    message = message_of("qqqqq")
    assert "there is no engine 'qqqqq'" in message
    assert all(name in message for name in BUILT_IN)
    assert "did you mean" not in message


@pytest.mark.parametrize(("spec", "meant"), [("tensr", "tensor"), ("Scalar", "scalar")])
def test_misspelt_name(spec, meant):
    assert f"did you mean {meant!r}?" in message_of(spec)


def test_missing_file(tmp_path):
    assert "no such file" in message_of(str(tmp_path / "nothing.py"))


def test_folder_is_no_file(tmp_path):
    (tmp_path / "folder.py").mkdir()
    assert "no such file" in message_of(str(tmp_path / "folder.py"))


def test_file_without_an_engine(write):
    assert "no attribute 'engine'" in message_of(write("motor = 1\n"))


def test_file_that_raises(write):
    message = message_of(write("raise RuntimeError('no fuel\\nand more lines')\n"))
    assert "RuntimeError: no fuel" in message


def test_file_with_a_syntax_error(write):
    assert "SyntaxError" in message_of(write("engine = = 1\n"))


def test_file_that_needs_a_package(write):
    assert "needs the package no_such_package, which is not installed" in message_of(
        write("import no_such_package.part\n")
    )


def test_not_an_engine(write):
    assert "is a int, not an Engine" in message_of(write("engine = 1\n"))


def test_class_instead_of_an_engine():
    assert "not an Engine" in message_of("benchgrad.engines.value_engine:ValueEngine")


def test_missing_attribute():
    assert "no attribute 'motor'" in message_of("benchgrad.engines.scalar.engine:motor")


def test_missing_package():
    assert "needs the package no_such_package, which is not installed" in message_of(
        "no_such_package.engine:engine"
    )


def test_missing_module_of_a_package_that_is_installed():
    # Installing benchgrad would not help.
    assert "pip install benchgrad" not in message_of("benchgrad.engines.nothing:engine")


@pytest.mark.parametrize("spec", ["", ":", ":engine", "benchgrad.engines:"])
def test_half_a_name(spec):
    message_of(spec)


def test_check_names_loads_nothing(write):
    check_names(["scalar", "no_such_package:engine", write("raise RuntimeError\n")])
    with pytest.raises(EngineError, match="did you mean 'tensor'"):
        check_names(["scalar", "tensro", "nothing"])


# --- available -----------------------------------------------------------------------------


def test_built_in_engines_are_ready():
    found = {status.name: status for status in available() if status.name in BUILT_IN}
    assert list(found) == BUILT_IN
    for name, status in found.items():
        engine = load(name)
        assert (status.status, status.reason) == ("ready", "")
        assert (status.kind, status.version, status.note, status.capabilities) == (
            engine.kind,
            engine.version,
            engine.note,
            engine.capabilities,
        )


def test_engine_whose_package_is_missing(register):
    register("no_such_package.engine:engine")
    (status,) = available()
    assert (status.name, status.status) == ("plugin", "missing")
    assert status.reason.endswith("pip install no_such_package")
    assert status.capabilities is None
    assert "pip install no_such_package" in message_of("plugin")


def test_engine_that_cannot_be_loaded(register, tmp_path, monkeypatch):
    (tmp_path / "broken_plugin_of_a_test.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    register("broken_plugin_of_a_test:engine")
    (status,) = available()
    assert (status.name, status.status) == ("plugin", "failed")
    assert "ZeroDivisionError" in status.reason


@pytest.mark.parametrize("value", ["math:pi", "math:nothing"])
def test_engine_that_is_none(register, value):
    register(value)
    (status,) = available()
    assert status.status == "failed"


def test_engine_that_declares_too_little(register, tmp_path, monkeypatch):
    text = (
        "from benchgrad.engines import Engine\n"
        "class Bare(Engine):\n"
        "    def classifier(self, *args, **kwargs): ...\n"
        "    def value_and_grad(self, *args): ...\n"
        "engine = Bare()\n"
    )
    (tmp_path / "bare_plugin_of_a_test.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    register("bare_plugin_of_a_test:engine")
    (status,) = available()
    assert status.status == "failed"


def test_suggestion_names_plugins_too(register):
    register("no_such_package:engine", name="rocket")
    assert "did you mean 'rocket'?" in message_of("roket")


def test_listing_engines_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from benchgrad.engines import available\n"
        "assert {s.name for s in available() if s.status == 'ready'} >= "
        f"set({BUILT_IN!r})\n"
        "heavy = {'matplotlib', 'pandas', 'sklearn', 'scipy', 'rich', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    assert printed_by(code).strip() == "[]"


def test_importing_the_room_imports_no_engine():
    code = (
        "import sys, benchgrad.engines\n"
        "rooms = ('benchgrad.engines.scalar', 'benchgrad.engines.tensor', 'micrograd',\n"
        "         'benchgrad.engines.handwritten', 'benchgrad.engines.peers')\n"
        "print([name for name in rooms if name in sys.modules])\n"
    )
    assert printed_by(code).strip() == "[]"
