"""Plugins installed for real, beside the environment that the tests run in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Return one more than there are processors: many tests wait for a process or a timeout."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """Return a function that installs a package, and returns the folder it went to and the
    environment variables with which its modules and entry points are found.
    """

    def install(package: Path) -> tuple[Path, dict[str, str]]:
        folder = tmp_path_factory.mktemp("installed")
        shutil.copytree(package, folder / "source")  # the build leaves files beside the sources
        site = folder / "site"
        arguments = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(site)]
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        done = subprocess.run(
            [*pip, *arguments, str(folder / "source")], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return site, os.environ | {"PYTHONPATH": str(site)}

    return install
