"""Reads a CSV file of the user's own: numbers in every column but the one with the labels.

Every complaint names the file, and where there is one, the row and the column. A row is
counted as a spreadsheet shows it: the header is row 1.
"""

import csv
import math
from collections import Counter
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from benchgrad.datasets.dataset import Array, DatasetError, Table

_LARGEST = 1e100  # the sum of the squares of a column must not overflow


class Row(NamedTuple):
    """The cells of a row, without the blanks around them, and its number."""

    number: int
    cells: list[str]


def read_csv(path: Path, label: str) -> Table:
    """Return the rows of the file, with the classes in order.

    Raises:
        DatasetError: the file cannot be read, rows differ in length, there is no column
            `label` or no other one, a cell is empty, no number or not finite, there is one
            class only, or a class has fewer than two rows.
    """
    header, *rows = _read_rows(path)
    columns = header.cells
    for name, count in Counter(columns).items():
        if count > 1:
            _refuse(path, f"the column {name!r} stands there {count} times", row=1)
    if label not in columns:
        listed = ", ".join(map(repr, columns))
        _refuse(path, f"there is no column {label!r} among {listed}; name it with --label", row=1)
    if len(columns) == 1:
        _refuse(path, f"there is no column beside {label!r} to learn from", row=1)
    where = columns.index(label)
    X = np.array([_features(path, columns, where, row) for row in rows])
    labels, class_names = _classes(path, rows, where, label)
    return Table(X, labels, class_names)


def _refuse(path: Path, problem: str, *, row: int = 0, column: str = "") -> NoReturn:
    place = f", row {row}" * bool(row) + f", column {column!r}" * bool(column)
    raise DatasetError(f"{path}{place}: {problem}")


def _read_rows(path: Path) -> list[Row]:
    """Return the header and at least one more row, all of one length; blank rows are left out."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            cells = [[cell.strip() for cell in row] for row in csv.reader(file, strict=True)]
    except FileNotFoundError:
        _refuse(path, "there is no such file")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: cannot be read as CSV: {error}") from error
    rows = [Row(number, row) for number, row in enumerate(cells, start=1) if any(row)]
    if len(rows) < 2:
        _refuse(path, "there is no row below the header")
    width = len(rows[0].cells)
    for row in rows:
        if len(row.cells) != width:
            problem = f"{len(row.cells)} cells where the header has {width}"
            column = rows[0].cells[len(row.cells)] if len(row.cells) < width else ""
            _refuse(path, problem, row=row.number, column=column)
    return rows


def _features(path: Path, columns: list[str], where: int, row: Row) -> list[float]:
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
        if abs(number) > _LARGEST:
            _refuse(path, f"{cell!r} is too large to be scaled", row=row.number, column=columns[i])
        numbers.append(number)
    return numbers


def _classes(path: Path, rows: list[Row], where: int, label: str) -> tuple[Array, tuple[str, ...]]:
    counts = Counter(row.cells[where] for row in rows)
    for row in rows:
        name = row.cells[where]
        if not name:
            _refuse(path, "the cell is empty", row=row.number, column=label)
        if len(counts) > 1 and counts[name] < 2:
            problem = f"the class {name!r} has one row; two are needed, to train and to test"
            _refuse(path, problem, row=row.number, column=label)
    if len(counts) == 1:
        only = rows[0].cells[where]
        problem = f"all rows are of the class {only!r}; two classes are needed"
        _refuse(path, problem, row=rows[0].number, column=label)
    names = sorted(counts, key=_numeric_order)
    index = {name: i for i, name in enumerate(names)}
    return np.array([index[row.cells[where]] for row in rows]), tuple(names)


def _numeric_order(name: str) -> tuple[float, str]:
    """Sort 2 before 10, and text after numbers."""
    try:
        number = float(name)
    except ValueError:
        return math.inf, name
    return (math.inf if math.isnan(number) else number), name
