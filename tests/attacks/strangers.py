"""What an attack leaves of files that are not benchgrad's, and what it answers."""

import os
import signal
import stat
import subprocess
from contextlib import contextmanager

from commands import benchgrad


def tree(folder):
    """Return every file, link and folder below a folder, with what it holds."""
    return {path: _content(path) for path in sorted(folder.rglob("*"))}


def _content(path):
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "link", os.readlink(path)
    if stat.S_ISREG(mode):
        return "file", path.read_bytes()
    return "special", stat.S_IFMT(mode)


def what_it_broke(before, folder):
    """Return what of a folder's content is another than before, empty if nothing is."""
    now = tree(folder)
    changed = [path for path, content in before.items() if now.get(path) != content]
    return f"changed or removed: {changed}" if changed else ""


class HungError(Exception):
    """A command took so long that somebody would have to end it."""


@contextmanager
def ending(cpu_s=60, wall_s=600):
    """Raise HungError in what computes too long, or waits for ever: the machine may be busy."""

    def hung(number, frame):
        raise HungError

    timers = {
        signal.ITIMER_PROF: (signal.SIGPROF, cpu_s),
        signal.ITIMER_REAL: (signal.SIGALRM, wall_s),
    }
    for timer, (number, seconds) in timers.items():
        signal.signal(number, hung)
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for timer in timers:
            signal.setitimer(timer, 0)


def answer(*arguments, cwd, drawn=False):
    """Call a command; an exception that leaves it, as one that hangs does, is a traceback."""
    try:
        with ending():
            return benchgrad(*arguments, cwd=cwd, drawn=drawn)
    except Exception as error:
        told = f"Traceback: {type(error).__name__}: {error}"
        return subprocess.CompletedProcess(arguments, 1, "", told)


def refused(arguments, folder, named, drawn=False):
    """Call a command that must be refused in one line that names something, and touch nothing.

    Return what it did instead, empty if it held.
    """
    before = tree(folder)
    done = answer(*arguments, cwd=folder, drawn=drawn)
    if broken := what_it_broke(before, folder):
        return broken
    if added := tree(folder).keys() - before.keys():
        return f"added: {sorted(added)}"
    return one_line(done, named)


def one_line(done, named):
    """Return what is wrong with the answer to a mistake, empty if it is one precise line."""
    lines = done.stderr.splitlines()
    if done.returncode != 2 or len(lines) != 1 or not lines[0].startswith("benchgrad: "):
        return f"exit {done.returncode}: {done.stderr[-500:]}"
    return "" if named in lines[0] else f"{named!r} is not in {lines[0]!r}"
