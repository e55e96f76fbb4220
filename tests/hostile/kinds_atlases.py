"""Atlas folders of one's own: `cpimaging atlas check` on two boxes of 4 mm voxels beside the midline."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
from entrances import BAD_INPUT, command
from kinds import Kind, refused

from cpimaging.atlases.template import SPACE

AFFINE = np.array([[4.0, 0, 0, -38], [0, 4, 0, -46], [0, 0, 4, -20], [0, 0, 0, 1]])
DATA = np.zeros((20, 18, 15), np.int32)
DATA[4:7, 6:10, 5:9] = 300
DATA[13:16, 6:10, 5:9] = 70001
TABLE = "index\tname\tside\tstructure\n300\tLeft box\tleft\tthalamus\n70001\tRight box\tright\tthalamus\n"
NAME = "atlas-Boxes"
WAY = f"from-Other_to-{SPACE}_mode-image_xfm"

Change = Callable[[Path], object]


def labels(path: Path, data: np.ndarray = DATA, affine: np.ndarray = AFFINE, code: int = 4) -> None:
    image = nib.Nifti1Image(data, affine, dtype=data.dtype if data.dtype == np.int64 else None)
    image.set_sform(affine, code)
    image.set_qform(affine if code else None, code)
    nib.save(image, path)


def folder_of(folder: Path) -> Path:
    labels(folder / f"{NAME}_dseg.nii.gz")
    (folder / f"{NAME}_dseg.tsv").write_text(TABLE)
    (folder / f"{NAME}_description.json").write_text(json.dumps({"Space": SPACE, "Version": "1"}))
    return folder


def with_labels(data: np.ndarray, affine: np.ndarray = AFFINE, code: int = 4) -> Change:
    return lambda folder: labels(folder / f"{NAME}_dseg.nii.gz", data, affine, code)


def with_table(text: str | bytes) -> Change:
    content = text if isinstance(text, bytes) else text.encode()
    return lambda folder: (folder / f"{NAME}_dseg.tsv").write_bytes(content)


def row(text: str) -> Change:
    """Return what puts another line for the left box."""
    return with_table(TABLE.replace("300\tLeft box\tleft\tthalamus", text))


def with_description(text: str) -> Change:
    return lambda folder: (folder / f"{NAME}_description.json").write_text(text)


def elsewhere(*more: Change) -> Change:
    """Return what makes it an atlas of another space, and what else is put beside it."""

    def change(folder: Path) -> None:
        with_description('{"Space": "Other"}')(folder)
        for make in more:
            make(folder)

    return change


def matrix(rows: object) -> Change:
    return lambda folder: np.savetxt(folder / f"{WAY}.txt", rows)


def field(vectors: np.ndarray) -> Change:
    def change(folder: Path) -> None:
        affine = np.diag([20.0, 20, 20, 1])
        affine[:3, 3] = [-100, -140, -80]
        nib.save(nib.Nifti1Image(vectors.astype(np.float32), affine), folder / f"{WAY}.nii.gz")

    return change


def bad(made: str, words: str, change: Change) -> Kind:
    def check(folder: Path) -> None:
        change(folder_of(folder))
        code, told = command("atlas", "check", folder)
        assert code == BAD_INPUT, told
        assert words in told, told
        lines = told.strip().splitlines()
        assert all(line.isprintable() for line in lines)
        assert len(lines) <= 8, lines

    return Kind("atlas folders", made, refused(words), check)


def fine(made: str, change: Change) -> Kind:
    def check(folder: Path) -> None:
        change(folder_of(folder))
        code, told = command("atlas", "check", folder)
        assert code == 0, told
        assert "fine, 2 regions" in told

    return Kind("atlas folders", made, "fine, 2 regions", check)


def rename(old: str, new: str) -> Change:
    return lambda folder: (folder / f"{NAME}{old}").rename(folder / new)


def table_is_folder(folder: Path) -> None:
    (folder / f"{NAME}_dseg.tsv").unlink()
    (folder / f"{NAME}_dseg.tsv").mkdir()


SHIFT = np.eye(4)
SHIFT[0, 3] = 4000.0
ZEROS = np.zeros((11, 13, 11, 1, 3))

KINDS = [
    fine("two boxes", lambda folder: None),
    fine("labels stored as fractions", with_labels(DATA.astype(np.float64))),
    fine("64-bit labels", with_labels(DATA.astype(np.int64))),
    fine("axes from right to left", with_labels(DATA[::-1].copy(), AFFINE @ np.array([[-1.0, 0, 0, 19], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))),
    bad("an empty folder", "holds 0 label images", lambda folder: [path.unlink() for path in folder.iterdir()]),
    bad("two label images", "holds 2 label images", lambda folder: labels(folder / "atlas-More_dseg.nii.gz")),
    bad("a description that is null", "is not a JSON object", with_description("null")),
    bad("a description that is 5", "is not a JSON object", with_description("5")),
    bad("a description that is a text", "is not a JSON object", with_description('"MNI"')),
    bad("a description of 100,000 brackets", "is not valid JSON", with_description("[" * 100_000)),
    bad("a version of 6000 digits", "is not valid JSON", with_description('{"Version": ' + "9" * 6000 + "}")),
    bad("half of a character in the version", "is not valid JSON", with_description('{"Space": "' + SPACE + '", "Version": "\\ud800"}')),
    bad("a broken description", "is not valid JSON", with_description("{")),
    bad("no description", "the space it lives in is not stated", lambda folder: (folder / f"{NAME}_description.json").unlink()),
    bad("the space *", "which is no name of one", with_description('{"Space": "*"}')),
    bad("the space ../x", "which is no name of one", with_description('{"Space": "../x"}')),
    bad("the space 5", "which is no name of one", with_description('{"Space": 5}')),
    bad("a list of spaces", "which is no name of one", with_description('{"Space": ["a", "b"]}')),
    bad("labels in colours", "is a colour image", with_labels(np.zeros(DATA.shape, [(c, "u1") for c in "RGB"]))),
    bad("labels that are fractions", "are not whole numbers", with_labels(DATA * np.float32(0.5) + np.float32(0.25))),
    bad("labels that are NaN", "are not whole numbers", with_labels(np.where(DATA, DATA, np.nan).astype(np.float32))),
    bad("labels up to 1e12", "are not whole numbers", with_labels(DATA * np.float64(1e9))),
    bad("a label below 0", "label -5 of the image is not in the table", with_labels(np.where(DATA == 300, -5, DATA).astype(np.int32))),
    bad("no label at all", "of the table is not in the image", with_labels(DATA * 0)),
    bad("a label that the table lacks", "label 7 of the image is not in the table", with_labels(np.where(DATA == 300, 7, DATA).astype(np.int32))),
    bad("two volumes of labels", "has 2 volumes", with_labels(np.stack([DATA, DATA], -1))),
    bad("sform and qform both 0", "left and right are unknown", with_labels(DATA, AFFINE, 0)),
    bad("voxels of 40 mm", "are not plausible", with_labels(DATA, np.diag([10.0, 10, 10, 1]) @ AFFINE)),
    bad("a header that was lost (identity)", "is called left, but its centroid", with_labels(DATA, np.eye(4))),
    bad("left and right exchanged in the image", "are left and right swapped?", with_labels(DATA[::-1].copy())),
    bad("left and right exchanged in the table", "are left and right swapped?", with_table(TABLE.replace("\tleft\t", "\tx\t").replace("\tright\t", "\tleft\t").replace("\tx\t", "\tright\t"))),
    bad("an image cut in half", "", lambda folder: (folder / f"{NAME}_dseg.nii.gz").write_bytes((folder / f"{NAME}_dseg.nii.gz").read_bytes()[:150])),
    bad("a type of numbers that is not known", "cannot be read", lambda folder: (folder / f"{NAME}_dseg.nii.gz").write_bytes(_unknown_type())),
    bad("no table", "no such file", lambda folder: (folder / f"{NAME}_dseg.tsv").unlink()),
    bad("a table that is a folder", "is a folder", table_is_folder),
    bad("an empty table", "is empty", with_table("")),
    bad("the header of a table alone", "the table is empty", with_table("index\tname\tside\n")),
    bad("an index of 10^30", "", row("1" + "0" * 30 + "\tLeft box\tleft\tthalamus")),
    bad("an index of 2^31", "an index is larger than", row("2147483648\tLeft box\tleft\tthalamus")),
    bad("an index that is a word", "an index is not a whole number", row("three\tLeft box\tleft\tthalamus")),
    bad("an index that is a fraction", "an index is not a whole number", row("300.5\tLeft box\tleft\tthalamus")),
    bad("an index of 0", "cannot be regions", row("0\tLeft box\tleft\tthalamus")),
    bad("an index twice", "index 70001 is there more than once", row("70001\tLeft box\tleft\tthalamus")),
    bad("a side that is none", "side 'sinister' is none of", row("300\tLeft box\tsinister\tthalamus")),
    bad("a structure that is none", "structure 'soul' is not in the vocabulary", row("300\tLeft box\tleft\tsoul")),
    bad("a structure that overlaps others", "must be in an overlay", row("300\tLeft box\tleft\tcorticospinal_tract")),
    bad("a name that has a meaning", "its name has a meaning", row("300\toutside_brain\tleft\tn/a")),
    bad("a tab too many in a row", "has 5 cells, the header 4", row("300\t\tLeft box\tleft\tthalamus")),
    bad("commas for tabs", "has commas between its cells", with_table(TABLE.replace("\t", ","))),
    bad("a table in Latin-1", "holds bytes that are not UTF-8", with_table(TABLE.replace("Left box", "Länge").encode("latin-1"))),
    bad("no column side", "lacks the column(s) side", with_table(TABLE.replace("side", "where"))),
    bad("an overlay on another grid", "not on the grid of the main label image", lambda folder: [labels(folder / f"{NAME}_seg-x_dseg.nii.gz", DATA[:, :, :9].copy()), (folder / f"{NAME}_seg-x_dseg.tsv").write_text(TABLE)]),
    bad("another space without a way", "brings no way there", elsewhere()),
    bad("a transform of NaN", "is not a 4 × 4 matrix", elsewhere(matrix(np.full((4, 4), np.nan)))),
    bad("a transform with infinity", "is not a 4 × 4 matrix", elsewhere(matrix(np.diag([np.inf, 1, 1, 1])))),
    bad("a transform of three rows", "is not a 4 × 4 matrix", elsewhere(matrix(np.eye(4)[:3]))),
    bad("a transform of words", "is not a 4 × 4 matrix", elsewhere(lambda folder: (folder / f"{WAY}.txt").write_text("one two\n"))),
    bad("an empty transform", "is not a 4 × 4 matrix", elsewhere(lambda folder: (folder / f"{WAY}.txt").touch())),
    bad("a transform that mirrors", "keeps left and right", elsewhere(matrix(np.diag([-1.0, 1, 1, 1])))),
    bad("a transform of zeros", "is not a 4 × 4 matrix", elsewhere(matrix(np.diag([0, 0, 0, 1.0])))),
    bad("a transform that leads nowhere", "leads no label into", elsewhere(matrix(SHIFT))),
    bad("a field of NaN", "holds what is no number", elsewhere(field(ZEROS * np.nan))),
    bad("a field without vectors", "is not a displacement field", elsewhere(field(ZEROS[..., 0, 0]))),
    bad("a field that leads nowhere", "leads no label into", elsewhere(field(ZEROS + 9000))),
    bad("a field that is damaged", "", elsewhere(lambda folder: (folder / f"{WAY}.nii.gz").write_bytes(os.urandom(300)))),
]  # fmt: skip


def _unknown_type() -> bytes:
    content = bytearray(nib.Nifti1Image(DATA, AFFINE).to_bytes())
    content[70:72] = (999).to_bytes(2, "little")
    return bytes(content)
