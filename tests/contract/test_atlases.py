"""What every atlas must keep, and what the embedded one promises beyond."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from nasty_atlas import nasty_atlas, swapped
from published_sources import NLIN6, PUBLISHED, fill_with_real, no_network
from scipy import ndimage

from cpimaging.atlases import (
    Template,
    check_atlas,
    load_atlas,
    load_structures,
    load_template,
    read_atlas,
    write_atlas,
)
from cpimaging.atlases.embedded import embedded_folder
from cpimaging.atlases.published import fetch
from cpimaging.atlases.template import SPACE
from cpimaging.cache import cache_dir
from cpimaging.quantify.load import lesion_load, load_in
from cpimaging.quantify.partition import partition
from cpimaging.registration import resample
from cpimaging.scorers.needs import check_fit
from cpimaging.types import Atlas, Image, InputError, LabelMap, Region, region_positions

pytestmark = pytest.mark.slow

PLAUSIBLE_ML = {  # adult, one side or midline; wide limits: they catch a leak, not a variant
    "thalamus": (5, 12),
    "thalamus_ventrolateral": (0.8, 3.5),
    "caudate": (3, 7),
    "putamen": (3.5, 8),
    "putamen_posterior": (0.8, 3),
    "pallidum": (1, 3.5),
    "subthalamic_nucleus": (0.08, 0.3),
    "accumbens": (0.3, 1.2),
    "hippocampus": (3, 8),
    "amygdala": (1.2, 3.5),
    "plic": (2, 6),
    "alic": (1.5, 5),
    "red_nucleus": (0.15, 0.6),
    "substantia_nigra": (0.2, 0.9),
    "midbrain": (2.5, 6.5),
    "pons": (6, 14),
    "medulla": (1.5, 4.5),
    "third_ventricle": (0.5, 3),
    "fourth_ventricle": (1, 4),
    "vermis": (6, 20),
    "dentate": (0.5, 2),
    "insula": (4, 13),
    "perirolandic": (25, 65),
    "corticospinal_tract": (4, 20),
    "optic_radiation": (2, 10),
}
LEVELS = ("midbrain", "pons", "medulla")
PUBLISHED_ATLAS = pytest.param("published", marks=pytest.mark.slow)
"""It is built from files of others and registered, which takes a minute."""


@pytest.fixture(scope="session")
def template() -> Template:
    return load_template()


@pytest.fixture(scope="session")
def embedded() -> Atlas:
    return load_atlas("embedded")


@pytest.fixture(scope="session")
def published(pytestconfig: pytest.Config, embedded: Atlas) -> Atlas:
    """The composite of the real Harvard-Oxford and AAL3; kept between test runs, since it takes a minute."""
    real = Path(__file__).parents[2].parent / "shared" / "data"
    if not (real / PUBLISHED / NLIN6).is_file():
        pytest.skip("the published atlases are not here (../shared/data/published_atlases)")
    cache = Path(pytestconfig.cache.mkdir("published")) if pytestconfig.cache else None
    assert cache is not None
    for folder in (embedded_folder(), *cache_dir().glob("tpl-*")):
        if not (cache / folder.name).exists():
            shutil.copytree(folder, cache / folder.name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CPIMAGING_CACHE", str(cache))
        patch.delenv("FSLDIR", raising=False)
        no_network(patch)
        shutil.rmtree(cache / "nilearn", ignore_errors=True)
        fill_with_real(cache, real)
        list(fetch())
        return load_atlas("published")


@pytest.fixture(params=["embedded", PUBLISHED_ATLAS])
def atlas(request: pytest.FixtureRequest) -> Atlas:
    chosen: Atlas = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(scope="session")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """A folder of one's own: labels 3, 127, 300 and 70001, gaps, LAS, 2 mm, as it is loaded."""
    folder = tmp_path_factory.mktemp("nasty")
    write_atlas(folder, nasty_atlas())
    return load_atlas(folder)


@pytest.fixture(params=["embedded", PUBLISHED_ATLAS, "nasty"])
def any_atlas(request: pytest.FixtureRequest) -> Atlas:
    """Every atlas there is; `atlas` stands for those on the template's own grid."""
    chosen: Atlas = request.getfixturevalue(request.param)
    return chosen


def label_maps(atlas: Atlas) -> list[LabelMap]:
    return [atlas.dseg, *atlas.overlays.values()]


def regions(atlas: Atlas) -> list[tuple[LabelMap, Region]]:
    return [(label_map, region) for label_map in label_maps(atlas) for region in label_map.regions]


def test_template_is_the_mirror_symmetric_1_mm_brain(template: Template) -> None:
    assert template.name == SPACE
    assert template.t1w.shape == (197, 233, 189)
    assert template.t1w.affine[:3, 3].tolist() == [-98, -134, -72]
    assert np.array_equal(template.t1w.affine[:3, :3], np.eye(3))
    for image in (template.t1w, template.gm, template.wm, template.brain):
        assert image.same_grid(template.t1w)
        assert np.array_equal(image.data, image.data[::-1])
    assert template.brain.data.dtype == bool
    assert 1.8e6 < template.brain.data.sum() < 2.0e6
    for share in (template.gm, template.wm):
        assert share.data.dtype == np.float32
        assert (share.data.min(), share.data.max()) == (0, 1)


def test_template_faces_forward(template: Template) -> None:
    """The cerebellum lies behind and below: more tissue there than in the mirrored place in front."""
    brain = template.brain.data
    behind, front = brain[:, 40:100, :40].sum(), brain[:, 160:220, :40].sum()
    assert behind > 20 * max(front, 1)


def test_an_atlas_passes_the_check_and_serves_every_scorer(any_atlas: Atlas) -> None:
    assert check_atlas(any_atlas) == []
    check_fit(any_atlas, any_atlas.name)
    assert any_atlas.space == SPACE


def test_each_region_lies_on_its_side_of_the_world(any_atlas: Atlas) -> None:
    signs = {"left": -1, "right": 1, "midline": 0}
    for label_map in label_maps(any_atlas):
        labels = label_map.labels
        index = np.flatnonzero(labels.data)
        x = np.stack(np.unravel_index(index, labels.shape)).T @ labels.affine[0, :3] + labels.affine[0, 3]
        positions = region_positions(labels.data.ravel()[index], label_map.regions)
        centroids = np.bincount(positions, weights=x)[1:] / np.bincount(positions)[1:]
        for region, centroid in zip(label_map.regions, centroids, strict=True):
            assert np.sign(centroid) == signs[region.side] or abs(centroid) < 2 * (region.side == "midline")


def test_swapped_sides_are_refused_with_the_evidence(any_atlas: Atlas, tmp_path: Path) -> None:
    write_atlas(tmp_path, swapped(any_atlas))
    with pytest.raises(InputError, match=r"is called (left|right), but its centroid lies at x [+-]\d"):
        load_atlas(tmp_path)


def test_an_atlas_comes_back_from_disk_whole(any_atlas: Atlas, tmp_path: Path) -> None:
    write_atlas(tmp_path, any_atlas)
    again = read_atlas(tmp_path)
    for before, after in zip(label_maps(any_atlas), label_maps(again), strict=True):
        assert np.array_equal(before.labels.data, after.labels.data)
        assert before.regions == after.regions


def test_the_load_adds_up_whatever_the_order_of_the_table(any_atlas: Atlas) -> None:
    grid = Image(np.zeros((49, 58, 47), np.uint8), load_template().t1w.affine @ np.diag([4.0, 4, 4, 1]))
    labels = resample(any_atlas.dseg.labels, grid, mode="nearest")
    overlays = {
        name: LabelMap(resample(overlay.labels, grid, mode="nearest"), overlay.regions)
        for name, overlay in any_atlas.overlays.items()
    }
    mask = grid.with_data(np.zeros(grid.shape, bool))
    mask.data[8:31, 20:33, 15:27] = True
    keys = ["tissue", "structure", "side", "lobe", "layer"]
    tables = []
    for regions_ in (any_atlas.dseg.regions, any_atlas.dseg.regions[::-1]):
        atlas = LabelMap(labels, regions_)
        table = lesion_load(mask, labels, atlas, overlays, grid.with_data(labels.data > 0))
        parts = table[table["tissue"] != "overlay"]
        assert parts["lesion_volume_mm3"].sum() == mask.data.sum() * 64.0
        tables.append(table.set_index(keys).sort_index())
    assert tables[0].equals(tables[1])


def test_an_atlas_that_lacks_a_structure_is_refused_by_its_name(any_atlas: Atlas) -> None:
    kept = tuple(r for r in any_atlas.dseg.regions if r.structure != "pallidum")
    lacking = replace(any_atlas, dseg=LabelMap(any_atlas.dseg.labels, kept))
    with pytest.raises(InputError, match="lacks pallidum, which the scorer"):
        check_fit(lacking, "here")
    check_fit(lacking, "here", scorers="")
    one_side = tuple(r for r in any_atlas.dseg.regions if (r.structure, r.side) != ("pallidum", "left"))
    with pytest.raises(InputError, match="has one side only of pallidum"):
        check_fit(replace(any_atlas, dseg=LabelMap(any_atlas.dseg.labels, one_side)), "here")


def test_every_structure_of_the_vocabulary_is_there(atlas: Atlas) -> None:
    found = {region.structure for _, region in regions(atlas)}
    assert found == set(load_structures()["structure"])
    lobes = {region.lobe for _, region in regions(atlas) if region.structure == "white_matter"}
    assert lobes == {"frontal", "parietal", "temporal", "occipital"}


def test_left_and_right_mirror_each_other_exactly(embedded: Atlas) -> None:
    for label_map in label_maps(embedded):
        partner = np.arange(max(region.index for region in label_map.regions) + 1)
        by_place = {(r.structure, r.lobe, r.side): r.index for r in label_map.regions}
        for (structure, lobe, side), index in by_place.items():
            if side == "left":
                partner[[index, by_place[structure, lobe, "right"]]] = (
                    by_place[structure, lobe, "right"],
                    index,
                )
        data = label_map.labels.data
        assert np.array_equal(partner[data], data[::-1])


def test_no_region_crosses_to_the_other_side(atlas: Atlas) -> None:
    for label_map in label_maps(atlas):
        sides = {region.index: region.side for region in label_map.regions}
        left, right = np.unique(label_map.labels.data[:98]), np.unique(label_map.labels.data[99:])
        assert "right" not in {sides[index] for index in left if index}
        assert "left" not in {sides[index] for index in right if index}
        middle = {sides[index] for index in np.unique(label_map.labels.data[98]) if index}
        assert middle <= {"midline"}


def test_the_brainstem_is_cut_where_the_midline_plane_lies(atlas: Atlas) -> None:
    """Its sides fill either half and meet in the plane x = 0, which counts half for each of them."""
    number = {(r.structure, r.side): r.index for r in atlas.dseg.regions if r.structure in LEVELS}
    data = atlas.dseg.labels.data
    for name in LEVELS:
        assert not np.isin(data[:98], [number[name, side] for side in ("right", "midline")]).any()
        assert not np.isin(data[98], [number[name, side] for side in ("left", "right")]).any()
        assert (data[98] == number[name, "midline"]).any()
    assert [number[name, "left"] for name in LEVELS] == [19, 20, 21]  # what the whole was called before
    later = [number[name, side] for side in ("right", "midline") for name in LEVELS]
    assert later == list(range(92, 98))


def test_a_mirrored_lesion_of_the_brainstem_has_the_mirrored_load(
    embedded: Atlas, rng: np.random.Generator
) -> None:
    box = embedded.dseg.labels.data[98 - 22 : 98 + 23, 80:130, :72]
    labels = Image(np.ascontiguousarray(box), np.eye(4))
    shallow = np.zeros(labels.shape, np.float32)
    parts = partition(labels, embedded.dseg, {}, labels.with_data(box > 0), shallow)
    mask = rng.random(labels.shape) < 0.3
    rows = []
    for lesion in (mask, mask[::-1]):
        table = load_in(labels.with_data(lesion), parts)
        table = table[table["tissue"] == "brainstem"].set_index(["structure", "side"])
        rows.append(table["lesion_volume_mm3"].to_dict())
    other = {"left": "right", "right": "left", "midline": "midline"}
    assert rows[1] == {(name, other[side]): volume for (name, side), volume in rows[0].items()}
    assert rows[0]["pons", "left"] != rows[0]["pons", "right"]
    assert {side for name, side in rows[0] if name in LEVELS} == {"left", "right"}


def test_a_brainstem_without_sides_serves_as_before(embedded: Atlas) -> None:
    joined = {("pons", "left"): "midline", ("pons", "right"): None, ("pons", "midline"): None}
    whole = tuple(
        replace(region, side=joined.get((region.structure, region.side), region.side))
        for region in embedded.dseg.regions
        if joined.get((region.structure, region.side), "kept")
    )
    numbers = [r.index for r in embedded.dseg.regions if r.structure == "pons"]
    labels = embedded.dseg.labels
    data = np.where(np.isin(labels.data, numbers), numbers[0], labels.data)
    atlas = replace(embedded, dseg=LabelMap(labels.with_data(data), whole))
    assert check_atlas(atlas) == []
    check_fit(atlas, "before")
    halved = tuple(region for region in embedded.dseg.regions if region.index != numbers[1])
    with pytest.raises(InputError, match="has one side only of pons"):
        check_fit(replace(embedded, dseg=LabelMap(labels, halved)), "half")


def test_every_region_is_one_piece(embedded: Atlas) -> None:
    for label_map in label_maps(embedded):
        boxes = ndimage.find_objects(label_map.labels.data)
        for region in label_map.regions:
            if region.structure in LEVELS and region.side == "midline":
                continue  # the raphe cuts the plane between the sides into pieces
            box = boxes[region.index - 1]
            _, pieces = ndimage.label(label_map.labels.data[box] == region.index, np.ones((3, 3, 3)))
            assert pieces == 1, region.name


def test_volumes_are_plausible(atlas: Atlas) -> None:
    for label_map in label_maps(atlas):
        counts = np.bincount(label_map.labels.data.ravel())
        for region in label_map.regions:
            if region.structure in PLAUSIBLE_ML and not (
                region.structure in LEVELS and region.side == "midline"
            ):
                low, high = PLAUSIBLE_ML[region.structure]
                assert low < counts[region.index] / 1000 < high, region.name


def test_all_tissue_off_the_midline_plane_is_labelled(atlas: Atlas, template: Template) -> None:
    tissue = template.brain.data & (template.gm.data + template.wm.data >= 0.5)
    tissue[98] = False
    assert (atlas.dseg.labels.data[tissue] > 0).all()


def test_deep_grey_lies_in_its_place(atlas: Atlas) -> None:
    """Neighbours in order: from the midline outwards at the level of the foramen of Monro."""
    names = {region.index: region.structure for region in atlas.dseg.regions}
    row = [names.get(int(v), "none") for v in atlas.dseg.labels.data[98::-1, 134 - 8, 72 + 2]]
    order = list(dict.fromkeys(name for name in row if name != "none"))
    wanted = ["thalamus", "plic", "pallidum", "putamen", "external_capsule", "insula"]
    seen = [name.replace("_ventrolateral", "").replace("_posterior", "") for name in order]
    assert [name for name in dict.fromkeys(seen) if name in wanted] == wanted


def test_the_manifest_credits_and_warns(embedded: Atlas) -> None:
    assert any("Fonov" in citation for citation in embedded.manifest["Citations"])
    assert "subthalamic_nucleus" in embedded.manifest["Approximate"]
    assert "thalamus" not in embedded.manifest["Approximate"]


def test_most_of_each_published_region_is_one_piece(published: Atlas) -> None:
    """Maximum-probability maps leave crumbs; a label that landed in two places would show."""
    boxes = ndimage.find_objects(published.dseg.labels.data)
    for region in published.dseg.regions:
        mask = published.dseg.labels.data[boxes[region.index - 1]] == region.index
        pieces = np.bincount(ndimage.label(mask, np.ones((3, 3, 3)))[0].ravel())[1:]
        largest = {"raphe": 0.6, "cingulate": 0.9}.get(region.structure, 0.96)  # raphe: dorsal and median
        assert pieces.max() >= largest * pieces.sum(), region.name


def test_published_and_embedded_structures_lie_in_the_same_place(embedded: Atlas, published: Atlas) -> None:
    """Harvard-Oxford and the embedded atlas agree as measured in docs/method/atlas.md, side by side."""
    floor = {
        **{"thalamus": 0.7, "caudate": 0.8, "putamen": 0.85, "pallidum": 0.7, "hippocampus": 0.75},
        **{"amygdala": 0.8, "perirolandic": 0.65, "frontal_cortex": 0.8, "occipital_cortex": 0.75},
        **{"pons": 0.9, "medulla": 0.9, "plic": 0.75, "red_nucleus": 0.65, "corpus_callosum_body": 0.9},
    }
    for own, other in zip(embedded.dseg.regions, published.dseg.regions, strict=True):
        a, b = embedded.dseg.labels.data == own.index, published.dseg.labels.data == other.index
        dice = 2 * (a & b).sum() / (a.sum() + b.sum())
        assert dice >= floor.get(own.structure, 0), f"{own.name}: {dice:.3f}"
