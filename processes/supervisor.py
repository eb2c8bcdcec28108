"""The processes between a program and its child: they outlive both and leave nothing behind.

Run as ``python -P -S supervisor.py PARENT COMMAND...``, so it may import only the standard library.
It starts the command in a new session, waits for it, kills every process that the command left
behind, and then ends as the command did: with the same exit code or by the same signal. On SIGTERM,
or when its parent dies, it kills the command first. It knows nothing of pipes, limits or messages.

There are two, one below the other. A command can kill its parent, and with it the only process that
knew the command's orphans; then they come to the other supervisor, which ends them all the same.

On Linux the supervisor adopts orphans (`PR_SET_CHILD_SUBREAPER`), whatever group or session they
moved to. So it finds everything that the command started, and nothing else: it never sees the other
children of the program that it works for.
"""

import contextlib
import ctypes
import functools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator

# From linux/prctl.h.
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36

Work = Callable[[int], None]  # takes the process id of its parent

_AWAITED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP)
_PATIENCE_S = 5.0  # until processes that were killed must be gone
_LOOK_S = 1e-3  # between two looks at processes that were killed


def main() -> None:
    """Supervise a command; the arguments are the parent's process id, then the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    signal.signal(signal.SIGCHLD, lambda *_: None)  # some systems drop a signal nobody handles
    inherited = signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    run = functools.partial(_become, command, inherited)
    _supervise(functools.partial(_supervise, run), parent)


def _supervise(work: Work, parent: int) -> None:
    """Do some work in a child, leave nothing of it behind, and end as it did."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    # SIGHUP also comes when only the thread that started this process ends; the loop goes on then.
    _prctl(_PR_SET_PDEATHSIG, signal.SIGHUP)
    child = _start(work)
    codes: dict[int, int] = {}
    while os.getppid() == parent and signal.sigwait(_AWAITED) != signal.SIGTERM:
        codes |= _reaped()
        if child in codes:
            break
    _end_all(child)
    _end_by(codes.get(child, -signal.SIGTERM))


def _start(work: Work) -> int:
    """Do some work in a new process, in a session of its own, and return its process id."""
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        work(parent)
    finally:
        os._exit(127)


def _become(command: list[str], signals: Iterable[int], supervisor: int) -> None:
    """Let this process be a command, with these signals blocked; it dies with its supervisor."""
    signal.pthread_sigmask(signal.SIG_SETMASK, signals)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Out of memory, the kernel shall kill this process first, where there is such a file.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")
    if os.getppid() == supervisor:
        os.execv(command[0], command)


def _reaped() -> dict[int, int]:
    """Return the exit codes of the children that have ended, by process id."""
    codes = {}
    with contextlib.suppress(ChildProcessError):  # there are no more
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            codes[ended[0]] = os.waitstatus_to_exitcode(ended[1])
    return codes


def _end_all(child: int) -> None:
    """Kill all children, then the orphans that they leave, until there are none."""
    if sys.platform != "linux":  # no orphans come here; the child's group can be found
        for kill in (os.kill, os.killpg):
            with contextlib.suppress(OSError):
                kill(child, signal.SIGKILL)
        return
    deadline = time.monotonic() + _PATIENCE_S
    while (children := list(_children())) and time.monotonic() < deadline:
        for pid in children:
            with contextlib.suppress(PermissionError):
                os.kill(pid, signal.SIGKILL)  # not reaped yet, so the id is still the child's
        _reaped()
        time.sleep(_LOOK_S)


def _children() -> Iterator[int]:
    """Yield the process ids of all children, including those that ended but are not reaped yet."""
    own = b"%d" % os.getpid()
    for name in filter(str.isdigit, os.listdir("/proc")):
        # pid (name) state parent ...; a name may contain spaces and parentheses
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as status:
            if status.read().rpartition(b")")[2].split()[1] == own:
                yield int(name)


def _end_by(code: int) -> None:
    """End this process with an exit code; a negative one is a signal, as in `subprocess`."""
    if code >= 0:
        os._exit(code)
    _prctl(_PR_SET_DUMPABLE, 0)  # one core is enough
    with contextlib.suppress(OSError):  # SIGKILL cannot be handled
        signal.signal(-code, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.kill(os.getpid(), -code)


def _prctl(option: int, argument: int) -> None:
    """Tell Linux how to treat this process; elsewhere do nothing."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(option, ctypes.c_ulong(argument), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    main()
