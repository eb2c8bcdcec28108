"""What the page and the summary of a report show."""

import base64
import re
from hashlib import sha256

import msgspec
import pytest
from shown import Page, markdown_rows

from benchgrad.benchmarks.plan import Contestant
from benchgrad.benchmarks.records import GraphCounts, write_results
from benchgrad.reports import page as module
from benchgrad.reports.page import write_report


@pytest.fixture(scope="module")
def page(full_folder):
    return Page(full_folder / "index.html")


@pytest.fixture(scope="module")
def summary(full_folder):
    return (full_folder / "summary.md").read_text("utf-8")


@pytest.fixture
def rendered(tmp_path, monkeypatch):
    """Return a function that renders results without plots; it returns page and summary."""
    monkeypatch.setattr(module, "all_plots", list)

    def rendered(results):
        write_results(results, tmp_path)
        page = Page(write_report(tmp_path))
        return page, (tmp_path / "summary.md").read_text("utf-8")

    return rendered


def test_the_page_is_well_formed(page):
    assert page.open == []
    tags = [tag for tag, _ in page.tags]
    for once in ("html", "head", "body", "main", "title", "h1"):
        assert tags.count(once) == 1
    assert all(len({len(row) for row in table}) == 1 for table in page.tables)


def test_the_page_loads_nothing(page, full_folder):
    """Its links lead to its own sections and to the files beside it."""
    assert not {"link", "iframe", "object", "embed", "base", "source"} & {t for t, _ in page.tags}
    anchors = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    for tag, attributes in page.tags:
        for key, value in attributes.items():
            assert not key.startswith("on")
            assert key not in ("srcset", "data", "poster", "background", "action", "style")
            if key == "src":
                assert tag == "img"
                assert value.startswith("data:image/svg+xml;base64,")
            if key == "href":
                assert tag == "a"
                in_page = value.startswith("#") and value[1:] in anchors
                assert in_page or (full_folder / value).is_file(), value
    css = "".join(page.styles)
    assert "url(" not in css
    assert "@import" not in css
    assert not re.search("https?:", (full_folder / "index.html").read_text("utf-8"))


def test_only_the_scripts_of_the_page_may_run(page):
    """Whatever slips into a page has another hash than the scripts that its policy names."""
    (policy,) = [a["content"] for _, a in page.tags if a.get("http-equiv")]
    assert policy.startswith("default-src 'none';")
    kinds = [a.get("type") for tag, a in page.tags if tag == "script"]
    inline = [text for text, kind in zip(page.scripts, kinds, strict=True) if kind is None]
    hashes = {base64.b64encode(sha256(text.encode()).digest()).decode() for text in inline}
    allowed = policy.partition("script-src ")[2].split()
    assert set(allowed) == {f"'sha256-{found}'" for found in hashes}
    assert len(inline) == len(module.SCRIPTS)


def test_the_page_shows_the_plots_that_lie_beside_it(page, full_folder):
    """What it draws by itself is not shown twice; every picture and drawing is a link away."""
    shown = [
        base64.b64decode(attributes["src"].partition("base64,")[2])
        for tag, attributes in page.tags
        if tag == "img"
    ]
    beside = {path.stem: path.read_bytes() for path in (full_folder / "plots").glob("*.svg")}
    drawn = beside.pop("epoch_seconds")
    assert drawn not in shown
    assert len(shown) == 4
    assert set(shown) == set(beside.values())
    assert all(attributes.get("alt") for tag, attributes in page.tags if tag == "img")
    links = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    files = {f"plots/{path.name}" for path in (full_folder / "plots").iterdir()}
    assert files == {link for link in links if link.startswith("plots/")}


def test_ratios_of_this_machine_and_as_published_are_shown(page, summary):
    text = " ".join(page.text.split())
    assert "tensor is 1,155 × faster than scalar. An epoch takes 2.50 ms instead of 3.00 s" in text
    assert "651.86 s for 20 epochs and 2.36 s for 100, so 1,381 × per epoch" in text
    assert "A budget stopped one of them early" in text
    assert "`scalar` 1,155 × as long as `tensor` on this machine; published: 1,381 ×" in summary
    assert "A budget stopped one of the two early" in summary


def test_without_published_figures_the_fastest_is_set_against_the_slowest(deep_folder):
    page, summary = Page(deep_folder / "index.html"), (deep_folder / "summary.md").read_text()
    assert [tag for tag, _ in page.tags].count("strong") == 1
    assert "numpy is 10.0 × faster than tensor." in " ".join(page.text.split())
    assert "`tensor` 10.0 × as long as `numpy` on this machine.**" in summary
    for text in (page.text, summary):
        for word in ("ublished and", "as published", "forecast", "budget", "nan"):
            assert word not in text
    assert "ublished" not in summary


# status, rounds, epochs, undisturbed, per epoch, quartiles, mean, × fastest, total, its notes,
# cold, accuracy, that after the epochs that all have, memory, gc
ENGINES = {
    "micrograd": (
        "ok", "2", "3 of 3", "4 of 4", "450 ms", "375 ms to 525 ms", "450 ms", "913 ×",
        "1.70 s", "", "1.94 s", "37.5 % after 3 epochs", "12.5 % after 1 epoch", "60.0 MiB",
        "10.0 %",
    ),
    "scalar": (
        "ok", "2", "4 of 5", "6 of 6", "3.00 s", "2.00 s to 4.00 s", "3.00 s", "5,774 ×",
        "9.50 s", "forecast, 9.46 s to 9.54 s", "9.74 s", "50.0 % after 4 epochs",
        "12.5 % after 1 epoch", "60.0 MiB", "10.0 %",
    ),
    "tensor": (
        "ok", "2", "4 of 4", "6 of 6", "2.50 ms", "2.00 ms to 3.00 ms", "2.50 ms", "5.00 ×",
        "92.5 ms", "", "336 ms", "50.0 % after 4 epochs", "12.5 % after 1 epoch", "60.0 MiB",
        "10.0 %",
    ),
    "numpy": (
        "ok", "2", "1 of 1", "2 of 2", "500 µs", "450 µs to 550 µs", "500 µs", "1.00 ×",
        "500 µs", "", "244 ms", "12.5 % after 1 epoch", "12.5 % after 1 epoch", "60.0 MiB",
        "10.0 %",
    ),
    "bad<i>.py": (
        "crashed", "2", "1 of 3", "2 of 2", "700 ms", "", "700 ms", "–", "–", "", "–",
        "12.5 % after 1 epoch", "12.5 % after 1 epoch", "–", "10.0 %",
    ),
    "wrong": (
        "invalid", "2", "2 of 2", "2 of 2", "100 µs", "", "100 µs", "–", "300 µs", "", "243 ms",
        "25.0 % after 2 epochs", "12.5 % after 1 epoch", "60.0 MiB", "10.0 %",
    ),
    "absent": (
        "missing", "0", "0 of 2", "–", "–", "", "–", "–", "–", "", "–", "–", "–", "–", "–",
    ),
}  # fmt: skip


def test_every_engine_has_its_figures_on_the_page_and_in_the_summary(page, summary):
    """In the order of the plan; an interval of equal quartiles is not shown."""
    on_page, in_summary = page.rows("peak memory"), markdown_rows(summary, "peak memory")
    assert list(on_page) == list(in_summary) == list(ENGINES)
    for name, figures in ENGINES.items():
        *first, epoch, quartiles, mean, times, total, notes, cold, accuracy, common, peak, gc = (
            figures
        )
        assert on_page[name] == [
            *first, f"{epoch} {quartiles}".strip(), mean, times, f"{total} {notes}".strip(),
            cold, accuracy, common, peak, gc,
        ]  # fmt: skip
        assert in_summary[name] == [
            *first, f"{epoch} ({quartiles})".removesuffix(" ()"), mean, times,
            f"{total} ({notes})".removesuffix(" ()"), cold, accuracy, common, peak,
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "rows"),
    [
        ("published", {
            "scalar": [
                "20 epochs in 10 min 51.86 s", "32.6 s",
                "5 epochs in 9.50 s forecast", "3.00 s", "10.9 × faster",
            ],
            "tensor": [
                "100 epochs in 2.36 s", "23.6 ms",
                "4 epochs in 92.5 ms", "2.50 ms", "9.44 × faster",
            ],
        }),
        ("steps compared", {
            "tensor": ["10", "5.0e-15", "2.0e-15", "3.0e-15", "1.0e-09"],
            "wrong": ["10", "5.0e-01", "2.0e-15", "3.0e-15", "1.0e-09"],
            "absent": ["0", "–", "–", "–", "–"],
        }),
        ("import", {
            "tensor": ["200 ms", "3.00 ms", "40.0 ms", "2.00 ms", "20.0 MiB"],
            "bad<i>.py": ["–", "–", "–", "–", "–"],
        }),
    ],
)  # fmt: skip
def test_figures_of_the_other_tables(page, summary, heading, rows):
    on_page, in_summary = page.rows(heading), markdown_rows(summary, heading)
    assert list(on_page) == list(in_summary)
    for name, expected in rows.items():
        assert on_page[name] == expected
        if heading == "import":
            expected = expected[:-1]  # memory is on the page only
        assert [cell.replace("(", "").replace(")", "") for cell in in_summary[name]] == expected


def test_a_forecast_says_so_wherever_it_is_shown_and_nothing_else_does(page, summary):
    cells = [cell for table in page.tables for row in table for cell in row]
    for shown in (cells, summary.split("|")):
        marked = [cell for cell in shown if "forecast" in cell and "not measured to" not in cell]
        assert [cell for cell in shown if "9.50 s" in cell] == marked
        assert len(marked) == 2
    for text in (page.text, summary):
        assert 'A total marked "forecast" was not measured to its end' in text


@pytest.mark.parametrize(
    ("engine", "status", "reason"),
    [
        ("bad<i>.py", "crashed", "ValueError: <script>alert('x')</script> & more"),
        ("wrong", "invalid", "losses differ from numpy by up to 0.5; the limit is 1e-09"),
        ("absent", "missing", "absent needs the package nothere"),
    ],
)
def test_failures_are_shown_with_their_status_and_reason(page, summary, engine, status, reason):
    assert f"{engine} is {status}: {reason}" in page.text
    assert page.rows("peak memory")[engine][0] == status
    assert page.rows("times the fastest")[engine][6] == "–"
    shown = reason.replace("&", "&amp;").replace("<", "&lt;")
    assert f"- `{engine}` is **{status}**: {shown}" in summary
    assert markdown_rows(summary, "peak memory")[engine][0] == status


def test_an_invalid_engine_is_marked_in_every_table(page, summary):
    tables = [table for table in page.tables if table[0][0].startswith("engine")]
    shown = [" ".join(row[0].split()) for table in tables for row in table]
    shown = [name for name in shown if name.startswith("wrong")]
    assert set(shown) == {"wrong invalid"}
    lines = [line for line in summary.splitlines() if line.startswith("| `wrong`")]
    assert len(shown) == len(lines) + 1 == 5
    assert sum("invalid" in a.get("class", "").split() for t, a in page.tags if t == "tr") == 5
    assert all(line.startswith("| `wrong` (invalid) |") for line in lines)


def test_accuracies_after_different_epochs_are_told_apart(rendered, by_hand):
    """Engines with as many epochs need no column of their own for that."""
    cells = [by_hand.cell("a", (2.0, 1.0, 1.0)), by_hand.cell("b", (2.0, 1.0))]
    contestants = [Contestant("a"), Contestant("b")]
    page, summary = rendered(by_hand.results(contestants, cells))
    rows = markdown_rows(summary, "at the common epoch")
    assert rows["a"][9:11] == ["37.5 % after 3 epochs", "25.0 % after 2 epochs"]
    assert rows["b"][9:11] == ["25.0 % after 2 epochs", "25.0 % after 2 epochs"]
    assert page.value("a", "test accuracy") == "37.5 % after 3 epochs"
    assert page.value("b", "test accuracy") == "25.0 % after 2 epochs"
    assert page.value("a", "at the common epoch") == "25.0 % after 2 epochs"
    page, summary = rendered(
        by_hand.results(contestants, [cells[1], by_hand.cell("a", (1.0,) * 2)])
    )
    assert "at the common epoch" not in page.text + summary
    assert page.value("a", "test accuracy") == "25.0 %"


def test_what_an_engine_is_called_and_says_is_text_and_never_markup(page, full_folder, by_hand):
    assert "i" not in {tag for tag, _ in page.tags}
    html = (full_folder / "index.html").read_text("utf-8")
    for hostile in ("<script>alert", "<i>", "& more"):
        assert hostile not in html
    assert by_hand.reason in page.text
    assert "bad<i>.py" in page.rows("peak memory")


def test_titles_descriptions_and_notes_are_text_too(by_hand, rendered):
    hostile = "<script>alert(1)</script>"
    cell = by_hand.cell("numpy", (1.0,), note=hostile, version=hostile, kind=hostile)
    run = by_hand.results([Contestant("numpy")], [cell])
    plan = run.plan.replace(title=hostile, description=hostile)
    data = msgspec.structs.replace(run.data, name=hostile)
    page, _ = rendered(msgspec.structs.replace(run, plan=plan, command=hostile, data=data))
    assert "alert(1)" not in "".join(page.scripts)
    assert page.text.count(hostile) >= 5


def test_a_name_with_a_bar_stays_in_its_column(by_hand, rendered):
    _, summary = rendered(by_hand.rounds(**{"a|b": (1.0,)}))
    (line,) = [line for line in summary.splitlines() if "1 of 1" in line or "2 of 2" in line]
    assert line.startswith("| a&#124;b | ok |")


def test_the_conditions_of_the_run_are_on_the_page_and_in_the_summary(page, summary):
    facts = [
        "benchgrad run by-hand",
        "2026-01-02T03:04:05+00:00",
        "Imagined CPU",
        "2 CPUs",
        "CPython 3.11.0",
        "NumPy 2.0.0",
        "benchgrad 0.1.0",
        "openblas 0.3",
        "load 0.50",
        "2 training and 4 test rows",
        "layers 2, 32, 32, 2",
        "relu",
        "cross_entropy",
        "learning rate 0.05",
        "momentum 0.0",
        "weight decay 0.0",
        "atches of 32",
        "float64",
        "seed 0",
        "1 thread,",
        "2 rounds",
        "Figures that were made up.",
        "By hand",
        "it makes cycles",
    ]
    assert [fact for fact in facts if fact not in page.text] == []
    as_summary = [fact.replace("1 thread,", "1 thread;") for fact in facts]
    assert [fact for fact in as_summary if fact not in summary] == []


def test_plots_that_cannot_be_drawn_are_named_with_the_reason(page, deep_folder):
    assert (
        "Omitted: confusion matrices (the table confusion has no engine, label, predicted, count, "
        "n_epochs, test_accuracy, status in this run)"
    ) in page.text
    deep = Page(deep_folder / "index.html").text
    assert "Omitted: decision boundaries (the table points has no engine, part, x, y, label" in deep
    assert "Omitted: the ladder (the table ladder is empty in this run)" in page.text
    assert (page.text.count("Omitted:"), deep.count("Omitted:")) == (3, 2)


def test_a_run_of_which_all_engines_failed_has_a_report(failed_run, report):
    folder = report(failed_run)
    page, summary = Page(folder / "index.html"), (folder / "summary.md").read_text("utf-8")
    for text in (page.text, summary):
        assert "Fewer than two engines finished" in text
        assert "killed by signal 9" in text
        assert "absent needs nothere" in text
    assert [row[:3] for row in markdown_rows(summary, "peak memory").values()] == [
        ["crashed", "0", "0 of 2"], ["missing", "0", "0 of 2"],
    ]  # fmt: skip
    assert page.value("scalar", "status") == "crashed"
    assert page.value("absent", "status") == "missing"
    assert page.value("absent", "epochs") == "0 of 2"
    for plot in ("loss by epoch", "loss by seconds", "accuracy by seconds"):
        assert f"Omitted: {plot} (the table epochs is empty in this run)" in page.text
    assert (folder / "timings.csv").read_text().splitlines() == [
        (
            "engine,round,epoch,wall_s,late_s,cpu_s,collector_s,elapsed_s,"
            "own_s,witness_s,waited_s,stolen_s,pressure_s,status"
        )
    ]


def test_intervals_of_three_rounds_are_on_the_page_and_in_the_summary(by_hand, rendered):
    page, text = rendered(by_hand.rounds(a=(1.0, 1.0, 1.0), b=(1.27, 1.3, 1.33)))
    assert page.value("b", "times the fastest") == "1.30 × (1.27 to 1.33)"
    assert markdown_rows(text, "times the fastest")["b"][6] == "1.30 × (1.27 to 1.33)"
    for words in (page.text, text):
        assert "those of all pairs hold together in 95 % of runs" in words


def disturbed(by_hand, n_rounds):
    """Return a run of two engines, one of which waited for half of its time, in each round."""
    run = by_hand.rounds(a=(1.0,) * n_rounds, b=(8.0,) * n_rounds)
    cells = [
        msgspec.structs.replace(
            cell,
            epochs=[
                msgspec.structs.replace(e, waited_s=e.wall_s / 2, cpu_s=e.wall_s / 2)
                for e in cell.epochs
            ],
        )
        if cell.engine == "b"
        else msgspec.structs.replace(
            cell, epochs=[msgspec.structs.replace(e, cpu_s=e.wall_s) for e in cell.epochs]
        )
        for cell in run.cells
    ]
    return msgspec.structs.replace(run, cells=cells)


@pytest.mark.parametrize("n_rounds", [1, 5])
def test_a_disturbed_headline_says_so_beside_its_figure(by_hand, rendered, n_rounds):
    page, text = rendered(disturbed(by_hand, n_rounds))
    top = " ".join(page.text[: page.text.index("All engines, side by side")].split())
    assert "a is 8.00 × faster disturbed than b." in top
    assert "By processor time the factor is 4.00 ×." in top
    assert "**Disturbed: by wall time 8.00 ×, by processor time 4.00 ×.**" in text.split("##")[0]
    assert "amber" in [attributes.get("class") for _, attributes in page.tags]
    flag = f"disturbed in {n_rounds} of {n_rounds} round"
    rows = markdown_rows(text, "undisturbed epochs")
    assert flag in rows["b"][3]
    assert "disturbed" not in rows["a"][3]
    assert "disturbed" in rows["b"][6]
    assert flag in page.value("b", "undisturbed epochs")
    assert "disturbed" not in page.value("a", "undisturbed epochs")
    assert "disturbed" in page.value("b", "times the fastest")
    for words in (page.text, text):
        assert ("Too disturbed" in words) == (n_rounds == 5)


def test_a_calm_headline_has_one_figure(page, summary):
    assert "amber" not in [attributes.get("class") for _, attributes in page.tags]
    for text in (page.text, summary):
        assert "isturbed:" not in text
        assert "by processor time" not in text


def test_without_intervals_nothing_is_said_of_them(page, summary):
    assert "bootstrap" not in page.text + summary


def test_engines_without_a_difference_to_the_fastest_are_named(by_hand, rendered):
    page, text = rendered(by_hand.rounds(a=(1.0,) * 5, b=(1.001,) * 5, c=(1.002,) * 5))
    assert "Indistinguishable from the fastest, within 1.0 %: b, c." in page.text
    assert "- Indistinguishable from the fastest, within 1.0 %: `b`, `c`.\n" in text


def test_a_graph_without_nodes_has_no_bytes_per_node(by_hand, rendered):
    cell = by_hand.cell("a", (1.0,), counts=GraphCounts(2, {}, 0, 0, 0))
    page, text = rendered(by_hand.results([Contestant("a")], [cell]))
    assert page.rows("bytes per node")["a"][5] == "–"
    assert markdown_rows(text, "bytes per node")["a"][3] == "–"


def test_the_ratio_under_each_policy_of_the_collector_is_on_page_and_summary(rendered, by_hand):
    seconds = {"closures": 12.0, "closures, paused": 4.0, "slots": 1.0, "slots, running": 2.0}
    contestants = [
        Contestant("closures"),
        Contestant("closures, paused", engine="closures", collector="paused"),
        Contestant("slots"),
        Contestant("slots, running", engine="slots", collector="default"),
    ]
    cells = [
        by_hand.cell(c.name, (9.0, seconds[c.name]), pauses_collector=c.spec == "slots")
        for c in contestants
    ]
    page, summary = rendered(by_hand.results(contestants, cells))
    (table,) = [t for t in page.tables if t[0][-1].strip() == "with the collector"]
    assert [[text.strip() for text in row] for row in table[1:]] == [
        ["closures", "12.0 ×", "slots", "as each engine ships"],
        ["closures", "6.00 ×", "slots", "running for both"],
        ["closures", "4.00 ×", "slots", "paused for both until an epoch ends"],
    ]
    assert "| `closures` | 4.00 × | slots | paused for both until an epoch ends |" in summary


def test_an_engine_under_another_policy_is_on_the_ladder_but_in_no_other_figure(
    by_hand, monkeypatch
):
    contestants = [
        Contestant("a", cause="a"),
        Contestant("a, paused", engine="a", collector="paused", cause="paused"),
        Contestant("b", cause="b"),
    ]
    cells = [by_hand.cell(c.name, (2.0, 1.0)) for c in contestants]
    run = by_hand.results(contestants, cells)
    seen = {}

    def render(plot, frame, style):
        seen[plot.name] = frame
        return {"svg": b""}

    monkeypatch.setattr(module, "render", render)
    module.render_report(run)
    engines = {name: set(frame["engine"]) for name, frame in seen.items()}
    assert engines["ladder"] == {"a", "a, paused", "b"}
    assert engines["epoch_seconds"] == engines["loss_by_epoch"] == {"a", "b"}


@pytest.mark.parametrize(
    ("allocator", "said"),
    [
        ("keep", "Freed memory stays with the process"),
        ("default", "The allocator is the C library's default"),
    ],
)
def test_the_allocator_is_stated_on_page_and_summary(rendered, by_hand, allocator, said):
    run = by_hand.results([Contestant("x")], [by_hand.cell("x", (1.0,))], allocator=allocator)
    page, summary = rendered(run)
    assert said in page.text
    assert said in summary


def test_the_processor_that_engines_were_held_to_is_stated(rendered, by_hand):
    cells = [by_hand.cell("x", (1.0,))]
    for cpu, said in ((None, "1 thread, 1 round"), (3, "1 thread on processor 3, 1 round")):
        page, _ = rendered(by_hand.results([Contestant("x")], cells, cpu=cpu))
        assert said in page.text


def test_the_two_by_two_is_a_table_and_two_sentences(by_hand, rendered):
    seconds = {"a": (8.0,) * 3, "b": (1.0,) * 3, "c|d": (0.1, 0.2, 0.4), "e": (0.05,) * 3}
    page, text = rendered(by_hand.corners(seconds))
    interpreter = (
        "The interpreter: machine code runs the graph of numbers 8.00 × (8.00 to 8.00) as fast as "
        "Python, and the graph of arrays 4.00 × (2.00 to 8.00)."
    )
    granularity = (
        "Granularity: of the 40.0 × (20.0 to 80.0) between a and c|d, 20.0 × (20.0 to 20.0) are "
        "left between b and e, where no interpreter runs. The other factor of 2.00 × (1.00 to "
        "4.00) is the interpreter's: it walks fewer nodes."
    )
    for sentence in (interpreter, granularity):
        assert sentence in page.text
        assert sentence.replace("|", "&#124;") in text
    assert page.rows("by machine code") == {
        "a number": ["a 8.00 s", "b 1.00 s", "8.00 × (8.00 to 8.00)"],
        "an array": ["c|d 200 ms", "e 50.0 ms", "4.00 × (2.00 to 8.00)"],
        "granularity": ["40.0 × (20.0 to 80.0)", "20.0 × (20.0 to 20.0)", "160 × (160 to 160)"],
    }
    assert "| an array | c&#124;d 200 ms | `e` 50.0 ms | 4.00 × (2.00 to 8.00) |" in text


def test_without_four_corners_nothing_is_said_of_granularity(page, summary):
    assert "ranularity" not in summary
    assert "Granularity or interpreter?" not in page.text


def test_when_a_slow_start_has_paid_off_is_on_the_page_and_in_the_summary(by_hand, rendered):
    start = {"import_s": 0.5, "build_s": 0.25}
    cells = [
        by_hand.cell("slow", (4.0, 4.0), first_step_s=0.25, **start),
        by_hand.cell("eager", (2.0, 2.0), first_step_s=0.25, **start),
        by_hand.cell("compiled", (1.0, 1.0), first_step_s=2000.25, **start),
    ]
    run = by_hand.results([Contestant(cell.engine) for cell in cells], cells)
    page, text = rendered(run)
    assert page.rows("has caught up after") == {
        "compiled": ["2,001 s", "667 epochs with slow, 2,000 epochs with eager"]
    }
    assert markdown_rows(text, "has caught up after") == {
        "compiled": ["2,001 s", "667 epochs with `slow`, 2,000 epochs with `eager`"]
    }


def test_without_a_slow_start_nothing_is_said_of_catching_up(by_hand, rendered):
    page, text = rendered(by_hand.rounds(a=(1.0,), b=(2.0,)))
    assert "caught up" not in page.text + text
