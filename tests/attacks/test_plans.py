"""Plans that ask for too much, or are no plans: one line, and nothing is run."""

import os

import pytest
from strangers import refused

ENGINE = '\n[[engines]]\nname = "numpy"\n'
NESTED = 5_000


def plan(text):
    return f'title = "t"\n{text}{ENGINE}'.encode()


PLANS = {
    "arrays in arrays": b"title = " + b"[" * NESTED + b"]" * NESTED,
    "tables in tables": b"title = " + b"{a=" * NESTED + b"1" + b"}" * NESTED,
    "keys in keys": b"a" + b".a" * NESTED + b" = 1",
    "tables of tables": b"[a" + b".a" * NESTED + b"]",
    "not UTF-8": b'title = "\xff"\n',
    "nulls": bytes(1000),
    "nothing": b"",
    "no engines": b'title = "t"\nengines = []\n',
    "a number for a title": plan("").replace(b'"t"', b"1"),
    "two titles": plan('title = "u"\n'),
    "an unknown key": plan('shell = "true"\n'),
    "a trillion rounds": plan("rounds = 1_000_000_000_000\n"),
    "rounds below 0": plan("rounds = -1\n"),
    "a trillion epochs": plan("epochs = 1_000_000_000_000\n"),
    "more than an integer": plan(f"epochs = {10**400}\n"),
    "half an epoch": plan("epochs = 0.5\n"),
    "endless time": plan("timeout_s = inf\n"),
    "no number": plan("timeout_s = nan\n"),
    "a trillion neurons": plan("[model]\nhidden = [1_000_000_000_000]\n"),
    "a thousand layers": plan(f"[model]\nhidden = {[8] * 1000}\n"),
    "a trillion rows": plan("[data]\nn_samples = 1_000_000_000_000\n"),
    "a trillion threads": plan("threads = 1_000_000_000_000\n"),
    "memory without end": plan(f"memory_bytes = {2**60}\n"),
    "a long title": plan("").replace(b'"t"', b'"' + b"t" * 10**6 + b'"'),
    "a long name": plan("").replace(b"numpy", b"n" * 10**5),
    "no name": plan("").replace(b'"numpy"', b'""'),
    "a thousand engines": plan(ENGINE.join(["", *([""] * 1000)]).replace("numpy", "tensor")),
    "an engine twice": plan(ENGINE),
    "an engine that is not there": plan("").replace(b"numpy", b"/etc/passwd.py"),
    "an engine with colours": plan("").replace(b"numpy", rb"\u001b[31mred"),
    "an engine with a null": plan("").replace(b"numpy", rb"\u0000.py"),
    "data that are not there": plan('[data]\nname = "/nowhere/x.csv"\n'),
    "data with a null": plan('[data]\nname = "\\u0000.csv"\n'),
    "data of a long name": plan(f'[data]\nname = "{"d" * 300}.csv"\n'),
    "a folder as data": plan('[data]\nname = "folder.csv"\n'),
    "a device as data": plan('[data]\nname = "zero.csv"\n'),
    "a pipe as data": plan('[data]\nname = "pipe.csv"\n'),
}
SAMPLE = ["arrays in arrays", "a trillion rounds", "more than an integer", "an engine with a null",
          "a pipe as data", "a device as data", "a thousand engines"]  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [pytest.param(SAMPLE, marks=pytest.mark.sample), [n for n in PLANS if n not in SAMPLE]],
    ids=["sample", "rest"],
)
def test_a_plan_that_is_none_gets_one_line(tmp_path, names, attacked):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.csv")
    broken = {}
    for name in names:
        (tmp_path / "plan.toml").write_bytes(PLANS[name])
        broken[name] = refused(("run", "plan.toml"), tmp_path, "")
    attacked(broken)


def test_a_plan_that_cannot_be_read_gets_one_line(tmp_path, attacked):
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    names = ["pipe.toml", "folder.toml", "loop.toml", "zero.toml", "n" * 300 + ".toml",
             "x/" * 3000 + ".toml", "gone.toml", "", " ", "\udcff.toml", "headline\n"]  # fmt: skip
    attacked({name: refused(("run", name), tmp_path, "") for name in names})
