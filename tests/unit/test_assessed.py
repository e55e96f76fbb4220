"""What is assessed at which age: bands, refusals, the page made from the table."""

from pathlib import Path

import pytest

from cpimaging.assessed import ADD_AGE, BANDS, RULES, UNPLACED, Gate, band_of, documented, joined
from cpimaging.atlases import load_structures
from cpimaging.scorers import SCORERS, read_criteria

DAY = 1 / 365.25
PAGE = Path(__file__).parents[2] / "docs/method/ages.md"


@pytest.mark.parametrize(
    ("years", "pma_weeks", "assumed", "band"),
    [
        (0.0, 23.0, "", "preterm"),
        (0.0, 36.9, "", "preterm"),
        (0.0, 37.0, "", "term"),
        (0.0, None, "", "term"),  # from birth, gestation not known: taken as born at term
        (7 * DAY, 41.0, "", "term"),  # born at 27 weeks, 14 weeks ago
        (34 * DAY, None, "", "term"),
        (36 * DAY, None, "", "infant"),
        (1.99, None, "", "infant"),
        (2.0, None, "", "toddler"),
        (2.99, None, "", "toddler"),
        (3.0, None, "", "child"),
        (17.9, None, "", "child"),
        (18.0, None, "", "adult"),
        (45.0, None, "", "adult"),
        (None, None, "", "unknown"),
        (None, None, "child", "child"),
        (None, None, "adult", "adult"),
        (0.1, None, "adult", "infant"),  # a known age is never replaced
    ],
)
def test_an_age_has_one_band(years, pma_weeks, assumed, band):
    assert band_of(years, pma_weeks, assumed) == band


def test_every_rule_says_something_of_every_band():
    for name, rule in RULES.items():
        assert list(rule.at) == list(BANDS), name
        assert set(rule.at.values()) <= {"yes", "no", "template"}, name
        assert rule.tag in ("S", "S2", "K", "D")
        assert all((rule.about, rule.contrast, rule.age, rule.why, rule.source)), name


def test_an_unknown_age_is_assessed_in_nothing():
    gate = Gate("unknown", own_template=True)
    assert {gate.refusal(rule) for rule in RULES} == {ADD_AGE}
    assert "column age" in ADD_AGE
    assert "assume_age" in ADD_AGE


def test_what_the_adult_template_cannot_place_needs_one_of_the_age():
    for band in ("preterm", "term", "infant"):
        why = Gate(band).refusal("fine_structures")
        assert "adult template cannot place PLIC" in why
        assert "templates_dir" in why
        assert Gate(band, own_template=True).refusal("fine_structures") is None
    assert Gate("toddler").refusal("fine_structures") is None


def test_no_gliosis_by_software_in_the_third_year_without_flair():
    assert Gate("toddler").refusal("FLAIR") is None
    assert "terminal zones of myelination" in Gate("toddler").refusal("T2w")
    assert "terminal zones of myelination" in Gate("toddler").refusal("T1w")
    assert Gate("child").refusal("T2w") is None


def test_reasons_of_one_age_band_name_it_once():
    toddler = Gate("toddler")
    reasons = ["no FLAIR", *(str(toddler.refusal(name)) for name in ("T2w", "T1w", "punctate")), "no ADC"]
    told = joined(reasons)
    assert told.count("not assessed in this age band (2 to 3 years): ") == 1
    assert told.count("terminal zones of myelination") == 1
    assert told.startswith("no FLAIR; not assessed in this age band (2 to 3 years): terminal zones")
    assert told.endswith("without FLAIR; punctate lesions are looked for in newborns only; no ADC")


def test_an_infants_adc_is_judged_against_a_map_alone():
    for band in ("preterm", "term", "infant"):
        assert "adc_norm" in Gate(band, own_template=True).refusal("ADC")
        assert Gate(band).refusal("ADC_norm") is None
    assert Gate("toddler").refusal("ADC") is None


def test_young_says_how_young():
    assert Gate("term").young("grey_white") == "below 2 years"
    assert Gate("toddler").young("T2w") == "below 3 years"
    assert Gate("unknown").young("grey_white") == "at an unknown age"
    assert Gate("child").young("grey_white") == ""


def test_the_table_agrees_with_the_limits_of_the_scorers():
    months = {"fiori": "from_age", "mrics": "normal_from_age"}
    for name, rule in (("fiori", "fiori"), ("mrics", "normal")):
        limit = read_criteria(SCORERS[name].criteria)[months[name]]["value"]
        first = list(BANDS).index(next(band for band, answer in RULES[rule].at.items() if answer == "yes"))
        assert list(BANDS.values())[first - 1].until_months == limit
    for name in ("barkovich", "nichd"):
        days = read_criteria(SCORERS[name].criteria)["to_age"]["value"]
        assert 12 * days * DAY < BANDS["term"].until_months
    assert not {"dominance", "mrics"} & set(RULES)  # the rule "lesion"


def test_unplaced_structures_are_words_of_the_vocabulary():
    assert set(load_structures()["structure"]) >= UNPLACED


def test_the_page_is_made_from_the_table():
    assert documented() in PAGE.read_text(encoding="utf-8")
