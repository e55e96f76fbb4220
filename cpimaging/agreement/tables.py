"""The tables of an agreement study: among raters, by word, by coverage, by stated certainty, in points."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student_t

from cpimaging.agreement.estimate import LEVEL, Estimate, estimated, share_of
from cpimaging.agreement.figures import (
    Figure,
    Floats,
    Ratings,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    intraclass_correlation,
    observed_agreement,
    quadratic_weights,
)
from cpimaging.agreement.readings import CONSENSUS, NUMBER, QUESTIONS, SOFTWARE, Readings, consensus

BINS = 5
"""Bins of equal count that stated certainty is compared with what came out in (ours)."""
Row = dict[str, Any]


def agreement_rows(readings: Readings, seed: int) -> list[Row]:
    """Return every figure of agreement with its interval: question, figure, raters, value, low, high, cases.

    Among readers all together (Fleiss, AC1), then pair by pair, the software being one of the pair or not;
    at last the software against the readers' consensus.
    """
    rows: list[Row] = []
    for question, words in readings.words.items():
        readers = list(readings.readers)
        beside = words.assign(**{CONSENSUS: consensus(words[readers])})
        sets = [tuple(readers)] if len(readers) > 2 else []
        sets += [*combinations(readers, 2), *((reader, SOFTWARE) for reader in readers)]
        sets += [(CONSENSUS, SOFTWARE)] if len(readers) > 1 else []
        for raters in sets:
            own = beside[list(raters)]
            pairs = int(((own != "n/a").sum(axis=1) >= 2).sum())
            for name, figure in _figures(question, own).items():
                rows.append(_row(question, name, raters, estimated(figure, seed, pairs)))
    return rows + _of_points(readings, seed)


def _row(question: str, figure: str, raters: Sequence[str], found: Estimate) -> Row:
    return {
        "question": question,
        "figure": figure,
        "raters": ", ".join(raters),
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "cases": found.cases,
    }


def _figures(question: str, words: pd.DataFrame) -> dict[str, Figure]:
    """Return the figures of some raters; two of them are compared over the scans that both rated."""
    if words.shape[1] == 2:
        words = words[(words != "n/a").all(axis=1)]
    used = [word for word in QUESTIONS[question] if (words == word).any(axis=None)]
    codes = coded(words, used)
    found = {
        "agreement": observed_agreement(codes, len(used)),
        "gwet_ac1": gwet_ac1(codes, len(used)),
    }
    if words.shape[1] > 2:
        return {**found, "fleiss_kappa": fleiss_kappa(codes, len(used))}
    found["cohen_kappa"] = cohen_kappa(codes, len(used))
    if question == "severity":
        grades = coded(words, QUESTIONS[question])
        credit = quadratic_weights(len(QUESTIONS[question]))
        found["weighted_kappa"] = cohen_kappa(grades, len(credit), credit)
    return found


def coded(words: pd.DataFrame, used: Sequence[str]) -> Ratings:
    """Return words as numbers of their place among `used`, −1 for any other; (scans, raters)."""
    codes = np.full(words.shape, -1)
    for place, word in enumerate(used):
        codes[(words == word).to_numpy()] = place
    return codes


def _of_points(readings: Readings, seed: int) -> list[Row]:
    """Return ICC and Bland–Altman of the points: among readers, and of the software against their mean."""
    readers = list(readings.readers)
    sets: list[tuple[Sequence[str], Floats]] = []
    if len(readers) > 1:
        sets.append((readers, readings.points[readers].to_numpy()))
    sets.append(((CONSENSUS, SOFTWARE), paired_points(readings)))
    rows = []
    for raters, values in sets:
        if (~np.isnan(values)).all(axis=1).sum() < 2:
            continue
        rows.append(_row(NUMBER, "icc", raters, estimated(intraclass_correlation(values), seed)))
        if len(raters) == 2:
            rows += [_row(NUMBER, name, raters, found) for name, found in bland_altman(values)]
    return rows


def paired_points(readings: Readings) -> Floats:
    """Return the readers' mean and the software's points, (scans, 2), NaN where one gave none."""
    mean = readings.points[list(readings.readers)].mean(axis=1)
    return np.column_stack([mean, readings.points[SOFTWARE]])


def bland_altman(values: Floats) -> Iterator[tuple[str, Estimate]]:
    """Yield the mean difference (second − first) and the limits of agreement, with 95 % intervals.

    values: (cases, 2). Limits: mean ± 1.96 SD, their standard error √(3 / n) SD; intervals by Student's t,
    n − 1 degrees of freedom: Bland and Altman 1986, Lancet 327:307.
    """
    apart = np.diff(values[~np.isnan(values).any(axis=1)], axis=1)[:, 0]
    n, mean, sd = len(apart), float(apart.mean()), float(apart.std(ddof=1))
    times = float(student_t.ppf((1 + LEVEL) / 2, n - 1))
    for name, value, error in (
        ("bias", mean, sd / np.sqrt(n)),
        ("lower_limit", mean - 1.96 * sd, np.sqrt(3 / n) * sd),
        ("upper_limit", mean + 1.96 * sd, np.sqrt(3 / n) * sd),
    ):
        yield name, Estimate(value, value - times * error, value + times * error, n)


def word_rows(readings: Readings) -> list[Row]:
    """Return sensitivity and positive predictive value of every word, against the readers' consensus.

    Scans that the software did not call count as missed in sensitivity. Intervals are Wilson's.
    """
    rows = []
    for question in ("mrics_group", "mrics_subgroup"):
        truth, called = _against(readings, question)
        for word in QUESTIONS[question]:
            hits = int(((truth == word) & (called == word)).sum())
            of_truth, of_calls = int((truth == word).sum()), int((called == word).sum())
            if of_truth or of_calls:
                row: Row = {"question": question, "word": word, "readers": of_truth, "software": of_calls}
                for name, found in (
                    ("sensitivity", share_of(hits, of_truth)),
                    ("ppv", share_of(hits, of_calls)),
                ):
                    row |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
                rows.append(row)
    return rows


def confusion(readings: Readings, question: str) -> pd.DataFrame:
    """Count scans by the readers' consensus (rows) and the software's word (columns), n/a last."""
    truth, called = _against(readings, question)
    words = [*QUESTIONS[question], "n/a"]
    table = pd.crosstab(truth, called).reindex(index=words, columns=words, fill_value=0)
    return table.loc[table.any(axis=1), table.any(axis=0)]


def _against(readings: Readings, question: str) -> tuple[pd.Series, pd.Series]:
    """Return the consensus and the software's word, over scans with a consensus that were left to it."""
    words = readings.words[question].drop(index=readings.overridden)
    truth = consensus(words[list(readings.readers)])
    agreed = truth != "n/a"
    return truth[agreed], words.loc[agreed, SOFTWARE]


def coverage_rows(readings: Readings, certainty: pd.Series) -> list[Row]:
    """Return, for each stated certainty, which share of scans is called at it or above, and how many right.

    certainty: of the group's call, by ids, NaN where there is none. Right: the readers' consensus.
    """
    right, sure = _judged(readings, certainty)
    scans = len(_against(readings, "mrics_group")[0])
    rows = []
    for limit in sorted(set(sure), reverse=True):
        kept = right[sure >= limit]
        found = share_of(int(kept.sum()), len(kept))
        rows.append({"certainty": float(limit), "coverage": len(kept) / scans, **_accuracy(found)})
    return rows


def calibration_rows(readings: Readings, certainty: pd.Series) -> list[Row]:
    """Return, in bins of equal count, the stated certainty and the share that was right."""
    right, sure = _judged(readings, certainty)
    order = np.argsort(sure, kind="stable")
    rows = []
    for part in np.array_split(order, min(BINS, len(order))) if len(order) else ():
        found = share_of(int(right[part].sum()), len(part))
        rows.append({"certainty": float(sure[part].mean()), **_accuracy(found)})
    return rows


def calibration_error(rows: Sequence[Row]) -> float:
    """Return the mean distance of stated certainty and share right, weighted by count (Naeini 2015, AAAI)."""
    cases = [row["cases"] for row in rows]
    apart = [abs(row["certainty"] - row["accuracy"]) for row in rows]
    return float(np.average(apart, weights=cases)) if rows else float("nan")


def _judged(readings: Readings, certainty: pd.Series) -> tuple[Floats, Floats]:
    """Return whether each called group is right, and its certainty; scans with a consensus and both."""
    truth, called = _against(readings, "mrics_group")
    sure = certainty.reindex(truth.index)
    both = (called != "n/a") & sure.notna()
    return (truth == called)[both].to_numpy(np.float64), sure[both].to_numpy(np.float64)


def _accuracy(found: Estimate) -> Row:
    return {
        "accuracy": found.value,
        "accuracy_low": found.low,
        "accuracy_high": found.high,
        "cases": found.cases,
    }
