"""Lesion masks of a scan: where they lie on it and what is counted, on a coarse brain in template space."""

import functools
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
from entrances import command, command_refused, plan
from kinds import Kind, refused
from kinds_data import STEP, brain, dataset, save
from kinds_masks import ellipsoid
from scipy import ndimage

from cpimaging.io import read_json
from cpimaging.layout import sidecar_path
from cpimaging.quantify.depth import white_matter_depth
from cpimaging.quantify.load import load_in
from cpimaging.quantify.partition import partition
from cpimaging.study.job import Job
from cpimaging.study.measuring_grid import measuring_grid

MASK = Path("derivatives/l/sub-01/anat")
Write = Callable[[Path], object]
"""Writes a mask into the folder of the masks."""


@functools.cache
def processed() -> Path:
    """Return a folder with a dataset and its results up to the segmentation, without a lesion."""
    folder = Path(tempfile.mkdtemp(prefix="hostile_"))
    bids = dataset(folder, T1w=brain()[0])
    plan(bids, folder / "out")
    for stage in ("preprocess", "register", "segment"):
        assert command(*_stage(stage, folder / "out"))[0] == 0
    return folder


def _stage(name: str, out: Path) -> tuple[object, ...]:
    more = {"register": ("--engine", "identity", "--detection", "off"), "segment": ("--detection", "off")}
    return (name, "--scan", "sub-01", "--output-dir", out, *more.get(name, ()))


def _lesion() -> np.ndarray:
    return ellipsoid(brain()[0].shape, brain()[1]).astype(np.uint8)


def _soft() -> np.ndarray:
    soft = ndimage.gaussian_filter(_lesion().astype(float), 1)
    return soft / soft.max()


def write_mask(
    folder: Path, data: np.ndarray, affine: np.ndarray | None = None, name: str = "label-L_mask", codes: tuple[int, int] = (1, 1), dtype: object = None, unit: str = "mm"
) -> None:  # fmt: skip
    affine = brain()[1] if affine is None else affine
    image = nib.Nifti1Image(data, affine)
    image.set_sform(affine, codes[0])
    image.set_qform(affine if codes[1] else None, codes[1])
    image.header.set_xyzt_units(unit)
    if dtype is not None:
        image.set_data_dtype(dtype)
    nib.save(image, folder / f"sub-01_{name}.nii.gz")


def plain(change: Callable[[np.ndarray], np.ndarray] = lambda lesion: lesion, **words: object) -> Write:
    return lambda folder: write_mask(folder, change(_lesion()), **words)  # type: ignore[arg-type]


def at(change: Callable[[np.ndarray], np.ndarray]) -> Write:
    """Return what writes the mask with another affine."""
    return lambda folder: write_mask(folder, _lesion(), change(brain()[1].copy()))


def moved(x: float = 0, y: float = 0, z: float = 0) -> Write:
    return at(lambda affine: affine + np.pad(np.array([[x], [y], [z], [0.0]]), ((0, 0), (3, 0))))


def boxed(margin: int) -> Write:
    def write(folder: Path) -> None:
        box = tuple(slice(s.start - margin, s.stop + margin) for s in ndimage.find_objects(_lesion())[0])
        affine = brain()[1].copy()
        affine[:3, 3] = (affine @ [*(s.start for s in box), 1.0])[:3]
        write_mask(folder, np.ascontiguousarray(_lesion()[box]), affine)

    return write


def in_order(codes: str) -> Write:
    def write(folder: Path) -> None:
        image = nib.Nifti1Image(_lesion(), brain()[1])
        turned = image.as_reoriented(nib.orientations.axcodes2ornt(tuple(codes)))
        write_mask(folder, np.asanyarray(turned.dataobj), turned.affine)

    return write


def _grid(
    shape: tuple[int, ...], matrix: np.ndarray, start_mm: tuple[float, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lesion on a grid of its own, and its affine."""
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = matrix, start_mm
    return ellipsoid(shape, affine).astype(np.uint8), affine


def on_grid(grid: tuple[np.ndarray, np.ndarray], codes: tuple[int, int] = (1, 1)) -> Write:
    return lambda folder: write_mask(folder, *grid, codes=codes)


FINE = _grid((100, 120, 100), np.diag([2.0, 2, 2]), (-100, -130, -80))
THICK = _grid((100, 120, 25), np.diag([2.0, 2, 8]), (-100, -130, -80))
SHEARED = _grid((60, 60, 50), np.array([[4.0, 0, 1], [0, 4, 0], [0, 0, 4]]), (-140, -130, -80))
TURNED = _grid((64, 64, 64), np.array([[2.6, -1.5, 0], [1.5, 2.6, 0], [0, 0, 3.0]]), (-60, -170, -80))


def volume(grid: tuple[np.ndarray, np.ndarray]) -> float:
    return float(grid[0].sum()) * abs(float(np.linalg.det(grid[1][:3, :3])))


def lost_header(folder: Path) -> None:
    write_mask(folder, _lesion(), np.eye(4))


def micron(folder: Path) -> None:
    write_mask(folder, _lesion(), np.diag([1000.0, 1000, 1000, 1]) @ brain()[1], unit="micron")


@dataclass(frozen=True)
class Counted:
    """What came of a mask: volume in mm³, shares of regions by structure, side and layer, notes."""

    mm3: float
    load: pd.DataFrame
    notes: list[str]


def counted(folder: Path) -> Counted:
    """Register and count the mask of a folder that `processed` was copied to."""
    bids, out = folder / "bids", folder / "out"
    plan(bids, out)
    code, told = command(*_stage("register", out))
    assert code == 0, told
    job = Job(out, "sub-01", engine="identity")
    grid = measuring_grid(job, job.lesion)
    depth, _ = white_matter_depth(grid.labels, grid.atlas.dseg.regions)
    load = load_in(grid.mask, partition(grid.labels, grid.atlas.dseg, {}, grid.brain, depth))
    notes = read_json(sidecar_path(job.files.xfm_to_scan("T1w")))["Notes"]
    return Counted(float(load["lesion_volume_mm3"].sum()), load, notes)


def copied(folder: Path) -> Path:
    shutil.copytree(processed(), folder, dirs_exist_ok=True)
    (folder / "bids" / MASK).mkdir(parents=True)
    return folder / "bids" / MASK


@functools.cache
def truth() -> tuple[pd.DataFrame, float]:
    """Return the load table of the plain mask, and its volume as numpy counts it."""
    folder = Path(tempfile.mkdtemp(prefix="hostile_"))
    plain()(copied(folder))
    return counted(folder).load, float(_lesion().sum()) * STEP**3


def good(
    made: str, write: Write, note: str = "", mm3: Callable[[], float] | None = None, points: float = 0.1
) -> Kind:
    """Return a kind whose volume is mm3, that of the plain mask without it, and whose shares are alike."""

    def check(folder: Path) -> None:
        write(copied(folder))
        found, (load, whole) = counted(folder), truth()
        assert np.isclose(found.mm3, mm3() if mm3 else whole, rtol=1e-6), (found.mm3, whole)
        assert found.load[found.load["side"] == "right"]["lesion_volume_mm3"].sum() == 0
        if points:
            share, alike = (t["percent_region"].to_numpy() for t in (found.load, load))
            large = load["region_volume_mm3"].to_numpy() > 20_000
            assert np.allclose(share[large], alike[large], atol=points), np.nanmax(
                np.abs(share - alike)[large]
            )
        assert any(note in line for line in found.notes) if note else found.notes == [], found.notes

    told = f"; told: “{note}”" if note else ""
    return Kind(
        "masks of scans", made, f"the volume that numpy counts, shares alike to {points} points{told}", check
    )


def bad(made: str, words: str, write: Write) -> Kind:
    def check(folder: Path) -> None:
        write(copied(folder))
        plan(folder / "bids", folder / "out")
        command_refused(words, "label-L_mask", *_stage("register", folder / "out"))

    return Kind("masks of scans", made, refused(words), check)


def drawn_on_t2w(
    made: str,
    result: str,
    name: str,
    grid: Callable[[np.ndarray], np.ndarray],
    moved_with: bool,
    cut: int = 0,
) -> Kind:
    """Return a kind of a T2w that lies elsewhere than the T1w by 7.8 mm, and a mask that was drawn on it."""

    def check(folder: Path) -> None:
        bids = dataset(folder, T1w=brain()[0])
        away = np.eye(4)
        away[:3, 3] = [2, 7, 3]
        grey = brain()[0]
        affine = away @ brain()[1] @ _cut(cut)
        save(
            bids / "sub-01/anat/sub-01_T2w.nii.gz",
            np.where(grey > 0, 1.1 * grey.max() - grey, 0)[:, :, cut:].astype(np.float32),
            affine,
        )
        (bids / MASK).mkdir(parents=True)
        write_mask(bids / MASK, np.ascontiguousarray(_lesion()[:, :, cut:]), grid(affine), name)
        plan(bids, folder / "out")
        for stage in ("preprocess", "register"):
            code, told = command(*_stage(stage, folder / "out"))
            assert code == 0, told
        job = Job(folder / "out", "sub-01")
        record = read_json(sidecar_path(job.files.xfm_to_scan("T1w")))
        way = np.array(record["LesionFromReference"])
        assert np.linalg.norm(way[:3, 3] - (away[:3, 3] if moved_with else 0)) < 1.5, way
        assert record["LesionDrawnOn"] == (
            "sub-01/anat/sub-01_T2w.nii.gz" if moved_with else "sub-01/anat/sub-01_T1w.nii.gz"
        )

    return Kind("masks of scans", made, result, check, slow=True)


def _cut(slices: int) -> np.ndarray:
    step = np.eye(4)
    step[2, 3] = slices
    return step


MOVES = "it moves with the T2w, to 1.5 mm"
KINDS = [
    good("on the grid of the scan", plain()),
    good("cropped to its box (3D Slicer), one voxel around", boxed(1), "another grid"),
    good("cropped to its box exactly", boxed(0), "another grid"),
    good("axes up, right, front (SRA)", in_order("SRA")),
    good("axes left, back, up (LPS)", in_order("LPS")),
    good("axes down, front, left (IAL)", in_order("IAL")),
    good("soft in 8 bits: at most 1.00000006", lambda folder: write_mask(folder, _soft(), dtype=np.uint8), "soft mask: voxels of 0.5", lambda: 64.0 * (np.rint(_soft() * 255) >= 127.5).sum(), 0),
    good("soft in percent", lambda folder: write_mask(folder, (_soft() * 100).astype(np.float32)), "in percent: voxels of 50", lambda: 64.0 * (_soft() >= 0.5).sum(), 0),
    good("0 and 255", plain(lambda lesion: lesion * np.uint8(255)), "the higher counts"),
    good("NaN outside (SPM)", plain(lambda lesion: np.where(lesion, 1, np.nan).astype(np.float32)), "no numbers count as outside"),
    good("an affine rounded to 1e-4 and 0.02 mm", at(lambda affine: affine + np.pad(np.full((3, 1), 0.02), ((0, 1), (3, 0))) + np.diag([1e-4, 1e-4, 1e-4, 0]))),
    good("lengths in µm", micron),
    good("voxels of 2 mm", on_grid(FINE), "another grid", lambda: volume(FINE), 3.0),
    good("slices of 8 mm", on_grid(THICK), "another grid", lambda: volume(THICK), 3.0),
    good("a sheared sform and no qform", on_grid(SHEARED, (1, 0)), "another grid", lambda: volume(SHEARED), 3.0),
    good("turned by 30 degrees", on_grid(TURNED), "another grid", lambda: volume(TURNED), 3.0),
    bad("half a voxel off", "has the shape of the scan but another position", moved(2.0)),
    bad("one slice off", "has the shape of the scan but another position", moved(z=4.0)),
    bad("a lost header (identity)", "has the shape of the scan but another position", lost_header),
    bad("soft, at most 0.45", "nowhere reaches 0.5", lambda folder: write_mask(folder, (_soft() * 0.45).astype(np.float32))),
    bad("60 whole numbers", "none of a mask", lambda folder: write_mask(folder, np.rint(_soft() * 60).astype(np.int16))),
    bad("in the corner of the image", "lies outside the brain", plain(lambda lesion: np.pad(np.ones((3, 3, 3), np.uint8), [(0, n - 3) for n in lesion.shape]))),
    bad("a box 80 mm away", "lies outside the brain", lambda folder: write_mask(folder, np.ones((5, 5, 5), np.uint8), np.array([[4.0, 0, 0, 60], [0, 4, 0, 70], [0, 0, 4, 80], [0, 0, 0, 1]]))),
    bad("colours (RGB)", "is a colour image", lambda folder: write_mask(folder, np.zeros(brain()[0].shape, [(c, "u1") for c in "RGB"]))),
    bad("sform and qform both 0", "left and right are unknown", plain(codes=(0, 0))),
    bad("a negative value", "negative or infinite", plain(lambda lesion: lesion.astype(np.int16) - 2 * np.roll(lesion, 4, 0).astype(np.int16))),
    drawn_on_t2w("drawn on a T2w 7.8 mm away, named so, its grid a slice shorter", MOVES, "T2w_desc-lesion_mask", lambda affine: affine, True, 1),
    drawn_on_t2w("drawn on a T2w 7.8 mm away, of the same matrix", MOVES, "T2w_desc-lesion_mask", lambda affine: affine, True),
    drawn_on_t2w("drawn on a T2w 7.8 mm away, on its grid, not named", MOVES, "desc-lesion_mask", lambda affine: affine, True),
    drawn_on_t2w("named for a T2w 7.8 mm away, on the grid of the T1w", "it stays with the T1w", "T2w_desc-lesion_mask", lambda affine: brain()[1], False),
]  # fmt: skip
