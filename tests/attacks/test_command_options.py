"""Options that name what is not there, not theirs, or nothing: one line, and nothing touched."""

import os

from commands import benchgrad
from strangers import one_line, refused, tree, what_it_broke

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
