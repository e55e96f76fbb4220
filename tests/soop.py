"""The stroke masks in ../shared/data: how they are measured with their own territory atlas."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd

from cpimaging.atlases import write_atlas
from cpimaging.images import read_image
from cpimaging.io import read_table
from cpimaging.types import Atlas, LabelMap, Region

DATA = Path(__file__).parents[1] / ".." / "shared" / "data" / "soop_stroke"
SPACE = "MNI152soop"
"""No template of ours: the territory atlas and the masks share it."""

CORTICAL = {
    ("left", "aca"): (1,),
    ("right", "aca"): (2,),
    ("left", "mca"): (7, 9, 11, 13, 15),
    ("right", "mca"): (8, 10, 12, 14, 16),
    ("left", "pca"): (17, 19),
    ("right", "pca"): (18, 20),
}
"""Territory codes of the cortical branches: odd is left, whatever the headers call it."""

DEEP = {
    "lenticulostriate": ((3, 5), (4, 6)),
    "choroidal and thalamoperforating": ((21, 23), (22, 24)),
    "vertebrobasilar": (tuple(range(25, 31)),),
}
"""Codes of the deep branches, left and right, and of the vertebrobasilar ones, of both sides together."""

SHARE, LEAST_MM3 = 0.9, 1500


def write_territories(folder: Path) -> Path:
    """Write the territory image as an atlas folder of regions that no vocabulary knows."""
    labels = read_image(DATA / "ArterialAtlas136.nii.gz", labels=True)
    labels = labels.with_data(np.rint(labels.data).astype(np.int16))
    x = nib.affines.apply_affine(labels.affine, np.argwhere(labels.data > 0))[:, 0]
    codes = labels.data[labels.data > 0]
    regions = tuple(
        Region(int(code), f"code_{code}", "n/a", "left" if x[codes == code].mean() < 0 else "right", "n/a")
        for code in np.unique(codes)
    )
    atlas = Atlas("territories", "1", SPACE, LabelMap(labels, regions), {}, {"License": "BSD-2-Clause"})
    write_atlas(folder, atlas)
    return folder


def published() -> pd.DataFrame:
    """Return the peer's table: participant × code 1–31, lesion voxels in a region / voxels of the region."""
    table = read_table(DATA / "artery_table.tsv").set_index("participant_id")
    table = table.drop(columns="lesion_volume").astype(float)
    return table.rename(columns={name: int(name.split("_")[0]) for name in table})


def measured(output: Path) -> pd.DataFrame:
    """Return the same from the group's load table, for all codes."""
    load = read_table(output / "group_desc-lesionload_stats.tsv")
    load = load[load["structure"].str.startswith("code_")]
    return load.assign(
        code=load["structure"].str.removeprefix("code_").astype(int),
        share=load["percent_region"].astype(float) / 100,
        lesion=load["percent_lesion"].replace("n/a", "nan").astype(float) / 100,
    )


def shares_of_lesion(output: Path) -> pd.DataFrame:
    """Return participant × code: the share of the lesion that lies in each territory."""
    return measured(output).pivot_table(index="participant_id", columns="code", values="lesion")
