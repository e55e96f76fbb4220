from io import BytesIO

import numpy as np
from scipy.io import mmread

from cpimaging.exports.voxels import market_lines, x_first


def test_places_are_turned_to_those_of_nifti() -> None:
    """Of a grid of 2 × 3 × 4: (1, 0, 0) and (0, 2, 1) lie at 12 and 9 in C, at 1 and 10 with x first."""
    assert x_first(np.array([12, 9]), (2, 3, 4)).tolist() == [1, 10]


def test_the_matrix_holds_the_voxels_of_each_scan() -> None:
    """Scans with voxels 1 and 10, none, 10 and 11: three columns, of which the second scan has none."""
    lesions = [np.array([1, 10]), np.array([], int), np.array([10, 11])]
    anywhere, lines = market_lines(lambda: lesions, 3, 24)
    assert np.flatnonzero(anywhere).tolist() == [1, 10, 11]
    text = "".join(lines)
    assert text.splitlines()[:3] == ["%%MatrixMarket matrix coordinate pattern general", "3 3 4", "1 1"]
    assert mmread(BytesIO(text.encode())).toarray().tolist() == [[1, 1, 0], [0, 0, 0], [0, 1, 1]]
