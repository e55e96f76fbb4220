"""Norms: regressions against numpy and worked cases, whom they cover, calibration on simulated cohorts."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cpimaging.norms import Norms, Person, as_json, build_norms, from_json, z_rows
from cpimaging.norms.regression import fit, knots_of, left_out_z, normal_of, spline
from cpimaging.words import NORMED

KEY = NORMED[0]


def people(n: int, *, seed: int = 0, low: float = 2, high: float = 18) -> list[Person]:
    rng = np.random.default_rng(seed)
    ages = np.sort(rng.uniform(low, high, n))
    return [Person(float(age), "FM"[place % 2]) for place, age in enumerate(ages)]


def volumes(who: Sequence[Person], seed: int = 1) -> pd.DataFrame:
    """Volumes that grow with age, differ by sex and scatter by 10 %."""
    rng = np.random.default_rng(seed)
    ages = np.array([person.age_years for person in who])
    male = np.array([person.sex == "M" for person in who])
    mean = 10 + 0.3 * (1 - np.exp(-ages / 4)) + 0.1 * male
    return pd.DataFrame({key: np.exp(mean + 0.1 * rng.normal(size=len(who))) for key in NORMED})


def norms(n: int = 60, **given: float) -> Norms:
    who = people(n, **given)  # type: ignore[arg-type]
    return build_norms(who, volumes(who), {"Atlas": "cpimaging 1"})


def test_a_spline_is_straight_beyond_its_knots_and_smooth_at_them() -> None:
    knots = (2.0, 5.0, 9.0, 14.0)
    ages = np.arange(0, 20, 0.01)
    columns = spline(ages, knots)
    assert columns.shape == (2000, 3)
    bend = np.diff(columns, n=2, axis=0)
    assert np.abs(bend[(ages[1:-1] < 2) | (ages[1:-1] > 14.01)]).max() < 1e-9
    assert np.abs(np.diff(bend, axis=0)).max() < 1e-6  # the second derivative makes no jump
    assert np.abs(bend[(ages[1:-1] > 5) & (ages[1:-1] < 9), 1]).min() > 1e-6


def test_a_spline_of_three_knots_by_hand() -> None:
    """Knots 0, 1, 3 at age 2: (2³ − 1³ · 3 / 2 + 0) / 3² = 13 / 18."""
    assert spline(np.array([2.0]), (0.0, 1.0, 3.0))[0].tolist() == pytest.approx([2, 13 / 18])


@pytest.mark.parametrize(("n", "count"), [(59, 3), (60, 4)])
def test_many_controls_have_one_knot_more(n: int, count: int) -> None:
    assert len(knots_of(np.linspace(1, 18, n))) == count


def test_controls_of_one_age_have_no_spline() -> None:
    knots = knots_of(np.full(30, 5.0))
    assert spline(np.full(30, 5.0), knots).shape == (30, 0)


def test_a_mean_and_its_sd_are_the_simplest_fit() -> None:
    """Of 1, 2, 3, 4: mean 2.5, SD √(5/3); the prediction's error is SD · √(1 + 1/4), t of 3 degrees."""
    ones, values = np.ones((4, 1)), np.array([1.0, 2, 3, 4])
    found = fit(ones, values)
    sd = np.sqrt(5 / 3)
    assert (found.coefficients[0], found.sd, found.freedom) == pytest.approx((2.5, sd, 3))
    t = (5 - 2.5) / (sd * np.sqrt(1.25))
    z = found.z(np.ones((1, 1)), np.array([5.0]))[0]
    assert stats.norm.cdf(z) == pytest.approx(stats.t.cdf(t, 3))
    assert found.z_error(np.ones((1, 1)), np.array([2.0]))[0] == pytest.approx(np.sqrt(1 / 4 + 4 / 6))


def test_a_control_left_out_is_compared_with_the_others_alone() -> None:
    rng = np.random.default_rng(0)
    design = np.column_stack([np.ones(12), rng.normal(size=12)])
    values = rng.normal(size=12)
    found = left_out_z(design, values, fit(design, values))
    for place in range(12):
        rest = np.arange(12) != place
        anew = fit(design[rest], values[rest]).z(design[[place]], values[[place]])
        assert found[place] == pytest.approx(anew[0])


def test_far_distances_keep_their_sign_and_order() -> None:
    z = normal_of(np.array([-40.0, -1, 0, 1, 40]), 50)
    assert np.all(np.diff(z) > 0)
    assert z.tolist() == pytest.approx((-z[::-1]).tolist())
    assert np.isfinite(z).all()


def test_a_design_that_cannot_tell_is_refused() -> None:
    same = np.ones((30, 2))
    with pytest.raises(ValueError, match="do not tell age, sex and scanner apart"):
        fit(same, np.arange(30.0))


# --- the reference


def table(value: float) -> pd.DataFrame:
    rows = pd.DataFrame(NORMED, columns=["measure", "structure", "side"])
    return rows.assign(value=value)


def test_a_scan_gets_a_z_and_its_interval_for_every_measure() -> None:
    reference = norms()
    person = Person(9.0, "F")
    expected = 10 + 0.3 * (1 - np.exp(-9 / 4))
    rows = {
        (row["measure"], row["structure"], row["side"]): row["value"]
        for row in z_rows(reference, person, table(float(np.exp(expected - 0.3))))
    }
    assert len(rows) == 3 * len(NORMED)
    for measure, structure, side in NORMED:
        z, low, high = (rows[f"{measure}_z{end}", structure, side] for end in ("", "_low", "_high"))
        assert -4 < z < -2.2  # three SD of 10 % below
        assert low < z < high
        assert z - low == pytest.approx(high - z)


def test_what_was_not_measured_has_no_z() -> None:
    for value in (np.nan, 0.0):
        assert all(np.isnan(row["value"]) for row in z_rows(norms(), Person(9.0, "F"), table(value)))


def test_sexes_are_told_apart() -> None:
    reference = norms(200)
    by_sex = {sex: z_rows(reference, Person(9.0, sex), table(30000))[0]["value"] for sex in ("F", "M")}
    assert by_sex["F"] - by_sex["M"] == pytest.approx(1.0, abs=0.35)  # 10 % of 10 %


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (Person(9.0, "F"), None),
        (Person(1.0, "F"), "norms are of 2."),
        (Person(19.0, "F"), "norms are of 2."),
        (Person(9.0, "n/a"), "norms are of F and M alone, sex is n/a"),
    ],
)
def test_whom_norms_cover(person: Person, reason: str | None) -> None:
    found = norms().why_not(person)
    assert (found is None) if reason is None else (found or "").startswith(reason)


def test_a_gap_between_the_ages_is_not_covered() -> None:
    who = people(30, low=2, high=4) + people(30, low=15, high=18)
    reference = build_norms(who, volumes(who), {})
    assert reference.why_not(Person(3.0, "F")) is None
    assert reference.why_not(Person(8.0, "F")) == "norms have no control near 8.0 years"


def test_scanners_are_a_covariate_where_they_are_given() -> None:
    who = [
        Person(person.age_years, person.sex, "AB"[place // 2 % 2]) for place, person in enumerate(people(80))
    ]
    values = volumes(who)
    values.loc[[person.scanner == "B" for person in who]] *= 1.2
    reference = build_norms(who, values, {})
    seen = {
        scanner: z_rows(reference, Person(9.0, "F", scanner), table(30000))[0]["value"] for scanner in "AB"
    }
    assert seen["A"] - seen["B"] == pytest.approx(np.log(1.2) / 0.1, abs=0.6)
    assert reference.why_not(Person(9.0, "F", "C")) == "norms do not know the scanner"
    few = [Person(p.age_years, p.sex, "B" if place < 4 else "A") for place, p in enumerate(who)]
    with pytest.raises(ValueError, match="scanner B has 4 controls: 5 are needed"):
        build_norms(few, values, {})


def test_nineteen_controls_are_refused() -> None:
    with pytest.raises(ValueError, match="19 controls are too few: 20 are needed"):
        norms(19)
    assert len(norms(20).fits) == len(NORMED)


def test_a_measure_that_too_few_have_has_no_norms() -> None:
    who = people(30)
    values = volumes(who)
    values.loc[:10, [KEY]] = np.nan
    reference = build_norms(who, values, {})
    assert KEY not in reference.fits
    assert len(reference.fits) == len(NORMED) - 1


def test_norms_survive_their_file() -> None:
    reference = norms()
    again = from_json(json.loads(json.dumps(as_json(reference))))
    assert again.about == {"Atlas": "cpimaging 1"}
    one, other = (z_rows(found, Person(7.0, "M"), table(25000)) for found in (reference, again))
    assert one == other
    broken = as_json(reference)
    broken["Sexes"] = ["F"]
    with pytest.raises(ValueError, match="do not fit"):
        from_json(broken)


def test_z_scores_are_calibrated_over_cohorts_of_sixty() -> None:
    """SD 0.9 to 1.1 at each age, false loss (|z| > 2) in 3 to 7 %; benchmarks/norms.py has more cohorts."""
    found: dict[float, list[float]] = {3.0: [], 10.0: [], 17.0: []}
    for cohort in range(25):
        reference = norms(60, seed=cohort)
        for place, age in enumerate(found):
            new = [Person(age, sex) for sex in "FM"]
            values = volumes(new, seed=1000 + 3 * cohort + place)
            for person, (_, row) in zip(new, values.iterrows(), strict=True):
                measured = table(0).assign(value=row.to_numpy())
                found[age] += [
                    item["value"]
                    for item in z_rows(reference, person, measured)
                    if item["measure"].endswith("_z")
                ]
    for z in found.values():
        assert len(z) == 25 * 2 * len(NORMED)
        assert 0.9 < np.std(z) < 1.1
    every = np.concatenate(list(found.values()))
    assert 0.03 < np.mean(np.abs(every) > 2) < 0.07
