"""Connected components of a lesion mask, and where each of them lies."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.io import typed
from cpimaging.types import LESIONS_COLUMNS, Image, LabelMap, region_positions
from cpimaging.words import SIDES, Side

MIDLINE_MM = 1e-3
"""Half width of the midline of voxels without a label: no more than rounding."""
PIECE_COLUMNS = {k: v for k, v in LESIONS_COLUMNS.items() if k not in ("participant_id", "session_id")}
"""LESIONS_COLUMNS without the columns of the scan."""


def components(
    mask: Image,
    labels: Image,
    atlas: LabelMap,
    distance_ventricle_mm: NDArray[np.floating[Any]],
    source: str,
) -> tuple[Image, pd.DataFrame]:
    """Number the pieces of a lesion (26-connected), largest first, and describe each.

    mask: bool. labels: atlas labels on the mask's grid, named by atlas.regions. distance_ventricle_mm:
    array of that grid, NaN where not known. source: what drew the mask, written into every row.
    Returns the label image (int32) and a table of PIECE_COLUMNS. Side: that of most voxels, "midline" in a
    tie; a voxel without a label takes the side of the nearer hemisphere. main_structure: the one with most
    voxels, or "outside_atlas". distance_ventricle_mm: the shortest.
    """
    if not mask.same_grid(labels):
        raise ValueError("the mask and the labels must be on one grid")
    voxels, member = _pieces(mask.data.astype(bool, copy=False))
    n = int(member.max(initial=-1)) + 1
    positions = region_positions(labels.data[tuple(voxels.T)], atlas.regions)
    centroid_mm = _means(member, voxels, n) @ mask.affine[:3, :3].T + mask.affine[:3, 3]
    table = pd.DataFrame(centroid_mm, columns=["centroid_x_mm", "centroid_y_mm", "centroid_z_mm"])
    table["volume_mm3"] = np.bincount(member, minlength=n) * mask.voxel_volume_mm3
    table["side"] = _majority_side(_tally(member, _sides(voxels, positions, labels, atlas), n, len(SIDES)))
    table["main_structure"] = _main_structure(member, positions, n, atlas)
    table["distance_ventricle_mm"] = _minima(member, distance_ventricle_mm[tuple(voxels.T)], n)
    table["source"] = source
    for name in ("cavity_percent", "blood_percent", "probability"):
        table[name] = np.nan  # not known from the mask alone

    order = np.lexsort((*centroid_mm.T[::-1], -table["volume_mm3"]))
    table = table.iloc[order].reset_index(drop=True)
    table["index"] = np.arange(1, n + 1)
    numbered = np.zeros(mask.shape, dtype=np.int32)
    numbered[tuple(voxels.T)] = np.argsort(order)[member] + 1
    return mask.with_data(numbered), typed(table, PIECE_COLUMNS)


def piece_table(
    member: NDArray[np.int_],
    sides: NDArray[np.int_],
    distance_ventricle_mm: NDArray[np.floating[Any]],
    voxel_mm3: float,
) -> pd.DataFrame:
    """Describe the pieces of a lesion that is given by its voxels alone, on any grid.

    member: from `members`, of each voxel. sides: place in SIDES of each. distance_ventricle_mm: of each.
    Returns index (1 + member), side, volume_mm3 and distance_ventricle_mm as in `components`, a row each.
    """
    n = int(member.max(initial=-1)) + 1
    return pd.DataFrame(
        {
            "index": np.arange(1, n + 1),
            "side": np.array(_majority_side(_tally(member, sides, n, len(SIDES))), dtype=object),
            "volume_mm3": np.bincount(member, minlength=n) * voxel_mm3,
            "distance_ventricle_mm": _minima(member, distance_ventricle_mm, n),
        }
    )


def _pieces(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Return the lesion voxels, (voxels, 3), and the piece, from 0, that each belongs to."""
    voxels = np.stack(np.unravel_index(np.flatnonzero(mask), mask.shape), axis=1)
    return voxels, members(voxels)


def members(voxels: NDArray[np.int_]) -> NDArray[np.int_]:
    """Return the piece (26-connected), from 0, that each voxel belongs to. voxels: (voxels, 3)."""
    if not len(voxels):
        return np.empty(0, dtype=int)
    place = tuple((voxels - voxels.min(axis=0)).T)
    box = np.zeros([int(axis.max()) + 1 for axis in place], bool)
    box[place] = True
    pieces, _ = ndimage.label(box, structure=np.ones((3, 3, 3)))
    found: NDArray[np.int_] = pieces[place] - 1
    return found


def _means(member: NDArray[np.int_], values: NDArray[np.int_], n: int) -> NDArray[np.float64]:
    """Return the mean of each column of `values` per member: (n, columns)."""
    sums = [np.bincount(member, weights=column, minlength=n) for column in values.T]
    return np.stack(sums, axis=1) / np.bincount(member, minlength=n)[:, None]


def _tally(member: NDArray[np.int_], kind: NDArray[np.int_], n: int, kinds: int) -> NDArray[np.int_]:
    """Count voxels per member and kind: (n, kinds)."""
    return np.bincount(member * kinds + kind, minlength=n * kinds).reshape(n, kinds)


def _main_structure(
    member: NDArray[np.int_], positions: NDArray[np.int32], n: int, atlas: LabelMap
) -> NDArray[np.str_]:
    """Return the structure with most voxels per member."""
    names = ["outside_atlas", *dict.fromkeys(region.called for region in atlas.regions)]
    of_position = np.array([0, *(names.index(region.called) for region in atlas.regions)])
    winner: NDArray[np.str_] = np.array(names)[
        _tally(member, of_position[positions], n, len(names)).argmax(axis=1)
    ]
    return winner


def _minima(member: NDArray[np.int_], values: NDArray[np.floating[Any]], n: int) -> NDArray[np.float64]:
    """Return the smallest value per member, NaN where a member has none."""
    order = np.argsort(member, kind="stable")
    starts = np.searchsorted(member[order], np.arange(n))
    lowest: NDArray[np.float64] = (
        np.fmin.reduceat(values[order].astype(np.float64), starts) if n else np.empty(0)
    )
    return lowest


def _majority_side(tally: NDArray[np.int_]) -> list[Side]:
    """Return the side with most voxels; left and right in balance make a midline lesion."""
    winner = tally.argmax(axis=1)
    winner[tally[:, 0] == tally[:, 1]] = SIDES.index("midline")
    return [SIDES[index] for index in winner]


def _sides(
    voxels: NDArray[np.int_], positions: NDArray[np.int32], labels: Image, atlas: LabelMap
) -> NDArray[np.int_]:
    """Return the side of each lesion voxel as its place in SIDES."""
    side_of = np.array([-1, *(SIDES.index(region.side) for region in atlas.regions)])
    sides = side_of[positions]
    outside = sides < 0
    if outside.any():
        sides[outside] = _nearer_hemisphere(voxels[outside], labels, side_of[1:], atlas)
    return sides


def _nearer_hemisphere(
    voxels: NDArray[np.int_], labels: Image, side_of: NDArray[np.int_], atlas: LabelMap
) -> NDArray[np.int_]:
    """Tell left from right by the plane midway between the centroids of both hemispheres.

    The x axis of a scanner need not run through the middle of the head. Where the labels lack a
    hemisphere, x = 0 is all there is to go by.
    """
    world = voxels @ labels.affine[:3, :3].T + labels.affine[:3, 3]
    rightness_mm = world[:, 0]
    sample = [_every_few(n) for n in labels.shape]
    sided = np.array([2, *side_of])[region_positions(labels.data[np.ix_(*sample)], atlas.regions)]
    if {0, 1} <= set(np.unique(sided)):
        found = [np.argwhere(sided == side) for side in (0, 1)]
        centres = [[s[i].mean() for s, i in zip(sample, where.T, strict=True)] for where in found]
        left, right = np.array(centres) @ labels.affine[:3, :3].T + labels.affine[:3, 3]
        rightness_mm = (world - (left + right) / 2) @ (right - left) / np.linalg.norm(right - left)
    return np.where(rightness_mm < -MIDLINE_MM, 0, np.where(rightness_mm > MIDLINE_MM, 1, 2))


def _every_few(n: int) -> NDArray[np.int_]:
    """Return enough indices of an axis for a centroid, the same ones from either end."""
    some = np.arange(0, n, max(n // 32, 1))
    return np.union1d(some, n - 1 - some)
