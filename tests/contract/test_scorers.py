"""What every registered scorer keeps, whatever it scores."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import toy_brain

from cpimaging.lesions.components import components
from cpimaging.quantify import load_in, morphometry, partition, structure_volumes, white_matter_depth
from cpimaging.scorers import SCORERS, Scorer, Tables, read_criteria
from cpimaging.types import Image, LabelMap, ScanContext

CHILD = ScanContext(age_years=6.0, contrasts=("T1w", "T2w", "FLAIR"), lesion_source="given mask", qc="pass")
NEWBORN = replace(CHILD, age_years=5 / 365.25)
CONTEXTS = {"barkovich": NEWBORN, "nichd": NEWBORN}
"""Scans at an age that the scorer is for, where that is not childhood."""
SWAP = {"left": "right", "right": "left", "midline": "midline"}
pytestmark = pytest.mark.parametrize("scorer", SCORERS.values(), ids=SCORERS)


def measure(atlas: LabelMap, mask: np.ndarray, overlays: dict[str, LabelMap] | None = None) -> Tables:
    labels = atlas.labels
    lesion, brain = labels.with_data(mask), labels.with_data(labels.data > 0)
    depth, distance_mm = white_matter_depth(labels, atlas.regions)
    parts = partition(labels, atlas, overlays or toy_brain.overlays(atlas), brain, depth)
    _, pieces = components(lesion, labels, atlas, distance_mm, "given mask")
    volumes = structure_volumes(labels, atlas.regions, brain)
    return Tables(load_in(lesion, parts), pieces, morphometry(labels, atlas, brain, volumes))


def run(scorer: Scorer, tables: Tables, **changes: object) -> dict:
    context = replace(CONTEXTS.get(scorer.name, CHILD), **changes)
    result = scorer.score(tables, context, read_criteria(scorer.criteria))
    json.dumps(result, allow_nan=False)
    return result


def verdict(result: dict) -> dict:
    return {key: value for key, value in result.items() if key != "evidence"}


def words_of(result: dict) -> dict:
    """Return what is called: words, and the points of a scale."""
    kept = (str, type(None))
    return {key: value for key, value in verdict(result).items() if key == "range" or isinstance(value, kept)}


def lesions(atlas: LabelMap) -> dict[str, np.ndarray]:
    """Return masks of four patterns, one on each side of the midline or on both."""
    data, n = atlas.labels.data, toy_brain.HALF_SHAPE[0]
    right, left = 2 + n, 2 + n - 1  # first column of either side
    masks = {name: np.zeros(data.shape, bool) for name in ("rim", "fan", "nuclei", "wedge")}
    masks["rim"][right + 2 : right + 4, 5:9, 12:15] = True
    masks["rim"][left - 3 : left - 1, 5:9, 12:15] = True
    masks["fan"][right + 2 : right + 7, 8:12, 12:15] = True
    masks["nuclei"][:, 8:10, 8:11] = True
    masks["nuclei"] &= np.isin(data, [r.index for r in atlas.regions if r.tissue == "deep_grey"])
    masks["wedge"][left - 13 : left - 4, 8:14, 10:14] = True
    return masks


def test_the_toy_brain_has_what_the_scorer_needs(scorer):
    atlas = toy_brain.atlas()
    maps = (atlas, *toy_brain.overlays(atlas).values())
    assert scorer.missing(region.structure for one in maps for region in one.regions) == []


def test_label_numbers_do_not_matter(scorer):
    plain = toy_brain.atlas()
    odd = toy_brain.atlas({1: 3, 3: 127, 5: 300, 20: 70001, 7: 1})
    for mask in lesions(plain).values():
        assert run(scorer, measure(odd, mask)) == run(scorer, measure(plain, mask))


@pytest.mark.parametrize("pattern", ["rim", "fan", "nuclei", "wedge"])
def test_a_mirrored_brain_gives_the_mirrored_verdict(scorer, pattern):
    atlas = toy_brain.atlas()
    mask = lesions(atlas)[pattern]
    plain = run(scorer, measure(atlas, mask))
    mirrored = run(scorer, measure(_mirror(atlas), mask[::-1], _mirror_overlays(atlas)))
    expected = {key: _mirror_word(key, value) for key, value in verdict(plain).items()}
    found = verdict(mirrored)
    if "items" in found:
        found["items"] = sorted(found["items"], key=str)
    assert _rounded(found) == _rounded(expected)


def _mirror(atlas: LabelMap) -> LabelMap:
    """Reflect the head at x = 0: voxels change places, and what was left is right."""
    labels = atlas.labels
    affine = labels.affine.copy()
    affine[0, 3] = -(labels.affine[0, 3] + labels.affine[0, 0] * (labels.shape[0] - 1))
    regions = tuple(replace(region, side=SWAP[region.side]) for region in atlas.regions)
    return LabelMap(Image(labels.data[::-1].copy(), affine), regions)


def _mirror_overlays(atlas: LabelMap) -> dict[str, LabelMap]:
    return {name: _mirror(overlay) for name, overlay in toy_brain.overlays(atlas).items()}


def _mirror_word(key: str, value: object) -> object:
    if key == "laterality_index":
        return None if value is None else -value
    if key == "sides":
        return {SWAP[side]: value[side] for side in value}
    if key == "items":
        return sorted(({**item, **_mirror_item(item)} for item in value), key=str)
    if key == "sections":
        return {_mirror_text(name): value[name] for name in value}
    return SWAP.get(value, value) if isinstance(value, str) else value


def _mirror_item(item: dict) -> dict:
    return {"side": SWAP[item["side"]], "section": _mirror_text(item["section"])}


def _mirror_text(text: str) -> str:
    return " ".join(SWAP.get(word, word) for word in text.split())


def _rounded(result: dict) -> str:
    return json.dumps(result, default=str, sort_keys=True).replace("-0.0,", "0.0,")


def test_voxel_size_does_not_matter(scorer):
    coarse = toy_brain.atlas(voxel_mm=4.0)
    fine = LabelMap(_halved(coarse.labels), coarse.regions)
    finer_overlays = {
        name: LabelMap(_halved(overlay.labels), overlay.regions)
        for name, overlay in toy_brain.overlays(coarse).items()
    }
    for mask in lesions(coarse).values():
        once = run(scorer, measure(coarse, mask))
        twice = run(scorer, measure(fine, _halved(coarse.labels.with_data(mask)).data, finer_overlays))
        assert words_of(twice) == words_of(once)


def _halved(image: Image) -> Image:
    """Cut every voxel into eight: same world, same millilitres."""
    data = image.data
    for axis in range(3):
        data = np.repeat(data, 2, axis=axis)
    affine = image.affine @ np.diag([0.5, 0.5, 0.5, 1.0])
    affine[:3, 3] = image.affine[:3, 3] - image.affine[:3, :3] @ [0.25, 0.25, 0.25]
    return Image(data, affine)


def test_no_lesion_and_nothing_but_lesion(scorer):
    atlas = toy_brain.atlas()
    empty = run(scorer, measure(atlas, np.zeros(atlas.labels.shape, bool)))
    full = run(scorer, measure(atlas, atlas.labels.data > 0))
    assert verdict(empty) != verdict(full)
    assert any("no lesion found (given mask is empty)" in step["rule"] for step in empty["evidence"])


def test_lesion_outside_of_the_brain_only_is_not_assessed(scorer):
    atlas = toy_brain.atlas()
    mask = np.zeros(atlas.labels.shape, bool)
    mask[0] = True
    assert run(scorer, measure(atlas, mask))["not_assessed"] == "the lesion lies outside of the brain"


def test_tissue_that_is_not_in_the_image_is_said_and_not_scored(scorer):
    atlas = toy_brain.atlas()
    tables = measure(atlas, lesions(atlas)["fan"])
    near = tables.load["layer"] == "periventricular"
    tables.load.loc[near, ["region_volume_mm3", "lesion_volume_mm3"]] = 0.0
    assert run(scorer, tables)["not_assessed"] == "not in the image: periventricular white matter"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"lesion_source": None}, "no mask and no detector"),
        ({"qc": "fail"}, "quality control failed"),
        ({"contrasts": ()}, "no usable image"),
    ],
)
def test_a_scan_that_cannot_be_judged_is_not_assessed(scorer, change, reason):
    atlas = toy_brain.atlas()
    result = run(scorer, measure(atlas, lesions(atlas)["rim"]), **change)
    assert result["not_assessed"] == reason
    assert all(value in (None, [], "n/a", "not_assessed", reason) for value in _values(result))


def _values(result: dict) -> list:
    flat = []
    for value in result.values():
        flat += value.values() if isinstance(value, dict) else [value]
    return flat


def test_a_missing_structure_is_an_error_and_never_a_zero(scorer):
    atlas = toy_brain.atlas()
    tables = measure(atlas, lesions(atlas)["rim"])
    for structure in scorer.requires:
        without = replace(tables, load=tables.load[tables.load["structure"] != structure])
        with pytest.raises(ValueError, match=structure):
            run(scorer, without)


def test_a_structure_with_one_side_only_is_an_error(scorer):
    atlas = toy_brain.atlas()
    tables = measure(atlas, lesions(atlas)["rim"])
    gone = (tables.load["structure"] == "putamen") & (tables.load["side"] == "left")
    with pytest.raises(ValueError, match="both sides of putamen"):
        run(scorer, replace(tables, load=tables.load[~gone]))


def test_every_criterion_says_where_it_comes_from(scorer):
    criteria = read_criteria(scorer.criteria)
    for name, criterion in criteria.items():
        assert set(criterion) == {"value", "unit", "tag", "source"}, name
        assert isinstance(criterion["value"], int | float), name
        assert criterion["tag"] in {"S", "S2", "K", "D"}, name
        assert criterion["source"].strip(), name


def test_every_criterion_may_be_varied(scorer):
    atlas = toy_brain.atlas()
    criteria = read_criteria(scorer.criteria)
    tables = measure(atlas, lesions(atlas)["wedge"])
    context = CONTEXTS.get(scorer.name, CHILD)
    plain = scorer.score(tables, context, criteria)
    for name, criterion in criteria.items():
        for factor in (0.8, 1.2):
            varied = {**criteria, name: {**criterion, "value": criterion["value"] * factor}}
            scorer.score(tables, context, varied)
    assert scorer.score(tables, context, criteria) == plain


def test_the_evidence_is_complete(scorer):
    atlas = toy_brain.atlas()
    for mask in lesions(atlas).values():
        steps = run(scorer, measure(atlas, mask))["evidence"]
        assert steps
        assert all(set(step) == {"rule", "value", "limit", "source"} for step in steps)
        assert all(step["rule"] and step["source"] for step in steps)


def test_tables_are_not_changed(scorer):
    atlas = toy_brain.atlas()
    tables = measure(atlas, lesions(atlas)["rim"])
    before = [table.copy() for table in vars(tables).values()]
    run(scorer, tables)
    for old, new in zip(before, vars(tables).values(), strict=True):
        pd.testing.assert_frame_equal(old, new)
