"""What every registered detector keeps, whatever it looks at."""

from dataclasses import replace

import numpy as np
import pytest
import toy_scene
from scipy import ndimage

from cpimaging.lesions.detect import DETECTORS, Scene, detect
from cpimaging.lesions.detect.inputs import GROUPS

CONTRASTS = {
    "FLAIR": ("FLAIR", "T1w"),
    "T2w": ("T2w", "T1w"),
    "T1w": ("T1w",),
    "ADC": ("ADC",),
    "punctate": ("T1w",),
}
CHRONIC = ("FLAIR", "T2w", "T1w", "ADC")
BALL_MM3 = 4 / 3 * np.pi * 9**3


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * float((a & b).sum()) / float(a.sum() + b.sum())


def newborn(scene_of: dict[str, object]) -> dict[str, object]:
    return {**scene_of, "age_years": 0.02}


def options(name: str) -> dict[str, object]:
    return {"age_years": 0.02} if name == "punctate" else {}


def test_every_detector_is_listed_here() -> None:
    assert set(CONTRASTS) == set(DETECTORS)


@pytest.mark.parametrize("name", DETECTORS)
def test_a_healthy_brain_gives_an_empty_mask(name: str) -> None:
    scene, _ = toy_scene.scene(CONTRASTS[name], centre_mm=None, **options(name))
    found = DETECTORS[name](scene)
    assert found.not_assessed is None
    assert not found.mask.any()


@pytest.mark.parametrize("name", CHRONIC)
def test_a_lesion_is_found_with_its_reason(name: str) -> None:
    scene, lesion = toy_scene.scene(CONTRASTS[name])
    found = DETECTORS[name](scene)
    assert dice(found.mask, lesion) > 0.8
    assert {"FLAIR": "bright on FLAIR", "T2w": "bright on T2w", "T1w": "dark on T1w"}.get(
        name, "low ADC"
    ) in found.reasons[int(np.bincount(found.origin[found.mask]).argmax())]
    assert found.probability[found.mask].min() >= 0.5
    assert found.probability.min() >= 0
    assert found.probability.max() <= 1


@pytest.mark.parametrize("name", CHRONIC)
def test_a_mirrored_scan_gives_the_mirrored_mask(name: str) -> None:
    scene, _ = toy_scene.scene(CONTRASTS[name])
    there, here = (DETECTORS[name](s).mask for s in (toy_scene.mirrored(scene), scene))
    assert here.any()
    assert dice(there[::-1], here) > 0.99


@pytest.mark.parametrize("name", CHRONIC)
def test_millilitres_do_not_depend_on_the_voxel_size(name: str) -> None:
    volumes = []
    for edge_mm in (1.5, 3.0):
        scene, _ = toy_scene.scene(CONTRASTS[name], edge_mm=edge_mm)
        volumes.append(float(DETECTORS[name](scene).mask.sum()) * scene.voxel_mm3)
    assert volumes == pytest.approx([BALL_MM3, BALL_MM3], rel=0.25)


@pytest.mark.parametrize("name", DETECTORS)
def test_a_brain_that_is_all_lesion_is_no_crash(name: str) -> None:
    scene, lesion = toy_scene.scene(CONTRASTS[name], radius_mm=toy_scene.FAR_MM, **options(name))
    assert lesion.sum() > 0.8 * scene.brain.sum()
    found = DETECTORS[name](scene)
    assert not (found.mask & ~scene.brain).any()


@pytest.mark.parametrize("name", DETECTORS)
def test_without_its_contrast_a_detector_says_so(name: str) -> None:
    other = "ADC" if name != "ADC" else "T1w"
    scene, _ = toy_scene.scene((other,), **options(name))
    found = DETECTORS[name](scene)
    assert found.not_assessed is not None
    assert found.not_assessed.startswith("no ")
    assert not found.mask.any()


@pytest.mark.parametrize("name", CHRONIC)
def test_noise_alone_is_never_a_confident_lesion(name: str) -> None:
    scene, _ = toy_scene.scene(CONTRASTS[name], centre_mm=None)
    rng = np.random.default_rng(1)
    noise = {
        contrast: image.with_data(
            np.where(scene.brain, np.abs(rng.standard_normal(scene.brain.shape)), 0).astype(np.float32)
        )
        for contrast, image in scene.images.items()
    }
    found = DETECTORS[name](Scene(noise, scene.brain, scene.shares, scene.group, scene.ventricles, 8.0))
    assert found.not_assessed is not None
    assert "does not look like one" in found.not_assessed


@pytest.mark.parametrize("name", CHRONIC)
def test_clipped_intensities_are_no_lesion(name: str) -> None:
    scene, _ = toy_scene.scene(CONTRASTS[name], centre_mm=None)
    clipped = {
        contrast: image.with_data(np.minimum(image.data, np.quantile(image.data[scene.brain], 0.7)))
        for contrast, image in scene.images.items()
    }
    assert not DETECTORS[name](replace(scene, images=clipped)).mask.any()


@pytest.mark.parametrize(
    ("true", "name"),
    [("T2w", "T1w"), ("T1w", "T2w"), ("T2w", "FLAIR"), ("FLAIR", "T2w"), ("T1w", "ADC"), ("ADC", "T1w")],
)
def test_a_contrast_of_another_name_is_told_and_not_searched(true: str, name: str) -> None:
    scene, _ = toy_scene.scene((true,))
    found = DETECTORS[name](replace(scene, images={name: scene.images[true]}))
    assert f"{name} does not look like one" in str(found.not_assessed)


def test_few_slices_are_told_and_the_next_contrast_is_searched() -> None:
    scene, _ = toy_scene.scene(("FLAIR", "T1w"), centre_mm=None)
    thick = np.isin(np.arange(scene.brain.shape[2]), range(20, 25))
    few = scene.images["FLAIR"].with_data(np.where(thick, scene.images["FLAIR"].data, 0))
    found = detect(replace(scene, images={**scene.images, "FLAIR": few}))
    assert found.notes[-1] == "Not searched: FLAIR shows only 17 % of the brain"
    assert not found.mask.any()


def test_adc_alone_says_by_what_it_was_judged() -> None:
    scene, lesion = toy_scene.scene(("ADC",))
    found = detect(scene)
    assert found.notes == ("ADC searched: low ADC, z against the own brain (evidence 2 of 3)",)
    assert dice(found.mask, lesion) > 0.8


@pytest.mark.parametrize("name", ["T2w", "T1w", "FLAIR"])
def test_brainstem_and_cerebellum_are_not_searched_where_fluid_looks_like_a_lesion(name: str) -> None:
    given, lesion = toy_scene.scene((name,))
    hindbrain = np.full(lesion.shape, list(GROUPS).index("cerebellar white matter"), np.uint8)
    found = DETECTORS[name](replace(given, group=hindbrain))
    assert found.mask.any() == (name == "FLAIR")
    assert found.not_searched == (() if name == "FLAIR" else ("brainstem", "cerebellum"))
    assert [note.split(":")[0] for note in found.notes] == (
        [] if name == "FLAIR" else ["Not searched without FLAIR"]
    )


def test_a_bare_brain_whose_outer_fluid_is_gone_is_not_taken_for_one_lesion() -> None:
    given, _ = toy_scene.scene(("T2w",), centre_mm=None)
    t2w = given.images["T2w"]
    deep = ndimage.binary_erosion(given.brain, iterations=2)
    dark = np.where(given.brain & ~deep, 0.1, t2w.data).astype(np.float32)
    found = DETECTORS["T2w"](replace(given, images={"T2w": t2w.with_data(dark)}))
    assert found.not_assessed is None
    assert not found.mask.any()
