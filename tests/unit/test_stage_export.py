"""What the exports refuse; what they write of a study is tested in tests/workflow/test_output_contract.py."""

from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest

from cpimaging.bids.listing import single_scan
from cpimaging.columns import GROUP_LESIONLOAD, dtypes
from cpimaging.io import read_table, typed, write_json, write_table
from cpimaging.scorers.group import group_dtypes
from cpimaging.stages import export
from cpimaging.study.job import SCAN_STAGES
from cpimaging.study.plan import write_plan
from cpimaging.study.record import record_path, recorded, reopen
from cpimaging.types import InputError


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    """Results of masks without images: no morphometry, no quality checks, no files of scans."""
    blank = dict.fromkeys(group_dtypes())
    rows = [
        {**blank, "participant_id": f"sub-{n}", "in_group": "true", "qc": "not_applicable"} for n in (1, 2)
    ]
    load = [
        {**dict.fromkeys(dtypes(GROUP_LESIONLOAD)), "in_group": "true"}
        | {"participant_id": f"sub-{n}", "structure": "pons", "side": "left", "lesion_volume_mm3": 8.0 * n}
        for n in (1, 2)
    ]
    write_table(tmp_path / "out/group_patterns.tsv", typed(rows, group_dtypes()))
    write_table(tmp_path / "out/group_desc-lesionload_stats.tsv", typed(load, dtypes(GROUP_LESIONLOAD)))
    return tmp_path / "out"


def test_masks_without_images_have_their_loads(masks: Path, tmp_path: Path) -> None:
    export.run_wide(masks, tmp_path / "wide.tsv")
    wide = read_table(tmp_path / "wide.tsv")
    assert wide["load_pons_left_lesion_volume_mm3"].tolist() == ["8.0", "16.0"]
    assert wide["load_pons_left_percent_region"].tolist() == ["n/a", "n/a"]


def test_tables_of_two_runs_are_refused(masks: Path, tmp_path: Path) -> None:
    path = masks / "group_patterns.tsv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:2]))
    with pytest.raises(InputError, match="has no row of sub-2, which another table has"):
        export.run_wide(masks, tmp_path / "wide.tsv")
    assert not (tmp_path / "wide.tsv").exists()


@pytest.mark.parametrize("name", ["group_patterns.tsv", "participants.tsv", "wide.csv", "wide"])
def test_no_result_is_replaced(masks: Path, name: str) -> None:
    before = (masks / "group_patterns.tsv").read_bytes()
    with pytest.raises(InputError, match="is no name for a table beside the results"):
        export.run_wide(masks, masks / name)
    assert (masks / "group_patterns.tsv").read_bytes() == before


def test_a_matrix_needs_lesions_in_template_space(masks: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no lesion of the group in template space"):
        export.run_matrix(masks, tmp_path / "matrix")
    assert not (tmp_path / "matrix").exists()


def test_a_table_with_a_word_of_another_version_is_refused(masks: Path, tmp_path: Path) -> None:
    path = masks / "group_patterns.tsv"
    path.write_text(path.read_text().replace("not_applicable", "splendid", 1))
    with pytest.raises(InputError, match="qc has the word splendid"):
        export.run_redcap(masks, tmp_path / "redcap")
    assert not (tmp_path / "redcap").exists()


def test_a_table_with_a_scan_that_is_not_done_now_is_refused(
    masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The group table is of the last run that came to its end, and a scan has failed, or gone, since."""
    scans = [single_scan({"T1w": Path("T1w.nii.gz")}, label=f"sub-{n}") for n in (1, 2, 3)]
    write_plan(masks, ".", scans)
    for stage, n in product(SCAN_STAGES, (1, 2)):
        write_json(record_path(masks, stage, f"sub-{n}"), {"Files": {}})
    write_json(record_path(masks, "cohort"), {"Files": {}})
    export.run_redcap(masks, tmp_path / "redcap")
    assert capsys.readouterr().err == "cpimaging: left out, not done: sub-3\n"
    for end in (
        lambda: reopen(masks, "preprocess", "sub-2"),
        lambda: write_plan(masks, ".", scans[::2]),
    ):
        end()
        with pytest.raises(InputError, match="holds sub-2, which is not done now; run 'cpimaging cohort'"):
            export.run_wide(masks, tmp_path / "wide.tsv")


def test_a_table_of_before_a_scan_was_done_anew_is_refused(masks: Path, tmp_path: Path) -> None:
    write_plan(masks, ".", [single_scan({"T1w": Path("T1w.nii.gz")}, label=f"sub-{n}") for n in (1, 2)])
    for stage, n in product(SCAN_STAGES, (1, 2)):
        write_json(record_path(masks, stage, f"sub-{n}"), {"Files": {}})
    write_json(record_path(masks, "cohort"), {"Files": {}})
    export.run_wide(masks, tmp_path / "before.tsv")

    def run(job: SimpleNamespace) -> None:
        write_json(job.output / "sub-2.json", {})

    run.__module__ = "cpimaging.stages.score"
    recorded(run)(SimpleNamespace(output=masks, label="sub-2"))
    write_json(record_path(masks, "report", "sub-2"), {"Files": {}})
    with pytest.raises(InputError, match="is of before a scan was done anew; run 'cpimaging cohort'"):
        export.run_wide(masks, tmp_path / "after.tsv")
    assert not (tmp_path / "after.tsv").exists()
