import numpy as np
import pytest

from cpimaging.registration.engines import ENGINES
from cpimaging.registration.lesion import check_registrable, filled, lesion_strategy
from cpimaging.types import Image, InputError

SHAPE = (30, 28, 26)


@pytest.fixture
def scan(rng: np.random.Generator) -> Image:
    """A brain of 20 × 18 × 16 voxels of 2 × 3 × 2.5 mm: 86 ml; 0 outside."""
    data = np.zeros(SHAPE)
    data[5:25, 5:23, 5:21] = 100 + rng.random((20, 18, 16))
    return Image(data, np.diag([2.0, 3.0, 2.5, 1.0]))


def lesion(scan: Image, layers: int) -> Image:
    """A lesion in the first of the 20 layers of the brain along x."""
    mask = np.zeros(SHAPE, bool)
    mask[5 : 5 + layers] = scan.data[5 : 5 + layers] > 0
    return scan.with_data(mask)


def test_the_strategy_is_said_in_words(scan: Image) -> None:
    greedy, ants, identity = (ENGINES[name] for name in ("greedy", "ants", "identity"))
    assert lesion_strategy(None, greedy) == "no lesion given, nothing masked"
    assert "empty" in lesion_strategy(lesion(scan, 0), greedy)
    assert lesion_strategy(lesion(scan, 0), ants, detected=True) == "no lesion detected, nothing masked"
    assert "filled with the template" in lesion_strategy(lesion(scan, 2), greedy)
    assert lesion_strategy(lesion(scan, 2), ants) == "cost-function masking (Brett 2001)"
    assert lesion_strategy(lesion(scan, 2), identity) == "nothing is fitted"


def test_a_lesion_is_filled_with_the_template_in_the_greys_of_the_scan(
    scan: Image, rng: np.random.Generator
) -> None:
    """The scan is 3 × template + 40; beyond the template's brain, the last layer of the lesion, is 0."""
    template = np.zeros(SHAPE, np.float32)
    template[6:25, 5:23, 5:21] = 500 + rng.random((19, 18, 16))  # a narrow range asks for double precision
    hole = lesion(scan, 4)
    scan = scan.with_data(np.where(template > 0, 3 * template + 40, scan.data).astype(np.float32))
    truth = np.where(hole.data & (template == 0), 0, scan.data)
    scan.data[hole.data] = 7
    found = filled(scan, scan.with_data(template), hole)
    np.testing.assert_allclose(found.data, truth, rtol=1e-5)


def test_where_the_template_lies_elsewhere_nothing_is_filled(scan: Image) -> None:
    elsewhere = scan.with_data(np.zeros(SHAPE))
    assert filled(scan, elsewhere, lesion(scan, 4)) is scan


def test_a_whole_brain_can_be_registered(scan: Image) -> None:
    check_registrable(scan, None, "t1w.nii.gz")
    check_registrable(scan, lesion(scan, 16), "t1w.nii.gz")  # a fifth of the brain is left


def test_a_brain_that_is_nearly_all_lesion_is_refused(scan: Image) -> None:
    with pytest.raises(InputError, match=r"^t1w.nii.gz: is nearly all lesion: .*; check the lesion mask$"):
        check_registrable(scan, lesion(scan, 17), "t1w.nii.gz")


def test_two_voxels_are_no_brain(scan: Image) -> None:
    scan.data[:] = 0
    scan.data[3, 4, 5:7] = [1, 2]
    with pytest.raises(InputError, match=r"^t1w.nii.gz: holds 0.0 ml of brain, too little to register; "):
        check_registrable(scan, None, "t1w.nii.gz")


def test_an_image_of_zeros_or_of_one_value_is_refused(scan: Image) -> None:
    with pytest.raises(InputError, match=r"holds 0\.0 ml of brain"):
        check_registrable(scan.with_data(np.zeros(SHAPE)), None, "t1w.nii.gz")
    with pytest.raises(InputError, match="the same value in the whole brain"):
        check_registrable(scan.with_data((scan.data > 0) * 7.0), None, "t1w.nii.gz")
