"""`cpimaging run`: one label stands for one scan, whatever fails; the stages are stand-ins."""

import dataclasses
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from cpimaging import single
from cpimaging.bids.listing import single_scan
from cpimaging.io import write_text
from cpimaging.stages import atlas, cohort
from cpimaging.status import status
from cpimaging.study.job import SCAN_STAGES, Job
from cpimaging.study.lock import LOCK, locked
from cpimaging.study.outcome import unfinished_stage
from cpimaging.study.plan import read_entry
from cpimaging.study.record import ASKED, recorded
from cpimaging.types import InputError


def stand_in(name: str) -> SimpleNamespace:
    def run(job: Job) -> None:
        if name in ("preprocess", "register") and b"damaged" in next(iter(job.images.values())).read_bytes():
            raise InputError("T1w", "cannot be read", "copy it again")
        write_text(job.output / f"{job.label}_{name}.txt", f"{job.scan.age_years}")

    run.__module__ = f"cpimaging.stages.{name}"
    return SimpleNamespace(run=recorded(run))


@pytest.fixture(autouse=True)
def stages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single, "import_module", lambda name: stand_in(name.rpartition(".")[2]))
    for module in (atlas, cohort):
        monkeypatch.setattr(module, "run", lambda *words: None)


def image(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def run(output: Path, images: dict[str, Path], age_years: float, *, replace: bool = False) -> None:
    scan = dataclasses.replace(single_scan(images), age_years=age_years)
    list(single.run(Job(output, "sub-01"), scan, replace=replace))


def told(output: Path) -> tuple[str | None, float | None, str]:
    """Return the stage that is not finished, the age in the plan, and that of which the results are."""
    age = read_entry(output, "sub-01").scan.age_years
    return unfinished_stage(Job(output, "sub-01")), age, (output / "sub-01_score.txt").read_text()


@pytest.fixture
def ann(tmp_path: Path) -> dict[str, Path]:
    """Images of a person whose results are there."""
    images = {"T1w": image(tmp_path / "ann/T1w.nii.gz", "ann")}
    run(tmp_path / "out", images, 8.7)
    assert told(tmp_path / "out") == (None, 8.7, "8.7")
    return images


@pytest.mark.parametrize("content", ["ben", "damaged", "ben, under the same path"])
def test_another_person_under_the_same_label_is_refused_and_changes_nothing(
    tmp_path: Path, ann: dict[str, Path], content: str
) -> None:
    path = ann["T1w"] if "same path" in content else tmp_path / "ben/T1w.nii.gz"
    with pytest.raises(InputError, match="has results of sub-01 already, and not of any of these images"):
        run(tmp_path / "out", {"T1w": image(path, content)}, 40)
    assert told(tmp_path / "out") == (None, 8.7, "8.7")
    assert not (tmp_path / "out" / LOCK).exists()


def test_another_person_may_take_the_label_where_it_is_asked_for(
    tmp_path: Path, ann: dict[str, Path]
) -> None:
    ben = {"T1w": image(tmp_path / "ben/T1w.nii.gz", "ben")}
    run(tmp_path / "out", ben, 40, replace=True)
    assert told(tmp_path / "out") == (None, 40, "40")
    with pytest.raises(InputError, match="not of any of these images"):
        run(tmp_path / "out", ann, 8.7)


def test_what_fails_leaves_no_results_of_one_under_the_plan_of_another(
    tmp_path: Path, ann: dict[str, Path]
) -> None:
    ben = {"T1w": image(tmp_path / "ben/T1w.nii.gz", "damaged")}
    with pytest.raises(InputError, match="cannot be read"):
        run(tmp_path / "out", ben, 40, replace=True)
    assert told(tmp_path / "out")[:2] == ("preprocess", 40)
    assert "failed   sub-01: preprocess: T1w: cannot be read; copy it again" in status(tmp_path / "out")


def test_the_same_scan_may_come_again_with_more_or_from_elsewhere(
    tmp_path: Path, ann: dict[str, Path]
) -> None:
    flair = image(tmp_path / "ann/FLAIR.nii.gz", "ann's FLAIR")
    moved = ann["T1w"].rename(tmp_path / "T1w.nii.gz")
    run(tmp_path / "out", {"FLAIR": flair, "T1w": moved}, 8.8)
    assert told(tmp_path / "out") == (None, 8.8, "8.8")


def test_a_stage_that_is_refused_later_counts_as_not_finished(
    tmp_path: Path, ann: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record of the earlier register may not stand beside a new age."""

    def refused(name: str) -> SimpleNamespace:
        def run(job: Job) -> None:
            raise InputError("x", "is wrong", "mend it")

        run.__module__ = name
        return SimpleNamespace(run=recorded(run)) if name.endswith("register") else stand_in("preprocess")

    monkeypatch.setattr(single, "import_module", refused)
    with pytest.raises(InputError, match="is wrong"):
        run(tmp_path / "out", ann, 40)
    assert told(tmp_path / "out")[:2] == ("register", 40)


def test_a_wrong_word_costs_no_results(tmp_path: Path, ann: dict[str, Path]) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match="no such file"):
        run(out, {"T1w": tmp_path / "typo.nii.gz"}, 40, replace=True)
    with pytest.raises(InputError, match="no such atlas folder"):
        list(single.run(Job(out, "sub-01", "nowhere"), single_scan(ann)))
    assert told(out) == (None, 8.7, "8.7")


def test_one_call_at_a_time_and_none_in_a_folder_of_others(tmp_path: Path, ann: dict[str, Path]) -> None:
    with locked(tmp_path / "out"), pytest.raises(InputError, match="is in use by process"):
        run(tmp_path / "out", ann, 8.7)
    image(tmp_path / "theirs/participants.tsv", "theirs")
    with pytest.raises(InputError, match=r"theirs: holds participants\.tsv, which was not written here"):
        run(tmp_path / "theirs", ann, 8.7)
    assert [path.name for path in (tmp_path / "theirs").iterdir()] == ["participants.tsv"]
    assert ASKED not in os.environ
    assert len(SCAN_STAGES) == len(list((tmp_path / "out").glob("sub-01_*.txt")))
