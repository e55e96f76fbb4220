from pathlib import Path

import pytest
import report_content as content

from cpimaging.bids.listing import single_scan
from cpimaging.io import write_json, write_text
from cpimaging.report.scan import render_scan
from cpimaging.report.summary import ZOOMS, summary_of
from cpimaging.stages import pdf
from cpimaging.study.job import SCAN_STAGES
from cpimaging.study.plan import write_plan
from cpimaging.study.record import record_path, reopen
from cpimaging.types import InputError


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two planned scans; the page of the first is finished."""
    scans = [single_scan({"T1w": Path(f"{label}_T1w.nii.gz")}, label=label) for label in ("sub-01", "sub-02")]
    write_plan(tmp_path, ".", scans)
    page = render_scan(content.scan_report())
    write_text(tmp_path / "sub-01.html", page)
    files = {"sub-01.html": len(page.encode())}
    for stage in SCAN_STAGES:
        write_json(record_path(tmp_path, stage, "sub-01"), {"Files": files if stage == "report" else {}})
    return tmp_path


def printing(monkeypatch: pytest.MonkeyPatch, *pages: int) -> list[str]:
    """Make the browser print so many pages, one after the other; return what it is given."""
    given: list[str] = []

    def print_it(html: str) -> bytes:
        given.append(html)
        return b"/Type /Page " * pages[len(given) - 1]

    monkeypatch.setattr(pdf, "page_to_pdf", print_it)
    return given


def test_a_scan_without_a_page_stops_no_other(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printing(monkeypatch, 2)
    written, refused = pdf.run(results)
    assert written == str(results / "sub-01.pdf")
    assert (results / "sub-01.pdf").read_bytes() == b"/Type /Page " * 2
    assert str(refused).startswith("sub-02: has no finished page")
    assert not (results / "sub-02.pdf").exists()


def test_what_does_not_fit_is_printed_smaller(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = printing(monkeypatch, 4, 3, 2)
    assert list(pdf.run(results, ["sub-01"])) == [str(results / "sub-01.pdf")]
    page = (results / "sub-01.html").read_text(encoding="utf-8")
    assert given == [summary_of(page, zoom) for zoom in ZOOMS[:3]]


def test_unknown_scans_and_older_pages_are_refused(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printing(monkeypatch)
    with pytest.raises(InputError, match="holds no scan sub-09"):
        list(pdf.run(results, ["sub-09"]))
    old = (results / "sub-01.html").read_text(encoding="utf-8").replace('id="summary"', 'id="sommary"')
    write_text(results / "sub-01.html", old)
    (told,) = pdf.run(results, ["sub-01"])
    assert "is of an earlier version" in str(told)


def test_the_page_of_an_earlier_run_is_not_printed(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another image under the same label was refused: its page is still the one of the image before."""
    given = printing(monkeypatch)
    reopen(results, "preprocess", "sub-01")
    (refused,) = pdf.run(results, ["sub-01"])
    assert str(refused).startswith("sub-01: has no finished page: preprocess failed or has not run")
    assert given == []
