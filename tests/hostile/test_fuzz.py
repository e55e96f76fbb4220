"""Random input is read right or refused in one line, whatever it is. What once failed stands as an example.

FUZZ_EXAMPLES: how many inputs each test draws, anew at every run; without it they are always the same.
"""

import gzip
import json
import os
import shlex
import string
import struct
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import nibabel as nib
import numpy as np
import pytest
from entrances import SCHEMA
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from kinds import one_line
from kinds_atlases import NAME, TABLE, WAY, folder_of
from kinds_choices import HEADER, LABELS
from kinds_formats import itk
from kinds_headers import AFFINE, DATA
from kinds_tables import PEOPLE, ROWS, listed, tree, write

from cpimaging.atlases import check_folder
from cpimaging.bids.checks import check_scan
from cpimaging.bids.files import parse_file
from cpimaging.bids.listing import list_scans, single_scan
from cpimaging.bids.mask_folder import list_masks
from cpimaging.images import read_displacement, read_header, read_image, read_sparse
from cpimaging.masks import values_inside
from cpimaging.stages.command import PLACEHOLDERS, check_command
from cpimaging.study.choices import Choices, read_choices
from cpimaging.study.overrides import read_overrides
from cpimaging.types import InputError

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
fuzzed = settings(
    max_examples=EXAMPLES or 30,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def outcome(read: Callable[[], object]) -> object | None:
    """Return what is read, None where it is refused in one line; whatever else is raised fails."""
    try:
        return read()
    except InputError as error:
        one_line(error, "")
        return None


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


# Headers: a good file with some bytes replaced, cut, packed.

STARTS = {
    "nifti": nib.Nifti1Image(DATA, AFFINE).to_bytes(),
    "nifti2": nib.Nifti2Image(DATA, AFFINE).to_bytes(),
    "big": nib.Nifti1Image(
        DATA, AFFINE, header=nib.Nifti1Image(DATA, AFFINE).header.as_byteswapped(">")
    ).to_bytes(),
    "mgh": nib.MGHImage(DATA.astype(np.int32), AFFINE).to_bytes(),
}
EXTREMES = [struct.pack(form, value) for form, values in {
    "<f": (float("nan"), float("inf"), -1.0, 0.0, 1e30, 1e-30),
    "<h": (-1, 0, 1, 2, 16, 128, 999, 1536, 32767, -32768),
    "<i": (-1, 2**31 - 1, -(2**31)),
}.items() for value in values]  # fmt: skip
pokes = st.lists(
    st.tuples(st.integers(0, 560), st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from(EXTREMES))),
    max_size=6,
)


def read_all(path: Path) -> None:
    """Read an image in every way; where it is read, all ways agree."""
    header = outcome(lambda: read_header(path))
    labels, scaled = outcome(lambda: read_image(path, labels=True)), outcome(lambda: read_image(path))
    sparse = outcome(lambda: read_sparse(path))
    outcome(lambda: read_displacement(path))
    problems = check_scan(path.parent, single_scan({"T1w": path.name}))
    assert all(problem.isprintable() for problem in problems)
    assert (labels is None) == (scaled is None) == (sparse is None)
    if labels is None or sparse is None:
        return
    assert header is not None
    assert problems == ()
    assert np.isfinite(labels.affine).all()
    assert labels.shape == sparse.shape
    assert np.array_equal(np.flatnonzero(labels.data), np.sort(sparse.index))
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.allclose(scaled.data, labels.data.astype(np.float32), rtol=1e-5, equal_nan=True)


@fuzzed
@given(st.sampled_from(sorted(STARTS)), pokes, st.none() | st.integers(0, 3000), st.booleans())
@example(
    "nifti", [(108, struct.pack("<f", 0.0))], None, False
)  # voxels began at 0: the header read as voxels
@example(
    "nifti", [(76, struct.pack("<f", 0.0)), (254, b"\0\0"), (252, b"\1\0"), (80, bytes(12))], None, False
)
@example("nifti", [(70, struct.pack("<2h", 1536, 128))], None, False)
@example("nifti", [(256, struct.pack("<3f", 5, 5, 5))], None, True)
@example("nifti", [(90, b"\xc0\x7f"), (249, b"\0\0\0\1")], None, False)  # a qform that is not a number
@example("mgh", [(47, b"\0\0\0Y")], None, False)  # axes that cannot be told apart
def test_headers(
    place: Path, start: str, changes: list[tuple[int, bytes]], length: int | None, packed: bool
) -> None:
    content = bytearray(STARTS[start])
    for at, new in changes:
        content[at : at + len(new)] = new
    raw = bytes(content[:length])
    path = place / "a.nii.gz"
    path.write_bytes(gzip.compress(raw, 1) if packed else raw)
    read_all(path)


@fuzzed
@given(st.binary(max_size=700), st.integers(0, 2000), st.integers(1, 255))
def test_packed_bytes(place: Path, junk: bytes, at: int, flip: int) -> None:
    """A damaged gzip file is refused, or holds what it held."""
    content = bytearray(gzip.compress(STARTS["nifti"], 1))
    content[at % len(content)] ^= flip
    path = place / "b.nii.gz"
    path.write_bytes(bytes(content) + junk)
    found = outcome(lambda: read_image(path, labels=True))
    if found is not None:
        assert sorted(found.data.ravel().tolist()) == sorted(DATA.ravel().tolist())


TEXTS: dict[str, bytes] = {}


def text_image(ending: str) -> bytes:
    if ending not in TEXTS:
        with TemporaryDirectory() as folder:
            itk()(Path(folder) / f"a{ending}")
            TEXTS[ending] = (Path(folder) / f"a{ending}").read_bytes()
    return TEXTS[ending]


words = st.sampled_from(
    ["0", "-1", "1e999", "nan", "", "(1,2)", "none", "raw", "gzip", "True", "9" * 30, "x" * 99]
)


@fuzzed
@given(
    st.sampled_from([".nrrd", ".mha"]), st.integers(0, 14), st.integers(0, 6), words | st.text(max_size=20)
)
def test_headers_of_text(place: Path, ending: str, line: int, word: int, new: str) -> None:
    mark = b"\n\n" if ending == ".nrrd" else b"LOCAL\n"
    header, _, voxels = text_image(ending).partition(mark)
    lines = header.split(b"\n")
    parts = lines[line % len(lines)].split(b" ")
    parts[word % len(parts)] = new.encode("utf-8", "surrogatepass")
    lines[line % len(lines)] = b" ".join(parts)
    path = place / f"a{ending}"
    path.write_bytes(b"\n".join(lines) + mark + voxels)
    read_all(path)


# Tables and sidecars.

cells = st.sampled_from(
    ["sub-01", "sub-02", "participant_id", "age", "age_months", "sex", "5", "7.5", "n/a", "", '"', "38+4",
     "P3Y", "F", "ses-1", "session_id", "pma_weeks", "birth_age", "27", "-1", "inf", "1e400", "٣", "\x00",
     "\ufeff", " ", "=1+1"]
) | st.text(max_size=6)  # fmt: skip
rows_of_text = st.lists(st.lists(cells, max_size=5), max_size=5)
marks = st.sampled_from(["\t", "\t", "\t", ",", ";"])
keys = st.sampled_from(["age", "sex", "Units", "Levels", "Description", "GeneratedBy", "Name"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


def joined(table: list[list[str]], mark: str, end: str) -> bytes:
    return end.join(mark.join(row) for row in table).encode("utf-8", "surrogatepass")


@fuzzed
@given(rows_of_text, marks, st.sampled_from(["\n", "\r\n", "\r"]), anything)
@example([["participant_id", "age"], ["sub-01", "9" * 400]], "\t", "\n", None)
@example([["", ""], ["", ""]], ",", "\n", None)
@example([["participant_id", "age"], ["sub-01", "2"]], "\t", "\n", {"age": {"Levels": ["young", "old"]}})
def test_tables_of_people(table: list[list[str]], mark: str, end: str, sidecar: object) -> None:
    with TemporaryDirectory() as name:
        folder = tree(Path(name))
        write(folder, {PEOPLE: joined(table, mark, end), "participants.json": json.dumps(sidecar)})
        found = listed(folder)
        assert list(found) == ["sub-01", "sub-02"]
        for scan in found.values():
            assert scan.age_years is None or 0 <= scan.age_years <= 120
            assert scan.sex in ("F", "M", "O", "n/a")
            assert all(line.isprintable() for line in (*scan.problems, *scan.decisions, scan.age_source))


@fuzzed
@given(st.lists(cells, max_size=4), st.integers(0, 2))
@example(["pma_weeks", "sub-01"], 0)
def test_no_row_gives_its_age_to_another(broken: list[str], at: int) -> None:
    """A row on sub-01, whatever it holds, leaves sub-02 its own 7 years, or none."""
    line = "\t".join(["sub-01", *broken]).replace("sub-02", "x")
    rows = ROWS.splitlines()
    rows.insert(at + 1, line)
    with TemporaryDirectory() as name:
        folder = tree(Path(name))
        write(folder, {PEOPLE: "\n".join(rows).encode("utf-8", "surrogatepass")})
        assert listed(folder)["sub-02"].age_years in (7.0, None)


@fuzzed
@given(rows_of_text, marks)
def test_overrides(place: Path, table: list[list[str]], mark: str) -> None:
    (place / "o.tsv").write_bytes(HEADER.encode() + joined(table, mark, "\n"))
    found = outcome(lambda: read_overrides(place / "o.tsv", LABELS))
    assert found is None or set(found) <= set(LABELS)


@fuzzed
@given(anything)
def test_descriptions_of_datasets(content: object) -> None:
    with TemporaryDirectory() as name:
        folder = tree(Path(name))
        (folder / "dataset_description.json").write_text(json.dumps(content))
        found = outcome(lambda: list_scans(folder))
        assert found is None or len(found) == 2


# Names.

letters = st.sampled_from(
    [*"ab01_-.{} ;$'\"<>+\n", "sub-", "ses-", "_T1w", "_mask", "_label-L", ".nii.gz", ".nii", "é"]
)
names = st.lists(letters, min_size=1, max_size=9).map("".join).filter(lambda name: name not in (".", ".."))


@fuzzed
@given(names, names)
def test_names(folder_name: str, name: str) -> None:
    parse_file(f"{folder_name}/{name}", "raw")
    with TemporaryDirectory() as root:
        folder = tree(Path(root), ("good",))
        path = folder / f"sub-{folder_name}" / "anat" / f"sub-{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        found = {scan.label: scan for scan in list_scans(folder)}
        assert found["sub-good"].problems == ()
        assert len(found) == 2
        assert all(set(label) <= set(string.ascii_letters + string.digits + "+_-") for label in found)
        masks = outcome(lambda: list_masks(folder))
        assert masks is None or all(scan.label.isascii() for scan in masks)


# Configurations and commands.

values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.lists(st.text(max_size=3), max_size=2)
)


@fuzzed
@given(
    st.dictionaries(
        st.sampled_from([*SCHEMA["properties"], "colour"]) | st.text(max_size=5), values, max_size=5
    )
)
def test_configurations(config: dict[str, object]) -> None:
    found = outcome(lambda: read_choices({"bids_dir": "b", "output_dir": "o", **config}, SCHEMA))
    assert found is None or isinstance(found, Choices)


pieces = st.lists(
    st.sampled_from([*"'\"\\ab {}!:;", "{T1w}", "{out}", "{brain_mask}", "{{", "}}", "{T1w!r}", " -m "]),
    max_size=9,
)
HOSTILE = "/tmp/a; touch x; 'b\" c"


@fuzzed
@given(pieces)
@example(["'", "{T1w}", "'", " ", "{out}"])
@example(['"', "\\", '"', "{T1w}", '"', "{out}"])
def test_commands(parts: list[str]) -> None:
    """A command that is accepted keeps a hostile path in one word."""
    command = "".join(parts)

    def accepted() -> bool:
        check_command(command)
        return True

    if outcome(accepted) is None:
        return
    filled = command.format_map({name: shlex.quote(HOSTILE) for name in PLACEHOLDERS})
    try:
        split = shlex.split(filled)
    except ValueError:
        return  # a quote that the user left open: the shell refuses it
    assert any(HOSTILE in word for word in split)


# Atlas folders.

texts = st.lists(
    st.lists(cells | st.sampled_from(["300", "70001", "left", "thalamus", "index", "side"]), max_size=5),
    max_size=4,
)


@fuzzed
@given(texts, marks, st.sampled_from(["table", "header", "way"]), anything)
@example([], "\t", "way", {"Space": "Other"})
@example([["0", "sub-01", "sub-01", "sub-01"]], "\t", "header", {})
@example([["1", "sub-01", "sub-01", "\x1f"]], "\t", "header", {})
def test_atlas_folders(table: list[list[str]], mark: str, where: str, description: object) -> None:
    with TemporaryDirectory() as name:
        folder = folder_of(Path(name))
        content = joined(table, mark, "\n")
        if where == "table":
            (folder / f"{NAME}_dseg.tsv").write_bytes(content)
        if where == "header":
            (folder / f"{NAME}_dseg.tsv").write_bytes(TABLE.splitlines()[0].encode() + b"\n" + content)
        if where == "way":
            description = {"Space": "Other"}
            (folder / f"{WAY}.txt").write_bytes(content)
        (folder / f"{NAME}_description.json").write_text(json.dumps(description))
        found = outcome(lambda: check_folder(folder))
        assert found is None or all(problem.isprintable() for problem in found[1])


# Values of masks.


@fuzzed
@given(
    st.lists(
        st.floats(-2, 260, width=32) | st.sampled_from([0, 0, 0, 1, 0.5, 2, 100, 255, float("nan")]),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(["f4", "f8", "u1", "i2"]),
)
def test_values_of_masks(found: list[float], dtype: str) -> None:
    """What counts as inside lies above all that does not, and is never nothing where there is something."""
    with np.errstate(invalid="ignore"):
        values = np.nan_to_num(found).astype(dtype) if dtype in ("u1", "i2") else np.array(found, dtype)
    read = outcome(lambda: values_inside(values, "a.nii"))
    if read is None:
        return
    inside = read[0]
    known = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
    if inside.any() and (~inside & known).any():
        assert values[inside].min() > values[~inside & known].max()
    assert inside.any() == (values[known] != 0).any()
    assert not (inside & ~known).any()
