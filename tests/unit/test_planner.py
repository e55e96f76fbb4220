"""What the workflow asks while it plans: on empty files, without Snakemake."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import cpimaging
from cpimaging.planner import Planner, norms_files, state
from cpimaging.study.choices import read_choices
from cpimaging.study.job import SCAN_STAGES
from cpimaging.study.lock import release_lock
from cpimaging.study.plan import planned_labels
from cpimaging.study.record import ORDER, STUDY, record_path
from cpimaging.types import InputError

ROOT = Path(cpimaging.__file__).parents[1]
MASK_STAGES = {"register", "segment", "lesions", "quantify"}
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


def plant(folder: Path, *paths: str) -> Path:
    """Make a BIDS dataset of empty files in folder/bids."""
    for path in paths:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    (folder / "bids/dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    return folder


def planner(folder: Path, *, main: bool = True, **config: object) -> Planner:
    full = {"bids_dir": str(folder / "bids"), "output_dir": str(folder / "out"), **config}
    return Planner(read_choices(full, SCHEMA), main=main)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    return plant(tmp_path, *(f"bids/sub-0{n}/anat/sub-0{n}_T1w.nii.gz" for n in (1, 2)))


def test_masks_in_lesions_dir_go_first(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "bids/sub-01/anat/sub-01_T1w.nii.gz",
        "bids/derivatives/reader/sub-01/anat/sub-01_label-L_mask.nii.gz",
        "masks/sub-01_label-L_mask.nii.gz",
    )
    assert planner(tmp_path).jobs["sub-01"].scan.lesion_source == "derivatives"
    chosen = planner(tmp_path, lesions_dir=str(tmp_path / "masks"))
    assert chosen.jobs["sub-01"].scan.lesion_source == "lesions_dir"
    assert chosen.lesion_mask("sub-01") == [str(tmp_path / "masks/sub-01_label-L_mask.nii.gz")]


def test_masks_by_a_pattern(tmp_path: Path) -> None:
    plant(tmp_path, "bids/sub-01/anat/sub-01_T1w.nii.gz", "masks/01/scar.nii.gz")
    chosen = planner(
        tmp_path, lesions_dir=str(tmp_path / "masks"), lesion_pattern="{participant}/scar.nii.gz"
    )
    assert chosen.lesion_mask("sub-01") == [str(tmp_path / "masks/01/scar.nii.gz")]


def test_a_given_mask_is_not_searched_for(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "bids/sub-01/anat/sub-01_T1w.nii.gz",
        "bids/sub-02/anat/sub-02_T1w.nii.gz",
        "masks/sub-01_label-L_mask.nii.gz",
    )
    chosen = planner(tmp_path, lesions_dir=str(tmp_path / "masks"))
    assert [chosen.detection(label) for label in ("sub-01", "sub-02")] == ["off", "on"]
    tool = planner(tmp_path, lesions_dir=str(tmp_path / "masks"), lesion_command="tool {T1w} {out}")
    assert [tool.detection(label) for label in ("sub-01", "sub-02")] == ["off", "command"]
    assert tool.lesion_mask("sub-02")[0].endswith("label-L_desc-command_mask.json")


def test_only_a_start_writes(two: Path) -> None:
    study = planner(two)
    assert study.planned() == ["sub-01", "sub-02"]
    assert not (two / "out").exists()
    study.start()
    release_lock(two / "out")
    assert planned_labels(two / "out") == ["sub-01", "sub-02"]
    assert (two / "out/dataset_description.json").is_file()


def test_a_run_of_one_scan_keeps_the_other(two: Path) -> None:
    planner(two).start()
    release_lock(two / "out")
    planner(two, participant_label="02").start()
    release_lock(two / "out")
    assert planned_labels(two / "out") == ["sub-01", "sub-02"]


@pytest.mark.parametrize("asked", [{}, {"participant_label": "02"}, {"participant_label": ["01"]}])
def test_a_job_elsewhere_sees_the_scans_of_the_run_and_the_same_digest(
    two: Path, asked: dict[str, object]
) -> None:
    study = planner(two, **asked)
    study.start()
    release_lock(two / "out")
    elsewhere = planner(two, main=False, **asked)
    assert elsewhere.planned() == study.planned()
    assert elsewhere.digest == study.digest
    assert (
        elsewhere.person("sub-02" if asked == {"participant_label": "02"} else "sub-01")
        == "None None None None n/a n/a"
    )


def test_the_digest_follows_the_study_not_the_run(two: Path) -> None:
    whole = planner(two).digest
    planner(two).start()
    release_lock(two / "out")
    assert planner(two, participant_label="02").digest == whole
    (two / "bids/participants.tsv").write_text("participant_id\tage\nsub-01\t7\n")
    (two / "bids/participants.json").write_text('{"age": {"Units": "years"}}')
    assert planner(two).digest != whole


def test_another_file_of_the_same_name_counts_be_it_older_or_younger(tmp_path: Path) -> None:
    file = tmp_path / "a.nii.gz"
    file.write_bytes(b"abc")
    before = state([str(file)])
    os.utime(file, (1, 1))
    assert state([str(file)]) != before
    os.utime(file, ns=(0, int(before.split(":")[1])))
    assert state([str(file)]) == before
    file.write_bytes(b"abcd")
    os.utime(file, ns=(0, int(before.split(":")[1])))
    assert state([str(file)]) != before
    assert state([str(tmp_path / "none")]) == ""


def test_a_plan_made_while_another_run_went_on_is_not_run(two: Path) -> None:
    """What that run did since is not in it."""
    first = planner(two)
    first.start()
    late = planner(two)
    release_lock(two / "out")
    with pytest.raises(InputError, match="was in use while this run was planned; start it again"):
        late.start()
    planner(two).start()
    release_lock(two / "out")


def record(study: Planner, stage: str, label: str = STUDY) -> None:
    """Leave what a stage leaves that was run by the workflow and wrote nothing."""
    path = record_path(study.output, stage, label)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"Asked": study.asked(stage, label), "Files": {}}))


STUDY_STAGES = ("index", "atlas", "cohort")
SCAN_STAGES_BUT_PREPROCESS = set(SCAN_STAGES) - {"preprocess"}


@pytest.fixture
def finished_two(two: Path) -> Path:
    """Results of both scans, of which sub-01 has a mask: no folder of Snakemake's remembers anything."""
    plant(two, "bids/derivatives/reader/sub-01/anat/sub-01_label-L_mask.nii.gz")
    study = planner(two)
    for stage in SCAN_STAGES:
        for label in study.jobs:
            record(study, stage, label)
    for stage in STUDY_STAGES:
        record(study, stage)
    return two


def unfinished(study: Planner, label: str) -> set[str]:
    return {stage for stage in SCAN_STAGES if not study.finished(stage, label)}


@pytest.mark.parametrize(
    ("choices", "first", "second"),
    [
        ({}, set(), set()),
        ({"engine": "identity"}, {"register"}, {"register"}),
        ({"detection": "off"}, set(), {"register", "segment", "lesions", "quantify"}),
        ({"brain_command": "tool {image} {out}"}, {"preprocess"}, {"preprocess"}),
        ({"scorers": ["mrics"]}, {"score"}, {"score"}),
        ({"assume_age": "adult"}, *[SCAN_STAGES_BUT_PREPROCESS - {"quantify"}] * 2),
    ],
    ids=["nothing", "engine", "detection", "brain", "scorers", "age"],
)
def test_another_choice_is_seen_from_wherever_the_study_is_taken_up(
    finished_two: Path, choices: dict[str, object], first: set[str], second: set[str]
) -> None:
    study = planner(finished_two, **choices)
    assert [unfinished(study, label) for label in ("sub-01", "sub-02")] == [first, second]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("derivatives/reader/sub-01/anat/sub-01_label-L_mask.nii.gz", MASK_STAGES),
        ("derivatives/reader/sub-01/anat/sub-01_label-L_mask.json", MASK_STAGES),
        ("sub-01/anat/sub-01_T1w.nii.gz", {"preprocess"}),
    ],
)
def test_a_changed_file_of_the_user_is_seen(finished_two: Path, name: str, expected: set[str]) -> None:
    (finished_two / "bids" / name).write_text("new")
    study = planner(finished_two)
    assert unfinished(study, "sub-01") == expected
    assert unfinished(study, "sub-02") == set()
    assert all(study.finished(stage) for stage in STUDY_STAGES)


def test_a_new_scan_is_seen_by_what_stands_for_the_study(finished_two: Path) -> None:
    plant(finished_two, "bids/sub-03/anat/sub-03_T1w.nii.gz")
    study = planner(finished_two)
    assert [stage for stage in STUDY_STAGES if study.finished(stage)] == ["atlas"]


def test_an_edited_atlas_folder_is_another_atlas(tmp_path: Path) -> None:
    file = tmp_path / "atlas-own_dseg.tsv"
    file.write_text("index\n")
    first = planner(tmp_path, atlas=str(tmp_path))._atlas_files
    file.write_text("index\tname\n")
    assert planner(tmp_path, atlas=str(tmp_path))._atlas_files != first


def test_parameters_of_the_rules_are_those_that_are_remembered() -> None:
    """Else a choice would count in one folder and not in another."""
    rules = (ROOT / "workflow/rules/scan.smk").read_text() + (ROOT / "workflow/rules/study.smk").read_text()
    named = dict(re.findall(r"^rule (\w+):.*?asked=asked\(\"(\w+)\"\)", rules, re.MULTILINE | re.DOTALL))
    assert set(named) == {*SCAN_STAGES, *STUDY_STAGES, "command"}
    assert all(rule == stage for rule, stage in named.items())
    assert rules.count('"CPIMAGING_ASKED={params.asked} cpimaging ') == len(named)


def test_norms_are_checked_before_anything_runs(two: Path) -> None:
    with pytest.raises(InputError, match=r"norms\.json: no such file"):
        _ = planner(two, norms_dir=str(two / "norms")).jobs
    assert norms_files(None) == []
    assert norms_files("norms") == ["norms/norms.json"]


PLAN_ONE = """
import json, sys
from cpimaging.planner import Planner
from cpimaging.study.choices import read_choices
study = Planner(read_choices(*json.load(sys.stdin)))
assert study.unfinished("sub-01")
print(*sys.modules)
"""


@pytest.mark.slow
def test_a_plan_loads_nothing_that_extracts_fits_or_draws(two: Path) -> None:
    """Nor do the digests of the code, which look at files: each of these libraries takes long to load."""
    choices = {"bids_dir": str(two / "bids"), "output_dir": str(two / "out")}
    done = subprocess.run(
        [sys.executable, "-c", PLAN_ONE],
        input=json.dumps([choices, SCHEMA]),
        env={**os.environ, "PYTHONPATH": str(ROOT), "CPIMAGING_CACHE": str(two / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "cpimaging.planner" in loaded
    assert loaded & {"scipy.optimize", "scipy.spatial", "scipy.stats", "skimage", "jinja2"} == set()


def test_scans_end_one_after_the_other() -> None:
    """Later stages go first, and what all scans wait for before any."""
    rules = "".join((ROOT / f"workflow/rules/{name}.smk").read_text() for name in ("study", "scan"))
    found = {
        name: int(number)
        for name, number in re.findall(
            r"^rule (\w+):(?:(?!^rule ).)*?^    priority: (\d)$", rules, re.M | re.S
        )
    }
    first = ("index", "atlas")
    assert sorted(ORDER, key=lambda stage: found.get(stage, 0)) == list(ORDER)
    assert set(ORDER) - set(found) == {ORDER[0]}
    assert min(found[name] for name in first) > max(found[stage] for stage in ORDER[1:])
