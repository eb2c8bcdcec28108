"""Chapter 9: machine code. The reader flattens a graph, walks it, and reads a two-by-two."""

from benchgrad.learning.exercise import (
    Answer,
    all_near,
    exercise,
    hint,
    must,
    near,
    pair,
    returned,
    shown,
)

TITLE = "Machine code, and the two-by-two"
_ADD, _MULTIPLY = 0, 1


@exercise(
    "9.1",
    "A graph without objects",
    """
    A graph as three lists: node i has the operation `ops[i]` (0 is +, 1 is ·) and the operands
    `left[i]` and `right[i]`, which are indices into `data`. `data` begins with the leaves; the
    result of node i is appended. Write `run(ops, left, right, data)`: it returns the whole list,
    and leaves the one that it was given unchanged.
    """,
    """
    def run(ops, left, right, data):
        ...
    """,
)
def forward(answer: Answer) -> None:
    """One loop over flat lists."""
    leaves = [2.0, 3.0]
    try:
        found = answer.run([_MULTIPLY, _ADD], [0, 2], [1, 0], leaves)
    except IndexError:
        hint(
            "an index is past the end of a list: append each result to a copy of `data`, and "
            "look up operands in that copy, where the results are as well"
        )
    returned(found, "run(ops, left, right, data)")
    must(leaves == [2.0, 3.0], "it changes the list that it was given: begin with a copy")
    must(len(found) == 4, f"2 leaves and 2 nodes are 4 numbers; it returns {len(found)}")
    must(all_near(found[:2], leaves), "the list begins with the leaves")
    must(not near(found[2], 5.0), "the operations are mixed up: 0 is +, 1 is ·")
    must(near(found[2], 6.0), f"2 · 3 is 6, not {shown(found[2])}")
    must(
        near(found[3], 8.0),
        "the second node reads index 2, the first node's result: 6 + 2 is 8, not "
        f"{shown(found[3])}",
    )


@exercise(
    "9.2",
    "Backward, in one loop",
    """
    The same graph, with all results in `data`. Write `backward(ops, left, right, data)`: a list
    with the gradient of the last number with respect to each number. Node i is at index
    `len(data) − len(ops) + i`.
    """,
    """
    def backward(ops, left, right, data):
        ...
    """,
)
def back(answer: Answer) -> None:
    """The chain rule on flat lists."""
    ops, left, right = [_MULTIPLY, _ADD, _MULTIPLY], [0, 2, 3], [1, 2, 0]
    data = [2.0, 3.0, 6.0, 12.0, 24.0]
    found = returned(answer.backward(ops, left, right, data), "backward(ops, left, right, data)")
    must(len(found) == 5, f"there are 5 numbers, and {len(found)} gradients")
    must(near(found[4], 1.0), "the gradient of the last number with respect to itself is 1")
    must(
        not near(found[3], 12.0),
        "the partials of a product are swapped: for the left operand it is the right one's data",
    )
    must(
        near(found[3], 2.0),
        f"the last node is 12 · 2: its left operand gets 2, not {shown(found[3])}; node i is at "
        "index `len(data) − len(ops) + i`, and `left[i]` is an index into `data`",
    )
    must(
        not near(found[2], 0.0),
        "nothing arrives at index 2: walk from the last node to the first",
    )
    must(
        not near(found[2], 1.0),
        "the gradient of the node is missing: pass on its gradient times the partial",
    )
    must(
        not near(found[2], 2.0),
        "12 is 6 + 6, so index 2 gets two gradients: add them, and overwrite nothing",
    )
    must(near(found[2], 4.0), f"6 is added to itself: it gets 2 + 2, not {shown(found[2])}")
    must(
        all_near(found[:2], [24.0, 8.0]),
        f"2 gets 4 · 3 + 12 = 24 and 3 gets 4 · 2 = 8, not {shown(found[0])} and {shown(found[1])}",
    )


@exercise(
    "9.3",
    "Read a two-by-two",
    """
    Four engines, four epoch times: `times[nodes, run_by]` with nodes `"numbers"` or `"arrays"` and
    run_by `"Python"` or `"machine code"`. Write `factors(times)`, a pair: how many times as fast as
    Python machine code is, on numbers; and how many times as fast as numbers arrays are, in
    machine code.
    """,
    """
    def factors(times):
        ...
    """,
)
def two_by_two(answer: Answer) -> None:
    """A factor along an edge changes one thing."""
    times = {
        ("numbers", "Python"): 3000.0,
        ("arrays", "Python"): 2.0,
        ("numbers", "machine code"): 6.0,
        ("arrays", "machine code"): 0.5,
    }
    interpreter, granularity = pair(answer.factors(times), "factors(times)")
    must(
        not (near(interpreter, 12.0) and near(granularity, 500.0)),
        "the two are swapped: first machine code on the graph of numbers",
    )
    must(
        not near(granularity, 1 / 12), "the second is upside down: 0.5 s instead of 6 s is 12 times"
    )
    must(not near(interpreter, 1 / 500), "upside down: 3,000 s against 6 s is 500 times as fast")
    must(not near(interpreter, 2994.0), "that is a difference of times; how many times is a ratio")
    must(
        not near(interpreter, 6000.0),
        "from numbers in Python to arrays in machine code two things change: stay on one side",
    )
    must(
        not near(interpreter, 1500.0),
        "the first compares numbers with arrays: compare machine code with Python, on numbers",
    )
    must(near(interpreter, 500.0), f"3,000 / 6 is 500, not {shown(interpreter)}")
    must(
        not near(granularity, 1500.0),
        "that is the granularity with the interpreter in it: compare the two in machine code",
    )
    must(near(granularity, 12.0), f"6 / 0.5 is 12, not {shown(granularity)}")
    uneven = dict(zip(times, (7.0, 3.0, 2.0, 1.5), strict=True))
    found = answer.factors(uneven)
    must(near(found[0], 3.5), f"7 / 2 is 3.5, not {shown(found[0])}: a factor need not be whole")


EXERCISES = (forward, back, two_by_two)
