"""docs/ci.md: the commands of its workflow, run in a repository as the workflow runs them."""

import re
import shlex
import subprocess

import pytest
from commands import benchgrad
from odd_engine import write_odd
from pages import blocks, text_of

PAGE = text_of("docs/ci.md")
((_, WORKFLOW),) = blocks(PAGE, "yaml")


def step(name):
    """Return the command of a step, with what the workflow would put in place of its variables."""
    text = WORKFLOW.partition(f"- name: {name}\n")[2].partition("\n      - ")[0]
    command = re.sub(r"run: >?", "", text).strip()
    return (
        command.replace("${{ github.base_ref }}", "main")
        .replace("origin/", "")
        .replace("$ENGINE", "odd.py")
    )


@pytest.fixture
def repository(tmp_path):
    """Return a repository with an engine on main, and a change of it that is not committed."""
    write_odd(tmp_path)
    for arguments in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("add", "."),
        ("-c", "user.name=n", "-c", "user.email=e@e", "commit", "--quiet", "-m", "m"),
    ):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    with (tmp_path / "odd.py").open("a") as file:
        file.write("\n# a change\n")
    return tmp_path


def test_two_versions_are_compared_as_the_workflow_does(repository):
    program, *arguments = shlex.split(step("is it as fast as before?"))
    assert program == "benchgrad"
    arguments.remove("--instructions")  # valgrind is not everywhere, and takes its time
    done = benchgrad(*arguments, "--rounds", "1", cwd=repository)
    assert done.returncode == 0, done.stderr
    assert "--fail-above cannot judge" in done.stderr
    comment = (repository / "comment.md").read_text()
    assert comment.startswith("| engine |")
    assert re.search(r"source commit \w{12}, now commit \w{12}\+", comment)


def test_the_check_of_the_workflow_is_a_command():
    program, *arguments = shlex.split(step("is it right?"))
    assert (program, *arguments) == ("benchgrad", "check", "odd.py", "--junit", "check.xml")
