"""What an exception out of an engine tells of its cause, in words. Nothing is judged here."""

import re

_MATRICES = re.compile(r"@ \w+, \(\d+, \d+\) and \(\d+, \d+\)$")


def cause_of(error: Exception, check: str, group: str) -> str:
    """Return the likely cause of what a check raised, empty if the error says nothing of it."""
    text = str(error)
    if isinstance(error, MemoryError):
        return "it runs out of memory"
    if isinstance(error, AttributeError | TypeError) and "NoneType" in text:
        return "a gradient is used before there is one: wrong order, or it is not passed on"
    if isinstance(error, TypeError):
        return _of_type(text, check)
    if isinstance(error, AttributeError) and "'numpy.ndarray' object" in text:
        return "a plain array stands in the graph in place of a Value"
    if isinstance(error, ValueError):
        return _of_shapes(text, check, group)
    return ""


def _of_type(text: str, check: str) -> str:
    if "complex" in text:
        return "a power of a negative base is complex in Python, and must be nan"
    if _takes_a_number(check) and text.startswith("float()"):
        return _TAKES_A_NUMBER
    if "not subscriptable" in text:
        return "the class has no __getitem__, which is needed here"
    if text.startswith("unsupported operand"):
        return "the class lacks an operator that is needed here"
    return ""


def _of_shapes(text: str, check: str, group: str) -> str:
    """Return why arrays do not fit together in backward."""
    if _takes_a_number(check) and "array of size 1" in text:
        return _TAKES_A_NUMBER
    if "matmul" in text:
        if " @ " not in check:
            return "shapes do not fit in backward of a matrix product"
        if _MATRICES.search(check):
            return "shapes do not fit in backward of @: an operand is not transposed, or swapped"
        return "backward of @ is right for two matrices at most, not for vectors and batches"
    if "broadcast" not in text and "shape" not in text:
        return ""
    because = ""
    if group == "broadcasting":
        because = ": a gradient is not summed over a broadcast axis"
    elif "axis=" in check and "keepdims" not in check:
        because = ": an axis that was reduced is not put back"
    return f"shapes do not fit in backward{because}"


_TAKES_A_NUMBER = "a Value on the left of an array takes the array for a number"


def _takes_a_number(check: str) -> bool:
    """Tell a check in which a single Value stands on the left of an array."""
    return ", () with " in check
