"""How sure a call is: the share of repetitions, with everything uncertain moved a little, that keep it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from cpimaging.columns import CELL, MARGIN_MM, MARGINS, dtypes
from cpimaging.scorers.base import (
    GIVEN_UNITS,
    Criteria,
    Criterion,
    R,
    Scorer,
    Tables,
    as_step,
    cited,
    for_scan,
)
from cpimaging.scorers.results import Alternative, CallResult, Points, Result, ScaleResult, answer
from cpimaging.scorers.words import phrase
from cpimaging.types import Evidence, InputError, ScanContext, Table, rows_of
from cpimaging.words import SIDE_WORDS

SEED = 57
PAIRS = 50  # of repetitions: each is drawn once and mirrored, so that a mirrored scan is exactly as sure
CRITERION_RANGE = 0.2  # each criterion is multiplied by 1 ± this at most [ours]
RATIO_RANGE = 0.1  # each volume ratio is multiplied by 1 ± this at most [ours]
THRESHOLD = (0.5, 0.75)  # mean probability that a detected lesion must have, least and most [ours]
MENTIONED = 0.05  # share from which another call is told [ours]
AXES = (("left_mm3", "right_mm3"), ("back_mm3", "front_mm3"), ("down_mm3", "up_mm3"))
LIMIT = "confident_share"
CELLS = tuple(dtypes(CELL))
TAIL = 0.05  # of the repetitions of a scale, left out at either end [ours]


@dataclass(frozen=True)
class Draw:
    """One repetition; numbers run from −1 to 1. Per side: left, right.

    border: of the lesion, inward to outward. shift: (2, 3), of each side's lesion to the right, front and
    top. near: (2,), of the distance from the ventricle. criteria: name -> number. ratios: name -> (2,).
    threshold: the mean probability that a detected lesion must have, as it is.
    """

    border: float
    shift: NDArray[np.float64]
    near: NDArray[np.float64]
    criteria: Mapping[str, float]
    ratios: Mapping[str, NDArray[np.float64]]
    threshold: float

    def mirrored(self) -> "Draw":
        """Return the same repetition for the mirrored scan."""
        ratios = {name: sides[::-1] for name, sides in self.ratios.items()}
        shift, near = self.shift[::-1] * [-1, 1, 1], self.near[::-1]
        return Draw(self.border, shift, near, self.criteria, ratios, self.threshold)


def score_surely(
    scorer: Scorer[R], tables: Tables, margins: Table, context: ScanContext, criteria: Criteria
) -> R:
    """Score a scan and say how sure the call is.

    margins: from `quantify.load_margins`. In each repetition all criteria, the border of the lesion, its
    place among the labels (each side by itself), its distance from the ventricle, the volume ratios and the
    probability that a detected lesion must have are drawn anew; the seed is fixed. Returns the scorer's
    result with confidence, the share of repetitions that keep the first of scorer.answers (None where nothing
    was called), the same for each finer answer, and alternatives: what else came out, with its share. An
    answer whose share is below the criterion confident_share becomes scorer.undecided, and not_assessed names
    what it may be. A scale gets its spread: the least and most points that nine in ten repetitions give, or
    None. The method is ours.
    """
    criteria = criteria if scorer.scale else for_scan(criteria, context)
    result = scorer.score(tables, context, criteria)
    if scorer.scale:
        spread = _ends(result) and _spread(scorer, tables, margins, context, criteria)
        return _with(result, {"spread": spread})
    if not scorer.answers:
        return result
    if not is_called(scorer, result):
        return with_stability(scorer, result, [])
    others = [
        scorer.score(varied, context, limits) for varied, limits in repetitions(tables, margins, criteria)
    ]
    return _abstained(scorer, with_stability(scorer, result, others), others, criteria)


def is_called(scorer: Scorer[R], result: R) -> bool:
    """Tell whether a result is a call, so that its stability means something."""
    return result["not_assessed"] is None and answer(result, scorer.answers[0]) not in scorer.uncalled


def with_stability(scorer: Scorer[R], result: R, others: Sequence[R]) -> R:
    """Return a result with its stability and alternatives, never taken back.

    others: the results of its repetitions; none where nothing was called.
    """
    first, finest = scorer.answers[0], scorer.answers[-1]
    keys = {name: "confidence" if name == first else f"{name}_confidence" for name in scorer.answers}
    sure: dict[str, object] = {
        keys[name]: _shares(others, name).get(answer(result, name), 0.0) if others else None for name in keys
    }
    if scorer.graded:
        sure[f"{scorer.graded}_stability"] = _grade_kept(scorer, result, others)
    told = cast(CallResult, result).get("alternatives") or []
    shares = _shares(others, finest)
    seen = [call for call, share in shares.items() if share >= MENTIONED]
    calls = dict.fromkeys([*(other["call"] for other in told if others), *seen])
    rest = [_alternative(call, shares.get(call, 0.0)) for call in calls if call != answer(result, finest)]
    result = _with(result, {**sure, "alternatives": rest})
    if scorer.agreement is None or not others:
        return result
    return _with(result, {"expected_agreement": scorer.agreement(result)})


def _with(result: R, more: Mapping[str, object]) -> R:
    """Return a result with keys changed or added; what is added comes last."""
    return cast(R, {**result, **more})


def _alternative(call: str, share: float) -> Alternative:
    return {"call": call, "share": share}


def _grade_kept(scorer: Scorer[R], result: R, others: Sequence[R]) -> float | None:
    """Return how many repetitions keep the grade, of those that keep the finest answer, or None."""
    finest, grade = scorer.answers[-1], cast(Mapping[str, object], result)[scorer.graded]
    same = [
        cast(Mapping[str, object], other)
        for other in others
        if answer(other, finest) == answer(result, finest)
    ]
    if grade is None or not same:
        return None
    return sum(other[scorer.graded] == grade for other in same) / len(same)


def _ends(result: Result) -> list[Points] | None:
    return cast(ScaleResult, result)["range"]


def _spread(
    scorer: Scorer[R], tables: Tables, margins: Table, context: ScanContext, criteria: Criteria
) -> list[Points] | None:
    """Return the least and most points over the repetitions in which the scale is scored."""
    scored = [
        _ends(scorer.score(varied, context, limits))
        for varied, limits in repetitions(tables, margins, criteria)
    ]
    ranges = [found for found in scored if found]
    if not ranges:
        return None
    cut = int(TAIL * len(ranges))
    lowest, highest = (sorted(ends[place] for ends in ranges) for place in (0, 1))
    return [lowest[cut], highest[-1 - cut]]


def _shares(others: Sequence[Result], name: str) -> dict[str, float]:
    """Return the share of each answer among repetitions, most frequent first, equal ones by name."""
    calls = [answer(other, name) for other in others]
    ranked = sorted(Counter(calls).items(), key=lambda item: (-item[1], item[0]))
    return {call: count / len(calls) for call, count in ranked}


def _abstained(scorer: Scorer[R], result: R, others: Sequence[R], criteria: Criteria) -> R:
    """Take back each answer that too few repetitions keep, with the finer ones and the details."""
    criterion = criteria[LIMIT]
    shares = {name: _shares(others, name) for name in scorer.answers}
    limit, source = float(criterion["value"]), cited(criterion)
    steps, doubt = list(result["evidence"]), None
    for name in scorer.answers:
        share = shares[name].get(answer(result, name), 0.0)
        rule = f"repetitions that keep the {name} {answer(result, name)}"
        steps.append(as_step(Evidence(rule, share, f"≥ {limit:g}", source)))
        if share < limit and doubt is None:
            doubt = name
    if doubt is None:
        return _with(result, {"evidence": steps})
    first = scorer.answers.index(doubt)
    finest = list(shares[scorer.answers[-1]].items())[:2]
    named = " or ".join(f"{phrase(call)} ({share:.0%})" for call, share in finest)
    changed: dict[str, object] = {
        **dict.fromkeys(scorer.answers[first:], scorer.undecided),
        **dict.fromkeys(scorer.details),
        "evidence": steps,
        "alternatives": [_alternative(call, share) for call, share in finest],
        "not_assessed": f"{doubt} is indeterminate: {named} of repetitions",
    }
    return _with(result, changed)


def repetitions(
    tables: Tables, margins: Table, criteria: Criteria, pairs: int = PAIRS
) -> Iterator[tuple[Tables, Criteria]]:
    """Yield the tables and criteria of every repetition; neither row order nor threads change them."""
    uncertain = _Uncertain(tables, margins)
    for pair in range(pairs):
        draw = _draw(default_rng([SEED, pair]), sorted(criteria), sorted(uncertain.ratio_rows))
        for one in (draw, draw.mirrored()):
            yield uncertain.varied(one), _vary_criteria(criteria, one)


def _draw(rng: Generator, criteria: list[str], groups: list[str]) -> Draw:
    return Draw(
        border=rng.uniform(-1, 1),
        shift=rng.uniform(-1, 1, (2, 3)),
        near=rng.uniform(-1, 1, 2),
        criteria={name: rng.uniform(-1, 1) for name in criteria},
        ratios={name: rng.uniform(-1, 1, 2) for name in groups},
        threshold=rng.uniform(*THRESHOLD),
    )


def _vary_criteria(criteria: Criteria, draw: Draw) -> Criteria:
    return {name: _varied(criterion, draw.criteria[name]) for name, criterion in criteria.items()}


def _varied(criterion: Criterion, step: float) -> Criterion:
    if criterion["unit"] in GIVEN_UNITS:
        return criterion
    return {**criterion, "value": criterion["value"] * (1 + CRITERION_RANGE * step)}


class _Uncertain:
    """The tables of a scan, ready to be varied; only columns of numbers change."""

    def __init__(self, tables: Tables, margins: Table) -> None:
        load, self.lesions, self.morphometry = map(_plain, (tables.load, tables.lesions, tables.morphometry))
        self.load = load
        place = {cell: row for row, cell in enumerate(rows_of(margins, CELLS))}
        order = [place.get(cell, -1) for cell in rows_of(load, CELLS)]
        if -1 in order:
            raise InputError("the table of load margins", "lacks rows of the load table", "delete both")
        self.moved = {name: _numbers(margins, name)[order] for name in dtypes(MARGINS)}
        self.measured = _numbers(load, "lesion_volume_mm3")
        self.region = _numbers(load, "region_volume_mm3")
        self.parts = self._with_reached(tables.parts)
        self.part_row, self.part_share = self._shares()
        self.load_side, self.lesion_side = _places(load), _places(tables.lesions)
        self.volume_mm3 = _numbers(tables.lesions, "volume_mm3")
        self.distance_mm = _numbers(tables.lesions, "distance_ventricle_mm")
        self.part_probability = self._probability()
        self.ratio_side, self.ratios = _places(tables.morphometry), _numbers(tables.morphometry, "value")
        self.ratio_rows: dict[str, list[int]] = defaultdict(list)
        for row, (measure, group) in enumerate(rows_of(tables.morphometry, ("measure", "structure"))):
            if measure == "ratio_to_template":
                self.ratio_rows[group].append(row)

    def _with_reached(self, parts: Table) -> dict[str, list[Any]]:
        """Return the parts of the lesions, and 0 in cells that only the moved lesion reaches.

        Such a cell falls to the lesion that is largest on its side.
        """
        reached = (self.measured == 0) & (np.stack(list(self.moved.values())) > 0).any(axis=0)
        owner = {side: _largest_on(parts, side) for side in SIDE_WORDS}
        names = (*CELLS, "index", "volume_mm3")
        rows = list(rows_of(parts, names))
        for row, cell in enumerate(rows_of(self.load, CELLS)):
            if reached[row]:
                rows.append((*cell, owner[cell[CELLS.index("side")]], 0.0))
        return {name: [row[at] for row in rows] for at, name in enumerate(names)}

    def _shares(self) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the row of the load table that each part lies in, and its share of the lesion there."""
        place = {cell: row for row, cell in enumerate(rows_of(self.load, CELLS))}
        row = np.array([place[cell] for cell in rows_of(self.parts, CELLS)], dtype=np.intp)
        measured, volume = self.measured[row], _numbers(self.parts, "volume_mm3")
        return row, np.divide(volume, measured, out=np.ones(len(row)), where=measured > 0)

    def _probability(self) -> NDArray[np.float64]:
        """Return the probability of the lesion that each part is of, NaN where it was not detected."""
        known: dict[int, float] = {}
        if "probability" in self.lesions:  # masks in bulk have none
            known = dict(rows_of(self.lesions, ("index", "probability")))
        return np.array([known.get(number, np.nan) for (number,) in rows_of(self.parts, ["index"])], float)

    def _without_doubted(
        self, lesion: NDArray[np.float64], threshold: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return volumes of load and parts without the lesions that detection gives less than a threshold."""
        parts = self.part_share * lesion[self.part_row]
        doubted = self.part_probability < threshold
        if not doubted.any():
            return lesion, parts
        taken = np.bincount(self.part_row[doubted], parts[doubted], len(lesion))
        return np.maximum(lesion - taken, 0.0), np.where(doubted, 0.0, parts)

    def varied(self, draw: Draw) -> Tables:
        """Return the tables of one repetition."""
        lesion, parts = self._without_doubted(self._lesion(draw), draw.threshold)
        with np.errstate(invalid="ignore", divide="ignore"):
            percent = 100 * lesion / self.region
        nearer_mm = MARGIN_MM * (draw.border + _with_midline(draw.near)[self.lesion_side])
        values = self.ratios.copy()
        for name, rows in self.ratio_rows.items():
            values[rows] *= 1 + RATIO_RANGE * _with_midline(draw.ratios[name])[self.ratio_side[rows]]
        whole = np.nansum(self.measured)  # what was not searched is NaN
        grown = np.nansum(lesion) / whole if whole > 0 else 1.0
        distance_mm = np.maximum(self.distance_mm - nearer_mm, 0)
        return Tables(
            {**self.load, "lesion_volume_mm3": lesion, "percent_region": percent},
            {**self.lesions, "volume_mm3": self.volume_mm3 * grown, "distance_ventricle_mm": distance_mm},
            {**self.parts, "volume_mm3": parts},
            {**self.morphometry, "value": values},
        )

    def _lesion(self, draw: Draw) -> NDArray[np.float64]:
        """Return lesion volumes between those measured and those of the moved lesion."""
        outward = self.moved["grown_mm3" if draw.border > 0 else "shrunk_mm3"]
        lesion: NDArray[np.float64] = self.measured + abs(draw.border) * (outward - self.measured)
        shifts = _with_midline(draw.shift)[self.load_side]
        for (back, forth), shift in zip(AXES, shifts.T, strict=True):
            there = np.where(shift > 0, self.moved[forth], self.moved[back])
            lesion += np.abs(shift) * (there - self.measured)
        bounded = np.fmin(np.maximum(lesion, 0.0), self.region)  # space outside of the brain has no volume
        kept: NDArray[np.float64] = np.where(np.isnan(self.measured), np.nan, bounded)
        return kept


def _plain(table: Table) -> dict[str, list[Any]]:
    """Return a table as lists, which repetitions share but for the columns that change."""
    return {name: [cell for (cell,) in rows_of(table, [name])] for name in table}


def _numbers(table: Table, name: str) -> NDArray[np.float64]:
    return np.array([cell for (cell,) in rows_of(table, [name])], dtype=float)


def _largest_on(parts: Table, side: str) -> int:
    """Return the number of the lesion that holds most of a side, or most of all where none lies there."""
    cells = rows_of(parts, ("index", "side", "tissue", "volume_mm3"))
    rows = [row for row in cells if row[2] != "overlay"]  # tracts lie in tissue that is counted already
    here = [row for row in rows if row[1] == side] or rows
    volumes: dict[int, float] = defaultdict(float)
    for number, _, _, volume in sorted(here):
        volumes[number] += volume
    return max(volumes, key=volumes.__getitem__, default=1)


def _places(table: Table) -> NDArray[np.int_]:
    """Return the side of each row: 0 left, 1 right, 2 midline."""
    return np.array([{"left": 0, "right": 1}.get(side, 2) for (side,) in rows_of(table, ["side"])], dtype=int)


def _with_midline(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values of left and right, and of the midline, which is their mean."""
    return np.stack([*values, values.mean(axis=0)])
