"""The embedded template: MNI152 2009a symmetric, 1 mm, from the maps that nilearn carries."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from scipy import ndimage

from cpimaging.cache import cached_folder, digest
from cpimaging.images import read_image, write_image
from cpimaging.types import Image

SPACE = "MNI152NLin2009aSym"
MAPS = {"T1w": "template", "GM": "gm_template", "WM": "wm_template"}
BRAIN = "desc-brain_mask"


@dataclass(frozen=True)
class Template:
    """A brain template: T1-weighted image, tissue shares and brain mask on one grid.

    t1w: float32 0–1, 0 outside of the brain. gm, wm: float32, share of the voxel, 0–1.
    brain: bool.
    """

    name: str
    t1w: Image
    gm: Image
    wm: Image
    brain: Image


def load_template() -> Template:
    """Return the embedded template; it is written to the user's cache at first use.

    MNI152 2009a symmetric (Fonov et al., NeuroImage 2011;54:313), brain-extracted, 197 × 233 × 189
    voxels of 1 mm, exactly mirror-symmetric about the plane x = 0.
    """
    folder = _folder()
    t1w, gm, wm = (read_image(folder / f"tpl-{SPACE}_{suffix}.nii") for suffix in MAPS)
    return Template(SPACE, t1w, gm, wm, template_brain())


def template_brain() -> Image:
    """Return the brain mask of `load_template` alone, bool, in an eighth of the time."""
    brain = read_image(_folder() / f"tpl-{SPACE}_{BRAIN}.nii", labels=True)
    return brain.with_data(brain.data.astype(bool))


def _folder() -> Path:
    name = f"tpl-{SPACE}_{digest([Path(__file__)], version('nilearn'))}"
    return cached_folder(name, _write_template)


def _write_template(folder: Path) -> None:
    from nilearn import datasets  # takes seconds to import

    for suffix, name in MAPS.items():
        nifti = getattr(datasets, f"load_mni152_{name}")(resolution=1)
        image = Image(nifti.get_fdata(dtype=np.float32), np.asarray(nifti.affine, dtype=float))
        # uncompressed: read in a tenth of the time
        write_image(folder / f"tpl-{SPACE}_{suffix}.nii", image, template_space=True)
        if suffix == "T1w":
            brain = image.with_data(ndimage.binary_fill_holes(image.data > 0))
            write_image(folder / f"tpl-{SPACE}_{BRAIN}.nii", brain, template_space=True)
