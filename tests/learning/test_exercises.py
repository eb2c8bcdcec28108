"""Every exercise: nothing is no answer, a right one passes, a wrong one hears what is wrong."""

import re

import pytest
from answers import ANSWERS

from benchgrad.learning import LearningError, exercises
from benchgrad.learning.catalogue import exercise_of, titles
from benchgrad.learning.judging import judged

N_CHAPTERS, N_EACH = 12, 3
EDITS = [(number, i) for number in ANSWERS for i in range(len(ANSWERS[number].wrong))]


def test_there_are_three_exercises_to_a_chapter_and_answers_to_each():
    numbers = [f"{c}.{i}" for c in range(1, N_CHAPTERS + 1) for i in range(1, N_EACH + 1)]
    assert list(exercises()) == numbers
    assert list(ANSWERS) == numbers
    assert len(titles()) == N_CHAPTERS
    assert min(len(answers.wrong) for answers in ANSWERS.values()) == 3


@pytest.mark.parametrize("number", ANSWERS)
def test_the_right_answer_passes(number):
    assert judged(number, ANSWERS[number].right) == ""


@pytest.mark.parametrize("number", ANSWERS)
def test_the_stub_and_an_empty_file_fail(number):
    stub = exercises()[number].stub
    assert "..." in stub
    assert judged(number, stub)
    assert re.search("does not define|still empty", judged(number, ""))


@pytest.mark.parametrize(("number", "i"), EDITS)
def test_a_typical_wrong_answer_hears_what_is_wrong(number, i):
    answers = ANSWERS[number]
    edit = answers.wrong[i]
    said = judged(number, answers.edited(edit))
    assert edit[2] in said


@pytest.mark.parametrize("number", ANSWERS)
def test_no_two_wrong_answers_hear_the_same(number):
    answers = ANSWERS[number]
    said = {judged(number, answers.edited(edit)) for edit in answers.wrong}
    assert len(said) == len(answers.wrong)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def central(f, x, h):\n    return 1 / 0\n", "line 2: ZeroDivisionError"),
        ("def central(f, x, h:\n", "line 1: Python cannot read it"),
        ("import nowhere_at_all\n", "line 1: ModuleNotFoundError"),
        ("raise SystemExit\n", "ends the program"),
        ("def central(f):\n    return 1.0\n", "a test could not use what it got: TypeError"),
        ("def central(f, x, h):\n    return 'twelve'\n", "'twelve'"),
    ],
)
def test_an_answer_that_breaks_hears_where(source, words):
    assert words in judged("10.1", source)


def test_there_is_no_exercise_beyond_the_last():
    with pytest.raises(LearningError, match=r"from 1.1 to 12.3"):
        exercise_of("13.1")


def test_the_largest_entry_of_a_gradient_may_be_negative():
    wrong = ANSWERS["10.3"].edited(("* np.abs(right).max()", "* right.max()", ""))
    assert "absolute values" in judged("10.3", wrong)
