"""A child's two pipes to its parent: one for messages, one for answers.

Each message is a line of JSON. What the child prints goes elsewhere.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import IO

import msgspec


@contextlib.contextmanager
def pipes_to_parent() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open the pipes named in the arguments; programs started from here do not inherit them."""
    asked, answers = map(int, sys.argv[1:])
    os.set_inheritable(asked, False)
    os.set_inheritable(answers, False)
    with os.fdopen(asked, "rb") as incoming, os.fdopen(answers, "wb") as outgoing:
        yield incoming, outgoing


def send(pipe: IO[bytes], message: object) -> None:
    """Write a message and flush it."""
    pipe.write(msgspec.json.encode(message) + b"\n")
    pipe.flush()
