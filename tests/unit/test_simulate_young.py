"""Newborns made of a template of an age; here the adult template at 4 mm stands for one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from cpimaging.atlases import load_atlas, load_template
from cpimaging.atlases.ages import AgeTemplate, Built
from cpimaging.atlases.space import resample_labels
from cpimaging.bids.demographics import with_demographics
from cpimaging.bids.listing import list_scans
from cpimaging.columns import TRUTH, YOUNG, dtypes
from cpimaging.images import read_image
from cpimaging.io import read_table
from cpimaging.registration import Transform, resample
from cpimaging.simulate import simulate_young
from cpimaging.simulate.young import ADC_DROP, young_anatomy
from cpimaging.types import Image, InputError, LabelMap
from cpimaging.voxels import bounding_box

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made() -> Built:
    """The adult template at 4 mm, its T2w the negative of its T1w, as a template of 40 weeks."""
    template, atlas = load_template(), load_atlas("embedded")
    grid = Image(np.zeros((49, 58, 47), np.uint8), template.t1w.affine @ np.diag([4.0, 4, 4, 1]))
    still = Image(np.zeros((*grid.shape, 3)), grid.affine)
    t1w, brain = resample(template.t1w, grid), resample(template.brain, grid, mode="nearest")
    t2w = t1w.with_data(np.where(brain.data, 1.2 - t1w.data, 0).astype(np.float32))
    shares = {"grey": resample(template.gm, grid), "white": resample(template.wm, grid)}
    labels = LabelMap(resample_labels(atlas.dseg.labels, grid, still), atlas.dseg.regions)
    row = AgeTemplate("a40", (38.0, 42.0), {}, None, None, None, None, "n/a", "n/a")
    own = type(atlas)(**{**vars(atlas), "dseg": labels})
    way = Transform(still, still)
    return Built(Path(), row, {"T1w": t1w, "T2w": t2w}, brain, shares, own, way, np.eye(4), {})


@pytest.fixture(scope="module")
def dataset(made: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nuclei injured, a healthy twin of it, punctate foci and their twin."""
    out = tmp_path_factory.mktemp("young") / "bids"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "cpimaging.simulate.young_dataset.read_templates", lambda folder: {"a40": made.template}
        )
        patch.setattr("cpimaging.simulate.young_dataset.built", lambda *chosen: made)
        patterns = ("basal_ganglia_thalamus", "punctate_foci")
        simulate_young(out, "folder", "a40", n=2, seed=1, voxel_mm=4.0, patterns=patterns, twins=True)
    return out


def of(dataset: Path, label: str, contrast: str) -> Image:
    folder = "dwi" if contrast == "ADC" else "anat"
    return read_image(dataset / label / folder / f"{label}_{contrast}.nii.gz")


def test_the_truth_names_twins_and_how_far_the_warps_go(dataset):
    columns = dtypes(column for column in TRUTH if column.when in ("", YOUNG))
    truth = read_table(dataset / "sourcedata/truth/truth.tsv", columns).set_index("participant_id")
    assert truth["pattern"].tolist() == ["basal_ganglia_thalamus", "none", "punctate_foci", "none"]
    assert truth["twin_of"].fillna("n/a").tolist() == ["n/a", "sub-01", "n/a", "sub-03"]
    assert truth.loc["sub-02", "lesion_volume_mm3"] == 0
    assert (truth["warp_max_mm"] > truth["warp_mean_mm"]).all()
    assert truth["warp_mean_mm"].between(1, 8).all()
    weeks = read_table(dataset / "participants.tsv")["pma_weeks"].astype(float)
    assert weeks.between(38, 42).all()


def test_a_twin_differs_in_the_lesion_alone(dataset):
    name = "sub-01_space-orig_label-L_mask.nii.gz"
    lesion = read_image(dataset / "sourcedata/truth/sub-01/anat" / name, labels=True).data > 0
    ill, well = (of(dataset, label, "ADC").data.astype(float) for label in ("sub-01", "sub-02"))
    assert lesion.any()
    kept = np.median(ill[lesion] / well[lesion])
    assert 1 - ADC_DROP[1] - 0.05 < kept < 1 - ADC_DROP[0] / 2 + 0.05  # voxels at its edge are lesion in half
    assert np.count_nonzero(ill != well) < 8 * lesion.sum()


def test_punctate_foci_are_bright_on_t1w_and_dark_on_t2w(dataset):
    ill, well = (of(dataset, label, "T1w").data.astype(float) for label in ("sub-03", "sub-04"))
    changed = ill != well
    assert changed.any()
    assert (ill[changed] >= well[changed]).all()
    ill, well = (of(dataset, label, "T2w").data.astype(float) for label in ("sub-03", "sub-04"))
    assert (ill <= well).all()


def test_the_same_seed_makes_the_same_brain(dataset, made, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "cpimaging.simulate.young_dataset.read_templates", lambda folder: {"a40": made.template}
    )
    monkeypatch.setattr("cpimaging.simulate.young_dataset.built", lambda *chosen: made)
    simulate_young(tmp_path / "out", "folder", "a40", n=1, seed=1, voxel_mm=4.0, contrasts=("T2w",))
    again = tmp_path / "out/sub-01/anat/sub-01_T2w.nii.gz"
    assert again.read_bytes() == (dataset / "sub-01/anat/sub-01_T2w.nii.gz").read_bytes()


def test_a_template_that_is_not_there_is_refused(made, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "cpimaging.simulate.young_dataset.read_templates", lambda folder: {"a40": made.template}
    )
    with pytest.raises(InputError, match="choose among a40"):
        simulate_young(tmp_path / "out", "folder", "b", n=1)
    with pytest.raises(InputError, match="FLAIR"):
        simulate_young(tmp_path / "out", "folder", "a40", n=1, contrasts=("FLAIR",))


def test_a_capsule_without_myelin_looks_like_other_white_matter(made):
    with_myelin, without = young_anatomy(made), young_anatomy(made, myelin=False)
    plic = [r.index for r in made.atlas.dseg.regions if r.structure == "plic"]
    capsule = np.isin(made.atlas.dseg.labels.data[bounding_box(made.brain.data, [2] * 3)], plic)
    white = (with_myelin.anatomy.wm > 0.9) & ~capsule
    far = ~ndimage.binary_dilation(capsule, iterations=3)
    for name in ("T1w", "T2w"):
        was, now = with_myelin.images[name], without.images[name]
        assert now[capsule] == pytest.approx(np.median(was[white]), abs=0.01)
        assert np.ptp(was[capsule]) > 0.05
        np.testing.assert_allclose(now[far], was[far], atol=1e-6)


def test_ages_that_nobody_tells_in_weeks_are_told_in_years(made, tmp_path, monkeypatch):
    grown = replace(made.template, pma_weeks=(561.0, 770.0))
    monkeypatch.setattr("cpimaging.simulate.young_dataset.read_templates", lambda folder: {"a40": grown})
    monkeypatch.setattr("cpimaging.simulate.young_dataset.built", lambda *_: replace(made, template=grown))
    simulate_young(tmp_path / "out", "folder", "a40", n=1, voxel_mm=4.0, contrasts=("T1w",))
    people = read_table(tmp_path / "out/participants.tsv")
    assert "pma_weeks" not in people
    assert people["age"].astype(float).between(9.98, 13.99).all()  # (561 - 40) / 52.18, (770 - 40) / 52.18
    assert with_demographics(tmp_path / "out", list_scans(tmp_path / "out"))[0].age_years == pytest.approx(
        people["age"].astype(float)[0]
    )
