"""Which scans take part in the group."""

from dataclasses import replace

import pytest
from scorer_tables import CHILD, LATERAL_ML, MIDLINE_ML, tables

from cpimaging.scorers.trust import out_of_group

LITTLE = tables({("pons", "midline"): 0.35})
LOST = {
    **{("lateral_ventricle", side): 3.0 for side in ("left", "right")},
    **{("white_matter", side): 0.6 for side in ("left", "right")},
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"qc": "warn"}, None),
        ({"lesion_source": "lesion_command"}, None),
        ({"lesion_source": "detected"}, "software found 350 mm3"),
        ({"qc": "fail"}, "quality control failed"),
        ({"lesion_source": "detected", "qc": "fail"}, "quality control failed"),
        ({"lesion_source": None}, "no mask and no detector"),
        ({"lesion_source": None, "lesion_not_assessed": "no contrast"}, "no contrast"),
    ],
)
def test_what_is_not_to_be_trusted_is_out(change, reason):
    found = out_of_group(LITTLE, replace(CHILD, **change))
    assert found is None if reason is None else str(found).startswith(reason)


@pytest.mark.parametrize("source", ["given mask", "detected"])
def test_no_lesion_is_a_finding_of_the_group(source):
    assert out_of_group(tables({}), replace(CHILD, lesion_source=source)) is None


def test_much_that_software_found_counts_and_little_does_not_whatever_the_ventricles():
    detected = replace(CHILD, lesion_source="detected")
    assert out_of_group(tables({("pons", "midline"): 0.45}), detected) is None
    assert out_of_group(tables({("pons", "midline"): 0.35}, ratios=LOST), detected) is not None


def test_masks_without_images_take_part():
    assert out_of_group(LITTLE, replace(CHILD, contrasts=(), qc="not_applicable")) is None


def test_a_mask_that_fills_the_brain_or_misses_it_is_out():
    lateral = {(*key[:1], side, *key[2:]): ml for key, ml in LATERAL_ML.items() for side in ("left", "right")}
    midline = {(key[0], "midline"): ml for key, ml in MIDLINE_ML.items()}
    assert out_of_group(tables({**lateral, **midline}), CHILD) == "the lesion mask fills the brain"
    assert (
        out_of_group(tables({("outside_brain", "midline"): 2.0}), CHILD)
        == "the lesion lies outside of the brain"
    )
