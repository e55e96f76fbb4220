"""What a cohort page tells of single members: where a mask lies, how large it is, what is a copy."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging.bids.masks import LESION

LARGE_TOLD = 0.3
"""From this share of the brain on a mask may be that of a tissue or a hemisphere, which is told (ours)."""
OUTSIDE_TOLD = 0.1
"""A share of a lesion outside of the brain from which it is told (ours)."""

NAMED_AT_MOST = 5
"""So many masks are named beside a note on the page; logs/summary.tsv has them all."""


def doubtful(load: pd.DataFrame) -> list[str]:
    """Return what is to be told of a lesion's place and share of the brain. load: its load table."""
    parts = load[load["tissue"] != "overlay"]
    outside = parts["structure"] == "outside_brain"
    lesion, beyond = parts["lesion_volume_mm3"].sum(), parts.loc[outside, "lesion_volume_mm3"].sum()
    brain = parts.loc[~outside, "region_volume_mm3"].sum()
    notes = []
    if lesion > 0 and beyond >= OUTSIDE_TOLD * lesion:
        notes.append(f"{100 * beyond / lesion:.0f} % of the lesion lies outside of the template's brain")
    if lesion - beyond >= LARGE_TOLD * brain:
        share = 100 * (lesion - beyond) / brain
        notes.append(f"the mask holds {share:.0f} % of the brain: is it that of a lesion?")
    return notes


def mark(lesion: NDArray[np.intp], grid: object) -> bytes:
    """Return what two lesions share only if they hold the same voxels of a grid. lesion: flat, sorted."""
    return hashlib.sha256(lesion.astype(np.int64).tobytes() + b"%d" % id(grid)).digest()


def copied(marks: Iterable[tuple[str, bytes]], what: str) -> list[str]:
    """Return a line for each mark that stands under several labels. what: says what they share.

    No two people have the same lesion, and no two sessions: a copy is more likely a mistake of names.
    """
    labels: dict[bytes, list[str]] = {}
    for label, own in marks:
        labels.setdefault(own, []).append(label)
    return [
        f"{len(same)} {what}, each has a row: is one a copy? ({named(same)})"
        for same in labels.values()
        if len(same) > 1
    ]


def told(notes: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    """Return what was noted of masks, each note once, with the masks that it is told of. notes: by label."""
    of: dict[str, list[str]] = {}
    for label, own in notes:
        for note in own:
            of.setdefault(note, []).append(label)
    return [f"{note} ({named(labels)})" for note, labels in of.items()]


def unused_masks(decisions: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    """Return what looks like a lesion mask and was not used, and why. decisions: of scans, by label."""
    lines = [
        f"{label}: {line}"
        for label, own in decisions
        for line in own
        if line.startswith(f"{LESION}:") and "not used" in line
    ]
    more = len(lines) - NAMED_AT_MOST
    return [*lines[:NAMED_AT_MOST], f"{more} more such files: logs/index.tsv"] if more > 0 else lines


def named(labels: list[str]) -> str:
    """Return the first labels, and how many more there are."""
    more = len(labels) - NAMED_AT_MOST
    return ", ".join(labels[:NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
