"""Regions: which epochs have them, on which points, and that they survive the file."""

import msgspec
import numpy as np

from benchgrad.benchmarks.records import Cell, Grid
from benchgrad.benchmarks.regions import Regions, coarse, kept_epochs


def test_epochs_are_kept_at_powers_and_at_both_ends():
    assert kept_epochs(1) == [0, 1]
    assert kept_epochs(20) == [0, 1, 2, 3, 4, 6, 8, 11, 16, 20]
    assert kept_epochs(16) == [0, 1, 2, 3, 4, 6, 8, 11, 16]
    assert len(kept_epochs(10**9)) < 64


def test_engines_with_more_epochs_keep_those_of_engines_with_fewer():
    assert set(kept_epochs(20)[:-1]) <= set(kept_epochs(100))


def test_the_coarse_grid_has_every_third_point_and_the_last():
    points = Grid(0.0, 99.0, 0.0, 99.0, 100).points()[coarse(100)]
    assert sorted(set(points[:, 0])) == list(range(0, 100, 3))
    assert len(points) == 34 * 34
    assert points[1].tolist() == [3.0, 0.0]  # row by row, x first


def test_runs_give_their_classes_back():
    classes = [0, 0, 2, 2, 2, 1, 0]
    regions = Regions.of(3, classes)
    assert regions.runs == [(0, 2), (2, 3), (1, 1), (0, 1)]
    assert regions.n_points == 7
    assert np.array_equal(regions.classes(), classes)


def test_cells_without_regions_are_those_of_earlier_versions():
    cell = Cell("tensor", 0, "ok", 1)
    written = msgspec.to_builtins(cell)
    del written["regions"]
    assert msgspec.convert(written, Cell) == cell
