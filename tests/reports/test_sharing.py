"""What is made to be shared: the card, the snippet for a pull request, the animated race."""

import io
import shutil

import msgspec
import pytest
from PIL import Image
from shown import markdown_rows

from benchgrad.benchmarks.plan import Contestant
from benchgrad.benchmarks.records import RecordError, read_results, write_results
from benchgrad.reports import animation, verify
from benchgrad.reports import page as module
from benchgrad.reports.page import render_report, write_report


def picture(content):
    return Image.open(io.BytesIO(content))


@pytest.fixture
def quick_frames(monkeypatch):
    """Make animations short, and leave out the plots."""
    monkeypatch.setattr(animation, "_FRAMES", 4)
    monkeypatch.setattr(module, "all_plots", list)


def test_the_card_has_the_size_of_a_link_preview(full_folder):
    card = picture((full_folder / "card.png").read_bytes())
    assert card.size == (1200, 630)
    assert len(card.convert("RGB").getcolors(1 << 20)) > 100  # something is drawn on it


def test_the_card_changes_with_what_it_shows(full_run, monkeypatch):
    monkeypatch.setattr(module, "all_plots", list)
    cards = [
        render_report(run)["card.png"]
        for run in (
            full_run,
            msgspec.structs.replace(full_run, started_at="2027-01-02T03:04:05+00:00"),
            msgspec.structs.replace(full_run, plan=full_run.plan.replace(title="Another")),
            msgspec.structs.replace(full_run, cells=full_run.cells[:2]),
        )
    ]
    assert len(set(cards)) == 4


def test_a_run_without_a_ratio_has_a_card_and_a_snippet_that_say_so(failed_run, monkeypatch):
    monkeypatch.setattr(module, "all_plots", list)
    found = render_report(failed_run)
    assert picture(found["card.png"]).size == (1200, 630)
    assert b"so there is no ratio" in found["snippet.md"]


def test_the_snippet_has_the_card_the_ratio_and_a_row_for_each_engine(full_folder):
    text = (full_folder / "snippet.md").read_text("utf-8")
    assert text.startswith("![tensor is 1,155 × faster than scalar](card.png)\n")
    assert "`tensor` is **1,155 × faster** than `scalar`; a budget stopped" in text
    rows = markdown_rows(text, "test accuracy")
    assert list(rows) == ["micrograd", "scalar", "tensor", "numpy", "bad<i>.py", "wrong", "absent"]
    assert rows["wrong"][0] == "invalid"
    assert "2026-01-02" in text


def test_the_animation_is_a_small_film_with_the_same_bytes_each_time(full_run, quick_frames):
    first, second = (animation.render_animation(full_run) for _ in range(2))
    assert first == second
    content = first["race.gif"]
    assert len(content) < 2_000_000
    film = picture(content)
    assert (film.format, film.n_frames, film.info["loop"]) == ("GIF", 4, 0)
    frames = []
    for i in range(film.n_frames):
        film.seek(i)
        frames.append(film.convert("RGB").tobytes())
    assert len(set(frames)) == 4
    assert film.convert("RGB").getpixel((1, 1)) == (255, 255, 255)


def test_an_animation_that_is_too_large_loses_frames_but_not_the_last(full_run, monkeypatch):
    monkeypatch.setattr(animation, "_FRAMES", 8)
    whole = picture(animation.render_animation(full_run)["race.gif"])
    monkeypatch.setattr(animation, "_MOST_BYTES", 1)
    cut = picture(animation.render_animation(full_run)["race.gif"])
    assert (whole.n_frames, cut.n_frames) == (8, 2)
    whole.seek(7)
    cut.seek(1)
    assert whole.convert("RGB").tobytes() == cut.convert("RGB").tobytes()


def test_verify_accepts_an_animation_and_finds_a_changed_one(full_run, tmp_path, quick_frames):
    write_results(full_run, tmp_path)
    write_report(tmp_path, animate=True)
    assert verify.problems(tmp_path, full_run) == []
    path = tmp_path / "race.gif"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert any("race.gif differs" in found for found in verify.problems(tmp_path, full_run))


def test_a_report_without_an_animation_removes_that_of_an_earlier_one(
    full_run, tmp_path, quick_frames
):
    write_results(full_run, tmp_path)
    write_report(tmp_path, animate=True)
    assert (tmp_path / "race.gif").exists()
    write_report(tmp_path)
    assert not (tmp_path / "race.gif").exists()
    assert verify.problems(tmp_path, full_run) == []


def test_a_run_without_an_epoch_cannot_be_animated(failed_run, tmp_path, quick_frames):
    write_results(failed_run, tmp_path)
    with pytest.raises(RecordError, match="no race to animate: no engine ended an epoch"):
        write_report(tmp_path, animate=True)
    assert [path.name for path in tmp_path.iterdir() if path.suffix in (".gif", ".html")] == []


def test_hostile_names_are_drawn_as_text(by_hand, quick_frames):
    names = ["$x^2$</script>", "引擎" * 30, "a\x1b[31m\n|b", "_" * 900]
    cells = [by_hand.cell(name, (0.1 * i, 0.2 * i)) for i, name in enumerate(names, start=1)]
    results = by_hand.results(map(Contestant, names), cells)
    found = render_report(results) | animation.render_animation(results)
    assert picture(found["card.png"]).size == (1200, 630)
    assert picture(found["race.gif"]).n_frames == 4
    assert len(markdown_rows(found["snippet.md"].decode(), "test accuracy")) == 4


def test_the_files_of_a_folder_of_the_first_version_do_not_include_new_names(
    full_folder, tmp_path, quick_frames
):
    from benchgrad.benchmarks.manifest import ForeignError

    shutil.copy(full_folder / "results.json", tmp_path)
    (tmp_path / "card.png").write_bytes((full_folder / "card.png").read_bytes())
    with pytest.raises(ForeignError, match=r"card\.png.* is not benchgrad's"):
        write_report(tmp_path)
    assert read_results(tmp_path)
