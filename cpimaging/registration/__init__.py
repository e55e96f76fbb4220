"""Scan to template and back: transforms, and the one way to resample. Engines: `registration.engines`."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from types import EllipsisType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.types import Image
from cpimaging.voxels import bounding_box, voxels_in

Matrix = NDArray[np.float64]
"""A (4, 4) affine, RAS+ mm, that maps points to points."""

MARGIN_MM = 8.0
"""Background kept around a brain, in which the deformation fades out (ours)."""

FIELD_SPACING_MM = 2.0
"""Grid on which transforms are stored; linear interpolation costs 0.02 mm on average (measured)."""


@dataclass(frozen=True)
class Transform:
    """Both directions between a scan and a template, as displacement fields in mm, RAS+.

    to_template: lies on the template's grid; pulls scan images into template space.
    to_scan: lies on the scan's grid; pulls template images into the scan.
    """

    to_template: Image
    to_scan: Image


def resample(
    image: Image,
    grid: Image,
    field: Image | None = None,
    *,
    matrix: Matrix | None = None,
    mode: Literal["linear", "nearest"] = "linear",
) -> Image:
    """Return `image` on the voxels of `grid`, pulled through a displacement field or a matrix.

    field: displacement in mm that takes points of `grid` to points of `image`. matrix: the same as
    a (4, 4) RAS+ matrix. Neither: only the grid changes. Points outside of `image` or `field` become 0.
    mode: "nearest" keeps labels and masks exact, dtype included.
    """
    import SimpleITK as sitk  # here, a quarter of a second that plans and tables do without

    from cpimaging.itk import affine_transform, from_itk, to_itk

    transform: Any = sitk.Transform(3, sitk.sitkIdentity)
    if field is not None:
        transform = sitk.DisplacementFieldTransform(sitk.Cast(to_itk(field), sitk.sitkVectorFloat64))
    elif matrix is not None:
        transform = affine_transform(matrix)
    data = image.data
    source = image if data.dtype != bool else image.with_data(data.astype(np.uint8))
    interpolator = sitk.sitkNearestNeighbor if mode == "nearest" else sitk.sitkLinear
    empty = to_itk(_empty_like(grid))
    out = from_itk(sitk.Resample(to_itk(source), empty, transform, interpolator, 0.0)).data
    # Beyond its field ITK moves nothing: a part of the image would show where it is not.
    if field is not None and not _covers(field, grid):
        everywhere = to_itk(Image(np.ones(field.shape, np.uint8), field.affine))
        known = sitk.Resample(
            everywhere, empty, sitk.Transform(3, sitk.sitkIdentity), sitk.sitkNearestNeighbor
        )
        out = np.where(from_itk(known).data > 0, out, np.zeros((), out.dtype))
    return Image(out.astype(data.dtype, copy=False), grid.affine, grid.axcodes)


def resample_within(
    image: Image, mask: Image, field: Image, *, mode: Literal["linear", "nearest"] = "linear"
) -> Image:
    """Return what `resample` gives on the voxels of a mask, bool, and 0 elsewhere.

    Only the box around the mask is pulled through the field: of a whole head's grid, a third.
    """
    out = np.zeros(mask.shape, image.data.dtype)
    if mask.data.any():
        part = crop(mask, mask.data, 0.0)
        out[mask.data] = resample(image, part, field, mode=mode).data[part.data]
    return mask.with_data(out)


def labels_within(images: Mapping[str, Image], mask: Image, field: Image) -> dict[str, Image]:
    """Return label images of one grid as `resample_within` does; the field is followed once for all."""
    if not images:
        return {}
    first = next(iter(images.values()))
    numbers = np.arange(1, first.data.size + 1, dtype=np.int32).reshape(first.shape)
    there = resample_within(first.with_data(numbers), mask, field, mode="nearest").data
    return {
        name: mask.with_data(np.append(np.zeros(1, image.data.dtype), image.data)[there])
        for name, image in images.items()
    }


def _covers(field: Image, grid: Image) -> bool:
    """Tell whether every voxel of a grid has its centre inside of a field: its corners do."""
    corners = np.array(list(product(*((0, size - 1) for size in grid.shape))))
    voxels = to_voxels(corners @ grid.affine[:3, :3].T + grid.affine[:3, 3], field)
    return bool((voxels >= 0).all() and (voxels <= np.array(field.shape) - 1).all())


def to_voxels(points_mm: NDArray[np.float64], grid: Image) -> NDArray[np.float64]:
    """Return the voxel positions (n, 3) of world points (n, 3), RAS+ mm, on a grid."""
    inverse = np.linalg.inv(grid.affine)
    positions: NDArray[np.float64] = points_mm @ inverse[:3, :3].T + inverse[:3, 3]
    return positions


def moved_points(points_mm: NDArray[np.float64], field: Image) -> NDArray[np.float64]:
    """Return where a displacement field takes world points (n, 3), RAS+ mm; beyond it its edge counts."""
    voxels = to_voxels(points_mm, field).T
    parts = [
        ndimage.map_coordinates(field.data[..., axis], voxels, order=1, mode="nearest") for axis in range(3)
    ]
    moved: NDArray[np.float64] = points_mm + np.stack(parts, axis=1)
    return moved


def out_of_view(points_mm: NDArray[np.float64], to_template: Image, scan: Image) -> NDArray[np.bool_]:
    """Tell along which axes template points (n, 3), RAS+ mm, lie outside of a scan's field of view, (n, 3).

    to_template: displacement in mm, template to scan points. scan: its grid.
    """
    voxels = to_voxels(moved_points(points_mm, to_template), scan)
    inside: NDArray[np.bool_] = (voxels >= -0.5) & (voxels <= np.array(scan.shape) - 0.5)
    return ~inside


def _empty_like(grid: Image) -> Image:
    return Image(np.zeros(grid.shape, np.uint8), grid.affine)


def field_from_transforms(grid: Image, transforms: list[Any]) -> Image:
    """Return the displacement field of SimpleITK transforms (the last is applied first).

    It covers the extent of `grid` at FIELD_SPACING_MM, or at the grid's own spacing if that is coarser.
    """
    import SimpleITK as sitk

    from cpimaging.itk import from_itk, to_itk

    spacing = np.array(grid.spacing_mm)
    step = np.maximum(spacing, FIELD_SPACING_MM)
    size = np.ceil((np.array(grid.shape) - 1) * spacing / step).astype(int) + 1
    itk = to_itk(_empty_like(grid))
    field = sitk.TransformToDisplacementField(
        sitk.CompositeTransform(transforms),
        sitk.sitkVectorFloat64,
        size.tolist(),
        itk.GetOrigin(),
        step.tolist(),
        itk.GetDirection(),
    )
    return from_itk(field)


def crop(image: Image, mask: NDArray[np.bool_], margin_mm: float) -> Image:
    """Return the part of `image` that holds `mask`, with a margin where the image has one."""
    if not mask.any():
        raise ValueError("nothing to crop to")
    box = bounding_box(mask, voxels_in(margin_mm, image.spacing_mm))
    affine = image.affine.copy()
    affine[:3, 3] = (image.affine @ [*(part.start for part in box), 1.0])[:3]
    return Image(np.ascontiguousarray(image.data[box]), affine, image.axcodes)


def crop_to_brain(image: Image) -> Image:
    """Return the part of a scan or template, 0 outside of the brain, that holds the brain, with a margin."""
    return crop(image, image.data != 0, MARGIN_MM)


def jacobian(field: Image, where: NDArray[np.bool_] | EllipsisType = ...) -> NDArray[np.float64]:
    """Return the Jacobian determinant (x, y, z) of the map x → x + field(x), (voxels,) of some of them."""
    gradient = np.empty((*field.shape, 3, 3))
    voxel_to_mm = np.linalg.inv(field.affine[:3, :3])
    for axis in range(3):
        along = np.stack(np.gradient(field.data[..., axis]), axis=-1)
        gradient[..., axis, :] = along @ voxel_to_mm
    determinant: NDArray[np.float64] = np.linalg.det(gradient[where] + np.eye(3))
    return determinant
