"""The page of a scan that is not done says so, whatever it holds."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from cpimaging.study.outcome import BODY, mark_outdated


def job_of(folder: Path, page: bytes) -> SimpleNamespace:
    (folder / "sub-01.html").write_bytes(page)
    (folder / "sub-01.pdf").write_bytes(b"%PDF")
    return SimpleNamespace(
        files=SimpleNamespace(report=str(folder / "sub-01.html"), summary=str(folder / "sub-01.pdf"))
    )


@pytest.mark.parametrize("more", [b"", b"\xff"])
def test_a_page_is_marked_once_and_its_pdf_goes(tmp_path: Path, more: bytes) -> None:
    job = job_of(tmp_path, f"<html>{BODY}<p>B1</p>".encode() + more)
    mark_outdated(job)
    mark_outdated(job)
    page = (tmp_path / "sub-01.html").read_bytes()
    assert page.count(b"Out of date") == 1
    assert page.endswith(b"<p>B1</p>" + more)
    assert not (tmp_path / "sub-01.pdf").exists()


def test_what_is_no_page_of_ours_stays(tmp_path: Path) -> None:
    job = job_of(tmp_path, b"notes")
    mark_outdated(job)
    assert (tmp_path / "sub-01.html").read_bytes() == b"notes"
