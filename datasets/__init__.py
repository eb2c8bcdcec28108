"""The data room: generators, small real data, the user's own CSV or arrays, split and scaled.

scikit-learn is imported only when a data set is made.
"""

from benchgrad.datasets.arrays import from_arrays, from_frame, given_name, is_given
from benchgrad.datasets.dataset import Dataset, DatasetError, Table, split
from benchgrad.datasets.sources import SOURCES, Recipe, check_name, make

__all__ = [
    "SOURCES",
    "Dataset",
    "DatasetError",
    "Recipe",
    "Table",
    "check_name",
    "from_arrays",
    "from_frame",
    "given_name",
    "is_given",
    "make",
    "split",
]
