"""Images whose voxels are wrong, and masks that do not fit them: the stage preprocess on a coarse bare brain."""

import functools
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
from entrances import command, command_refused, plan
from kinds import Kind, refused

from cpimaging.atlases import load_template
from cpimaging.io import read_json

STEP = 4
Change = Callable[[np.ndarray], np.ndarray]


@functools.cache
def brain() -> tuple[np.ndarray, np.ndarray]:
    """Return the template's brain on a grid of 4 mm, 0 outside, and its affine."""
    template = load_template().t1w
    affine = template.affine @ np.diag([STEP, STEP, STEP, 1.0])
    return np.pad(template.data[::STEP, ::STEP, ::STEP].astype(np.float32), 1), _padded(affine)


def _padded(affine: np.ndarray) -> np.ndarray:
    moved = affine.copy()
    moved[:3, 3] -= affine[:3, :3].sum(axis=1)
    return moved


def millilitres(data: np.ndarray) -> float:
    return float(np.count_nonzero(data)) * STEP**3 / 1000


def save(path: Path, data: np.ndarray, affine: np.ndarray | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(data, brain()[1] if affine is None else affine), path)


def dataset(folder: Path, **images: np.ndarray) -> Path:
    """Write a dataset of one scan; images by contrast."""
    bids = folder / "bids"
    bids.mkdir()
    (bids / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    for contrast, data in images.items():
        save(bids / f"sub-01/anat/sub-01_{contrast}.nii.gz", data)
    return bids


def preprocess(bids: Path, out: Path) -> tuple[object, ...]:
    assert plan(bids, out) == ["sub-01"]
    return ("preprocess", "--scan", "sub-01", "--output-dir", out)


def bad(made: str, words: str, change: Change, slow: bool = False) -> Kind:
    def check(folder: Path) -> None:
        words_of_command = preprocess(dataset(folder, T1w=change(brain()[0].copy())), folder / "out")
        command_refused(words, "sub-01_T1w", *words_of_command)
        assert not list((folder / "out").rglob("*preproc*"))

    return Kind("voxels", made, refused(words), check, slow)


def measured(made: str, result: str, change: Change, note: str = "") -> Kind:
    """Return a kind whose brain has the volume that numpy counts in what is not 0."""

    def check(folder: Path) -> None:
        data = change(brain()[0].copy())
        code, told = command(*preprocess(dataset(folder, T1w=data), folder / "out"))
        assert code == 0, told
        anat = folder / "out/sub-01/anat"
        found = read_json(anat / "sub-01_space-orig_label-brain_mask.json")["BrainVolumeMillilitres"]
        assert np.isclose(found, millilitres(np.nan_to_num(data)), rtol=0.06)
        notes = read_json(anat / "sub-01_desc-preproc_T1w.json")["Notes"]
        assert any(note in line for line in notes) or not note, notes

    return Kind("voxels", made, result, check)


def at_centre(value: float) -> Change:
    def change(data: np.ndarray) -> np.ndarray:
        data[tuple(n // 2 for n in data.shape)] = value
        return data

    return change


def in_corner(value: float) -> Change:
    def change(data: np.ndarray) -> np.ndarray:
        data[0, 0, 0] = value
        return data

    return change


VOLUME = "the brain has the volume that numpy counts, to 6 %"
SCANS = [
    bad("nothing but 0", "holds only zeros", lambda data: data * 0),
    bad("nothing but NaN", "holds only zeros", lambda data: data * np.nan),
    bad("nothing but 7", "has the same value everywhere", lambda data: data * 0 + 7),
    bad("NaN inside the brain", "1 voxels inside the brain that are not numbers", at_centre(np.nan)),
    bad("infinity inside the brain", "1 voxels inside the brain that are not numbers", at_centre(np.inf)),
    bad("noise for a head", "no brain found", lambda data: np.random.default_rng(0).integers(1, 900, data.shape).astype(np.int16), slow=True),
    bad("one bright voxel", "has only two values", lambda data: at_centre(100.0)(data * 0)),
    bad("forty voxels of a brain", "less than a brain", lambda data: data * (np.cumsum(data > 0).reshape(data.shape) < 40)),
    bad("a mask for an image", "has only two values", lambda data: (data > 0).astype(np.uint8)),
    bad("three slices", "covers only 12 mm of the head", lambda data: data[:, :, 20:23]),
    bad("the lower 20 mm", "covers only 20 mm of the head", lambda data: data[:, :, :5]),
    bad("minus the image", "has no signal above 0", lambda data: -data),
    measured("a bare brain", VOLUME, lambda data: data),
    measured("NaN outside of the brain", VOLUME, in_corner(np.nan), "1 voxels outside the brain were not numbers"),
    measured("infinity outside of the brain", VOLUME, in_corner(np.inf), "1 voxels outside the brain were not numbers"),
    measured("a slab of 32 mm", VOLUME, lambda data: data[:, :, 18:26]),
    measured("8 bits", VOLUME, lambda data: np.ceil(data / data.max() * 255).astype(np.uint8)),
    measured("values up to 1e30", VOLUME, lambda data: data.astype(np.float64) * 1e30),
    measured("values down to 1e-30", VOLUME, lambda data: data * np.float32(1e-30)),
    measured("one voxel ten thousand times as bright", VOLUME, lambda data: at_centre(1e4 * data.max())(data)),
]  # fmt: skip


def other_contrast(made: str, words: str, change: Change, affine: np.ndarray | None = None) -> Kind:
    """Return a kind of a second contrast, a T2w, beside a good T1w."""

    def check(folder: Path) -> None:
        bids = dataset(folder, T1w=brain()[0])
        save(bids / "sub-01/anat/sub-01_T2w.nii.gz", change(brain()[0].copy()), affine)
        command_refused(words, "sub-01_T2w", *preprocess(bids, folder / "out"))

    return Kind("voxels", f"beside a good T1w, a T2w: {made}", refused(words), check)


def brain_mask(made: str, words: str, change: Change, shift_mm: float = 0.0) -> Kind:
    """Return a kind of a brain mask that is given beside a good T1w."""

    def check(folder: Path) -> None:
        bids = dataset(folder, T1w=brain()[0])
        affine = brain()[1].copy()
        affine[0, 3] += shift_mm
        path = bids / "derivatives/hdbet/sub-01/anat/sub-01_desc-brain_mask.nii.gz"
        save(path, change((brain()[0] > 0).astype(np.uint8)), affine)
        command_refused(words, "brain", *preprocess(bids, folder / "out"))

    return Kind("voxels", f"a brain mask: {made}", refused(words), check)


BESIDE = [
    other_contrast("nothing but 0", "holds only zeros", lambda data: data * 0),
    other_contrast("the T1w once more", "holds the voxels of the T1w", lambda data: data),
    other_contrast("the T1w once more, its header that of a T2w", "holds the voxels of the T1w", lambda data: data, np.diag([4.0, 4, 4, 1])),
    other_contrast("NaN inside the brain", "that are not numbers", at_centre(np.nan)),
    other_contrast("two volumes", "has 2 volumes", lambda data: np.stack([data, data], -1)),
    brain_mask("nothing but 0", "does not meet the scan", lambda mask: mask * 0),
    brain_mask("30 ml of a brain", "holds 30 ml", lambda mask: _first(mask, 30_000 // STEP**3)),
    brain_mask("a shell without inside", "", lambda mask: mask - np.roll(mask, 1, 0) * mask),
    brain_mask("soft, at most 0.3", "nowhere reaches 0.5", lambda mask: mask * np.float32(0.3) * np.linspace(0.1, 1, mask.shape[0])[:, None, None]),
    brain_mask("that of the scan with a lost header, 30 mm away", "another position", lambda mask: mask, 30.0),
    brain_mask("400 mm away", "does not meet that of the T1w", lambda mask: mask, 400.0),
]  # fmt: skip


def _first(mask: np.ndarray, voxels: int) -> np.ndarray:
    return (mask * (np.cumsum(mask).reshape(mask.shape) <= voxels)).astype(np.uint8)


KINDS = [*SCANS, *BESIDE]
