"""Children that answer, fall silent, print, chatter and die: what their parent hears of it."""

import os
import time

import pytest
from children import ANY, Question, ask

from benchgrad.processes import child as child_module
from benchgrad.processes.child import (
    ALLOCATOR_VARIABLES,
    THREAD_VARIABLES,
    ChildProcess,
    Limits,
)
from benchgrad.processes.ending import (
    ChildEndedError,
    ChildError,
    ChildSpeechError,
    ChildTimeoutError,
    MemoryExceededError,
)

MIB = 2**20


def test_each_answer_belongs_to_its_question(child):
    with child("print('noise'); answer(question.upper())") as found:
        assert [ask(found, text) for text in ("a", "b", "x" * 30_000)] == ["A", "B", "X" * 30_000]


def test_answers_come_in_order_with_a_none_while_the_child_is_silent(child):
    with child("for i in range(3): answer(i); time.sleep(0.3)\nos._exit(0)") as found:
        found.send(Question())
        heard = list(found.messages(ANY))
        assert found.exit().code == 0
    assert [answer for answer in heard if answer is not None] == [0, 1, 2]
    assert None in heard


def test_a_child_gets_its_limits_before_it_imports_anything(child):
    with child("answer(dict(os.environ))") as found:
        variables = ask(found)
    assert [variables[name] for name in THREAD_VARIABLES] == ["2"] * 6
    assert variables.items() >= ALLOCATOR_VARIABLES.items()


def test_a_child_is_the_first_to_go_when_memory_runs_out(child):
    with child("answer(open('/proc/self/oom_score_adj').read())") as found:
        assert ask(found) == "1000\n"


def test_no_program_that_a_child_starts_gets_the_pipes(child):
    listing = "os.listdir('/proc/self/fd')"
    program = f"[sys.executable, '-c', \"import os; print(len({listing}))\"]"
    with child(f"answer(subprocess.check_output({program}, close_fds=False).decode())") as found:
        assert ask(found) == "4\n"  # standard input, output, error, and that of the listing


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("print('last', 'words', flush=True); os._exit(4)", "4 before it was done: last words"),
        ("os.write(2, b'caf\\xe9\\n \\n'); sys.exit(3)", "3 before it was done: caf\ufffd"),
        ("raise KeyError('lost')", "1 before it was done: KeyError: 'lost'"),
        ("os._exit(0)", "0 before it was done"),
        ("os.close(1); os.close(2); os._exit(4)", "4 before it was done"),
        ("answers.close(); os._exit(5)", "5 before it was done"),
    ],
)
def test_an_exit_is_told_in_one_line_with_the_last_words(child, body, told):
    with child(body) as found, pytest.raises(ChildEndedError) as error:
        ask(found)
    assert str(error.value) == f"its process ended with exit code {told}"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "9 (SIGKILL)"),
        ("os.kill(os.getpid(), signal.SIGTERM)", "15 (SIGTERM)"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "11 (SIGSEGV)"),
        ("os.killpg(0, signal.SIGHUP)", "1 (SIGHUP)"),
        ("os.kill(os.getppid(), signal.SIGKILL)", "9 (SIGKILL)"),
        ("os.kill(os.getpid(), 40)", "40"),  # a real-time signal has no name
    ],
)
def test_a_signal_is_told_by_its_number_and_its_name_if_it_has_one(child, body, told):
    with child(body) as found, pytest.raises(ChildEndedError) as error:
        ask(found)
    assert str(error.value) == f"its process was killed by signal {told}"


def test_a_module_that_is_not_there_is_told():
    with (
        ChildProcess("no_such_module_at_all", Limits(1, 30.0)) as found,
        pytest.raises(ChildEndedError, match="No module named no_such_module"),
    ):
        ask(found)


def test_a_flood_of_printed_lines_leaves_its_end_only(child):
    flood = "[os.write(1, b'x' * 1023 + b'\\n') for _ in range(50_000)]; print('the end')"
    with child(f"{flood}; sys.exit(3)") as found:
        with pytest.raises(ChildEndedError, match="exit code 3 before it was done: the end"):
            ask(found)
        assert len(found._printed) == child_module._TAIL


@pytest.mark.parametrize(
    "body",
    [
        "time.sleep(60)",
        "while True: print('noise')",
        "[signal.signal(s, signal.SIG_IGN) for s in (1, 2, 15)]; time.sleep(60)",
        "os.close(1); os.close(2); answers.close(); time.sleep(60)",
    ],
)
def test_a_child_that_takes_too_long_is_ended(child, body):
    began = time.monotonic()
    with child(body, timeout_s=1.0) as found, pytest.raises(ChildTimeoutError, match="after 1 s"):
        ask(found)
    assert 1.0 <= time.monotonic() - began < 10.0


def test_a_child_that_is_never_silent_is_ended_in_time_as_well(child):
    heard = []
    with child("while True: answer('again'); time.sleep(0.01)", timeout_s=2.0) as found:
        found.send(Question())
        with pytest.raises(ChildTimeoutError):
            heard.extend(found.messages(ANY))
    assert len(heard) > 10


def test_each_question_has_a_time_limit_of_its_own(child):
    with child("time.sleep(float(question)); answer('done')", timeout_s=1.5) as found:
        assert [ask(found, "0.8") for _ in range(2)] == ["done"] * 2
        with pytest.raises(ChildTimeoutError, match=r"killed after 0\.2 s"):
            found.ask(Question("9"), ANY, timeout_s=0.2)


@pytest.mark.parametrize("speech", ["b'garbage\\n'", "b'\\xff\\n'", "b'x' * 100_000"])
def test_what_is_no_answer_ends_the_talk(child, monkeypatch, speech):
    monkeypatch.setattr(child_module, "LONGEST_ANSWER", 1 << 16)
    with (
        child(f"answers.write({speech}); answers.flush(); time.sleep(60)") as found,
        pytest.raises(ChildSpeechError, match="it wrote into the harness's own pipe"),
    ):
        ask(found)


HOARD = "held = b'x' * 200 * 2**20; time.sleep(60)"
SPREAD_HOARD = """
for _ in range(4):
    if os.fork() == 0:
        held = b'x' * 60 * 2**20; time.sleep(60)
time.sleep(60)
"""
SHARED = """
held = b'x' * 50 * 2**20
for _ in range(8):
    if os.fork() == 0:
        time.sleep(60)
time.sleep(0.5); answer('done')
"""


@pytest.mark.parametrize("body", [HOARD, SPREAD_HOARD])
def test_the_memory_of_a_child_and_all_below_it_is_limited(child, body):
    with child(body, memory_bytes=150 * MIB) as found, pytest.raises(MemoryExceededError) as error:
        ask(found)
    killed, _, limit = str(error.value).partition("; ")
    assert limit == "the limit is 150 MiB"
    assert 150 <= int(killed.removeprefix("killed at ").removesuffix(" MiB")) < 1000


def test_memory_that_forked_processes_share_counts_once(child):
    with child(SHARED, memory_bytes=150 * MIB) as found:
        assert ask(found) == "done"


def test_a_child_whose_process_cannot_start_leaves_no_pipe_open(monkeypatch):
    before = set(os.listdir("/proc/self/fd"))
    monkeypatch.setattr("sys.executable", "/no/such/python")
    with pytest.raises(FileNotFoundError):
        ChildProcess("benchgrad", Limits(1, 1.0))
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_child_that_was_ended_leaves_no_pipe_open(child):
    before = set(os.listdir("/proc/self/fd"))
    with child("sys.exit(1)") as found, pytest.raises(ChildError):
        ask(found)
    assert set(os.listdir("/proc/self/fd")) == before
