"""The engine `scalar`: what it declares. The mathematics is in value.py."""

from benchgrad.engines.operations import ELEMENTWISE
from benchgrad.engines.scalar.value import Value
from benchgrad.engines.value_engine import ValueEngine

engine = ValueEngine("scalar", kind="scalar", value=Value, operations=ELEMENTWISE)
