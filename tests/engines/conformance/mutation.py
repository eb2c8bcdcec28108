"""Writes an engine with one fault: a copy of its sources with one line changed.

The faults are in mutants.py; this module knows only files.
"""

from dataclasses import dataclass
from pathlib import Path

import benchgrad.engines as room

ENGINES = Path(room.__file__).parent
FUNCTIONAL = Path(__file__).with_name("functional.py")


@dataclass(frozen=True)
class Mutant:
    """A fault in one line: in `file` of the engine (or topology.py), `old` becomes `new`."""

    engine: str
    file: str
    name: str
    old: str
    new: str

    def __str__(self):
        return f"{self.engine}: {self.name}"


def write(mutant, folder, package):
    """Write the engine with its fault and return the path to load it by."""
    if mutant.engine == "functional":
        path = folder / f"{package}_engine.py"
        path.write_text(changed(mutant, FUNCTIONAL.read_text("utf-8")), "utf-8")
        return path
    target = folder / package
    target.mkdir(parents=True)
    sources = {
        path.name: path.read_text("utf-8") for path in (ENGINES / mutant.engine).glob("*.py")
    }
    sources["topology.py"] = (ENGINES / "topology.py").read_text("utf-8")
    sources[mutant.file] = changed(mutant, sources[mutant.file])
    for name, text in sources.items():
        text = text.replace(f"benchgrad.engines.{mutant.engine}", package)
        text = text.replace("benchgrad.engines.topology", f"{package}.topology")
        (target / name).write_text(text, "utf-8")
    path = folder / f"{package}_engine.py"
    path.write_text(f"from {package}.engine import engine\n", "utf-8")
    return path


def changed(mutant, source):
    """Return a source with the fault, which must be in it once."""
    n = source.count(mutant.old)
    if n != 1:
        raise ValueError(f"{mutant}: {mutant.old!r} occurs {n} times in {mutant.file}")
    return source.replace(mutant.old, mutant.new)
