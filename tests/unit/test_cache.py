import multiprocessing
import os
import time
from pathlib import Path

import pytest

from cpimaging.cache import cache_dir, cached_folder, digest


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPIMAGING_CACHE", str(tmp_path / "here"))
    assert cache_dir() == tmp_path / "here"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CPIMAGING_CACHE", "~/there")  # of a file, which no shell has read
    assert cache_dir() == tmp_path / "there"
    monkeypatch.setenv("CPIMAGING_CACHE", "")
    assert "cpimaging" in str(cache_dir())


def test_the_digest_follows_content_and_words(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = 1", encoding="utf-8")
    before = digest([file], "1.0")
    assert before == digest([file], "1.0")
    assert before != digest([file], "1.1")
    file.write_text("x = 2", encoding="utf-8")
    assert before != digest([file], "1.0")
    assert len(before) == 12


def slowly(folder: Path) -> None:
    (folder / "first").write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(0.3)
    (folder / "second").write_text(str(os.getpid()), encoding="utf-8")


def build_in(cache: str) -> str:
    os.environ["CPIMAGING_CACHE"] = cache
    return str(cached_folder("thing", slowly))


def test_parallel_builds_leave_one_whole_folder(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map(build_in, [str(tmp_path)] * 4, chunksize=1)
    assert set(found) == {str(tmp_path / "thing")}
    assert [path.name for path in tmp_path.iterdir()] == ["thing"]
    builders = {(tmp_path / "thing" / name).read_text(encoding="utf-8") for name in ("first", "second")}
    assert len(builders) == 1


def test_a_failed_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPIMAGING_CACHE", str(tmp_path))

    def failing(folder: Path) -> None:
        (folder / "half").write_text("", encoding="utf-8")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        cached_folder("thing", failing)
    assert list(tmp_path.iterdir()) == []


def test_a_built_folder_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPIMAGING_CACHE", str(tmp_path))
    calls = []
    for _ in range(2):
        cached_folder("thing", calls.append)
    assert len(calls) == 1
