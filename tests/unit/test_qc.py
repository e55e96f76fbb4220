import numpy as np
import pytest

from cpimaging import qc
from cpimaging.qc.limits import at_least, at_most, within
from cpimaging.types import Flag


def flag(ok: bool, severity: str = "warn") -> Flag:
    return Flag("name", 1.0, 2.0, ok, severity)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("flags", "verdict"),
    [
        ([], "pass"),
        ([flag(True), flag(True, "fail")], "pass"),
        ([flag(True), flag(False)], "warn"),
        ([flag(False), flag(False, "fail"), flag(True)], "fail"),
        ([flag(False, "fail")], "fail"),
    ],
)
def test_the_worst_flag_decides(flags: list[Flag], verdict: str) -> None:
    assert qc.verdict(flags) == verdict


@pytest.mark.parametrize(
    ("value", "limit", "ok", "severity"),
    [(5, 4.0, True, "warn"), (4, 4.0, True, "warn"), (3, 4.0, False, "warn"), (1, 2.0, False, "fail")],
)
def test_a_floor(value: float, limit: float, ok: bool, severity: str) -> None:
    assert at_least("n", value, 4.0, 2.0) == Flag("n", value, limit, ok, severity)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "limit", "ok", "severity"),
    [(1, 2.0, True, "warn"), (2, 2.0, True, "warn"), (3, 2.0, False, "warn"), (5, 4.0, False, "fail")],
)
def test_a_ceiling(value: float, limit: float, ok: bool, severity: str) -> None:
    assert at_most("n", value, 2.0, 4.0) == Flag("n", value, limit, ok, severity)  # type: ignore[arg-type]


def test_a_range() -> None:
    found = [within("n", value, (2.0, 3.0), (1.0, 9.5)) for value in (0.5, 1, 2, 3, 9, 10)]
    assert [f.ok for f in found] == [False, False, True, True, False, False]
    assert [f.severity for f in found] == ["fail", "warn", "warn", "warn", "warn", "fail"]
    assert {f.limit for f in found} == {"2–3", "1–9.5"}


def test_what_is_not_a_number_does_not_hold() -> None:
    for found in (
        at_least("n", np.nan, 1.0, 0.5),
        at_most("n", np.nan, 1.0, 2.0),
        within("n", np.nan, (0, 1)),
    ):
        assert not found.ok
