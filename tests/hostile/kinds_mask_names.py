"""Masks in bulk that are none of a lesion, by their names or by where they lie; a plain one lies beside them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from kinds import Kind
from kinds_masks import AFFINE, LESION, MM3, SHAPE, SPACE, Results, bulk, saved
from kinds_studies import ANAT, used

from cpimaging.atlases import load_template
from cpimaging.registration import resample
from cpimaging.types import Image

AREA = "masks in bulk"
PLAIN = saved()


def beside_plain(folder: Path, name: str, write: Callable[[Path], object]) -> Results:
    """Return what becomes of a mask beside a plain one, which must be measured as if it were alone."""
    masks = folder / "masks"
    masks.mkdir()
    saved()(masks / "sub-plain_mask")
    write(masks / name)
    results = bulk(masks, folder / "out")
    assert results.patterns.loc["sub-plain", "lesion_volume_mm3"] == MM3
    return results


def named(made: str, name: str, words: str) -> Kind:
    """Return a kind of a mask that is refused for its name."""

    def check(folder: Path) -> None:
        told = beside_plain(folder, name, saved()).summary.loc["sub-x"]
        assert told["status"] == "failed"
        assert words in told["message"]
        assert name in told["message"]

    return Kind(AREA, made, f"refused: “{words}”", check)


def taken(made: str, name: str, words: str, write: Callable[[Path], object] = PLAIN) -> Kind:
    """Return a kind of a mask that is measured, and of which something is told, or nothing."""

    def check(folder: Path) -> None:
        results = beside_plain(folder, name, write)
        assert results.patterns.loc["sub-x", "lesion_volume_mm3"] == MM3
        told = results.summary.loc["sub-x", "message"]
        assert words in told if words else told == "n/a"

    return Kind(AREA, made, f"{MM3:,.0f} mm³" + (f"; told: “{words}”" if words else ""), check)


def brain() -> np.ndarray:
    """Return the template's brain on the grid of the masks, boolean."""
    template = load_template()
    return resample(template.brain, Image(np.zeros(SHAPE, bool), AFFINE), mode="nearest").data


def scaled(top: float, dtype: type) -> np.ndarray:
    """Return the template's T1w, brightest at `top`."""
    data = resample(load_template().t1w, Image(np.zeros(SHAPE, np.float32), AFFINE)).data.clip(0)
    return (data / data.max() * top).astype(dtype)


def fills(made: str, data: Callable[[], np.ndarray]) -> Kind:
    """Return a kind of a mask that fills the brain: no lesion, so in no volume, map or count."""

    def check(folder: Path) -> None:
        results = beside_plain(folder, "sub-x_mask", lambda path: saved(data())(path))
        row = results.patterns.loc["sub-x"]
        assert row["in_group"] == "false"
        assert row["out_of_group_reason"] == row["not_assessed_reason"] == "the lesion mask fills the brain"
        assert np.isnan(row["lesion_volume_mm3"])
        assert results.patterns.loc["sub-plain", "in_group"] == "true"

    return Kind(AREA, made, "not in the group, volume n/a: “the lesion mask fills the brain”", check)


def large(made: str, data: Callable[[], np.ndarray], percent: str) -> Kind:
    """Return a kind of a mask of so much of the brain that it may be none of a lesion: measured, and told."""

    def check(folder: Path) -> None:
        mask = data()
        results = beside_plain(folder, "sub-x_mask", lambda path: saved(mask.astype(np.uint8))(path))
        assert results.patterns.loc["sub-x", "lesion_volume_mm3"] == 64.0 * mask.sum()
        told = results.summary.loc["sub-x", "message"]
        assert f"holds {percent} % of the brain" in told, told

    return Kind(AREA, made, f"measured; told: “holds {percent} % of the brain”", check)


def half_outside(folder: Path) -> None:
    """A lesion of which 45 % lie in the air is measured, and the share is told."""
    air = np.argwhere(~brain() & (np.indices(SHAPE)[2] > 40))[: round(LESION.sum() * 0.45 / 0.55)]
    data = LESION.copy()
    data[tuple(air.T)] = 1
    results = beside_plain(folder, "sub-x_mask", lambda path: saved(data)(path))
    assert results.patterns.loc["sub-x", "lesion_volume_mm3"] == 64.0 * data.sum()
    assert (
        "45 % of the lesion lies outside of the template's brain" in results.summary.loc["sub-x", "message"]
    )


def lost(made: str, affine: np.ndarray) -> Kind:
    def check(folder: Path) -> None:
        data = np.ones((20, 20, 20), np.uint8)
        told = beside_plain(folder, "sub-x_mask", lambda path: saved(data, affine)(path)).summary.loc["sub-x"]
        assert told["status"] == "failed"
        assert "as where a header was lost" in told["message"]

    return Kind(AREA, made, "refused: “as where a header was lost”", check)


DERIVED = f"derivatives/l/{ANAT}_label-lesion"
NOT_THE_LESION = [
    used(made, "told, not used", "set lesion_pattern:", f"{DERIVED}_desc-{desc}_mask.nii.gz")
    for made, desc in (
        ("the oedema around a lesion", "edema"),
        ("what is no lesion (desc-notlesion)", "notlesion"),
        ("what is no lesion (desc-nonlesioned)", "nonlesioned"),
        ("what is no lesion (desc-background)", "background"),
        ("what is no lesion (desc-complement)", "complement"),
        ("a penumbra", "penumbra"),
        ("a halo", "halo"),
        ("a buffer around a lesion", "buffer"),
        ("a lesion that was dilated (desc-dil2)", "dil2"),
        ("a lesion that was expanded", "expanded"),
        ("a lesion mask warped to a template", "warped"),
        ("a lesion mask in MNI space by its desc-", "mni152"),
    )
]
MADE_OF_BRAIN = [
    used(
        f"a brain mask that was {desc}",
        "not used",
        "",
        f"derivatives/l/{ANAT}_label-brain_desc-{desc}_mask.nii.gz",
    )
    for desc in ("eroded", "dilated", "inverted")
]

PART, NO_LESION = "a part of a mask by its name", "its name is not that of a lesion mask"
KINDS = [
    *NOT_THE_LESION,
    *MADE_OF_BRAIN,
    used("a brain mask of one side (side-L)", "told, not used", "a part of a mask by its name", f"derivatives/l/{ANAT}_side-L_desc-brain_mask.nii.gz"),
    named("the mask of one hemisphere", "sub-x_hemi-L_mask", PART),
    named("a chunk of a mask", "sub-x_chunk-2_label-L_mask", PART),
    named("a brain mask", "sub-x_desc-brain_mask", NO_LESION),
    named("white matter by its label-", "sub-x_label-WM_mask", NO_LESION),
    named("grey matter by its label-", "sub-x_label-GM_probseg", NO_LESION),
    named("ventricles by their seg-", "sub-x_seg-ventricles_mask", NO_LESION),
    taken("white matter hyperintensities (label-WMH)", "sub-x_label-WMH_mask", ""),
    named("a T1w by its name", "sub-x_T1w", NO_LESION),
    named("space-fsaverage, the masks are said to lie in MNI152NLin2009aSym", "sub-x_space-fsaverage_mask", "lies in space fsaverage, another"),
    named("space-individual", "sub-x_space-individual_mask", "lies in space individual, the scan's own"),
    taken("another MNI152 template in the name", "sub-x_space-MNI152NLin6Asym_mask", f"says space-MNI152NLin6Asym, taken for {SPACE}"),
    taken("the study's template in the name", f"sub-x_space-{SPACE}_mask", ""),
    taken("a name that ends in .NII", "sub-x_mask", "", saved(ending=".NII")),
    taken("Slicer's .seg.nrrd", "sub-x_mask", "", lambda path: _slicer(path)),
    fills("the brain mask itself", lambda: brain().astype(np.uint8)),
    fills("the brain without the lesion (inverted)", lambda: (brain() & (LESION == 0)).astype(np.uint8)),
    fills("a T1w in 8 bits, its brightest 255", lambda: scaled(255, np.uint8)),
    fills("a T1w in fractions up to 1", lambda: scaled(1, np.float32)),
    Kind(AREA, "a lesion of which 45 % lie in the air", "measured; told: “45 % of the lesion lies outside”", half_outside),
    large("a mask of the left hemisphere", lambda: brain() & (np.arange(SHAPE[0]) < 22)[:, None, None], "47"),
    lost("an identity for an affine, in template space", np.eye(4)),
    lost("an identity of ITK (LPS) for an affine", np.diag([-1.0, -1, 1, 1])),
    lost("straight voxels of 2 mm from 0, 0, 0 on", np.diag([2.0, 2, 2, 1])),
]  # fmt: skip


def _slicer(path: Path) -> None:
    made = sitk.GetImageFromArray(LESION.T)
    made.SetSpacing((4.0, 4.0, 4.0))
    made.SetOrigin((90.0, 126.0, -72.0))
    made.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    sitk.WriteImage(made, f"{path}.seg.nrrd", useCompression=True)
