"""What an input says of a person stays there: no secret in an output; names do nothing where they stand."""

import base64
import gzip
import json
import os
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path
from unittest.mock import patch

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from entrances import command
from kinds_data import brain, dataset, plan
from kinds_masks import LESION, bulk, ellipsoid, image

from cpimaging.io import read_table, write_table

SECRETS = {
    "descrip": "Xq1 Mueller 1999",
    "aux_file": "Xq2-mueller",
    "db_name": "Xq3-mueller",
    "intent_name": "Xq4-mueller",
    "extension": "Xq5-mueller",
    "json": "Xq6-mueller",
    "table": "Xq7-mueller",
    "folder": "Xq8-mueller",
    "user": "Xq9-mueller",
    "after": "Xq0-mueller",
}
SOUGHT = [*(secret.encode() for secret in SECRETS.values()), b"mueller", b"Mueller"]


def told_all(data: np.ndarray, affine: np.ndarray) -> nib.Nifti1Image:
    """Return an image whose header says who it shows."""
    made = nib.Nifti1Image(data, affine)
    made.set_sform(affine, 4)
    made.set_qform(affine, 4)
    for field in ("descrip", "aux_file", "db_name", "intent_name"):
        if field in made.header:
            made.header[field] = SECRETS[field].encode()
    for code in (4, 6, 2):  # AFNI, a comment, DICOM
        made.header.extensions.append(nib.nifti1.Nifti1Extension(code, SECRETS["extension"].encode()))
    return made


def contents(path: Path) -> list[bytes]:
    """Return a file's bytes, and what is packed within them: gzip, pictures in pages, their texts."""
    raw = path.read_bytes()
    found = [raw, path.name.encode()]
    if raw.startswith(b"\x1f\x8b"):
        found.append(gzip.decompress(raw))
    for encoded in re.findall(rb"base64,([A-Za-z0-9+/=]+)", raw):
        picture = base64.b64decode(encoded)
        found += [picture, *_texts(picture)]
    return found


def _texts(picture: bytes) -> list[bytes]:
    """Return what a PNG's chunks hold beside the picture."""
    chunks, place = [], 8
    while picture.startswith(b"\x89PNG") and place + 8 <= len(picture):
        size, kind = int.from_bytes(picture[place : place + 4], "big"), picture[place + 4 : place + 8]
        content = picture[place + 8 : place + 8 + size]
        if kind in (b"tEXt", b"iTXt", b"eXIf", b"tIME"):
            chunks.append(content)
        if kind in (b"zTXt", b"iCCP"):
            chunks.append(zlib.decompress(content.partition(b"\0")[2][1:]))
        place += 12 + size
    return chunks


def leaks(out: Path, *, without: str = "logs/plan/") -> list[str]:
    """Return the outputs that hold a secret. The plan holds the dataset's folder as the user wrote it."""
    files = [path for path in out.rglob("*") if path.is_file()]
    assert len(files) > 5
    return [
        f"{path.relative_to(out)}: {secret.decode()}"
        for path in files
        if not path.relative_to(out).as_posix().startswith(without)
        for secret in SOUGHT
        if any(secret in content for content in contents(path))
    ]


@pytest.fixture
def person() -> object:
    user = SECRETS["user"]
    return patch.dict(os.environ, {"USER": user, "LOGNAME": user, "LNAME": user, "USERNAME": user})


def people(folder: Path) -> None:
    table = f"participant_id\tage\tsex\tname\tbirth\nsub-01\t7\tF\t{SECRETS['table']}\t2012-03-04\n"
    (folder / "participants.tsv").write_text(table)


def test_the_search_finds_what_is_hidden(tmp_path: Path) -> None:
    nib.save(told_all(LESION, np.eye(4)), tmp_path / "a.nii.gz")
    (tmp_path / "b.html").write_bytes(
        b'<img src="data:image/png;base64,' + base64.b64encode(SECRETS["json"].encode()) + b'">'
    )
    for n in range(5):
        (tmp_path / f"{n}.txt").touch()
    found = leaks(tmp_path)
    for field in ("descrip", "aux_file", "db_name", "intent_name", "extension", "json"):
        assert any(line.endswith(SECRETS[field]) for line in found), field


def test_masks_in_bulk_hold_no_secret(tmp_path: Path, person: patch) -> None:
    folder = tmp_path / SECRETS["folder"]
    folder.mkdir()
    people(folder)
    nib.save(
        told_all(LESION, image().affine),
        folder / "sub-01_mask.nii.gz",
    )
    (folder / "sub-01_mask.json").write_text(json.dumps({"PatientName": SECRETS["json"]}))
    (folder / "sub-02_mask.nii.gz").write_bytes(b"\x1f\x8b" + SECRETS["after"].encode())
    two = told_all(np.stack([LESION, LESION], -1), image().affine)
    nib.save(two, folder / "sub-03_mask.nii.gz")
    with person:
        results = bulk(folder, tmp_path / "out")
    assert results.summary["status"].value_counts().to_dict() == {"done": 1, "failed": 2}
    assert results.patterns.loc["sub-01", "age_years"] == 7
    assert leaks(tmp_path / "out") == []


def scan_of(folder: Path) -> tuple[Path, Path]:
    """Write a dataset of a person who is named wherever one can be; return it and the results' folder."""
    home = folder / SECRETS["folder"]
    home.mkdir()
    data, affine = brain()
    bids = dataset(home, T1w=data)
    people(bids)
    nib.save(told_all(data, affine), bids / "sub-01/anat/sub-01_T1w.nii.gz")
    sidecar = {"PatientName": SECRETS["json"], "AcquisitionTime": SECRETS["json"], "PatientAge": "007Y"}
    (bids / "sub-01/anat/sub-01_T1w.json").write_text(json.dumps(sidecar))
    mask = bids / "derivatives/l/sub-01/anat/sub-01_label-L_mask.nii.gz"
    mask.parent.mkdir(parents=True)
    nib.save(told_all(ellipsoid(data.shape, affine).astype(np.uint8), affine), mask)
    return bids, home / "out"


@pytest.mark.slow
def test_a_scan_through_all_stages_holds_no_secret(tmp_path: Path, person: patch) -> None:
    bids, out = scan_of(tmp_path)
    with person:
        plan(bids, out)
        assert command("atlas", "export", out)[0] == 0
        assert command("index", "--output-dir", out)[0] == 0
        for stage in ("preprocess", "register", "segment", "lesions", "quantify", "qc", "score", "report"):
            more = ("--engine", "identity") if stage == "register" else ()
            code, told = command(stage, "--scan", "sub-01", "--output-dir", out, *more)
            assert code == 0, told
            assert told == ""
        assert command("cohort", out)[0] == 0
    assert (out / "sub-01.html").is_file()
    assert read_table(out / "participants.tsv")["age"].tolist() == ["7.0"]
    assert leaks(out) == []


def test_a_failed_scan_tells_no_folder(tmp_path: Path, person: patch) -> None:
    bids, out = scan_of(tmp_path)
    (bids / "sub-01/anat/sub-01_T1w.nii.gz").write_bytes(b"\x1f\x8b" + SECRETS["after"].encode())
    with person:
        plan(bids, out)
        code, told = command("preprocess", "--scan", "sub-01", "--output-dir", out)
    assert code == 2
    assert not any(secret.decode() in told for secret in SOUGHT), told
    assert "sub-01/anat/sub-01_T1w.nii.gz" in told


class Tags(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


MARKUP = "<img src=x onerror=alert(1)>"


def test_names_with_markup_quotes_and_formulas_are_inert(tmp_path: Path) -> None:
    """In file names, in reasons, in the messages about files that are refused."""
    masks = tmp_path / "m"
    masks.mkdir()
    for name in (f"sub-1_{MARKUP}_mask.nii", "sub-2_\"'_mask.nii", "=cmd|' C calc'!A0.nii", "@SUM(A1).nii"):
        nib.save(image(), masks / name)
    (masks / f"sub-3_{MARKUP}_mask.nii").write_bytes(b"no image")
    (masks / "=HYPERLINK(1).nii").write_bytes(b"no image")
    reasons = f"participant_id\tverdict\treason\nsub-1\tC1\t{MARKUP}\nsub-2\tC1\t=1+1\n"
    (tmp_path / "o.tsv").write_text(reasons)
    results = bulk(masks, tmp_path / "out", overrides=tmp_path / "o.tsv")
    page = (tmp_path / "out/index.html").read_text()
    assert MARKUP not in page
    assert "&lt;img src=x onerror" in page
    assert not [tag for tag, given in Tags(page).found if any(key.startswith("on") for key in given)]
    assert len(results.patterns) == 4
    for table in (tmp_path / "out").rglob("*.tsv"):
        for line in table.read_text().splitlines():
            assert not [cell for cell in line.split("\t") if cell[:1] in "=@" and cell]
    assert any(message.startswith("'=HYPERLINK") for message in results.summary["message"])


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+1+cmd", "'+1+cmd"),
        ("-2+3", "'-2+3"),
        ("-2.5e-3", "-2.5e-3"),
        ("+7", "+7"),
        ("\t=1", " =1"),
        ("a=1", "a=1"),
        ("-", "-"),
        ("", ""),
        (-2.5, "-2.5"),
        (None, "n/a"),
    ],
)
def test_a_cell_that_a_spreadsheet_would_compute_gets_an_apostrophe(
    tmp_path: Path, cell: object, written: str
) -> None:
    write_table(tmp_path / "a.tsv", pd.DataFrame({"a": ["x"], "b": [cell]}))
    assert (tmp_path / "a.tsv").read_text() == f"a\tb\nx\t{written}\n"
