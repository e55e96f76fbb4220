"""The same lesion and labels in any order of axes, oblique or not, on any voxels: the same numbers."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from kinds_masks import bulk

from cpimaging.images import read_image
from cpimaging.masks import read_mask
from cpimaging.quantify.load import lesion_load
from cpimaging.types import Image, LabelMap, Region

Triple = tuple[float, float, float]
Found = dict[tuple[str, str], float]

CODES = ["".join(codes) for codes in itertools.product("LR", "AP", "IS")]
ORDERS = ["".join(order) for code in CODES for order in itertools.permutations(code)]
GRIDS = {
    "isotropic": (2.0, 2.0, 2.0),
    "thick slices": (1.0, 1.0, 4.0),
    "three different edges": (1.5, 2.0, 3.0),
}
TURNS_DEGREES = {"straight": (0.0, 0.0, 0.0), "oblique": (17.0, -11.0, 23.0)}
SIZE_MM = (72.0, 60.0, 48.0)
REGIONS = (
    Region(3, "left", "frontal", "left", "white_matter"),
    Region(300, "right", "thalamus", "right", "deep_grey"),
    Region(70001, "middle", "pons", "midline", "brainstem"),
)


def test_there_are_48_of_either_handedness() -> None:
    assert len(set(ORDERS)) == 48
    hands = [
        np.linalg.det(nib.orientations.inv_ornt_aff(_ornt(order), (5, 5, 5))[:3, :3]) for order in ORDERS
    ]
    assert sum(hand > 0 for hand in hands) == 24


def _ornt(order: str) -> np.ndarray:
    return nib.orientations.axcodes2ornt(tuple(order))


def scene(
    edges: tuple[float, float, float], degrees: tuple[float, float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels, lesion, and the affine (RAS+ order of axes) of a head that is turned with its grid."""
    shape = tuple(int(size / edge) for size, edge in zip(SIZE_MM, edges, strict=True))
    straight = np.diag([*edges, 1.0])
    straight[:3, 3] = -np.array(SIZE_MM) / 2 + np.array(edges) / 2
    at = np.argwhere(np.ones(shape)) @ straight[:3, :3].T + straight[:3, 3]
    labels = np.select([np.abs(at[:, 0]) < 6, at[:, 0] < 0, at[:, 0] > 0], [70001, 3, 300])
    labels[np.abs(at[:, 2]) > 18] = 0
    lesion = (((at - [-14.0, 6.0, 3.0]) / [17.0, 9.0, 11.0]) ** 2).sum(axis=1) < 1
    return labels.reshape(shape).astype(np.int32), lesion.reshape(shape), _turn(degrees) @ straight


def _turn(degrees: Triple) -> np.ndarray:
    turn = np.eye(4)
    for axis, angle in enumerate(np.radians(degrees)):
        one, other = [k for k in range(3) if k != axis]
        step = np.eye(4)
        step[one, one] = step[other, other] = np.cos(angle)
        step[one, other], step[other, one] = -np.sin(angle), np.sin(angle)
        turn = step @ turn
    return turn


def expected(labels: np.ndarray, lesion: np.ndarray, affine: np.ndarray) -> Found:
    """Return the percent of each region that is lesion, counted by numpy; and its volume in mm³."""
    mm3 = abs(np.linalg.det(affine[:3, :3]))
    found = {}
    for region in REGIONS:
        inside = labels == region.index
        found[region.structure, "percent"] = 100 * float((lesion & inside).sum() / inside.sum())
        found[region.structure, "mm3"] = mm3 * float((lesion & inside).sum())
    return found


def measured(folder: Path, labels: np.ndarray, lesion: np.ndarray, affine: np.ndarray) -> Found:
    for name, data in (("labels", labels), ("lesion", lesion.astype(np.uint8))):
        nib.save(nib.Nifti1Image(data, affine), folder / f"{name}.nii")
    label_map = LabelMap(read_image(folder / "labels.nii", labels=True), REGIONS)
    mask, _ = read_mask(folder / "lesion.nii")
    brain = Image(np.ones(mask.shape, bool), mask.affine)
    table = lesion_load(mask, label_map.labels, label_map, {}, brain)
    rows = table[table["structure"].isin([region.structure for region in REGIONS])]
    found = {}
    for row in rows.itertuples():
        found[row.structure, "percent"], found[row.structure, "mm3"] = (
            row.percent_region,
            row.lesion_volume_mm3,
        )
    return found


def stored(order: str, labels: np.ndarray, lesion: np.ndarray, affine: np.ndarray) -> Iterator[np.ndarray]:
    """Yield labels, lesion and affine with the axes in another order, by nibabel's turning alone."""
    change = nib.orientations.ornt_transform(_ornt("RAS"), _ornt(order))
    for data in (labels, lesion):
        yield np.ascontiguousarray(nib.orientations.apply_orientation(data, change))
    yield affine @ nib.orientations.inv_ornt_aff(change, labels.shape)


def check(folder: Path, order: str, grid: str, turn: str) -> None:
    plain = scene(GRIDS[grid], TURNS_DEGREES[turn])
    truth = expected(*plain)
    found = measured(folder, *stored(order, *plain))
    assert found.keys() == truth.keys()
    for name, value in truth.items():
        assert found[name] == pytest.approx(
            value, abs=0.1 if name[1] == "percent" else 1e-2 * max(value, 1)
        ), name
    assert truth["frontal", "percent"] > 5
    assert truth["thalamus", "percent"] == 0


@pytest.mark.parametrize("turn", TURNS_DEGREES)
@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("order", ORDERS)
def test_the_order_of_axes_changes_no_number(tmp_path: Path, order: str, grid: str, turn: str) -> None:
    check(tmp_path, order, grid, turn)


@pytest.mark.parametrize("turn", TURNS_DEGREES)
@pytest.mark.parametrize("grid", GRIDS)
def test_in_bulk_all_48_orders_give_the_same_tables(tmp_path: Path, grid: str, turn: str) -> None:
    """The whole atlas with its layers, on each grid once, and the lesion's volume as numpy counts it."""
    edges = 2 * np.array(GRIDS[grid])
    straight = np.diag([*edges, 1.0])
    straight[:3, 3] = [-90, -126, -72]
    affine = _turn(TURNS_DEGREES[turn]) @ straight
    shape = tuple(int(n) for n in np.array([180, 216, 180]) / edges)
    at = np.argwhere(np.ones(shape)) @ affine[:3, :3].T + affine[:3, 3]
    lesion = ((((at - [-25, -22, 24]) / [9, 15, 11]) ** 2).sum(axis=1) < 1).reshape(shape)
    for order in ORDERS:
        data, _, stored_affine = stored(order, lesion.astype(np.uint8), lesion, affine)
        nib.save(nib.Nifti1Image(data, stored_affine), tmp_path / f"sub-{order}_mask.nii.gz")
    results = bulk(tmp_path, tmp_path / "out")
    assert sorted(results.patterns.index) == sorted(f"sub-{order}" for order in ORDERS)
    mm3 = float(np.prod(edges)) * lesion.sum()
    assert np.allclose(results.patterns["lesion_volume_mm3"], mm3, rtol=1e-6)
    calls = results.patterns[["dominance", "mrics_group", "mrics_subgroup"]].drop_duplicates()
    assert calls.to_numpy().tolist() == [["white_matter", "B", "B2"]]
    plain = results.load.loc["sub-RAS"].reset_index(drop=True)
    assert plain.loc[plain["tissue"] != "overlay", "lesion_volume_mm3"].sum() == pytest.approx(mm3)
    for order in ORDERS:
        rows = results.load.loc[f"sub-{order}"].reset_index(drop=True)
        assert rows[["structure", "side", "layer"]].equals(plain[["structure", "side", "layer"]])
        for column in ("percent_region", "percent_lesion"):
            assert np.allclose(rows[column], plain[column], atol=0.1, equal_nan=True), (order, column)
