from pathlib import Path

import numpy as np
import pytest
from qc_case import case_of

from cpimaging import qc
from cpimaging.qc import checks
from cpimaging.qc.checks import ASKED_OF, CHECKS, Check
from cpimaging.qc.limits import LIMITS, Limits, Row, documented, hint
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


def limits(sense: str, warn: object, fail: object = None) -> Limits:
    return Limits("n", "", "", sense, "1", "D", "", {"": Row(warn, fail)})  # type: ignore[arg-type]


NEXT = 1e-9


@pytest.mark.parametrize(
    ("value", "limit", "ok", "severity"),
    [
        (5, 4.0, True, "warn"),
        (4, 4.0, True, "warn"),
        (4 - NEXT, 4.0, False, "warn"),
        (2, 4.0, False, "warn"),
        (2 - NEXT, 2.0, False, "fail"),
    ],
)
def test_a_floor_still_holds(value: float, limit: float, ok: bool, severity: str) -> None:
    assert limits("at_least", 4.0, 2.0).flag(value) == Flag("n", value, limit, ok, severity)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "limit", "ok", "severity"),
    [
        (1, 2.0, True, "warn"),
        (2, 2.0, True, "warn"),
        (2 + NEXT, 2.0, False, "warn"),
        (4, 2.0, False, "warn"),
        (4 + NEXT, 4.0, False, "fail"),
    ],
)
def test_a_ceiling_still_holds(value: float, limit: float, ok: bool, severity: str) -> None:
    assert limits("at_most", 2.0, 4.0).flag(value) == Flag("n", value, limit, ok, severity)  # type: ignore[arg-type]


def test_both_ends_of_a_range_still_hold() -> None:
    of = limits("within", (2.0, 3.0), (1.0, 9.5))
    values = (1 - NEXT, 1, 2 - NEXT, 2, 3, 3 + NEXT, 9.5, 9.5 + NEXT)
    found = [of.flag(value) for value in values]
    assert [f.ok for f in found] == [False, False, False, True, True, False, False, False]
    assert [f.severity for f in found] == ["fail", *["warn"] * 6, "fail"]
    assert {f.limit for f in found} == {"2–3", "1–9.5"}


def test_without_a_limit_to_fail_at_nothing_fails() -> None:
    assert limits("at_least", 4.0).flag(-100.0).severity == "warn"
    assert limits("at_most", 4.0).flag(100.0).severity == "warn"
    assert limits("within", (2.0, 3.0)).flag(100.0).severity == "warn"


@pytest.mark.parametrize(
    "of", [limits("at_least", 1.0, 0.5), limits("at_most", 1.0, 2.0), limits("within", (0, 1))]
)
def test_what_is_not_a_number_does_not_hold(of: Limits) -> None:
    assert not of.flag(np.nan).ok


# --- the registry


def test_every_check_has_its_entry_in_the_table_and_in_its_order() -> None:
    assert [check.name for check in CHECKS] == list(LIMITS)
    assert {check.of for check in CHECKS} <= set(ASKED_OF)


@pytest.mark.parametrize("name", LIMITS)
def test_an_entry_says_all_there_is_to_say(name: str) -> None:
    of = LIMITS[name]
    assert of.tag in ("S", "S2", "K", "D")
    assert all((of.about, of.hint, of.unit, of.source, of.rows))
    assert of.sense in ("at_least", "at_most", "within", "same")
    for row in of.rows.values():
        for limit in (row.warn, row.fail):
            kind = {"within": tuple, "same": str}.get(of.sense, float)
            assert limit is None or isinstance(limit, kind)


@pytest.mark.parametrize("name", LIMITS)
def test_the_limits_of_the_table_still_hold(name: str) -> None:
    """At the limit, and just beyond it, in every circumstance."""
    of = LIMITS[name]
    for row, its in of.rows.items():
        for limit, failing in ((its.warn, False), (its.fail, True)):
            for end, outward in _ends(limit, of.sense):
                at, beyond = of.flag(end, row), of.flag(end + outward * 1e-9, row)
                assert at.ok or (failing and at.severity == "warn")
                assert not beyond.ok
                assert not failing or beyond.severity == "fail"


def _ends(limit: object, sense: str) -> list[tuple[float, int]]:
    if limit is None or isinstance(limit, str):
        return []
    if isinstance(limit, tuple):
        return [(limit[0], -1), (limit[1], 1)]
    return [(limit, -1 if sense == "at_least" else 1)]  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("age", "row"),
    [
        (0.0, "to 3 months"),
        (0.249, "to 3 months"),
        (0.25, "to 1 year"),
        (0.999, "to 1 year"),
        (1.0, "to 3 years"),
        (2.999, "to 3 years"),
        (3.0, "later"),
        (200.0, "later"),
    ],
)
def test_a_birthday_opens_the_next_row(age: float, row: str) -> None:
    assert LIMITS["brain_volume_ml"].row_at(age) == row


def test_a_flag_of_a_contrast_hints_at_the_same_as_its_check() -> None:
    assert hint("T2w_side_margin") == hint("side_margin") == LIMITS["side_margin"].hint
    assert hint("brain_volume_ml").startswith("age, voxel size or brain mask")
    assert hint("T2w_unheard_of") == hint("unheard_of") == ""


def test_a_registered_check_runs_is_shown_and_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    """One record and one entry: the flag is there, with its hint, and has its row in the documentation."""
    toy = Limits("toy_mm", "toys", "too many toys", "at_most", "mm", "D", "ours", {"": Row(1.0, 2.0)})
    monkeypatch.setitem(LIMITS, "toy_mm", toy)
    monkeypatch.setattr(checks, "CHECKS", (*CHECKS, Check("toy_mm", "contrast", lambda case, name: 3.0)))
    flags = checks.run(case_of())
    assert flags[-1] == Flag("T1w_toy_mm", 3.0, 2.0, False, "fail")
    assert qc.verdict(flags) == "fail"
    assert hint(flags[-1].name) == "too many toys"
    assert "| toys | > 1 mm | > 2 mm | too many toys |" in documented()


def test_checks_whose_data_are_missing_are_not_listed() -> None:
    names = [flag.name for flag in checks.run(case_of())]
    assert "brain_surface_agreement" not in names
    assert "lesion_outside_brain_share" not in names
    assert names[:2] == ["brain_volume_ml", "affine_rotation_degrees"]
    known = case_of(surface_agreement=0.95, lesion_mm3=(1.0, 10.0))
    names = [flag.name for flag in checks.run(known)]
    assert names[:2] == ["brain_volume_ml", "brain_surface_agreement"]
    assert "lesion_outside_brain_share" in names


def test_the_documentation_lists_every_check() -> None:
    text = (Path(__file__).parents[2] / "docs/method/registration.md").read_text(encoding="utf-8")
    assert documented() in text, "python -m cpimaging.qc.limits prints the table"
