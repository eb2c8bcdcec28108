"""The house itself: its arrows, its wheel, and what it promises about imports."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("engines", "benchmarks", "datasets", "reports")
# The engines are leaves: the rest of their room does not know them, nor they each other.
LEAVES = ("engines.scalar", "engines.tensor", "engines.handwritten", "engines.peers")
ENGINES = ("scalar", "tensor", "micrograd")


def modules():
    """Yield the dotted name below benchgrad and the path of every module."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if parts[:2] != ("benchmarks", "micro"):  # a test suite, not of the package
                yield ".".join(part for part in parts if part != "__init__"), path


MODULES = dict(modules())


def imports(path):
    """Return the names of all modules that a file imports, at its top or inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively"
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def known_to(path):
    """Return the modules of benchgrad that a file imports, without the prefix."""
    below = {name.removeprefix("benchgrad.") for name in imports(path) if "benchgrad." in name}
    return {name for name in below if name in MODULES}


def leaf_of(module):
    return next((leaf for leaf in LEAVES if module == leaf or module.startswith(leaf + ".")), "")


def allowed(module, other):
    """Return whether the arrow from one module to another is one of the design's."""
    room, other_room = module.partition(".")[0], other.partition(".")[0]
    if room == other_room == "engines":
        return not leaf_of(other) or leaf_of(other) == leaf_of(module)
    if room == other_room:
        return True
    if room == "benchmarks":
        return other in ("engines", "engines.lifetime", "datasets") or (
            module in ("benchmarks.cli", "benchmarks.running")
            and (
                other_room == "reports"
                or other == "engines.scaffold"
                or other.startswith("engines.conformance")
            )
        )
    return room == "reports" and other in (
        "benchmarks",
        "benchmarks.compare",
        "benchmarks.plan",
        "benchmarks.records",
        "benchmarks.rounds",
        "benchmarks.statistics",
    )


@pytest.mark.parametrize("module", MODULES)
def test_arrows_point_one_way(module):
    wrong = {other for other in known_to(MODULES[module]) if not allowed(module, other)}
    assert not wrong, f"{module} must not know {sorted(wrong)}"


def test_the_arrows_are_read_from_the_files():
    assert known_to(MODULES["engines.tensor.engine"]) >= {"engines.tensor.value"}
    assert not allowed("reports.tables", "engines")
    assert not allowed("engines.scalar.value", "engines.tensor.value")
    assert not allowed("engines.registry", "engines.scalar.engine")
    assert not allowed("benchmarks.runner", "engines.registry")


@pytest.mark.parametrize(
    "path",
    sorted(p for p in ROOT.glob("**/*.py") if not str(p.relative_to(ROOT)).startswith(".venv")),
)
def test_a_room_is_never_imported_by_its_bare_name(path):
    if "build" not in path.parts:
        assert not {name for name in imports(path) if name.partition(".")[0] in ROOMS}


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith(("benchmarks", "reports"))])
def test_the_harness_names_no_engine(module):
    """The palette may: there a name is data. The reference has its name in the plan."""
    if module == "reports.style":
        return
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    assert not texts & set(ENGINES)


@pytest.fixture(scope="module")
def wheel_folder(tmp_path_factory):
    """Build the wheel from a copy of the sources and unpack it; return the folder."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    for name in (*ROOMS, "pyproject.toml", "README.md", "LICENSE"):
        path = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__", "out")
        copy = shutil.copytree if path.is_dir() else shutil.copy
        copy(path, source / name, **({"ignore": ignored} if path.is_dir() else {}))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    for arguments in (
        ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(target), str(source)],
        ["install", "--no-deps", "--target", str(target / "site"), "--no-index",
         "--find-links", str(target), "benchgrad"],
    ):  # fmt: skip
        done = subprocess.run([*pip, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return target / "site"


def test_every_module_imports_from_the_wheel(wheel_folder):
    names = [f"benchgrad.{module}" for module in MODULES]
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    module = importlib.import_module(name)\n"
        f"    assert module.__file__.startswith({str(wheel_folder)!r}), module.__file__\n"
        "from benchgrad.benchmarks.plan import shipped\n"
        "from benchgrad.engines import available\n"
        "from benchgrad.reports.page import _templates\n"
        "assert set(shipped()) == {'headline', 'quick', 'full', 'ladder', 'peers'}\n"
        "assert {e.name for e in available() if e.status == 'ready'} >= {'scalar', 'tensor'}\n"
        "_templates().get_template('index.html')\n"
        "from benchgrad.engines.scaffold import names_of, render\n"
        "assert all(len(render(names_of('mine'), kind)) == 8 for kind in ('scalar', 'tensor'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={"PYTHONPATH": str(wheel_folder), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_wheel_says_that_it_is_typed_and_ships_no_tests(wheel_folder):
    rooms = {path.parent.name for path in wheel_folder.glob("benchgrad/*/py.typed")}
    assert rooms == set(ROOMS)
    assert not list(wheel_folder.glob("benchgrad/**/test_*.py"))
