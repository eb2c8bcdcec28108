"""CSV files that hold no data to learn from: one line that names the place."""

import os

import pytest
from strangers import refused

GOOD = b"x,y,label\n" + b"".join(
    b"%d,%d,%s\n" % (i, i % 3, b"ab"[i % 2 : i % 2 + 1]) for i in range(30)
)


def row(number, text):
    lines = GOOD.splitlines(keepends=True)
    lines[number - 1] = text + b"\n"
    return b"".join(lines)


FILES = {
    "nothing": (b"", "no row"),
    "a header": (b"x,label\n", "no row"),
    "blank lines": (b"\n" * 1000, "no row"),
    "nulls": (bytes(1000), ""),
    "not UTF-8": (b"x,label\n\xff,a\n", "cannot be read as CSV"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "cannot be read as CSV"),
    "an endless cell": (b'x,label\n"' + b"a" * 10**6, "cannot be read as CSV"),
    "a long cell": (row(3, b"1" * 10**6 + b",1,a"), ""),
    "a word": (row(3, b"one,1,a"), "row 3, column 'x'"),
    "no cell": (row(3, b",1,a"), "row 3, column 'x'"),
    "no number": (row(3, b"nan,1,a"), "row 3, column 'x'"),
    "no end": (row(3, b"inf,1,a"), "row 3, column 'x'"),
    "overflow": (row(3, b"1e400,1,a"), "row 3, column 'x'"),
    "too large": (row(3, b"1e300,1,a"), "row 3, column 'x'"),
    "a formula": (row(3, b"=1+1,1,a"), "row 3, column 'x'"),
    "no label": (row(3, b"1,1,"), "row 3, column 'label'"),
    "a cell more": (row(3, b"1,1,a,1"), "row 3"),
    "a cell fewer": (row(3, b"1,a"), "row 3"),
    "colours": (row(3, b"\x1b[31m,1,a"), "row 3, column 'x'"),
    "a label once": (row(3, b"1,1,c"), "row 3, column 'label'"),
    "one label": (GOOD.replace(b",b", b",a"), "column 'label'"),
    "no column of labels": (GOOD.replace(b"label", b"class"), "no column 'label'"),
    "only labels": (b"label\na\nb\na\nb\n", "no column to learn from"),
    "a column twice": (GOOD.replace(b"x,y", b"x,x"), "appears 2 times"),
    "as many labels as rows": (
        b"x,label\n" + b"".join(b"%d,%d\n" % (i, i) for i in range(30)), "column 'label'"
    ),
    "a column with colours": (
        GOOD.replace(b"x,y", b"\x1b[31mx,y").replace(b"\n1,", b"\none,"), "column"
    ),
}  # fmt: skip


@pytest.mark.parametrize("part", [pytest.param("sample", marks=pytest.mark.sample), "rest"])
def test_a_file_without_data_gets_one_line(tmp_path, part, attacked):
    names = list(FILES)[::6] if part == "sample" else list(FILES)
    broken = {}
    for name in names:
        content, named = FILES[name]
        (tmp_path / "x.csv").write_bytes(content)
        broken[name] = refused(("run", "quick", "--dataset", "x.csv"), tmp_path, named)
    attacked(broken)


def test_what_is_no_file_gets_one_line(tmp_path, attacked):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    names = ["pipe.csv", "folder.csv", "loop.csv", "zero.csv", "gone.csv", "n" * 300 + ".csv",
             "\udcff.csv", "", "../" * 2000 + "x.csv"]  # fmt: skip
    attacked({name: refused(("run", "quick", "--dataset", name), tmp_path, "") for name in names})
