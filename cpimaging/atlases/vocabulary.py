"""The shared vocabulary of structures: what atlases map their labels to and scorers speak."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cpimaging.io import read_table

if TYPE_CHECKING:
    import pandas as pd

STRUCTURES = Path(__file__).parent.parent / "structures.tsv"


@cache
def _structures() -> "pd.DataFrame":
    columns = {"structure": "str", "tissue": "str", "sides": "str", "name": "str"}
    return read_table(STRUCTURES, columns)


def load_structures() -> "pd.DataFrame":
    """Return the vocabulary: one row per structure, columns structure, tissue, sides, name.

    sides: "lateral" (left and right), "midline", or "either": left and right, with the plane between them on
    the midline, or the midline alone. tissue "overlay" marks tracts and territories, which may overlap the
    other structures.
    """
    return _structures().copy()
