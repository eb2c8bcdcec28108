"""Whether results remember how they were made. No Value is known here."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

tracking: ContextVar[bool] = ContextVar("benchgrad.engines.tensor.tracking", default=True)


@contextmanager
def no_grad() -> Iterator[None]:
    """Within this context results remember nothing: they are constants."""
    token = tracking.set(False)
    try:
        yield
    finally:
        tracking.reset(token)
