"""A group of several folders; the stage on finished scans is tested in test_stages."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from cpimaging.bids.scan import Scan
from cpimaging.columns import GROUP_MORPHOMETRY, GROUP_QC, dtypes
from cpimaging.io import read_json, read_table
from cpimaging.stages import cohort
from cpimaging.study.gathered import CODE, ENGINES, VERSIONS
from cpimaging.study.group_tables import PageTables
from cpimaging.study.job import Job
from cpimaging.study.plan import write_plan
from cpimaging.types import InputError


def part(folder: Path, *names: str) -> Path:
    write_plan(folder, "bids", [Scan(name, None, {"T1w": f"sub-{name}_T1w.nii.gz"}) for name in names])
    return folder


def test_the_scans_of_all_parts_make_one_group(tmp_path: Path) -> None:
    parts = [part(tmp_path / "one", "01", "02"), part(tmp_path / "two", "03")]
    cohort.run(tmp_path / "all", parts=parts)
    summary = read_table(tmp_path / "all/logs/summary.tsv")
    assert summary["participant_id"].tolist() == ["sub-01", "sub-02", "sub-03"]
    assert set(summary["status"]) == {"not run"}
    assert summary["log"].iloc[2].startswith("../two/logs/preprocess/")
    for name, declared in (("group_morphometry", GROUP_MORPHOMETRY), ("group_qc", GROUP_QC)):
        assert list(read_table(tmp_path / f"all/{name}.tsv")) == list(dtypes(declared))
        assert set(dtypes(declared)) <= set(read_json(tmp_path / f"all/{name}.json"))
    assert (tmp_path / "all/index.html").is_file()
    assert not (tmp_path / "one/index.html").exists()


def test_a_part_without_results_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no scan"):
        cohort.run(tmp_path / "all", parts=[part(tmp_path / "one", "01"), tmp_path / "empty"])
    assert not (tmp_path / "all").exists()


def test_a_participant_of_two_parts_is_refused(tmp_path: Path) -> None:
    parts = [part(tmp_path / "one", "01"), part(tmp_path / "two", "02", "01")]
    with pytest.raises(InputError, match=r"two: holds sub-01, and so does .*one"):
        cohort.run(tmp_path / "all", parts=parts)
    assert not (tmp_path / "all").exists()


def test_sessions_of_one_name_in_two_parts_are_refused(tmp_path: Path) -> None:
    """Nothing tells whether sub-01 of one folder and sub-01_ses-1 of another are one person."""
    two = tmp_path / "two"
    write_plan(two, "bids", [Scan("01", "1", {"T1w": "sub-01_ses-1_T1w.nii.gz"})])
    with pytest.raises(
        InputError, match=r"two: holds sub-01, and so does .*one; process all sessions of one person"
    ):
        cohort.run(tmp_path / "all", parts=[part(tmp_path / "one", "01"), two])
    assert not (tmp_path / "all").exists()


def test_a_group_inside_of_a_part_is_refused(tmp_path: Path) -> None:
    one = part(tmp_path / "one", "01")
    with pytest.raises(InputError, match=r"lies in .*one, which it is to be made of"):
        cohort.run(one / "logs/all", parts=[one])
    assert not (one / "logs/all").exists()


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({}, []),
        (
            {VERSIONS: "0.0.3", CODE: "b"},
            [
                "scans of different versions of this software, whose numbers may differ for that alone: "
                "0.0.3 (sub-3), 0.1.0 (sub-1, sub-2); process all of them with one"
            ],
        ),
        ({CODE: "b"}, ["scans of different states of its code, .* a .sub-1, sub-2., b .sub-3.; process"]),
        (
            {ENGINES: "ants"},
            ["scans of different registration engines, .* ants .sub-3., greedy .sub-1, sub-2."],
        ),
    ],
)
def test_scans_of_other_versions_and_engines_are_told(others: dict[str, str], expected: list[str]) -> None:
    page = PageTables()
    same = {VERSIONS: "0.1.0", CODE: "a", ENGINES: "greedy"}
    for n, made in enumerate([same, same, same | others], start=1):
        label = f"sub-{n}"
        scan = SimpleNamespace(
            job=Job(Path(), label), made=made, parts=dict, morphometry=[], values=[], quality={}
        )
        ids = {"participant_id": label, "session_id": "n/a"}
        page.add(ids, scan, {"in_group": "true", "qc": "pass"})  # type: ignore[arg-type]
    told = page.mixed()
    assert len(told) == len(expected)
    for line, words in zip(told, expected, strict=True):
        assert line == words or re.search(words, line)


def test_a_group_of_parts_does_not_replace_that_of_a_study(tmp_path: Path) -> None:
    own = part(tmp_path / "one", "01")
    with pytest.raises(InputError, match="holds the results of scans"):
        cohort.run(own, parts=[part(tmp_path / "two", "02")])
    assert not (own / "index.html").exists()


def test_masks_that_were_not_used_are_told_with_their_scans_and_the_first_of_many(tmp_path: Path) -> None:
    line = "lesion mask: derivatives/x/sub-{}_odd.nii is not used: its name is not that of one"
    scans = [
        Scan(f"0{n}", None, {"T1w": "x.nii"}, decisions=(line.format(f"0{n}"), "age n/a")) for n in range(8)
    ]
    write_plan(tmp_path, "bids", scans)
    cohort.run(tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "sub-04: lesion mask: derivatives/x/sub-04_odd.nii is not used" in page
    assert "derivatives/x/sub-05_odd.nii" not in page
    assert "3 more such files: logs/index.tsv" in page
