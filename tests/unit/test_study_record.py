"""A stage is finished when its list is there and every file on it, of the size that was written."""

from pathlib import Path

import pytest

from cpimaging.io import write_text
from cpimaging.study.record import finished, record_path, recorded
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


def test_files_outside_of_the_results_do_not_count(tmp_path: Path) -> None:
    stage(tmp_path / "out", "a.tsv", "../cache.txt")
    (tmp_path / "cache.txt").unlink()
    assert done(tmp_path / "out")


@pytest.mark.parametrize("text", ["{", "[]", "null", '"a.tsv"', ""])
def test_a_record_that_cannot_be_read_means_not_finished(tmp_path: Path, text: str) -> None:
    stage(tmp_path, "a.tsv")
    record_path(tmp_path, "write").write_text(text)
    assert not done(tmp_path)
