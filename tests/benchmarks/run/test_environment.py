"""What is measured of the machine."""

import math

import numpy as np
import pytest

from benchgrad.benchmarks.run import environment


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_rate_of_the_exponential_is_that_of_numpy_in_the_plans_dtype(monkeypatch, dtype):
    seen = []

    def exp(x, out):
        seen.append((x.dtype, x.max() <= 0.0, len(x)))
        return np.multiply(x, x, out=out)

    monkeypatch.setattr(environment.np, "exp", exp)
    rate = environment.exp_per_s(dtype)
    assert math.isfinite(rate)
    assert rate > 0.0
    assert set(seen) == {(np.dtype(dtype), True, environment._EXP_N)}
