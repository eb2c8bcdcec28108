"""Reads the user's own CSV file: numbers in every column but one, which has the labels.

Every error names the file and, if possible, the row and column. Rows are numbered as in a
spreadsheet: the header is row 1.
"""

import csv
import math
from collections import Counter
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from benchgrad.datasets.dataset import LARGEST, Array, DatasetError, Table


class CsvRow(NamedTuple):
    """The number of a row and its cells, stripped of blanks."""

    number: int
    cells: list[str]


def read_csv(path: Path, label: str) -> Table:
    """Return the rows of the file, with the classes in order.

    Raises:
        DatasetError: the file cannot be read, rows differ in length, there is no column `label` or
            no other column, a cell is empty, not a number or not finite, there is only one class,
            or a class has fewer than two rows.
    """
    header, *rows = _read_rows(path)
    columns = header.cells
    for name, count in Counter(columns).items():
        if count > 1:
            _refuse(path, f"the column {name!r} appears {count} times", row=1)
    if label not in columns:
        listed = ", ".join(map(repr, columns))
        _refuse(path, f"there is no column {label!r} among {listed}; name it with --label", row=1)
    if len(columns) == 1:
        _refuse(path, f"there is no column to learn from, only {label!r}", row=1)
    where = columns.index(label)
    X = np.array([_features(path, columns, where, row) for row in rows])
    labels, class_names = _classes(path, rows, where, label)
    return Table(X, labels, class_names)


def _refuse(path: Path, problem: str, *, row: int = 0, column: str = "") -> NoReturn:
    place = f", row {row}" * bool(row) + f", column {column!r}" * bool(column)
    raise DatasetError(f"{path}{place}: {problem}")


def _read_rows(path: Path) -> list[CsvRow]:
    """Return the header and at least one row, all of equal length, without blank rows."""
    try:
        if path.exists() and not path.is_file():  # a pipe would never end
            _refuse(path, "it is not a regular file")
        with path.open(newline="", encoding="utf-8-sig") as file:
            separator = _separator(file.readline())
            file.seek(0)
            rows_read = csv.reader(file, strict=True, delimiter=separator)
            cells = [[cell.strip() for cell in row] for row in rows_read]
    except FileNotFoundError:
        _refuse(path, "there is no such file")
    except (OSError, ValueError, csv.Error) as error:
        problem = (isinstance(error, OSError) and error.strerror) or error
        raise DatasetError(f"{path}: cannot be read as CSV: {problem}") from error
    rows = [CsvRow(number, row) for number, row in enumerate(cells, start=1) if any(row)]
    if len(rows) < 2:
        _refuse(path, "there is no row below the header")
    width = len(rows[0].cells)
    for row in rows:
        if len(row.cells) != width:
            problem = f"{len(row.cells)} cells, but the header has {width}"
            column = rows[0].cells[len(row.cells)] if len(row.cells) < width else ""
            _refuse(path, problem, row=row.number, column=column)
    return _without_index(path, rows)


def _separator(header: str) -> str:
    """Return what separates the names of the columns: a comma if there is one."""
    return next((each for each in (",", ";", "\t") if each in header), ",")


def _without_index(path: Path, rows: list[CsvRow]) -> list[CsvRow]:
    """Return the rows without a first column that has no name and only numbers them.

    pandas writes such a column unless it is told not to; an engine would learn from it.
    """
    header, *others = rows
    if header.cells[0] or len(header.cells) == 1:
        return rows
    numbers = [row.cells[0] for row in others]
    if numbers not in ([str(i + start) for i in range(len(others))] for start in (0, 1)):
        _refuse(path, "the first column has no name, and does not only number the rows", row=1)
    return [CsvRow(row.number, row.cells[1:]) for row in rows]


def _features(path: Path, columns: list[str], where: int, row: CsvRow) -> list[float]:
    numbers = []
    for i, cell in enumerate(row.cells):
        if i == where:
            continue
        try:
            number = float(cell)
        except ValueError:
            problem = f"{cell!r} is not a number" if cell else "the cell is empty"
            _refuse(path, problem, row=row.number, column=columns[i])
        if not math.isfinite(number):
            _refuse(path, f"{cell!r} is not a finite number", row=row.number, column=columns[i])
        if abs(number) > LARGEST:
            _refuse(path, f"{cell!r} is too large to scale", row=row.number, column=columns[i])
        numbers.append(number)
    return numbers


def _classes(
    path: Path, rows: list[CsvRow], where: int, label: str
) -> tuple[Array, tuple[str, ...]]:
    counts = Counter(row.cells[where] for row in rows)
    for row in rows:
        name = row.cells[where]
        if not name:
            _refuse(path, "the cell is empty", row=row.number, column=label)
        if len(counts) > 1 and counts[name] < 2:
            problem = f"the class {name!r} has one row; it needs two, to train and to test"
            _refuse(path, problem, row=row.number, column=label)
    if len(counts) == 1:
        only = rows[0].cells[where]
        problem = f"every row is in class {only!r}; a classifier needs two"
        _refuse(path, problem, row=rows[0].number, column=label)
    names = sorted(counts, key=_numeric_order)
    index = {name: i for i, name in enumerate(names)}
    return np.array([index[row.cells[where]] for row in rows]), tuple(names)


def _numeric_order(name: str) -> tuple[float, str]:
    """Return a key that sorts 2 before 10, and text after numbers."""
    try:
        number = float(name)
    except ValueError:
        return math.inf, name
    return (math.inf if math.isnan(number) else number), name
