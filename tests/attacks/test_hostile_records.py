"""Records that no run wrote: `report` and `verify` end, soon, with what is wrong in a line."""

import json
import re

import pytest
from strangers import answer


def answer_of(command, folder, drawn=False):
    """Return what is wrong with how a command ends, empty if it is code 0, or tells why not."""
    done = answer(command, "out", cwd=folder, drawn=drawn)
    told = done.stderr.splitlines()
    if done.returncode == 2:
        return "" if len(told) == 1 and len(told[0]) < 2000 else f"{command}: {done.stderr[:300]}"
    if told:
        return f"{command}: exit {done.returncode}, and {told[0][:200]}"
    if done.returncode == 1:
        return "" if command == "verify" and done.stdout else f"{command}: exit 1 and no line"
    return "" if done.returncode == 0 else f"{command}: exit {done.returncode}"


def places(value, path=()):
    """Yield the path of everything in a structure of lists and mappings."""
    inner = enumerate(value) if isinstance(value, list) else value.items()
    for step, below in inner:
        yield (*path, step)
        if isinstance(below, list | dict):
            yield from places(below, (*path, step))


def kinds(content):
    """Return the first place of each kind in the records, by its name."""
    found = {}
    for path in places(content):
        found.setdefault(re.sub(r"\.\d+", "[]", ".".join(map(str, path))), path)
    return found


def put(content, path, value):
    *above, last = path
    for step in above:
        content = content[step]
    content[last] = value


VALUES = {
    "zero": 0, "minus one": -1, "a trillion": 10**12, "2**63": 2**63, "400 digits": 10**400,
    "huge": 1e308, "denormal": 5e-324, "minus a half": -0.5, "no text": "", "long": "x" * 10**6,
    "control": "\x1b[31m\x00\ufffe\n|`<b>", "null": None, "empty list": [],
    "empty": {}, "true": True,
}  # fmt: skip


@pytest.fixture
def records(judged, tmp_path):
    """Return the records of a run, and a function that tells how the commands take others."""

    def tried(content, drawn=False):
        folder = tmp_path / "out"
        folder.mkdir(exist_ok=True)
        (folder / "results.json").write_text(json.dumps(content))
        problems = [answer_of(command, tmp_path, drawn) for command in ("report", "verify")]
        return "; ".join(filter(None, problems))

    return json.loads((judged / "results.json").read_text()), tried


@pytest.mark.parametrize("name", VALUES)
def test_any_field_may_hold_anything(records, attacked, name):
    content, tried = records
    text = json.dumps(content)
    broken = {}
    for kind, path in kinds(content).items():
        hostile = json.loads(text)
        put(hostile, path, VALUES[name])
        broken[f"{kind}: {name}"] = tried(hostile)
    attacked(broken)


def every(content, field, value):
    """Put a value into every epoch of every cell."""
    for cell in content["cells"]:
        for epoch in cell["epochs"]:
            epoch[field] = value


def cell_of(content, engine="tensor"):
    return next(cell for cell in content["cells"] if cell["engine"] == engine)


def many_engines(content, n):
    like = next(c for c in content["plan"]["engines"] if c["name"] == "tensor")
    cell = cell_of(content)
    names = [f"engine {i}" for i in range(n)]
    content["plan"]["engines"] += [like | {"name": name} for name in names]
    content["cells"] += [cell | {"engine": name} for name in names]


def in_round(number):
    def edit(content):
        content["cells"].append(cell_of(content) | {"round": number})

    return edit


def renamed(name):
    def edit(content):
        for each in content["plan"]["engines"]:
            if each["name"] == "tensor":
                each["name"] = name
        cell_of(content)["engine"] = name

    return edit


WHOLE = {
    "a round of a trillion": in_round(10**12),
    "round 9,999": in_round(9_999),
    "a round below the first": in_round(-1),
    "a second cell": in_round(0),
    "a trillion rounds": lambda c: c["plan"].update(rounds=10**12),
    "ten thousand rounds": lambda c: c["plan"].update(rounds=10**4),
    "a name of 1 MB": renamed("x" * 10**6),
    "a name of 1,000 characters": renamed("x" * 1000),
    "a name of 500 lines": renamed("x\n" * 500),
    "1,000 engines": lambda c: many_engines(c, 1_000),
    "100 engines": lambda c: many_engines(c, 100),
    "a negative grid": lambda c: c["data"]["grid"].update(n=-20),
    "a grid inside out": lambda c: c["data"]["grid"].update(x_min=9.0),
    "a grid without area": lambda c: c["data"]["grid"].update(x_min=c["data"]["grid"]["x_max"]),
    "a wide grid": lambda c: c["data"]["grid"].update(x_max=1e9),
    "a huge integer": lambda c: c.update(row_flops=10**400),
    "no time": lambda c: every(c, "wall_s", 0.0),
    "a denormal time": lambda c: every(c, "wall_s", 5e-324),
    "a billionth": lambda c: every(c, "wall_s", 1e-9),
    "thirty years": lambda c: every(c, "wall_s", 1e9),
    "times below 0": lambda c: every(c, "wall_s", -1.0),
    "processor times of 0": lambda c: every(c, "cpu_s", 0.0),
    "denormal processor times": lambda c: every(c, "cpu_s", 5e-324),
    "all waited": lambda c: every(c, "waited_s", 1e9),
    "ok without epochs": lambda c: cell_of(c).update(epochs=[]),
    "invalid, and no time": lambda c: (
        cell_of(c).update(status="invalid", reason="x"), every(c, "wall_s", 0.0)
    ),
    "no engine is ok": lambda c: [cell.update(status="crashed") for cell in c["cells"]],
    "huge losses": lambda c: every(c, "losses", [1e308, 1e308]),
    "unknown losses": lambda c: every(c, "losses", [None, None]),
    "no losses": lambda c: every(c, "losses", []),
    "fewer parameters": lambda c: cell_of(c)["final"]["parameters"].pop(),
    "no parameters": lambda c: cell_of(c)["final"].update(parameters=[]),
    "parameters of the reference": lambda c: c["references"][0]["snapshots"][0].update(
        parameters=[1.0]
    ),
    "no losses of the reference": lambda c: c["references"][0].update(losses=[]),
    "a speed of 0": lambda c: [cell.update(control_s=[0.0] * 5) for cell in c["cells"]],
    "a machine of no speed": lambda c: c["environment"].update(
        matmul_flops_per_s=5e-324, exp_per_s=5e-324
    ),
    "counts of nothing": lambda c: cell_of(c).update(
        counts={"counted_rows": 0, "nodes": {}, "edges": 0, "node_bytes": 0, "array_bytes": 0}
    ),
    "precision of a denormal": lambda c: c["plan"].update(precision=5e-324),
    "published in no time": lambda c: c["plan"]["engines"][0].update(
        published={"epochs": 1, "total_s": 5e-324}
    ),
}  # fmt: skip
SAMPLE = ["a round of a trillion", "a round below the first", "1,000 engines", "a denormal time",
          "a huge integer", "ok without epochs", "a negative grid"]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "drawn"),
    [
        pytest.param(SAMPLE, False, marks=pytest.mark.sample, id="sample"),
        *(pytest.param([name], True, id=name) for name in WHOLE),
    ],
)
def test_records_that_no_run_wrote_end_in_a_line(records, names, drawn, attacked):
    content, tried = records
    text = json.dumps(content)
    broken = {}
    for name in names:
        hostile = json.loads(text)
        WHOLE[name](hostile)
        broken[name] = tried(hostile, drawn)
    attacked(broken)
