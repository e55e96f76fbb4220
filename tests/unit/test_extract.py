"""Brain extraction on phantom heads: an ellipsoid brain, or the template's, in a simulated head."""

import numpy as np
import pytest
from scipy import ndimage

from cpimaging.atlases import Template, load_template
from cpimaging.extract import extract_brain
from cpimaging.extract.pose import head_mask
from cpimaging.extract.surface import brain_likeness, fit_surface, smooth_distance
from cpimaging.registration import resample
from cpimaging.registration.tools import grid_at, thinned
from cpimaging.simulate.contrast import CONTRASTS
from cpimaging.simulate.head import SIGNALS, add_head
from cpimaging.types import Image
from cpimaging.voxels import signed_distance


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * int((a & b).sum()) / int(a.sum() + b.sum())


def ball(shape: tuple[int, int, int], radius: float) -> np.ndarray:
    x, y, z = np.ogrid[tuple(slice(-(n // 2), n - n // 2) for n in shape)]
    return np.asarray(x**2 + y**2 + z**2 < radius**2)


@pytest.fixture(scope="module")
def template() -> Template:
    return load_template()


def template_brain(template: Template, contrast: str, scale: float = 1.0) -> tuple[Image, np.ndarray]:
    """The template's tissue with the signal of a contrast, at 3 mm, made smaller by `scale`."""
    fluid = np.clip(1 - template.gm.data - template.wm.data, 0, 1)
    tissue = CONTRASTS[contrast]
    signal = tissue.gm * template.gm.data + tissue.wm * template.wm.data + tissue.fluid * fluid
    grid = grid_at(template.t1w, 3.0)
    image = thinned(template.t1w.with_data(signal.astype(np.float32)), grid)
    mask = thinned(template.brain.with_data(template.brain.data.astype(np.float32)), grid).data > 0.5
    return Image(image.data, np.diag([scale, scale, scale, 1.0]) @ image.affine), mask


def moved(image: Image, degrees: float, shift_mm: tuple[float, float, float]) -> Image:
    """The image turned about the left-right axis (a nod) and shifted, by its header."""
    a = np.radians(degrees)
    matrix = np.eye(4)
    matrix[1:3, 1:3] = [[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]
    matrix[:3, 3] = shift_mm
    return Image(image.data, matrix @ image.affine)


@pytest.mark.slow
def test_the_brain_is_found_in_a_head(template: Template) -> None:
    """A newborn's size, nodding, elsewhere in the world; voxels of 2 mm."""
    head, truth = add_head(*template_brain(template, "T2w", 0.65), "T2w", seed=4)
    found = extract_brain(moved(head, -8.0, (-12.0, 25.0, -40.0)), template)
    assert dice(found.mask, truth.data) > 0.95
    assert found.agreement > 0.9
    assert ndimage.label(found.mask)[1] == 1


# --- parts


def test_signed_distance_by_hand() -> None:
    """A slab of three voxels of 2 mm along x: its surface lies between voxels, 1 mm from their centres."""
    mask = np.zeros((9, 4, 5), bool)
    mask[3:6] = True
    distance = signed_distance(mask, (2.0, 3.0, 4.0), wall_mm=1.0)
    assert distance[:, 1, 2].tolist() == [5.0, 3.0, 1.0, -1.0, -3.0, -1.0, 1.0, 3.0, 5.0]


def test_the_head_is_filled_and_free_of_noise(rng: np.random.Generator) -> None:
    """Scalp and brain with dark skull between, air that is not quite 0, and a neck that is cut."""
    shape = (48, 56, 50)
    whole = ball(shape, 20)
    whole[18:30, 18:32, :20] = True
    data = rng.uniform(0, 6, shape).astype(np.float32)
    data[whole] += 100
    data[ball(shape, 17) & ~ball(shape, 14)] = 3
    found = head_mask(Image(data, np.diag([2.0, 2.0, 2.0, 1.0])))
    assert found[whole].all()
    away = ndimage.distance_transform_edt(~whole)
    assert (
        away[found].max() <= 7
    )  # generous by its closing, 5 voxels, and smoothing, 2; the noise lies farther


def phantom(brain: float, fluid: float, skull: float) -> tuple[Image, np.ndarray, np.ndarray]:
    """A ball of brain in fluid in skull, noise of 3; the true brain; the share of tissue (0: ventricle)."""
    shape = (50, 54, 46)
    truth, inner = ball(shape, 15), ball(shape, 4)
    data = np.full(shape, 5.0)
    data[ball(shape, 20)] = skull
    data[ball(shape, 17)] = fluid
    data[truth & ~inner] = brain
    data[inner] = fluid
    data += np.random.default_rng(3).normal(0, 3, shape)
    return Image(data.astype(np.float32), np.diag([2.0, 2.0, 2.0, 1.0])), truth, np.where(inner, 0.0, 1.0)


@pytest.mark.parametrize(
    ("brain", "fluid", "skull"), [(80, 25, 8), (40, 110, 8)], ids=["dark fluid", "bright fluid"]
)
@pytest.mark.parametrize("start", [13.0, 17.5], ids=["from within", "from without"])
def test_the_surface_moves_to_where_brain_ends(
    brain: float, fluid: float, skull: float, start: float
) -> None:
    image, truth, tissue = phantom(brain, fluid, skull)
    rough = smooth_distance(ball(image.shape, start), image.spacing_mm)
    before = dice(rough < 0, truth)
    found = fit_surface(image, rough, tissue)
    assert before < 0.8
    assert dice(found < 0, truth) > 0.93


def test_likeness_tells_brain_from_fluid_and_skull() -> None:
    image, truth, tissue = phantom(brain=40, fluid=110, skull=8)
    likeness = brain_likeness(
        image, signed_distance(truth, image.spacing_mm, wall_mm=min(image.spacing_mm) / 2), tissue
    )
    inner, rim = ball(image.shape, 3), ball(image.shape, 19) & ~ball(image.shape, 18)
    assert np.median(likeness[truth & ~ball(image.shape, 5)]) == 2.0  # capped
    assert np.median(likeness[inner]) == np.median(likeness[rim]) == -1.0


# --- simulated heads


@pytest.mark.slow
@pytest.mark.parametrize("contrast", SIGNALS)
def test_a_head_keeps_the_brain_and_its_place(template: Template, contrast: str) -> None:
    brain, mask = template_brain(template, contrast, 0.9)
    head, truth = add_head(brain, mask, contrast, seed=1)
    assert truth.data.sum() == mask.sum()
    back = resample(truth, brain.with_data(mask), mode="nearest")
    assert np.array_equal(back.data, mask)
    again, _ = add_head(brain, mask, contrast, seed=1)
    assert np.array_equal(head.data, again.data)
    around = ndimage.binary_dilation(truth.data, iterations=6) & ~truth.data
    assert head.data[around].max() > 0.6  # scalp
    assert head.data.min() >= 0
