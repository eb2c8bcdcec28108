"""The machine that the records of tests name, where no run was made."""

from benchgrad.benchmarks.records import Environment

ENVIRONMENT = Environment(
    benchgrad="0.1.0",
    python="CPython 3.11.0",
    platform="Linux",
    processor="Imagined CPU",
    n_cpus=2,
    memory_bytes=2**33,
    load_1min=0.5,
    libraries={"numpy": "2.0.0", "scipy": "1.14.0"},
    blas="openblas 0.3",
)
