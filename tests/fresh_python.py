"""Code that runs in a Python of its own, which has imported nothing yet."""

import os
import subprocess
import sys


def printed_by(code, *arguments, **environment):
    command = [sys.executable, "-P", "-c", code, *arguments]
    env = os.environ | environment
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
