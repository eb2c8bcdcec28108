"""Writes a new plugin: an installable package with a small engine, its tests and its CI.

The text of the files is in `templates/new_engine`. How engines are found is up to the registry.
"""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points, version
from importlib.resources import files
from pathlib import Path

import jinja2

from benchgrad.engines.interface import EngineError
from benchgrad.engines.registry import GROUP

KINDS = ("scalar", "tensor")
_PREFIX = "benchgrad-"
_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Names:
    """The names of a plugin's engine, of its distribution (for pip) and of its module."""

    engine: str
    distribution: str
    module: str


def write_package(name: str, out: Path | None = None, kind: str | None = None) -> Path:
    """Write the package of a new engine into a folder, all of it or nothing; return the folder.

    By default the folder is named after the distribution, and `kind` is the first of `KINDS`.

    Raises:
        EngineError: the name or the kind is invalid, the name is taken, or the folder is not
            empty or cannot be written.
    """
    kind = KINDS[0] if kind is None else kind
    if kind not in KINDS:
        raise EngineError(f"--kind {kind!r} is neither {' nor '.join(map(repr, KINDS))}")
    names = names_of(name)
    folder = Path(names.distribution) if out is None else out
    _refuse_what_is_there(folder)
    contents = render(names, kind)
    try:
        _write(contents, folder.resolve())
    except OSError as error:
        problem = f"cannot be written: {error.strerror}; choose another folder with --out"
        raise EngineError(f"{str(folder)!r} {problem}") from error
    return folder


def _write(contents: Mapping[Path, str], target: Path) -> None:
    """Write the files next to the target, then rename the complete package to it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".benchgrad-", dir=target.parent) as beside:
        package = Path(beside) / "package"  # not `beside` itself, which only we may read
        for path, text in contents.items():
            file = package / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        package.rename(target)


def names_of(name: str) -> Names:
    """Return the names of an engine's plugin; a leading ``benchgrad-`` is not repeated.

    Raises:
        EngineError: the name does not work on a command line or as a distribution, or is taken.
    """
    engine = name.removeprefix(_PREFIX)
    if not _NAME.fullmatch(engine) or engine.lower().endswith(".py"):
        raise EngineError(
            f"{name!r} cannot name an engine: use letters, digits, '-', '_' and '.', with a letter "
            "or digit at both ends, and no .py at the end"
        )
    taken = {_normal(point.name): point.name for point in entry_points(group=GROUP)}
    if known := taken.get(_normal(engine)):
        raise EngineError(f"there is already an engine {known!r}; choose another name")
    distribution = _PREFIX + _normal(engine)
    return Names(engine, distribution, distribution.replace("-", "_"))


def _normal(name: str) -> str:
    """Return a distribution's name in the form in which names are compared.

    Source: PyPA, "Names and normalization", packaging.python.org.
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def _refuse_what_is_there(folder: Path) -> None:
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            raise EngineError(f"{str(path)!r} is not a folder; choose another with --out")
    if folder.exists() and any(folder.iterdir()):
        raise EngineError(f"{str(folder)!r} is not empty; choose another folder with --out")
    if folder.resolve() == Path.cwd():  # the rename would leave the shell in a deleted folder
        raise EngineError(f"{str(folder)!r} is the current folder; choose one in it with --out")


def render(names: Names, kind: str) -> dict[Path, str]:
    """Return the files of the package by their paths in its folder."""
    folder = files("benchgrad.engines") / "templates" / "new_engine"
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (folder / f"{name}.j2").read_text("utf-8")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    source = Path("src") / names.module
    templates = {
        Path("pyproject.toml"): "pyproject.toml",
        Path("README.md"): "README.md",
        Path(".gitignore"): "gitignore",
        Path(".github/workflows/tests.yml"): "tests.yml",
        source / "__init__.py": "init.py",
        source / "value.py": f"value_{kind}.py",
        source / "engine.py": "engine.py",
        Path("tests/test_engine.py"): "test_engine.py",
    }
    known = {
        "engine": names.engine,
        "distribution": names.distribution,
        "module": names.module,
        "kind": kind,
        "benchgrad_version": version("benchgrad"),
    }
    return {
        path: environment.get_template(template).render(known)
        for path, template in templates.items()
    }
