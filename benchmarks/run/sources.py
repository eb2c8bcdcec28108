"""The files that somebody else's engine is made of, found without importing it, and its version.

Benchgrad's own files are in the fingerprint as a whole.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sysconfig
from collections.abc import Iterator, Sequence
from importlib.metadata import (
    Distribution,
    PackageNotFoundError,
    distribution,
    entry_points,
    packages_distributions,
)
from importlib.util import find_spec
from pathlib import Path

from benchgrad.benchmarks.run.environment import commit_of
from benchgrad.engines import GROUP

_CODE = (".py", ".so", ".pyd", ".dylib", ".dll")
_LONGEST_NAME = 255


def files_of(spec: str) -> list[Path]:
    """Return the files of an engine that is not benchgrad's own; none of one that is.

    Of a package these are all of its modules and compiled extensions. Of a single file, they are
    those in its folder that it mentions, and those that these mention: by an import, or in a text,
    as a dynamic import and a library to be loaded are.
    """
    found: list[Path] = []
    for origin, folders in _origins(spec):
        if folders:
            found += [path for folder in folders for path in code_below(folder)]
        elif origin and _is_installed(origin):
            found.append(origin)
        elif origin:
            found += _mentioned_by(origin)
    return sorted(set(found))


def source_of(spec: str) -> str:
    """Return the version and the commit of an engine that is not benchgrad's own.

    Without either, return the beginning of the hash of its files.
    """
    files = files_of(spec)
    return made_of(files, *_released(spec)) if files else ""


def made_of(files: Sequence[Path], *known: str) -> str:
    """Return the commit of files, after what else is known of them; without either, their hash."""
    commit = commit_of(files) if files else ""
    parts = [*known, f"commit {commit}"] if commit else [*known]
    if not parts:
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
        parts.append(f"SHA-256 {digest[:12]}")
    return ", ".join(parts)


def _origins(spec: str) -> Iterator[tuple[Path | None, list[Path]]]:
    """Yield the file, or the folders of the package, that an engine is in."""
    if spec.endswith(".py"):
        yield Path(spec), []
        return
    for top in _tops(spec):
        found = find_spec(top)
        if found is None:
            continue
        origin = Path(found.origin) if found.origin and found.has_location else None
        yield origin, [Path(folder) for folder in found.submodule_search_locations or ()]


def _tops(spec: str) -> set[str]:
    """Return the names of the packages or modules that an engine's module is in."""
    points = entry_points(group=GROUP, name=spec)
    modules = [spec.partition(":")[0]] if ":" in spec else [point.module for point in points]
    return {module.partition(".")[0] for module in modules} - {"benchgrad"}


def code_below(folder: Path) -> list[Path]:
    """Return the modules and compiled extensions in a folder, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix in _CODE and path.is_file())


def _is_installed(path: Path) -> bool:
    """Return whether a module lies among other people's packages, which are no part of it."""
    paths = {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib", "stdlib")}
    return path.parent.resolve() in paths


def _mentioned_by(path: Path) -> set[Path]:
    """Return a file, and the files in its folder that it or one of them mentions."""
    folder, found, new = path.parent, {path}, [path]
    while new:
        mentioned = {each for name in _names_in(new.pop()) for each in _named(folder, name)}
        new += [each for each in mentioned - found if each.suffix == ".py"]
        found |= mentioned
    return found


def _names_in(path: Path) -> Iterator[str]:
    """Yield what a module imports, and every text in it that may be the name of a file."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError, RecursionError, MemoryError):
        return  # it cannot be imported either
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases)
            case ast.ImportFrom(module=module, names=aliases):
                yield module or ""
                yield from (alias.name for alias in aliases)
            case ast.Constant(value=str(text)) if 0 < len(text) <= _LONGEST_NAME:
                yield text


def _named(folder: Path, name: str) -> Iterator[Path]:
    """Yield the files in a folder that a name may mean: a module, a package, or another file."""
    parts = Path(name).parts
    if not name.isprintable() or not parts or name.startswith(("/", "~")) or ".." in parts:
        return
    top = name.partition(".")[0]
    if top.isidentifier():
        if (folder / f"{top}.py").is_file():
            yield folder / f"{top}.py"
        yield from (each for each in folder.glob(f"{top}.*") if each.suffix in _CODE)
        yield from code_below(folder / top)
    if (there := folder / name) != folder:
        if there.is_file() and there.suffix:  # one without is more likely a mark than code
            yield there
        elif there.is_dir():
            yield from code_below(there)


def _released(spec: str) -> Iterator[str]:
    """Yield the version of the package that provides an engine, and the commit it was built of."""
    for package in sorted(_distributions(spec)):
        try:
            found = distribution(package)
        except PackageNotFoundError:
            continue
        yield f"{found.name} {found.version}"
        if commit := _built_of(found):
            yield f"commit {commit[:12]}"


def _distributions(spec: str) -> set[str]:
    if spec.endswith(".py"):
        return set()
    known = packages_distributions()
    return {package for top in _tops(spec) for package in known.get(top, ())}


def _built_of(found: Distribution) -> str:
    """Return the commit that pip installed a package from; empty if it came as a release."""
    try:
        origin = json.loads(found.read_text("direct_url.json") or "{}")
        return str(origin.get("vcs_info", {}).get("commit_id", ""))
    except (ValueError, AttributeError):
        return ""
