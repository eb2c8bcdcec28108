"""What the machine is and which libraries it has, for the records. Observed, not configured."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
from threadpoolctl import threadpool_info

from benchgrad.benchmarks.records import Environment

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "pandas", "matplotlib")


def observe() -> Environment:
    """Return the environment of this process; NumPy must have been imported for its BLAS."""
    blas = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return Environment(
        benchgrad=_version("benchgrad"),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=platform.platform(),
        processor=_processor(),
        n_cpus=psutil.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        load_1min=os.getloadavg()[0],
        libraries={name: _version(name) for name in _LIBRARIES},
        blas="; ".join(sorted({f"{pool['internal_api']} {pool['version']}" for pool in blas})),
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    """Return the processor's model, where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
