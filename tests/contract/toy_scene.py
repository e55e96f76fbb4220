"""A toy brain for detectors: fluid around, a shell of grey matter, white matter, two ventricles."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from cpimaging.lesions.detect import Scene
from cpimaging.types import Image

SIGNAL = {  # fluid, grey, white, SD of noise
    "T1w": (0.2, 0.6, 0.9, 0.04),
    "FLAIR": (0.15, 0.65, 0.55, 0.03),
    "T2w": (1.0, 0.5, 0.4, 0.03),
    "ADC": (3.0e-3, 0.85e-3, 0.78e-3, 0.04e-3),
}
LESION = {"T1w": -0.2, "FLAIR": 0.2, "T2w": 0.2, "ADC": -0.45e-3}
LESION_OF: dict[str, dict[str, float]] = {}
"""Detectors that look for another lesion: name -> contrast -> its signal less the tissue's."""
EXTENT_MM = np.array([108.0, 128.0, 96.0])
FAR_MM = 1e3


def scene(
    contrasts: tuple[str, ...],
    *,
    edge_mm: float = 2.0,
    centre_mm: tuple[float, float, float] | None = (24.0, 10.0, 4.0),
    radius_mm: float = 9.0,
    age_years: float | None = 8.0,
    seed: int = 0,
    detector: str = "",
) -> tuple[Scene, np.ndarray]:
    """Return a scene and its true lesion: a ball, or nothing where centre_mm is None.

    detector: whose lesion it is, where that is another than the usual one.
    """
    shape = tuple((EXTENT_MM / edge_mm).astype(int))
    affine = np.diag([edge_mm, edge_mm, edge_mm, 1.0])
    affine[:3, 3] = (-np.array(shape) / 2 + 0.5) * edge_mm
    x, y, z = (affine[i, 3] + edge_mm * np.arange(n) for i, n in enumerate(shape))
    x, y, z = x[:, None, None], y[:, None], z
    inside = np.sqrt((x / 50) ** 2 + (y / 60) ** 2 + (z / 44) ** 2)
    brain = inside < 1
    depth_mm = ndimage.distance_transform_edt(brain) * edge_mm
    ventricles = (np.abs(np.abs(x) - 8) < 4) & (np.abs(y) < 16) & (np.abs(z) < 6)
    fluid = ((depth_mm <= 3) & brain) | ventricles
    grey = (depth_mm > 3) & (depth_mm <= 9)
    white = brain & ~fluid & ~grey
    lesion = np.zeros(shape, bool)
    if centre_mm is not None:
        a, b, c = centre_mm
        lesion = ((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2 < radius_mm**2) & brain & ~fluid
    rng = np.random.default_rng(seed)
    change = LESION | LESION_OF.get(detector, {})
    images = {}
    for name in contrasts:
        f, g, w, sd = SIGNAL[name]
        data = f * fluid + g * grey + w * white + change[name] * lesion
        data = np.where(brain, data + sd * rng.standard_normal(shape), 0)
        images[name] = Image(data.astype(np.float32), affine)
    sigma = 1.0 / edge_mm
    shares = {
        name: ndimage.gaussian_filter(part.astype(np.float32), sigma)
        for name, part in (("grey", grey), ("white", white), ("fluid", fluid))
    }
    group = np.zeros(shape, np.uint8)
    return Scene(images, brain, shares, group, ventricles, age_years), lesion


def mirrored(given: Scene) -> Scene:
    """Return the scene reflected in the plane x = 0."""
    return replace(
        given,
        images={name: image.with_data(image.data[::-1].copy()) for name, image in given.images.items()},
        brain=given.brain[::-1].copy(),
        shares={name: data[::-1].copy() for name, data in given.shares.items()},
        group=given.group[::-1].copy(),
        ventricles=given.ventricles[::-1].copy(),
    )
