"""A stage is finished when its list is there and every file on it, of the size that was written."""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from cpimaging import provenance
from cpimaging.cache import cached_folder
from cpimaging.io import whole, write_text
from cpimaging.study.job import SCAN_STAGES, Job
from cpimaging.study.outcome import unfinished_stage
from cpimaging.study.record import ASKED, finished, record_path, recorded
from cpimaging.types import InputError


def write(output: Path, *names: str) -> None:
    for name in names:
        write_text(output / name, f"{name}\n")


write.__module__ = "cpimaging.stages.write"
stage = recorded(write)


def done(output: Path) -> bool:
    return finished(output, "write")


def test_a_stage_that_ran_is_finished(tmp_path: Path) -> None:
    assert not done(tmp_path)
    stage(tmp_path, "a.tsv", "sub/b.tsv")
    assert done(tmp_path)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_text("")], ids=["gone", "emptied"])
def test_a_file_that_is_gone_or_of_another_size_is_noticed(tmp_path: Path, spoil: object) -> None:
    stage(tmp_path, "a.tsv", "b.tsv")
    spoil(tmp_path / "b.tsv")  # type: ignore[operator]
    assert not done(tmp_path)


def test_what_an_earlier_choice_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "of_the_user.txt").write_text("kept")
    stage(tmp_path, "a.tsv", "mask.nii.gz")
    stage(tmp_path, "a.tsv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tsv", "logs", "of_the_user.txt"]
    assert done(tmp_path)


def test_a_stage_that_is_refused_before_it_writes_changes_nothing(tmp_path: Path) -> None:
    def refuse(output: Path, *names: str) -> None:
        raise InputError("x", "is wrong", "mend it")

    refuse.__module__ = "cpimaging.stages.write"
    stage(tmp_path, "a.tsv")
    with pytest.raises(InputError):
        recorded(refuse)(tmp_path)
    assert done(tmp_path)
    assert (tmp_path / "a.tsv").is_file()


def test_a_stage_that_ends_midway_is_not_finished_and_leaves_nothing_old_once_it_is(tmp_path: Path) -> None:
    def break_off(output: Path, *names: str) -> None:
        write(output, "a.tsv")
        raise KeyboardInterrupt

    break_off.__module__ = "cpimaging.stages.write"
    stage(tmp_path, "a.tsv", "mask.nii.gz")
    with pytest.raises(KeyboardInterrupt):
        recorded(break_off)(tmp_path)
    assert not done(tmp_path)
    stage(tmp_path, "a.tsv")
    assert not (tmp_path / "mask.nii.gz").exists()
    assert done(tmp_path)


@pytest.mark.parametrize("earlier", [True, False], ids=["after a whole run", "of a new scan"])
def test_what_a_killed_run_wrote_does_not_outlive_its_choice(tmp_path: Path, earlier: bool) -> None:
    """Killed by the system, in a process of its own: no `finally` runs."""
    if earlier:
        stage(tmp_path, "a.tsv", "first.nii.gz")

    def killed(output: Path, *names: str) -> None:
        write(output, "a.tsv", "mask.nii.gz")
        with whole(output / "half.nii.gz") as temporary:
            temporary.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)

    killed.__module__ = "cpimaging.stages.write"
    child = multiprocessing.get_context("fork").Process(target=recorded(killed), args=(tmp_path,))
    child.start()
    child.join()
    assert (tmp_path / "mask.nii.gz").is_file()
    assert not done(tmp_path)
    stage(tmp_path, "a.tsv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tsv", "logs"]
    assert [path.name for path in (tmp_path / "logs/files/write").iterdir()] == ["study.json"]


def test_what_was_asked_of_it_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage(tmp_path, "a.tsv")
    assert not finished(tmp_path, "write", asked="1")  # by hand: nobody knows with which choices
    monkeypatch.setenv(ASKED, "1")
    stage(tmp_path, "a.tsv")
    assert finished(tmp_path, "write", asked="1")
    assert not finished(tmp_path, "write", asked="2")
    assert done(tmp_path)


def test_a_record_leads_to_no_file_outside_of_the_results(tmp_path: Path) -> None:
    for name in ("above", "beside"):
        (tmp_path / name).touch()
    out = tmp_path / "out"
    stage(out, "a.tsv")
    leading = json.dumps({"Files": {"../above": 0, str(tmp_path / "beside"): 0}})
    record_path(out, "write").write_text(leading)
    record_path(out, "write").with_suffix(".begun").write_text(f"../above\n{tmp_path / 'beside'}\n")
    stage(out, "b.tsv")
    assert {path.name for path in tmp_path.iterdir()} == {"above", "beside", "out"}


def test_files_outside_of_the_results_do_not_count(tmp_path: Path) -> None:
    stage(tmp_path / "out", "a.tsv", "../cache.txt")
    (tmp_path / "cache.txt").unlink()
    assert done(tmp_path / "out")


@pytest.mark.parametrize("text", ["{", "[]", "null", '"a.tsv"', "", '{"a.tsv": 6}'])
def test_a_record_that_cannot_be_read_means_not_finished(tmp_path: Path, text: str) -> None:
    """Nor one of another version; the stage then runs again as if it never had."""
    stage(tmp_path, "a.tsv")
    record_path(tmp_path, "write").write_text(text)
    assert not done(tmp_path)
    stage(tmp_path, "a.tsv")
    assert done(tmp_path)


def test_a_cache_below_the_results_is_none_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a home the cache is there; what is built in it is renamed, and belongs to all runs."""
    monkeypatch.setenv("CPIMAGING_CACHE", str(tmp_path / "cache"))

    def build(output: Path, *names: str) -> None:
        cached_folder("whole", lambda half: write_text(half / "brain.txt", "x"))
        provenance.code_digest.cache_clear()
        provenance._kept.cache_clear()
        provenance.code_digest("score", keep=True)
        write(output, *names)

    build.__module__ = "cpimaging.stages.write"
    recorded(build)(tmp_path, "a.tsv")
    assert done(tmp_path)
    assert list(json.loads(record_path(tmp_path, "write").read_text())["Files"]) == ["a.tsv"]
    assert (tmp_path / "cache" / provenance.KEPT).is_file()
    stage(tmp_path, "b.tsv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tsv", "cache", "logs"]
    assert (tmp_path / "cache/whole/brain.txt").is_file()


def test_later_stages_of_a_scan_count_no_more_once_one_wrote_anew(tmp_path: Path) -> None:
    """A run that was killed between two stages must not leave old results that pass for those of new ones."""
    job = Job(tmp_path, "sub-01")

    def named(stage: str, *, refused: bool = False) -> Callable[[Job], None]:
        def run(target: Job) -> None:
            if refused:
                raise InputError("x", "is wrong", "mend it")
            write_text(tmp_path / f"{stage}.txt", "")

        run.__module__ = f"cpimaging.stages.{stage}"
        return recorded(run)

    for name in SCAN_STAGES:
        named(name)(job)
    with pytest.raises(InputError):
        named("register", refused=True)(job)
    assert unfinished_stage(job) is None
    named("qc")(job)
    assert unfinished_stage(job) == "score"
    named("preprocess")(job)
    with pytest.raises(InputError):
        named("register", refused=True)(job)
    assert unfinished_stage(job) == "register"
    assert unfinished_stage(job, "preprocess") is None
