"""The two pipes that a child was started with: messages from its parent, and its answers.

Messages are JSON, one on each line. Nothing the child prints goes this way.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import IO

import msgspec


@contextlib.contextmanager
def pipes_to_parent() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open the descriptors in the arguments; no program that this process starts inherits them."""
    asked, answers = map(int, sys.argv[1:])
    os.set_inheritable(asked, False)
    os.set_inheritable(answers, False)
    with os.fdopen(asked, "rb") as incoming, os.fdopen(answers, "wb") as outgoing:
        yield incoming, outgoing


def send(pipe: IO[bytes], message: object) -> None:
    """Write a message and let it go at once."""
    pipe.write(msgspec.json.encode(message) + b"\n")
    pipe.flush()
