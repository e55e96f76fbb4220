from dataclasses import replace

import numpy as np
import pytest
from qc_case import case_of, flags_of, volume
from scipy import ndimage

from cpimaging.qc.fit import Fit
from cpimaging.qc.images import noise
from cpimaging.types import Flag, Image

SHAPE = (12, 14, 16)
BRAIN = np.ones(SHAPE, bool)
LEVELS = {
    "T1w": (20.0, 60.0, 90.0),
    "T2w": (100.0, 52.0, 40.0),
    "FLAIR": (15.0, 66.0, 58.0),
    "ADC": (3000.0, 830.0, 780.0),
}
"""Signal of fluid, grey and white matter."""


@pytest.fixture
def layers() -> Fit:
    """Four layers each of fluid, grey and white matter along x."""
    grey, white = np.zeros(SHAPE), np.zeros(SHAPE)
    grey[4:8], white[8:] = 1, 1
    return Fit(Image(grey, np.eye(4)), BRAIN, ~BRAIN, grey, grey, white, BRAIN)


def painted(fluid: float, grey: float, white: float) -> np.ndarray:
    return np.repeat([fluid, grey, white], 4)[:, None, None] * np.ones(SHAPE)


def contrast(name: str, image: np.ndarray, fit: Fit, age: float | None = 8.0) -> dict[str, Flag]:
    case = case_of(fit, contrasts={name: fit.scan.with_data(image)}, age_years=age)
    found = flags_of(case, "fluid_contrast", "white_grey_contrast", "white_variation")
    return {flag.removeprefix(f"{name}_"): found[flag] for flag in found}


# --- contrasts


@pytest.mark.parametrize("name", LEVELS)
def test_each_contrast_looks_like_itself(name: str, layers: Fit) -> None:
    found = contrast(name, painted(*LEVELS[name]), layers)
    assert all(flag.ok for flag in found.values())
    assert ("white_grey_contrast" in found) == (name != "ADC")


@pytest.mark.parametrize(
    ("given", "named", "broken"),
    [
        ("T2w", "T1w", {"fluid_contrast": "fail", "white_grey_contrast": "warn"}),
        ("T1w", "T2w", {"fluid_contrast": "fail", "white_grey_contrast": "warn"}),
        ("FLAIR", "T2w", {"fluid_contrast": "fail"}),
        ("T2w", "FLAIR", {"fluid_contrast": "fail"}),
        ("FLAIR", "T1w", {"white_grey_contrast": "warn"}),
        ("T1w", "FLAIR", {"white_grey_contrast": "warn"}),
        ("T1w", "ADC", {"fluid_contrast": "fail"}),
    ],
)
def test_a_wrong_name_is_noticed(given: str, named: str, broken: dict[str, str], layers: Fit) -> None:
    found = contrast(named, painted(*LEVELS[given]), layers)
    assert {name: flag.severity for name, flag in found.items() if not flag.ok} == broken


def test_contrast_by_hand(layers: Fit) -> None:
    """Fluid 20 against tissue 75: 2 × 55 / 95; white 90 against grey 60: 2 × 30 / 150."""
    found = contrast("T1w", painted(*LEVELS["T1w"]), layers)
    assert found["fluid_contrast"].value == pytest.approx(110 / 95)
    assert found["white_grey_contrast"].value == pytest.approx(0.4)


@pytest.mark.parametrize(("age", "checked"), [(None, False), (0.5, False), (1.9, False), (2.0, True)])
def test_white_and_grey_matter_are_compared_once_myelinated(
    age: float | None, checked: bool, layers: Fit
) -> None:
    found = contrast("T1w", painted(20, 90, 60), layers, age)  # white matter still darker
    assert found["fluid_contrast"].ok
    assert ("white_grey_contrast" in found) == checked
    assert not checked or not found["white_grey_contrast"].ok


def test_the_lesion_and_tissue_that_is_not_there_do_not_count(layers: Fit) -> None:
    image = painted(20, 60, 90)
    lesion = ~BRAIN
    lesion[8:, :10] = True
    image[lesion] = 1.0
    assert not contrast("T1w", image, layers)["white_grey_contrast"].ok
    assert contrast("T1w", image, replace(layers, lesion=lesion))["white_grey_contrast"].ok
    lesion[8:] = True
    assert contrast("T1w", image, replace(layers, lesion=lesion)) == {}


def test_uneven_white_matter_is_seen_in_a_t1w(layers: Fit) -> None:
    """Half of the white matter 10 % brighter, half 10 % darker: 1.4826 × 9 / 90."""
    image = painted(20, 60, 90)
    assert contrast("T1w", image, layers)["white_variation"].value == 0
    image[8:, ::2] *= 1.1
    image[8:, 1::2] *= 0.9
    found = contrast("T1w", image, layers)["white_variation"]
    assert found.value == pytest.approx(0.14826)
    assert not found.ok
    assert "white_variation" not in contrast("T2w", image, layers)


# --- the raw image


def raw(image: np.ndarray, brain: np.ndarray = BRAIN) -> dict[str, Flag]:
    return flags_of(case_of(read_raw=lambda contrast: (image, brain)), "saturated_share", "noise")


def empty(image: np.ndarray, brain: np.ndarray, layers: Fit) -> Flag:
    fit = replace(layers, brain=brain)
    case = case_of(fit, contrasts={"T1w": fit.scan.with_data(image)})
    return flags_of(case, "empty_share")["T1w_empty_share"]


def test_a_hole_in_the_brain_is_seen(rng: np.random.Generator, layers: Fit) -> None:
    image = 100 + rng.random(SHAPE)
    assert empty(image, BRAIN, layers).value == 0
    image[:3] = 0
    found = empty(image, BRAIN, layers)
    assert (found.value, found.ok, found.severity) == (0.25, False, "fail")
    brain = BRAIN.copy()
    brain[:3] = False
    assert empty(image, brain, layers).ok
    assert empty(image, ~BRAIN, layers).value == 1


def test_clipped_values_are_seen(rng: np.random.Generator) -> None:
    image = 100 + rng.random(SHAPE)
    assert raw(image)["T1w_saturated_share"].value == pytest.approx(1 / image.size)
    found = raw(np.minimum(image, np.percentile(image, 90)))["T1w_saturated_share"]
    assert found.value == pytest.approx(0.1, abs=0.002)
    assert not found.ok


def test_noise_is_measured_on_any_slope(rng: np.random.Generator) -> None:
    shape = (30, 34, 38)
    slope = 200 + 3.0 * np.arange(30)[:, None, None] * np.ones(shape)
    brain = np.ones(shape, bool)
    assert noise(slope, brain) == pytest.approx(0, abs=1e-9)
    found = noise(slope + rng.normal(0, 12.0, shape), brain)
    assert found == pytest.approx(12.0 / np.median(slope), rel=0.05)


def test_the_edge_of_the_brain_is_no_noise() -> None:
    """A slanted plate, three voxels thick: two thirds of it are edge."""
    x, y, _ = np.indices((20, 22, 16))
    image = np.where(abs(x - y) <= 1, 100.0, 0.0)
    assert noise(image, image > 0) == pytest.approx(0, abs=1e-9)


def test_an_image_without_signal_is_all_noise_and_holes(layers: Fit) -> None:
    assert empty(np.zeros(SHAPE), BRAIN, layers).severity == "fail"
    assert not raw(np.zeros(SHAPE))["T1w_noise"].ok
    assert raw(np.ones(SHAPE), ~BRAIN) == {}


# --- single numbers


@pytest.mark.parametrize(
    ("ml", "age", "ok", "severity"),
    [
        (400, 0.0, True, "warn"),
        (1000, 0.0, False, "warn"),
        (1200, 0.0, False, "fail"),  # of another age, or voxels not in mm
        (400, 20.0, False, "warn"),
        (1300, 20.0, True, "warn"),
        (900, 0.5, True, "warn"),
        (600, 2.9, True, "warn"),
        (600, 3.0, False, "warn"),
        (400, None, True, "warn"),
        (2400, None, False, "warn"),
        (90, 0.0, False, "fail"),
        (3400, 20.0, False, "fail"),
    ],
)
def test_a_brain_has_the_size_of_its_age(ml: float, age: float | None, ok: bool, severity: str) -> None:
    case = case_of(brain=volume(ml), age_years=age)
    found = flags_of(case, "brain_volume_ml")["brain_volume_ml"]
    assert (found.value, found.ok, found.severity) == (ml, ok, severity)


@pytest.mark.parametrize(
    ("outside", "total", "share", "ok"),
    [(0, 0, 0, True), (4, 100, 0.04, True), (5, 100, 0.05, True), (6, 100, 0.06, False), (9, 9, 1, False)],
)
def test_a_lesion_lies_in_the_brain(outside: float, total: float, share: float, ok: bool) -> None:
    case = case_of(lesion_mm3=(outside, total))
    found = flags_of(case, "lesion_outside_brain_share")["lesion_outside_brain_share"]
    assert (found.value, found.ok) == (pytest.approx(share), ok)


@pytest.mark.parametrize(("age", "severity"), [(0.05, ""), (0.9, ""), (1.0, "fail"), (None, "fail")])
def test_white_matter_of_the_first_year_may_be_brighter_than_fluid_on_t2w(
    age: float | None, severity: str, layers: Fit
) -> None:
    """Fluid 100, grey 60, white 190: above grey matter, below the mean of the two tissues."""
    flag = contrast("T2w", painted(100, 60, 190), layers, age)["fluid_contrast"]
    assert ("" if flag.ok else flag.severity) == severity


def test_fluid_at_the_edge_of_a_newborns_brain_does_not_count(layers: Fit) -> None:
    """Its outermost layer is dark, averaged with what was cut away; at 8 years it is read as it is."""
    grey = layers.template_gm.copy()
    grey[2:4] = 1  # fluid is two voxels deep: most of it lies at the edge
    thin = replace(layers, template_gm=grey)
    image = np.where((np.arange(12) < 2)[:, None, None], 100.0, 60.0) * np.ones(SHAPE)
    image[~ndimage.binary_erosion(BRAIN) & (image == 100)] = 10
    assert contrast("T2w", image, thin, 0.05)["fluid_contrast"].value == pytest.approx(80 / 160)
    assert not contrast("T2w", image, thin, 8.0)["fluid_contrast"].ok


def test_a_newborns_t1w_named_t2w_is_noticed(layers: Fit) -> None:
    assert contrast("T2w", painted(20, 90, 60), layers, 0.05)["fluid_contrast"].severity == "fail"
