"""The engine `tensor`, which leaves a process behind in a session of its own: for `make kills`."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from benchgrad.engines import MLP, SGD, Classifier, Engine, load

Array = NDArray[Any]
tensor = load("tensor")
SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(120)"]


class RestlessEngine(Engine):
    """Trains with `tensor`, and starts a process for each classifier."""

    name = "restless"
    kind = tensor.kind
    capabilities = tensor.capabilities

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        subprocess.Popen(SLEEP, start_new_session=True)
        return tensor.classifier(model, parameters, optimizer, dtype)

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        return tensor.value_and_grad(function, *arrays)


engine = RestlessEngine()
