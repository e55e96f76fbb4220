"""Turn tissue shares into MR images: contrast, lesion signal, bias field and noise."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.simulate.anatomy import Anatomy
from cpimaging.types import Image

GREY_LEVELS = 1000  # stored integer of signal 1; for ADC it gives 1e-6 mm²/s
NOISE_SD = 0.03  # of the signal's scale [ours]
BIAS_SD = 0.08  # of each coefficient of the bias field's logarithm [ours]
LESION_CONTRAST = (1.5, 4.0)  # lesion minus healthy tissue, in SD of white matter [ours]
FULL = 0.9  # share from which a voxel counts as pure white matter
Maps = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Contrast:
    """Signal of pure tissues (ADC in 1e-3 mm²/s), and what the template's fine grain adds to it.

    grain: factor on what tissue shares leave unexplained in the template's T1w. lesion: sign of its signal.
    """

    wm: float
    gm: float
    fluid: float
    grain: float
    lesion: int
    bias: bool = True


# Signal ratios of T1w are the template's own; the others are plausible values [ours].
CONTRASTS = {
    "T1w": Contrast(wm=0.87, gm=0.65, fluid=0.26, grain=1.0, lesion=-1),
    "T2w": Contrast(wm=0.40, gm=0.52, fluid=1.0, grain=-0.8, lesion=1),
    "FLAIR": Contrast(wm=0.58, gm=0.66, fluid=0.15, grain=-0.5, lesion=1),
    "ADC": Contrast(wm=0.78, gm=0.83, fluid=3.0, grain=0.0, lesion=1, bias=False),
}


def tissue_maps(anatomy: Anatomy, voxel_mm: tuple[float, ...]) -> Maps:
    """Return what images are made of, in the template, blurred to the voxel size of the scan."""
    t1w = CONTRASTS["T1w"]
    mixed = t1w.wm * anatomy.wm + t1w.gm * anatomy.gm + t1w.fluid * anatomy.fluid
    brain = anatomy.brain.astype(np.float32)
    maps = {
        "gm": anatomy.gm * brain,
        "wm": anatomy.wm * brain,
        "fluid": anatomy.fluid,
        "grain": (anatomy.t1w.data - mixed.astype(np.float32)) * brain,
        "brain": brain,
        "ventricles": anatomy.ventricles.astype(np.float32),
    }
    return {name: blur(data, voxel_mm) for name, data in maps.items()}


def blur(data: NDArray[np.float32], voxel_mm: tuple[float, ...]) -> NDArray[np.float32]:
    """Blur a 1 mm map so that a sample of it stands for a whole voxel of the given size."""
    sigma = [np.sqrt(max(v * v - 1.0, 0.0) / 12.0) for v in voxel_mm]  # SD of a box is its width / √12
    blurred: NDArray[np.float32] = ndimage.gaussian_filter(data, sigma)
    return blurred


def sample(maps: Mapping[str, NDArray[np.float32]], template: Image, points_mm: NDArray[np.float64]) -> Maps:
    """Return the maps at template points (3, x, y, z) in mm; 0 outside of the template."""
    voxels = points_mm - template.affine[:3, 3, None, None, None]
    voxels /= np.diag(template.affine)[:3, None, None, None]
    return {
        name: ndimage.map_coordinates(data, voxels, order=1, output=np.float32) for name, data in maps.items()
    }


def healthy_signal(maps: Maps, contrast: Contrast) -> NDArray[np.float32]:
    """Return the signal of the tissue shares in the sampled maps, without lesion, bias and noise."""
    healthy = contrast.wm * maps["wm"] + contrast.gm * maps["gm"] + contrast.fluid * maps["fluid"]
    signal: NDArray[np.float32] = (healthy + contrast.grain * maps["grain"]) / np.maximum(maps["brain"], 0.5)
    return signal


def make_image(
    healthy: NDArray[np.float32], maps: Maps, contrast: Contrast, lesion_sd: float, rng: Generator
) -> NDArray[np.uint16]:
    """Return one image from healthy signal and the sampled maps ("lesion", "cavity", "wm", "brain").

    0 outside of the brain. lesion_sd: how much the lesion stands out, in SD of white matter as the scan
    shows it.
    """
    bias = bias_field(healthy.shape, rng) if contrast.bias else 1.0
    white_sd = np.hypot((healthy * bias)[maps["wm"] > FULL].std(), NOISE_SD)
    signal = healthy + contrast.lesion * lesion_sd * white_sd * maps["lesion"]
    signal = bias * (signal + (contrast.fluid - signal) * maps["cavity"])
    real, imaginary = rng.normal(0.0, NOISE_SD, (2, *signal.shape))
    levels = np.rint(GREY_LEVELS * np.hypot(signal + real, imaginary))
    inside = maps["brain"] > 0.5
    return np.where(inside, np.clip(levels, 1, np.iinfo(np.uint16).max), 0).astype(np.uint16)


def bias_field(shape: tuple[int, ...], rng: Generator) -> NDArray[np.float64]:
    """Return a smooth random factor around 1: the exponential of a quadratic along each axis."""
    logarithm = np.zeros(shape)
    for axis, n in enumerate(shape):
        t = np.linspace(-1.0, 1.0, n)
        linear, square = rng.normal(0.0, BIAS_SD, 2)
        along = linear * t + square * (t**2 - 1.0 / 3.0)
        logarithm += along.reshape([-1 if a == axis else 1 for a in range(3)])
    return np.exp(logarithm)
