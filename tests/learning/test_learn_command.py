"""``benchgrad learn``: what it shows, writes, keeps, and refuses."""

import json

import pytest
from answers import ANSWERS
from commands import benchgrad

from benchgrad.learning import check

ENDLESS = "def central(f, x, h):\n    while True:\n        pass\n"


def test_all_exercises_are_listed_with_the_score(tmp_path):
    said = benchgrad("learn", cwd=tmp_path)
    assert said.returncode == 0
    assert said.stdout.count("\n") == 12 + 36 + 1
    assert said.stdout.splitlines()[0] == "1  A number that remembers"
    assert "0 of 36 exercises solved" in said.stdout


def test_an_exercise_is_shown_written_solved_and_counted(tmp_path):
    shown = benchgrad("learn", "10.1", cwd=tmp_path)
    assert "def central(f, x, h):" in shown.stdout
    written = benchgrad("learn", "10.1", "--out", "mine.py", cwd=tmp_path)
    assert written.returncode == 0
    empty = benchgrad("learn", "10.1", "mine.py", cwd=tmp_path)
    assert (empty.returncode, "returns None" in empty.stdout) == (1, True)
    (tmp_path / "mine.py").write_text(ANSWERS["10.1"].right)
    right = benchgrad("learn", "10.1", "mine.py", cwd=tmp_path)
    assert (right.returncode, right.stdout) == (0, "10.1: right. 1 of 36 exercises solved.\n")
    kept = json.loads((tmp_path / "benchgrad-learn.json").read_text())
    assert kept == {"format": 1, "tried": {"10.1": 2}, "solved": ["10.1"]}
    assert "✓ 10.1" in benchgrad("learn", cwd=tmp_path).stdout


def test_what_is_solved_stays_solved(tmp_path):
    answer = tmp_path / "answer.py"
    for source in (ANSWERS["10.1"].right, ENDLESS.replace("while True", "if True")):
        answer.write_text(source)
        benchgrad("learn", "10.1", "answer.py", cwd=tmp_path)
    assert "1 of 36" in benchgrad("learn", cwd=tmp_path).stdout


def test_an_endless_answer_is_ended(tmp_path):
    answer = tmp_path / "endless.py"
    answer.write_text(ENDLESS)
    assert "does every loop end?" in check("10.1", answer, timeout_s=2.0).hint


def test_an_answer_that_kills_its_process_harms_nobody(tmp_path):
    answer = tmp_path / "killed.py"
    answer.write_text("import os\nos.kill(os.getpid(), 9)\n")
    assert "did not survive" in check("10.1", answer).hint


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("13.1",), "no exercise '13.1'"),
        (("1.1", "absent.py"), "'absent.py' is no file"),
        (("1.1", "latin.py"), "not a text in UTF-8"),
        (("1.1", "--out", "latin.py"), "is there already"),
        (("1.1", "latin.py", "--out", "new.py"), "there is an answer already"),
        (("--out", "new.py"), "goes with an exercise"),
    ],
)
def test_a_mistake_of_the_reader_has_one_line(arguments, words, tmp_path):
    (tmp_path / "latin.py").write_bytes(b"x = '\xe9'\n")
    said = benchgrad("learn", *arguments, cwd=tmp_path)
    assert (said.returncode, said.stdout, said.stderr.count("\n")) == (2, "", 1)
    assert words in said.stderr


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"solved": 3}', b"\xff"])
def test_a_file_that_is_no_score_is_refused_and_kept(content, tmp_path):
    (tmp_path / "benchgrad-learn.json").write_bytes(content)
    said = benchgrad("learn", cwd=tmp_path)
    assert (said.returncode, "is no score" in said.stderr) == (2, True)
    assert (tmp_path / "benchgrad-learn.json").read_bytes() == content
