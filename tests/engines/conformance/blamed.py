"""What the first story about each mutant must name, and which causes are true of it.

The first rule whose words begin a mutant's name holds. A cause that is not listed counts as wrong
until somebody has read it.
"""

import re

# The beginning of a mutant's name, what a heading must have, and what a cause may say.
_FACT = r"wrong only at|is nan|is zero|follows no convention|the value is wrong|constant factor"
_SWAPPED = "operands swapped"
_SIGN = "sign"
# fmt: off
RULES = (
    (r"\+=|leaves share|gradients of leaves", r"memory|backward|x \* y|x \+ y", r"share memory|is nan"),
    (r"= for \+=|the first of several|a leaf forgets", "used more than once", "overwritten"),
    ("a value times itself", r"x \* y|used more than once", "overwritten"),
    (r"\+ off", r"x \+ y|backward pass", "constant factor 1.001"),
    (r"- |number - ", r"x - y|number - x|- x", f"{_SIGN}|{_SWAPPED}"),
    (r"\* that writes", r"x \* y|backward pass", "once too often|writes"),
    (r"\* ", r"x \* |\* x|backward pass", _SWAPPED),
    ("/ with|/ by|number / ", r"/", f"{_SWAPPED}|{_SIGN}|not squared|x is not squared"),
    ("division by zero", "/", "no convention"),
    (r"\*\* by the exponent", r"\*\*", "log"),
    (r"\*\* with operands", r"\*\*", _SWAPPED),
    (r"\*\*", r"\*\*", "exponent is missing|missing as a factor|not reduced|once too often|constant factor"),
    (r"number \*\*", r"\*\*", _SWAPPED),
    ("negation", "-x", _SIGN),
    ("@|array @", "@", "transposed|wrong order|swapped|one batch|not multiplied|constant factor 2"),
    ("linear", "linear", "constant factor|once too often"),
    ("broadcasting|unbroadcast", "broadcast", "not summed|averaged|shape"),
    ("reductions", r"\(axis\)|keepdims", "nan|axis"),
    ("seed of", "backward pass", "by itself is not 1|constant factor 2"),
    ("wrong order|nodes before|order by", "order|backward pass|more than once", "wrong order|zero|nan|before there is one"),
    ("every path|it gives up|graphs are kept", "memory|deep|order", "keeps|recurs|wrong order|zero"),
    ("partials without", "backward pass", "incoming gradient"),
    ("stale|leaves forget|zero does", "several backward calls", "stale|overwrites|behind"),
    ("no_grad", "inference", "not left|is zero"),
    ("float64 gradients", "float32", "wider"),
    ("vjp of the wrong|constants are", "number|constant", "constant"),
    ("detach", "detach", "detach"),
    ("max: |min computes", "max|min|ties", "ties|all share|wrong only at|constant factor|value is wrong|reaches every"),
    ("sum ", r"sum|backward pass", "constant factor 1.001|axis|transposed|wrong only at"),
    ("mean", "mean", "not divided|constant factor|number of elements"),
    ("a function handed over", "hump", "$^"),
    ("arctan", "arctan", "$^"),
    ("index", "indexing", "taken more than once"),
    ("sigmoid of integers", "sigmoid|integers", "rounded"),
    ("exp off by a seed", "exp", "incoming gradient|constant factor"),
)
# fmt: on
_BY_ITSELF = (
    f"{_FACT}|{_SIGN}|{_SWAPPED}|is used for|the result is used|square|1 \\+ tanh|1 − |incoming"
    "|of the operand|derivative is 1|not multiplied|once too often|another order|transposed"
    "|exp overflows|reaches every"
)


def rule_of(mutant):
    """Return what a heading must have and what a cause may say: an operation names itself."""
    for begins, heading, cause in RULES:
        if re.match(begins, mutant.name):
            return heading, cause
    operation = re.match(r"\w+", mutant.name)[0]
    return re.escape(operation), _BY_ITSELF


def names_it(mutant, heading):
    """Tell whether a heading names what is broken."""
    return bool(re.search(rule_of(mutant)[0], heading))


def is_cause_right(mutant, cause):
    """Tell whether a cause is true of a mutant, or absent."""
    return not cause or bool(re.search(rule_of(mutant)[1], cause))
