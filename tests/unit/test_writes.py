"""What killed writers leave behind."""

import errno
from pathlib import Path

import pytest

from cpimaging.types import InputError
from cpimaging.writes import check_writable, noted_writes, remove_orphans, temporary_beside, whole


def test_orphans_go_and_the_user_s_own_files_stay(tmp_path: Path) -> None:
    kept = [tmp_path / name for name in ("a.tsv", ".a.tsv", ".0123.a.tsv", ".gitignore")]
    for path in (*kept, temporary_beside(tmp_path / "a.tsv"), temporary_beside(tmp_path / "b.tsv")):
        path.touch()
    remove_orphans(tmp_path, {"a.tsv"})
    assert {path.name[14:] for path in set(tmp_path.iterdir()) - set(kept)} == {"b.tsv"}
    remove_orphans(tmp_path)
    assert set(tmp_path.iterdir()) == set(kept)
    remove_orphans(tmp_path / "none")


def test_a_file_is_noted_before_anything_of_it_is_there(tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []
    with noted_writes(lambda path: seen.append((path.name, len(list(tmp_path.iterdir()))))):
        with whole(tmp_path / "a.tsv") as temporary:
            temporary.touch()
        with whole(tmp_path / "b.tsv") as temporary:
            temporary.touch()
    with whole(tmp_path / "c.tsv") as temporary:
        temporary.touch()
    assert seen == [("a.tsv", 0), ("b.tsv", 1)]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check_writable(tmp_path / "new/deep")
    with pytest.raises(InputError, match="cannot be made: file is a file; choose another output_dir"):
        check_writable(tmp_path / "file/out")


def test_a_full_disk_names_the_file_and_leaves_nothing(tmp_path: Path) -> None:
    def fill() -> None:
        with whole(tmp_path / "a.tsv") as temporary:
            temporary.write_text("half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(InputError, match=r"a\.tsv: No space left on device; make room and start again"):
        fill()
    assert not list(tmp_path.iterdir())
