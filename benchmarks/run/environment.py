"""What the machine is and which libraries it has, for the records. Observed, not configured."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import psutil
from threadpoolctl import threadpool_info, threadpool_limits

from benchgrad.benchmarks.cell.clock import Clock, timed
from benchgrad.benchmarks.records import Environment

_MATMUL_N = 512
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "pandas", "matplotlib")


def observe(n_threads: int, dtype: str) -> Environment:
    """Return the environment of this process, with the rate of its matrix product."""
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
        matmul_flops_per_s=_matmul_rate(n_threads, dtype),
        blas="; ".join(sorted({f"{pool['internal_api']} {pool['version']}" for pool in blas})),
        governor=_governor(),
        commit=_commit(),
    )


def machine() -> dict[str, str]:
    """Return what is to be the same wherever two measurements are shown side by side.

    It does not depend on what this process has imported, as the list of loaded BLAS does.
    """
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "processor": _processor(),
        "CPUs": str(psutil.cpu_count() or 1),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "NumPy's BLAS": f"{blas.get('name', '')} {blas.get('version', '')}".strip(),
    }


def _matmul_rate(n_threads: int, dtype: str) -> float:
    """Return the best of ten products of square matrices, in floating-point operations a second."""
    a = np.ones((_MATMUL_N, _MATMUL_N), dtype)
    with threadpool_limits(n_threads):
        wall_s = min(timed(np.matmul, a, a, clock=Clock()).wall_s for _ in range(10))
    return 2 * _MATMUL_N**3 / wall_s


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _governor() -> str:
    """Return what sets the processor's frequency, where the system tells it."""
    path = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return path.read_text().strip() if path.exists() else ""


def _commit() -> str:
    """Return the commit of the checkout that benchgrad runs from, empty if it is installed."""
    folder = Path(__file__).resolve().parent
    git = ["git", "-C", str(folder)]
    try:
        found = [
            subprocess.run([*git, *arguments], capture_output=True, text=True, check=True).stdout
            for arguments in (["rev-parse", "--short=12", "HEAD"], ["status", "--porcelain", "."])
        ]
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found[0].strip() + ("+" if found[1].strip() else "")


def _processor() -> str:
    """Return the processor's model, where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
