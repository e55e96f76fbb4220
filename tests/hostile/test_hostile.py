"""Every kind of hostile input comes to what its registry says: no traceback, no hang, no wrong number."""

from pathlib import Path

import pytest
import table
from kinds import Kind, slugs
from registry import KINDS

CASES = [pytest.param(kind, marks=[pytest.mark.slow] * kind.slow) for kind in KINDS]


@pytest.mark.parametrize("kind", CASES, ids=slugs(KINDS))
def test_kind(kind: Kind, tmp_path: Path) -> None:
    kind.check(tmp_path)


def test_there_are_enough_and_each_once() -> None:
    assert len(KINDS) >= 150
    assert len({(kind.area, kind.made) for kind in KINDS}) == len(KINDS)


def test_the_documentation_has_the_table_of_all_kinds() -> None:
    told = table.PAGE.read_text(encoding="utf-8")
    assert told == table.page(), "python tests/hostile/table.py --write"
