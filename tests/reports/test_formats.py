"""The text of every number, to the letter."""

import math

import pytest

from benchgrad.reports import formats

# fmt: off
TEXTS = {
    "significant": [
        (0, "0"), (0.0, "0"), (1, "1.00"), (12, "12.0"), (123, "123"), (1234, "1,234"),
        (1234567.8, "1,234,568"), (2.355, "2.35"), (0.999, "0.999"), (0.0012345, "0.00123"),
        (-2.36, "-2.36"), (-0.05, "-0.0500"), (999.4, "999"), (999.9, "1,000"),
        (0.9996, "1.00"), (9.996, "10.0"), (99.96, "100"), (-9.996, "-10.0"),  # rounded up
        (math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan"),
    ],
    "seconds": [
        (0, "0 s"), (651.86, "652 s"), (2.36, "2.36 s"), (32.593, "32.6 s"), (0.0236, "23.6 ms"),
        (0.00041, "410 µs"), (4.2e-8, "42.0 ns"), (1.0, "1.00 s"), (1e-3, "1.00 ms"),
        (1e-6, "1.00 µs"), (1e-9, "1.00 ns"), (0.999, "999 ms"), (0.000999, "999 µs"),
        (999.9, "1,000 s"), (1e9, "1,000,000,000 s"), (4e-10, "400 ps"), (4e-13, "4e-13 s"),
        (-2.36, "-2.36 s"), (-0.0005, "-500 µs"),
        # Those that round up take the unit that they round to.
        (0.9999, "1.00 s"), (0.9999e-3, "1.00 ms"), (0.9999e-6, "1.00 µs"),
        (-0.9999e-3, "-1.00 ms"), (9.9996e-3, "10.0 ms"), (0.09996, "100 ms"),
    ],
    "duration": [
        (0, "0 s"), (0.0236, "23.6 ms"), (2.36, "2.36 s"), (119.4, "119 s"), (120, "2 min 0 s"),
        (651.86, "10 min 52 s"), (659.7, "11 min 0 s"), (7199.9, "120 min 0 s"),
    ],
    "published": [
        (651.86, "10 min 51.86 s"), (2.36, "2.36 s"), (119.5, "119.5 s"), (120, "2 min 0 s"),
    ],
    "ratio": [
        (0, "0 ×"), (1, "1.00 ×"), (0.82, "0.820 ×"), (0.999, "0.999 ×"), (5.004, "5.00 ×"),
        (99.4, "99.4 ×"), (100, "100 ×"), (100.6, "101 ×"), (1381.0593, "1,381 ×"),
        (1e9, "1,000,000,000 ×"), (-3, "-3.00 ×"), (0.9999, "1.00 ×"), (99.97, "100 ×"),
    ],
    "speedup": [
        (15.58, "15.6 × faster"), (0.5, "2.00 × slower"), (1.0001, "equally fast"),
        (0.998, "equally fast"), (0.98, "1.02 × slower"),
    ],
    "memory": [
        (0, "0 B"), (512, "512 B"), (2**10, "1.00 KiB"), (43.5 * 2**10, "43.5 KiB"),
        (40.1 * 2**20, "40.1 MiB"), (-(2**20), "-1.00 MiB"), (23.5 * 2**30, "23.5 GiB"),
    ],
    "percent": [
        (0, "0.0 %"), (1, "100.0 %"), (0.968, "96.8 %"), (0.9996, "100.0 %"), (0.0004, "0.0 %"),
        (0.999, "99.9 %"), (-0.5, "-50.0 %"),
    ],
    "scientific": [
        (0, "0"), (2.22e-16, "2.2e-16"), (4e-10, "4.0e-10"), (1e-9, "1.0e-09"), (0.5, "5.0e-01"),
        (9.99e-5, "1.0e-04"), (1e9, "1.0e+09"), (-3e-7, "-3.0e-07"),
    ],
    "flops": [
        (48.14e9, "48.1 GFLOP/s"), (3.5e6, "3.50 MFLOP/s"), (999.6e3, "1.00 MFLOP/s"),
        (12.0, "12.0 FLOP/s"),
    ],
    "share": [(0.42, "42 %"), (0.0081, "0.81 %"), (3e-6, "0.00030 %")],
    "decimal": [(0.994, "0.99"), (2, "2.00")],
    "count": [(77376, "77,376"), (0, "0")],
}
# fmt: on
NUMBERS = set(TEXTS) - {"significant", "published"}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [(name, value, text) for name, texts in TEXTS.items() for value, text in texts],
)
def test_every_number_has_its_text(name, value, text):
    assert getattr(formats, name)(value) == text


def test_significant_keeps_as_many_digits_as_asked_for():
    assert formats.significant(3.14159, digits=2) == "3.1"
    assert formats.significant(31.4159, digits=2) == "31"
    assert formats.significant(3.14159, digits=5) == "3.1416"


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (1.3, 1.27, 1.33, "1.30 × (1.27 to 1.33)"),
        (1299.4, 1250.0, 1340.2, "1,299 × (1,250 to 1,340)"),
        (0.9876, 0.95, 1.0, "0.988 × (0.950 to 1.00)"),
        (1.3, math.nan, math.nan, "1.30 ×"),
        (1.3, None, None, "1.30 ×"),
        (None, None, None, "–"),
    ],
)
def test_ratio_between(value, low, high, text):
    assert formats.ratio_between(value, low, high) == text


@pytest.mark.parametrize("value", [None, math.nan])
@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_what_is_unknown_is_a_dash(name, value):
    assert getattr(formats, name)(value) == "–"


@pytest.mark.parametrize("value", [math.inf, -math.inf])
@pytest.mark.parametrize("name", sorted(NUMBERS - {"speedup"}))
def test_what_is_infinite_says_so(name, value):
    assert getattr(formats, name)(value).startswith(str(value))
