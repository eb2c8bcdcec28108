"""Options that name what is not there, not theirs, or nothing: one line, and nothing touched."""

import os

import pytest
from commands import benchgrad
from strangers import answer, one_line, refused, tree, what_it_broke

QUICK = ("quick", "--engines", "numpy", "--epochs", "1", "--no-wait")
MINE = b"mine, and nobody else's"


def locks(folder):
    """Make what is no lock; return each by its name."""
    folder.mkdir()
    found = {
        name: folder / name
        for name in ("text", "json", "lines", "zeros", "link", "no target", "pipe", "folder")
    }
    found["text"].write_bytes(MINE)
    found["json"].write_text('{"pid": 1, "since": "noon", "command": "vi", "more": 1}')
    found["lines"].write_text('{"pid": 1, "since": "noon", "command": "vi"}\n{}\n')
    found["zeros"].write_bytes(bytes(100))
    found["link"].symlink_to(folder / "text")
    found["no target"].symlink_to(folder / "nowhere")
    os.mkfifo(found["pipe"])
    found["folder"].mkdir()
    return found | {"null": "/dev/null", "nothing": ""}


def test_a_lock_that_is_not_ours_is_refused(tmp_path, attacked):
    no_locks = locks(tmp_path / "locks")
    named = {name: repr(str(lock)) for name, lock in no_locks.items()} | {"nothing": "no path"}
    attacked({n: refused_lock(tmp_path, lock, named[n]) for n, lock in no_locks.items()})


def refused_lock(folder, lock, named):
    """A run claims its folder before it takes the lock, so that may be there afterwards."""
    before = tree(folder)
    done = benchgrad("run", *QUICK, "--lock", lock, "--out", "out", cwd=folder)
    return what_it_broke(before, folder) or one_line(done, named)


def test_outputs_go_to_no_link_folder_pipe_or_device(judged, tmp_path, attacked):
    (tmp_path / "mine").write_bytes(MINE)
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / ".half.partial").symlink_to(tmp_path / "mine")
    os.mkfifo(tmp_path / "pipe")
    compare = ("compare", judged, judged, "--out")
    check = ("check", "numpy", "--fast", "--junit")
    broken = {}
    for name in ("", "link", "folder", "pipe", "/dev/null", "mine/below", "half", "n" * 300):
        named = f"{name!r}" if name else "is no path"
        broken[f"compare: {name}"] = refused((*compare, name), tmp_path, named)
    for name in ("", "link", "folder", "pipe", "/dev/null"):
        named = f"{name!r}" if name else "is no path"
        broken[f"check: {name}"] = refused((*check, name), tmp_path, named)
    attacked(broken)


BAD = "\udcff\udcfe"  # how Python shows bytes that are not UTF-8
LONG = "n" * 300
MISTAKES = {
    "no plan": ("run", ""),
    "a blank plan": ("run", " "),
    "a plan of bytes": ("run", BAD),
    "a plan of a long name": ("run", LONG),
    "a plan file of a long name": ("run", f"{LONG}.toml"),
    "a plan with a null": ("run", "x\0.toml"),
    "no engine": ("run", "quick", "--engines", ""),
    "only commas": ("run", "quick", "--engines", ",,,"),
    "an engine of bytes": ("run", "quick", "--engines", f"{BAD}.py"),
    "an engine of a long name": ("run", "quick", "--engines", f"{LONG}.py"),
    "an engine with a null": ("run", "quick", "--engines", "x\0.py"),
    "an engine of colours": ("run", "quick", "--engines", "\x1b[31m"),
    "an engine with no module": ("run", "quick", "--engines", ":"),
    "an engine twice": ("run", "quick", "--engines", "numpy,numpy"),
    "1,000 engines": ("run", "quick", "--engines", ",".join(f"os:x{i}" for i in range(1000))),
    "no data": ("run", "quick", "--dataset", ""),
    "data of bytes": ("run", "quick", "--dataset", f"{BAD}.csv"),
    "data of a long name": ("run", "quick", "--dataset", f"{LONG}.csv"),
    "no label": ("run", "quick", "--dataset", "x.csv", "--label", ""),
    "epochs below 0": ("run", "quick", "--epochs", "-1"),
    "a trillion epochs": ("run", "quick", "--epochs", "1000000000000"),
    "400 digits of epochs": ("run", "quick", "--epochs", "9" * 400),
    "5,000 digits of epochs": ("run", "quick", "--epochs", "9" * 5000),
    "a trillion rounds": ("run", "quick", "--rounds", "1000000000000"),
    "no precision": ("run", "quick", "--precision", ""),
    "a precision of 0": ("run", "quick", "--precision", "0%"),
    "no budget": ("run", "quick", "--budget", ""),
    "an endless budget": ("run", "quick", "--budget", "inf"),
    "a budget of 400 digits": ("run", "quick", "--budget", "9" * 400),
    "a timeout below 0": ("run", "quick", "--timeout", "-1s"),
    "no memory": ("run", "quick", "--memory", ""),
    "memory of 400 digits": ("run", "quick", "--memory", "9" * 400 + "GiB"),
    "a trillion threads": ("run", "quick", "--threads", "1000000000000"),
    "a seed below 0": ("run", "quick", "--seed", "-1"),
    "a seed of 5,000 digits": ("run", "quick", "--seed", "9" * 5000),
    "a seed of other digits": ("run", "quick", "--seed", "²"),
    "another allocator": ("run", "quick", "--allocator", "none"),
    "a processor that is not there": ("run", "quick", "--cpu", "65535"),
    "a processor below 0": ("run", "quick", "--cpu", "-1"),
    "no folder": ("run", "quick", "--out", ""),
    "a folder of bytes": ("run", "quick", "--out", BAD),
    "a folder of a long name": ("run", "quick", "--out", LONG),
    "a folder of a long path": ("run", "quick", "--out", "d/" * 5000),
    "a folder below a file": ("run", "quick", "--out", "file/below"),
    "a folder in /proc": ("run", "quick", "--out", "/proc/self/x"),
    "a device as a folder": ("run", "quick", "--out", "/dev/null"),
    "a loop as a folder": ("run", "quick", "--out", "loop"),
    "a folder with a null": ("run", "quick", "--out", "x\0y"),
    "no run to go on with": ("run", "--resume", ""),
    "a run that is not there": ("run", "--resume", "nowhere"),
    "a run of a long name": ("run", "--resume", LONG),
    "a run in a file": ("run", "--resume", "file"),
    "a lock of a long name": ("run", "quick", "--lock", LONG),
    "a lock below a file": ("run", "quick", "--lock", "file/lock"),
    "a report of nothing": ("report", ""),
    "a report of a long name": ("report", LONG),
    "a report of bytes": ("report", BAD),
    "a report in a file": ("report", "file"),
    "a report in a loop": ("report", "loop"),
    "a report with a null": ("report", "x\0y"),
    "verify nothing": ("verify", ""),
    "verify a long name": ("verify", LONG),
    "verify a file": ("verify", "file"),
    "verify a loop": ("verify", "loop"),
    "compare nothing": ("compare", "", ""),
    "compare long names": ("compare", LONG, LONG),
    "compare a device": ("compare", "/dev/zero", "/dev/zero"),
    "compare a pipe": ("compare", "pipe", "pipe"),
    "compare a loop": ("compare", "loop", "loop"),
    "a ratio that is none": ("compare", "file", "file", "--fail-above", "nan"),
    "two versions of nothing": ("compare", "--run", "", ""),
    "two versions of a long name": ("compare", "--run", LONG, LONG),
    "two versions of a long file": ("compare", "--run", f"{LONG}.py", f"{LONG}.py"),
    "a version that is an option": ("compare", "--run", "--", "--output=x:a.py", "numpy"),
    "a version of no revision": ("compare", "--run", "nowhere:a.py", "numpy"),
    "a project that is nested": ("compare", "--run", "nested", "numpy"),
    "check nothing": ("check", ""),
    "check a long name": ("check", f"{LONG}.py"),
    "check bytes": ("check", f"{BAD}.py"),
    "check with a null": ("check", "x\0.py"),
    "check in no time": ("check", "numpy", "--timeout", "0"),
    "an engine without a name": ("new-engine", ""),
    "an engine of a long package": ("new-engine", LONG),
    "an engine that goes up": ("new-engine", "../x"),
    "a package below a file": ("new-engine", "mine", "--out", "file/below"),
    "a package of a long name": ("new-engine", "mine", "--out", LONG),
}
SAMPLE = ["no plan", "a plan of bytes", "an engine of a long name", "an engine with a null",
          "no folder", "a folder of a long name", "compare a device", "400 digits of epochs",
          "a project that is nested"]  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [pytest.param(SAMPLE, marks=pytest.mark.sample), [n for n in MISTAKES if n not in SAMPLE]],
    ids=["sample", "rest"],
)
def test_a_mistake_gets_one_line(tmp_path, names, attacked):
    (tmp_path / "file").write_bytes(MINE)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "x.csv").write_text("x,label\n1,a\n2,b\n3,a\n4,b\n")
    (tmp_path / "nested").mkdir()
    (tmp_path / "nested/pyproject.toml").write_text("x = " + "[" * 5000)
    os.mkfifo(tmp_path / "pipe")
    attacked({name: mistaken(MISTAKES[name], tmp_path) for name in names})


def mistaken(arguments, folder):
    """Commands that find their mistake late may leave the folder that they made for it."""
    before = tree(folder)
    done = answer(*arguments, cwd=folder)
    made = [path for path in tree(folder).keys() - before.keys() if path.name != "reports"]
    left = [path for path in made if path.is_file() or path.is_symlink()]
    return what_it_broke(before, folder) or (f"left {left}" if left else "") or usage(done)


def usage(done):
    """Return what is wrong with an answer; the options' own parser may show how to ask for help."""
    lines = done.stderr.splitlines()
    if done.returncode == 2 and lines and lines[0].startswith("Usage: "):
        return ""
    return one_line(done, "")
