"""Random graphs from the words of the conformance suite."""

import numpy as np

from benchgrad.engines.conformance.cases.graph import TEMPLATES, Words, grow


def drawn_graphs(n, without=None):
    """Yield n functions whose graphs are drawn, of up to 24 nodes, each with its arrays."""
    rng = np.random.default_rng(0)
    words = Words([form for form in TEMPLATES if not without or without not in form])
    while n:
        moves = [(True, *map(int, rng.integers(0, 256, 3))) for _ in range(24)]
        question = grow(words, moves, n, "float64").question()
        if question:
            n -= 1
            yield question.program.function, question.arrays
