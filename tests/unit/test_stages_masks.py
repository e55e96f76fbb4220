"""Masks in template space, without images, on a grid of 4 mm."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from declared import undeclared
from scipy import ndimage

from cpimaging.atlases import load_template
from cpimaging.images import Sparse, read_image, write_image
from cpimaging.io import read_json, read_table
from cpimaging.scorers.group import group_dtypes
from cpimaging.stages.masks import MaskJob, outcome, run
from cpimaging.study.mask_grid import MaskGrids, Way, find_way
from cpimaging.types import (
    LESIONLOAD_COLUMNS,
    Atlas,
    Image,
    InputError,
    LabelMap,
    Region,
)

pytestmark = pytest.mark.slow

SPACE = "MNI152NLin2009aSym"
AFFINE = np.array([[4.0, 0, 0, -98], [0, 4, 0, -134], [0, 0, 4, -72], [0, 0, 0, 1]])
SHAPE = (50, 58, 47)
"""Mirror-symmetric about x = 0."""


def ball(x: float, y: float, z: float, radius: float) -> np.ndarray:
    at = np.stack(np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij"), axis=-1) * 4.0 + AFFINE[:3, 3]
    return np.linalg.norm(at - [x, y, z], axis=-1) <= radius


INFARCT = ball(-50, -6, 20, 22)
MASKS = {
    "sub-1_mask": INFARCT,
    "sub-2_mask": INFARCT[::-1],
    "sub-3_mask": np.zeros(SHAPE, bool),
    "sub-4_mask": ball(-26, -2, 2, 1.5) | ball(-26, -2, 2, 3.5),
    "sub-5_mask": ball(0, -28, -32, 9),
    "sub-6_mask": load_template,  # the whole brain, see below
}


def save(folder: Path, name: str, data: np.ndarray, affine: np.ndarray = AFFINE) -> None:
    write_image(folder / f"{name}.nii.gz", Image(data, affine, ("L", "A", "S")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("masks") / "in"
    for name, data in MASKS.items():
        save(folder, name, _brain() if callable(data) else data)
    shifted = AFFINE.copy()
    shifted[:3, 3] += [0, 4, 8]
    save(folder, "sub-7_mask", INFARCT[:, 1:, 2:], shifted)  # the first one on a grid of its own
    (folder / "participants.tsv").write_text("participant_id\tage\tsex\nsub-1\t7\tF\n")
    return folder


def _brain() -> np.ndarray:
    brain = load_template().brain
    index = (np.argwhere(np.ones(SHAPE)) * 4 + AFFINE[:3, 3] - brain.affine[:3, 3]).round().astype(int)
    inside = (index < brain.shape).all(axis=1)
    data = np.zeros(len(index), bool)
    data[inside] = brain.data[tuple(index[inside].T)]
    return data.reshape(SHAPE)


def add_bad(folder: Path) -> Iterator[tuple[str, str]]:
    """Add masks that cannot be used; yield each participant and what is said of it."""
    content = (folder / "sub-1_mask.nii.gz").read_bytes()
    (folder / "sub-b1_mask.nii.gz").write_bytes(content[: len(content) // 2])
    yield "sub-b1", "cannot be read"
    (folder / "sub-b2_mask.nii.gz").write_bytes(gzip.compress(b"not an image" * 99))
    yield "sub-b2", "cannot be read"
    nib.save(nib.Nifti1Image(np.ones((*SHAPE, 2), np.uint8), AFFINE), folder / "sub-b3_mask.nii.gz")
    yield "sub-b3", "one 3-D volume is expected"
    nan = np.where(INFARCT, np.nan, 0).astype(np.float32)
    save(folder, "sub-b4_mask", nan)
    yield "sub-b4", "nothing but 0 and voxels that are no numbers"
    save(folder, "sub-b5_mask", ball(-90, -120, 100, 20))
    yield "sub-b5", "lies outside of the template's brain (0 % inside)"
    save(folder, "sub-b6_space-orig_mask", INFARCT)
    yield "sub-b6", "the scan's own"
    save(folder, "sub-b7_a", INFARCT)
    save(folder, "sub-b7_b", INFARCT)
    yield "sub-b7", "none is guessed"


@pytest.fixture(scope="module")
def out(folder: Path) -> Path:
    good = folder.with_name("good")
    run(MaskJob(folder, good, SPACE))
    return good


@pytest.fixture(scope="module")
def patterns(out: Path) -> pd.DataFrame:
    return read_table(out / "group_patterns.tsv", group_dtypes()).set_index("participant_id")


@pytest.fixture(scope="module")
def load(out: Path) -> pd.DataFrame:
    return read_table(out / "group_desc-lesionload_stats.tsv", LESIONLOAD_COLUMNS)


def test_nothing_is_written_that_is_not_declared(out: Path) -> None:
    assert undeclared(out) == []


def test_each_mask_has_a_row_and_its_volume(patterns: pd.DataFrame, load: pd.DataFrame) -> None:
    assert list(patterns.index) == [f"sub-{i}" for i in range(1, 8)]
    assert patterns.loc["sub-1", "lesion_volume_mm3"] == 64 * INFARCT.sum()
    own = load[load["tissue"] != "overlay"].groupby("participant_id")["lesion_volume_mm3"].sum()
    there = patterns["lesion_volume_mm3"].dropna()
    assert np.allclose(own[there.index], there)
    assert own["sub-6"] == 64 * _brain().sum()
    assert list(dict.fromkeys(load["participant_id"])) == list(patterns.index)


def test_mirrored_masks_give_mirrored_calls(out: Path, load: pd.DataFrame) -> None:
    calls = [json.loads(line) for line in (out / "group_desc-pattern_stats.jsonl").read_text().splitlines()]
    one, other = calls[0]["mrics"], calls[1]["mrics"]
    assert (one["subgroup"], one["territory"], one["side"]) == ("C3", "mca", "left")
    assert (other["subgroup"], other["territory"], other["side"]) == ("C3", "mca", "right")
    keys = ["structure", "side", "tissue", "lobe", "layer"]
    left, right = (load[load["participant_id"] == name].set_index(keys) for name in ("sub-1", "sub-2"))
    swap = {"left": "right", "right": "left", "midline": "midline"}
    right.index = right.index.map(lambda key: (key[0], swap[key[1]], *key[2:]))
    assert np.allclose(left["lesion_volume_mm3"], right.loc[left.index, "lesion_volume_mm3"])


def test_a_mask_on_another_grid_is_the_same_lesion(patterns: pd.DataFrame) -> None:
    columns = ["dominance", "mrics_subgroup", "white_matter_percent", "cortex_percent", "lesion_volume_mm3"]
    one, other = patterns.loc["sub-1", columns], patterns.loc["sub-7", columns]
    assert one.tolist()[:2] == other.tolist()[:2]
    assert np.allclose(one.tolist()[2:], other.tolist()[2:], rtol=0.01)


def test_no_mask_is_normal_and_none_is_checked(patterns: pd.DataFrame) -> None:
    assert set(patterns["qc"]) == {"not_applicable"}
    assert set(patterns["mask_source"]) == {f"masks_dir ({SPACE})"}
    assert patterns["template_volume_ratio"].isna().all()
    assert patterns["confidence"].isna().all()
    empty = patterns.loc["sub-3"]
    assert (empty["dominance"], empty["mrics_group"]) == ("none", "n/a")
    assert "E is not called without" in empty["not_assessed_reason"]
    assert patterns.loc["sub-1", "age_years"] == 7
    assert patterns.loc["sub-2", "age_years"] != patterns.loc["sub-2", "age_years"]


def test_stability_is_measured_and_the_calls_stay(
    folder: Path, patterns: pd.DataFrame, tmp_path: Path
) -> None:
    run(MaskJob(folder, tmp_path, SPACE, pattern="sub-[1235]*", stability=True))
    stable = read_table(tmp_path / "group_patterns.tsv", group_dtypes()).set_index("participant_id")
    plain = patterns.loc[stable.index]
    for name in ("dominance", "mrics_subgroup", "mrics_secondary", "fiori_low"):
        assert stable[name].equals(plain[name])
    called = stable["mrics_group"] != "n/a"
    assert stable.loc[called, "confidence"].between(0, 1).all()
    assert stable.loc[~called, "confidence"].isna().all()
    assert stable.loc["sub-1", "confidence"] == stable.loc["sub-2", "confidence"]
    assert (stable["expected_agreement"].dropna() <= plain["expected_agreement"].dropna()).all()


def test_stability_asks_the_chosen_scorers_alone(folder: Path, tmp_path: Path) -> None:
    """Each call is repeated with limits of its own; with one scorer there are no others to take them from."""
    run(MaskJob(folder, tmp_path, SPACE, pattern="sub-1*", scorers="dominance,fiori", stability=True))
    (line,) = (tmp_path / "group_desc-pattern_stats.jsonl").read_text().splitlines()
    assert 0.5 <= json.loads(line)["dominance"]["confidence"] <= 1


def test_labels_name_what_a_lesion_is_made_of(tmp_path: Path) -> None:
    horn = ball(-18, 26, 14, 9)
    for value, name in ((1, "solid"), (2, "hollow"), (3, "unnamed")):
        save(tmp_path / "in", f"sub-{name}_mask", (horn * value).astype(np.uint8))
    (tmp_path / "in" / "labels.tsv").write_text("index\tkind\n1\tgliosis\n2\tcavity\n")
    run(MaskJob(tmp_path / "in", tmp_path / "out", SPACE))
    called = read_table(tmp_path / "out" / "group_patterns.tsv", group_dtypes()).set_index("participant_id")
    assert called["mrics_subgroup"].to_dict() == {"sub-hollow": "B2", "sub-solid": "B1"}


def test_small_infratentorial_and_whole_brain_lesions(patterns: pd.DataFrame) -> None:
    assert patterns.loc["sub-4", "lesion_volume_mm3"] <= 8 * 64
    assert patterns.loc["sub-5", "mrics_group"] == "D"
    assert patterns.loc["sub-5", "dominance"] == "brainstem"
    assert patterns.loc["sub-6", "not_assessed_reason"] == "the lesion mask fills the brain"
    assert patterns.loc["sub-6", "in_group"] == "false"
    assert np.isnan(patterns.loc["sub-6", "lesion_volume_mm3"])


def test_the_frequency_is_counted_on_the_grid_of_most_masks(out: Path) -> None:
    frequency = read_image(out / f"group_space-{SPACE}_label-L_probseg.nii.gz")
    assert np.allclose(frequency.affine, AFFINE)
    expected = 2 * INFARCT + INFARCT[::-1] + MASKS["sub-4_mask"] + MASKS["sub-5_mask"]
    assert np.allclose(frequency.data, expected / 6, atol=1e-6)
    assert read_json(out / f"group_space-{SPACE}_label-L_probseg.json")["NumberOfScans"] == 6


def test_tables_say_whose_volumes_they_hold(out: Path) -> None:
    for name in ("group_patterns", "group_desc-lesionload_stats"):
        told = read_json(out / f"{name}.json")
        assert told["Space"] == SPACE
        assert "template's space" in told["Volumes"]
    page = (out / "index.html").read_text()
    assert "template&#39;s space" in page or "template's space" in page
    assert str(out.parent) not in page + (out / "group_desc-pattern_stats.jsonl").read_text()


def test_a_second_run_writes_the_same_bytes_and_bad_masks_stop_no_other(folder: Path, out: Path) -> None:
    files = [path for path in out.rglob("*") if path.is_file() and path.suffix != ".gz"]
    spoilt = Path(folder).with_name("spoilt")
    spoilt.mkdir()
    for path in folder.iterdir():
        (spoilt / path.name).write_bytes(path.read_bytes())
    run(MaskJob(spoilt, spoilt / "out", SPACE))
    for path in files:
        assert (spoilt / "out" / path.relative_to(out)).read_bytes() == path.read_bytes(), path.name
    expected = dict(add_bad(spoilt))
    run(MaskJob(spoilt, spoilt / "out", SPACE))
    summary = read_table(spoilt / "out" / "logs" / "summary.tsv")
    failed = summary[summary["status"] == "failed"].set_index("participant_id")["message"]
    assert set(failed.index) == set(expected)
    for participant, reason in expected.items():
        assert reason in np.atleast_1d(failed[participant])[0]
    assert not failed.str.contains(str(spoilt)).any()
    page = (spoilt / "out" / "index.html").read_text()
    assert "none is guessed" in page
    again = (spoilt / "out" / "group_patterns.tsv").read_bytes()
    assert again == (out / "group_patterns.tsv").read_bytes()


def test_what_a_person_decided_wins(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "o.tsv").write_text(
        "participant_id\tverdict\tqc\treason\n1\tC1\t\tseen by <b>two</b>\n2\t\tfail\tanother head\n"
    )
    job = MaskJob(folder, tmp_path / "out", SPACE, pattern="sub-[12]*", overrides=tmp_path / "o.tsv")
    run(job)
    rows = read_table(tmp_path / "out" / "group_patterns.tsv", group_dtypes()).set_index("participant_id")
    assert rows.loc["sub-1", "mrics_subgroup"] == "C1"
    assert rows.loc["sub-1", "override"] == "mrics C1 (software: C3): seen by <b>two</b>"
    assert rows.loc["sub-2", ["qc", "dominance"]].tolist() == ["fail", "not_assessed"]
    out = ["in_group", "out_of_group_reason"]
    assert rows.loc["sub-2", out].tolist() == ["false", "quality control failed"]
    assert rows.loc["sub-2", ["lesion_volume_mm3", "cortex_percent"]].isna().all()
    assert rows.loc["sub-1", out].tolist() == ["true", "n/a"]
    frequency = read_json(tmp_path / "out" / f"group_space-{SPACE}_label-L_probseg.json")
    assert frequency["NumberOfScans"] == 1
    shown = read_image(tmp_path / "out" / f"group_space-{SPACE}_label-L_probseg.nii.gz").data
    assert np.array_equal(shown > 0, INFARCT)  # that of sub-1, not its mirror image
    page = (tmp_path / "out" / "index.html").read_text()
    assert "seen by &lt;b&gt;two" in page
    assert "<b>two" not in page
    (tmp_path / "o.tsv").write_text("participant_id\tverdict\treason\nsub-99\tC1\tr\n")
    with pytest.raises(InputError, match="no scan sub-99"):
        job.listed()


@pytest.mark.parametrize("qc", ["pass", "warn"])
def test_a_person_s_word_on_quality_keeps_the_call(folder: Path, tmp_path: Path, qc: str) -> None:
    """A mask has no image that could be looked at; what is called from it stays."""
    (tmp_path / "o.tsv").write_text(f"participant_id\tverdict\tqc\treason\n1\t\t{qc}\tlooked at\n")
    run(MaskJob(folder, tmp_path / "out", SPACE, pattern="sub-1_*", overrides=tmp_path / "o.tsv"))
    row = read_table(tmp_path / "out" / "group_patterns.tsv", group_dtypes()).iloc[0]
    assert row[["qc", "mrics_subgroup", "in_group"]].tolist() == [qc, "C3", "true"]


def test_refusals(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no MNI152 space"):
        find_way("embedded", "dhcpVol")
    head = tmp_path / "head.nii.gz"
    write_image(head, Image(np.ones((100, 100, 100), np.uint8), np.diag([2.0, 2, 2, 1])))
    with pytest.raises(InputError, match="more than a brain"):
        find_way("embedded", "dhcpVol", head)
    (tmp_path / "out" / "logs" / "plan").mkdir(parents=True)
    with pytest.raises(InputError, match="holds the results of scans"):
        MaskJob(folder, tmp_path / "out", SPACE).listed()


def test_a_mask_without_a_side_is_given_the_half_of_space() -> None:
    labels = Image(
        np.zeros((4, 2, 2), np.uint8), np.diag([2.0, 2, 2, 1]) - [[0, 0, 0, 3.0], *np.zeros((3, 4))]
    )
    labels.data[0], labels.data[3] = 1, 2
    regions = (Region(1, "a", "n/a", "right", "n/a"), Region(2, "b", "n/a", "midline", "n/a"))
    grids = MaskGrids(Way(Atlas("two", "1", "Here", LabelMap(labels, regions)), None, None, ()))
    mask = Sparse(np.array([0]), np.array([1]), labels.shape, labels.affine)
    grid, _ = grids.place(mask, mask.index, "a")
    assert grid.sides.reshape(4, 4).tolist() == [
        [1] * 4,
        [0] * 4,
        [1] * 4,
        [2] * 4,
    ]  # the label says right at 0


def test_a_fourth_grid_is_refused() -> None:
    labels = Image(np.ones((3, 4, 5), np.uint8), np.eye(4))
    atlas = Atlas("one", "1", "Here", LabelMap(labels, (Region(1, "all", "n/a", "midline", "n/a"),)))
    grids = MaskGrids(Way(atlas, None, None, ()))
    corners = [Sparse(np.array([0]), np.array([1]), (3, 4, 5), np.eye(4) + place) for place in _shifts(4)]
    made = [grids.place(corner, corner.index, "a")[0] for corner in corners[:3]]
    assert grids.place(corners[1], corners[1].index, "a")[0] is made[1]
    with pytest.raises(InputError, match=r"b\.nii: lies on a grid of its own"):
        grids.place(corners[3], corners[3].index, "b.nii")


def _shifts(n: int) -> list[np.ndarray]:
    """Affines' changes that move a grid along z."""
    shifts = np.zeros((n, 4, 4))
    shifts[:, 2, 3] = np.arange(n)
    return list(shifts)


LINE = Image(np.arange(1, 61).reshape(3, 4, 5).astype(np.uint8), np.diag([2.0, 2, 2, 1]))
"""An atlas of 60 regions of one voxel: where a lesion was counted can be read off its rows."""


def sparse_of(image: Image) -> Sparse:
    index = np.flatnonzero(image.data)
    return Sparse(index, image.data.ravel()[index], image.shape, image.affine)


def counted(grids: MaskGrids, mask: Image) -> tuple[int, dict[str, int]]:
    """Return the number of the grid that a mask lies on, and its voxels per region."""
    sparse = sparse_of(mask)
    grid, index = grids.place(sparse, sparse.index, "a.nii")
    hits = np.bincount(grid.parts.codes[index], minlength=len(grid.parts.cells))
    named = {cell.structure: int(n) for cell, n in zip(grid.parts.cells, hits, strict=False) if n}
    return [made is grid for made in grids.made].index(True), named


@pytest.mark.parametrize("first", ["whole", "cropped"])
def test_a_mask_cropped_to_its_box_is_measured_on_the_whole_grid(first: str) -> None:
    regions = tuple(Region(n, f"r{n}", "n/a", "midline", "n/a") for n in range(1, 61))
    lesion = np.zeros((3, 4, 5), np.uint8)
    lesion[1, 2, 1:4] = 1  # regions 1 + 20 + 5 * 2 + 1 … 3
    inner, outer = LINE.affine.copy(), LINE.affine.copy()
    inner[:3, 3], outer[:3, 3] = [2, 4, 2], [-2, -2, -2]
    masks = {
        "whole": Image(lesion, LINE.affine),
        "cropped": Image(lesion[1:3, 2:4, 1:4], inner),
        "larger": Image(np.pad(lesion, 1), outer),
    }
    grids = MaskGrids(Way(Atlas("line", "1", "Here", LabelMap(LINE, regions)), None, None, ()))
    order = [first, *(name for name in masks if name != first)]
    found = [counted(grids, masks[name]) for name in order]
    assert [named for _, named in found] == [{"r32": 1, "r33": 1, "r34": 1}] * 3
    assert found[0][0] == found[1][0]
    assert grids.made[0].rows["region_volume_mm3"].head(60).tolist() == [8.0] * 60


def test_refused_masks_use_up_no_grid(tmp_path: Path) -> None:
    corner = np.zeros(SHAPE, bool)
    corner[1:3, 1:3, 1:3] = True
    for n in range(4):
        shifted = AFFINE.copy()
        shifted[0, 3] += n + 0.5
        save(tmp_path / "in", f"sub-a{n}_mask", corner, shifted)
    box = (slice(2, 20), slice(20, 44), slice(14, 34))
    cropped = AFFINE.copy()
    cropped[:3, 3] += [4.0 * part.start for part in box]
    save(tmp_path / "in", "sub-b1_mask", INFARCT[box], cropped)
    save(tmp_path / "in", "sub-b2_mask", INFARCT)
    colours = np.zeros(SHAPE, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    nib.save(nib.Nifti1Image(colours, AFFINE), tmp_path / "in/sub-c_mask.nii.gz")
    (tmp_path / "in/sub-d_mask.nii").write_bytes(bytes(200))
    nib.save(nib.Nifti1Image(INFARCT.astype(np.uint8), None), tmp_path / "in/sub-e_mask.nii")
    run(MaskJob(tmp_path / "in", tmp_path / "out", SPACE))
    summary = read_table(tmp_path / "out/logs/summary.tsv").set_index("participant_id")
    assert summary["status"].to_dict() == {
        **{f"sub-{name}": "failed" for name in ("a0", "a1", "a2", "a3", "c", "d", "e")},
        **{f"sub-{name}": "done" for name in ("b1", "b2")},
    }
    assert "colour" in summary["message"]["sub-c"]
    assert "left and right are unknown" in summary["message"]["sub-e"]
    load = read_table(tmp_path / "out/group_desc-lesionload_stats.tsv").set_index("participant_id")
    assert INFARCT[box].sum() == INFARCT.sum()
    assert load.loc["sub-b1"].reset_index(drop=True).equals(load.loc["sub-b2"].reset_index(drop=True))


@pytest.mark.parametrize("space", ["A/../../B", "*", "", "MNI 152", "../x", "a_b"])
def test_the_name_of_a_space_is_letters_and_digits(folder: Path, tmp_path: Path, space: str) -> None:
    with pytest.raises(InputError, match="is no name of a space"):
        MaskJob(folder, tmp_path / "out", space).listed()


def test_the_map_of_the_first_run_is_no_patient_of_the_second(tmp_path: Path) -> None:
    save(tmp_path, "sub-1_mask", INFARCT)
    for _ in range(2):
        run(MaskJob(tmp_path, tmp_path, SPACE))
        assert read_table(tmp_path / "group_patterns.tsv")["participant_id"].tolist() == ["sub-1"]


def test_how_soft_and_percent_masks_were_read_is_told(tmp_path: Path) -> None:
    """The same soft infarct as fractions, in 8 bits with a slope, in percent: one volume."""
    soft = ndimage.gaussian_filter(INFARCT.astype(float), 1)
    soft /= soft.max()
    for name, data, dtype in (("1", soft, "f4"), ("2", soft, "u1"), ("3", soft * 100, "f4")):
        image = nib.Nifti1Image(data, AFFINE)
        image.set_data_dtype(np.dtype(dtype))
        (tmp_path / "in").mkdir(exist_ok=True)
        nib.save(image, tmp_path / "in" / f"sub-{name}_mask.nii.gz")
    save(tmp_path / "in", "sub-4_mask", INFARCT * 0.45 * soft)
    run(MaskJob(tmp_path / "in", tmp_path / "out", SPACE))
    rows = read_table(tmp_path / "out/group_patterns.tsv", group_dtypes()).set_index("participant_id")
    assert rows["lesion_volume_mm3"].to_dict() == pytest.approx(
        dict.fromkeys(("sub-1", "sub-2", "sub-3"), 64 * (soft >= 0.5).sum()), rel=0.01
    )
    told = read_table(tmp_path / "out/logs/summary.tsv").set_index("participant_id")["message"]
    assert told["sub-1"] == told["sub-2"] == "soft mask: voxels of 0.5 and more count as inside"
    assert "in percent: voxels of 50" in told["sub-3"]
    assert "nowhere reaches 0.5" in told["sub-4"]
    page = (tmp_path / "out/index.html").read_text()
    assert "soft mask: voxels of 0.5 and more count as inside (sub-1, sub-2)" in page


def test_the_outcome_says_how_many_were_refused_and_where_that_stands(tmp_path: Path) -> None:
    save(tmp_path / "in", "sub-1_mask", INFARCT)
    run(MaskJob(tmp_path / "in", tmp_path / "out", SPACE))
    page = f"{tmp_path}/out/index.html"
    assert outcome(tmp_path / "out") == f"cpimaging: 1 of 1 masks measured; {page}"
    (tmp_path / "in/sub-2_mask.nii.gz").write_bytes(b"")
    run(MaskJob(tmp_path / "in", tmp_path / "out", SPACE))
    where = f"{tmp_path}/out/logs/summary.tsv"
    assert (
        outcome(tmp_path / "out") == f"cpimaging: 1 of 2 masks measured; why not the others: {where}; {page}"
    )


def test_a_lesion_under_two_names_counts_twice_and_is_told(tmp_path: Path) -> None:
    """Empty masks are alike and no copies; neither is a lesion that has one voxel more."""
    more = INFARCT.copy()
    more[tuple(np.argwhere(~INFARCT.astype(bool))[-1])] = 1
    lesions = {
        "sub-1": INFARCT,
        "sub-2": more,
        "sub-3_ses-x": INFARCT,
        "sub-4": 0 * INFARCT,
        "sub-5": 0 * INFARCT,
    }
    for name, lesion in lesions.items():
        save(tmp_path / "in", f"{name}_mask", lesion)
    run(MaskJob(tmp_path / "in", tmp_path / "out", SPACE))
    copied = "2 masks hold the same voxels, each has a row: is one a copy? (sub-1, sub-3_ses-x)"
    page = (tmp_path / "out/index.html").read_text()
    assert copied in page
    assert page.count("hold the same voxels") == 1
    assert copied in json.loads((tmp_path / "out/group_patterns.json").read_text())["Notes"]
    assert len(read_table(tmp_path / "out/group_patterns.tsv")) == 5
