"""The two versions that `benchgrad compare --run` is given, as engines that a run can load.

A version is a file, a folder with a package, a path at a git revision, or whatever `benchgrad run`
takes. It is not run here.
"""

from __future__ import annotations

import os
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

from benchgrad.benchmarks.run.sources import code_below, made_of
from benchgrad.command_line.options import UsageError

_GROUP = "benchgrad.engines"
_SHORT = 12  # digits of a commit, as in the records
# Each cell has a process of its own, so two versions of a package never meet.
_SHIM = """\
import sys
from importlib.metadata import EntryPoint

sys.path.insert(0, {source!r})
engine = EntryPoint("engine", {value!r}, {group!r}).load()
"""


@dataclass(frozen=True)
class Version:
    """A version of an engine: what to load, and of which commit or hash it is if that is known."""

    spec: str
    source: str = ""


def version_of(text: str, scratch: Path) -> Version:
    """Return a version as the user names it; what has to be written for it goes into `scratch`.

    ``REV:path`` is the path as it was at a git revision; the whole tree of the revision is written,
    since an engine may import its neighbours.

    Raises:
        UsageError: there is no such revision or path, or no engine in the folder.
    """
    revision, _, path = text.partition(":")
    is_path = path.endswith(".py") or "/" in path or (path != "" and Path(path).is_dir())
    source = ""
    if is_path and not Path(text).exists():  # anything else with a colon is module:attribute
        found, commit = _at_revision(revision, path, scratch / "tree", text)
        source = f"commit {commit[:_SHORT]}"
    else:
        found = Path(text)
    if found.is_dir():
        shim = _shim(found.resolve(), scratch / "engine.py", text)
        return Version(str(shim), source or made_of(code_below(found)))
    return Version(str(found.resolve()) if found.suffix == ".py" else text, source)


def _at_revision(revision: str, path: str, tree: Path, text: str) -> tuple[Path, str]:
    """Write the tree of a revision; return the path in it, and the commit."""
    near = next(p for p in (Path(path).absolute(), *Path(path).absolute().parents) if p.is_dir())
    top = Path(_git(near, text, "rev-parse", "--show-toplevel"))
    commit = _git(top, text, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    tree.mkdir(parents=True)
    index = tree.with_name("index")  # not the user's own
    _git(top, text, "read-tree", commit, index=index)
    _git(top, text, "checkout-index", "--all", f"--prefix={tree}/", index=index)
    here = Path(os.path.relpath(os.path.realpath(path), os.path.realpath(top)))
    found = next((p for p in (tree / here, tree / path) if p.exists()), None)
    if found is None:
        raise UsageError(f"{text!r}: there is no {path!r} at {revision}")
    return found, commit


def _git(folder: Path, text: str, *arguments: str, index: Path | None = None) -> str:
    """Return what a git command prints."""
    variables = {**os.environ, "LC_ALL": "C"} | ({"GIT_INDEX_FILE": str(index)} if index else {})
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise UsageError(f"{text!r} names a git revision, and git is not installed") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise UsageError(f"{text!r}: git says: {said[-1].removeprefix('fatal: ')}")
    return done.stdout.strip()


def _shim(folder: Path, shim: Path, text: str) -> Path:
    """Write a file that loads the engine of a folder, and return its path."""
    project = folder / "pyproject.toml"
    if project.is_file():
        source, value = _registered(folder, project, text)
    elif (folder / "__init__.py").is_file():
        source, value = folder.parent, f"{folder.name}:engine"
    else:
        raise UsageError(f"{text!r}: the folder has neither pyproject.toml nor __init__.py")
    shim.parent.mkdir(parents=True, exist_ok=True)
    shim.write_text(_SHIM.format(source=str(source), value=value, group=_GROUP), "utf-8")
    return shim


def _registered(folder: Path, project: Path, text: str) -> tuple[Path, str]:
    """Return where the sources of a project are, and the entry point of its engine."""
    try:
        points: object = tomllib.loads(project.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{text!r}: {project.name} is not valid TOML: {error}") from error
    for key in ("project", "entry-points", _GROUP):
        points = points.get(key) if isinstance(points, dict) else None
    if not isinstance(points, dict) or len(points) != 1:
        names = ", ".join(points) if isinstance(points, dict) and points else "none"
        raise UsageError(f"{text!r}: a folder needs one engine in the group {_GROUP}, not {names}")
    (value,) = points.values()
    source = folder / "src"
    return (source if source.is_dir() else folder), value
