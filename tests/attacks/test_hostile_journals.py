"""Journals that no run wrote, with checksums that match: a run resumes, or tells why not."""

import copy
import hashlib
import json

import pytest
from strangers import answer

DEEP = b'{"type":"cell","cell":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def line(entry):
    content = entry if isinstance(entry, bytes) else json.dumps(entry).encode()
    checksum = hashlib.sha256(content).hexdigest().encode()
    return b'{"sha256":"%s","entry":%s}\n' % (checksum, content)


def raw(kind, old, new):
    """Return a change of the bytes of the first entry of a kind."""
    return kind, lambda entry: json.dumps(entry).encode().replace(old, new, 1)


def field(kind, *path, to):
    """Return a change of one field of the first entry of a kind."""

    def change(entry):
        *above, last = path
        inner = entry
        for step in above:
            inner = inner[step]
        inner[last] = to
        return entry

    return kind, change


# By name: which entry is changed and how, the exit code, and part of what is told. The run has an
# engine that is invalid, so one that goes on ends with 1.
JOURNALS = {
    "a cell that is not UTF-8": (*raw("cell", b'"tensor"', b'"\xff"'), 1, "line 2 is whole, but"),
    "a header that is not UTF-8": (*raw("header", b'"command": "', b'"command": "\xff'), 2,
                                   "its run is unknown"),
    "half a pair": (*raw("header", b'"command": "', b'"command": "\\udc80'), 2, "is unknown"),
    "a deep cell": ("cell", lambda entry: DEEP, 1, "line 2 is cut off or garbled"),
    "a cell of nobody": (*field("cell", "cell", "engine", to="nobody"), 1, "nobody in round 1"),
    "a cell of round 10,000": (*field("cell", "cell", "round", to=9999), 1, "no run of the plan"),
    "an interrupted cell": (*field("cell", "cell", "status", to="interrupted"), 1, "no run of"),
    "a cell without epochs": (*field("cell", "cell", "epochs", to=[]), 1, "resuming: 7 of 7"),
    "classes that do not exist": (*field("cell", "cell", "final", "test_classes", to=[99]), 1,
                                  "resuming: 7 of 7"),
    "a round below the first": (*field("round", "round", to=-1), 1, "resuming: 7 of 7"),
    "a round of 400 digits": (*field("round", "round", to=10**400), 1, "resuming: 7 of 7"),
    "a round of nobody": (*field("round", "engines", to=[]), 1, "resuming: 7 of 7"),
    "no references": (*field("round", "references", to=[]), 1, "resuming: 7 of 7"),
    "no engines": (*field("header", "plan", "engines", to=[]), 2, "its run is unknown"),
    "no code": (*field("header", "fingerprint", "code", to={}), 2, "benchgrad's code differs"),
    "another reference": (*field("header", "plan", "reference", to="/etc/passwd.py"), 2,
                          "there is no such file"),
    "a device as data": (*field("header", "plan", "data", "name", to="/dev/zero"), 2, "/dev/zero"),
    "no libraries": (*field("header", "environment", "libraries", to={}), 2, "which NumPy"),
    "a long time": (*field("header", "started_at", to="x" * 10**5), 1, "resuming: 7 of 7"),
    "colours as damage": ("ended", lambda entry: {"type": "resumed", "at": "\x1b[31m",
                                                  "damage": ["\x1b[2J"]}, 1, "resuming: 7 of 7"),
}  # fmt: skip
SAMPLE = ["a header that is not UTF-8", "half a pair", "no engines", "no libraries"]


@pytest.mark.parametrize(
    "names",
    [pytest.param(SAMPLE, marks=pytest.mark.sample), [n for n in JOURNALS if n not in SAMPLE]],
    ids=["sample", "rest"],
)
def test_a_run_goes_on_with_what_a_journal_may_say_or_tells_why_not(
    judged, tmp_path, names, attacked
):
    lines = (judged / "journal.jsonl").read_bytes().splitlines()
    entries = [json.loads(each)["entry"] for each in lines]
    attacked({name: tried(copy.deepcopy(entries), tmp_path / name, name) for name in names})


def tried(entries, folder, name):
    """Resume a run with a changed journal; return what is wrong with how that ends."""
    kind, change, code, told = JOURNALS[name]
    i = next(i for i, entry in enumerate(entries) if entry["type"] == kind)
    entries[i] = change(entries[i])
    if kind != "ended":
        entries.pop()  # a run that has ended does not go on
    (folder / "out").mkdir(parents=True)
    (folder / "out/journal.jsonl").write_bytes(b"".join(map(line, entries)))
    done = answer("run", "--resume", "out", cwd=folder)
    shown = "\x1b" not in done.stderr and "Traceback" not in done.stderr
    held = done.returncode == code and told in done.stderr and shown
    return "" if held else f"exit {done.returncode}: {done.stderr[-500:]}"
