import gzip
import random
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from cpimaging.bids.checks import check_scan
from cpimaging.bids.listing import single_scan
from cpimaging.images import read_header, read_image, read_sparse
from cpimaging.types import Image, InputError

AFFINE = np.array([[-2.0, 0, 0, 11], [0, 0, 3, -7], [0, 1.5, 0, 5], [0, 0, 0, 1]])
SHAPE = (6, 7, 8)
READERS = {
    "image": read_image,
    "labels": lambda path: read_image(path, labels=True),
    "sparse": read_sparse,
}


@pytest.fixture
def data(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 3, SHAPE).astype(np.int16)


def nifti(data: np.ndarray, affine: np.ndarray = AFFINE, codes: tuple[int, int] = (1, 1)) -> nib.Nifti1Image:
    image = nib.Nifti1Image(data, affine)
    image.set_sform(affine, codes[0])
    image.set_qform(affine, codes[1])
    return image


def poked(path: Path, image: nib.Nifti1Image, kind: str, offset: int, *values: float) -> Path:
    """Write an image whose header has other numbers at one place (NIfTI-1 standard, table of fields)."""
    raw = bytearray(image.to_bytes())
    struct.pack_into(kind, raw, offset, *values)
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def at_world(image: Image) -> dict[tuple[float, ...], float]:
    """Return the values by world position in mm."""
    index = np.indices(image.shape).reshape(3, -1)
    world = (image.affine[:3, :3] @ index + image.affine[:3, 3:]).T.round(3) + 0.0
    return dict(zip(map(tuple, world.tolist()), image.data.ravel().tolist(), strict=True))


def expected(data: np.ndarray, affine: np.ndarray) -> dict[tuple[float, ...], float]:
    return at_world(Image(data, affine))


def read_all(path: Path) -> list[dict[tuple[float, ...], float]]:
    sparse = read_sparse(path)
    voxels = np.zeros(int(np.prod(sparse.shape)))
    voxels[sparse.index] = sparse.found
    whole = Image(voxels.reshape(sparse.shape), sparse.affine)
    return [at_world(read_image(path)), at_world(read_image(path, labels=True)), at_world(whole)]


def refusals(path: Path) -> set[str]:
    """Return what each reader says of a file that none may accept."""
    told = set()
    for read in READERS.values():
        with pytest.raises(InputError) as caught:
            read(path)
        assert "\n" not in str(caught.value)
        told.add(caught.value.problem)
    return told


def both(path: Path, data: np.ndarray) -> None:
    for values in read_all(path):
        assert values == expected(data, AFFINE)


def refused_or_right(path: Path, right: dict[tuple[float, ...], float]) -> None:
    """Check that each reader refuses a file or, where the flipped bit was a filler, gives its voxels."""
    try:
        assert read_all(path) == [right] * 3
    except InputError:
        refusals(path)


# The bytes of a compressed file


def test_no_flipped_bit_of_a_compressed_image_goes_unseen(tmp_path: Path, rng: np.random.Generator) -> None:
    stored = rng.integers(0, 900, (12, 13, 14)).astype(np.int16)
    nib.save(nifti(stored), tmp_path / "a.nii.gz")
    good, chance = (tmp_path / "a.nii.gz").read_bytes(), random.Random(0)
    for _ in range(100):
        raw = bytearray(good)
        raw[chance.randrange(10, len(raw))] ^= 1 << chance.randrange(8)
        (tmp_path / "b.nii.gz").write_bytes(raw)
        refused_or_right(tmp_path / "b.nii.gz", expected(stored, AFFINE))


def test_zeros_behind_a_compressed_image_are_padding_anything_else_is_not(
    tmp_path: Path, data: np.ndarray
) -> None:
    raw = nifti(data).to_bytes()
    path = tmp_path / "a.nii.gz"
    for good in (
        gzip.compress(raw) + bytes(1000),
        gzip.compress(raw[:400]) + gzip.compress(raw[400:]),
        gzip.compress(raw + bytes(512)),
    ):
        path.write_bytes(good)
        both(path, data)
    for bad in (
        gzip.compress(raw) + b"rubbish",
        gzip.compress(raw) + gzip.compress(b"rubbish"),
        gzip.compress(raw)[:-4],
        gzip.compress(raw)[:-8] + zlib.crc32(b"other").to_bytes(4, "little") + gzip.compress(raw)[-4:],
    ):
        path.write_bytes(bad)
        refusals(path)


def test_the_content_counts_not_the_ending_of_the_name(tmp_path: Path, data: np.ndarray) -> None:
    raw = nifti(data).to_bytes()
    (tmp_path / "packed.nii").write_bytes(gzip.compress(raw))
    (tmp_path / "plain.nii.gz").write_bytes(raw)
    both(tmp_path / "packed.nii", data)
    both(tmp_path / "plain.nii.gz", data)


def test_a_bomb_and_an_absurd_header_take_no_memory(tmp_path: Path, data: np.ndarray) -> None:
    bomb = gzip.compress(nifti(data).to_bytes() + bytes(300_000_000), 1)
    (tmp_path / "bomb.nii.gz").write_bytes(bomb)
    poked(tmp_path / "absurd.nii.gz", nifti(data), "<4h", 40, 3, 32767, 32767, 32767)
    poked(tmp_path / "absurd.nii", nifti(data), "<4h", 40, 3, 32767, 32767, 32767)
    poked(tmp_path / "huge.nii", nifti(data), "<4h", 40, 3, 700, 700, 900)
    poked(tmp_path / "long.nii.gz", nifti(data), "<4h", 40, 3, 600, 700, 900)
    tracemalloc.start()
    told = {path.name: refusals(path) for path in tmp_path.iterdir()}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told.pop("bomb.nii.gz") == {"holds more than its header states"}
    assert told == {name: {"is truncated"} for name in told}
    assert peak < 100_000_000


def test_more_voxels_than_are_read_are_told_with_the_limit(tmp_path: Path, data: np.ndarray) -> None:
    path = poked(tmp_path / "a.nii", nifti(data), "<4h", 40, 3, 1000, 1000, 501)
    with path.open("r+b") as stream:
        stream.truncate(352 + 1000 * 1000 * 501 * 2)  # a sparse file
    assert refusals(path) == {"states 1000 × 1000 × 501 voxels, more than the 500 million that are read"}


@pytest.mark.parametrize("length", [10, 200, 348, 352, 400])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.mgz", "a.nrrd", "a.mha"])
def test_a_file_cut_short_is_refused(tmp_path: Path, name: str, length: int) -> None:
    data = np.random.default_rng(0).integers(-30000, 30000, SHAPE).astype(np.int16)  # does not compress
    image = sitk.GetImageFromArray(data)
    path = tmp_path / name
    if name.endswith(("nrrd", "mha")):
        sitk.WriteImage(image, path)
    else:
        nib.save((nib.MGHImage if "mgz" in name else nib.Nifti1Image)(data, AFFINE), path)
    path.write_bytes(path.read_bytes()[:length])
    refusals(path)


def test_any_bytes_at_all_end_in_one_line(tmp_path: Path, data: np.ndarray) -> None:
    chance = random.Random(0)
    starts = [nifti(data).to_bytes()[:540], nib.Nifti2Image(data, AFFINE).to_bytes()[:540]]
    starts += [nib.MGHImage(data, AFFINE).to_bytes()[:300], b"NRRD0004\n", b"ObjectType = Image\nNDims = 3\n"]
    for turn in range(300):
        raw = bytearray(starts[turn % len(starts)] + chance.randbytes(chance.randrange(600)))
        for _ in range(chance.randrange(12)):
            raw[chance.randrange(4, len(raw))] = chance.randrange(256)
        (tmp_path / "a.nii").write_bytes(raw)
        for read in (*READERS.values(), read_header):
            try:
                read(tmp_path / "a.nii")
            except InputError as error:
                assert "\n" not in str(error)  # noqa: PT017  # some of them may be right by chance


# Left and right


OTHER_HAND = AFFINE * [[-1.0], [1], [1], [1]]


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_without_orientation_nothing_is_guessed(tmp_path: Path, data: np.ndarray, name: str) -> None:
    nib.save(nifti(data, codes=(0, 0)), tmp_path / name)
    assert refusals(tmp_path / name) == {"its header states no orientation, so left and right are unknown"}
    (line,) = check_scan(tmp_path, single_scan({"T1w": name}))
    assert "left and right are unknown" in line
    for codes in ((1, 0), (0, 1), (4, 1)):
        nib.save(nifti(data, codes=codes), tmp_path / name)
        both(tmp_path / name, data)


def test_forms_of_opposite_handedness_are_refused(tmp_path: Path, data: np.ndarray) -> None:
    image = nifti(data)
    image.set_qform(OTHER_HAND, 1)
    nib.save(image, tmp_path / "a.nii")
    (problem,) = refusals(tmp_path / "a.nii")
    assert "opposite handedness" in problem
    image.set_qform(OTHER_HAND, 0)
    nib.save(image, tmp_path / "a.nii")
    both(tmp_path / "a.nii", data)


def test_analyze_is_refused_for_it_does_not_tell_left_from_right(tmp_path: Path, data: np.ndarray) -> None:
    nib.save(nib.Spm2AnalyzeImage(data, AFFINE), tmp_path / "a.img")
    for name in ("a.img", "a.hdr"):
        (problem,) = refusals(tmp_path / name)
        assert "Analyze" in problem
    for magic, place in ((b"\0\0\0\0", 344), (b"n+9\0", 344)):
        refusals(poked(tmp_path / "b.nii", nifti(data), "4s", place, magic))


# What the numbers of a header mean


@pytest.mark.parametrize(("unit", "factor"), [(0, 1.0), (2, 1.0), (3, 1000.0), (1, 0.001), (3 | 8, 1000.0)])
def test_units_of_length_are_honoured(tmp_path: Path, data: np.ndarray, unit: int, factor: float) -> None:
    image = nifti(data, np.diag([factor, factor, factor, 1]) @ AFFINE)
    both(poked(tmp_path / "a.nii", image, "<b", 123, unit), data)
    header = read_header(tmp_path / "a.nii")
    for affine in (header.affine, header.sform, header.qform):
        assert np.allclose(affine, AFFINE, atol=1e-5)


@pytest.mark.parametrize("unit", [1, 3])
def test_a_unit_that_makes_no_brain_is_refused(tmp_path: Path, data: np.ndarray, unit: int) -> None:
    (problem,) = refusals(poked(tmp_path / "a.nii", nifti(data), "<b", 123, unit))
    assert "xyzt_units" in problem


@pytest.mark.parametrize(
    ("slope", "inter", "right"),
    [
        (0, 0, lambda x: x),
        (0, 5, lambda x: x),
        (float("nan"), float("nan"), lambda x: x),  # as nibabel writes "none"
        (2.5, 0, lambda x: 2.5 * x),
        (-1, 3, lambda x: 3 - x),
    ],
)
def test_scaling(
    tmp_path: Path, data: np.ndarray, slope: float, inter: float, right: Callable[[np.ndarray], np.ndarray]
) -> None:
    both(poked(tmp_path / "a.nii", nifti(data), "<2f", 112, slope, inter), right(data.astype(float)))


@pytest.mark.parametrize(
    ("slope", "inter"), [(float("inf"), 0), (1, float("nan")), (1, float("inf")), (-float("inf"), 1)]
)
def test_a_scaling_that_is_no_number_is_refused(
    tmp_path: Path, data: np.ndarray, slope: float, inter: float
) -> None:
    (problem,) = refusals(poked(tmp_path / "a.nii", nifti(data), "<2f", 112, slope, inter))
    assert "scaling" in problem


@pytest.mark.parametrize("offset", [float("nan"), float("inf"), -1.0, 3e38, 12.0])
def test_an_offset_that_is_none_is_refused(tmp_path: Path, data: np.ndarray, offset: float) -> None:
    refusals(poked(tmp_path / "a.nii", nifti(data), "<f", 108, offset))


@pytest.mark.parametrize("stored", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", ">i2", ">f4"])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_types_of_numbers(tmp_path: Path, data: np.ndarray, stored: str, kind: type) -> None:
    image = kind(data.astype(stored), AFFINE, dtype=np.dtype(stored))
    if stored[0] == ">":
        image = kind(data.astype(stored), AFFINE, header=image.header.as_byteswapped(">"))
    nib.save(image, tmp_path / "a.nii.gz")
    both(tmp_path / "a.nii.gz", data)


def coloured(channels: str) -> np.ndarray:
    return np.zeros(SHAPE, [(name, "u1") for name in channels])


@pytest.mark.parametrize(
    ("voxels", "told"),
    [
        (coloured("RGB"), "colour"),
        (coloured("RGBA"), "colour"),
        (np.zeros(SHAPE, np.complex64), "complex"),
        (np.zeros(SHAPE, np.complex128), "complex"),
        (np.zeros((*SHAPE, 4), np.int16), "has 4 volumes"),
        (np.zeros((*SHAPE, 1, 3), np.int16), "has 3 volumes"),
        (np.zeros((*SHAPE[:2], 1), np.int16), "a volume is expected"),
        (np.zeros(SHAPE[:2], np.int16), "a volume is expected"),
    ],
)
def test_what_is_no_grey_valued_volume_is_refused(tmp_path: Path, voxels: np.ndarray, told: str) -> None:
    nib.save(nib.Nifti1Image(voxels, AFFINE), tmp_path / "a.nii.gz")
    (problem,) = refusals(tmp_path / "a.nii.gz")
    assert told in problem
    (line,) = check_scan(tmp_path, single_scan({"T1w": "a.nii.gz"}))
    assert told in line


def test_a_type_that_is_not_known_is_refused(tmp_path: Path, data: np.ndarray) -> None:
    for code in (999, 0, 1):
        refusals(poked(tmp_path / "a.nii", nifti(data), "<h", 70, code))


# Other formats


def test_pairs_are_read_by_either_name(tmp_path: Path, data: np.ndarray) -> None:
    nib.save(nib.Nifti1Pair(data, AFFINE), tmp_path / "a.img")
    for name in ("a.img", "a.hdr"):
        both(tmp_path / name, data)
        assert read_header(tmp_path / name).shape == SHAPE
    for name in ("a.img", "a.hdr"):
        packed = gzip.compress((tmp_path / name).read_bytes())
        (tmp_path / f"{name}.gz").write_bytes(packed)
        (tmp_path / name).unlink()
    both(tmp_path / "a.img.gz", data)
    (tmp_path / "a.hdr.gz").unlink()
    assert refusals(tmp_path / "a.img.gz") == {"has no .hdr file beside it"}


@pytest.mark.parametrize("name", ["a.mgz", "a.mgh"])
def test_images_of_freesurfer(tmp_path: Path, data: np.ndarray, name: str) -> None:
    image = nib.MGHImage(data.astype(np.int32), AFFINE)
    nib.save(image, tmp_path / name)
    both(tmp_path / name, data)
    raw = image.to_bytes() + b"notes of the programs that made it"
    (tmp_path / name).write_bytes(gzip.compress(raw) if name == "a.mgz" else raw)
    both(tmp_path / name, data)
    raw = bytearray(raw)
    raw[28:30] = b"\0\0"  # goodRASFlag
    (tmp_path / name).write_bytes(raw)
    (problem,) = refusals(tmp_path / name)
    assert "no orientation" in problem


def itk_image(data: np.ndarray, pixel: type) -> sitk.Image:
    """Return an image whose LPS frame, worked by hand, is AFFINE: world x and y change their sign."""
    image = sitk.GetImageFromArray(data.astype(pixel).transpose(2, 1, 0))
    image.SetSpacing((2.0, 1.5, 3.0))
    image.SetOrigin((-11.0, 7.0, 5.0))
    image.SetDirection((1.0, 0, 0, 0, 0, -1.0, 0, 1.0, 0))
    return image


@pytest.mark.parametrize("pixel", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64, np.int64])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("name", ["a.nrrd", "a.mha"])
def test_images_of_itk(tmp_path: Path, data: np.ndarray, name: str, packed: bool, pixel: type) -> None:
    sitk.WriteImage(itk_image(data, pixel), tmp_path / name, packed)
    both(tmp_path / name, data)
    assert read_header(tmp_path / name).shape == SHAPE


@pytest.mark.parametrize("name", ["a.nrrd", "a.mha"])
def test_no_flipped_bit_of_a_packed_image_of_itk_goes_unseen(
    tmp_path: Path, data: np.ndarray, name: str
) -> None:
    sitk.WriteImage(itk_image(data, np.int16), tmp_path / name, True)
    good, chance = (tmp_path / name).read_bytes(), random.Random(0)
    start = read_header(tmp_path / name).skipped + (10 if name == "a.nrrd" else 2)
    for _ in range(60):
        raw = bytearray(good)
        raw[chance.randrange(start, len(raw))] ^= 1 << chance.randrange(8)
        (tmp_path / name).write_bytes(raw)
        refused_or_right(tmp_path / name, expected(data, AFFINE))


DIRECTIONS = "(1,0,0) (0,1,0) (0,0,1)"
NRRD = (
    "NRRD0005\n# made by hand\ntype: short\ndimension: 3\nspace: {space}\nsizes: 6 7 8\n"
    "space directions: {directions}\nkinds: domain domain domain\nendian: big\nencoding: raw\n"
    "space origin: {origin}\n{more}\n"
)


def written(space: str = "RAS", more: str = "") -> str:
    return NRRD.format(space=space, directions=DIRECTIONS, origin="(0,0,0)", more=more)


@pytest.mark.parametrize(
    ("space", "directions", "origin"),
    [
        ("right-anterior-superior", "(-2,0,0) (0,0,1.5) (0,3,0)", "(11,-7,5)"),
        ("RAS", "(-2,0,0) (0,0,1.5) (0,3,0)", "(11,-7,5)"),
        ("left-posterior-superior", "(2,0,0) (0,0,1.5) (0,-3,0)", "(-11,7,5)"),
        ("left-anterior-superior", "(2,0,0) (0,0,1.5) (0,3,0)", "(-11,-7,5)"),
    ],
)
def test_the_spaces_of_nrrd(
    tmp_path: Path, data: np.ndarray, space: str, directions: str, origin: str
) -> None:
    text = NRRD.format(space=space, directions=directions, origin=origin, more="")
    (tmp_path / "a.nrrd").write_bytes(text.encode() + data.astype(">i2").tobytes("F"))
    both(tmp_path / "a.nrrd", data)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (written(space="scanner-xyz"), "left"),
        (written(space="").replace("space: \n", ""), "left"),
        (written(more="data file: b.raw\n"), "a file of their own"),
        (written(more='space units: "um" "um" "um"\n'), "space units"),
        (written().replace("raw", "hex"), "encoding"),
    ],
)
def test_an_nrrd_that_is_not_understood_is_refused(
    tmp_path: Path, data: np.ndarray, text: str, told: str
) -> None:
    (tmp_path / "a.nrrd").write_bytes(text.encode() + data.astype(">i2").tobytes("F"))
    (problem,) = refusals(tmp_path / "a.nrrd")
    assert told in problem


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"ElementDataFile = LOCAL", b"ElementDataFile = b.raw", "a file of their own"),
        (b"TransformMatrix", b"TransformMatriz", "left and right"),
        (b"ElementType = MET_SHORT", b"ElementNumberOfChannels = 3\nElementType = MET_SHORT", "Channels"),
        (b"ElementType = MET_SHORT", b"DistanceUnits = um\nElementType = MET_SHORT", "DistanceUnits"),
    ],
)
def test_a_metaimage_that_is_not_understood_is_refused(
    tmp_path: Path, data: np.ndarray, old: bytes, new: bytes, told: str
) -> None:
    path = tmp_path / "a.mha"
    sitk.WriteImage(itk_image(data, np.int16), path, False)
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))
    (problem,) = refusals(path)
    assert told in problem


# What stops a file from being opened


def test_a_file_without_permission_is_told(
    tmp_path: Path, data: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    nib.save(nifti(data), tmp_path / "a.nii.gz")

    def deny(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", deny)
    assert refusals(tmp_path / "a.nii.gz") == {"cannot be opened"}


def test_a_folder_a_dangling_link_and_a_loop_are_told(tmp_path: Path) -> None:
    (tmp_path / "folder.nii.gz").mkdir()
    (tmp_path / "link.nii.gz").symlink_to(".git/annex/objects/x")
    (tmp_path / "loop.nii.gz").symlink_to("loop.nii.gz")
    for name in ("folder", "link", "loop"):
        refusals(tmp_path / f"{name}.nii.gz")
