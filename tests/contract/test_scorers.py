"""What every registered scorer keeps, whatever it scores."""

import html
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import declared
import numpy as np
import pandas as pd
import pytest
import report_content as content
import toy_brain

from cpimaging.columns import Column
from cpimaging.io import read_yaml, typed
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
from cpimaging.scorers.base import GIVEN_UNITS
from cpimaging.scorers.group import group_dtypes
from cpimaging.stages.cohort import pattern_cells
from cpimaging.types import Image, LabelMap

DOCS = Path(__file__).parents[2] / "docs" / "method" / "scales.md"
PATTERNS = ("rim", "fan", "nuclei", "wedge")
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


@cache
def measured(pattern: str, brain: str = "plain") -> Tables:
    """Return the tables of a pattern in a toy brain; made once for all scorers, none of which changes them.

    pattern: of `lesions`, or "none" or "all". brain: plain, or with odd label numbers, or of larger voxels
    ("coarse"), or of those cut into eight ("fine"), or mirrored.
    """
    odd, coarse = {1: 3, 3: 127, 5: 300, 20: 70001, 7: 1}, brain in ("coarse", "fine")
    atlas = toy_brain.atlas(odd if brain == "odd" else None, **({"voxel_mm": 4.0} if coarse else {}))
    mask = {**lesions(atlas), **extremes(atlas)}[pattern]
    if brain == "mirrored":
        return measure(_mirror(atlas), mask[::-1], _mirror_overlays(atlas))
    if brain != "fine":
        return measure(atlas, mask)
    overlays = {
        name: LabelMap(_halved(overlay.labels), overlay.regions)
        for name, overlay in toy_brain.overlays(atlas).items()
    }
    fine = LabelMap(_halved(atlas.labels), atlas.regions)
    return measure(fine, _halved(atlas.labels.with_data(mask)).data, overlays)


def extremes(atlas: LabelMap) -> dict[str, np.ndarray]:
    data = atlas.labels.data
    return {"none": np.zeros(data.shape, bool), "all": data > 0}


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
    for name in PATTERNS:
        assert run(scorer, measured(name, "odd")) == run(scorer, measured(name))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_mirrored_brain_gives_the_mirrored_verdict(scorer, pattern):
    plain, mirrored = run(scorer, measured(pattern)), run(scorer, measured(pattern, "mirrored"))
    told = "a number whose sign tells the side has the word laterality in its key"
    assert _unordered(verdict(mirrored)) == _unordered(_mirrored(verdict(plain))), told


def _mirror(atlas: LabelMap) -> LabelMap:
    """Reflect the head at x = 0: voxels change places, and what was left is right."""
    labels = atlas.labels
    affine = labels.affine.copy()
    affine[0, 3] = -(labels.affine[0, 3] + labels.affine[0, 0] * (labels.shape[0] - 1))
    regions = tuple(replace(region, side=SWAP[region.side]) for region in atlas.regions)
    return LabelMap(Image(labels.data[::-1].copy(), affine), regions)


def _mirror_overlays(atlas: LabelMap) -> dict[str, LabelMap]:
    return {name: _mirror(overlay) for name, overlay in toy_brain.overlays(atlas).items()}


def _mirrored(value: object, key: str = "") -> object:
    """Return what a mirrored brain gives: left is right in words and keys, a laterality changes its sign."""
    if isinstance(value, dict):
        return {_mirror_text(name): _mirrored(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_mirrored(one, key) for one in value]
    if isinstance(value, str):
        return _mirror_text(value)
    return -value if "laterality" in key and value is not None else value


def _mirror_text(text: str) -> str:
    return re.sub(r"(?<![a-z])(left|right)(?![a-z])", lambda found: SWAP[found[0]], text)


def _unordered(result: dict) -> str:
    """Return a result as text, its items in no order."""
    plain = {key: sorted(map(_text, one)) if key == "items" else one for key, one in result.items()}
    return _text(plain)


def _text(value: object) -> str:
    return re.sub(r"-0\.0(?=[,}\]])", "0.0", json.dumps(value, sort_keys=True))


def test_voxel_size_does_not_matter(scorer):
    for name in PATTERNS:
        once, twice = run(scorer, measured(name, "coarse")), run(scorer, measured(name, "fine"))
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
    empty, full = run(scorer, measured("none")), run(scorer, measured("all"))
    assert verdict(empty) != verdict(full)
    assert any("no lesion found (given mask is empty)" in step["rule"] for step in empty["evidence"])


def test_lesion_outside_of_the_brain_only_is_not_assessed(scorer):
    atlas = toy_brain.atlas()
    mask = np.zeros(atlas.labels.shape, bool)
    mask[0] = True
    assert run(scorer, measure(atlas, mask))["not_assessed"] == "the lesion lies outside of the brain"


def test_tissue_that_is_not_in_the_image_is_said_and_not_scored(scorer):
    tables = replace(measured("fan"), load=measured("fan").load.copy())
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
    result = run(scorer, measured("rim"), **change)
    assert result["not_assessed"] == reason
    assert all(value in (None, [], "n/a", "not_assessed", reason) for value in _values(result))


def _values(result: dict) -> list:
    flat = []
    for value in result.values():
        flat += value.values() if isinstance(value, dict) else [value]
    return flat


def test_a_missing_structure_is_an_error_and_never_a_zero(scorer):
    tables = measured("rim")
    for structure in scorer.requires:
        without = replace(tables, load=tables.load[tables.load["structure"] != structure])
        with pytest.raises(ValueError, match=structure):
            run(scorer, without)


def test_a_structure_with_one_side_only_is_an_error(scorer):
    tables = measured("rim")
    left = tables.load["side"] == "left"
    structure = min(scorer.requires & set(tables.load.loc[left, "structure"]))
    gone = left & (tables.load["structure"] == structure)
    with pytest.raises(ValueError, match=f"both sides of {structure}"):
        run(scorer, replace(tables, load=tables.load[~gone]))


def test_every_criterion_says_where_it_comes_from(scorer):
    criteria = read_criteria(scorer.criteria)
    assert set(read_yaml(scorer.criteria)) == {
        "version",
        "include",
        "description",
        "criteria",
    }  # no limit beside
    for name, criterion in criteria.items():
        assert set(criterion) - {"disagrees", "newborn"} == {"value", "unit", "tag", "source"}, name
        assert "newborn" not in criterion or set(criterion["newborn"]) == {"value", "source"}, name
        assert isinstance(criterion["value"], int | float), name
        assert criterion["tag"] in {"S", "S2", "K", "D"}, name
        assert criterion["source"].strip(), name


def test_every_source_that_disagrees_is_named_with_its_tag_and_in_the_documentation(scorer):
    told = {
        criterion["disagrees"]
        for criterion in read_criteria(scorer.criteria).values()
        if "disagrees" in criterion
    }
    page = DOCS.read_text(encoding="utf-8")
    for text in told:
        assert re.search(r" \(.+ \[(S|S2)\]\)$", text), text
        assert text in page, text


def test_every_criterion_may_be_varied(scorer):
    criteria = read_criteria(scorer.criteria)
    tables = measured("wedge")
    context = scorer.example
    plain = scorer.score(tables, context, criteria)
    for name, criterion in criteria.items():
        for factor in (0.8, 1.2):
            varied = {**criteria, name: {**criterion, "value": criterion["value"] * factor}}
            scorer.score(tables, context, varied)
    assert scorer.score(tables, context, criteria) == plain


def test_what_a_scale_gives_is_declared_as_points(scorer):
    """Doubled points double each item: none stands in the code, none has the unit of what is asked for."""
    if not scorer.scale:
        return
    criteria = read_criteria(scorer.criteria)
    doubled = {
        name: {**one, "value": one["value"] * (1 + (one["unit"] in GIVEN_UNITS))}
        for name, one in criteria.items()
    }
    assert doubled != criteria, f"nothing in {scorer.criteria.name} has the unit {' or '.join(GIVEN_UNITS)}"
    tables = measured("wedge")
    once, twice = (scorer.score(tables, scorer.example, limits)["items"] for limits in (criteria, doubled))
    for before, after in zip(once, twice, strict=True):
        given = [2 * number for number in (*before["points"], before["highest"])]
        assert [*after["points"], after["highest"]] == given, (before["name"], GIVEN_UNITS)


def test_the_evidence_is_complete(scorer):
    for name in PATTERNS:
        steps = run(scorer, measured(name))["evidence"]
        assert steps
        assert all(set(step) == {"rule", "value", "limit", "source"} for step in steps)
        assert all(step["rule"] and step["source"] for step in steps)


def test_tables_are_not_changed(scorer):
    tables = measured("rim")
    before = [table.copy() for table in vars(tables).values()]
    run(scorer, tables)
    for old, new in zip(before, vars(tables).values(), strict=True):
        pd.testing.assert_frame_equal(old, new)


# --- the whole way: registry, repetitions, row of the group table, both pages


@cache
def surely(name: str, pattern: str) -> dict:
    """Return what a scorer gives for a pattern, with its repetitions; made once, when it is asked for."""
    scorer, atlas = SCORERS[name], toy_brain.atlas()
    margins = margins_of(atlas, lesions(atlas)[pattern])
    return score_surely(scorer, measured(pattern), margins, scorer.example, read_criteria(scorer.criteria))


def pattern_of(scorer: Scorer, result: dict) -> dict:
    """Return a pattern in which one scorer was chosen."""
    return pattern_content(scorer.name, lambda one: result)


def test_its_result_has_the_keys_that_it_declares(scorer):
    seen = set()
    for name in PATTERNS:
        for key, value in declared.walk(surely(scorer.name, name)):
            fitting = [one for one in scorer.keys if declared.fits(key, one.name)]
            assert fitting, key
            assert value is None or isinstance(value, declared.KINDS.get(fitting[0].dtype, object)), key
            seen.add(fitting[0].name)
    assert {key.name for key in scorer.keys if not key.when} <= seen
    assert seen_always(scorer) <= set(surely(scorer.name, "rim"))


def seen_always(scorer: Scorer) -> set[str]:
    """Return the keys that a result has itself, not those inside of others."""
    return {key.name for key in scorer.keys if not set(".[") & set(key.name) and not key.when}


def test_a_result_that_was_not_scored_has_the_same_keys(scorer):
    unscored = scorer.unscored("for a reason")
    added = {"confidence", "alternatives", "spread", *(f"{name}_confidence" for name in scorer.answers[1:])}
    assert set(unscored) | added >= seen_always(scorer)
    assert set(unscored) <= seen_always(scorer) | added
    assert unscored["not_assessed"] == "for a reason"


def test_its_answers_and_words_are_declared(scorer):
    words = {key.name: {*key.levels, scorer.undecided, "n/a"} for key in scorer.keys}
    assert {*scorer.answers, *scorer.details} <= set(words)
    for name in PATTERNS:
        for answer in scorer.answers:
            assert surely(scorer.name, name)[answer] in words[answer]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_it_fills_its_columns_of_the_group_table(scorer, pattern):
    result = surely(scorer.name, pattern)
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


@pytest.mark.parametrize(
    "pattern", [pytest.param(name, marks=[pytest.mark.slow] * (name != "nuclei")) for name in PATTERNS]
)
def test_both_pages_tell_it(scorer, pattern):
    result = surely(scorer.name, pattern)
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
