import pytest

from cpimaging.scorers.overrides import Override, overridden, told

SOFTWARE = {
    "dominance": {
        "call": "mixed",
        "index": 0.1,
        "confidence": 0.6,
        "evidence": [{"rule": "r"}],
        "not_assessed": None,
    },
    "mrics": {
        "group": "C",
        "subgroup": "C3",
        "severity": None,
        "territory": "mca",
        "side": "left",
        "secondary": ["B1"],
        "ground": "one artery",
        "severity_stability": None,
        "expected_agreement": 0.98,
        "instead": ["C2"],
        "discordant": [],
        "confidence": 0.7,
        "subgroup_confidence": 0.5,
        "alternatives": [{"call": "C1"}],
        "evidence": [{"rule": "r"}],
        "not_assessed": "unsure",
    },
    "scales": {},
}


def test_without_a_decision_the_software_stands() -> None:
    content = overridden(SOFTWARE, None, "pass")
    assert content == {**SOFTWARE, "override": None}
    assert told(content) is None


def test_a_persons_verdict_wins_and_says_what_it_replaced() -> None:
    content = overridden(SOFTWARE, Override("deep_grey", "C1", "pass", "readers"), "fail")
    mrics = content["mrics"]
    assert (mrics["group"], mrics["subgroup"], mrics["territory"], mrics["side"]) == ("C", "C1", None, None)
    assert (mrics["confidence"], mrics["subgroup_confidence"], mrics["alternatives"]) == (None, None, [])
    assert (mrics["secondary"], mrics["not_assessed"], mrics["instead"]) == ([], None, [])
    assert (mrics["ground"], mrics["expected_agreement"]) == (None, None)
    assert mrics["evidence"][0]["value"] == "C1"
    assert mrics["evidence"][0]["source"] == "readers"
    assert mrics["evidence"][1:] == SOFTWARE["mrics"]["evidence"]
    assert content["dominance"]["call"] == "deep_grey"
    assert content["override"]["qc"] == {"set": "pass", "software": "fail"}
    assert told(content) == (
        "mrics C1 (software: C3), dominance deep_grey (software: mixed), qc pass (software: fail): readers"
    )
    assert SOFTWARE["mrics"]["subgroup"] == "C3"  # nothing was changed in place


@pytest.mark.parametrize(
    ("word", "subgroup"), [("A", "n/a"), ("B", "n/a"), ("D", "D"), ("E", "E"), ("B3", "B3")]
)
def test_group_and_subgroup_of_a_word(word: str, subgroup: str) -> None:
    mrics = overridden(SOFTWARE, Override(mrics=word, reason="r"), "pass")["mrics"]
    assert (mrics["group"], mrics["subgroup"]) == (word[0], subgroup)


@pytest.mark.parametrize(
    ("word", "weeks", "flags"),
    [("B1", 40.0, 1), ("B1", 30.0, 0), ("C1", 30.0, 1), ("C", 30.0, 0), ("B1", None, 0)],
)
def test_what_a_person_set_is_flagged_where_it_is_rare(word: str, weeks: float | None, flags: int) -> None:
    """The software's own call was C3, which is flagged at no gestation."""
    mrics = overridden(SOFTWARE, Override(mrics=word, reason="r"), "pass", weeks)["mrics"]
    assert len(mrics["discordant"]) == flags
