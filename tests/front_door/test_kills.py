"""A sample of `make kills`: a run that is killed three times, each time while it works."""

import itertools
import signal

from commands import start
from kills import Kill, Pace, Trial


def test_a_run_that_is_killed_again_and_again_has_every_cell_once_and_leaves_nothing(tmp_path):
    kills = [
        Kill(signal.SIGKILL, "both", 0.0),
        Kill(signal.SIGTERM, "both", 0.0),
        Kill(signal.SIGHUP, "worker", 0.0),
    ]
    trial = Trial(tmp_path, 1, lambda arguments, folder: start(*arguments, cwd=folder))
    struck = list(trial.killed(itertools.chain(kills, itertools.repeat(kills[-1])), Pace(1.0, 1.0)))
    assert [kill for kill, _ in struck[:3]] == kills
    assert [broken for _, broken in struck if broken] == []
