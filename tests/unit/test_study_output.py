"""Results are written to folders that are new, empty or our own, never to somebody else's."""

import json
from pathlib import Path

import pytest

from cpimaging.stages.index import write_dataset_files
from cpimaging.study.output import Sort, check_output
from cpimaging.types import InputError


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text("{}")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["dataset_description.json", "README.md", ".bidsignore"], "dataset_description.json"),
        (["participants.tsv"], "participants.tsv"),
        (["participants.json"], "participants.json"),
        (["sub-01/anat/sub-01_T1w.nii.gz"], "sub-01/"),
        (["index.html"], "index.html"),
        (["README.md"], "README.md"),
        (["sub-01.html"], "sub-01.html"),
        (["group_patterns.tsv"], "group_patterns.tsv"),
        (["logs/summary.tsv"], "logs/summary.tsv"),
        (["logs/files/atlas/study.json", "dataset_description.json"], "dataset_description.json"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_somebody_else_has_put_there_is_refused(tmp_path: Path, names: list[str], told: str) -> None:
    put(tmp_path, *names)
    with pytest.raises(InputError, match=f"holds {told}, which was not written here"):
        check_output(tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        [],
        [".snakemake/", ".DS_Store"],
        ["logs/lock.json", "logs/index.log", "logs/benchmarks/index.tsv"],
        ["logs/plan/sub-01.json", "sub-01/anat/", "participants.json"],
        ["logs/files/cohort/study.json", "index.html", "group_patterns.tsv"],
        ["notes.txt", "study.yaml", "fmriprep/dataset_description.json", "sub-01_mask.nii.gz"],
    ],
    ids=["empty", "hidden", "logs", "interrupted", "a group of several folders", "files beside"],
)
def test_other_folders_stay_usable(tmp_path: Path, names: list[str]) -> None:
    put(tmp_path, *names)
    check_output(tmp_path)
    check_output(tmp_path / "new")


def test_only_our_own_description_makes_a_folder_ours(tmp_path: Path) -> None:
    write_dataset_files(tmp_path)
    put(tmp_path, "participants.tsv", "sub-01/anat/")
    check_output(tmp_path)
    path = tmp_path / "dataset_description.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "GeneratedBy": [{"Name": "fMRIPrep"}]}))
    with pytest.raises(InputError, match="dataset_description"):
        check_output(tmp_path)


@pytest.mark.parametrize("sort", ["scans", "masks", "group"])
@pytest.mark.parametrize(
    ("trace", "own"),
    [("logs/plan/", "scans"), ("logs/files/masks/", "masks"), ("logs/files/cohort/", "group")],
)
def test_results_of_one_sort_do_not_replace_those_of_another(
    tmp_path: Path, trace: str, own: Sort, sort: Sort
) -> None:
    put(tmp_path, trace, "logs/files/atlas/", "index.html")
    if sort == own:
        check_output(tmp_path, sort)
    else:
        with pytest.raises(InputError, match="holds the results of"):
            check_output(tmp_path, sort)


def test_the_group_of_one_folder_of_scans_is_of_scans(tmp_path: Path) -> None:
    put(tmp_path, "logs/plan/", "logs/files/cohort/")
    check_output(tmp_path, "scans")
