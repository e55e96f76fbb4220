"""Figures of agreement against worked tables of their papers, and tables counted by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from cpimaging.agreement import tables
from cpimaging.agreement.estimate import estimated, share_of
from cpimaging.agreement.figures import (
    Ratings,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    intraclass_correlation,
    observed_agreement,
    quadratic_weights,
)
from cpimaging.agreement.readings import Readings, assembled, consensus, read_readings
from cpimaging.types import InputError

FOUR_RATERS = """
1 1 . 1
2 2 3 2
3 3 3 3
3 3 3 3
2 2 2 2
1 2 3 4
4 4 4 4
1 1 2 1
2 2 2 2
. 5 5 5
. . 1 1
. . 3 .
"""
"""Krippendorff's data, worked in Gwet 2014, Handbook of Inter-Rater Reliability, 4th ed., ch. 2."""

FLEISS = (
    *((0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1)),
    *((7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7)),
)
"""Ten cases, 14 raters, five categories: the worked table of the article on Fleiss' kappa, Wikipedia."""

JUDGES = (
    *((9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8)),
    *((7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)),
)
"""Six targets, four judges: Shrout and Fleiss 1979, Psychol Bull 86:420, table 2."""


def four_raters() -> Ratings:
    rows = [line.split() for line in FOUR_RATERS.split("\n") if line]
    return np.array([[int(word) - 1 if word != "." else -1 for word in row] for row in rows])


def abstractors() -> Ratings:
    """Three categories, 100 cases: Gwet 2014, the table of two abstractors."""
    table = [(0, 0, 13), (1, 1, 20), (1, 2, 7), (2, 1, 4), (2, 2, 56)]
    return np.array([pair for *pair, count in table for _ in range(count)])


def test_ac1_and_kappa_of_several_raters_with_gaps_are_gwet_s() -> None:
    ratings = four_raters()
    assert observed_agreement(ratings, 5).value == pytest.approx(0.81818, abs=1e-5)
    assert gwet_ac1(ratings, 5).value == pytest.approx(0.77544, abs=1e-5)
    assert fleiss_kappa(ratings, 5).value == pytest.approx(0.76117, abs=1e-5)


def test_kappa_of_fourteen_raters() -> None:
    ratings = np.array([np.repeat(np.arange(5), row) for row in FLEISS])
    assert fleiss_kappa(ratings, 5).value == pytest.approx(0.210, abs=5e-4)


def test_kappa_of_two_raters_is_the_published_and_scikit_learn_s() -> None:
    ratings = abstractors()
    assert cohen_kappa(ratings, 3).value == pytest.approx(0.7964094, abs=1e-7)
    for weights, credit in ((None, None), ("quadratic", quadratic_weights(3))):
        theirs = cohen_kappa_score(ratings[:, 0], ratings[:, 1], weights=weights)
        assert cohen_kappa(ratings, 3, credit).value == pytest.approx(theirs, abs=1e-12)


def test_kappa_counts_only_what_both_rated() -> None:
    ratings = np.array([[0, 0], [1, 1], [0, 1], [-1, 1], [0, -1]])
    # of three: agreement 2/3, chance (2/3)(1/3) + (1/3)(2/3) = 4/9
    assert cohen_kappa(ratings, 2).value == pytest.approx((2 / 3 - 4 / 9) / (1 - 4 / 9))


def test_icc_is_shrout_and_fleiss_s() -> None:
    values = np.array(JUDGES, dtype=np.float64)
    assert intraclass_correlation(values).value == pytest.approx(0.29, abs=5e-3)
    gap = np.vstack([values, [np.nan, 1, 1, 1]])
    assert intraclass_correlation(gap).value == intraclass_correlation(values).value


def test_points_of_one_case_or_rater_have_no_icc() -> None:
    assert np.isnan(intraclass_correlation(np.ones((1, 3))).value)
    assert np.isnan(intraclass_correlation(np.ones((4, 1))).value)


def test_an_interval_holds_the_figure_and_repeats() -> None:
    rng = np.random.default_rng(0)
    ratings = rng.integers(0, 3, (50, 2))
    ratings[:35, 1] = ratings[:35, 0]
    found = estimated(cohen_kappa(ratings, 3), seed=4)
    assert found == estimated(cohen_kappa(ratings, 3), seed=4)
    assert found.low < found.value < found.high < 1
    assert found.cases == 50
    # the large-sample error of kappa, √(p (1 − p) / n) / (1 − chance), to a tenth: Cohen 1960
    p = (ratings[:, 0] == ratings[:, 1]).mean()
    error = np.sqrt(p * (1 - p) / 50) / (2 / 3)
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_perfect_agreement_is_not_certain() -> None:
    """Of 40 cases that agree, as many as 1 − 0.025^(1/40) = 8.8 % of all may be rated by chance."""
    ratings = np.repeat(np.arange(40)[:, None] % 4, 2, axis=1)
    found = estimated(cohen_kappa(ratings, 4), seed=0)
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(0.025 ** (1 / 40))


def test_few_cases_have_no_interval() -> None:
    found = estimated(cohen_kappa(np.zeros((9, 2), int), 2), seed=0)
    assert np.isnan([found.value, found.low, found.high]).all()


def test_a_share_has_wilson_s_interval() -> None:
    """Of 10 of 10: 1 / (1 + 1.96² / 10)."""
    found = share_of(10, 10)
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(1 / (1 + 1.959964**2 / 10), abs=1e-6)
    assert np.isnan(share_of(0, 0).value)


# --- readings


def sheet(*rows: str, columns: str = "case reader mrics_subgroup severity fiori") -> pd.DataFrame:
    names = columns.split()
    return pd.DataFrame([row.split() for row in rows], columns=names)


CASES = {f"{n:03d}": (f"sub-{n:02d}", "n/a") for n in range(1, 5)}


def test_a_sheet_is_read_by_its_case_numbers() -> None:
    found = read_readings("a.tsv", sheet("002 anna b.1 Mild 12", "001 anna n/a n/a n/a"), CASES)
    assert found.to_dict("records") == [
        {
            "participant_id": "sub-02",
            "session_id": "n/a",
            "reader": "anna",
            "mrics_group": "B",
            "mrics_subgroup": "B1",
            "severity": "mild",
            "fiori": 12.0,
        }
    ]


def test_a_table_may_name_scans_instead() -> None:
    table = sheet("07 02 anna C", columns="participant_id session_id reader mrics_group")
    found = read_readings("a.tsv", table, {})
    assert found.loc[0, ["participant_id", "session_id", "mrics_group"]].tolist() == ["sub-07", "ses-02", "C"]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (sheet("009 anna B1 mild 3"), "a.tsv, line 2: case 009 is not in the reading list"),
        (
            sheet("001 anna B1 mild 3", "002 anna X9 mild 3"),
            "line 3: mrics_subgroup is 'X9'; use one of A, A1",
        ),
        (sheet("001 anna B1 awful 3"), "severity is 'awful'; use one of mild, moderate, severe"),
        (sheet("001 anna B1 mild 41"), "fiori is '41'"),
        (sheet("001 anna B1 mild nein"), "fiori is 'nein'"),
        (sheet("001 n/a B1 mild 3"), "line 2 names no reader"),
        (sheet("001 software B1 mild 3"), "names no reader"),
        (sheet("001 Consensus B1 mild 3"), "names no reader"),
        (sheet("001 a,b B1 mild 3"), "none with a comma"),
        (sheet("001 a B1", columns="case reader subgroup"), "has the column 'subgroup', which is not known"),
        (sheet("001 B1", columns="case mrics_subgroup"), "lacks the column of the reader"),
        (sheet("001 a B1 C", columns="case reader mrics_subgroup mrics_group"), "B1 is not of group C"),
    ],
)
def test_what_is_wrong_in_a_sheet_is_told(table: pd.DataFrame, told: str) -> None:
    with pytest.raises(InputError) as caught:
        read_readings("a.tsv", table, CASES)
    assert told in str(caught.value)


def patterns(*rows: str) -> pd.DataFrame:
    """Rows: number, subgroup or n/a, severity, override, fiori low and high."""
    found = []
    for row in rows:
        number, subgroup, severity, override, low, high = row.split()
        found.append(
            {
                "participant_id": f"sub-{number}",
                "session_id": "n/a",
                "override": override,
                "mrics_group": subgroup[0] if subgroup != "n/a" else "n/a",
                "mrics_subgroup": subgroup,
                "severity": severity,
                "fiori_low": float(low),
                "fiori_high": float(high),
            }
        )
    return pd.DataFrame(found)


def study() -> Readings:
    """Three readers of four scans; the call of the last was replaced by a person."""
    rows = [
        *("001 a B1 mild 4", "002 a C1 severe 20", "003 a C3 mild 8", "004 a D mild n/a"),
        *("001 b B1 mild 6", "002 b C1 moderate 24", "003 b C2 mild 10", "004 b D mild n/a"),
        *("001 c B2 mild 5", "002 c C1 severe 22"),
    ]
    readings = read_readings("all.tsv", sheet(*rows), CASES)
    calls = patterns(
        "01 B1 mild n/a 4 8", "02 n/a n/a n/a 19 21", "03 C3 mild n/a 6 10", "04 B1 mild why 0 2"
    )
    return assembled(readings, calls)


def test_readers_and_software_stand_side_by_side() -> None:
    found = study()
    assert found.readers == ("a", "b", "c")
    assert len(found.overridden) == 1
    words = found.words["mrics_subgroup"]
    assert words["software"].tolist() == ["B1", "n/a", "C3", "n/a"]
    assert words["c"].tolist() == ["B2", "C1", "n/a", "n/a"]
    assert found.points["software"].tolist() == [6, 20, 8, 1]


def test_consensus_is_more_than_half() -> None:
    assert consensus(study().words["mrics_subgroup"][["a", "b", "c"]]).tolist() == ["B1", "C1", "n/a", "D"]


def test_a_scan_twice_or_from_elsewhere_is_refused() -> None:
    calls = patterns("01 B1 mild n/a 4 8")
    twice = read_readings("a.tsv", sheet("001 a B1 mild 4", "001 a B2 mild 4"), CASES)
    with pytest.raises(InputError, match="a rated sub-01 twice"):
        assembled(twice, calls)
    with pytest.raises(InputError, match="sub-02 is not in the results"):
        assembled(read_readings("a.tsv", sheet("002 a B1 mild 4"), CASES), calls)
    with pytest.raises(InputError, match="hold no answer"):
        assembled(read_readings("a.tsv", sheet("002 a n/a n/a n/a"), CASES), calls)


def test_sensitivity_and_ppv_are_counted_against_the_consensus() -> None:
    """Consensus of the groups: B, C, C; software: B, open, C. The fourth was replaced: not missed."""
    rows = {row["word"]: row for row in tables.word_rows(study()) if row["question"] == "mrics_group"}
    assert {word: row["sensitivity"] for word, row in rows.items()} == {"B": 1, "C": 0.5}
    assert [rows[word]["ppv"] for word in "BC"] == [1, 1]
    assert (rows["C"]["readers"], rows["C"]["software"]) == (2, 1)


def test_confusion_counts_what_was_left_open() -> None:
    table = tables.confusion(study(), "mrics_group")
    assert table.loc["C"].to_dict() == {"B": 0, "C": 1, "n/a": 1}
    assert table.to_numpy().sum() == 3


def test_pairs_are_compared_over_what_both_said() -> None:
    rows = {(row["question"], row["figure"], row["raters"]): row for row in tables.agreement_rows(study(), 0)}
    pair = rows["mrics_subgroup", "agreement", "a, b"]
    assert (pair["value"], pair["cases"]) == (0.75, 4)
    assert rows["mrics_subgroup", "agreement", "a, software"]["cases"] == 2
    assert rows["mrics_group", "cohen_kappa", "consensus, software"]["value"] == 1
    assert ("mrics_group", "fleiss_kappa", "a, b, c") in rows
    assert ("severity", "weighted_kappa", "a, b") in rows
    # severity of a and b: mild mild, severe moderate, mild mild, mild mild
    # credit 1, 3/4, 1, 1: seen 15/16; chance (3/4)(3/4) + (1/4)(1/4)(3/4) + (1/4)(3/4)(0) + (3/4)(1/4)(3/4)
    seen, chance = 15 / 16, 9 / 16 + 3 / 64 + 9 / 64
    weighted = rows["severity", "weighted_kappa", "a, b"]["value"]
    assert weighted == pytest.approx((seen - chance) / (1 - chance))


def test_bland_and_altman_of_the_points() -> None:
    """Readers' means 5, 22, 9; software 6, 20, 8: apart 1, −2, −1."""
    rows = {row["figure"]: row for row in tables.agreement_rows(study(), 0) if row["question"] == "fiori"}
    sd = np.std([1, -2, -1], ddof=1)
    assert rows["bias"]["value"] == pytest.approx(-2 / 3)
    assert rows["upper_limit"]["value"] == pytest.approx(-2 / 3 + 1.96 * sd)
    assert rows["upper_limit"]["low"] == pytest.approx(
        -2 / 3 + 1.96 * sd - 4.302653 * sd
    )  # t of 2; √(3 / 3) SD
    assert rows["bias"]["cases"] == 3


def certainty(*values: float) -> pd.Series:
    index = pd.MultiIndex.from_tuples(CASES.values(), names=["participant_id", "session_id"])
    return pd.Series(values, index=index)


def test_coverage_falls_as_certainty_rises() -> None:
    """Called are sub-01 (right, 0.9) and sub-03 (right, 0.7) of three that were left to the software."""
    rows = tables.coverage_rows(study(), certainty(0.9, np.nan, 0.7, 0.8))
    assert [(row["certainty"], row["coverage"], row["accuracy"]) for row in rows] == [
        (0.9, pytest.approx(1 / 3), 1),
        (0.7, pytest.approx(2 / 3), 1),
    ]


def test_calibration_compares_stated_and_found() -> None:
    rows = tables.calibration_rows(study(), certainty(0.9, np.nan, 0.7, 0.8))
    assert [(row["certainty"], row["accuracy"], row["cases"]) for row in rows] == [(0.7, 1, 1), (0.9, 1, 1)]
    assert tables.calibration_error(rows) == pytest.approx(0.2)
    assert tables.calibration_rows(study(), certainty(*[np.nan] * 4)) == []
    assert np.isnan(tables.calibration_error([]))


def test_a_case_that_one_of_three_rated_makes_no_pair() -> None:
    """Of 12 cases 3 were rated twice: too few for an interval, though each says how often a word is given."""
    words = {
        "anna": ["B"] * 12,
        "ben": ["B"] * 3 + ["n/a"] * 9,
        "cleo": ["n/a"] * 12,
        "software": ["B"] * 12,
    }
    index = pd.MultiIndex.from_tuples([(f"sub-{n:02d}", "n/a") for n in range(12)])
    rated = pd.DataFrame(words, index=index)
    points = pd.DataFrame({name: [np.nan] * 12 for name in words}, index=index)
    readings = tables.Readings({"mrics_group": rated}, points, ("anna", "ben", "cleo"), index[:0])
    row = next(row for row in tables.agreement_rows(readings, 0) if row["raters"] == "anna, ben, cleo")
    assert (row["figure"], row["value"], row["cases"]) == ("agreement", 1.0, 3)
    assert np.isnan(row["low"])
