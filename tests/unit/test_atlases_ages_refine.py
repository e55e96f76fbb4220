"""Labels of a template refined on its images, and kept inside its own; small scenes worked by hand."""

from pathlib import Path

import numpy as np
import pytest

from cpimaging.atlases.ages.build import read_brain, tissue_shares
from cpimaging.atlases.ages.parents import kept_inside, read_parents
from cpimaging.atlases.ages.refine import classes_of, refined
from cpimaging.atlases.ages.table import AgeTemplate
from cpimaging.images import write_image
from cpimaging.types import Image, InputError, Region

THALAMUS = Region(1, "thalamus left", "thalamus", "left", "deep_grey")
VENTRAL = Region(2, "ventral left", "thalamus_ventrolateral", "left", "deep_grey")
WHITE = Region(3, "white left", "white_matter", "left", "white_matter", "frontal")
PLIC = Region(4, "plic left", "plic", "left", "white_matter")
PONS = Region(5, "pons", "pons", "left", "brainstem")
REGIONS = (THALAMUS, VENTRAL, WHITE, PLIC, PONS)
SIZE = (40, 30, 30)
BRAIN = Image(np.ones(SIZE, bool), np.eye(4))


def test_parts_share_the_class_of_their_whole_and_the_hindbrain_has_none():
    assert classes_of(REGIONS) == {1: "thalamus", 2: "thalamus", 3: "white_matter", 4: "", 5: ""}


def scene(border: int, seed: int = 0) -> tuple[Image, np.ndarray]:
    """Return an image, dark before the border on x and bright behind it, and where it is dark."""
    dark = np.zeros(SIZE, bool)
    dark[:border] = True
    noise = np.random.default_rng(seed).normal(0, 5, SIZE)
    return Image((np.where(dark, 100, 200) + noise).astype(np.float32), np.eye(4)), dark


def test_a_border_moves_to_the_one_that_the_image_shows():
    image, dark = scene(20)
    labels = np.where(np.arange(SIZE[0])[:, None, None] < 17, 1, 3) * np.ones(SIZE, np.int16)
    labels[:5, :10] = 2  # a part of the thalamus, far from the border
    found = refined(BRAIN.with_data(labels), REGIONS, {"T2w": image}, BRAIN).data
    assert (found[17:19] == 1).mean() > 0.99
    assert (found[21:] == 3).all()
    assert (found[:5, :10] == 2).all()
    moved = (found <= 2) != dark
    assert moved.mean() < 0.01


def test_what_is_not_refined_stays():
    image, _ = scene(20)
    labels = np.full(SIZE, 3, np.int16)
    labels[:20] = 1
    labels[18:24, 5:9, 5:9] = 5
    labels[18:24, 20:24, 20:24] = 4
    found = refined(BRAIN.with_data(labels), REGIONS, {"T2w": image}, BRAIN).data
    np.testing.assert_array_equal(found == 5, labels == 5)
    np.testing.assert_array_equal(found == 4, labels == 4)


def test_a_lesion_keeps_the_labels_that_were_carried():
    image, _ = scene(20)
    labels = np.full(SIZE, 3, np.int16)
    labels[:17] = 1
    lesion = np.zeros(SIZE, bool)
    lesion[10:25, 10:20, 10:20] = True
    found = refined(BRAIN.with_data(labels), REGIONS, {"T2w": image}, BRAIN, BRAIN.with_data(lesion)).data
    np.testing.assert_array_equal(found[lesion], labels[lesion])
    assert (found[17:19, :8] == 1).mean() > 0.99


def test_the_border_of_cortex_and_white_matter_may_be_left_alone():
    cortex = Region(1, "cortex left", "frontal_cortex", "left", "cortex", "frontal")
    image, _ = scene(20)
    labels = np.full(SIZE, 3, np.int16)
    labels[:17] = 1
    both = [
        refined(BRAIN.with_data(labels), (cortex, WHITE), {"T2w": image}, BRAIN, inner=inner).data
        for inner in (False, True)
    ]
    assert (both[0][17:19] == 1).mean() > 0.99
    np.testing.assert_array_equal(both[1], labels)


def row(*numbers: int) -> Image:
    return Image(np.array(numbers, np.int16).reshape(-1, 1, 1), np.eye(4))


def test_fluid_that_nothing_joins_to_a_ventricle_is_no_ventricle():
    """A ventricle of 2 mm that the image shows 4 mm wide, and a bright pool 3 mm beside it: a cyst."""
    ventricle = Region(6, "ventricle left", "lateral_ventricle_body", "left", "csf")
    labels = np.full(SIZE, 3, np.int16)
    labels[14:16] = 6
    wide, pool = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    wide[14:18], pool[20:24, 10:16, 10:16] = True, True
    noise = np.random.default_rng(3).normal(0, 5, SIZE)
    image = BRAIN.with_data((np.where(wide | pool, 300, 100) + noise).astype(np.float32))
    found = [
        refined(BRAIN.with_data(labels), (*REGIONS, ventricle), {"T2w": image}, BRAIN, inner=inner).data == 6
        for inner in (True, False)
    ]
    assert found[0][14:17].mean() > 0.9
    assert not found[0][20:].any()
    assert (found[1] & pool).any()  # what the prior alone would let it have


def test_children_are_kept_inside_their_parent():
    carried, own = row(3, 3, 1, 2, 2, 3, 3), row(0, 9, 9, 9, 0, 0, 0)
    found = kept_inside(carried, own, {9: [1, 2]}).data.ravel().tolist()
    # voxel 1 becomes thalamus, the part of the thalamus that strayed out becomes white matter
    assert found == [3, 1, 1, 2, 3, 3, 3]


def test_a_parent_without_children_in_the_atlas_changes_nothing():
    carried = row(3, 1, 1, 3)
    assert kept_inside(carried, row(7, 7, 7, 7), {}).data.ravel().tolist() == [3, 1, 1, 3]


def table(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "labels.tsv"
    path.write_text("\n".join(["index\tstructures\tside", *rows]) + "\n")
    return path


def test_the_table_says_which_labels_may_lie_in_which(tmp_path):
    path = table(tmp_path, "42\tthalamus,thalamus_ventrolateral\tleft", "48\tplic\tany", "83\tn/a\tn/a")
    assert read_parents(path, REGIONS) == {42: [1, 2], 48: [4]}


def test_a_row_on_a_label_that_no_voxel_has_holds_nothing(tmp_path):
    """Tables of FreeSurfer tell every label there is: what none of its voxels has stays as it was carried."""
    path = table(tmp_path, "42\tthalamus,thalamus_ventrolateral\tleft", "48\tplic\tany")
    assert read_parents(path, REGIONS, {0, 42}) == {42: [1, 2]}
    named = tmp_path / "names.tsv"
    named.write_text("index\tname\n11\tLeft-Caudate\n26\tLeft-Accumbens-area\n")
    striatum = [
        Region(number, name, name, "left", "deep_grey")
        for number, name in enumerate(("caudate", "accumbens"), 1)
    ]
    assert read_parents(named, striatum, {11}) == {11: [1, 2]}
    assert read_parents(named, striatum, {11, 26}) == {11: [1], 26: [2]}


@pytest.mark.parametrize("name", ["labels", "names"])
def test_a_label_that_is_told_twice_is_refused(tmp_path, name):
    path = table(tmp_path, "42\tthalamus\tleft", "42\tplic\tleft")
    if name == "names":
        path.write_text("index\tname\n42\tLeft-Thalamus\n42\tLeft-Caudate\n")
    with pytest.raises(InputError, match="tells label 42 twice"):
        read_parents(path, REGIONS)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("46\tlentiform\tleft", "lentiform is no structure"),
        ("46\tthalamus\tlft", "lft is no side"),
        ("46a\tthalamus\tleft", "46a is no number"),
    ],
)
def test_a_word_that_says_nothing_is_refused(tmp_path, row, told):
    """Left out, its parent would hold anything."""
    with pytest.raises(InputError, match=told):
        read_parents(table(tmp_path, row), REGIONS)


def test_shares_of_tissue_come_from_the_labels_and_in_the_hindbrain_from_the_map():
    cortex = Region(6, "cortex left", "frontal_cortex", "left", "cortex", "frontal")
    labels = np.full((30, 9, 9), 6, np.int16)
    labels[10:20] = 3
    labels[20:] = 5
    image = Image(labels, np.eye(4))
    maps = {name: image.with_data(np.full(labels.shape, 0.25, np.float32)) for name in ("grey", "white")}
    brain = image.with_data(np.ones(labels.shape, bool))
    shares = tissue_shares(image, (*REGIONS, cortex), maps, brain)
    middle = {name: share.data[:, 4, 4] for name, share in shares.items()}
    assert (middle["grey"][4], middle["white"][4]) == pytest.approx((1, 0), abs=1e-3)
    assert (middle["grey"][14], middle["white"][14]) == pytest.approx((0, 1), abs=1e-3)
    assert (middle["grey"][26], middle["white"][26]) == pytest.approx((0.25, 0.25), abs=1e-3)


def template_of(
    tmp_path: Path,
    contrast: str,
    data: np.ndarray,
    mask: np.ndarray | None = None,
    weeks: tuple[float, float] = (36, 44),
) -> AgeTemplate:
    write_image(tmp_path / "image.nii.gz", Image(data.astype(np.float32), np.diag([4.0, 4, 4, 1])))
    path = None
    if mask is not None:
        path = tmp_path / "mask.nii.gz"
        write_image(path, Image(mask, np.diag([4.0, 4, 4, 1])))
    images = {contrast: tmp_path / "image.nii.gz"}
    return AgeTemplate("a", weeks, images, path, None, None, None, "ours", "ours")


def ball(radius: float) -> np.ndarray:
    x, y, z = np.indices((30, 30, 30)) - 14.5
    return x**2 + y**2 + z**2 < radius**2


def test_the_faint_rim_of_a_bare_brain_is_no_brain(tmp_path):
    data = 100.0 * ball(10) + 5.0 * (ball(12) & ~ball(10))
    data[14, 14, 14] = 0  # a hole within is filled
    images, brain = read_brain(template_of(tmp_path, "T2w", data))
    np.testing.assert_array_equal(brain.data, ball(10))
    assert images["T2w"].data[~ball(10)].max() == 0


def test_a_head_needs_its_mask(tmp_path):
    with pytest.raises(InputError, match="a head and no brain"):
        read_brain(template_of(tmp_path, "T1w", np.full((35, 35, 35), 100.0)))
    images, brain = read_brain(template_of(tmp_path, "T1w", np.full((30, 30, 30), 100.0), ball(10)))
    np.testing.assert_array_equal(brain.data, ball(10))
    np.testing.assert_array_equal(images["T1w"].data > 0, ball(10))


def test_a_mask_on_another_grid_is_refused(tmp_path):
    with pytest.raises(InputError, match="different grids"):
        read_brain(template_of(tmp_path, "T1w", 100.0 * ball(10), ball(10)[1:]))


@pytest.mark.parametrize(
    ("radius", "weeks", "fits"),
    [
        (10, (36, 44), True),  # 4 mm voxels: 268 ml
        (15, (36, 44), False),  # 905 ml, a child whose 36 to 44 months were taken for weeks
        (15, (36, 66), True),
        (10, (92, 100), False),  # the brain of a newborn is no one-year-old's
        (10, (60, 70), True),
        (13, (150, 170), False),  # 589 ml
        (14, (150, 170), True),  # 735 ml
    ],
)
def test_a_brain_is_as_large_as_at_its_age(tmp_path, radius, weeks, fits):
    data = np.zeros((36, 36, 36))
    data[3:33, 3:33, 3:33] = 100.0 * ball(radius)
    template = template_of(tmp_path, "T2w", data, weeks=weeks)
    if fits:
        assert read_brain(template)[1].data.any()
        return
    with pytest.raises(InputError, match="postmenstrual weeks"):
        read_brain(template)


def test_a_nucleus_does_not_take_a_capsule_that_differs_from_other_white_matter():
    place = np.arange(SIZE[0])[:, None, None] * np.ones(SIZE, int)
    noise = np.random.default_rng(0).normal(0, [[6.0], [60.0]], (2, place.size)).reshape(2, *SIZE)
    shown = np.select([place < 15, place < 20], [100 + noise[0], 130 + noise[0]], 200 + noise[1])
    image = Image(shown.astype(np.float32), np.eye(4))
    labels = np.where(place < 18, 1, 3).astype(np.int16)
    found = refined(BRAIN.with_data(labels), REGIONS, {"T2w": image}, BRAIN).data
    assert (found[:15] == 1).mean() > 0.99
    assert (found[15:] == 3).mean() > 0.95


def test_white_matter_keeps_its_labels_among_each_other():
    callosum = Region(6, "genu", "corpus_callosum_genu", "midline", "white_matter")
    image, _ = scene(20)
    labels = np.where(np.arange(SIZE[0])[:, None, None] < 17, 6, 3) * np.ones(SIZE, np.int16)
    found = refined(BRAIN.with_data(labels), (*REGIONS, callosum), {"T2w": image}, BRAIN).data
    np.testing.assert_array_equal(found, labels)
