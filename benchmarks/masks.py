"""Lesion masks in bulk: throughput against mere reading, a published table, arterial territories.

Data: 483 stroke masks, their territory atlas and the table of another tool (../shared/data/soop_stroke).
Truth of a mask: the territory that holds more than 90 % of it. The masks are split in two by their order: the
rules were looked at on the first, third, fifth … mask only (half "seen"); the others judge.

    python benchmarks/masks.py [--repeats 3] [--template T1W]

--template: brain-extracted T1w of MNI152 NLin6, to see what registering the atlas changes.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import soop

from cpimaging.bids.files import natural
from cpimaging.io import read_table
from cpimaging.stages.masks import MaskJob, run

SPACE = "MNI152NLin6Asym"
FILES = sorted((soop.DATA / "masks").glob("*.nii.gz"))


def read_all() -> None:
    """Merely read the masks, as any tool must."""
    for path in FILES:
        np.asanyarray(nib.load(path).dataobj)


def seconds(function, *arguments) -> tuple[float, float]:
    """Return wall-clock and processor seconds of a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    function(*arguments)
    return time.perf_counter() - wall, time.process_time() - cpu


def throughput(output: Path, repeats: int) -> None:
    """Time reading and the whole job in turns: whatever else the machine does hits both."""
    for scorers in ("dominance,mrics", "all"):
        job = MaskJob(soop.DATA / "masks", output, SPACE, scorers=scorers)
        times = [(seconds(read_all), seconds(run, job)) for _ in range(repeats)]
        print(f"\n{len(FILES)} masks, load, tables, page, scorers: {scorers}; {repeats} repeats in turns")
        print("         read, s   job, s   rate of the job / rate of reading")
        for name, which in (("wall", 0), ("processor", 1)):
            for read, whole in times:
                print(f"{name:9s} {read[which]:6.1f} {whole[which]:8.1f}   {read[which] / whole[which]:.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak memory {peak:.2f} GB")


def table(folder: Path) -> pd.DataFrame:
    """Compare with the published table; return the share of each mask in each territory."""
    atlas = soop.write_territories(folder / "atlas")
    run(MaskJob(soop.DATA / "masks", folder / "territories", soop.SPACE, str(atlas), scorers=""))
    ours = soop.measured(folder / "territories").pivot_table(
        index="participant_id", columns="code", values="share"
    )
    theirs = soop.published()
    error = np.abs(ours[theirs.columns] - theirs.loc[ours.index]).to_numpy()
    n, regions = error.shape
    print(f"\npublished table: {n} masks × {regions} regions, largest error {error.max():.1e}")
    return soop.shares_of_lesion(folder / "territories")


def patterns(output: Path) -> pd.DataFrame:
    """Return what was called, by participant, with the half that a mask belongs to."""
    lines = (output / "group_desc-pattern_stats.jsonl").read_text().splitlines()
    calls = pd.DataFrame(
        [{"participant_id": c["participant_id"], **c["mrics"]} for c in map(json.loads, lines)]
    )
    calls = calls.set_index("participant_id")
    group = read_table(output / "group_patterns.tsv").set_index("participant_id")
    calls["dominance"], calls["mm3"] = group["dominance"], group["lesion_volume_mm3"].astype(float)
    places = {label: place for place, label in enumerate(sorted(calls.index, key=natural))}
    calls["half"] = ["judges" if places[label] % 2 else "seen" for label in calls.index]
    return calls


def cortical(calls: pd.DataFrame, shares: pd.DataFrame) -> None:
    """Print how often C3 comes with the right side and territory."""
    rows = []
    for (side, artery), codes in soop.CORTICAL.items():
        inside = shares.index[shares[list(codes)].sum(axis=1) > soop.SHARE]
        of_size = [label for label in inside if calls.loc[label, "mm3"] >= soop.LEAST_MM3]
        rows += [(label, side, artery) for label in of_size]
    truth = pd.DataFrame(rows, columns=["participant_id", "side", "artery"]).set_index("participant_id")
    mine = calls.loc[truth.index]
    truth["right"] = (
        (mine["subgroup"] == "C3") & (mine["territory"] == truth["artery"]) & (mine["side"] == truth["side"])
    )
    truth["half"] = mine["half"]
    print("\ncortical infarcts: C3 with the right side and territory")
    print(truth.groupby(["half", "artery"])["right"].agg(["sum", "size"]).to_string())
    print(truth.groupby("half")["right"].agg(["sum", "size", "mean"]).round(3).to_string())
    wrong = mine[~truth["right"]][["half", "subgroup", "territory", "side", "mm3"]]
    print(wrong.join(truth["artery"].rename("truth")).to_string())


def deep(calls: pd.DataFrame, shares: pd.DataFrame) -> None:
    """Print what infarcts of the deep and the vertebrobasilar branches are called."""
    truth = pd.Series(index=calls.index, dtype=object)
    for name, sides in soop.DEEP.items():
        for codes in sides:
            truth[shares.index[shares[list(codes)].sum(axis=1) > soop.SHARE]] = name
    named = calls.assign(truth=truth).dropna(subset="truth")
    for column in ("subgroup", "dominance"):
        print(f"\ndeep and vertebrobasilar infarcts: {column}")
        print(pd.crosstab([named["half"], named["truth"]], named[column]).to_string())


def registered(folder: Path, calls: pd.DataFrame, template: Path) -> pd.DataFrame:
    """Print how many calls change where the atlas is registered to the masks' template."""
    run(MaskJob(soop.DATA / "masks", folder / "registered", SPACE, template=template))
    other = patterns(folder / "registered")
    print(f"\natlas registered to {SPACE} instead of positions taken as they are: calls that change")
    for column in ("group", "subgroup", "dominance"):
        print(f"{column:10s} {(other[column] != calls[column]).mean():.1%}")
    return other


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--template", type=Path)
    options = parser.parse_args()
    if not FILES:
        sys.exit("../shared/data/soop_stroke is absent")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        throughput(folder / "masks", options.repeats)
        shares, calls = table(folder), patterns(folder / "masks")
        print(f"\nMRICS of all: {calls['subgroup'].value_counts().to_dict()}")
        cortical(calls, shares)
        deep(calls, shares)
        if options.template:
            other = registered(folder, calls, options.template)
            cortical(other, shares)
            deep(other, shares)


if __name__ == "__main__":
    main()
