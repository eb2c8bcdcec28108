"""Checks of operations beyond the table: names of the field, unknown names, an engine's own.

An engine is asked for what it names, in every spelling that is known.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from msgspec import structs

from benchgrad.engines.conformance.cases.case import POSITIVE, draw
from benchgrad.engines.conformance.cases.field import FAN_OUT, FIELD, FIELD_NAMES, Row
from benchgrad.engines.conformance.cases.forward import KNOWN
from benchgrad.engines.conformance.cases.oracles import Shape
from benchgrad.engines.conformance.cases.problem import FACTOR, Problem, problem_of_case
from benchgrad.engines.conformance.cases.program import WEIGHTS, Program, Question
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.conformance.judging.evidence import Evidence
from benchgrad.engines.conformance.judging.judge import NO_CAUSE, failure_of, tolerance
from benchgrad.engines.conformance.judging.own_forward import judge_by_own_forward
from benchgrad.engines.conformance.judging.verdict import Crash, Failure, Finding, Refusal
from benchgrad.engines.interface import UnsupportedError
from benchgrad.engines.operations import OPERATIONS

_GROUP = "field"
_SHAPE: tuple[Shape, ...] = ((2, 3),)
# What becomes one number of an unknown function's result, whatever its shape.
_ENDINGS = ("ops.sum({call} * x)", f"ops.sum({{call}}) * {FACTOR}", f"{{call}} * {FACTOR}")
_HAND_OVER = 'hand it over with shapes: extra={{"{name}": (function, shapes)}}'


def checks() -> Iterator[Check]:
    """Yield the checks of operations beyond the table."""
    for row in FIELD:
        run = partial(_judge, row=row)
        source = f"out = {row.expression}"
        yield Check(f"gradients: {row.name}", _GROUP, run, source=source)
    for row in FAN_OUT:
        run = partial(_judge, row=row)
        source = f"out = {row.expression}"
        name = f"fan-out: {row.name}"
        yield Check(name, "fan-out", run, source=source, situation="fan-out")
    yield Check("other names: operations that benchgrad does not know", _GROUP, _unknown)
    yield Check("own functions: what the engine hands over as extra", _GROUP, _extra)


def _judge(tested: EngineUnderTest, row: Row) -> None:
    """Ask for an operation in the first spelling that the engine takes."""
    declared = tested.engine.capabilities.operations
    name = next((name for name in row.names if name in declared), None)
    if name is None:
        raise UnsupportedError(f"{tested.engine.name} has no operation {row.names[0]}")
    refusal = Refusal("")
    for text in row.spelled(name):
        try:
            return _judge_spelling(tested, row, text)
        except Refusal as error:
            refusal = refusal if str(refusal) else error
    raise refusal


def _judge_spelling(tested: EngineUnderTest, row: Row, text: str) -> None:
    problems = [problem_of_case(case, tested.seed, tested.dtype) for case in row.truths()]
    asked = _asked(problems[0].question, text)
    answer = tested.differentiate(asked)
    rtol = tolerance(tested.dtype)
    evidence = [Evidence(_of(problem, asked), answer, rtol) for problem in problems]
    meant = next((each for each in evidence if each.is_same_function), None)
    if meant is not None:
        if meant.is_wrong:  # the program says what is meant only in the first convention
            raise failure_of(tested, meant, None if meant is evidence[0] else NO_CAUSE)
    elif row.is_loose:
        judge_by_own_forward(tested, asked)
    else:
        raise failure_of(tested, evidence[0])


def _of(problem: Problem, asked: Question) -> Problem:
    return replace(problem, question=asked)


def _asked(question: Question, text: str) -> Question:
    """Return a question in another spelling."""
    names = tuple(name for name in question.names if name != WEIGHTS)
    program = Program.of(text, *names)
    is_weighted = WEIGHTS in question.names
    return replace(question, program=program.weighted() if is_weighted else program.scaled(FACTOR))


# --- functions of which only the engine's own forward pass is known ------------------------------


def _unknown(tested: EngineUnderTest) -> None:
    known = FIELD_NAMES | KNOWN | set(OPERATIONS) | set(tested.engine.extra)
    names = sorted(tested.engine.capabilities.operations - known)
    if not names:
        raise UnsupportedError("the engine names no operation that benchgrad does not know")
    _judge_all(tested, dict.fromkeys(names, _SHAPE))


def _extra(tested: EngineUnderTest) -> None:
    if not tested.engine.extra:
        raise UnsupportedError("the engine hands no function over")
    shapes = {name: tuple(map(tuple, s)) for name, (_, s) in tested.engine.extra.items()}
    _judge_all(tested, shapes)


def _judge_all(tested: EngineUnderTest, shapes: dict[str, tuple[Shape, ...]]) -> None:
    """Judge functions by their own forward pass; every one that is wrong is a finding.

    Raises:
        Failure: some are wrong.
        Refusal: some could not be probed; the reason names them.
    """
    findings: list[Finding] = []
    unprobed = {}
    for name, each in shapes.items():
        try:
            _judge_own(tested, name, each)
        except Failure as failure:
            findings.append(structs.replace(failure.finding, operation=name))
        except (Refusal, UnsupportedError) as error:
            unprobed[name] = str(error)
    if findings:
        raise Failure(findings[0], tuple(findings[1:]))
    if unprobed:
        name, words = next(iter(unprobed.items()))
        listed = ", ".join(unprobed)
        raise Refusal(f"not probed: {listed} ({words}); {_HAND_OVER.format(name=name)}")


def _judge_own(tested: EngineUnderTest, name: str, shapes: tuple[Shape, ...]) -> None:
    names = [f"x{k}" for k in range(1, len(shapes) + 1)] if len(shapes) != 1 else ["x"]
    arrays = tuple(draw(f"own {name}", tested.seed, shapes, POSITIVE, tested.dtype))
    call = f"ops.{name}({', '.join(names)})"
    ask = partial(Question, arrays=arrays)
    endings = [text.format(call=call).replace("* x)", f"* {names[0]})") for text in _ENDINGS]
    questions = [ask(Program.of(text, *names)) for text in endings]
    _first_that_is_taken(questions, partial(judge_by_own_forward, tested))


def _first_that_is_taken(questions: Iterable[Question], judge: Callable[[Question], None]) -> None:
    """Judge the first question that is not refused; what is no number in the end is, too."""
    refusal = Refusal("")
    for question in questions:
        try:
            return judge(question)
        except Refusal as error:
            refusal = refusal if str(refusal) else error
        except Crash as crash:
            if not isinstance(crash.error, ValueError | TypeError):
                raise
            refusal = refusal if str(refusal) else Refusal(str(crash))
    raise refusal
