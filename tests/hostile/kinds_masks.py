"""Lesion masks in bulk: all of them in one job, among plain ones, whose rows must not change."""

import functools
import gzip
import itertools
import struct
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import SimpleITK as sitk
from kinds import Kind, refused
from scipy import ndimage

from cpimaging.io import read_table
from cpimaging.scorers.group import group_dtypes
from cpimaging.stages.masks import MaskJob, run
from cpimaging.types import LESIONLOAD_COLUMNS

SPACE = "MNI152NLin2009aSym"
SHAPE = (46, 55, 46)
AFFINE = np.array([[4.0, 0, 0, -90], [0, 4, 0, -126], [0, 0, 4, -72], [0, 0, 0, 1]])


def ellipsoid(shape: tuple[int, ...] = SHAPE, affine: np.ndarray = AFFINE) -> np.ndarray:
    """Return a lesion in the left white matter on any grid."""
    at = np.argwhere(np.ones(shape)) @ affine[:3, :3].T + affine[:3, 3]
    return ((((at - [-25, -22, 24]) / [9, 13, 9]) ** 2).sum(axis=1) <= 1).reshape(shape)


LESION = ellipsoid().astype(np.uint8)
MM3 = 64.0 * LESION.sum()
_BLURRED = ndimage.gaussian_filter(LESION.astype(float), 1)
SOFT = _BLURRED / _BLURRED.max()
SOFT_MM3 = 64.0 * (SOFT >= 0.5).sum()
BOX = ndimage.find_objects(LESION)[0]

Write = Callable[[Path], object]
"""Writes a mask whose path lacks its ending."""


def image(
    data: np.ndarray = LESION,
    affine: np.ndarray = AFFINE,
    codes: tuple[int, int] = (4, 4),
    dtype: object = None,
    kind: type = nib.Nifti1Image,
) -> nib.Nifti1Image:
    made = kind(data, affine, dtype=dtype if data.dtype == np.int64 else None)
    made.set_sform(affine, codes[0])
    made.set_qform(affine if codes[1] else None, codes[1])
    if dtype is not None:
        made.set_data_dtype(dtype)
    return made


def saved(*args: object, ending: str = ".nii.gz", **words: object) -> Write:
    return lambda path: nib.save(image(*args, **words), f"{path}{ending}")  # type: ignore[arg-type]


def raw(change: Callable[[bytearray], bytes | bytearray], ending: str = ".nii") -> Write:
    """Return what writes a mask once its bytes were changed."""
    return lambda path: Path(f"{path}{ending}").write_bytes(change(bytearray(image().to_bytes())))


def another_form(form: np.ndarray) -> Write:
    def write(path: Path) -> None:
        made = image()
        made.set_qform(form, 4)
        nib.save(made, f"{path}.nii.gz")

    return write


def in_order(codes: str) -> Write:
    """Return what writes the mask with its axes in another order: by nibabel's own turning."""
    wanted = nib.orientations.axcodes2ornt(tuple(codes))
    return lambda path: nib.save(image().as_reoriented(wanted), f"{path}.nii.gz")


def part(low: tuple[int, ...], high: tuple[int, ...]) -> Write:
    """Return what writes a part of the grid, or, with numbers below 0 or beyond, more than it."""
    padded = np.pad(LESION, 20)
    box = tuple(slice(a + 20, b + 20) for a, b in zip(low, high, strict=True))
    affine = AFFINE.copy()
    affine[:3, 3] += 4.0 * np.array(low)
    return saved(np.ascontiguousarray(padded[box]), affine)


def around(voxels: int) -> Write:
    return part(tuple(s.start - voxels for s in BOX), tuple(s.stop + voxels for s in BOX))


def by_itk(ending: str) -> Write:
    def write(path: Path) -> None:
        made = sitk.GetImageFromArray(LESION.transpose(2, 1, 0))
        made.SetSpacing((4.0, 4.0, 4.0))
        made.SetOrigin((90.0, 126.0, -72.0))
        made.SetDirection((-1.0, 0, 0, 0, -1.0, 0, 0, 0, 1.0))
        sitk.WriteImage(made, f"{path}{ending}", True)

    return write


def shifted(x: float = 0, y: float = 0, z: float = 0) -> np.ndarray:
    affine = AFFINE.copy()
    affine[:3, 3] += x, y, z
    return affine


def poke(form: str, place: int, *values: object) -> Callable[[bytearray], bytearray]:
    def change(content: bytearray) -> bytearray:
        struct.pack_into(form, content, place, *values)
        return content

    return change


def with_nan(data: np.ndarray, where: np.ndarray) -> np.ndarray:
    return np.where(where, np.nan, data).astype(np.float32)


def finer() -> tuple[np.ndarray, np.ndarray]:
    affine = np.diag([3.0, 3, 3, 1])
    affine[:3, 3] = AFFINE[:3, 3]
    return ellipsoid((61, 73, 61), affine).astype(np.uint8), affine


@dataclass(frozen=True)
class Mask:
    """A mask of the batch.

    made: in words. write: how. refused: words of the refusal, "" where it is measured. mm3: its volume,
    counted by numpy. note: words that must be told of how it was read. at: where the lesion lies.
    """

    made: str
    write: Write
    refused: str = ""
    mm3: float = MM3
    note: str = ""
    at: str = "left white matter"


UNKNOWN = "left and right are unknown"
OUTSIDE = "outside of the template's brain"
NO_MASK = "none of a mask"
MASKS = [
    Mask("a plain mask", saved()),
    Mask("sform and qform both 0", saved(codes=(0, 0)), UNKNOWN),
    Mask("sform and qform both 0, plain file", saved(codes=(0, 0), ending=".nii"), UNKNOWN),
    Mask("sform and qform both 0, NIfTI-2", saved(codes=(0, 0), kind=nib.Nifti2Image), UNKNOWN),
    Mask("sform and qform of opposite handedness", another_form(np.diag([-1.0, 1, 1, 1]) @ AFFINE), "opposite handedness"),
    Mask("sform and qform mirrored front to back", another_form(np.diag([1.0, -1, 1, 1]) @ AFFINE), "opposite handedness"),
    Mask("sform and qform 12 mm apart", another_form(shifted(x=12)), "place it up to 12.0 mm apart"),
    Mask("qform with the axes of another order", another_form(AFFINE[:, [1, 2, 0, 3]]), "apart"),
    Mask("a file cut to 200 bytes", raw(lambda c: c[:200]), "is truncated"),
    Mask("a file cut to 10 bytes", raw(lambda c: c[:10]), ""),
    Mask("a packed file cut in half", raw(lambda c: gzip.compress(c)[:150], ".nii.gz"), "cannot be read"),
    Mask("an empty file", raw(lambda c: b""), "is empty"),
    Mask("a gzip bomb", raw(lambda c: gzip.compress(bytes(c) + bytes(50_000_000), 1), ".nii.gz"), "holds more"),
    Mask("voxels from infinity on", raw(poke("<f", 108, float("inf"))), "its header cannot be read"),
    Mask("voxels from 0 on: the header as voxels", raw(poke("<f", 108, 0.0)), "begin within it"),
    Mask("32767 voxels along each axis", raw(poke("<4h", 40, 3, 32767, 32767, 32767)), "is truncated"),
    Mask("colours (RGB)", saved(np.zeros(SHAPE, [(c, "u1") for c in "RGB"])), "colour"),
    Mask("complex numbers", saved(LESION.astype(np.complex64)), "complex"),
    Mask("two volumes", saved(np.stack([LESION, LESION], -1)), "has 2 volumes"),
    Mask("a single slice", saved(LESION[:, :, 24:25]), "a volume is expected"),
    Mask("slope infinite", raw(poke("<2f", 112, float("inf"), 0.0)), "scaling"),
    Mask("nothing but NaN and 0", saved(with_nan(LESION * 0, LESION > 0)), "nothing but 0 and voxels that are no"),
    Mask("nothing but NaN", saved(np.full(SHAPE, np.nan, np.float32)), "nothing but 0 and voxels that are no"),
    Mask("a negative value beside 1", saved(LESION - 3 * np.roll(LESION, 5, 0).astype(np.int16)), "negative"),
    Mask("an infinite value", saved(np.where(LESION, np.inf, 0).astype(np.float32)), "negative or infinite"),
    Mask("a T1w for a mask", saved((1000 * ndimage.gaussian_filter(SOFT, 2) + 300).astype(np.int16)), NO_MASK),
    Mask("soft, at most 0.45", saved((SOFT * 0.45).astype(np.float32)), "nowhere reaches 0.5 (at most 0.45)"),
    Mask("soft, at most 0.2, in 8 bits", saved(SOFT * 0.2, dtype=np.uint8), "nowhere reaches 0.5 (at most 0.2)"),
    Mask("60 whole numbers: lesions or percent?", saved(np.rint(SOFT * 60).astype(np.int16)), NO_MASK),
    Mask("fractions up to 37.5", saved((SOFT * 37.5).astype(np.float32)), NO_MASK),
    Mask("fractions up to 3", saved((SOFT * 3).astype(np.float32)), NO_MASK),
    Mask("a lesion in the corner of the grid", saved(np.pad(np.ones((3, 3, 3), np.uint8), [(0, n - 3) for n in SHAPE])), OUTSIDE),
    Mask("a lesion moved by 60 mm", saved(affine=shifted(-60)), OUTSIDE),
    Mask("a mask of another galaxy (10 m away)", saved(affine=shifted(y=10_000)), OUTSIDE),
    Mask("a soft mask of fractions", saved(SOFT.astype(np.float32)), mm3=SOFT_MM3, note="soft mask: voxels of 0.5"),
    Mask("a soft mask in 8 bits: at most 1.00000006", saved(SOFT, dtype=np.uint8), mm3=64.0 * (np.rint(SOFT * 255) >= 127.5).sum(), note="soft mask: voxels of 0.5"),
    Mask("a soft mask in 16 bits", saved(SOFT, dtype=np.int16), mm3=SOFT_MM3, note="soft mask: voxels of 0.5"),
    Mask("a soft mask, at most 0.8", saved((SOFT * 0.8).astype(np.float32)), mm3=64.0 * (SOFT * 0.8 >= 0.5).sum(), note="soft mask: voxels of 0.5"),
    Mask("a soft mask in percent", saved((SOFT * 100).astype(np.float32)), mm3=SOFT_MM3, note="in percent: voxels of 50"),
    Mask("a soft mask of 255", saved(np.rint(SOFT * 255).astype(np.uint8)), mm3=64.0 * (np.rint(SOFT * 255) >= 127.5).sum(), note="of 255: voxels of 127.5"),
    Mask("0 and 255", saved(LESION * np.uint8(255)), note="the higher counts"),
    Mask("0 and 1000", saved(LESION.astype(np.int16) * 1000), note="the higher counts"),
    Mask("1 outside and 2 inside", saved(LESION + np.uint8(1)), note="the higher counts"),
    Mask("two lesions numbered 1 and 2", saved(LESION * (1 + (np.arange(46) > 17)).astype(np.uint8)[:, None, None]), note="labels up to 2"),
    Mask("six numbered lesions", saved(LESION * (1 + np.arange(46) % 6).astype(np.uint8)[:, None, None]), note="labels up to 6"),
    Mask("NaN outside (SPM)", saved(with_nan(LESION, LESION == 0)), note="no numbers count as outside"),
    Mask("NaN in one slice", saved(with_nan(LESION, np.arange(46) == 2)), note="no numbers count as outside"),
    Mask("0.9999999997 for 1", saved(LESION * 0.9999999997)),
    Mask("truth as int8", saved(LESION.astype(np.int8))),
    Mask("64-bit whole numbers", saved(LESION.astype(np.int64), dtype=np.int64)),
    Mask("64-bit fractions", saved(LESION.astype(np.float64))),
    Mask("stored upside down by a slope of −1", raw(lambda c: poke("<2f", 112, -1.0, 1.0)(c[:352] + bytes(1 - b for b in c[352:])))),
    Mask("big-endian", lambda path: nib.save(nib.Nifti1Image(LESION, AFFINE, header=image().header.as_byteswapped(">")), f"{path}.nii.gz")),
    Mask("NIfTI-2", saved(kind=nib.Nifti2Image)),
    Mask("a fourth axis of length 1", saved(LESION[..., None])),
    Mask("qform alone", saved(codes=(0, 4))),
    Mask("sform alone", saved(codes=(4, 0))),
    Mask("axes to the left, back, up (LPS)", in_order("LPS")),
    Mask("axes up, right, front (SRA)", in_order("SRA")),
    Mask("axes back, down, left (PIL)", in_order("PIL")),
    Mask("axes front, left, down (ALI)", in_order("ALI")),
    Mask("cropped to its box with one voxel around", around(1)),
    Mask("cropped to its box exactly", around(0)),
    Mask("cropped to one half of the head", part((0, 0, 0), (23, 55, 46))),
    Mask("on a grid larger than the template's", part((-6, -7, -8), (52, 60, 50))),
    Mask("an affine rounded by ITK-SNAP (1e-4)", saved(affine=AFFINE + np.pad(np.full((3, 3), 1e-4) * np.eye(3), (0, 1)))),
    Mask("voxels of 3 mm", saved(*finer()), mm3=27.0 * finer()[0].sum()),
    Mask("lengths in µm", lambda path: _micron(path)),
    Mask("FreeSurfer .mgz", lambda path: nib.save(nib.MGHImage(LESION, AFFINE), f"{path}.mgz")),
    Mask("NRRD (3D Slicer)", by_itk(".nrrd")),
    Mask("MetaImage", by_itk(".mha")),
    Mask("MetaImage, header of its own", by_itk(".mhd"), "has its voxels in a file of their own"),
    Mask("NRRD, header of its own", by_itk(".nhdr"), "has its voxels in a file of their own"),
    Mask("a pair of .hdr and .img", lambda path: nib.save(nib.Nifti1Pair(LESION, AFFINE), f"{path}.img")),
    Mask("Analyze", lambda path: nib.save(nib.Spm2AnalyzeImage(LESION, AFFINE), f"{path}.img"), "Analyze"),
    Mask("empty: a reader saw no lesion", saved(LESION * 0), mm3=0.0, at="nowhere"),
    Mask("a single voxel", saved(np.where(np.cumsum(LESION).reshape(SHAPE) == 50, LESION, 0).astype(np.uint8)), mm3=64.0),
    Mask("everything is lesion", saved(np.ones(SHAPE, np.uint8)), OUTSIDE),
    Mask("0 inside and 1 outside", saved(1 - LESION), OUTSIDE),
]  # fmt: skip


def _micron(path: Path) -> None:
    made = image(affine=np.diag([1000.0, 1000, 1000, 1]) @ AFFINE)
    made.header.set_xyzt_units("micron")
    nib.save(made, f"{path}.nii.gz")


@dataclass(frozen=True)
class Results:
    """What a job on masks wrote, by participant."""

    patterns: pd.DataFrame
    load: pd.DataFrame
    summary: pd.DataFrame


def bulk(masks: Path, out: Path, **choices: object) -> Results:
    """Run a job on a folder of masks."""
    run(MaskJob(masks, out, SPACE, **choices))  # type: ignore[arg-type]
    return Results(
        read_table(out / "group_patterns.tsv", group_dtypes()).set_index("participant_id"),
        read_table(out / "group_desc-lesionload_stats.tsv", LESIONLOAD_COLUMNS).set_index("participant_id"),
        read_table(out / "logs/summary.tsv").set_index("participant_id"),
    )


@functools.cache
def batch() -> Mapping[str, Results]:
    """Run one job on all masks, and one on the plain masks alone."""
    with tempfile.TemporaryDirectory() as folder:
        results = {}
        for name, masks in (("all", MASKS), ("plain", MASKS[:1])):
            path = Path(folder) / name
            path.mkdir()
            for label, mask in zip(itertools.count(), masks, strict=False):
                mask.write(path / f"sub-{label:03}_mask")
            results[name] = bulk(path, Path(folder) / f"{name}_out")
        return results


def check_mask(number: int, mask: Mask) -> None:
    results, label = batch()["all"], f"sub-{number:03}"
    told = results.summary.loc[label]
    if mask.refused or "10 bytes" in mask.made:
        assert told["status"] == "failed", told["message"]
        assert mask.refused in told["message"]
        assert f"{label}_mask" in told["message"]
        assert ";" in told["message"]
        assert label not in results.patterns.index
        return
    assert told["status"] == "done", told["message"]
    assert mask.note in told["message"]
    assert bool(mask.note) == (told["message"] != "n/a")
    row, load = results.patterns.loc[label], results.load.loc[label]
    parts = load[load["tissue"] != "overlay"].groupby("side")["lesion_volume_mm3"].sum()
    assert np.isclose(parts.sum(), mask.mm3)
    if mask.at == "left white matter":
        assert np.isclose(parts["left"], mask.mm3)
        assert row["dominance"] == "white_matter"
    if mask.mm3 == MM3:
        plain = results.load.loc["sub-000"]
        assert np.allclose(load["percent_region"], plain["percent_region"], atol=0.1, equal_nan=True)


def check_others(folder: Path) -> None:
    """The plain mask has the same rows, to the byte, whatever lies beside it."""
    every, alone = batch()["all"], batch()["plain"]
    assert (
        every.patterns.loc["sub-000"].astype(str).tolist()
        == alone.patterns.loc["sub-000"].astype(str).tolist()
    )
    assert every.load.loc["sub-000"].equals(alone.load.loc["sub-000"])


def _kind(number: int, mask: Mask) -> Kind:
    result = refused(mask.refused) if mask.refused else f"{mask.mm3:,.0f} mm³, {mask.at}"
    result += f", told: “{mask.note}”" if mask.note else ""
    return Kind("masks in bulk", mask.made, result, lambda _: check_mask(number, mask))


def own_map(folder: Path) -> None:
    """The second run in the same folder does not count the map of the first."""
    nib.save(image(), folder / "sub-1_mask.nii.gz")
    for _ in range(2):
        assert list(bulk(folder, folder).patterns.index) == ["sub-1"]


def refused_grids(folder: Path) -> None:
    """Four masks that are refused, each on a grid of its own, leave the good one its grid."""
    for n in range(4):
        saved(affine=shifted(-60 - n, 1, 2))(folder / f"sub-a{n}_mask")
    saved()(folder / "sub-b_mask")
    results = bulk(folder, folder / "out")
    assert results.summary["status"].tolist() == ["failed"] * 4 + ["done"]
    assert results.patterns.loc["sub-b", "lesion_volume_mm3"] == MM3


def five_grids(folder: Path) -> None:
    """Masks on grids that differ by fractions of a voxel: three are measured, the others told."""
    for n in range(5):
        saved(affine=shifted(n / 2))(folder / f"sub-{n}_mask")
    results = bulk(folder, folder / "out")
    assert results.summary["status"].value_counts().to_dict() == {"done": 3, "failed": 2}
    assert "beyond the 3" in results.summary.loc["sub-3", "message"]


def people(
    made: str, result: str, ages: dict[str, float], words: str, write: Callable[[Path], object], *names: str
) -> Kind:
    """Return a kind of masks with a table of people in their folder; ages by participant, NaN for none."""

    def check(folder: Path) -> None:
        for name in names or ("sub-1_mask", "sub-2_mask"):
            saved()(folder / name)
        write(folder / "participants.tsv")
        results = bulk(folder, folder / "out")
        assert results.summary["message"].str.contains(words, regex=False).any(), results.summary[
            "message"
        ].tolist()
        found = results.patterns.reset_index()
        got = (
            found["participant_id"] + found["session_id"].map(lambda s: "" if s == "n/a" else f"_{s}")
        ).tolist()
        assert dict(zip(got, found["age_years"].fillna(-1), strict=True)) == {
            k: -1 if np.isnan(v) else v for k, v in ages.items()
        }
        assert (results.patterns["lesion_volume_mm3"] == MM3).all()

    return Kind("masks in bulk", made, f"{result}; told: “{words}”", check)


NAN = float("nan")
SESSIONS = ("sub-1_ses-1_mask", "sub-1_ses-2_mask")
PEOPLE = [
    people("participants.tsv is a dangling link", "measured, ages n/a", {"sub-1": NAN, "sub-2": NAN}, "is a link to content that is not there", lambda path: path.symlink_to(".git/annex/objects/x")),
    people("participants.tsv is a folder", "measured, ages n/a", {"sub-1": NAN, "sub-2": NAN}, "is a folder, not a table", Path.mkdir),
    people("ages per session", "5 and 7 years", {"sub-1_ses-1": 5.0, "sub-1_ses-2": 7.0}, "n/a", lambda path: path.write_text("participant_id\tsession_id\tage\nsub-1\tses-1\t5\nsub-1\tses-2\t7\n"), *SESSIONS),
    people("columns per session", "5 and 7 years", {"sub-1_ses-1": 5.0, "sub-1_ses-2": 7.0}, "n/a", lambda path: path.write_text("participant_id\tage_ses-1\tage_ses-2\nsub-1\t5\t7\n"), *SESSIONS),
    people("one age for two sessions", "ages n/a", {"sub-1_ses-1": NAN, "sub-1_ses-2": NAN}, "of which of 2 sessions", lambda path: path.write_text("participant_id\tage\nsub-1\t5\n"), *SESSIONS),
    people("an age of 300 years", "its mask is refused, the other measured", {"sub-2": 5.0}, "not between 0 and 120 years); correct it", lambda path: path.write_text("participant_id\tage\nsub-1\t300\nsub-2\t5\n")),
    people("no row on one of two", "its age n/a", {"sub-1": 5.0, "sub-2": NAN}, "no row on this participant", lambda path: path.write_text("participant_id\tage\nsub-1\t5\n")),
]  # fmt: skip

SINGLE = [
    Kind("masks in bulk", "every mask of this list beside a plain one", "the plain one has the same rows to the byte", check_others),
    Kind("masks in bulk", "the results of the run before in the same folder", "its map is no patient", own_map),
    Kind("masks in bulk", "four refused masks on grids of their own before a good one", f"the good one is measured: {MM3:,.0f} mm³", refused_grids),
    Kind("masks in bulk", "five grids half a millimetre apart", "three are measured, two refused: “beyond the 3”", five_grids),
]  # fmt: skip

KINDS = [*itertools.starmap(_kind, enumerate(MASKS)), *PEOPLE, *SINGLE]
