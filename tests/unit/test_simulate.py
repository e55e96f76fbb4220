import json
from pathlib import Path

import numpy as np
import pytest
from declared import lacking, wrong_in_table

from cpimaging.atlases import load_template
from cpimaging.images import read_displacement, read_image
from cpimaging.io import read_json, read_table
from cpimaging.simulate import simulate
from cpimaging.simulate.anatomy import axes_mm, find_anatomy
from cpimaging.simulate.contrast import CONTRASTS, healthy_signal, make_image, sample, tissue_maps
from cpimaging.simulate.dataset import cohort
from cpimaging.simulate.injury import border_noise, draw_injury, part_mm, tube_mm
from cpimaging.simulate.recipes import SEVERITIES, graded, load_recipes
from cpimaging.simulate.subject import Voxels, make_subject, subject_seed
from cpimaging.simulate.warp import draw_warp, integrate, jacobian_determinant, random_affine, world_mm
from cpimaging.types import Image, InputError

SEEDS = range(2)
RECIPES = load_recipes()
pytestmark = pytest.mark.slow

TRUTH = {
    "periventricular_bilateral": ("B", "B1", "white_matter"),
    "periventricular_unilateral": ("B", "B2", "white_matter"),
    "basal_ganglia_thalamus": ("C", "C1", "deep_grey"),
    "watershed": ("C", "C2", "cortex"),
    "mca_infarct": ("C", "C3", "cortex"),
    "brainstem": ("D", "D", "brainstem"),
    "none": ("E", "E", "none"),
}


@pytest.fixture(scope="module")
def anatomy():
    return find_anatomy(load_template())


@pytest.fixture(scope="module")
def coarse(anatomy):
    size = (4.0, 5.0, 6.0)
    return Voxels(size, tissue_maps(anatomy, size))


@pytest.fixture(scope="module")
def prepared(anatomy):
    """Let `simulate` use the anatomy at hand instead of finding it again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cpimaging.simulate.dataset.load_template", lambda: None)
        patch.setattr("cpimaging.simulate.dataset.find_anatomy", lambda template: anatomy)
        yield


@pytest.fixture(scope="module")
def dataset(prepared, tmp_path_factory):
    """Return a folder with two simulated subjects, and their truth."""
    out = tmp_path_factory.mktemp("bids")
    patterns = ("mca_infarct", "none")
    return out, simulate(out, n=2, seed=3, voxel_mm=5.0, contrasts=("FLAIR", "ADC"), patterns=patterns)


def lesion_points(anatomy, pattern, seed):
    """Return the lesion drawn from this seed and the template mm of its voxels (n, 3)."""
    injury = draw_injury(anatomy, RECIPES[pattern], np.random.default_rng(seed))
    return injury, np.argwhere(injury.lesion > 0.5) + anatomy.t1w.affine[:3, 3]


def test_recipes_state_the_contract(anatomy):
    plain = {p: r for p, r in RECIPES.items() if not r.hard}
    assert {p: (r.mrics_group, r.mrics_subgroup, r.dominance) for p, r in plain.items()} == TRUTH
    parts = [part for recipe in RECIPES.values() for parts in recipe.variants for part in parts]
    assert {name for part in parts for name in part.limits_mm} <= set(anatomy.distances)
    assert all(part.start_mm[0] > 0 and part.end_mm[0] > 0 for part in parts)


def test_ventricles_are_found_on_both_sides_and_alike(anatomy):
    x = np.broadcast_to(axes_mm(anatomy.t1w)[0], anatomy.brain.shape)[anatomy.ventricles]
    left, right = (x < 0).sum() / 1000, (x > 0).sum() / 1000
    assert left == right  # the template is its own mirror image
    assert 6 < right < 12
    points = np.argwhere(anatomy.ventricles) + anatomy.t1w.affine[:3, 3]
    assert np.abs(points).max(0) == pytest.approx((35, 58, 28), abs=4)


def test_distances_at_known_places(anatomy):
    def at(name, *mm):
        return anatomy.distances[name][tuple(np.subtract(mm, anatomy.t1w.affine[:3, 3]).astype(int))]

    assert at("ventricle", 8, 8, 16) < 0 < at("ventricle", 40, 8, 16)
    assert at("dorsolateral", 36, -44, 20) > 3  # outside of the trigone
    assert at("dorsolateral", -36, -44, 20) == at("dorsolateral", 36, -44, 20)
    assert at("dorsolateral", 20, -42, -4) < -3  # medial and below
    assert at("surface", 68, -20, 10) < 10 < at("surface", 24, -20, 20)
    assert at("grey", 14, -17, 12) == 0
    assert at("grey", 26, -20, 30) > 5


def test_tube_distances_by_hand():
    axes = (
        np.arange(5.0, dtype=np.float32)[:, None, None],
        np.array([0, 3], np.float32)[None, :, None],
        np.array([0, 4, 10], np.float32)[None, None, :],
    )
    tube = tube_mm(axes, np.array([1, 0, 0], np.float32), np.array([3, 0, 0], np.float32), (1.0, 2.0))
    assert tube[:, 0, 0] == pytest.approx([0, -1, -1.5, -2, -1])
    assert tube[1, 1, 1] == pytest.approx(5 - 1)  # 3-4-5 triangle at the thin end
    assert tube[3, 1, 1] == pytest.approx(5 - 2)
    assert tube[2, 0, 2] == pytest.approx(10 - 1.5)


def test_border_noise_has_the_grid_and_unit_size():
    noise = border_noise((41, 30, 55), np.random.default_rng(1))
    assert noise.shape == (41, 30, 55)
    assert noise.std() == pytest.approx(1, abs=0.15)
    assert np.abs(np.diff(noise, axis=0)).mean() < 0.35  # smooth: neighbours are alike


def test_left_parts_mirror_right_parts(anatomy):
    part = RECIPES["periventricular_bilateral"].variants[0][0]
    right, left = (part_mm(anatomy, part, sign, np.array([2.0, 1.0, -1.0]), 1.0) for sign in (1, -1))
    assert (right < 0).any()
    np.testing.assert_allclose(left, right[::-1], atol=1e-4)
    x = np.broadcast_to(axes_mm(anatomy.t1w)[0], right.shape)
    assert (x[right < 0] > 0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_periventricular_bilateral_lies_in_white_matter_by_both_ventricles(anatomy, seed):
    injury, points = lesion_points(anatomy, "periventricular_bilateral", seed)
    inside = injury.lesion > 0.5
    assert injury.side == "bilateral"
    assert 0.2 < (points[:, 0] < 0).mean() < 0.8
    assert np.percentile(anatomy.distances["ventricle"][inside], 95) < 12
    assert anatomy.wm[inside].mean() > 0.8
    for side in (-1, 1):  # near the trigone, on both sides
        near = np.linalg.norm(points - [side * 30, -46, 18], axis=1) < 12
        assert near.sum() > 300
    assert 1 < inside.sum() / 1000 < 40


@pytest.mark.parametrize("seed", SEEDS)
def test_periventricular_unilateral_opens_into_one_ventricle(anatomy, seed):
    injury, points = lesion_points(anatomy, "periventricular_unilateral", seed)
    sign = {"left": -1, "right": 1}[injury.side]
    assert (sign * points[:, 0] > 0).all()
    cavity = injury.cavity > 0.5
    assert 0 < cavity.sum() < (injury.lesion > 0.5).sum()
    assert anatomy.distances["ventricle"][cavity].min() <= 1
    assert anatomy.gm[injury.lesion > 0.5].mean() < 0.2


@pytest.mark.parametrize("seed", SEEDS)
def test_basal_ganglia_thalamus_hits_both_nuclei_on_both_sides(anatomy, seed):
    injury, points = lesion_points(anatomy, "basal_ganglia_thalamus", seed)
    assert injury.side == "bilateral"
    for side in (-1, 1):
        for centre in ((side * 14, -17, 8), (side * 29, -9, 4)):
            ball = (np.linalg.norm(points - centre, axis=1) < 6).sum() / (4 / 3 * np.pi * 6**3)
            assert ball > 0.1
    assert 1 < len(points) / 1000 < 20


@pytest.mark.parametrize("seed", SEEDS)
def test_watershed_spares_deep_grey_and_takes_cortex_on_both_sides(anatomy, seed):
    injury, points = lesion_points(anatomy, "watershed", seed)
    inside = injury.lesion > 0.5
    assert 0.25 < (points[:, 0] < 0).mean() < 0.75
    x, y, z = points.T
    assert not ((abs(x) < 36) & (y > -35) & (y < 22) & (z < 22)).any()  # where the deep grey matter lies
    assert anatomy.distances["ventricle"][inside].min() > 8
    assert anatomy.gm[inside].mean() > 0.35
    for side in (-1, 1):
        for centre in ((side * 24, 30, 38), (side * 26, -62, 46)):
            assert (np.linalg.norm(points - centre, axis=1) < 15).sum() > 500


@pytest.mark.parametrize("seed", SEEDS)
def test_mca_infarct_is_a_one_sided_cortical_wedge(anatomy, seed):
    injury, points = lesion_points(anatomy, "mca_infarct", seed)
    inside = injury.lesion > 0.5
    sign = {"left": -1, "right": 1}[injury.side]
    assert (sign * points[:, 0] > 10).all()
    assert anatomy.gm[inside].mean() > 0.35
    assert np.abs(points[:, 0]).max() > 55  # reaches the convexity
    assert np.abs(points[:, 0]).min() < 42  # and the insula
    assert 10 < inside.sum() / 1000 < 200


@pytest.mark.parametrize("seed", SEEDS)
def test_brainstem_lesion_is_in_the_brainstem(anatomy, seed):
    _, points = lesion_points(anatomy, "brainstem", seed)
    assert np.abs(points[:, 0]).max() < 14
    assert (points[:, 2] < -5).all()
    assert ((points[:, 1] > -45) & (points[:, 1] < -12)).all()
    pons = (points[:, 2] > -44) & (points[:, 2] < -20)
    assert pons.mean() > 0.5
    assert 0.1 < len(points) / 1000 < 3.5


def test_another_seed_is_another_lesion_on_either_side(anatomy):
    one, other = (lesion_points(anatomy, "mca_infarct", seed) for seed in (1, 2))
    assert {one[0].side, other[0].side} == {"left", "right"}
    assert len(one[1]) != len(other[1])


def test_constant_velocity_moves_everything_by_it():
    velocity = np.zeros((6, 7, 8, 3))
    velocity[...] = (1.0, -2.0, 0.5)
    np.testing.assert_allclose(integrate(velocity), velocity, atol=1e-9)


def test_flow_back_and_forth_returns_to_the_start(anatomy):
    rng = np.random.default_rng(5)
    warp = draw_warp(anatomy, 1.5, rng)
    assert np.linalg.det(warp.affine[:3, :3]) > 0
    field = warp.displacement.data
    voxels = world_mm(np.eye(4), field.shape[:3])
    points = 3.0 * voxels + np.moveaxis(field, -1, 0)
    inner = (slice(8, -8),) * 3
    assert jacobian_determinant(points, (3.0,) * 3)[inner].min() > 0.2
    assert np.abs(field[inner]).max() > 2


def test_inverse_flow_undoes_a_flow():
    x, y, z = np.meshgrid(np.arange(30), np.arange(26), np.arange(22), indexing="ij")
    bump = np.exp(-((x - 15) ** 2 + (y - 13) ** 2 + (z - 11) ** 2) / 40.0)
    velocity = np.stack([4 * bump, -3 * bump, 2 * bump], axis=-1)
    there, back = integrate(velocity), integrate(-velocity)
    grid = Image(np.zeros(bump.shape), np.diag([3.0, 3.0, 3.0, 1.0]))
    moved = world_mm(grid.affine, grid.shape) + np.moveaxis(there, -1, 0)
    undone = [sample({"": back[..., a]}, grid, moved)[""] for a in range(3)]
    inner = (slice(4, -4),) * 3
    assert np.abs(there).max() > 3
    assert np.abs(np.moveaxis(there, -1, 0) + undone)[:, *inner].max() < 0.2


def test_push_widens_the_ventricles(anatomy, coarse):
    def ventricle_share(push_mm):
        warp = draw_warp(anatomy, push_mm, np.random.default_rng(2))
        grid = Image(np.zeros((60, 75, 60)), anatomy.t1w.affine @ np.diag([2.5, 2.5, 2.5, 1.0]))
        maps = {"v": anatomy.ventricles.astype(np.float32)}
        return sample(maps, anatomy.t1w, warp.to_template(grid))["v"].mean()

    assert 1.25 < ventricle_share(1.5) / ventricle_share(0.0) < 3


def test_random_affine_is_small_and_keeps_handedness():
    for seed in range(20):
        affine = random_affine(np.random.default_rng(seed))
        assert 1.0 <= np.linalg.det(affine[:3, :3]) <= 1.2**3
        assert np.abs(affine[:3, 3]).max() < 20


def test_lesion_stands_out_by_the_asked_contrast():
    shape = (24, 25, 26)
    lesion = np.zeros(shape, np.float32)
    lesion[12:] = 1
    flat = {name: np.zeros(shape, np.float32) for name in ("gm", "fluid", "grain", "cavity")}
    maps = {**flat, "wm": np.ones(shape, np.float32), "brain": np.ones(shape, np.float32), "lesion": lesion}
    for name, sign in (("ADC", 1), ("T1w", -1), ("FLAIR", 1), ("T2w", 1)):
        contrast = CONTRASTS[name]
        healthy = healthy_signal(maps, contrast)
        without = {**maps, "lesion": 0 * lesion}
        plain = make_image(healthy, without, contrast, 3.0, np.random.default_rng(0))
        image = make_image(healthy, maps, contrast, 3.0, np.random.default_rng(0))
        change = (image.astype(float) - plain)[12:].mean() / plain.std()
        assert change * sign == pytest.approx(3.0, rel=0.1)
        assert (image[:12] == plain[:12]).all()


def test_same_seed_same_subject_whatever_else_is_asked_for(anatomy, coarse):
    recipe = RECIPES["periventricular_unilateral"]
    first = make_subject(anatomy, coarse, recipe, ("T1w", "FLAIR"), 11)
    again = make_subject(anatomy, coarse, recipe, ("FLAIR",), 11)
    assert (first.images["FLAIR"].data == again.images["FLAIR"].data).all()
    assert (first.lesion.data == again.lesion.data).all()
    assert (first.displacement.data == again.displacement.data).all()
    assert (first.age_years, first.sex) == (again.age_years, again.sex)
    assert first.lesion_volume_mm3 == first.lesion.data.sum() * 120  # 4 × 5 × 6 mm


def test_subject_seeds_differ_and_are_stable():
    seeds = {subject_seed(seed, index) for seed in range(5) for index in range(5)}
    assert len(seeds) == 25
    assert subject_seed(0, 0) == 3757552657


def test_truth_on_file_is_what_was_applied(dataset, anatomy):
    out, truth = dataset
    folder = out / "sourcedata/truth/sub-01/anat"
    field = read_displacement(folder / "sub-01_from-MNI152NLin2009aSym_to-FLAIR_mode-image_xfm.nii.gz")
    true = read_image(folder / "sub-01_space-orig_label-L_mask.nii.gz", labels=True)
    given = read_image(
        out / "derivatives/lesions/sub-01/anat/sub-01_space-orig_label-L_mask.nii.gz", labels=True
    )
    assert (given.data == true.data).all()
    assert truth.lesion_volume_mm3[0] == true.data.sum() * 125
    points = world_mm(field.affine, field.data.shape[:3]) + np.moveaxis(field.data, -1, 0)
    injury = draw_injury_again(anatomy, truth)
    wanted = sample({"lesion": injury.lesion}, anatomy.t1w, points)["lesion"] > 0.5
    overlap = 2 * (wanted & (true.data > 0)).sum() / (wanted.sum() + true.data.sum())
    assert overlap > 0.9
    ventricles = read_image(folder / "sub-01_space-orig_label-ventricles_mask.nii.gz", labels=True)
    assert ventricles.data.any()
    x = world_mm(true.affine, true.shape)[0][true.data > 0]
    assert (np.sign(x) == {"left": -1, "right": 1}[truth.side[0]]).mean() > 0.99


def draw_injury_again(anatomy, truth):
    rng = np.random.default_rng(np.random.SeedSequence(int(truth.seed[0])).spawn(4)[0])
    return draw_injury(anatomy, RECIPES[truth.pattern[0]], rng)


def test_dataset_has_bids_names_and_hides_the_truth(dataset):
    out, _ = dataset
    files = sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file())
    assert [f for f in files if not f.startswith("sourcedata/")] == [
        "ADC.json",
        "FLAIR.json",
        "README.md",
        "dataset_description.json",
        "derivatives/lesions/dataset_description.json",
        "derivatives/lesions/sub-01/anat/sub-01_space-orig_label-L_mask.json",
        "derivatives/lesions/sub-01/anat/sub-01_space-orig_label-L_mask.nii.gz",
        "derivatives/lesions/sub-02/anat/sub-02_space-orig_label-L_mask.json",
        "derivatives/lesions/sub-02/anat/sub-02_space-orig_label-L_mask.nii.gz",
        "participants.json",
        "participants.tsv",
        "sub-01/anat/sub-01_FLAIR.nii.gz",
        "sub-01/dwi/sub-01_ADC.nii.gz",
        "sub-02/anat/sub-02_FLAIR.nii.gz",
        "sub-02/dwi/sub-02_ADC.nii.gz",
    ]
    seen = [out / f for f in files if f.endswith((".json", ".tsv")) and not f.startswith("sourcedata/")]
    text = " ".join(path.read_text() for path in seen)
    assert not [word for word in TRUTH if word in text and word != "none"]
    for folder, kind in ((out, "raw"), (out / "derivatives/lesions", "derivative")):
        assert read_json(folder / "dataset_description.json")["DatasetType"] == kind
    assert "cpimaging" not in json.dumps(read_json(out / "derivatives/lesions/dataset_description.json"))


def test_dataset_tables(dataset):
    out, truth = dataset
    table = read_table(out / "sourcedata/truth/truth.tsv")
    assert list(table.pattern) == ["mca_infarct", "none"]
    assert lacking("simulated", out) == wrong_in_table(out / "sourcedata/truth/truth.tsv") == []
    # without T1w nobody can call a scan normal
    assert list(table.mrics_subgroup) == ["C3", "n/a"]
    assert list(truth.side)[1] == "n/a"
    assert truth.lesion_volume_mm3[1] == 0
    people = read_table(out / "participants.tsv")
    assert list(people.columns) == ["participant_id", "age", "sex"]
    assert (people.age.astype(float) >= 2).all()
    assert read_json(out / "participants.json")["age"]["Units"] == "year"


def test_control_has_an_empty_mask_on_the_image_grid(dataset):
    out, _ = dataset
    mask = read_image(
        out / "derivatives/lesions/sub-02/anat/sub-02_space-orig_label-L_mask.nii.gz", labels=True
    )
    image = read_image(out / "sub-02/anat/sub-02_FLAIR.nii.gz")
    assert not mask.data.any()
    assert mask.same_grid(image)
    assert image.data[0].max() == 0  # background is 0 and the brain does not touch the border
    assert 800e3 < (image.data > 0).sum() * image.voxel_volume_mm3 < 2e6


@pytest.mark.usefixtures("prepared")
def test_without_masks_nothing_is_given(tmp_path):
    simulate(tmp_path / "a", n=1, voxel_mm=6, patterns="brainstem", masks=False)
    assert not (tmp_path / "a/derivatives").exists()
    assert (tmp_path / "a/sourcedata/truth/sub-01/anat/sub-01_space-orig_label-L_mask.nii.gz").exists()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"n": 0}, "at least 1"),
        ({"seed": -1}, "0 or more"),
        ({"patterns": ["stroke"]}, "mca_infarct"),
        ({"patterns": []}, "mca_infarct"),
        ({"contrasts": ["T1"]}, "T1w"),
        ({"voxel_mm": 20}, "voxel size"),
        ({"voxel_mm": (1, 1, 0)}, "voxel size"),
    ],
)
def test_wrong_arguments_are_refused_with_a_cure(tmp_path, wrong, told):
    with pytest.raises(InputError, match=told):
        simulate(tmp_path / "out", **wrong)
    assert not (tmp_path / "out").exists()


def test_a_folder_in_use_is_refused(tmp_path):
    Path(tmp_path, "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not an empty folder"):
        simulate(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_hard_cases_name_what_they_are_made_of():
    hard = [recipe for recipe in RECIPES.values() if recipe.hard]
    two = {r.pattern: (r.mrics_subgroup, r.mrics_secondary) for r in hard if r.mrics_secondary != "n/a"}
    assert two["periventricular_and_basal_ganglia"] == ("B1", "C1")
    assert two["watershed_and_basal_ganglia"] == ("C2", "C1")
    for recipe in hard:
        assert bool(recipe.together) != bool(recipe.variants), recipe.pattern
        assert recipe.mrics_secondary == "n/a" or recipe.dominance == "mixed"
    assert RECIPES["haemorrhage_and_basal_ganglia"].push_mm == (0.0, 0.0)
    assert RECIPES["periventricular_and_watershed"].push_mm == (0.3, 1.8)


def test_two_patterns_in_one_brain_are_both_drawn(anatomy):
    both = draw_injury(anatomy, RECIPES["haemorrhage_and_basal_ganglia"], np.random.default_rng(1))
    rng = np.random.default_rng(1)
    parts = [draw_injury(anatomy, one, rng) for one in RECIPES["haemorrhage_and_basal_ganglia"].together]
    np.testing.assert_array_equal(both.lesion, np.maximum(parts[0].lesion, parts[1].lesion))
    np.testing.assert_array_equal(both.cavity, parts[0].cavity)
    assert parts[0].side in {"left", "right"}
    assert both.side == "bilateral"


def test_a_cohort_has_its_share_of_hard_cases_spread_and_the_plain_cycle_goes_on():
    chosen = [RECIPES["watershed"], RECIPES["brainstem"], RECIPES["none"]]
    drawn = cohort(10, chosen, "any", 0.3)
    assert [recipe.hard for recipe, _ in drawn] == [i in (3, 6, 9) for i in range(10)]
    plain = [recipe for recipe, _ in drawn if not recipe.hard]
    assert plain == [chosen[i % 3] for i in range(7)]
    assert len({recipe.pattern for recipe, _ in drawn if recipe.hard}) == 3
    assert not any(recipe.hard for recipe, _ in cohort(10, chosen, "any", 0.0))
    assert all(recipe.hard for recipe, _ in cohort(10, chosen, "any", 1.0))


def test_severity_scales_the_lesion(anatomy):
    volumes = {}
    for grade in SEVERITIES:
        recipe = graded(RECIPES["basal_ganglia_thalamus"], grade)
        volumes[grade] = draw_injury(anatomy, recipe, np.random.default_rng(2)).lesion.sum()
    assert volumes["mild"] < 0.8 * volumes["moderate"]
    assert volumes["severe"] > 1.3 * volumes["moderate"]
    assert graded(RECIPES["watershed_and_basal_ganglia"], "severe").together[0].size[1] > 1.3
    assert [grade for _, grade in cohort(6, [RECIPES["none"]], "graded", 0.0)] == [
        *("mild", "mild", "moderate", "moderate", "severe", "severe")
    ]


def test_the_truth_of_a_cohort_names_the_second_pattern(prepared, tmp_path):
    truth = simulate(
        tmp_path / "new", n=3, seed=5, voxel_mm=6, patterns="brainstem", mix=0.34, severity="mild"
    )
    assert list(truth)[-2:] == ["mrics_secondary", "severity"]
    assert list(truth["pattern"]) == ["brainstem", "brainstem", "punctate_foci"]
    assert set(truth["severity"]) == {"mild"}


def test_the_plain_options_give_what_they_always_gave(prepared, tmp_path):
    """Volumes and columns as of the first version: cohort options must not disturb them."""
    truth = simulate(tmp_path / "old", n=3, seed=5, voxel_mm=6)
    assert " ".join(truth) == (
        "participant_id pattern side mrics_group mrics_subgroup dominance lesion_volume_mm3 seed"
    )
    assert list(truth["lesion_volume_mm3"]) == [10800.0, 2160.0, 5616.0]
    assert list(truth["seed"]) == [803261128, 3767054407, 3210010690]


@pytest.mark.parametrize("wrong", [{"severity": "huge"}, {"mix": 1.5}])
def test_wrong_cohort_options_are_told(prepared, tmp_path, wrong):
    with pytest.raises(InputError, match=f"{next(iter(wrong))}="):
        simulate(tmp_path / "out", n=1, **wrong)


def test_the_demo_dataset_holds_the_files_that_simulate_writes(tmp_path: Path) -> None:
    kept = Path(__file__).parents[2] / "test_data/bids"
    simulate(tmp_path / "made", n=4, voxel_mm=8, contrasts=("T1w", "FLAIR"))

    def names(root: Path) -> set[Path]:
        files = {path.relative_to(root) for path in root.rglob("*") if path.is_file()}
        return {path for path in files if "_xfm" not in path.name}

    assert names(tmp_path / "made") == names(kept)
