"""Chapter 8: the graph recorded and replayed. The reader writes a tape, and makes it shorter."""

import numpy as np

from benchgrad.learning.exercise import Answer, exercise, hint, must, returned

TITLE = "The graph, recorded and replayed"


@exercise(
    "8.1",
    "A tape",
    """
    Write a class `Tape`. `call(function, out, *operands)` records a call, and makes it:
    `function(*operands, out=out)` writes its result into the array `out`. `replay()` makes all
    calls again, in order, into the same arrays.
    """,
    """
    class Tape:
        def __init__(self):
            self.calls = []

        def call(self, function, out, *operands):
            ...

        def replay(self):
            ...
    """,
)
def tape(answer: Answer) -> None:
    """Calls, made again into the same memory."""
    x, doubled, out = np.array([1.0, 2.0]), np.zeros(2), np.zeros(2)
    recorded = answer.Tape()
    recorded.call(np.add, doubled, x, x)
    must(
        np.allclose(doubled, [2.0, 4.0]), "call() must make the call at once, into the array `out`"
    )
    recorded.call(np.multiply, out, doubled, x)
    x[:] = 3.0, 4.0
    held = out
    recorded.replay()
    must(
        not np.allclose(held, [2.0, 8.0]),
        "replay() changes nothing in `out`: make the calls again, on the same arrays; copies of "
        "them do not change",
    )
    must(
        not np.allclose(held, [6.0, 16.0]),
        "the calls are replayed in the wrong order: the second reads what the first has written",
    )
    must(np.allclose(held, [18.0, 32.0]), f"2x · x at (3, 4) is (18, 32), not {held}")
    x[:] = 1.0, 5.0
    recorded.replay()
    must(
        np.allclose(held, [2.0, 50.0]),
        "a second replay() does nothing: keep the calls after a replay",
    )


@exercise(
    "8.2",
    "Calls that need no replay",
    """
    A tape is a list of steps `(target, operands)`, in which arrays are given by name. Only the
    arrays in `inputs`, and whatever is computed from them, change between replays. Write
    `varying(steps, inputs)`: the targets that must be computed again, in order.
    """,
    """
    def varying(steps, inputs):
        ...
    """,
)
def constant_calls(answer: Answer) -> None:
    """What depends on an input, however far away."""
    steps = [("a", ["x", "c"]), ("b", ["c", "d"]), ("e", ["a", "b"]), ("f", ["e"])]
    given = {"x"}
    found = returned(answer.varying(steps, given), "varying(steps, inputs)")
    must(list(found) != ["a"], "e reads a, which varies: what is computed from it varies as well")
    must(
        "b" not in found,
        "b is computed from constants alone: it was computed once, and need not be again",
    )
    must(
        "x" not in found,
        "an input is not computed at all: return only targets of steps",
    )
    must(
        list(found) == ["a", "e", "f"], f"a, e and f vary, in this order; it returns {list(found)}"
    )
    again = [("z", ["x", "y"]), ("a", ["z"])]
    found = list(answer.varying(again, {"x", "y"}))
    must(len(found) == len(set(found)), f"each target once: z is in {found} twice")
    must(found == ["z", "a"], f"in the order of the steps: z comes before a, not {found}")
    must(given == {"x"}, "it writes into `inputs`, which is not its own")


@exercise(
    "8.3",
    "Sharing memory",
    """
    Each result is made at one step and last read at a later one: a pair `(made, last)`, sorted by
    `made`. A result may reuse the memory of an earlier one if it is made after the step that last
    reads the earlier one, not in it. Write `share(lives)`: for each result the number of its piece
    of memory, counting from 0. Use as few pieces as possible.
    """,
    """
    def share(lives):
        ...
    """,
)
def memory(answer: Answer) -> None:
    """No two results in one place at one time, and few places."""
    lives = [(0, 2), (1, 3), (3, 5), (5, 6), (7, 8)]
    found = list(returned(answer.share(lives), "share(lives)"))
    must(len(found) == len(lives), "there is one number for each result")
    for i, (made, _) in enumerate(lives):
        for j in range(i):
            if found[i] == found[j] and made < lives[j][1]:
                hint(f"{lives[j]} and {lives[i]} are alive at once, and share memory {found[i]}")
            must(
                not (found[i] == found[j] and made == lives[j][1]),
                f"{lives[i]} is made in the step that still reads {lives[j]}: its memory is free "
                "only after that step",
            )
    must(
        len(set(found)) < len(lives),
        "no memory is reused: give it back when its last reader is done",
    )
    must(len(set(found)) == 2, f"two pieces of memory are enough here; it takes {len(set(found))}")
    must(sorted(set(found)) == [0, 1], "the pieces are numbered from 0")


EXERCISES = (tape, constant_calls, memory)
