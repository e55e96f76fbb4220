"""Modules stay short enough to be read."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_LINES = 400


def test_no_module_is_longer_than_it_may_be() -> None:
    paths = [path for room in ("cpimaging", "benchmarks") for path in sorted((ROOT / room).rglob("*.py"))]
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert len(lines) > 100
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_no_two_test_files_have_one_name() -> None:
    """Pytest takes the second for the first."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
