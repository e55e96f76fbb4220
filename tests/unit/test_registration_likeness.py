import numpy as np
import pytest

from cpimaging.registration.likeness import like_template
from cpimaging.types import Image


def curved(image: Image, curve: object) -> Image:
    """Another contrast of the same brain; 0 outside."""
    return image.with_data(np.where(image.data > 0, curve(image.data), 0).astype(np.float32))  # type: ignore[operator]


def test_the_same_contrast_is_left_as_it_is(blob_brain: Image) -> None:
    scan = curved(blob_brain, lambda v: 3 * v + 7)
    assert like_template(scan, blob_brain, np.eye(4), None) is scan


def test_greys_in_the_order_of_the_template_are_left_as_they_are(blob_brain: Image) -> None:
    """Bent but rising; and with a ventricle ten times as large as the template's."""
    bent = curved(blob_brain, lambda v: np.exp(v / 25))
    assert like_template(bent, blob_brain, np.eye(4), None) is bent
    narrow, wide = (blob_brain.with_data(blob_brain.data.copy()) for _ in range(2))
    narrow.data[18:22, 22:26, 17:20] = 10
    wide.data[16:24, 20:28, 14:22] = np.random.default_rng(5).uniform(5, 25, (8, 8, 8))
    assert like_template(wide, narrow, np.eye(4), None) is wide


@pytest.mark.parametrize(
    "curve", [lambda v: 300 - v, lambda v: 40 + abs(v - 105)], ids=["inverted", "bright at both ends"]
)
def test_another_contrast_becomes_the_template(blob_brain: Image, curve: object) -> None:
    scan = curved(blob_brain, curve)
    inside = blob_brain.data > 0
    before = np.corrcoef(scan.data[inside], blob_brain.data[inside])[0, 1]
    painted = like_template(scan, blob_brain, np.eye(4), None)
    after = np.corrcoef(painted.data[inside], blob_brain.data[inside])[0, 1]
    if before < -0.9:  # a curve that can be turned back
        assert after > 0.97
    assert after > before + 0.05
    assert ((painted.data > 0) == inside).all()


def test_the_matrix_says_where_to_look(blob_brain: Image) -> None:
    matrix = np.eye(4)
    matrix[:3, 3] = [12.0, -8.0, 4.0]
    scan = curved(Image(blob_brain.data, np.linalg.inv(matrix) @ blob_brain.affine), lambda v: 300 - v)
    inside = blob_brain.data > 0
    painted = like_template(scan, blob_brain, matrix, None)
    assert np.corrcoef(painted.data[inside], blob_brain.data[inside])[0, 1] > 0.97
    lost = like_template(scan, blob_brain, np.eye(4), None)
    assert np.corrcoef(lost.data[inside], blob_brain.data[inside])[0, 1] < 0.9


def test_the_lesion_is_not_asked(blob_brain: Image) -> None:
    scan = curved(blob_brain, lambda v: 300 - v)
    lesion = np.zeros(scan.shape, bool)
    lesion[:20] = True
    spoilt = scan.with_data(np.where(lesion & (scan.data > 0), 3 * blob_brain.data, scan.data))
    inside = (blob_brain.data > 0) & ~lesion
    painted = like_template(spoilt, blob_brain, np.eye(4), scan.with_data(lesion))
    assert np.corrcoef(painted.data[inside], blob_brain.data[inside])[0, 1] > 0.97


def test_too_little_to_ask_leaves_the_scan_as_it_is(blob_brain: Image) -> None:
    scan = curved(blob_brain, lambda v: 300 - v)
    everywhere = scan.with_data(np.ones(scan.shape, bool))
    assert like_template(scan, blob_brain, np.eye(4), everywhere) is scan
