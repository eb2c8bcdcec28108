"""The user's own CSV file: what is read, and what is refused and where."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from benchgrad.datasets import DatasetError, Recipe, check_name, make
from benchgrad.datasets.csv_file import read_csv

GOOD = "a,b,label\n1,10,x\n2,20,y\n3,30,x\n4,40,y\n"


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file and returns its path."""

    def write(content, name="mine.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refusal(path, label="label"):
    """Return the error about a file, which is one line that begins with its name."""
    with pytest.raises(DatasetError) as caught:
        read_csv(path, label)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


def test_numbers_and_labels_are_read(write):
    table = read_csv(write(GOOD), "label")
    assert_array_equal(table.X, [[1, 10], [2, 20], [3, 30], [4, 40]])
    assert table.X.dtype == np.float64
    assert_array_equal(table.labels, [0, 1, 0, 1])
    assert table.class_names == ("x", "y")


def test_the_column_of_labels_may_stand_anywhere_and_have_any_name(write):
    table = read_csv(write("kind,a,b\nx,1,10\ny,2,20\nx,3,30\ny,4,40\n"), "kind")
    assert_array_equal(table.X, [[1, 10], [2, 20], [3, 30], [4, 40]])
    assert_array_equal(table.labels, [0, 1, 0, 1])


def test_text_labels_are_in_the_order_of_the_alphabet(write):
    table = read_csv(write("a,label\n1,pear\n2,apple\n3,pear\n4,apple\n5,fig\n6,fig\n"), "label")
    assert table.class_names == ("apple", "fig", "pear")
    assert_array_equal(table.labels, [2, 0, 2, 0, 1, 1])


def test_number_labels_are_in_the_order_of_numbers_and_before_text(write):
    names = ["10", "nan", "2", "-1.5", "b", "a"]
    rows = "".join(f"{i},{name}\n" for name in names for i in (1, 2))
    table = read_csv(write("a,label\n" + rows), "label")
    assert table.class_names == ("-1.5", "2", "10", "a", "b", "nan")
    assert table.labels.tolist() == [2, 2, 5, 5, 1, 1, 0, 0, 4, 4, 3, 3]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("\ufeff" + GOOD, id="byte-order mark"),
        pytest.param(GOOD.replace(",", " , ").replace("\n", " \n"), id="blanks around cells"),
        pytest.param("\n" + GOOD.replace("\n", "\n\n") + "\n\n", id="blank lines"),
        pytest.param(GOOD.replace("3,30", ",,\n  ,\t,\n3,30"), id="rows of blanks"),
        pytest.param(GOOD.replace("10", '"10"').replace("x", '"x"'), id="quoted cells"),
        pytest.param(GOOD.replace("a,b", '"a","b"'), id="quoted header"),
        pytest.param(GOOD.replace("\n", "\r\n"), id="Windows line ends"),
        pytest.param(GOOD.removesuffix("\n"), id="no last line end"),
        pytest.param(GOOD.replace("10", "1e1").replace("20", "+20.0"), id="ways to write numbers"),
    ],
)
def test_the_same_table_may_be_written_in_other_ways(write, content):
    table, expected = read_csv(write(content), "label"), read_csv(write(GOOD, "b.csv"), "label")
    assert_array_equal(table.X, expected.X)
    assert_array_equal(table.labels, expected.labels)
    assert table.class_names == expected.class_names


def test_a_byte_order_mark_is_no_part_of_the_first_name(write):
    table = read_csv(write("\ufefflabel,a\nx,1\nx,2\ny,3\ny,4\n"), "label")
    assert table.class_names == ("x", "y")


def test_a_quoted_label_may_hold_a_comma_a_quote_and_a_line_end(write):
    table = read_csv(write('a,label\n1,"x, ""y""\nz"\n2,"x, ""y""\nz"\n3,w\n4,w\n'), "label")
    assert table.class_names == ("w", 'x, "y"\nz')


def test_labels_may_be_other_than_ascii(write):
    table = read_csv(write("größe,label\n1,süß\n2,süß\n3,漢\n4,漢\n"), "label")
    assert table.class_names == ("süß", "漢")


BAD = {
    "text for a number": ("a,b,label\n1,2,x\n3,four,y\n", ", row 3, column 'b': 'four'"),
    "nan": ("a,b,label\nNaN,2,x\n3,4,y\n", ", row 2, column 'a': 'NaN' is not a finite"),
    "infinite": ("a,b,label\n1,2,x\n3,-inf,y\n", ", row 3, column 'b': '-inf' is not a finite"),
    "too large": ("a,b,label\n1,2,x\n3,1e999,y\n", ", row 3, column 'b': '1e999' is not a finite"),
    "empty cell": ("a,b,label\n1,,x\n3,4,y\n", ", row 2, column 'b': the cell is empty"),
    "blank cell": ("a,b,label\n1,2,x\n  ,4,y\n", ", row 3, column 'a': the cell is empty"),
    "empty label": ("a,label\n1,x\n2,\n3,x\n", ", row 3, column 'label': the cell is empty"),
    "no label": ("a,label\n1,\n2,\n", ", row 2, column 'label': the cell is empty"),
    "one class": ("a,label\n1,x\n2,x\n", ", row 2, column 'label': every row is in class 'x'"),
    "a single row": ("a,label\n1,x\n2,y\n3,x\n", ", row 3, column 'label': the class 'y' has one"),
    "no such column": ("a,kind\n1,x\n2,y\n", ", row 1: there is no column 'label' among 'a', "),
    "same column": ("a,a,label\n1,1,x\n2,2,y\n", ", row 1: the column 'a' appears 2 times"),
    "two labels": ("a,label,label\n1,x,x\n", ", row 1: the column 'label' appears 2 times"),
    "no feature": ("label\nx\ny\n", ", row 1: there is no column to learn from, only 'label'"),
    "short row": ("a,b,label\n1,2,x\n3,4\n", ", row 3, column 'label': 2 cells, but"),
    "long row": ("a,b,label\n1,2,x\n3,4,y,5\n", ", row 3: 4 cells, but the header has 3"),
    "no rows": ("a,b,label\n", ": there is no row below the header"),
    "empty file": ("", ": there is no row below the header"),
    "blank file": ("\n  \n,,\n", ": there is no row below the header"),
    "not UTF-8": ("größe,label\n1,x\n".encode("latin-1"), ": cannot be read as CSV: 'utf-8' codec"),
    "open quote": ('a,label\n1,"x\n2,y\n', ": cannot be read as CSV: unexpected end"),
    "text after a quote": ('a,label\n1,"x"y\n', ": cannot be read as CSV: "),
    "other separator": ("a|label\n1|x\n2|y\n", ", row 1: there is no column 'label'"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "complaint"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_in_one_line_that_names_the_place(write, content, complaint):
    path = write(content)
    assert refusal(path).startswith(complaint)
    with pytest.raises(DatasetError) as caught:
        make(str(path))
    assert str(caught.value).startswith(f"{path}{complaint}")


def test_the_first_bad_row_is_named(write):
    assert ", row 2, column 'b'" in refusal(write("a,b,label\n1,u,x\nv,2,y\n"))


def test_rows_are_counted_with_the_blank_ones(write):
    assert ", row 6, column 'a'" in refusal(write("\na,label\n\n1,x\n,\ntwo,y\n"))


def test_a_cell_with_a_line_end_is_in_one_row(write):
    assert ", row 3, column 'a'" in refusal(write('a,label\n1,"x\ny"\ntwo,z\n'))


def test_a_column_with_a_line_end_in_its_name_is_named_in_one_line(write):
    assert r"column 'a\nb'" in refusal(write('"a\nb",label\ntwo,x\n'))


def test_a_missing_file_is_refused(tmp_path):
    path = tmp_path / "absent.csv"
    assert refusal(path) == ": there is no such file"
    for ask in (make, check_name):
        with pytest.raises(DatasetError, match=r"absent\.csv'?: there is no such file") as caught:
            ask(str(path))
        assert len(str(caught.value).splitlines()) == 1


def test_a_folder_is_refused(tmp_path):
    path = tmp_path / "folder.csv"
    path.mkdir()
    assert refusal(path) == ": it is not a regular file"
    for ask in (make, check_name):
        with pytest.raises(DatasetError, match=r"folder\.csv"):
            ask(str(path))


def test_a_good_file_passes_the_check_of_names(write):
    check_name(str(write(GOOD)))


def test_two_rows_a_class_are_enough(write):
    path = write(GOOD)
    dataset = make(str(path))
    assert dataset.name == str(path)
    assert (dataset.n_features, dataset.n_classes) == (2, 2)
    assert dataset.class_names == ("x", "y")
    assert sorted(dataset.y_train.tolist()) == sorted(dataset.y_test.tolist()) == [0, 1]
    assert dataset.y_train.dtype == dataset.y_test.dtype == np.int64
    assert np.isfinite(dataset.X_train).all()
    assert np.isfinite(dataset.X_test).all()


def test_the_recipe_names_the_column_and_the_share_of_the_file(write):
    rows = "".join(f"{'xy'[i % 2]},{i}\n" for i in range(40))
    path = write("kind,a\n" + rows)
    dataset = make(str(path), Recipe(label="kind", test_fraction=0.3, n_samples=20))
    assert (len(dataset.y_train), len(dataset.y_test)) == (28, 12)
    assert np.bincount(dataset.y_test).tolist() == [6, 6]


def test_a_file_is_scaled_by_its_training_rows_and_keeps_its_labels(write):
    """The only feature is the square of the row's number, so rows can be identified."""
    rows = "".join(f"{i * i},{'big' if i >= 12 else 'small'}\n" for i in range(20))
    dataset = make(str(write("a,label\n" + rows)))
    scaled = np.concatenate([dataset.X_train, dataset.X_test]).ravel()
    raw = np.empty(20)
    raw[np.argsort(scaled)] = np.arange(20.0) ** 2
    train, test = raw[: len(dataset.y_train)], raw[len(dataset.y_train) :]
    assert_allclose(dataset.X_train.ravel(), (train - train.mean()) / train.std())
    assert_allclose(dataset.X_test.ravel(), (test - train.mean()) / train.std())
    assert_array_equal(dataset.y_train, train < 144)  # big is 0, small is 1
    assert_array_equal(dataset.y_test, test < 144)


def test_a_column_that_never_changes_becomes_zero(write):
    dataset = make(str(write("a,b,label\n7,1,x\n7,2,x\n7,3,y\n7,4,y\n")))
    assert_array_equal(dataset.X_train[:, 0], 0.0)
    assert_array_equal(dataset.X_test[:, 0], 0.0)


def test_the_seed_draws_the_split(write):
    path = str(write("a,label\n" + "".join(f"{i},{i % 2}\n" for i in range(40))))
    first, again, other = (make(path, Recipe(seed=seed)) for seed in (0, 0, 1))
    assert_array_equal(first.X_test, again.X_test)
    assert not np.array_equal(first.X_test, other.X_test)


def test_a_rare_class_is_in_both_parts(write):
    """A class with one row is refused because it needs two, to train and to test."""
    rows = "".join(f"{i},{'rare' if i in (10, 60) else 'common'}\n" for i in range(100))
    dataset = make(str(write("a,label\n" + rows)))
    assert set(dataset.y_train.tolist()) == {0, 1}
    assert set(dataset.y_test.tolist()) == {0, 1}


def test_numbers_too_large_to_standardise_are_refused(write):
    """Their squares overflow, and the column would not be scaled."""
    path = write("a,label\n1e300,x\n-1e300,x\n1,y\n4,y\n")
    with pytest.raises(DatasetError) as caught:
        make(str(path))
    assert "'a'" in str(caught.value)


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_semicolons_and_tabs_separate_too(write, separator, mark):
    table = read_csv(write(mark + GOOD.replace(",", separator)), "label")
    assert_array_equal(table.X, read_csv(write(GOOD), "label").X)


@pytest.mark.parametrize("first", [0, 1])
def test_a_nameless_column_that_numbers_the_rows_is_left_out(write, first):
    header, *rows = GOOD.splitlines()
    numbered = [f",{header}", *(f"{i},{row}" for i, row in enumerate(rows, start=first))]
    table = read_csv(write("\n".join(numbered) + "\n"), "label")
    assert_array_equal(table.X, read_csv(write(GOOD), "label").X)


def test_any_other_nameless_column_is_refused(write):
    path = write(",a,label\n7,1,x\n8,2,y\n")
    assert refusal(path).startswith(", row 1: the first column has no name")
