from pathlib import Path

import pytest

from cpimaging import browser
from cpimaging.types import InputError

PDF = rb"<< /CreationDate (D:20261129114200+00'00') >> /Type /Pages /Type /Page /Type /Page"


def stand_in(folder: Path, script: str) -> None:
    """Put a program called chromium into a folder."""
    program = folder / "chromium"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)


def test_a_pdf_tells_no_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made.pdf").write_bytes(PDF)
    find = 'for word; do case "$word" in --print-to-pdf=*) out="${word#*=}";; esac; done'
    stand_in(tmp_path, f'{find}; /bin/cp "{tmp_path}/made.pdf" "$out"')
    monkeypatch.setenv("PATH", str(tmp_path))
    made = browser.page_to_pdf("<p>text</p>")
    assert made == PDF.replace(b"20261129114200", b"20000101000000")
    assert browser.page_count(made) == 2


@pytest.mark.parametrize(("script", "told"), [(None, "no Chromium"), ("exit 3", "made no PDF")])
def test_without_a_browser_that_prints_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, told: str
) -> None:
    if script:
        stand_in(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=told):
        browser.page_to_pdf("<p>text</p>")
