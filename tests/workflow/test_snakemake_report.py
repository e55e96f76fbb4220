"""Snakemake's own report holds the pages."""

import zipfile
from pathlib import Path

from workflow_runs import snakemake


def test_it_holds_every_page_and_the_group_table(demo_copy: Path) -> None:
    done = snakemake(demo_copy, "--report", "report.zip", bids_dir="bids", output_dir="out")
    assert done.returncode == 0, done.stderr[-2000:]
    with zipfile.ZipFile(demo_copy / "report.zip") as file:
        names = {Path(name).name: name for name in file.namelist()}
        for page in ("sub-01.html", "sub-04.html", "index.html", "group_patterns.tsv"):
            assert file.read(names[page]) == (demo_copy / "out" / page).read_bytes()
        report = file.read(names["report.html"])
        assert b"Lesion pattern of sub-01" in report
        assert b"Links to the pages of scans work in the folder of the results alone" in report
