"""The engine `scalar`: its declaration. The mathematics is in value.py."""

from benchgrad.engines.operations import ELEMENTWISE
from benchgrad.engines.scalar.value import Value
from benchgrad.engines.value_engine import ValueEngine

NOTE = "makes no reference cycles, and pauses the garbage collector inside its own step"

engine = ValueEngine(
    "scalar",
    kind="scalar",
    value=Value,
    operations=ELEMENTWISE,
    pauses_collector=True,
    shows_graph=True,
    note=NOTE,
)
