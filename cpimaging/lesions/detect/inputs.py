"""What the detectors see of a scan: images, brain, and what the template knows of it, on one grid."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.lesions.detect.parameters import read_parameters
from cpimaging.registration import Matrix, crop, resample
from cpimaging.types import Atlas, Image, LabelMap

Bool = NDArray[np.bool_]
Float = NDArray[np.float32]

GROUPS: Mapping[str, tuple[str, ...]] = {
    "cerebrum": (),
    "limbic cortex": ("insula", "cingulate"),
    "thalamus": ("thalamus", "thalamus_ventrolateral"),
    "putamen": ("putamen", "putamen_posterior"),
    "pallidum": ("pallidum",),
    "caudate": ("caudate", "accumbens"),
    "medial temporal lobe": ("hippocampus", "amygdala"),
    "internal capsule": ("plic",),
    "corticospinal tract": ("corticospinal_tract",),
    "optic radiation": ("optic_radiation",),
    "ventral diencephalon": ("ventral_diencephalon",),
    "upper brainstem": (
        "midbrain",
        "pons",
        "red_nucleus",
        "substantia_nigra",
        "superior_colliculus",
        "inferior_colliculus",
        "locus_coeruleus",
        "raphe",
        "cranial_nerve_tegmentum",
        "subthalamic_nucleus",
    ),
    "medulla": ("medulla", "inferior_olive"),
    "cerebellar white matter": ("cerebellum_white_matter", "dentate"),
    "cerebellar cortex": ("cerebellum_cortex", "vermis"),
}
"""Parts of the brain with a normal signal of their own (bright limbic cortex, iron, dense tracts)."""

Bring = Callable[..., Image]
"""`resample` with the way from the scan to the template in it."""


@dataclass(frozen=True)
class Parameters:
    """The values of inputs.yaml."""

    uncertainty_affine_mm: float
    uncertainty_deformable_mm: float
    rim_mm: float


P = read_parameters(Parameters, __file__)


@dataclass(frozen=True)
class Scene:
    """One scan as the detectors see it, cropped to its brain; all arrays on one grid.

    images: contrast -> Image, float32, bias field removed (ADC in mm²/s). brain: bool. shares: prior of
    "grey", "white" and "fluid" (0–1). group: index into GROUPS. ventricles: bool. age_years: None where
    unknown. norm: mean and SD of healthy ADC at each voxel, mm²/s, where the study has such a map; 0 where
    it says nothing. rough: the template was laid over by an affine fit alone.
    """

    images: Mapping[str, Image]
    brain: Bool
    shares: Mapping[str, Float]
    group: NDArray[np.uint8]
    ventricles: Bool
    age_years: float | None = None
    norm: tuple[Float, Float] | None = None
    rough: bool = False

    @property
    def grid(self) -> Image:
        """Any of the images: they share one grid."""
        return next(iter(self.images.values()))

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel edges."""
        return self.grid.spacing_mm

    @property
    def voxel_mm3(self) -> float:
        """Volume of a voxel."""
        return self.grid.voxel_volume_mm3


def make_scene(
    images: Mapping[str, Image],
    brain: Image,
    maps: Mapping[str, Image],
    atlas: Atlas,
    way: Image | Matrix,
    age_years: float | None,
    norm: tuple[Image, Image] | None = None,
) -> Scene:
    """Bring the template's knowledge to a scan and crop both to the brain.

    images, brain: on one grid. maps: "grey" and "white" shares of the template. atlas: in template
    space. way: displacement field from scan to template, or an affine matrix, which is less certain. norm:
    mean and SD of healthy ADC in template space, mm²/s, both 0 where not known.
    """
    field_given = isinstance(way, Image)
    bring = partial(resample, field=way) if isinstance(way, Image) else partial(resample, matrix=way)
    cropped = {name: crop(image, brain.data, 0.0) for name, image in images.items()}
    inside = crop(brain, brain.data, 0.0)
    blur_mm = P.uncertainty_deformable_mm if field_given else P.uncertainty_affine_mm
    labels = bring(atlas.dseg.labels, inside, mode="nearest").data
    group = _groups(atlas.dseg)[labels]
    for overlay in atlas.overlays.values():  # tracts run through what is otherwise plain white matter
        over = _groups(overlay)[bring(overlay.labels, inside, mode="nearest").data]
        group = np.where(group == 0, over, group)
    share = {name: bring(image, inside).data.astype(np.float32) for name, image in maps.items()}
    ventricles = np.isin(labels, [r.index for r in atlas.dseg.regions if r.tissue == "csf"])
    white = np.isin(labels, [r.index for r in atlas.dseg.regions if r.tissue == "white_matter"])
    _without_rim(share, white, ventricles, inside.spacing_mm)
    share["fluid"] = np.clip(1 - share["grey"] - share["white"], 0, 1)
    sigma = blur_mm / np.array(inside.spacing_mm)
    share = {name: ndimage.gaussian_filter(data, sigma) for name, data in share.items()}
    total = np.maximum(sum(share.values()), np.float32(1e-3))
    healthy = None if norm is None else norm_on(norm, inside, bring)
    return Scene(
        images=cropped,
        brain=inside.data,
        shares={name: (data / total).astype(np.float32) for name, data in share.items()},
        group=group,
        ventricles=ventricles,
        age_years=age_years,
        norm=None if healthy is None else (healthy[0].data, healthy[1].data),
        rough=not field_given,
    )


def norm_on(norm: tuple[Image, Image], grid: Image, bring: Bring) -> tuple[Image, Image]:
    """Return mean and SD of healthy ADC on a grid; at the edge of what is known, known voxels alone count.

    norm: both 0 where nothing is known. bring: what takes an image of theirs to the grid.
    """
    known = norm[0].with_data((norm[0].data > 0).astype(np.float32))
    weight = bring(known, grid).data
    mean, sd = (bring(image, grid).data / np.maximum(weight, 1e-6) for image in norm)
    inside = weight >= 0.5
    known_mean, known_sd = (
        grid.with_data(np.where(inside, data, 0).astype(np.float32)) for data in (mean, sd)
    )
    return known_mean, known_sd


def _without_rim(
    share: dict[str, Float], white: Bool, ventricles: Bool, spacing_mm: tuple[float, float, float]
) -> None:
    """Take the grey rim off the ventricles, which tissue maps have from voxels that are half fluid."""
    if not ventricles.any():
        return
    wall_mm = ndimage.distance_transform_edt(~ventricles, sampling=spacing_mm)
    rim = white & (wall_mm <= P.rim_mm)
    share["white"] += np.where(rim, share["grey"], 0)
    share["grey"] = np.where(rim | ventricles, 0, share["grey"]).astype(np.float32)


def _groups(atlas: LabelMap) -> NDArray[np.uint8]:
    """Return, per label number, the index into GROUPS."""
    table = np.zeros(max(region.index for region in atlas.regions) + 1, np.uint8)
    for index, structures in enumerate(GROUPS.values()):
        for region in atlas.regions:
            if region.structure in structures:
                table[region.index] = index
    return table


def thinned(scene: Scene, edge_mm: float) -> Scene:
    """Return the scene on voxels of about edge_mm, images averaged over the brain within each."""
    step = np.maximum(np.round(edge_mm / np.array(scene.spacing_mm)).astype(int), 1)
    if (step == 1).all():
        return scene
    share = _blocks(scene.brain.astype(np.float32), step)
    affine = scene.grid.affine @ np.diag([*step, 1.0])
    affine[:3, 3] += scene.grid.affine[:3, :3] @ ((step - 1) / 2)
    corner = tuple(slice(s // 2, None, s) for s in step)
    few = tuple(slice(n) for n in share.shape)
    return replace(
        scene,
        images={
            name: Image(_blocks(image.data * scene.brain, step) / np.maximum(share, 1e-6), affine)
            for name, image in scene.images.items()
        },
        brain=share >= 0.5,
        shares={name: _blocks(data, step) for name, data in scene.shares.items()},
        group=scene.group[corner][few],
        ventricles=scene.ventricles[corner][few],
        norm=None if scene.norm is None else (_blocks(scene.norm[0], step), _blocks(scene.norm[1], step)),
    )


def _blocks(data: NDArray[Any], step: NDArray[np.int_]) -> Float:
    """Return the mean of each block of voxels; an incomplete last block is left out."""
    n = np.array(data.shape) // step
    whole = data[tuple(slice(a * b) for a, b in zip(n, step, strict=True))].astype(np.float32)
    means: Float = whole.reshape(n[0], step[0], n[1], step[1], n[2], step[2]).mean(axis=(1, 3, 5))
    return means


def on_grid(data: NDArray[Any], scene: Scene, grid: Image) -> Image:
    """Return an array of the scene on the scan's full grid, 0 elsewhere; floats are interpolated."""
    floating = np.issubdtype(data.dtype, np.floating)
    moved = resample(Image(data, scene.grid.affine), grid, mode="linear" if floating else "nearest")
    return grid.with_data(moved.data)
