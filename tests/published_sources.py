"""Fill nilearn's cache layout: with the real Harvard-Oxford and AAL3, or with stand-ins cut from an atlas.

The label files are written here. Of Juelich and Pauli 2017 there are stand-ins only.
"""

import shutil
import socket
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from cpimaging.atlases.published.compose import label_table
from cpimaging.atlases.published.sources import FILES
from cpimaging.types import Atlas

SUBCORTICAL = (  # in the order of their numbers, with the misspelling and the blank of the original
    *("Left Cerebral White Matter", "Left Cerebral Cortex ", "Left Lateral Ventrical", "Left Thalamus"),
    *("Left Caudate", "Left Putamen", "Left Pallidum", "Brain-Stem", "Left Hippocampus", "Left Amygdala"),
    *("Left Accumbens", "Right Cerebral White Matter", "Right Cerebral Cortex ", "Right Lateral Ventricle"),
    *("Right Thalamus", "Right Caudate", "Right Putamen", "Right Pallidum", "Right Hippocampus"),
    *("Right Amygdala", "Right Accumbens"),
)
CORTICAL = tuple(label_table().query("step == 7")["label"])
JUELICH = (  # nilearn merges the sides and numbers the names anew, in alphabetical order
    *("GM Visual cortex V1 BA17 L", "GM Visual cortex V1 BA17 R", "WM Optic radiation R", "WM Fornix"),
    *("WM Corticospinal tract L", "WM Corticospinal tract R", "WM Optic radiation L"),
)
PAULI = ("Pu", "Ca", "SNc", "RN", "SNr", "STH")
PUBLISHED = "published_atlases"
NLIN6 = "MNI152NLin6_res-1x1x1_T1w_desc-brain.nii.gz"


def no_network(patch: pytest.MonkeyPatch) -> None:
    """Refuse every connection."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network")

    patch.setattr(socket, "create_connection", refuse)
    patch.setattr(socket, "getaddrinfo", refuse)


def fill_with_real(cache: Path, data: Path) -> None:
    """Lay the real Harvard-Oxford and AAL3 images where nilearn looks for them, and the NLin6 T1w."""
    published, paths = data / PUBLISHED, _paths(cache)
    images = {
        "HarvardOxford-cort": "HarvardOxfordcort-maxprob-thr25_space-MNI152NLin6_res-1x1x1.nii.gz",
        "HarvardOxford-sub": "HarvardOxfordsub-maxprob-thr25_space-MNI152NLin6_label_all_res-1x1x1.nii.gz",
        "T1w": NLIN6,
    }
    for key, name in images.items():
        shutil.copyfile(published / name, paths[key])
    write_fsl_labels(paths["HarvardOxford-Cortical"], CORTICAL)
    write_fsl_labels(paths["HarvardOxford-Subcortical"], SUBCORTICAL)
    aal3 = nib.load(published / "AAL3v1_MNI152_1mm_182x218x182.nii.gz")
    nib.save(aal3, paths["AAL3v1.nii"])
    names = pd.read_csv(published / "atlas-aal3_scale-166_dseg.tsv", sep="\t")["name"]
    numbers = np.unique(np.asanyarray(aal3.dataobj))[1:]
    write_aal_labels(paths["AAL3v1.xml"], dict(zip(numbers.tolist(), names, strict=True)))


def fill_with_stand_ins(cache: Path, atlas: Atlas, t1w: NDArray[np.float32]) -> None:
    """Write all five sources, cut from an atlas on its own grid: their composite must be that atlas."""
    paths, affine = _paths(cache), atlas.dseg.labels.affine
    _write(paths["HarvardOxford-sub"], _cut(atlas, SUBCORTICAL), affine, np.float32)
    _write(paths["HarvardOxford-cort"], _cut(atlas, CORTICAL), affine, np.float32)
    write_fsl_labels(paths["HarvardOxford-Subcortical"], SUBCORTICAL)
    write_fsl_labels(paths["HarvardOxford-Cortical"], CORTICAL)
    _write(paths["Juelich-maxprob"], _cut(atlas, JUELICH), affine, np.float32)
    write_fsl_labels(paths["Juelich.xml"], JUELICH)
    aal3 = ["Precentral_L", *label_table().query("source == 'aal3'")["label"]]
    numbers = np.array([0, *(100 + 3 * np.arange(len(aal3)))])  # with gaps
    _write(paths["AAL3v1.nii"], numbers[_cut(atlas, aal3)], affine, np.uint8)
    write_aal_labels(paths["AAL3v1.xml"], dict(zip(numbers[1:].tolist(), aal3, strict=True)))
    _write(paths["pauli_2017_det"], _cut(atlas, PAULI), affine, np.uint8)
    paths["labels.txt"].write_text("".join(f"{i} {name}\n" for i, name in enumerate(PAULI)), encoding="utf-8")
    _write(paths["T1w"], t1w, affine, np.float32)


def write_fsl_labels(path: Path, names: tuple[str, ...]) -> None:
    """Write an FSL atlas description: labels counted from 0."""
    labels = "".join(f'<label index="{i}" x="0" y="0" z="0">{name}</label>' for i, name in enumerate(names))
    path.write_text(f"<atlas><data>{labels}</data></atlas>", encoding="utf-8")


def write_aal_labels(path: Path, names: dict[int, str]) -> None:
    """Write AAL's list of labels with their numbers."""
    labels = "".join(f"<label><index>{i}</index><name>{name}</name></label>" for i, name in names.items())
    path.write_text(f"<atlas><data>{labels}</data></atlas>", encoding="utf-8")


def _paths(cache: Path) -> dict[str, Path]:
    """Return the files of the layout by the part of their name that tells them apart."""
    files = [cache / "nilearn" / name for names in FILES.values() for name in names]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
    parts = (
        *("HarvardOxford-cort", "HarvardOxford-sub", "HarvardOxford-Cortical", "HarvardOxford-Subcortical"),
        *(
            "T1w",
            "AAL3v1.nii",
            "AAL3v1.xml",
            "Juelich-maxprob",
            "Juelich.xml",
            "pauli_2017_det",
            "labels.txt",
        ),
    )
    return {part: next(path for path in files if path.name.find(part) >= 0) for part in parts}


def _cut(atlas: Atlas, names: tuple[str, ...] | list[str]) -> NDArray[np.int32]:
    """Return the atlas under the labels of a source: number of the name, counted from 1."""
    table = label_table().set_index("label")
    labels = np.zeros(atlas.dseg.labels.shape, np.int32)
    y = np.arange(labels.shape[1])[None, :, None]
    for number, name in enumerate(names, start=1):
        side = {" L": "left", " R": "right"}.get(name[-2:])
        known = name.strip().replace("Ventrical", "Ventricle").removesuffix(" L").removesuffix(" R")
        if known not in table.index:
            continue
        structures = set(table.loc[known, "structure"].split("+"))
        rivals = table[(table["structure"] == table.loc[known, "structure"]) & (table["step"] == 7)].index
        turn = y % len(rivals) == rivals.get_loc(known) if known in rivals else y >= 0  # gyri take turns
        mask = _mask(atlas, structures, side or table.loc[known, "side"]) & turn
        labels[mask & (labels == 0)] = number
    return labels


def _mask(atlas: Atlas, structures: set[str], side: str) -> NDArray[np.bool_]:
    """Return structures of one side, with that half of the midline ones that lie beside the plane x = 0."""
    grid = atlas.dseg.labels
    x = grid.affine[0, 0] * np.arange(grid.shape[0]) + grid.affine[0, 3]
    half = {"left": x < 0, "right": x > 0}.get(side, np.isfinite(x))[:, None, None]
    return _of(atlas, structures, side) | (_of(atlas, structures, "midline") & half)


def _of(atlas: Atlas, structures: set[str], side: str) -> NDArray[np.bool_]:
    sides = ("left", "right", "midline") if side == "both" else (side,)
    found = np.zeros(atlas.dseg.labels.shape, bool)
    for label_map in (atlas.dseg, *atlas.overlays.values()):
        wanted = [r.index for r in label_map.regions if r.structure in structures and r.side in sides]
        found |= np.isin(label_map.labels.data, wanted)
    return found


def _write(path: Path, data: NDArray[np.generic], affine: NDArray[np.float64], dtype: type) -> None:
    """Write an image with its first axis to the left, as FSL's are."""
    left = affine @ np.array([[-1, 0, 0, data.shape[0] - 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    nib.save(nib.Nifti1Image(data[::-1].astype(dtype), left), path)
