"""What every registered scorer keeps, whatever it scores."""

import html
import json
from dataclasses import replace

import declared
import numpy as np
import pandas as pd
import pytest
import report_content as content
import toy_brain

from cpimaging.columns import Column
from cpimaging.io import typed
from cpimaging.lesions.components import components
from cpimaging.morphometry.volumes import structure_volumes, volume_table
from cpimaging.quantify.depth import white_matter_depth
from cpimaging.quantify.load import load_in
from cpimaging.quantify.margins import load_margins
from cpimaging.quantify.partition import partition
from cpimaging.quantify.pieces import lesion_parts
from cpimaging.report.cohort import render_cohort
from cpimaging.report.scan import render_scan
from cpimaging.scorers import SCORERS, Scorer, Tables, pattern_content, read_criteria, score_surely
from cpimaging.scorers.group import group_dtypes
from cpimaging.stages.cohort import pattern_cells
from cpimaging.types import Image, LabelMap

SWAP = {"left": "right", "right": "left", "midline": "midline"}
pytestmark = pytest.mark.parametrize("scorer", SCORERS.values(), ids=SCORERS)


def margins_of(atlas: LabelMap, mask: np.ndarray) -> pd.DataFrame:
    labels = atlas.labels
    brain = labels.with_data(labels.data > 0)
    depth, _ = white_matter_depth(labels, atlas.regions)
    parts = partition(labels, atlas, toy_brain.overlays(atlas), brain, depth)
    return load_margins(labels.with_data(mask), parts)


def measure(atlas: LabelMap, mask: np.ndarray, overlays: dict[str, LabelMap] | None = None) -> Tables:
    labels = atlas.labels
    lesion, brain = labels.with_data(mask), labels.with_data(labels.data > 0)
    depth, distance_mm = white_matter_depth(labels, atlas.regions)
    parts = partition(labels, atlas, overlays or toy_brain.overlays(atlas), brain, depth)
    numbered, pieces = components(lesion, labels, atlas, distance_mm, "given mask")
    volumes = structure_volumes(labels, atlas.regions, brain)
    sizes = volume_table(labels, atlas, brain, volumes)
    return Tables(load_in(lesion, parts), pieces, lesion_parts(numbered, parts), sizes)


def run(scorer: Scorer, tables: Tables, **changes: object) -> dict:
    context = replace(scorer.example, **changes)
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
    left = tables.load["side"] == "left"
    structure = min(scorer.requires & set(tables.load.loc[left, "structure"]))
    gone = left & (tables.load["structure"] == structure)
    with pytest.raises(ValueError, match=f"both sides of {structure}"):
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
    context = scorer.example
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


# --- the whole way: registry, repetitions, row of the group table, both pages


@pytest.fixture(scope="module")
def surely() -> dict[tuple[str, str], dict]:
    """Results of every scorer with its repetitions, by scorer and pattern."""
    atlas = toy_brain.atlas()
    found = {}
    for name, mask in lesions(atlas).items():
        tables, margins = measure(atlas, mask), margins_of(atlas, mask)
        for each in SCORERS.values():
            criteria = read_criteria(each.criteria)
            found[each.name, name] = score_surely(each, tables, margins, each.example, criteria)
    return found


def pattern_of(scorer: Scorer, result: dict) -> dict:
    """Return a pattern in which one scorer was chosen."""
    return pattern_content(scorer.name, lambda one: result)


def test_its_result_has_the_keys_that_it_declares(scorer, surely):
    seen = set()
    for name in ("rim", "fan", "nuclei", "wedge"):
        for key, value in declared.walk(surely[scorer.name, name]):
            fitting = [one for one in scorer.keys if declared.fits(key, one.name)]
            assert fitting, key
            assert value is None or isinstance(value, declared.KINDS.get(fitting[0].dtype, object)), key
            seen.add(fitting[0].name)
    assert {key.name for key in scorer.keys if not key.when} <= seen
    assert seen_always(scorer) <= set(surely[scorer.name, "rim"])


def seen_always(scorer: Scorer) -> set[str]:
    """Return the keys that a result has itself, not those inside of others."""
    return {key.name for key in scorer.keys if not set(".[") & set(key.name) and not key.when}


def test_a_result_that_was_not_scored_has_the_same_keys(scorer, surely):
    unscored = scorer.unscored("for a reason")
    added = {"confidence", "alternatives", "spread", *(f"{name}_confidence" for name in scorer.answers[1:])}
    assert set(unscored) | added >= seen_always(scorer)
    assert set(unscored) <= seen_always(scorer)
    assert unscored["not_assessed"] == "for a reason"


def test_its_answers_and_words_are_declared(scorer, surely):
    words = {key.name: {*key.levels, scorer.undecided, "n/a"} for key in scorer.keys}
    assert {*scorer.answers, *scorer.details} <= set(words)
    for name in ("rim", "fan", "nuclei", "wedge"):
        for answer in scorer.answers:
            assert surely[scorer.name, name][answer] in words[answer]


@pytest.mark.parametrize("pattern", ["rim", "fan", "nuclei", "wedge"])
def test_it_fills_its_columns_of_the_group_table(scorer, surely, pattern):
    result = surely[scorer.name, pattern]
    cells = pattern_cells(pattern_of(scorer, result), "pass")
    for column in scorer.columns:
        value, expected = cells[column.name], column.cell(result)
        assert value == expected or (expected is None and column.name == "not_assessed_reason")
        assert value is None or isinstance(value, str if column.dtype == "str" else float), column
        assert not column.levels or value is None or value in {*column.levels, "n/a"}, column


def test_where_it_was_not_scored_its_numbers_are_missing(scorer):
    cells = pattern_cells(pattern_of(scorer, scorer.unscored("for a reason")), "pass")
    assert all(cells[column.name] is None for column in scorer.columns if column.dtype == "float64")
    if not scorer.scale:
        assert cells["not_assessed_reason"] is not None


@pytest.mark.parametrize("pattern", ["rim", "fan", "nuclei", "wedge"])
def test_both_pages_tell_it(scorer, surely, pattern):
    result = surely[scorer.name, pattern]
    whole = pattern_of(scorer, result)
    row = pattern_cells(whole, "pass") | {"participant_id": "sub-01"}
    table = typed([dict.fromkeys(group_dtypes()) | row], group_dtypes())
    scan = html.unescape(render_scan(content.scan_report(pattern=whole)))
    cohort = html.unescape(render_cohort(content.cohort_report(patterns=table)))
    for name, text in scorer.words.facts(result):
        assert f"<dt>{name}</dt><dd>{text}</dd>" in scan
    for step in result["evidence"] if result["not_assessed"] is None else ():
        assert step["source"][1:] in scan
    code = scorer.words.code(row)
    if scorer.scale and result["not_assessed"]:
        assert code == ""  # no scan has points: the cohort's page has no column for them
        return
    assert code
    assert scorer.title in cohort
    assert scorer.words.say(code).lower() in cohort.lower()


def test_every_column_is_one_of_its_own_or_shared_word_for_word(scorer):
    for other in SCORERS.values():
        for column in scorer.columns:
            twins = [one for one in other.columns if one.name == column.name]
            assert all(plain(twin) == plain(column) for twin in twins)


def plain(column: Column) -> tuple:
    return (column.name, column.dtype, column.text, column.unit, dict(column.levels))


def test_little_that_software_found_is_no_call(scorer):
    atlas = toy_brain.atlas()
    fan = lesions(atlas)["fan"]
    little = fan & (np.cumsum(fan.ravel()) <= 2).reshape(fan.shape)
    assert run(scorer, measure(atlas, little), lesion_source="detected")["not_assessed"]
