"""The pictures of a cohort's page: frequency maps that a hand can change, and structures by scans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pandas as pd
import PIL.Image
from numpy.typing import NDArray

from cpimaging import figures
from cpimaging.figures import HEAT, Cut
from cpimaging.report import pictures, tables
from cpimaging.report.page import data_png
from cpimaging.types import Image

UNKNOWN = (128, 128, 128)
"""Colour of a structure in which nobody looked."""
STEPS = 254
"""Shades between no lesion and all of a structure; the rest of a byte says "none" and "not known"."""


def map_cuts(template: Image, frequency: Image) -> list[Cut]:
    """Return the axial planes of the maps: those of `pictures.frequency_views`."""
    frame = figures.frame_around(template)
    return figures.series(frequency, frame, "axial", pictures.SERIES)


def count_strip(share: Image, scans: int, cuts: Sequence[Cut]) -> tuple[str, int]:
    """Return how many scans have a lesion at each pixel of all planes, below each other, and the most.

    The count stands in red and green of the picture's pixels, times 256 and times 1: it is exact.
    """
    counts = [np.rint(figures.sample(share, cut, labels=True) * scans).astype(np.int64) for cut in cuts]
    strip = np.concatenate(counts)
    pixels = np.stack([strip >> 8, strip & 255, np.zeros_like(strip)], axis=-1).astype(np.uint8)
    return data_png(_png(PIL.Image.fromarray(pixels))), int(np.rint(share.data.max() * scans))


def grey_strip(template: Image, cuts: Sequence[Cut]) -> str:
    """Return the template on all planes, below each other."""
    limits = figures.window(template)
    strips = [np.asarray(PIL.Image.open(BytesIO(figures.picture(template, cut, limits)))) for cut in cuts]
    return data_png(_png(PIL.Image.fromarray(np.concatenate(strips))))


def _png(picture: PIL.Image.Image) -> bytes:
    stream = BytesIO()
    picture.save(stream, "PNG", optimize=True)
    return stream.getvalue()


@dataclass(frozen=True)
class HeatMap:
    """Structures by scans. rows: names from the top. picture: one pixel per cell. palette: its colours."""

    rows: list[str]
    scans: list[str]
    picture: str
    palette: list[tuple[int, int, int]]


def heat_map(load: pd.DataFrame, scans: Mapping[tuple[str, str], str]) -> HeatMap | None:
    """Return the lesioned share of each structure in each scan; None without a lesion.

    load: as `tables.frequency_rows` takes it. scans: ids -> name, in the order of the columns.
    """
    shares = tables.scan_shares(load)
    lesioned = shares[shares["lesion_volume_mm3"] > 0]
    found = [
        (row.tissue, row.structure, side, _named(row.name, side))
        for row in tables.frequency_rows(load)
        for side in (("midline",) if row.midline else ("left", "right"))
    ]
    if lesioned.empty or not found or not scans:
        return None
    place = {key[:3]: number for number, key in enumerate(found)}
    column = {ids: number for number, ids in enumerate(scans)}
    grid = np.full((len(found), len(scans)), np.nan)
    names = ("tissue", "structure", "side", "participant_id", "session_id", "share")
    for tissue, structure, side, participant, session, share in zip(*(shares[n] for n in names), strict=True):
        at, across = place.get((tissue, structure, side)), column.get((participant, session))
        if at is not None and across is not None:
            grid[at, across] = share
    palette = _palette()
    picture = PIL.Image.fromarray(_codes(grid), "P")
    picture.putpalette([level for colour in palette for level in colour])
    return HeatMap([key[3] for key in found], list(scans.values()), data_png(_png(picture)), palette)


def _named(name: str, side: str) -> str:
    return name if side == "midline" else f"{side[0].upper()}: {name}"


def _codes(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return 0 for no lesion, 255 for not known, else 1 to STEPS by the square root of the share in %."""
    known = np.nan_to_num(shares)
    codes = np.ceil(np.sqrt(np.clip(known, 0, 100) / 100) * STEPS)
    return np.where(np.isnan(shares), 255, codes).astype(np.uint8)


def _palette() -> list[tuple[int, int, int]]:
    """Return 256 colours: black for none, `HEAT`, grey for not known."""
    at, places = np.linspace(0, 1, STEPS), [place for place, _ in HEAT]
    levels = [np.interp(at, places, [colour[i] for _, colour in HEAT]).round().astype(int) for i in range(3)]
    shades = [(int(r), int(g), int(b)) for r, g, b in zip(*levels, strict=True)]
    return [(0, 0, 0), *shades, UNKNOWN]
