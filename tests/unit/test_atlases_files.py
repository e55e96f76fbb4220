import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cpimaging.atlases import (
    check_atlas,
    load_atlas,
    load_structures,
    read_atlas,
    write_atlas,
)
from cpimaging.types import Atlas, Image, InputError, LabelMap, Region

AFFINE = np.array([[2.0, 0, 0, -9], [0, 2, 0, -7], [0, 0, 2, -5], [0, 0, 0, 1]])


def nasty(axcodes: tuple[str, str, str] = ("L", "A", "S"), right: str = "right") -> Atlas:
    """Labels 3, 127, 300 and 70001 with gaps, 2 mm voxels, uneven shape; left is x < 0."""
    data = np.zeros((10, 8, 6), np.int32)
    data[1:4, 2:5, 1:4] = 3
    data[6:9, 2:5, 1:4] = 300
    data[4:6, 5:7, 2:4] = 70001
    data[2:5, 6:8, 4:6] = 127
    left = "left" if right == "right" else "right"
    regions = (
        Region(3, "Left thalamus", "thalamus", left, "deep_grey"),  # type: ignore[arg-type]
        Region(300, "Right thalamus", "thalamus", right, "deep_grey"),  # type: ignore[arg-type]
        Region(70001, "Pons", "pons", "midline", "brainstem"),
        Region(127, "Own region", "n/a", "left", "n/a"),
    )
    overlay = np.zeros(data.shape, np.uint8)
    overlay[1:3, 1:6, 1:3] = 9
    tract = (Region(9, "Tract", "corticospinal_tract", "left", "overlay"),)
    return Atlas(
        name="Nasty",
        version="0.1",
        space="MNI152NLin2009aSym",
        dseg=LabelMap(Image(data, AFFINE, axcodes), regions),
        overlays={"tracts": LabelMap(Image(overlay, AFFINE, axcodes), tract)},
        manifest={"License": "none", "Citations": ["Somebody 1900"]},
    )


def test_overlays_are_read_when_they_are_asked_for_and_once(tmp_path: Path) -> None:
    write_atlas(tmp_path, nasty(("R", "A", "S")))
    image = tmp_path / "atlas-Nasty_seg-tracts_dseg.nii.gz"
    broken, whole = read_atlas(tmp_path), read_atlas(tmp_path)
    assert (list(whole.overlays), len(whole.overlays)) == (["tracts"], 1)
    assert whole.overlays["tracts"] is whole.overlays["tracts"]
    image.write_bytes(image.read_bytes()[:100])
    assert whole.overlays["tracts"].labels.data.max() == 9
    with pytest.raises(InputError, match="truncated"):
        broken.overlays["tracts"]


def with_regions(atlas: Atlas, *regions: Region) -> Atlas:
    return replace(atlas, dseg=LabelMap(atlas.dseg.labels, regions))


@pytest.mark.parametrize("axcodes", [("R", "A", "S"), ("L", "A", "S"), ("P", "S", "R")])
def test_a_written_atlas_is_read_back_in_any_axis_order(
    tmp_path: Path, axcodes: tuple[str, str, str]
) -> None:
    atlas = nasty(axcodes)
    write_atlas(tmp_path, atlas)
    again = load_atlas(tmp_path)
    assert np.array_equal(again.dseg.labels.data, atlas.dseg.labels.data)
    assert np.allclose(again.dseg.labels.affine, AFFINE)
    assert again.dseg.labels.axcodes == axcodes
    assert again.dseg.regions == atlas.dseg.regions
    assert again.overlays["tracts"].regions == atlas.overlays["tracts"].regions
    assert (again.name, again.version, again.space) == ("Nasty", "0.1", "MNI152NLin2009aSym")
    assert again.manifest["Citations"] == ["Somebody 1900"]


def test_the_files_have_the_documented_names(tmp_path: Path) -> None:
    write_atlas(tmp_path, nasty())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "atlas-Nasty_description.json",
        "atlas-Nasty_dseg.nii.gz",
        "atlas-Nasty_dseg.tsv",
        "atlas-Nasty_seg-tracts_dseg.nii.gz",
        "atlas-Nasty_seg-tracts_dseg.tsv",
    ]


def test_swapped_sides_are_refused_with_the_evidence(tmp_path: Path) -> None:
    write_atlas(tmp_path, nasty(right="left"))
    with pytest.raises(InputError) as refused:
        load_atlas(tmp_path)
    message = str(refused.value)
    # left label: voxels 1 to 3 of 2 mm from x = -9: centroid at -9 + 2 * 2
    assert "Left thalamus (3) is called right, but its centroid lies at x -5.0 mm" in message
    assert "Right thalamus (300) is called left, but its centroid lies at x +5.0 mm" in message
    assert len(check_atlas(read_atlas(tmp_path))) == 2


def test_a_sound_atlas_has_no_problem() -> None:
    assert check_atlas(nasty()) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"index": 4}, "index 4 of the table is not in the image"),
        ({"index": 300}, "index 300 is there more than once"),
        ({"index": 0}, "cannot be regions"),
        ({"structure": "thalmus"}, "structure 'thalmus' is not in the vocabulary"),
        ({"tissue": "cortex"}, "tissue 'cortex', the vocabulary says 'deep_grey'"),
        ({"side": "both"}, "side 'both' is none of left, right, midline"),
    ],
)
def test_each_fault_of_a_table_is_told(change: dict[str, object], expected: str) -> None:
    atlas = nasty()
    first, *others = atlas.dseg.regions
    problems = check_atlas(with_regions(atlas, replace(first, **change), *others))  # type: ignore[arg-type]
    assert any(expected in problem for problem in problems), problems


def test_a_midline_region_far_from_the_midline_is_told() -> None:
    atlas = nasty()
    affine = AFFINE.copy()
    affine[0, 3] -= 6.0  # the pons, centred on x = 0 before
    moved = replace(
        atlas, dseg=LabelMap(Image(atlas.dseg.labels.data, affine), atlas.dseg.regions), overlays={}
    )
    assert any("Pons (70001) is called midline" in p and "x -6.0 mm" in p for p in check_atlas(moved))


def test_other_faults_are_told() -> None:
    atlas = nasty()
    assert any("space" in problem for problem in check_atlas(replace(atlas, space="")))
    assert any("empty" in problem for problem in check_atlas(with_regions(atlas)))
    unnamed = with_regions(atlas, *atlas.dseg.regions[:-1])
    assert any("label 127 of the image is not in the table" in p for p in check_atlas(unnamed))
    metres = Image(atlas.dseg.labels.data, np.diag([0.002, 0.002, 0.002, 1.0]))
    assert any(
        "not plausible" in p for p in check_atlas(replace(atlas, dseg=LabelMap(metres, ()), overlays={}))
    )
    elsewhere = Image(atlas.overlays["tracts"].labels.data[:, :, :5], AFFINE)
    shifted = {"tracts": LabelMap(elsewhere, atlas.overlays["tracts"].regions)}
    assert any("not on the grid" in problem for problem in check_atlas(replace(atlas, overlays=shifted)))


def test_a_table_may_leave_out_tissue_and_lobe(tmp_path: Path) -> None:
    write_atlas(tmp_path, nasty())
    (tmp_path / "atlas-Nasty_dseg.tsv").write_text(
        "index\tname\tstructure\tside\n3\tL\tthalamus\tleft\n300\tR\tthalamus\tright\n"
        "70001\tPons\tpons\tmidline\n127\tOwn\tn/a\tleft\n",
        encoding="utf-8",
    )
    regions = load_atlas(tmp_path).dseg.regions
    assert [region.tissue for region in regions] == ["deep_grey", "deep_grey", "brainstem", "n/a"]
    assert {region.lobe for region in regions} == {"n/a"}


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (None, "no such file"),
        ("index\tname\n3\tL\n", "lacks the column"),
        ("index\tname\tside\nthree\tL\tleft\n", "not a whole number"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, table: str | None, expected: str) -> None:
    write_atlas(tmp_path, nasty())
    path = tmp_path / "atlas-Nasty_dseg.tsv"
    path.unlink()
    if table is not None:
        path.write_text(table, encoding="utf-8")
    with pytest.raises(InputError, match=expected):
        load_atlas(tmp_path)


def test_two_label_images_are_refused(tmp_path: Path) -> None:
    write_atlas(tmp_path, nasty())
    (tmp_path / "atlas-Two_dseg.nii.gz").write_bytes(b"")
    with pytest.raises(InputError, match="holds 2 label images"):
        load_atlas(tmp_path)


def test_a_lone_segmentation_of_an_atlas_is_its_main_image(tmp_path: Path) -> None:
    """BIDS names such as atlas-X_seg-7n_dseg: the entity alone does not make it an overlay."""
    write_atlas(tmp_path, nasty())
    (tmp_path / "atlas-Nasty_dseg.nii.gz").unlink()
    atlas = read_atlas(tmp_path)
    assert [region.index for region in atlas.dseg.regions] == [9]
    assert atlas.overlays == {}


def test_an_unknown_name_says_what_to_give() -> None:
    with pytest.raises(InputError, match="give 'embedded' or the path"):
        load_atlas("nowhere")


def test_space_is_taken_from_the_file_name_without_a_description(tmp_path: Path) -> None:
    write_atlas(tmp_path, nasty())
    (tmp_path / "atlas-Nasty_description.json").unlink()
    for path in list(tmp_path.iterdir()):
        path.rename(tmp_path / f"tpl-MyBrain_{path.name}")
    atlas = read_atlas(tmp_path)
    assert (atlas.name, atlas.space, atlas.version) == ("Nasty", "MyBrain", "n/a")


def test_a_description_is_kept_whole(tmp_path: Path) -> None:
    write_atlas(tmp_path, nasty())
    description = json.loads((tmp_path / "atlas-Nasty_description.json").read_text(encoding="utf-8"))
    assert description["Space"] == "MNI152NLin2009aSym"
    assert description["License"] == "none"


def test_the_vocabulary_is_complete_and_cannot_be_spoiled() -> None:
    table = load_structures()
    assert table["structure"].is_unique
    assert set(table["sides"]) == {"lateral", "midline", "either"}
    assert set(table["tissue"]) == {
        *("white_matter", "deep_grey", "cortex", "brainstem", "cerebellum", "csf", "overlay")
    }
    table.loc[0, "structure"] = "spoiled"
    assert "spoiled" not in set(load_structures()["structure"])
