import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpimaging import qc
from cpimaging.types import Flag, Image

GRID = np.diag([2.0, 2.0, 2.0, 1.0])


def flags(scan: np.ndarray, template: np.ndarray, **other: np.ndarray) -> dict[str, Flag]:
    """Return the registration flags of a scan whose brain is where it is above 0."""
    shape = scan.shape
    brain = other.get("brain", scan > 0)
    lesion = other.get("lesion", np.zeros(shape, bool))
    field = Image(other.get("field", np.zeros((*shape, 3))), GRID)
    found = qc.registration_flags(Image(scan, GRID), brain, lesion, Image(template, GRID), field)
    return {flag.name: flag for flag in found}


@pytest.fixture
def textured(rng: np.random.Generator) -> np.ndarray:
    """A template of 12 × 14 × 16 voxels without background."""
    return rng.random((12, 14, 16)) + 0.01


# --- verdict


def flag(ok: bool, severity: str = "warn") -> Flag:
    return Flag("name", 1.0, 2.0, ok, severity)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("flags", "verdict"),
    [
        ([], "pass"),
        ([flag(True), flag(True, "fail")], "pass"),
        ([flag(True), flag(False)], "warn"),
        ([flag(False), flag(False, "fail"), flag(True)], "fail"),
        ([flag(False, "fail")], "fail"),
    ],
)
def test_the_worst_flag_decides(flags: list[Flag], verdict: str) -> None:
    assert qc.verdict(flags) == verdict


# --- brain overlap


def test_dice_by_hand(textured: np.ndarray) -> None:
    """Scan: layers 0-8 of 12, template: layers 3-11; common 3-8: 2 × 6 / (9 + 9) = 2/3."""
    scan, template = textured.copy(), textured.copy()
    scan[9:] = 0
    template[:3] = 0
    dice = flags(scan, template)["brain_overlap_dice"]
    assert dice.value == pytest.approx(2 / 3)
    assert (dice.ok, dice.severity) == (False, "fail")


def test_dice_between_the_limits_warns(textured: np.ndarray) -> None:
    """Ten of twelve layers against all: 20/22 = 0.909."""
    scan = textured.copy()
    scan[10:] = 0
    dice = flags(scan, textured)["brain_overlap_dice"]
    assert dice.value == pytest.approx(20 / 22)
    assert (dice.ok, dice.severity) == (False, "warn")
    whole = flags(textured, textured)["brain_overlap_dice"]
    assert (whole.value, whole.ok) == (1.0, True)


def test_two_brains_apart_and_none_at_all(textured: np.ndarray) -> None:
    scan, template = textured.copy(), textured.copy()
    scan[6:], template[:6] = 0, 0
    assert flags(scan, template)["brain_overlap_dice"].value == 0
    nothing = np.zeros_like(textured)
    assert flags(nothing, nothing)["brain_overlap_dice"].value == 0
    assert flags(nothing, nothing)["template_similarity"].severity == "fail"


# --- similarity


@pytest.mark.parametrize(
    "contrast",
    [
        lambda t: t,
        lambda t: 3 - t,
        lambda t: 50 * t**3 + 200,
        lambda t: np.exp(-2 * t),
        lambda t: np.abs(t - 0.5) + 0.1,
    ],
    ids=["the same", "inverted", "cubed", "falling", "bright at both ends"],
)
def test_any_contrast_of_the_template_is_explained_by_it(textured: np.ndarray, contrast: object) -> None:
    similarity = flags(contrast(textured), textured)["template_similarity"]  # type: ignore[operator]
    assert similarity.value > 0.95
    assert similarity.ok


def test_shuffled_voxels_are_not_explained(textured: np.ndarray, rng: np.random.Generator) -> None:
    shuffled = rng.permutation(textured.ravel()).reshape(textured.shape)
    similarity = flags(shuffled, textured)["template_similarity"]
    assert abs(similarity.value) < 0.03
    assert (similarity.ok, similarity.severity) == (False, "fail")


def test_half_noise_is_half_explained(textured: np.ndarray, rng: np.random.Generator) -> None:
    noisy = textured + rng.permutation(textured.ravel()).reshape(textured.shape)
    assert flags(noisy, textured)["template_similarity"].value == pytest.approx(0.5, abs=0.05)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 1e4), st.floats(0, 1e3), st.integers(0, 2**16))
def test_scaling_the_scan_changes_nothing(gain: float, offset: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    template = rng.random((7, 8, 9)) + 0.1
    scan = template + rng.random(template.shape)
    plain = flags(scan, template)["template_similarity"].value
    scaled = flags(gain * scan + offset, template)["template_similarity"].value
    assert scaled == pytest.approx(plain, abs=1e-6)
    assert 0 <= plain <= 1


def test_the_lesion_does_not_count(textured: np.ndarray, rng: np.random.Generator) -> None:
    scan = textured.copy()
    lesion = np.zeros(scan.shape, bool)
    lesion[2:8, 3:9, 4:10] = True
    scan[lesion] = 5 * rng.random(lesion.sum())
    with_lesion = flags(scan, textured)["template_similarity"].value
    without = flags(scan, textured, lesion=lesion)["template_similarity"].value
    assert without > 0.95 > with_lesion + 0.3


def test_a_flat_scan_is_not_similar(textured: np.ndarray) -> None:
    assert flags(np.ones_like(textured), textured)["template_similarity"].value == 0


# --- folding


def test_a_field_that_turns_space_inside_out_is_seen(textured: np.ndarray) -> None:
    field = np.zeros((*textured.shape, 3))
    assert flags(textured, textured, field=field)["folded_share"].value == 0
    x = 2.0 * np.arange(12)
    field[6:, ..., 0] = (-2.5 * (x[6:] - x[6]))[:, None, None]  # from layer 6 on the map runs backward
    folded = flags(textured, textured, field=field)["folded_share"]
    assert folded.value == pytest.approx(6 / 12)
    assert not folded.ok
    assert folded.severity == "warn"


# --- single numbers


@pytest.mark.parametrize(
    ("ratio", "ok"), [(0.39, False), (0.4, True), (1.0, True), (2.5, True), (2.51, False)]
)
def test_a_brain_has_a_plausible_size(ratio: float, ok: bool) -> None:
    found = qc.volume_ratio_flag(ratio)
    assert (found.value, found.limit, found.ok) == (ratio, "0.4–2.5", ok)


@pytest.mark.parametrize(
    ("outside", "total", "share", "ok"),
    [(0, 0, 0, True), (4, 100, 0.04, True), (5, 100, 0.05, True), (6, 100, 0.06, False), (9, 9, 1, False)],
)
def test_a_lesion_lies_in_the_brain(outside: float, total: float, share: float, ok: bool) -> None:
    found = qc.lesion_flag(outside, total)
    assert (found.value, found.ok) == (pytest.approx(share), ok)


def test_contrasts_lie_on_one_another() -> None:
    found = qc.alignment_flags({"T2w": 10.5, "FLAIR": 0.4})
    assert [(f.name, f.value, f.ok) for f in found] == [
        ("FLAIR_shift_mm", 0.4, True),
        ("T2w_shift_mm", 10.5, False),
    ]
    assert qc.alignment_flags({}) == []
