"""Random expression graphs of up to 200 nodes, and the smallest that an engine gets wrong.

Graphs are drawn by hypothesis. Each is judged only where a complex step and differences agree,
and only if it is well conditioned.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from benchgrad.engines.conformance import oracles
from benchgrad.engines.conformance.cases.graph import MAX_NODES, TEMPLATES, Graph, Move, Words, grow
from benchgrad.engines.conformance.cases.program import Program
from benchgrad.engines.conformance.cases.table import PAIRS
from benchgrad.engines.conformance.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import Subject
from benchgrad.engines.conformance.judging.evidence import Evidence
from benchgrad.engines.conformance.judging.judge import (
    Problem,
    failure_of,
    fault_of,
    problem_of,
)
from benchgrad.engines.conformance.judging.verdict import Refusal
from benchgrad.engines.conformance.oracles import Truth
from benchgrad.engines.interface import UnsupportedError

MAX_TRIES = 400  # of smaller graphs, so that it ends soon also where each takes long
N_EXAMPLES, N_EXAMPLES_FAST = 240, 60
_PARTS = 4  # each with a seed of its own, so that a time limit ends one of them only
_SHAKE, _STABLE = 1e-12, 1e-8

Fault = Evidence | Exception


def checks() -> Iterator[Check]:
    """Return the checks of random graphs."""
    for part in range(_PARTS):
        run = partial(_judge, part=part)
        yield Check(f"random graphs: part {part + 1} of {_PARTS}", "random graphs", run)


def problem_for(graph: Graph) -> Problem | None:
    """Return a graph as a problem, None if it is empty or too badly conditioned to judge by it.

    Differences along one direction confirm the complex step, and inputs that are moved by some
    roundings must not change it.
    """
    written = graph.program()
    if written is None:
        return None
    program, arrays = written
    function = program.function
    gradients = oracles.by_complex_step(function, arrays)
    rng = np.random.default_rng(0)
    directions = [rng.normal(size=np.shape(a)) for a in arrays]
    parts = [g * d for g, d in zip(gradients, directions, strict=True)]
    scale = max(float(sum(np.sum(np.abs(part)) for part in parts)), 1e-3)
    departure = oracles.along(function, arrays, directions) - sum(np.sum(part) for part in parts)
    if not scale < 1e6 or abs(departure) > 1e-8 * scale:
        return None
    moved = [np.asarray(a, oracles.PRECISE) * (1 + _SHAKE) for a in arrays]
    shaken = oracles.by_complex_step(function, moved)
    if not all(oracles.agree(a, b, _STABLE) for a, b in zip(shaken, gradients, strict=True)):
        return None
    truth = Truth(float(oracles.value_of(function, arrays)), tuple(gradients))
    return Problem(program, arrays, truth, is_special=True)


def words_for(subject: Subject) -> Words:
    """Return the templates that an engine does not refuse, and whether it broadcasts right."""
    found = []
    array = np.array([[0.5, 1.5], [1.2, 0.7]], subject.dtype)
    for template in TEMPLATES:
        program = Program.of(f"ops.sum({template.format(a='x', b='x')})", "x")
        try:
            subject.differentiate(program, [array])
        except (Refusal, UnsupportedError):
            continue
        found.append(template)
    if not found:
        raise UnsupportedError(f"{subject.engine.name} differentiates no expressions")
    return Words(found, _broadcasts(subject))


def _broadcasts(subject: Subject) -> bool:
    """Tell whether a number and an array can be added, either way: else shapes stay equal."""
    try:
        for shapes in (((), (2,)), ((2,), ()), ((2,), (2, 2))):
            if fault_of(subject, problem_of(PAIRS[0], subject.seed, shapes, subject.dtype)):
                return False
    except Exception:  # whatever it raises, it is reported by the checks of broadcasting
        return False
    return True


def _judge(subject: Subject, part: int) -> None:
    """Search for a graph that the engine gets wrong, and raise the smallest that is found."""
    words = words_for(subject)
    faults: list[tuple[Graph, Fault]] = []

    def is_right(moves: Sequence[Move]) -> bool:
        graph = grow(words, moves, subject.seed, subject.dtype)
        fault = _fault(subject, graph)
        if fault is not None:
            faults.append((graph, fault))
        return fault is None

    n = N_EXAMPLES_FAST if subject.is_fast else N_EXAMPLES
    search(is_right, seed=subject.seed * _PARTS + part, n_examples=n // _PARTS)
    if not faults:
        return
    graph, fault = _shrunk(subject, *min(faults, key=lambda found: len(found[0])))
    if isinstance(fault, Exception):
        raise fault
    raise failure_of(subject, fault, f" in a graph of {len(graph)} nodes")


def _fault(subject: Subject, graph: Graph) -> Fault | None:
    """Return what is wrong about a graph, an exception too."""
    problem = problem_for(graph)
    if problem is None:
        return None
    try:
        return fault_of(subject, problem)
    except (Refusal, UnsupportedError):
        return None
    except Exception as error:  # made smaller like a wrong number, and raised in the end
        return error


def _shrunk(subject: Subject, graph: Graph, fault: Fault) -> tuple[Graph, Fault]:
    """Return the smallest graph with a fault that taking away single nodes leads to."""
    n_left = MAX_TRIES
    while True:
        for smaller in graph.smaller():
            n_left -= 1
            if n_left < 0:
                return graph, fault
            found = _fault(subject, smaller)
            if found is not None and isinstance(found, Exception) == isinstance(fault, Exception):
                graph, fault = smaller, found
                break
        else:
            return graph, fault


def search(is_right: Callable[[Sequence[Move]], bool], *, seed: int, n_examples: int) -> None:
    """Call a function on drawn moves; after the first that is wrong, on ever smaller ones."""
    import hypothesis
    from hypothesis import strategies as st

    # Whether a move is made comes first: a long list shrinks by moves that are not.
    move = st.tuples(st.booleans(), *(st.integers(0, 2**8) for _ in range(3)))
    sizes = st.sampled_from([4, 16, 64, 2 * MAX_NODES])
    lists = sizes.flatmap(lambda n: st.lists(move, min_size=max(1, n // 2), max_size=n))

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=n_examples,
        database=None,
        deadline=None,
        print_blob=False,
        phases=[hypothesis.Phase.generate],  # what is found is made smaller as a graph
        report_multiple_bugs=False,
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )
    @hypothesis.given(lists)
    def examine(moves: Sequence[Move]) -> None:
        assert is_right(moves)

    try:
        examine()
    except (AssertionError, ExceptionGroup):
        return  # whoever asked has noted what is wrong
