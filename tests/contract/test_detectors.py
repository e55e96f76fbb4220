"""What every registered detector keeps, whatever it looks at."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import toy_scene
from scipy import ndimage
from toy_detector import DARK

from cpimaging.lesions.detect import DETECTORS, Finding, Scene, combine, detect
from cpimaging.lesions.detect.inputs import GROUPS

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs" / "method" / "lesions.md"

CONTRASTS = {name: tuple(dict.fromkeys((*d.contrasts, "T1w"))) for name, d in DETECTORS.items()}
"""What the toy brain of a detector holds: its contrasts, and the T1w that nearly every scan has."""

AGE_YEARS = {name: 8.0 if d.is_for(8.0) else d.ages_years[0] for name, d in DETECTORS.items()}
GROWN = [name for name, age_years in AGE_YEARS.items() if age_years == 8.0]
"""Detectors that find the lesion of the toy brain."""

BALL_MM3 = 4 / 3 * np.pi * 9**3


@cache
def shown(name: str) -> tuple[Scene, np.ndarray, Finding]:
    """Return the toy brain of a detector, its lesion and what is found; made once, nobody changes it."""
    scene, lesion = toy_scene.scene(CONTRASTS[name], detector=name)
    return scene, lesion, DETECTORS[name].look(scene)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * float((a & b).sum()) / float(a.sum() + b.sum())


@pytest.mark.parametrize("name", DETECTORS)
def test_a_healthy_brain_gives_an_empty_mask(name: str) -> None:
    scene, _ = toy_scene.scene(CONTRASTS[name], detector=name, centre_mm=None, age_years=AGE_YEARS[name])
    found = DETECTORS[name].look(scene)
    assert found.not_assessed is None
    assert not found.mask.any()


@pytest.mark.parametrize("name", GROWN)
def test_a_lesion_is_found_with_its_reason(name: str) -> None:
    _, lesion, found = shown(name)
    assert dice(found.mask, lesion) > 0.8
    reason = found.reasons[int(np.bincount(found.origin[found.mask]).argmax())]
    words = [f"{how} {one}" for how in ("bright on", "dark on", "low") for one in DETECTORS[name].contrasts]
    assert reason.partition(",")[0] in words, "a reason begins with how the lesion looks, and on what"
    assert found.probability[found.mask].min() >= 0.5
    assert found.probability.min() >= 0
    assert found.probability.max() <= 1


@pytest.mark.parametrize("name", GROWN)
def test_a_mirrored_scan_gives_the_mirrored_mask(name: str) -> None:
    scene, _, here = shown(name)
    there = DETECTORS[name].look(toy_scene.mirrored(scene))
    assert here.mask.any()
    assert dice(there.mask[::-1], here.mask) > 0.99


@pytest.mark.parametrize("name", GROWN)
def test_millilitres_do_not_depend_on_the_voxel_size(name: str) -> None:
    volumes = []
    for edge_mm in (1.5, 3.0):
        scene, _ = toy_scene.scene(CONTRASTS[name], detector=name, edge_mm=edge_mm)
        volumes.append(float(DETECTORS[name].look(scene).mask.sum()) * scene.voxel_mm3)
    assert volumes == pytest.approx([BALL_MM3, BALL_MM3], rel=0.25)


@pytest.mark.parametrize("name", DETECTORS)
def test_a_brain_that_is_all_lesion_is_no_crash(name: str) -> None:
    scene, lesion = toy_scene.scene(
        CONTRASTS[name], detector=name, radius_mm=toy_scene.FAR_MM, age_years=AGE_YEARS[name]
    )
    assert lesion.sum() > 0.8 * scene.brain.sum()
    found = DETECTORS[name].look(scene)
    assert not (found.mask & ~scene.brain).any()


@pytest.mark.parametrize("name", DETECTORS)
def test_without_its_contrast_a_detector_says_so(name: str) -> None:
    other = next(contrast for contrast in toy_scene.SIGNAL if contrast not in DETECTORS[name].contrasts)
    scene, _ = toy_scene.scene((other,), age_years=AGE_YEARS[name])
    found = DETECTORS[name].look(scene)
    assert found.not_assessed == f"no {' and no '.join(DETECTORS[name].contrasts)}"
    assert not found.mask.any()


@pytest.mark.parametrize("name", GROWN)
def test_noise_alone_is_never_a_confident_lesion(name: str) -> None:
    scene, _ = toy_scene.scene(CONTRASTS[name], detector=name, centre_mm=None)
    rng = np.random.default_rng(1)
    noise = {
        contrast: image.with_data(
            np.where(scene.brain, np.abs(rng.standard_normal(scene.brain.shape)), 0).astype(np.float32)
        )
        for contrast, image in scene.images.items()
    }
    found = DETECTORS[name].look(Scene(noise, scene.brain, scene.shares, scene.group, scene.ventricles, 8.0))
    assert found.not_assessed is not None
    assert "does not look like one" in found.not_assessed


@pytest.mark.parametrize("name", GROWN)
def test_clipped_intensities_are_no_lesion(name: str) -> None:
    scene, _ = toy_scene.scene(CONTRASTS[name], detector=name, centre_mm=None)
    clipped = {
        contrast: image.with_data(np.minimum(image.data, np.quantile(image.data[scene.brain], 0.7)))
        for contrast, image in scene.images.items()
    }
    assert not DETECTORS[name].look(replace(scene, images=clipped)).mask.any()


@pytest.mark.parametrize(
    ("true", "name"),
    [("T2w", "T1w"), ("T1w", "T2w"), ("T2w", "FLAIR"), ("FLAIR", "T2w"), ("T1w", "ADC"), ("ADC", "T1w")],
)
def test_a_contrast_of_another_name_is_told_and_not_searched(true: str, name: str) -> None:
    scene, _ = toy_scene.scene((true,))
    found = DETECTORS[name].look(replace(scene, images={name: scene.images[true]}))
    assert f"{name} does not look like one" in str(found.not_assessed)


def test_few_slices_are_told_and_the_next_contrast_is_searched() -> None:
    scene, _ = toy_scene.scene(("FLAIR", "T1w"), centre_mm=None)
    thick = np.isin(np.arange(scene.brain.shape[2]), range(20, 25))
    few = scene.images["FLAIR"].with_data(np.where(thick, scene.images["FLAIR"].data, 0))
    found = detect(replace(scene, images={**scene.images, "FLAIR": few}))
    assert found.notes[-1] == "Not searched: FLAIR shows only 17 % of the brain"
    assert not found.mask.any()


def test_a_rough_look_leaves_out_what_cannot_pull_a_registration() -> None:
    """Over affine priors regions below 1000 mm³ are left alone; a ball of 5 mm has half of that."""
    for radius_mm, rough, found in ((5.0, False, True), (5.0, True, False), (9.0, True, True)):
        scene, lesion = toy_scene.scene(("FLAIR", "T1w"), radius_mm=radius_mm)
        assert (dice(detect(replace(scene, rough=rough)).mask, lesion) > 0.7) == found
        assert detect(replace(scene, rough=rough)).mask.any() == found


def test_adc_alone_says_by_what_it_was_judged() -> None:
    scene, lesion = toy_scene.scene(("ADC",))
    found = detect(scene)
    assert found.notes == ("ADC searched: low ADC, z against the own brain (evidence 2 of 3)",)
    assert dice(found.mask, lesion) > 0.8


@pytest.mark.parametrize("name", ["T2w", "T1w", "FLAIR"])
def test_brainstem_and_cerebellum_are_not_searched_where_fluid_looks_like_a_lesion(name: str) -> None:
    given, lesion = toy_scene.scene((name,))
    hindbrain = np.full(lesion.shape, list(GROUPS).index("cerebellar white matter"), np.uint8)
    found = DETECTORS[name].look(replace(given, group=hindbrain))
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
    found = DETECTORS["T2w"].look(replace(given, images={"T2w": t2w.with_data(dark)}))
    assert found.not_assessed is None
    assert not found.mask.any()


def test_registering_a_detector_is_all_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    known = ("FLAIR", "T2w", "T1w", "punctate", "ADC")
    monkeypatch.setattr(combine, "DETECTORS", {name: DETECTORS[name] for name in known} | {DARK.name: DARK})
    given, lesion = toy_scene.scene(("T2w",))
    spot = np.zeros(lesion.shape, bool)
    spot[12:15, 30:33, 20:23] = True
    assert not (spot & lesion).any()
    spotted = given.images["T2w"].with_data(np.where(spot, 0, given.images["T2w"].data).astype(np.float32))
    found = detect(replace(given, images={"T2w": spotted}))
    assert found.mask[spot].all()
    assert {found.reasons[i] for i in found.origin[spot]} == {"very dark on T2w"}
    assert dice(found.mask & ~spot, lesion) > 0.8
    assert "Dark spots searched" in found.notes
    adult = detect(replace(given, age_years=40.0))
    assert "Not searched: dark spots are looked for in schoolchildren" in adult.notes
    blank = given.images["T2w"].with_data(np.zeros_like(spotted.data))
    told = detect(replace(given, images={"T2w": blank})).not_assessed
    assert told == "no FLAIR; T2w shows only 0 % of the brain; no T1w; no ADC; T2w is empty"


@pytest.mark.parametrize("name", DETECTORS)
def test_the_docs_say_what_a_detector_finds(name: str) -> None:
    rows = [row.split(" | ") for row in DOCS.read_text(encoding="utf-8").splitlines() if row.startswith("| ")]
    assert DETECTORS[name].name == name
    assert [row[1] for row in rows if row[0] == f"| {name}"][:1] == [DETECTORS[name].finds]


def test_parameters_are_read_once_and_not_while_searching(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object) -> None:
        raise AssertionError(f"read again: {path}")

    monkeypatch.setattr("cpimaging.lesions.detect.parameters.read_yaml", refuse)
    scene, lesion = toy_scene.scene(("FLAIR", "T1w", "ADC"))
    assert detect(scene).mask[lesion].mean() > 0.8
