"""What healthy brains show and a detector may take for a lesion: drawn into the template, never labelled.

Sites and amounts are ours [ours], after what radiology texts call normal variants: bright choroid plexus,
periventricular rim and caps, perivascular spaces, inflow in the ventricles, bright limbic cortex and
corticospinal tract on FLAIR.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.simulate.anatomy import Anatomy, axes_mm
from cpimaging.simulate.injury import border_noise, share, tube_mm

Maps = dict[str, NDArray[np.float32]]
Axes = tuple[NDArray[np.float32], ...]
Point = tuple[float, float, float]
Tube = tuple[Point, Point, tuple[float, float]]
"""Start, end and the radii there, in mm of the template, right side."""

PLEXUS_MM: tuple[Tube, ...] = (
    ((24, -38, 8), (26, -44, 2), (4.0, 3.0)),
    ((14, -24, 20), (20, -34, 16), (1.5, 2.5)),
)
"""Choroid plexus: glomus and body."""

FIMBRIA_MM: tuple[Tube, ...] = (((27, -33, -3), (30, -24, -12), (2.0, 1.5)),)
"""Plexus and fimbria along the temporal horn."""

LIMBIC_MM: tuple[Tube, ...] = (
    ((38, 12, 0), (38, -14, 6), (9, 9)),
    ((5, 34, 14), (5, -36, 36), (9, 9)),
    ((26, -10, -20), (28, -32, -8), (9, 9)),
    ((12, -84, 2), (14, -66, 8), (8, 8)),
)
"""Cortex that is brighter on FLAIR: insula, cingulate, medial temporal lobe, calcarine."""

TRACT_MM: tuple[Tube, ...] = (
    ((22, -24, 46), (26, -20, 22), (5, 4)),
    ((25, -19, 18), (20, -17, 2), (3.5, 3.0)),
    ((17, -19, -2), (9, -22, -20), (3.0, 2.5)),
    ((28, -40, 12), (24, -60, 10), (4, 5)),
    ((24, -60, 10), (18, -80, 4), (5, 4)),
)
"""Corticospinal tract, and optic radiation with the terminal zones of myelination."""

CAPS_MM: tuple[Tube, ...] = (((17, 28, 8), (18, 36, 4), (7, 7)), ((30, -50, 16), (31, -58, 12), (8, 8)))
INFLOW_MM: tuple[Tube, ...] = (((0, -8, -4), (0, -4, 0), (3, 3)), ((0, -46, -34), (0, -44, -30), (3, 3)))

RIM_MM = (0.6, 1.6)  # thickness of the bright rim of the ventricles
SPACES = (6, 24)  # perivascular spaces per hemisphere
SIGNAL = {
    "plexus": {"T1w": 0.60, "T2w": 0.75, "FLAIR": 0.72, "ADC": 1.6},
    "inflow": {"FLAIR": 0.60},
}
"""Signal that a structure has, on the scale of `contrast.CONTRASTS`."""

GAIN = {"rim": {"FLAIR": 0.12, "T2w": 0.08}, "limbic": {"FLAIR": 0.10}, "tract": {"FLAIR": 0.08, "T2w": 0.05}}
"""What a structure adds to the signal of the tissue it lies in."""

SULCI_MM = 15.0  # sulci that the template does not have reach this deep [ours]


def draw_variants(anatomy: Anatomy, rng: Generator) -> Maps:
    """Return shares (0–1) of each variant in every template voxel, each with an amount drawn at random."""
    axes = axes_mm(anatomy.t1w)
    sided = {name: _sided(axes, parts) for name, parts in (("limbic", LIMBIC_MM), ("tract", TRACT_MM))}
    fluid = anatomy.fluid
    plexus = _sided(axes, PLEXUS_MM) * anatomy.ventricles * (border_noise(fluid.shape, rng) > -0.6)
    plexus = np.maximum(plexus, _sided(axes, FIMBRIA_MM) * (anatomy.brain & (anatomy.wm < 0.5)))
    inflow = _sided(axes, INFLOW_MM) * fluid
    amounts = rng.uniform((0.5, 0, 0, 0, 0), (1, 1, 1, 1, 1)).astype(np.float32)
    texture = border_noise(fluid.shape, rng)
    return {
        "plexus": amounts[0] * plexus,
        "inflow": amounts[1] * inflow,
        "rim": amounts[2] * _rim(anatomy, axes, rng) * anatomy.wm,
        "limbic": (amounts[3] * sided["limbic"] + 0.25 * texture) * anatomy.gm,
        "tract": amounts[4] * sided["tract"] * anatomy.wm,
        "spaces": np.maximum(_spaces(anatomy, axes, rng), _sulci(anatomy, rng)),
    }


def add_variants(
    healthy: NDArray[np.float32], maps: Maps, contrast: str, fluid_signal: float
) -> NDArray[np.float32]:
    """Return the signal of healthy tissue with the variants that `maps` hold."""
    for name, gains in GAIN.items():
        healthy = healthy + np.float32(gains.get(contrast, 0.0)) * maps[name]
    for name, signals in SIGNAL.items():
        if contrast in signals:
            healthy = healthy + (signals[contrast] - healthy) * maps[name]
    mixed: NDArray[np.float32] = healthy + (fluid_signal - healthy) * maps["spaces"]
    return mixed


def _sided(axes: Axes, parts: tuple[Tube, ...]) -> NDArray[np.float32]:
    """Return the share of each voxel in tubes given for the right side, on both sides."""
    tubes = []
    for start, end, radii in parts:
        for sign in (-1, 1):
            first, last = (np.array([sign * point[0], *point[1:]], np.float32) for point in (start, end))
            tubes.append(tube_mm(axes, first, last, radii))
    return share(np.minimum.reduce(tubes))


def _rim(anatomy: Anatomy, axes: Axes, rng: Generator) -> NDArray[np.float32]:
    """Return the bright line along the ventricles, wider at the frontal and occipital caps."""
    width = rng.uniform(*RIM_MM) * (1.0 + 1.2 * _sided(axes, CAPS_MM))
    outside = anatomy.distances["ventricle"]
    rim: NDArray[np.float32] = np.where(outside > 0, np.clip(width + 0.5 - outside, 0, 1), 0)
    return rim.astype(np.float32)


def _sulci(anatomy: Anatomy, rng: Generator) -> NDArray[np.float32]:
    """Return fluid in the cortex, where every brain has sulci of its own."""
    folds = np.clip(border_noise(anatomy.brain.shape, rng) - 0.6, 0, 1) * rng.uniform(0.3, 1.0)
    outer = anatomy.gm * (anatomy.distances["surface"] < SULCI_MM)
    fluid: NDArray[np.float32] = (folds * outer).astype(np.float32)
    return fluid


def _spaces(anatomy: Anatomy, axes: Axes, rng: Generator) -> NDArray[np.float32]:
    """Return thin fluid-filled tubes that run inward through white matter and basal ganglia."""
    candidates = np.argwhere((anatomy.wm > 0.9) & (anatomy.distances["grey"] > 4))
    total = np.zeros(anatomy.brain.shape, np.float32)
    centre = np.array([0.0, -20.0, 15.0])
    for voxel in rng.choice(candidates, int(rng.integers(2 * SPACES[0], 2 * SPACES[1]))):
        start = np.diag(anatomy.t1w.affine)[:3] * voxel + anatomy.t1w.affine[:3, 3]
        inward = (centre - start) / max(float(np.linalg.norm(centre - start)), 1.0)
        end = start + inward * rng.uniform(4, 10)
        low = np.floor(np.minimum(start, end) - 4 - anatomy.t1w.affine[:3, 3]).astype(int)
        high = np.ceil(np.maximum(start, end) + 5 - anatomy.t1w.affine[:3, 3]).astype(int)
        box = tuple(slice(max(a, 0), b) for a, b in zip(low, high, strict=True))
        near = tuple(axis.reshape(-1)[s] for axis, s in zip(axes, box, strict=True))
        local = (near[0][:, None, None], near[1][None, :, None], near[2][None, None, :])
        ends = [np.asarray(point, np.float32) for point in (start, end)]
        radius = rng.uniform(0.4, 0.9)
        np.maximum(total[box], share(tube_mm(local, ends[0], ends[1], (radius, radius))), out=total[box])
    faded: NDArray[np.float32] = total * ndimage.gaussian_filter(anatomy.brain.astype(np.float32), 1.0)
    return faded
