"""Call the pattern of masks drawn from textbook presentations, and compare with what a reader says.

`python benchmarks/textbook.py` reads ../shared/data/textbook (or `--data FOLDER` of that form: masks/ and
expected.tsv) and prints what does not agree, and how much does. `--moved` calls each mask mirrored, and moved
by 4 mm along each axis, as well. Both use the stage `masks`, as users do.
"""

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cpimaging.images import read_image, write_image
from cpimaging.stages import masks
from cpimaging.types import Image

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "textbook"
OUT = Path(__file__).resolve().parents[1] / "results" / "bench" / "textbook"
SPACE = "MNI152NLin2009aSym"
MOVE_MM = 4


def called(folder: Path, name: str) -> dict[str, dict[str, Any]]:
    """Return the pattern of every mask in a folder, by participant."""
    output = OUT / name
    shutil.rmtree(output, ignore_errors=True)
    masks.run(masks.MaskJob(folder, output, SPACE))
    lines = (output / "group_desc-pattern_stats.jsonl").read_text().splitlines()
    return {pattern["participant_id"]: pattern for pattern in map(json.loads, lines)}


def judged(case: Any, pattern: dict[str, Any]) -> dict[str, bool | None]:
    """Return what agrees with a row of expected.tsv; None where the row asks nothing."""
    mrics, subgroup = pattern["mrics"], pattern["mrics"]["subgroup"]
    dominance = pattern["dominance"]["call"]
    must = {word for word in case.must_name.split("+") if word != "n/a"}
    grades = {word.strip() for word in case.severity.split(" or ")}
    severity: bool | None = mrics["severity"] in grades
    if case.severity == "n/a":
        severity = None
    elif case.severity == "not mild":
        severity = mrics["severity"] in {"moderate", "severe"}
    return {
        "main pattern": subgroup in case.mrics.split("/"),
        "or defensible": subgroup in {*case.mrics.split("/"), *case.also_defensible.split("/")},
        "must name": must <= {subgroup, *mrics["secondary"]} if must else None,
        "severity": severity,
        "dominance": None if case.dominance == "n/a" else dominance in case.dominance.split("/"),
    }


def report(data: Path) -> dict[str, dict[str, Any]]:
    """Print what does not agree, and how many do."""
    table = pd.read_csv(data / "expected.tsv", sep="\t", dtype=str, keep_default_na=False)
    patterns = called(data / "masks", "plain")
    rows = {case.participant_id: judged(case, patterns[case.participant_id]) for case in table.itertuples()}
    for case in table.itertuples():
        wrong = [name for name, holds in rows[case.participant_id].items() if holds is False]
        if wrong:
            mrics = patterns[case.participant_id]["mrics"]
            told = {key: mrics[key] for key in ("subgroup", "secondary", "severity")}
            dominance = patterns[case.participant_id]["dominance"]["call"]
            print(f"- {case.participant_id}: {', '.join(wrong)}; called {told}, {dominance}")
    for name in next(iter(rows.values())):
        asked = [row[name] for row in rows.values() if row[name] is not None]
        if asked:
            print(f"- {name}: {sum(map(bool, asked))} of {len(asked)}")
    return patterns


def variants(mask: Image) -> Iterator[tuple[str, Image]]:
    """Yield a mask mirrored at x = 0, and moved along each axis."""
    yield "mirrored", mask.with_data(mask.data[::-1])
    for axis in range(3):
        for sign in (-1, 1):
            voxels = sign * round(MOVE_MM / mask.spacing_mm[axis])
            yield f"{'xyz'[axis]}{sign * MOVE_MM:+d}mm", mask.with_data(np.roll(mask.data, voxels, axis))


def report_moved(data: Path, plain: dict[str, dict[str, Any]]) -> None:
    """Print how many calls stay where masks are mirrored or moved."""
    folders: dict[str, Path] = {}
    for path in sorted((data / "masks").glob("*.nii.gz")):
        for name, mask in variants(read_image(path, labels=True)):
            folders[name] = OUT / "moved" / name
            write_image(folders[name] / path.name, mask.with_data(mask.data.astype(np.uint8)))
    kept = total = 0
    for name, folder in folders.items():
        for participant, pattern in called(folder, f"called_{name}").items():
            before, after = plain[participant]["mrics"]["subgroup"], pattern["mrics"]["subgroup"]
            kept, total = kept + (before == after), total + 1
            if before != after:
                print(f"- {participant}, {name}: {before} became {after}")
    print(f"- the same call: {kept} of {total}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=SHARED, help="folder with masks/ and expected.tsv")
    parser.add_argument("--moved", action="store_true", help="also mirrored and moved masks")
    chosen = parser.parse_args()
    found = report(chosen.data)
    if chosen.moved:
        report_moved(chosen.data, found)
