"""The data room: seeded generators, small real data and the user's own CSV, split and scaled.

scikit-learn is imported only when a data set is made.
"""

from benchgrad.datasets.dataset import Dataset, DatasetError
from benchgrad.datasets.sources import SOURCES, Recipe, check_name, make

__all__ = ["SOURCES", "Dataset", "DatasetError", "Recipe", "check_name", "make"]
