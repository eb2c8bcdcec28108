"""Commands of benchgrad: called in this process, or started in one that a test may kill.

A started command is forked from a process that has the imports already, so it costs only what it
does itself. Neither kind draws plots unless asked to, since most tests never look at them.
"""

import contextlib
import io
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import psutil

from benchgrad.command_line.main import main
from benchgrad.reports import page

BENCHGRAD = Path(sys.executable).with_name("benchgrad")  # the installed command
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        "benchgrad.benchmarks.cell.worker",
        "benchgrad.command_line.run",
        "benchgrad.engines.handwritten",
        "benchgrad.engines.tensor.engine",
        "benchgrad.reports.page",
        "matplotlib.figure",
        "pandas",
        "sklearn.datasets",
        "sklearn.model_selection",
    ]
)


def benchgrad(*arguments, cwd, drawn=False):
    """Call a command in a folder; return its exit code and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        mock.patch.object(sys, "argv", ["benchgrad", *map(str, arguments)]),
        contextlib.nullcontext() if drawn else mock.patch.object(page, "all_plots", list),
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


class Started:
    """A command in a process of its own, with a pipe for each of its outputs."""

    def __init__(self, arguments, cwd):
        self._readers, writers = zip(*(PROCESSES.Pipe(duplex=False) for _ in range(2)), strict=True)
        self._process = PROCESSES.Process(target=_command, args=(arguments, cwd, *writers))
        self._process.daemon = True  # should a test fail, it ends with the tests
        self._process.start()
        for writer in writers:
            writer.close()
        self.stdout, self.stderr = (os.fdopen(r.fileno(), closefd=False) for r in self._readers)
        self.pid, self.kill = self._process.pid, self._process.kill

    def send_signal(self, number):
        os.kill(self.pid, number)

    def end(self):
        """Wait until it has ended; return its exit code and the rest of what it printed."""
        self._process.join(timeout=120)
        code = self._process.exitcode
        assert code is not None, "it did not end"
        return subprocess.CompletedProcess((), code, self.stdout.read(), self.stderr.read())

    def workers(self):
        """Return the worker processes that are running for it."""
        return [
            child
            for child in psutil.Process(self.pid).children(recursive=True)
            if "benchgrad.benchmarks.cell.worker" in child.cmdline()
        ]

    def wait_for(self, text):
        """Return once it has printed a line with this text on standard error."""
        for line in self.stderr:
            if text in line:
                return
        raise AssertionError(f"the command ended without {text!r}")


def _command(arguments, cwd, out, err):
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    os.chdir(cwd)
    sys.argv = ["benchgrad", *arguments]
    page.all_plots = list
    main()


def start(*arguments, cwd):
    """Start a command in a folder."""
    return Started(arguments, cwd)


def wait_for_file(path):
    """Return once a file is there."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
