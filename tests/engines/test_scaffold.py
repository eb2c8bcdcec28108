"""`benchgrad new-engine`: the package it writes, installed and run; and what it refuses."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from commands import BENCHGRAD, benchgrad

from benchgrad.benchmarks.records import read_results
from benchgrad.engines import EngineError
from benchgrad.engines.scaffold import names_of, write_package

RUFF = Path(sys.executable).with_name("ruff")
MYPY = Path(sys.executable).with_name("mypy")
ROOT = Path(__file__).parents[2]
PLAN = """
title = "tiny"
epochs = 2
[data]
n_samples = 40
[model]
hidden = [4]
[[engines]]
name = "{engine}"
[[engines]]
name = "numpy"
"""


def command(*arguments, cwd, env=None):
    return subprocess.run(
        arguments, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False
    )


def pytest_of(folder, env, *arguments):
    options = ("-q", "-rfs", "-p", "no:cacheprovider", *arguments)
    return command(sys.executable, "-m", "pytest", *options, cwd=folder, env=env)


@pytest.fixture(scope="module", params=["scalar", "tensor"])
def plugin(request, tmp_path_factory, installed):
    """Write a package by the command, and install it."""
    kind = request.param
    folder = tmp_path_factory.mktemp(kind)
    done = benchgrad("new-engine", f"my-{kind}", "--kind", kind, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    package = folder / f"benchgrad-my-{kind}"
    site, env = installed(package)
    return SimpleNamespace(
        engine=f"my-{kind}", kind=kind, package=package, site=site, env=env, output=done.stdout
    )


# --- what it writes ------------------------------------------------------------------------


def test_package_has_what_a_repository_needs(plugin):
    module = f"benchgrad_my_{plugin.kind}"
    found = {str(p.relative_to(plugin.package)) for p in plugin.package.rglob("*") if p.is_file()}
    assert found == {
        "pyproject.toml", "README.md", ".gitignore", ".github/workflows/tests.yml",
        f"src/{module}/__init__.py", f"src/{module}/value.py", f"src/{module}/engine.py",
        "tests/test_engine.py",
    }  # fmt: skip
    assert plugin.output == (
        f"written: {plugin.package.name}\n"
        f"next: pip install --editable '{plugin.package.name}[test]' && "
        f"pytest {plugin.package.name}\n"
    )
    assert [path.name for path in plugin.package.parent.iterdir()] == [plugin.package.name]
    umask = os.umask(0)
    os.umask(umask)
    assert plugin.package.stat().st_mode & 0o777 == 0o777 & ~umask


# What the small engine leaves to its author: why tests are skipped.
LACKING = {
    "scalar": (
        "no operation sigmoid",
        "(max|min) of scalar Values",
        "Error: math (domain|range)",
        "object is not subscriptable",
    ),
    "tensor": ("no operation (sigmoid|min|reshape|transpose)", "attribute 'T'", "@ takes two axes"),
}
IN_BOTH = (
    *("comput.* in float32", r"unsupported operand type\(s\) for \*\*", "no attribute 'zero_grad'"),
    *("has no operation", "names no operation that", "hands no function over"),
)


def test_package_passes_its_own_tests(plugin):
    done = pytest_of(plugin.package, plugin.env)
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 450
    skipped = re.findall(r"^SKIPPED .*?: (.*)$", done.stdout, re.MULTILINE)
    lacking = LACKING[plugin.kind] + IN_BOTH
    assert [why for why in skipped if not re.search("|".join(lacking), why)] == []
    assert [why for why in lacking if not re.search(why, "\n".join(skipped))] == []


def test_tests_of_the_package_notice_what_is_not_declared(plugin, tmp_path):
    shutil.copytree(plugin.site, tmp_path / "site")
    value = tmp_path / "site" / f"benchgrad_my_{plugin.kind}" / "value.py"
    replace(value, "1.0 - out * out", "1.0 - out")
    shutil.copytree(plugin.package / "tests", tmp_path / "tests")
    declared = {"classifier: training with hinge, tanh": "known"}
    replace(tmp_path / "tests" / "test_engine.py", "= {}\n", f"= {declared}\n")
    env = plugin.env | {"PYTHONPATH": str(tmp_path / "site")}
    done = pytest_of(tmp_path, env, "-k", "gradients or training")
    assert done.returncode == 1
    failed = set(re.findall(r"^FAILED .*?\[(.*?)\]", done.stdout, re.MULTILINE))
    assert failed == {"gradients: tanh(x)", "classifier: training with cross_entropy, tanh"}
    assert "1 xfailed" in done.stdout
    assert "the square in 1 − tanh² is missing" in done.stdout


def replace(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_engine_is_listed_and_ready(plugin):
    done = command(BENCHGRAD, "engines", cwd=plugin.package.parent, env=plugin.env)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith(plugin.engine)]
    assert {plugin.engine, plugin.kind, "0.1.0", "ready"} <= set(line.split())


def test_engine_runs_a_plan_as_numpy_does(plugin, tmp_path):
    (tmp_path / "tiny.toml").write_text(PLAN.format(engine=plugin.engine))
    done = command(BENCHGRAD, "run", "tiny.toml", "--out", "out", cwd=tmp_path, env=plugin.env)
    assert done.returncode == 0, done.stderr
    cells = {cell.engine: cell for cell in read_results(tmp_path / "out").cells}
    assert cells[plugin.engine].status == cells["numpy"].status == "ok"


def test_code_is_formatted_and_lints(plugin):
    options = ["--isolated", "--line-length=100", "."]
    rules = "--select=E,F,W,I,UP,B,C4,SIM,RET,PIE,PT,RUF"
    for arguments in (["format", "--check", *options], ["check", rules, *options]):
        done = command(RUFF, *arguments, cwd=plugin.package)
        assert done.returncode == 0, done.stdout + done.stderr


def test_types_are_strict(tmp_path):
    """One run of mypy over both packages and the examples, with benchgrad as it is installed."""
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    links = tmp_path / "typing"
    for package, folder in sorted(setuptools["package-dir"].items()):
        if package == "benchgrad":
            shutil.copytree(ROOT / folder, links / package)
        else:
            (links / package.replace(".", "/")).symlink_to(ROOT / folder)
    scalar = write_package("typed-scalar", tmp_path / "scalar", "scalar")
    tensor = write_package("typed-tensor", tmp_path / "tensor", "tensor")
    examples = ROOT / "examples"
    sources = [folder / "src" for folder in (scalar, tensor, examples / "package")]
    files = [*sources, scalar / "tests", examples / "single_file"]
    options = ("--strict", "--follow-imports=silent", f"--cache-dir={tmp_path / 'cache'}")
    path = os.pathsep.join(map(str, (links, *sources)))
    done = command(MYPY, *options, *files, cwd=tmp_path, env=os.environ | {"MYPYPATH": path})
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflow_runs_the_engine(plugin):
    text = (plugin.package / ".github/workflows/tests.yml").read_text()
    assert re.findall(r"^      - run: (.*)$", text, re.MULTILINE) == [
        "pip install --editable '.[test]'",
        "pytest",
        f"benchgrad check {plugin.engine}",
        f"benchgrad run quick --engines {plugin.engine},numpy",
    ]


# --- names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "engine", "distribution", "module"),
    [
        ("mine", "mine", "benchgrad-mine", "benchgrad_mine"),
        ("benchgrad-mine", "mine", "benchgrad-mine", "benchgrad_mine"),
        ("My.Own_Engine", "My.Own_Engine", "benchgrad-my-own-engine", "benchgrad_my_own_engine"),
        ("2nd", "2nd", "benchgrad-2nd", "benchgrad_2nd"),
        ("class", "class", "benchgrad-class", "benchgrad_class"),
    ],
)
def test_names_follow_from_the_engines(name, engine, distribution, module):
    names = names_of(name)
    assert (names.engine, names.distribution, names.module) == (engine, distribution, module)


def test_name_with_dots_and_capitals_is_a_valid_package(tmp_path):
    folder = write_package("My.Own", tmp_path / "mine")
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    assert project["project"]["name"] == "benchgrad-my-own"
    assert project["project"]["entry-points"] == {
        "benchgrad.engines": {"My.Own": "benchgrad_my_own.engine:engine"}
    }


# --- what it refuses -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["", "-mine", "mine-", "my mine", "a/b", "..", "a:b", "a,b", "mine.py", "naïve", "mine\n",
     "benchgrad-"],
)  # fmt: skip
def test_no_name_for_a_distribution(name, tmp_path, monkeypatch):
    refuses(monkeypatch, tmp_path, f"{name!r} cannot name an engine", name)


@pytest.mark.parametrize("name", ["tensor", "Tensor", "scalar_dot", "benchgrad-numpy"])
def test_name_that_is_taken(name, tmp_path, monkeypatch):
    refuses(monkeypatch, tmp_path, "there is already an engine", name)


def test_kind_that_is_none(tmp_path, monkeypatch):
    refuses(
        monkeypatch, tmp_path, "'array' is neither 'scalar' nor 'tensor'", "mine", None, "array"
    )


def test_folder_that_holds_something(tmp_path, monkeypatch):
    (tmp_path / "benchgrad-mine").mkdir()
    (tmp_path / "benchgrad-mine/notes.txt").write_text("mine")
    refuses(monkeypatch, tmp_path, "'benchgrad-mine' is not empty", "mine")
    assert (tmp_path / "benchgrad-mine/notes.txt").read_text() == "mine"


@pytest.mark.parametrize("out", ["out", "out/below"])
def test_file_in_the_way(out, tmp_path, monkeypatch):
    (tmp_path / "out").write_text("mine")
    refuses(monkeypatch, tmp_path, "'out' is not a folder", "mine", Path(out))


def test_current_folder_is_not_replaced(tmp_path, monkeypatch):
    refuses(monkeypatch, tmp_path, "'.' is the current folder", "mine", Path())


def test_empty_folder_is_filled(tmp_path):
    (tmp_path / "out").mkdir()
    assert write_package("mine", tmp_path / "out") == tmp_path / "out"
    assert (tmp_path / "out/pyproject.toml").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_package_is_written_completely_or_not_at_all(tmp_path, monkeypatch):
    write_text, written = Path.write_text, []

    def until_the_disk_is_full(path, *arguments):
        if len(written) == 5:
            raise OSError(28, "No space left on device")
        written.append(path)
        return write_text(path, *arguments)

    monkeypatch.setattr(Path, "write_text", until_the_disk_is_full)
    refuses(monkeypatch, tmp_path, "cannot be written: No space left on device", "mine")
    assert len(written) == 5


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["tensor"], "there is already an engine 'tensor'; choose another name"),
        (["mine", "--kind", "array"], "--kind 'array' is neither"),
        (["mine", "--out", "full"], "'full' is not empty; choose another folder with --out"),
    ],
)
def test_a_users_mistake_gets_one_line_and_code_2(arguments, complaint, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    before = sorted(tmp_path.rglob("*"))
    done = benchgrad("new-engine", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"benchgrad: {complaint}")
    assert done.stderr.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def refuses(monkeypatch, tmp_path, complaint, *arguments):
    """Expect an error of one line, and an unchanged folder."""
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(EngineError) as caught:
        write_package(*arguments)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before
