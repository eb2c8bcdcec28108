"""What must hold of the engine `forward`: its name, its gradients, its training."""

from typing import ClassVar

from benchgrad.engines import available, load
from benchgrad.engines.conformance import ConformanceSuite, Options


def test_it_is_found_by_its_name() -> None:
    (status,) = [status for status in available() if status.name == "forward"]
    assert (status.status, status.reason) == ("ready", "")
    assert load("forward").name == "forward"


class TestConformance(ConformanceSuite):
    """A test for each check of `benchgrad check --fast forward`."""

    engine = "forward"
    options = Options(is_fast=True)
    # Checks that are known to fail, each with its reason: {"chain:*": "backward recurses"}. Those
    # that engine.py declares hold here, too.
    deviations: ClassVar[dict[str, str]] = {}
