"""Which kind of injury a piece of a lesion goes to, at each limit and beside it, and what it tells."""

import pytest
from scorer_tables import CHILD, both, by_side, tables, white

from cpimaging.scorers import SCORERS, read_criteria
from cpimaging.scorers.attribution import (
    BORDER_ZONE,
    CENTRAL,
    CORTICAL,
    INFRATENTORIAL,
    PERIVENTRICULAR,
    UNEXPLAINED,
    WATERSHEDS,
    kind_of,
    loads_of,
    percent_in,
)
from cpimaging.scorers.base import Trace
from cpimaging.scorers.injury import Injury
from cpimaging.scorers.pieces import Piece

CRITERIA = read_criteria(SCORERS["mrics"].criteria)
NEAR, FAR, JOINED = 10.0, 20.0, 2.0


def piece(parts: dict[str, float], mm: float = FAR, named: dict[str, float] | None = None) -> Piece:
    """Return a piece on the left; parts, named: mm³."""
    return Piece(1, "left", mm, float("nan"), parts, named or {})


def outer_and(**parts: float) -> dict[str, float]:
    """Return parts of 1000 mm³, the rest of it below the cortex."""
    return {**parts, "subcortical": 1000.0 - sum(parts.values())}


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (piece(outer_and(brainstem=500)), INFRATENTORIAL),
        (piece(outer_and(brainstem=499)), UNEXPLAINED),
        (piece(outer_and(nuclei=300, capsule=200)), CENTRAL),
        (piece(outer_and(nuclei=300, capsule=199)), UNEXPLAINED),
        (piece(outer_and(cortex=150, perirolandic=50)), CORTICAL),
        (piece(outer_and(cortex=150, perirolandic=49)), UNEXPLAINED),
        (piece(outer_and(cortex=300), mm=4.9), CORTICAL),
        (piece(outer_and(cortex=299), mm=4.9), PERIVENTRICULAR),
        (piece(outer_and(cortex=299), mm=5.0), CORTICAL),
        (piece(outer_and(), mm=4.9), PERIVENTRICULAR),
        (piece(outer_and(), mm=5.0), UNEXPLAINED),
        (piece(outer_and(periventricular=200, deep=200, callosum=100), NEAR), PERIVENTRICULAR),
        (piece(outer_and(periventricular=200, deep=200, callosum=99), NEAR), UNEXPLAINED),
        (piece(outer_and(periventricular=500), mm=14.9), PERIVENTRICULAR),
        (piece(outer_and(periventricular=500), mm=15.0), UNEXPLAINED),
        (piece({"subcortical": 299.0}, NEAR), PERIVENTRICULAR),
        (piece({"subcortical": 300.0}, NEAR), UNEXPLAINED),
        (piece(outer_and(), named={"watershed_anterior": 400, "watershed_posterior": 200}), BORDER_ZONE),
        (piece(outer_and(), named={"watershed_anterior": 400, "watershed_posterior": 199}), UNEXPLAINED),
        (piece({"other_deep": 450, "brainstem": 450, "cortex": 100}, NEAR), UNEXPLAINED),  # no white matter
    ],
)
def test_the_kind_of_a_piece_at_each_limit_and_beside_it(found, kind):
    assert kind_of(found, Trace(CRITERIA))[0] == kind


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (piece(outer_and(cortex=250)), "25 % of it lies in the cortex"),
        (piece(outer_and(), mm=2.04), "white matter, 2.0 mm from the ventricle"),
        (piece(outer_and(deep=600), mm=9.96), "inner white matter, 10.0 mm from the ventricle"),
        (
            piece(outer_and(), named={"watershed_anterior": 750}),
            "white matter, 75 % of it in the border zones between arteries",
        ),
    ],
)
def test_the_reason_tells_what_was_measured(found, why):
    assert kind_of(found, Trace(CRITERIA))[1] == why


def test_a_share_is_that_of_what_lies_above_the_tentorium():
    """50 and 100 of 200 + 400 mm³ are 25 %; the brainstem does not count."""
    zone, other = WATERSHEDS
    pieces = [
        piece({"cortex": 200.0, "brainstem": 900.0}, named={zone: 50.0}),
        piece({"deep": 300.0, "nuclei": 100.0}, named={other: 100.0}),
    ]
    assert percent_in(WATERSHEDS, pieces) == 25
    assert percent_in([zone], pieces[:1]) == 25
    assert percent_in(WATERSHEDS, [piece({"brainstem": 900.0})]) == 0


def test_the_load_of_a_class_is_that_of_all_its_tissue_and_no_class_without_injury_is_told():
    """4.28 of 428 ml of white matter are 1 %, 0.98 of 49 ml of deep grey 2 %."""
    injury = Injury(tables({}))
    pieces = [piece({"periventricular": 3280.0, "nuclei": 980.0}), piece({"capsule": 1000.0})]
    assert loads_of(pieces, injury) == {"white_matter": 1.0, "deep_grey": 2.0}
    dominance = SCORERS["dominance"]
    lesion = [*by_side(both({"putamen": 0.49})), {white("left", "deep", "frontal"): 4.28}]
    result = dominance.score(tables(lesion), CHILD, read_criteria(dominance.criteria))
    borne = {step["rule"]: step["value"] for step in result["evidence"] if "load borne" in step["rule"]}
    assert borne == {"load borne by white matter, %": 1.0, "load borne by deep grey, %": 2.0}
