"""Observes the machine and its libraries for the records. It configures nothing."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import numpy as np
import psutil
from threadpoolctl import threadpool_info, threadpool_limits

from benchgrad.benchmarks.cell.clock import Clock, timed
from benchgrad.benchmarks.plan import Plan, PlanError
from benchgrad.benchmarks.records import Environment

_MATMUL_N = 512
_EXP_N = 1 << 13  # 64 KiB in float64, which stay in a core's own cache
_COPIED_BYTES = 1 << 27  # 128 MiB
_N_CALLS = 20_000
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "pandas", "matplotlib")


def observe() -> Environment:
    """Return the environment of this process; the rates of its arithmetic are not measured."""
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
        governor=_governor(),
        commit=commit_of([Path(__file__)], ":/"),
    )


def with_rates(here: Environment, plan: Plan) -> Environment:
    """Return an environment with the rates of the machine, each measured."""
    dtype = plan.training.dtype
    return msgspec.structs.replace(
        here,
        matmul_flops_per_s=matmul_flops_per_s(plan.threads, dtype),
        exp_per_s=exp_per_s(dtype),
        memory_bytes_per_s=memory_bytes_per_s(),
        python_calls_per_s=python_calls_per_s(),
        array_calls_per_s=array_calls_per_s(),
    )


def check_cpu(cpu: int | None) -> None:
    """Check that a worker can be held to a processor; None asks for none.

    Raises:
        PlanError: this process may not use it, or the system cannot hold a process to one.
    """
    if cpu is None:
        return
    if sys.platform != "linux":
        raise PlanError(f"{platform.system()} cannot hold a process to one processor", "cpu")
    usable = sorted(os.sched_getaffinity(0))
    if cpu not in usable:
        known = ", ".join(map(str, usable))
        raise PlanError(f"there is no processor {cpu} here; this process may use {known}", "cpu")


def numpy_blas() -> str:
    """Return the BLAS that NumPy was built with, whatever this process has imported."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{blas.get('name', '')} {blas.get('version', '')}".strip()


def matmul_flops_per_s(n_threads: int, dtype: str) -> float:
    """Return the rate of a product of square matrices, the best of ten.

    By processor time, since a busy machine must not look slower than it is: an engine that comes
    near its rate would be accused of cheating.
    """
    a = np.ones((_MATMUL_N, _MATMUL_N), dtype)
    with threadpool_limits(n_threads):
        found = [timed(np.matmul, a, a, clock=Clock()) for _ in range(10)]
    return 2 * _MATMUL_N**3 / min(min(each.wall_s, each.cpu_s / n_threads) for each in found)


def exp_per_s(dtype: str) -> float:
    """Return how many exponentials NumPy takes in a second, on one thread, the best of fifty.

    The arguments are those of a softmax whose row maximum was taken out: none is positive.
    """
    x = np.linspace(-8.0, 0.0, _EXP_N, dtype=dtype)
    out = np.empty_like(x)
    wall_s = min(timed(np.exp, x, out, clock=Clock()).wall_s for _ in range(50))
    return _EXP_N / wall_s


def memory_bytes_per_s() -> float:
    """Return how many bytes a copy larger than any cache reads and writes in a second, best of 5.

    It is that of one thread.
    """
    source = np.ones(_COPIED_BYTES // 8)
    target = np.empty_like(source)
    wall_s = min(timed(np.copyto, target, source, clock=Clock()).wall_s for _ in range(5))
    return 2 * _COPIED_BYTES / wall_s


def python_calls_per_s() -> float:
    """Return how often Python calls a function that does nothing in a second, the best of five."""

    def nothing() -> None:
        pass

    return _calls_per_s(nothing)


def array_calls_per_s() -> float:
    """Return how often Python calls a NumPy function on one number in a second, best of five."""
    one = np.ones(1)
    return _calls_per_s(lambda: np.add(one, one))


def _calls_per_s(function: Callable[[], object]) -> float:
    calls = [None] * _N_CALLS

    def all_of_them() -> None:
        for _ in calls:
            function()

    wall_s = min(timed(all_of_them, clock=Clock()).wall_s for _ in range(5))
    return _N_CALLS / wall_s


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _governor() -> str:
    """Return the policy for the processor's frequency, empty where the system does not tell."""
    path = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return path.read_text().strip() if path.exists() else ""


def commit_of(files: Sequence[Path], edited: str = "") -> str:
    """Return the commit of the checkout that files are in, with a + if they were edited.

    Return "" if the first is in none. `edited` is what else must not be edited, as git names it.
    """
    first, *_ = paths = [path.resolve() for path in files]
    git = ["git", "-C", str(first.parent)]
    is_tracked = ["ls-files", "--error-unmatch", first.name]  # and not below another's checkout
    commit = ["rev-parse", "--short=12", "HEAD"]
    edits = ["status", "--porcelain", "--ignored", "--", *map(str, paths)]
    if edited:
        edits = ["status", "--porcelain", "--untracked-files=no", edited]
    try:
        _, commit_hash, edits_found = (
            subprocess.run([*git, *arguments], capture_output=True, text=True, check=True).stdout
            for arguments in (is_tracked, commit, edits)
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return commit_hash.strip() + ("+" if edits_found.strip() else "")


def _processor() -> str:
    """Return the model of the processor, as the system names it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
