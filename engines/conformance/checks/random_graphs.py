"""Random expression graphs of up to 200 nodes, and the smallest that an engine gets wrong.

Graphs are drawn by hypothesis. Each is judged only where a complex step and differences agree,
and only if it is well conditioned.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from benchgrad.engines.conformance.cases.case import POSITIVE, Case
from benchgrad.engines.conformance.cases.elementwise import PAIRS
from benchgrad.engines.conformance.cases.graph import MAX_NODES, TEMPLATES, Graph, Move, Words, grow
from benchgrad.engines.conformance.cases.problem import problem_of_case, problem_of_graph
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.conformance.judging.evidence import Evidence
from benchgrad.engines.conformance.judging.judge import failure_of, fault_of
from benchgrad.engines.conformance.judging.verdict import Failure, Finding, Refusal
from benchgrad.engines.interface import UnsupportedError

MAX_TRIES = 400  # of smaller graphs, so that the search ends soon even where each takes long
N_EXAMPLES, N_EXAMPLES_FAST = 240, 60
_MOST_FINDINGS = 3  # of a part
_PARTS = 4  # each with its own seed, so that a time limit ends only one of them

Fault = Evidence | Exception


def checks() -> Iterator[Check]:
    """Yield the checks of random graphs."""
    for part in range(_PARTS):
        run = partial(_judge, part=part)
        yield Check(f"random graphs: part {part + 1} of {_PARTS}", "random graphs", run)


def words_for(tested: EngineUnderTest) -> Words:
    """Return the templates that an engine gets right by themselves, and whether it broadcasts."""
    found = [template for template in TEMPLATES if _is_right_alone(tested, template)]
    if not found:
        raise UnsupportedError(
            f"{tested.engine.name} differentiates no expressions that could be part of a graph"
        )
    return Words(found, _broadcasts(tested))


def _is_right_alone(tested: EngineUnderTest, template: str) -> bool:
    n = 2 if "{b}" in template else 1
    case = Case(template.format(a="x", b="y"), (), ((2, 2),) * n, POSITIVE)
    try:
        return fault_of(tested, problem_of_case(case, tested.seed, tested.dtype)) is None
    except Exception:  # whatever it raises, the checks of the table report it
        return False


def _broadcasts(tested: EngineUnderTest) -> bool:
    """Tell whether a number and an array can be added, either way: else shapes stay equal."""
    try:
        for shapes in (((), (2,)), ((2,), ()), ((2,), (2, 2))):
            case = replace(PAIRS[0], shapes=shapes)
            if fault_of(tested, problem_of_case(case, tested.seed, tested.dtype)):
                return False
    except Exception:  # whatever it raises, the checks of broadcasting report it
        return False
    return True


def _judge(tested: EngineUnderTest, part: int) -> None:
    """Search for graphs that the engine gets wrong, each without the operations of the last one.

    Raises:
        Failure: some are; each is made as small as possible.
    """
    words = words_for(tested)
    findings: list[Finding] = []
    error: Exception | None = None
    while words.templates and len(findings) < _MOST_FINDINGS:
        found = _smallest(tested, words, tested.seed * _PARTS + part)
        if found is None:
            break
        graph, fault = found
        used = {node.form for node in graph.nodes}
        words = replace(words, templates=[form for form in words.templates if form not in used])
        if isinstance(fault, Exception):
            error = error or fault
            continue
        nodes = "one node" if len(graph) == 1 else f"{len(graph)} nodes"
        where = f" in a graph of {nodes}"
        findings.append(failure_of(tested, fault, where=where).finding)
    if findings:
        raise Failure(findings[0], tuple(findings[1:]))
    if error is not None:
        raise error


def _smallest(tested: EngineUnderTest, words: Words, seed: int) -> tuple[Graph, Fault] | None:
    """Return the smallest graph that a search finds wrong, None if it finds none."""
    faults: list[tuple[Graph, Fault]] = []

    def is_right(moves: Sequence[Move]) -> bool:
        graph = grow(words, moves, tested.seed, tested.dtype)
        fault = _fault(tested, graph)
        if fault is not None:
            faults.append((graph, fault))
        return fault is None

    n = N_EXAMPLES_FAST if tested.is_fast else N_EXAMPLES
    search(is_right, seed=seed, n_examples=n // _PARTS)
    if not faults:
        return None
    return _shrunk(tested, *min(faults, key=lambda found: len(found[0])))


def _fault(tested: EngineUnderTest, graph: Graph) -> Fault | None:
    """Return what is wrong about a graph, exceptions included."""
    problem = problem_of_graph(graph)
    if problem is None:
        return None
    try:
        return fault_of(tested, problem)
    except (Refusal, UnsupportedError):
        return None
    except Exception as error:  # made smaller like a wrong number, and raised in the end
        return error


def _shrunk(tested: EngineUnderTest, graph: Graph, fault: Fault) -> tuple[Graph, Fault]:
    """Return the smallest graph with a fault that removing single nodes leads to."""
    n_left = MAX_TRIES
    while True:
        for smaller in graph.smaller():
            n_left -= 1
            if n_left < 0:
                return graph, fault
            found = _fault(tested, smaller)
            if found is not None and isinstance(found, Exception) == isinstance(fault, Exception):
                graph, fault = smaller, found
                break
        else:
            return graph, fault


def search(is_right: Callable[[Sequence[Move]], bool], *, seed: int, n_examples: int) -> None:
    """Call a function on drawn lists of moves until it returns False."""
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
        return  # the caller has noted what is wrong
