"""The house itself: its arrows, its wheel, and what it promises about imports."""

import ast
import shutil
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FRONT_DOOR = "front_door"  # the folder of the package `benchgrad` itself
ROOMS = ("benchmarks", "datasets", "engines", "processes", "reports")
ENGINES = ("scalar", "tensor", "micrograd")

# Each floor with the floors that it may know beside itself; a module is on the floor whose name
# begins its own with the most parts. Of the engines the harness knows the package alone.
FLOORS = {
    "processes": [],
    "datasets": [],
    "engines": ["processes"],
    "engines.scalar": ["engines"],
    "engines.tensor": ["engines"],
    "engines.compiled": ["engines", "engines.scalar", "engines.tensor"],
    "engines.handwritten": ["engines"],
    "engines.peers": ["engines"],
    "engines.conformance.cases": ["engines"],
    "engines.conformance.judging": ["engines", "engines.conformance.cases"],
    "engines.conformance.checks": [
        *("engines", "engines.conformance.cases", "engines.conformance.judging"),
    ],
    "engines.conformance.process": [
        *("engines", "processes", "engines.conformance.judging", "engines.conformance.checks"),
    ],
    "engines.conformance": [
        "engines.conformance.cases",
        *("engines", "engines.conformance.judging", "engines.conformance.checks"),
        "engines.conformance.process",
    ],
    "benchmarks": [],
    "benchmarks.analysis": ["benchmarks"],
    "benchmarks.cell.listener": ["benchmarks"],
    "benchmarks.cell": [
        *("benchmarks", "benchmarks.analysis", "benchmarks.cell.listener"),
        *("datasets", "engines", "processes"),
    ],
    "benchmarks.run": [
        *("benchmarks", "benchmarks.analysis", "benchmarks.cell", "benchmarks.cell.listener"),
        *("datasets", "engines", "processes"),
    ],
    "reports": ["benchmarks", "benchmarks.analysis"],
    "learning": [
        *("benchmarks", "engines", "engines.scalar", "processes"),
    ],
    "command_line": [
        *("benchmarks", "benchmarks.analysis", "benchmarks.cell.listener", "benchmarks.run"),
        *("datasets", "engines", "engines.conformance", "learning", "reports"),
    ],
    "api": [
        *("benchmarks", "benchmarks.run", "command_line", "datasets", "engines"),
        *("engines.conformance", "reports"),
    ],
    "book": [
        *("api", "benchmarks", "benchmarks.run", "engines", "learning", "reports"),
    ],
    "": ["api", "command_line"],
}
PACKAGE_ONLY = {"benchmarks.cell": "engines", "benchmarks.run": "engines"}


def modules():
    """Yield the dotted name below benchgrad and the path of every module."""
    for room in (*ROOMS, FRONT_DOOR):
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            inside = parts[1:] if room == FRONT_DOOR else parts
            yield ".".join(part for part in inside if part != "__init__"), path


MODULES = dict(modules())


def imports(path):
    """Return the names of all modules that a file imports, at its top or inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            submodules = {name for name in inside if name.removeprefix("benchgrad.") in MODULES}
            found |= submodules
            if inside - submodules:  # a name that the package itself gives
                found.add(node.module)
    return found


def known_to(module):
    """Return the modules of benchgrad that a module imports, without the prefix."""
    below = {name.removeprefix("benchgrad").lstrip(".") for name in imports(MODULES[module])
             if name == "benchgrad" or name.startswith("benchgrad.")}  # fmt: skip
    return {name for name in below if name in MODULES} - {module}


def floor_of(module):
    """Return the floor whose name begins a module's with the most parts."""
    parts = module.split(".")
    return next(name for n in range(len(parts), -1, -1) if (name := ".".join(parts[:n])) in FLOORS)


def allowed(module, other):
    """Return whether the arrow from one module to another is one of the design's."""
    floor, other_floor = floor_of(module), floor_of(other)
    if floor == other_floor:
        return True
    if PACKAGE_ONLY.get(floor) == other_floor:
        return other == other_floor
    return other_floor in FLOORS[floor]


@pytest.mark.parametrize("module", MODULES)
def test_no_arrow_runs_up(module):
    wrong = {other for other in known_to(module) if not allowed(module, other)}
    assert not wrong, f"{module} must not know {sorted(wrong)}"


def test_no_files_import_each_other_in_a_circle():
    arrows = {module: known_to(module) for module in MODULES}
    TopologicalSorter(arrows).prepare()  # raises CycleError, which names the circle


def test_the_floors_have_an_order():
    TopologicalSorter(FLOORS).prepare()
    assert {floor_of(module) for module in MODULES} == set(FLOORS)


def test_the_arrows_are_read_from_the_files():
    assert known_to("engines.tensor.engine") >= {"engines.tensor.value"}
    assert known_to("benchmarks.run.runner") >= {"benchmarks.cell.measure"}
    assert not allowed("reports.tables", "engines")
    assert not allowed("reports.tables", "benchmarks.run.runner")
    assert not allowed("benchmarks.analysis.rounds", "benchmarks.cell.measure")
    assert not allowed("benchmarks.cell.measure", "benchmarks.run.runner")
    assert not allowed("benchmarks.run.runner", "command_line.measurement")
    assert not allowed("command_line.measurement", "benchmarks.cell.measure")
    assert not allowed("benchmarks.run.runner", "engines.registry")
    assert not allowed("engines.scalar.value", "engines.tensor.value")
    assert not allowed("engines.registry", "engines.scalar.engine")
    assert not allowed("engines.tensor.replay", "engines.compiled.lowering")
    assert allowed("engines.compiled.lowering", "engines.tensor.memory")
    assert not allowed("engines.conformance.cases.graph", "engines.conformance.judging.judge")
    assert not allowed("engines.conformance.judging.check", "engines.conformance.checks.edges")
    assert not allowed("engines.conformance.checks.state", "engines.conformance.checking")
    assert allowed("benchmarks.run.runner", "engines")


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
    for name in (*ROOMS, FRONT_DOOR, "pyproject.toml", "README.md", "LICENSE"):
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
    names = [f"benchgrad.{module}".rstrip(".") for module in MODULES if module != "__main__"]
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    module = importlib.import_module(name)\n"
        f"    assert module.__file__.startswith({str(wheel_folder)!r}), module.__file__\n"
        "from benchgrad.benchmarks.plan import shipped\n"
        "from benchgrad.engines import available\n"
        "from benchgrad.reports.templating import templates\n"
        "assert set(shipped()) >= {'headline', 'quick', 'full', 'ladder', 'peers', 'two-by-two'}\n"
        "assert {e.name for e in available() if e.status == 'ready'} >= {'scalar', 'tensor'}\n"
        "templates().get_template('index.html')\n"
        "from benchgrad.engines.scaffold import names_of, render\n"
        "from benchgrad.learning import exercises\n"
        "assert len(exercises()) == 36\n"
        "from benchgrad.book.touching import part\n"
        "assert part('touch.css')\n"
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
    typed = {path.parent.name for path in wheel_folder.glob("**/py.typed")}
    assert typed == {*ROOMS, "benchgrad"}
    assert not list(wheel_folder.glob("benchgrad/**/test_*.py"))
