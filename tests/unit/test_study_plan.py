"""The plan: one file per scan, others are left alone."""

from pathlib import Path

import pytest

from cpimaging.bids.scan import Scan
from cpimaging.study.plan import Entry, planned_labels, read_entry, study_labels, write_plan
from cpimaging.types import InputError

ONE = Scan("01", None, {"T1w": "sub-01/anat/sub-01_T1w.nii.gz"}, decisions=("a", "b"))
TWO = Scan("02", "x", {"FLAIR": "f.nii.gz"}, "/masks/m.nii.gz", "lesions_dir", "b.nii.gz", (), ("p",))


def test_a_plan_comes_back_scan_by_scan(tmp_path: Path) -> None:
    write_plan(tmp_path, "data/bids", [ONE, TWO])
    assert read_entry(tmp_path, "sub-01") == Entry(Path("data/bids"), ONE)
    assert read_entry(tmp_path, "sub-02_ses-x") == Entry(Path("data/bids"), TWO)


def test_a_scan_is_found_without_reading_the_others(tmp_path: Path) -> None:
    write_plan(tmp_path, "bids", [ONE, TWO])
    (tmp_path / "logs/plan/sub-02_ses-x.json").write_text("{")
    assert read_entry(tmp_path, "sub-01").scan == ONE
    with pytest.raises(InputError, match="is not valid JSON"):
        read_entry(tmp_path, "sub-02_ses-x")


def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    write_plan(tmp_path, "bids", [ONE])
    path = tmp_path / "logs/plan/sub-01.json"
    before = path.stat().st_mtime_ns, path.stat().st_ino
    write_plan(tmp_path, "bids", [ONE, TWO])
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before
    write_plan(tmp_path, "elsewhere", [ONE])
    assert read_entry(tmp_path, "sub-01").dataset == Path("elsewhere")


def test_a_run_of_some_scans_keeps_the_others_and_a_run_of_all_does_not(tmp_path: Path) -> None:
    write_plan(tmp_path, "bids", [ONE, TWO])
    write_plan(tmp_path, "bids", [ONE], whole=False)
    assert planned_labels(tmp_path) == ["sub-01", "sub-02_ses-x"]
    write_plan(tmp_path, "bids", [ONE])
    assert planned_labels(tmp_path) == ["sub-01"]


def test_what_a_killed_writer_left_is_no_scan(tmp_path: Path) -> None:
    write_plan(tmp_path, "bids", [ONE])
    (tmp_path / "logs/plan/.0123456789ab.sub-02.json").write_text("{")
    assert planned_labels(tmp_path) == ["sub-01"]
    write_plan(tmp_path, "bids", [ONE])


def test_labels_come_in_natural_order(tmp_path: Path) -> None:
    write_plan(tmp_path, "bids", [Scan(name, None, {}) for name in ("10", "2", "1")])
    assert study_labels(tmp_path) == ["sub-1", "sub-2", "sub-10"]


def test_a_folder_without_a_plan_is_told(tmp_path: Path) -> None:
    assert planned_labels(tmp_path) == []
    with pytest.raises(InputError, match="holds no scan"):
        study_labels(tmp_path)
