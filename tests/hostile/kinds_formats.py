"""Images whose numbers or formats are odd: scalings, colours, volumes, FreeSurfer, NRRD, MetaImage, pairs."""

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK as sitk
from kinds_headers import AFFINE, DATA, NO_ORIENTATION, RIGHT, SHAPE, Make, bad, good, nifti, poked, saved

SCALING = "its header states a scaling that is not a number"
NUMBERS = [
    bad("slope infinite", SCALING, poked("<2f", 112, float("inf"), 0.0)),
    bad("slope 1, intercept NaN", SCALING, poked("<2f", 112, 1.0, float("nan"))),
    bad("intercept infinite", SCALING, poked("<2f", 112, 2.0, -float("inf"))),
    good("slope 0", "unscaled: " + RIGHT, poked("<2f", 112, 0.0, 7.0)),
    good("slope NaN", "unscaled: " + RIGHT, poked("<2f", 112, float("nan"), 7.0)),
    good(
        "slope 0.25, intercept −3", RIGHT, poked("<2f", 112, 0.25, -3.0), right=lambda data: data * 0.25 - 3
    ),
    good("a negative slope", RIGHT, poked("<2f", 112, -2.0, 1.0), right=lambda data: 1 - 2.0 * data),
    bad(
        "colours (RGB)",
        "is a colour image (RGB)",
        saved(lambda: nifti(np.zeros(SHAPE, [(c, "u1") for c in "RGB"]))),
    ),
    bad(
        "colours with transparency",
        "is a colour image (RGB)",
        saved(lambda: nifti(np.zeros(SHAPE, [(c, "u1") for c in "RGBA"]))),
    ),
    bad("complex numbers", "has complex values", saved(lambda: nifti(DATA.astype(np.complex64)))),
    bad("two volumes", "has 2 volumes", saved(lambda: nifti(np.stack([DATA, DATA], axis=-1)))),
    bad(
        "five dimensions: a vector per voxel",
        "has 3 volumes",
        saved(lambda: nifti(np.zeros((*SHAPE, 1, 3), np.int16))),
    ),
    bad("one slice", "a volume is expected", saved(lambda: nifti(DATA[:, :, :1]))),
    bad("two dimensions", "a volume is expected", saved(lambda: nifti(DATA[:, :, 0]))),
    good("a fourth and fifth axis of length 1", RIGHT, saved(lambda: nifti(DATA[..., None, None]))),
    good(
        "64-bit whole numbers",
        RIGHT,
        saved(lambda: nib.Nifti1Image(DATA.astype(np.int64), AFFINE, dtype=np.int64)),
    ),
    good("64-bit fractions", RIGHT, saved(lambda: nifti(DATA.astype(np.float64)))),
]


def itk(packed_: bool = False) -> Make:
    """Return what SimpleITK writes for DATA at AFFINE: its own frame is LPS, worked by hand."""

    def make(path: Path) -> None:
        image = sitk.GetImageFromArray(DATA.transpose(2, 1, 0))
        image.SetSpacing((2.0, 3.0, 1.5))
        image.SetOrigin((-9.0, 7.0, 5.0))
        image.SetDirection((1.0, 0, 0, 0, 0, -1.0, 0, 1.0, 0))
        sitk.WriteImage(image, path, packed_)

    return make


def edited(make: Make, old: bytes, new: bytes) -> Make:
    def change(path: Path) -> None:
        make(path)
        content = path.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new, 1))

    return change


def pair(without: str = "", analyze: bool = False) -> Make:
    def make(path: Path) -> None:
        nib.save(
            (nib.Spm2AnalyzeImage if analyze else nib.Nifti1Pair)(DATA, AFFINE), path.with_suffix(".img")
        )
        if without:
            path.with_suffix(without).unlink()

    return make


def mgh(bad_ras: bool = False) -> Make:
    def make(path: Path) -> None:
        content = bytearray(nib.MGHImage(DATA.astype(np.int32), AFFINE).to_bytes())
        content[28:30] = b"\0\0" if bad_ras else content[28:30]
        path.write_bytes(content if path.suffix == ".mgh" else gzip.compress(content))

    return make


ELSEWHERE = "has its voxels in a file of their own"
FORMATS = [
    good("FreeSurfer .mgz", RIGHT, mgh(), "a.mgz"),
    good("FreeSurfer .mgh", RIGHT, mgh(), "a.mgh"),
    bad("FreeSurfer without orientation (goodRASFlag 0)", NO_ORIENTATION, mgh(bad_ras=True), "a.mgz"),
    good("NRRD", RIGHT, itk(), "a.nrrd"),
    good("NRRD, packed", RIGHT, itk(packed_=True), "a.nrrd"),
    good("MetaImage", RIGHT, itk(), "a.mha"),
    good("MetaImage, packed", RIGHT, itk(packed_=True), "a.mha"),
    bad("MetaImage with a header of its own (.mhd and .raw)", ELSEWHERE, itk(), "a.mhd"),
    bad("MetaImage with a header of its own, packed (.zraw)", ELSEWHERE, itk(packed_=True), "a.mhd"),
    bad("NRRD with a header of its own (.nhdr and .raw)", ELSEWHERE, itk(), "a.nhdr"),
    bad("NRRD in a space without left and right", "left and right are unknown", edited(itk(), b"left-posterior-superior", b"scanner-xyz"), "a.nrrd"),
    bad("NRRD that lacks its type", "its header cannot be read", edited(itk(), b"type: ", b"tipe: "), "a.nrrd"),
    bad("NRRD written as text", "its encoding", edited(itk(), b"encoding: raw", b"encoding: ascii"), "a.nrrd"),
    bad("NRRD in µm", "its space units", edited(itk(), b"encoding: raw", b'space units: "um" "um" "um"\nencoding: raw'), "a.nrrd"),
    bad("MetaImage without directions", "left and right are unknown", edited(itk(), b"TransformMatrix", b"TransformMatriz"), "a.mha"),
    bad("MetaImage in µm", "its DistanceUnits", edited(itk(), b"NDims", b"DistanceUnits = um\nNDims"), "a.mha"),
    bad("MetaImage with three channels", "its ElementNumberOfChannels", edited(itk(), b"NDims", b"ElementNumberOfChannels = 3\nNDims"), "a.mha"),
    good("a pair of .hdr and .img", RIGHT, pair(), "a.img"),
    bad("an .img without its .hdr", "has no .hdr file beside it", pair(without=".hdr"), "a.img"),
    bad("Analyze: a pair of .hdr and .img", "is an Analyze 7.5 image", pair(analyze=True), "a.img"),
]  # fmt: skip

KINDS = [*NUMBERS, *FORMATS]
