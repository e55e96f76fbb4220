"""Images whose headers or bytes are wrong: read as an image, as labels, as a mask in bulk, and while planning."""

import gzip
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from kinds import Kind, refusal, refused

from cpimaging.bids.checks import check_scan
from cpimaging.bids.listing import single_scan
from cpimaging.images import read_image, read_sparse

SHAPE = (9, 12, 10)
DATA = np.random.default_rng(1).integers(0, 30000, SHAPE).astype(np.int16)
AFFINE = np.array([[-2.0, 0, 0, 9], [0, 0, 1.5, -7], [0, 3.0, 0, 5], [0, 0, 0, 1]])
"""To the left, up, to the front: no axis is where RAS+ has it."""

NAME = "sub-01_T1w.nii"
Make = Callable[[Path], object]


def nifti(
    data: np.ndarray = DATA,
    affine: np.ndarray = AFFINE,
    codes: tuple[int, int] = (1, 1),
    kind: type = nib.Nifti1Image,
) -> nib.Nifti1Image:
    """Return an image whose forms have these codes."""
    image = kind(data, affine)
    image.set_sform(affine, codes[0])
    image.set_qform(affine if codes[1] else None, codes[1])
    return image


def raw(*args: object, **words: object) -> bytearray:
    """Return the bytes of such an image."""
    return bytearray(nifti(*args, **words).to_bytes())  # type: ignore[arg-type]


def poked(form: str, place: int, *values: object, start: Callable[[], bytearray] = raw) -> Make:
    """Return what writes an image with some numbers of its header replaced."""

    def make(path: Path) -> None:
        content = start()
        struct.pack_into(form, content, place, *values)
        path.write_bytes(content)

    return make


def saved(image: Callable[[], nib.Nifti1Image]) -> Make:
    return lambda path: nib.save(image(), path)


def written(content: Callable[[], bytes]) -> Make:
    return lambda path: path.write_bytes(content())


def refused_everywhere(path: Path, words: str) -> None:
    for read in (read_image, lambda p: read_image(p, labels=True), read_sparse):
        refusal(lambda: read(path), words, path.name.removesuffix("img"))  # noqa: B023  # called at once
    problems = check_scan(path.parent, single_scan({"T1w": path.name}))
    assert all(path.name in problem and ";" in problem and problem.isprintable() for problem in problems)


def bad(made: str, words: str, make: Make, name: str = NAME) -> Kind:
    def check(folder: Path) -> None:
        make(folder / name)
        refused_everywhere(folder / name, words)

    return Kind("headers", made, refused(words), check)


def placed(data: np.ndarray, affine: np.ndarray) -> list[list[float]]:
    """Return position in mm and value of every voxel, in the order of the positions: worked out by numpy alone."""
    at = np.argwhere(np.ones(data.shape)) @ affine[:3, :3].T + affine[:3, 3]
    rows = np.column_stack([at.round(2) + 0.0, data.ravel()])
    return rows[np.lexsort(rows.T)].tolist()


def read_right(path: Path, data: np.ndarray, affine: np.ndarray) -> None:
    truth = placed(data, affine)
    for image in (read_image(path), read_image(path, labels=True)):
        np.testing.assert_allclose(placed(image.data, image.affine), truth, rtol=1e-5, atol=1e-3)
    mask = read_sparse(path)
    found = np.zeros(mask.shape)
    found.flat[mask.index] = mask.found
    np.testing.assert_allclose(placed(found, mask.affine), truth, rtol=1e-5, atol=1e-3)
    assert check_scan(path.parent, single_scan({"T1w": path.name})) == ()


def good(
    made: str,
    result: str,
    make: Make,
    name: str = NAME,
    right: Callable[[np.ndarray], np.ndarray] = lambda data: data,
) -> Kind:
    """Return a kind that holds DATA, or what `right` makes of it, at AFFINE."""

    def check(folder: Path) -> None:
        make(folder / name)
        read_right(folder / name, right(DATA), AFFINE)

    return Kind("headers", made, result, check)


RIGHT = "every voxel has its value and place"


def other(affine: np.ndarray, codes: tuple[int, int] = (1, 1)) -> Make:
    """Return what writes an image with AFFINE as sform and another qform."""

    def make(path: Path) -> None:
        image = nifti()
        image.set_sform(AFFINE, codes[0])
        image.set_qform(affine, codes[1])
        nib.save(image, path)

    return make


def moved(mm: float) -> np.ndarray:
    affine = AFFINE.copy()
    affine[1, 3] += mm
    return affine


def turned(degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]) @ AFFINE


LEFT_RIGHT = np.diag([-1.0, 1, 1, 1]) @ AFFINE
UP_DOWN = np.diag([1.0, 1, -1, 1]) @ AFFINE
NO_ORIENTATION = "its header states no orientation, so left and right are unknown"
OPPOSITE = "sform and qform are of opposite handedness"
APART = "sform and qform place it up to"

ORIENTATION = [
    good("a negative voxel edge (pixdim) beside an sform", RIGHT, poked("<f", 80, -2.0)),
    bad(
        "qform alone, a negative voxel edge",
        "its header cannot be read",
        poked("<f", 80, -2.0, start=lambda: raw(codes=(0, 1))),
    ),
    bad(
        "qform alone, an infinite voxel edge",
        "",
        poked("<f", 84, float("inf"), start=lambda: raw(codes=(0, 1))),
    ),
    good("qfac of 0, which counts as 1", RIGHT, poked("<f", 76, 0.0)),
    good(
        "cal_max, slice_code and dates that mean nothing",
        RIGHT,
        poked("<2f", 124, float("nan"), -float("inf")),
    ),
    good("a text in descrip that never ends", RIGHT, poked("80s", 148, b"x" * 80)),
    bad("sform and qform both 0", NO_ORIENTATION, saved(lambda: nifti(codes=(0, 0)))),
    bad(
        "sform and qform both 0, NIfTI-2",
        NO_ORIENTATION,
        saved(lambda: nifti(codes=(0, 0), kind=nib.Nifti2Image)),
    ),
    bad("sform and qform both 0, packed", NO_ORIENTATION, saved(lambda: nifti(codes=(0, 0))), "a.nii.gz"),
    bad("sform and qform mirrored left to right", OPPOSITE, other(LEFT_RIGHT)),
    bad("sform and qform mirrored up and down", OPPOSITE, other(UP_DOWN)),
    bad("sform and qform mirrored, codes 4 and 1", OPPOSITE, other(LEFT_RIGHT, (4, 1))),
    bad("sform and qform 30 mm apart", f"{APART} 30.0 mm apart", other(moved(30))),
    bad("sform and qform 1.2 mm apart", f"{APART} 1.2 mm apart", other(moved(1.2))),
    bad("sform and qform turned by 20 degrees", APART, other(turned(20))),
    good("sform and qform 0.3 mm apart: rounding", RIGHT, other(moved(0.3))),
    good("a mirrored qform whose code is 0", RIGHT, other(LEFT_RIGHT, (1, 0))),
    good("qform alone", RIGHT, saved(lambda: nifti(codes=(0, 1)))),
    good("sform alone", RIGHT, saved(lambda: nifti(codes=(2, 0)))),
    bad("sform of zeros", "its affine is not usable", poked("<12f", 280, *[0.0] * 12)),
    bad("sform with NaN", "", poked("<f", 284, float("nan"))),
    bad("sform with infinity", "", poked("<f", 292, float("inf"))),
    bad("sform whose axes are one line", "its affine is not usable", poked("<8f", 280, *[1.0, 0, 0, 0] * 2)),
    bad(
        "sform whose axes are almost one line",
        "",
        poked("<12f", 280, 2.0, 2.0, 0, 0, 2.0, 2.0000002, 0, 0, 0, 0, 3.0, 0),
    ),
    bad("sform of 1e-30 and 1e30", "", poked("<12f", 280, 1e30, 0, 0, 0, 0, 1e-30, 0, 0, 0, 0, 1.0, 0)),
    good("a broken quaternion beside an sform", RIGHT, poked("<3f", 256, 5.0, 5.0, 5.0)),
    bad(
        "a broken quaternion and no sform",
        "its header cannot be read",
        poked("<3f", 256, 5.0, 5.0, 5.0, start=lambda: raw(codes=(0, 1))),
    ),
    bad(
        "qform alone, voxel edges of 0", "", poked("<3f", 80, 0.0, 0.0, 0.0, start=lambda: raw(codes=(0, 1)))
    ),
    bad(
        "qform alone, voxel edges NaN",
        "",
        poked("<3f", 80, *[float("nan")] * 3, start=lambda: raw(codes=(0, 1))),
    ),
]


def in_unit(factor: float, code: int) -> Make:
    def make(path: Path) -> None:
        content = raw(affine=np.diag([factor, factor, factor, 1]) @ AFFINE)
        struct.pack_into("<b", content, 123, code)
        path.write_bytes(content)

    return make


UNITS = [
    good("lengths in µm (xyzt_units 3)", "in mm: " + RIGHT, in_unit(1000, 3)),
    good("lengths in m (xyzt_units 1), seconds stated too", "in mm: " + RIGHT, in_unit(0.001, 1 | 8)),
    good("a unit of length that no standard knows (5)", "taken as mm: " + RIGHT, in_unit(1, 5)),
    bad("lengths in mm that the header calls µm", "gives lengths in µm (xyzt_units)", in_unit(1, 3)),
    bad("lengths in mm that the header calls m", "gives lengths in m (xyzt_units)", in_unit(1, 1)),
]

TRUNCATED, MORE = "is truncated", "holds more than its header states"


def cut(length: int | float) -> Make:
    def make(path: Path) -> None:
        nib.save(nifti(), path)
        content = path.read_bytes()
        path.write_bytes(content[: int(length if length > 1 else length * len(content))])

    return make


def packed(change: Callable[[bytes], bytes]) -> Make:
    return written(lambda: change(bytes(raw())))


SUM = "is damaged: its content does not fit its check sum"


def another_sum(content: bytes) -> bytes:
    whole = gzip.compress(content)
    return whole[:-8] + zlib.crc32(b"other").to_bytes(4, "little") + whole[-4:]


def another_length(content: bytes) -> bytes:
    return gzip.compress(content)[:-4] + (7).to_bytes(4, "little")


def flipped_bits(folder: Path) -> None:
    """60 one-bit flips behind the name of the file: refused, or not one voxel changes."""
    path, chance = folder / "a.nii.gz", np.random.default_rng(0)
    content, truth = gzip.compress(bytes(raw())), placed(DATA, AFFINE)
    for _ in range(60):
        flipped = bytearray(content)
        flipped[chance.integers(10, len(content))] ^= 1 << int(chance.integers(8))
        path.write_bytes(flipped)
        try:
            image = read_image(path, labels=True)
        except ValueError as error:
            assert str(error).isprintable()  # noqa: PT017  # both are right
            continue
        assert placed(image.data, image.affine) == truth


GZ = "a.nii.gz"
BYTES = [
    bad("a file cut to 200 bytes", TRUNCATED, cut(200)),
    bad("a file cut inside its voxels", TRUNCATED, cut(0.7)),
    bad("a file cut by its last byte", TRUNCATED, written(lambda: bytes(raw()[:-1]))),
    bad("a packed file cut in half", "cannot be read, it may be truncated", cut(0.5), GZ),
    bad("a packed file cut inside its header", "", cut(100), GZ),
    bad(
        "a packed file without its last 4 bytes",
        "cannot be read",
        packed(lambda c: gzip.compress(c)[:-4]),
        GZ,
    ),
    bad("an empty file", "is empty (0 bytes)", written(bytes)),
    bad("a packed file with another check sum", SUM, packed(another_sum), GZ),
    bad("a packed file with another length at its end", SUM, packed(another_length), GZ),
    Kind("headers", "one flipped bit, 60 times", "refused, or every voxel as before", flipped_bits),
    bad(
        "text behind the end of a packed file",
        "has something behind its end",
        packed(lambda c: gzip.compress(c) + b"ok"),
        GZ,
    ),
    bad("a second image packed behind the first", MORE, packed(lambda c: gzip.compress(c) * 2), GZ),
    bad(
        "a gzip bomb of 60 MB behind the voxels",
        MORE,
        packed(lambda c: gzip.compress(c + bytes(60_000_000), 1)),
        GZ,
    ),
    good("a packed file padded with zeros", RIGHT, packed(lambda c: gzip.compress(c) + bytes(512)), GZ),
    good(
        "a file packed in three parts",
        RIGHT,
        packed(lambda c: b"".join(map(gzip.compress, (c[:90], c[90:999], c[999:])))),
        GZ,
    ),
    good("a packed file called .nii", RIGHT, packed(gzip.compress)),
    good("a plain file called .nii.gz", RIGHT, packed(bytes), GZ),
    bad(
        "a file packed twice",
        "its header cannot be read",
        packed(lambda c: gzip.compress(gzip.compress(c))),
        GZ,
    ),
    bad(
        "a file packed with bzip2",
        "its header cannot be read",
        packed(lambda c: __import__("bz2").compress(c)),
        GZ,
    ),
    bad(
        "a page of HTML called .nii.gz",
        "its header cannot be read",
        written(lambda: b"<html><body>404</body></html>" * 40),
        GZ,
    ),
    bad(
        "a picture (PNG) called .nii.gz",
        "its header cannot be read",
        written(lambda: b"\x89PNG\r\n\x1a\n" + bytes(900)),
        GZ,
    ),
    bad("DICOM called .nii", "its header cannot be read", written(lambda: bytes(128) + b"DICM" + bytes(900))),
    bad("zeros called .nii", "its header cannot be read", written(lambda: bytes(4000))),
    bad(
        "MINC (HDF5) called .nii",
        "its header cannot be read",
        written(lambda: b"\x89HDF\r\n\x1a\n" + bytes(900)),
    ),
    bad(
        "a git-annex pointer",
        "is a git-annex pointer",
        written(lambda: b"/annex/objects/MD5E-s123--0a.nii.gz\n"),
        GZ,
    ),
    bad(
        "a git-lfs pointer",
        "is a git-lfs pointer",
        written(lambda: b"version https://git-lfs.github.com/spec/v1\n"),
        GZ,
    ),
    bad("a dangling annex link", "datalad get", lambda p: p.symlink_to(".git/annex/objects/x"), GZ),
    bad("a dangling link to elsewhere", "restore the file", lambda p: p.symlink_to("/nowhere/x.nii.gz"), GZ),
    bad("a link to itself", "", lambda p: p.symlink_to(p.name), GZ),
    bad("a folder called .nii.gz", "no such file", Path.mkdir, GZ),
]

WITHIN = "its header says that the voxels begin within it"
EMPTY_END = DATA * (np.arange(SHAPE[2]) < 5)

STATED = [
    bad("32767 voxels along each axis", TRUNCATED, poked("<4h", 40, 3, 32767, 32767, 32767)),
    bad(
        "32767 voxels along each axis, packed",
        "",
        lambda p: p.write_bytes(gzip.compress(poke_in("<4h", 40, 3, *[32767] * 3))),
        GZ,
    ),
    bad("404 TiB in five dimensions", "", poked("<6h", 40, 5, 9000, 9000, 9000, 300, 2)),
    bad("0 voxels along an axis", "", poked("<4h", 40, 3, 9, 0, 10)),
    bad("−3 voxels along an axis", "", poked("<4h", 40, 3, 9, -3, 10)),
    bad("9 dimensions", "", poked("<h", 40, 9)),
    bad("no dimensions", "", poked("<h", 40, 0)),
    bad("more voxels than stated", MORE, lambda p: p.write_bytes(raw() + bytes(range(1, 200)))),
    bad("fewer slices stated than stored", MORE, poked("<h", 46, 5)),
    bad("8 bits stated, 16 stored", MORE, poked("<2h", 70, 2, 8)),
    bad("64 bits stated, 16 stored", TRUNCATED, poked("<2h", 70, 64, 64)),
    bad("a type of numbers that is not known (999)", "its header cannot be read", poked("<h", 70, 999)),
    bad("the type “binary” of Analyze (1)", "", poked("<h", 70, 1)),
    bad("voxels of 128 bits", "of a type that is not read", poked("<2h", 70, 1536, 128)),
    bad("voxels begin at infinity", "its header cannot be read", poked("<f", 108, float("inf"))),
    bad("voxels begin nowhere (NaN)", "its header cannot be read", poked("<f", 108, float("nan"))),
    bad(
        "voxels begin at 0, and the last ones are 0",
        WITHIN,
        poked("<f", 108, 0.0, start=lambda: raw(EMPTY_END)),
    ),
    bad("voxels begin at −1", WITHIN, poked("<f", 108, -1.0)),
    bad("voxels begin inside the header", WITHIN, poked("<f", 108, 12.0)),
    bad("a header length of 1234", "its header cannot be read", poked("<i", 0, 1234)),
    bad("a wrong magic", "left and right are unknown", poked("4s", 344, b"nix\0")),
    bad("Analyze 7.5", "is an Analyze 7.5 image", poked("4s", 344, bytes(4))),
    good("bitpix that contradicts the type", RIGHT, poked("<h", 72, 64)),
    good(
        "big-endian",
        RIGHT,
        saved(lambda: nib.Nifti1Image(DATA, AFFINE, header=nifti().header.as_byteswapped(">"))),
    ),
    good("NIfTI-2", RIGHT, saved(lambda: nifti(kind=nib.Nifti2Image))),
]


def poke_in(form: str, place: int, *values: object) -> bytes:
    content = raw()
    struct.pack_into(form, content, place, *values)
    return bytes(content)


KINDS: Sequence[Kind] = [*ORIENTATION, *UNITS, *BYTES, *STATED]
