from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpimaging.images import read_image
from cpimaging.morphometry.volumes import structure_volumes, template_volumes, volume_table
from cpimaging.quantify.depth import layers, ventricle_distance_mm, white_matter_depth
from cpimaging.quantify.load import cell_rows, lesion_load, load_in, rows_within
from cpimaging.quantify.margins import MARGIN_COLUMNS, load_margins
from cpimaging.quantify.partition import Cell, partition
from cpimaging.quantify.pieces import lesion_parts
from cpimaging.quantify.profile import anterior_share, distance_profile, lesion_profile
from cpimaging.types import LESIONLOAD_COLUMNS, MORPHOMETRY_COLUMNS, Atlas, Image, LabelMap, Region

VENTRICLE, WHITE, CORTEX, PUTAMEN, MORE_CORTEX, PONS = 3, 127, 300, 70001, 7, 12
REGIONS = (
    Region(VENTRICLE, "ventricle", "lateral_ventricle_body", "left", "csf"),
    Region(WHITE, "frontal white", "white_matter", "left", "white_matter", "frontal"),
    Region(CORTEX, "gyrus one", "frontal_cortex", "left", "cortex", "frontal"),
    Region(MORE_CORTEX, "gyrus two", "frontal_cortex", "left", "cortex", "frontal"),
    Region(PUTAMEN, "putamen", "putamen", "left", "deep_grey"),
    Region(PONS, "pons", "pons", "midline", "brainstem"),
)
SPACING_MM = (2.0, 1.0, 1.5)


def grid(data: np.ndarray) -> Image:
    return Image(data, np.diag([*SPACING_MM, 1.0]))


def slab() -> np.ndarray:
    """Return a ventricle wall at x = 1, cortex at x = 10 and white matter between, in a wider grid."""
    labels = np.zeros((13, 6, 5), dtype=np.int32)
    labels[1, 1:5, 1:4] = VENTRICLE
    labels[2:10, 1:5, 1:4] = WHITE
    labels[10, 1:5, 1:3] = CORTEX
    labels[10, 1:5, 3] = MORE_CORTEX
    return labels


def atlas_of(labels: np.ndarray) -> LabelMap:
    return LabelMap(grid(labels), REGIONS)


def brain_of(labels: np.ndarray) -> Image:
    """Return a brain mask that also holds the layer above the labels, and lacks one labelled corner."""
    brain = labels > 0
    brain[:, 1:5, 4] = True
    brain[2, 1, 1] = False
    return grid(brain)


def test_depth_runs_from_ventricle_to_cortex_with_real_spacing():
    depth, distance_mm = white_matter_depth(grid(slab()), REGIONS)
    np.testing.assert_allclose(depth[2:10, 2, 2], (np.arange(8) + 0.5) / 8, rtol=1e-6)
    np.testing.assert_allclose(distance_mm[1:11, 2, 2], [0, *(2.0 * np.arange(9) + 1)], rtol=1e-6)
    assert np.isnan(depth[1]).all()
    assert np.isnan(depth[10]).all()
    assert np.isnan(distance_mm[0]).all()
    assert np.isnan(distance_mm[:, :, 4]).all()


def test_the_distance_from_the_ventricle_alone_is_the_same_to_the_bit():
    _, distance_mm = white_matter_depth(grid(slab()), REGIONS)
    assert ventricle_distance_mm(grid(slab()), REGIONS).tobytes() == distance_mm.tobytes()


def test_distance_runs_to_the_wall_of_a_voxel_met_at_an_angle():
    labels = slab()
    labels[1] = 0
    labels[1, 1, 1] = VENTRICLE
    _, distance_mm = white_matter_depth(grid(labels), REGIONS)
    assert distance_mm[2, 2, 2] == pytest.approx(0.5 * np.sqrt(2.0**2 + 1.0**2 + 1.5**2))
    assert distance_mm[4, 2, 1] == pytest.approx(5 / 6 * np.sqrt(6.0**2 + 1.0**2))


def test_depth_across_slices_counts_their_thickness():
    labels = np.moveaxis(slab(), 0, 2)
    _, distance_mm = white_matter_depth(grid(labels), REGIONS)
    assert distance_mm[2, 2, 5] == pytest.approx(3.5 * 1.5)


def test_white_matter_beside_deep_grey_is_not_subcortical():
    labels = slab()
    labels[6:8, 1:5, 1:4] = PUTAMEN
    depth, _ = white_matter_depth(grid(labels), REGIONS)
    assert layers(depth)[5, 2, 2] == 2
    assert layers(depth)[2, 2, 2] == 1
    assert np.isnan(depth[6, 2, 2])


def test_a_hole_in_the_labels_does_not_end_the_white_matter():
    labels = slab()
    labels[3, 2, 2] = 0
    depth, _ = white_matter_depth(grid(labels), REGIONS)
    assert layers(depth)[2, 2, 2] == 1


@pytest.mark.parametrize(("gone", "what"), [(VENTRICLE, "lateral ventricle"), (CORTEX, "cortex")])
def test_depth_needs_ventricle_and_cortex(gone, what):
    labels = slab()
    labels[(labels == gone) | ((labels == MORE_CORTEX) & (gone == CORTEX))] = WHITE
    with pytest.raises(ValueError, match=f"no {what}"):
        white_matter_depth(grid(labels), REGIONS)


def test_layers_have_equal_thirds():
    depth = np.array([0.0, 0.33, 0.34, 0.66, 0.67, 1.0, np.nan])
    assert layers(depth).tolist() == [1, 1, 2, 2, 3, 3, 0]


def test_load_counts_every_region_and_adds_up_exactly():
    labels = slab()
    mask = np.zeros(labels.shape, bool)
    mask[1, 2, 2] = True  # ventricle
    mask[3:6, 2, 2] = True  # two periventricular, one deep
    mask[10, 2, 2:4] = True  # one in either gyrus
    mask[5, 2, 4] = True  # brain without a label
    mask[0, 0, :2] = True  # outside
    table = lesion_load(grid(mask), grid(labels), atlas_of(labels), {}, brain_of(labels))
    voxel_mm3 = 2.0 * 1.0 * 1.5
    found = {(r.structure, r.layer): r.lesion_volume_mm3 / voxel_mm3 for r in table.itertuples(index=False)}
    assert found == {
        ("lateral_ventricle_body", "n/a"): 1,
        ("white_matter", "periventricular"): 2,
        ("white_matter", "deep"): 1,
        ("white_matter", "subcortical"): 0,
        ("frontal_cortex", "n/a"): 2,
        ("putamen", "n/a"): 0,
        ("pons", "n/a"): 0,
        ("outside_atlas", "n/a"): 1,
        ("outside_brain", "n/a"): 2,
    }
    assert table["lesion_volume_mm3"].sum() == mask.sum() * voxel_mm3
    assert table["percent_lesion"].sum() == pytest.approx(100)
    assert list(table) == [name for name in LESIONLOAD_COLUMNS if not name.endswith("_id")]


def test_load_is_a_share_of_the_region():
    labels = slab()
    mask = np.zeros(labels.shape, bool)
    mask[2, 1:5, 1] = True
    table = lesion_load(grid(mask), grid(labels), atlas_of(labels), {}, brain_of(labels)).set_index(
        ["structure", "layer"]
    )
    row = table.loc[("white_matter", "periventricular")]
    assert row["region_volume_mm3"] == 3 * 4 * 3 * 3.0  # x = 2, 3 and 4: depth 1/16, 3/16 and 5/16
    assert row["percent_region"] == pytest.approx(100 * 4 / 36)
    assert row["percent_lesion"] == 100
    assert row["lobe"] == "frontal"
    assert np.isnan(table.loc[("putamen", "n/a"), "percent_region"])
    assert np.isnan(table.loc[("outside_brain", "n/a"), "region_volume_mm3"])
    assert table.loc[("outside_atlas", "n/a"), "region_volume_mm3"] == 13 * 4 * 3.0


def test_an_empty_mask_keeps_every_row():
    labels = slab()
    table = lesion_load(
        grid(np.zeros(labels.shape, bool)), grid(labels), atlas_of(labels), {}, brain_of(labels)
    )
    assert len(table) == 9
    assert table["lesion_volume_mm3"].sum() == 0
    assert table["percent_lesion"].isna().all()


def test_overlays_follow_and_stay_out_of_the_sum():
    labels = slab()
    tract = np.zeros(labels.shape, np.int32)
    tract[2:6, 2, 2] = 300
    region = Region(300, "tract", "corticospinal_tract", "left", "overlay")
    mask = np.zeros(labels.shape, bool)
    mask[5:8, 2, 2] = True
    overlays = {"tracts": LabelMap(grid(tract), (region,))}
    table = lesion_load(grid(mask), grid(labels), atlas_of(labels), overlays, brain_of(labels))
    row = table.iloc[-1]
    assert (row["structure"], row["side"], row["tissue"]) == ("corticospinal_tract", "left", "overlay")
    assert row["percent_region"] == 25
    assert table.loc[table["tissue"] != "overlay", "lesion_volume_mm3"].sum() == 3 * 3.0


def test_rows_within_a_tissue_are_its_regions_and_overlays_mostly_there():
    labels = slab()
    cortex = np.argwhere(labels == CORTEX)
    white = np.argwhere(labels == WHITE)
    most, half = np.zeros(labels.shape, np.int32), np.zeros(labels.shape, np.int32)
    most[tuple(np.concatenate([cortex[:3], white[:2]]).T)] = 300
    half[tuple(np.concatenate([cortex[:2], white[:2]]).T)] = 301
    overlays = {
        name: LabelMap(grid(data), (Region(index, name, name, "left", "overlay"),))
        for name, data, index in (("most", most, 300), ("half", half, 301))
    }
    parts = partition(grid(labels), atlas_of(labels), overlays, brain_of(labels))
    rows = cell_rows(parts, 3.0)
    assert rows["structure"][rows_within(parts, ["cortex"])].tolist() == ["frontal_cortex", "most"]
    assert not rows_within(parts, []).any()


def test_what_does_not_fit_together_is_refused():
    labels = slab()
    mask, brain = grid(labels == WHITE), brain_of(labels)
    with pytest.raises(ValueError, match="one grid"):
        lesion_load(Image(mask.data, np.eye(4)), grid(labels), atlas_of(labels), {}, brain)
    with pytest.raises(ValueError, match="one grid"):
        partition(grid(labels), atlas_of(labels), {}, Image(brain.data, np.eye(4)))
    with pytest.raises(ValueError, match="without a depth"):
        partition(grid(labels), atlas_of(labels), {}, brain, np.full(labels.shape, np.nan))
    parts = partition(grid(labels), atlas_of(labels), {}, brain)
    with pytest.raises(ValueError, match="not on the grid"):
        load_in(grid(mask.data[1:]), parts)


@pytest.mark.parametrize("label", [99, 70002, -1])
def test_a_label_that_no_region_names_is_refused(label):
    labels = slab()
    labels[5, 2, 2] = label
    with pytest.raises(ValueError, match=f"label {label} "):
        white_matter_depth(grid(labels), REGIONS)


def test_labels_that_were_interpolated_are_refused():
    with pytest.raises(ValueError, match="whole numbers"):
        white_matter_depth(grid(slab().astype(np.float32)), REGIONS)


SLAB = slab()
PARTS = partition(grid(SLAB), atlas_of(SLAB), {}, brain_of(SLAB))
VOXELS = st.tuples(*(st.integers(0, n - 1) for n in SLAB.shape))


@settings(deadline=None)
@given(st.sets(VOXELS, max_size=60), VOXELS)
def test_one_more_lesion_voxel_changes_one_row_and_only_upwards(voxels, extra):
    mask = np.zeros(SLAB.shape, bool)
    for voxel in voxels:
        mask[voxel] = True
    before = load_in(grid(mask), PARTS)
    assert before["lesion_volume_mm3"].sum() == len(voxels) * 3.0
    mask[extra] = True
    after = load_in(grid(mask), PARTS)
    grown = after["lesion_volume_mm3"] - before["lesion_volume_mm3"]
    assert sorted(grown)[-1] == (0.0 if extra in voxels else 3.0)
    assert (grown != 0).sum() == (extra not in voxels)
    rise = (after["percent_region"] - before["percent_region"]).fillna(0)
    assert ((rise > 0) <= (grown > 0)).all()
    assert (rise >= 0).all()


def test_distance_profile_sums_the_lesion_by_distance():
    labels = slab()
    _, distance_mm = white_matter_depth(grid(labels), REGIONS)
    mask = np.zeros(labels.shape, bool)
    mask[1:5, 2, 2] = True  # 0, 1, 3 and 5 mm
    mask[0, 0, 0] = True  # distance not known
    profile = distance_profile(grid(mask), distance_mm)
    assert profile["volume_mm3"].tolist() == [6.0, 3.0, 3.0, 0.0, 0.0, 0.0, 0.0]
    assert profile.loc[1, "from_mm"] == 2
    assert np.isinf(profile["to_mm"].iloc[-1])


def test_volumes_are_summed_per_structure_and_side():
    labels = slab()
    volumes = structure_volumes(grid(labels), REGIONS, brain_of(labels))
    assert volumes[("frontal_cortex", "left")] == 12 * 3.0
    assert volumes[("putamen", "left")] == 0
    assert volumes[("brain", "midline")] == brain_of(labels).data.sum() * 3.0


def test_morphometry_compares_shares_of_the_brain():
    labels = slab()
    atlas = atlas_of(labels)
    template = template_volumes(Atlas("toy", "1", "toy", atlas))
    larger = labels.copy()
    larger[2, 1:5, 1:4] = VENTRICLE
    table = volume_table(grid(larger), atlas, grid(larger > 0), template)
    assert list(table) == [name for name in MORPHOMETRY_COLUMNS if not name.endswith("_id")]
    ratios = table[table["measure"] == "ratio_to_template"].set_index(["structure", "side"])["value"]
    assert ratios[("lateral_ventricle", "left")] == pytest.approx(2)
    assert ratios[("white_matter", "left")] == pytest.approx(7 / 8)
    assert ("thalamus", "left") not in ratios
    volumes = table[table["measure"] == "volume"].set_index("structure")
    assert volumes.loc["lateral_ventricle_body", "value"] == 24 * 3.0
    assert (volumes["unit"] == "mm3").all()


def test_ratios_do_not_depend_on_the_size_of_the_head():
    labels = slab()
    atlas = atlas_of(labels)
    template = {key: 1.7 * mm3 for key, mm3 in template_volumes(Atlas("toy", "1", "toy", atlas)).items()}
    table = volume_table(grid(labels), atlas, grid(labels > 0), template)
    ratios = table.loc[table["measure"] == "ratio_to_template", "value"]
    np.testing.assert_allclose(ratios, 1.0)


PUBLISHED = Path(__file__).parents[3] / "shared/data/published_atlases"


@pytest.mark.slow
@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="needs the published atlases in ../shared/data")
def test_layers_in_a_real_brain():
    tissue = read_image(next(PUBLISHED.glob("HarvardOxfordsub-*.nii.gz")), labels=True)
    tracts = read_image(next(PUBLISHED.glob("JHU_*.nii.gz")), labels=True).data
    named = {1: "white_matter", 12: "white_matter", 2: "cortex", 13: "cortex", 3: "csf", 14: "csf"}
    numbers = np.arange(1, 22)  # 1–11 left with the brainstem, 12–21 right
    regions = tuple(
        Region(
            int(n), "", "lateral_ventricle_body" if n in (3, 14) else "other", "left", named.get(n, "other")
        )
        for n in numbers
    )
    labels = tissue.with_data(tissue.data.astype(np.int16))
    layer = layers(white_matter_depth(labels, regions)[0])
    for side in (1, 12):
        shares = np.bincount(layer[labels.data == side], minlength=4) / (labels.data == side).sum()
        assert 0.05 < shares[1] < 0.15
        assert 0.10 < shares[2] < 0.30
    for internal_capsule in (17, 18, 19, 20):
        inside = layer[(tracts == internal_capsule) & (layer > 0)]
        assert (inside == 3).mean() < 0.15
    for external_capsule in (33, 34):
        assert (layer[(tracts == external_capsule) & (layer > 0)] == 1).sum() == 0


def test_regions_outside_the_vocabulary_keep_their_names_apart():
    labels = slab()
    own = {VENTRICLE: "Region 1", WHITE: "Region 2"}
    regions = tuple(
        Region(index, own.get(index, f"Region {index}"), "n/a", "left", "n/a")
        for index in np.unique(labels)
        if index
    )
    mask = np.zeros(labels.shape, bool)
    mask[1, 2, 2] = mask[3:6, 2, 2] = True
    table = lesion_load(grid(mask), grid(labels), LabelMap(grid(labels), regions), {}, brain_of(labels))
    found = table.set_index("structure")["lesion_volume_mm3"] / (2.0 * 1.0 * 1.5)
    assert found["Region 1"] == 1
    assert found["Region 2"] == 3
    assert found.sum() == mask.sum()
    assert set(table["layer"]) == {"n/a"}
    assert ("Region 2", "left") in structure_volumes(grid(labels), regions, brain_of(labels))


@pytest.mark.parametrize("lacking", ["lateral_ventricle", "cortex"])
def test_white_matter_has_no_layers_where_the_atlas_lacks_what_they_lie_between(lacking):
    labels = slab()
    regions = [
        replace(region, structure="n/a", tissue="n/a")
        if region.structure.startswith(lacking) or region.tissue == lacking
        else region
        for region in REGIONS
    ]
    depth, distance_mm = white_matter_depth(grid(labels), regions)
    assert np.isnan(depth).all()
    assert np.isnan(distance_mm).all() == (lacking == "lateral_ventricle")
    atlas = LabelMap(grid(labels), tuple(regions))
    table = lesion_load(grid(labels == WHITE), grid(labels), atlas, {}, brain_of(labels))
    white = table[table["tissue"] == "white_matter"]
    assert white["layer"].tolist() == ["n/a"]
    assert white["percent_region"].tolist() == [100.0]


def margins_of(mask: np.ndarray) -> pd.DataFrame:
    labels = slab()
    parts = partition(grid(labels), atlas_of(labels), {}, brain_of(labels))
    return load_margins(grid(mask), parts).set_index("structure")


def block() -> np.ndarray:
    """Return a lesion of 4 × 3 × 4.5 mm in white matter, its right face at the cortex."""
    mask = np.zeros(slab().shape, bool)
    mask[8:10, 1:4, 1:4] = True
    return mask


def test_margins_by_hand():
    found = margins_of(block())
    totals = found[list(MARGIN_COLUMNS)].sum()
    assert totals["shrunk_mm3"] == pytest.approx(2 * 1 * 2.5)
    assert totals["grown_mm3"] == pytest.approx(54 + 2 * 3 * 4.5 + 4 * 2 * 4.5 + 4 * 3 * 2)
    assert found["right_mm3"]["frontal_cortex"].sum() == pytest.approx(1 * 3 * 4.5)
    assert found["right_mm3"]["white_matter"].sum() == pytest.approx(54 - 1 * 3 * 4.5)
    assert found["left_mm3"]["white_matter"].sum() == pytest.approx(54)
    assert found["front_mm3"]["outside_brain"] == 0
    assert found["back_mm3"]["outside_brain"] == pytest.approx(4 * 1 * 4.5)


def test_margins_have_the_rows_of_the_load_and_its_volumes_when_nothing_lies_near():
    labels, mask = slab(), block()
    tract = LabelMap(grid((labels == WHITE) * 3), (Region(3, "tract", "cst", "left", "overlay"),))
    parts = partition(grid(labels), atlas_of(labels), {"tracts": tract}, brain_of(labels))
    load, found = load_in(grid(mask), parts), load_margins(grid(mask), parts)
    assert load[list(Cell._fields)].equals(found[list(Cell._fields)])
    inside = found.loc[found["structure"] == "white_matter", "left_mm3"].sum()
    assert inside == load.loc[load["structure"] == "white_matter", "lesion_volume_mm3"].sum()


@pytest.mark.parametrize("voxels", [0, 1])
def test_margins_of_next_to_nothing(voxels):
    mask = np.zeros(slab().shape, bool)
    mask[5, 2, 2] = bool(voxels)
    totals = margins_of(mask)[list(MARGIN_COLUMNS)].sum()
    assert totals["shrunk_mm3"] == 0
    assert totals["up_mm3"] == pytest.approx(3.0 * voxels)


BLOCK = [(x, y, z) for x in (3, 4) for y in (3, 4, 5) for z in (3, 4, 5)]


@pytest.mark.parametrize(
    ("voxels", "shrunk", "grown"),
    [
        ([(4, 4, 4)], 0, 1 + 6),
        (BLOCK, 0, 18 + 2 * 9 + 4 * 6),  # two voxels thick: each lies at a face
        ([(3, 4, 4), (5, 4, 4)], 0, 2 + 1 + 2 + 2 * 4),  # the gap between them is filled once
    ],
)
def test_margins_of_thin_lesions_at_1_mm(voxels, shrunk, grown):
    labels = Image(np.ones((9, 9, 9), np.uint8), np.eye(4))
    mask = np.zeros(labels.shape, bool)
    mask[tuple(np.transpose(voxels))] = True
    atlas = LabelMap(labels, (Region(1, "all", "n/a", "left", "n/a"),))
    parts = partition(labels, atlas, {}, labels.with_data(np.ones(labels.shape, bool)))
    totals = load_margins(labels.with_data(mask), parts)[list(MARGIN_COLUMNS)].sum()
    assert (totals["shrunk_mm3"], totals["grown_mm3"]) == (shrunk, grown)


def test_a_lesion_at_the_edge_of_the_image_has_margins():
    mask = np.zeros(slab().shape, bool)
    mask[0:2, 0:2, 0:2] = True
    totals = margins_of(mask)[list(MARGIN_COLUMNS)].sum()
    assert totals["left_mm3"] == pytest.approx(24 - 1 * 2 * 3)
    assert totals["right_mm3"] == pytest.approx(24)


def test_the_parts_of_two_lesions_add_up_to_the_load():
    labels = slab()
    parts = partition(grid(labels), atlas_of(labels), {}, brain_of(labels))
    pieces = block().astype(np.int32)
    pieces[tuple(np.argwhere(pieces)[0])] = 2
    found, load = lesion_parts(grid(pieces), parts), load_in(grid(pieces > 0), parts)
    cell = list(Cell._fields)
    lesioned = load[load["lesion_volume_mm3"] > 0].set_index(cell)["lesion_volume_mm3"]
    assert found.groupby(cell)["volume_mm3"].sum().to_dict() == lesioned.to_dict()
    assert found.loc[found["index"] == 2, "volume_mm3"].tolist() == [grid(labels).voxel_volume_mm3]
    with pytest.raises(ValueError, match="not on the grid"):
        lesion_parts(grid(pieces[1:]), parts)


def test_a_mask_of_another_grid_has_no_margins():
    labels = slab()
    parts = partition(grid(labels), atlas_of(labels), {}, brain_of(labels))
    with pytest.raises(ValueError, match="not on the grid"):
        load_margins(grid(block()[1:]), parts)


@pytest.mark.parametrize(("y", "share"), [((1, 2), 0.0), ((3, 4), 100.0), ((1, 4), 50.0), ((1, 3), 100 / 3)])
def test_anterior_share_by_hand(y, share):
    """Ventricle from y = 1 to 4: the middle is 2.5."""
    mask = np.zeros(slab().shape, bool)
    mask[5, y[0] : y[1] + 1, 2] = True
    mask[0, 5, :] = True  # outside of the brain: does not count
    assert anterior_share(grid(mask), grid(slab()), REGIONS) == pytest.approx(share)


def test_a_lesion_on_the_middle_counts_half():
    labels = slab()
    labels[1, 4] = 0  # the ventricle ends at y = 3: the middle is 2
    mask = np.zeros(labels.shape, bool)
    mask[5, 2, 2] = True
    assert anterior_share(grid(mask), grid(labels), REGIONS) == 50


def test_profile_of_a_lesion_and_of_none():
    _, distance_mm = white_matter_depth(grid(slab()), REGIONS)
    found = lesion_profile(grid(block()), grid(slab()), REGIONS, distance_mm)
    rows = found.set_index(["measure", "structure"])["value"]
    assert rows["anterior_share", "lesion"] == pytest.approx(100 / 3)
    assert rows["distance_profile"].sum() == 54
    assert rows["distance_profile", "10_to_15_mm"] == 27  # x = 8 lies 13 mm from the wall, x = 9 lies 15 mm
    assert rows["distance_profile", "15_to_20_mm"] == 27
    assert rows["distance_profile"].index.tolist() == [
        *(
            "0_to_2_mm",
            "2_to_5_mm",
            "5_to_10_mm",
            "10_to_15_mm",
            "15_to_20_mm",
            "20_to_30_mm",
            "30_mm_and_more",
        )
    ]
    nothing = lesion_profile(grid(np.zeros(slab().shape, bool)), grid(slab()), REGIONS, distance_mm)
    assert np.isnan(nothing["value"][0])
    assert nothing["value"][1:].sum() == 0


PONS_RIGHT, PLANE = 13, 14
SIDED = (
    *REGIONS[:-1],
    Region(PONS, "left pons", "pons", "left", "brainstem"),
    Region(PONS_RIGHT, "right pons", "pons", "right", "brainstem"),
    Region(PLANE, "between", "pons", "midline", "brainstem"),
)


def stem() -> np.ndarray:
    """A slab with a pons beside it: two planes to the left, one between the sides, three to the right."""
    labels = slab()
    labels[2:4, 0, 1:3], labels[4, 0, 1:3], labels[5:8, 0, 1:3] = PONS, PLANE, PONS_RIGHT
    return labels


def pons_rows(table: pd.DataFrame) -> dict[str, tuple[float, float]]:
    rows = table[table["structure"] == "pons"]
    return {r.side: (r.region_volume_mm3 / 3, r.lesion_volume_mm3 / 3) for r in rows.itertuples(index=False)}


@pytest.mark.parametrize("order", [1, -1])
def test_the_plane_between_two_sides_counts_half_for_either(order: int) -> None:
    labels, mask = stem(), np.zeros(slab().shape, bool)
    mask[3:5, 0, 1:3] = True  # one plane of the left, and the one between: 2 + 2 voxels
    mask[0, 0, 0] = True  # outside of the brain
    atlas = LabelMap(grid(labels), SIDED[::order])
    table = lesion_load(grid(mask), grid(labels), atlas, {}, brain_of(labels))
    assert pons_rows(table) == {"left": (5.0, 3.0), "right": (7.0, 1.0)}
    assert table["lesion_volume_mm3"].sum() == mask.sum() * 3.0
    mirrored = lesion_load(
        grid(mask),
        grid(labels),
        LabelMap(grid(labels), tuple(map(swapped, atlas.regions))),
        {},
        brain_of(labels),
    )
    assert pons_rows(mirrored) == {"left": (7.0, 1.0), "right": (5.0, 3.0)}


def swapped(region: Region) -> Region:
    return replace(region, side={"left": "right", "right": "left", "midline": "midline"}[region.side])


def test_volumes_margins_and_rows_know_the_plane_too() -> None:
    labels, mask = stem(), np.zeros(slab().shape, bool)
    mask[4, 0, 1:3] = True
    parts = partition(grid(labels), LabelMap(grid(labels), SIDED), {}, brain_of(labels))
    volumes = structure_volumes(grid(labels), SIDED, brain_of(labels))
    assert (volumes["pons", "left"], volumes["pons", "right"]) == (5 * 3.0, 7 * 3.0)
    assert ("pons", "midline") not in volumes
    margins = load_margins(grid(mask), parts).set_index(["structure", "side"]).loc["pons"]
    # 1 mm is half a voxel along x: half of the two voxels moves to the left, the rest stays on the plane
    assert margins["left_mm3"].to_dict() == {"left": 3.0 + 1.5, "right": 1.5}
    held = lesion_parts(grid(mask.astype(np.int32)), parts).set_index("side")["volume_mm3"]
    assert held.to_dict() == {"left": 3.0, "right": 3.0}
    stems = [parts.cells[row].structure for row in np.flatnonzero(rows_within(parts, ["brainstem"]))]
    assert stems == ["pons", "pons"]
    assert [cell.side for cell in parts.cells_of_codes if cell.structure == "pons"] == [
        "left",
        "right",
        "midline",
    ]


def test_a_region_of_one_s_own_keeps_its_midline() -> None:
    """Without a word of the vocabulary nobody knows what it means."""
    labels = stem()
    own = tuple(
        replace(region, structure="n/a", name="area") if region.structure == "pons" else region
        for region in SIDED
    )
    table = lesion_load(
        grid(labels == PLANE), grid(labels), LabelMap(grid(labels), own), {}, brain_of(labels)
    )
    found = table[table["structure"] == "area"].set_index("side")["lesion_volume_mm3"]
    assert found.to_dict() == {"left": 0.0, "right": 0.0, "midline": 6.0}
