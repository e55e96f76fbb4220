"""The composite: published labels where there are any, the embedded atlas everywhere else.

`labels.tsv` is the order of precedence: its steps claim voxels one after the other, and what is
claimed stays. Regions, numbers and names are those of the embedded atlas; so is the extent, the tissue
and the ventricles of the template.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.atlases.published.sources import FILES, source_table
from cpimaging.io import read_table
from cpimaging.types import Atlas, Image, InputError, LabelMap
from cpimaging.voxels import bounding_box
from cpimaging.words import SIDES

if TYPE_CHECKING:
    import pandas as pd

NAME, VERSION = "published", "2.0"
EMBEDDED = "embedded"
LEVELS = {"midbrain", "pons", "medulla"}

Mask = NDArray[np.bool_]
Placed = Mapping[str, list[LabelMap]]


@cache
def label_table() -> "pd.DataFrame":
    """Return which label of which source becomes which structure, in order of precedence.

    Columns: step; source; label, its name there; structure, several joined by "+" where the embedded atlas
    divides what the source has in one piece; side, "both" where the plane x = 0 divides it; inside, the
    Harvard-Oxford label that it is confined to.
    """
    table = read_table(Path(__file__).with_name("labels.tsv"))
    table["step"] = table["step"].astype(int)
    return table.sort_values("step", kind="stable")


def compose(embedded: Atlas, placed: Placed) -> Atlas:
    """Return the composite on the embedded atlas's grid.

    placed: source → label images on that grid, regions with index and name. A source that is absent is
    left out. Raises InputError where a source lacks a label, or has one on the wrong side.
    """
    rows = _rows_in_use(placed)
    drawn = _drawn_by(rows)
    canvas = Canvas(embedded.dseg, {name for name, source in drawn.items() if source != EMBEDDED})
    maps = {name: Canvas.overlay(label_map, set(drawn)) for name, label_map in embedded.overlays.items()}
    for row in rows.itertuples(index=False):
        structures = [name for name in row.structure.split("+") if drawn[name] == row.source]
        target = next((m for m in maps.values() if structures[0] in m.structures), canvas)
        mask = _source_mask(placed, row, canvas.labels)
        for side in SIDES if row.side == "both" else (row.side,):
            target.claim(structures, side, mask)
    canvas.keep_the_rest()
    for drawing in (canvas, *maps.values()):
        drawing.check_nothing_lost()
    return Atlas(
        name=NAME,
        version=f"{VERSION} ({', '.join(_titles(placed))})",
        space=embedded.space,
        dseg=canvas.label_map(),
        overlays={name: overlay.label_map() for name, overlay in maps.items()},
        manifest=_manifest(embedded, placed, rows, drawn),
    )


def _rows_in_use(placed: Placed) -> "pd.DataFrame":
    """Return the rows of the sources that are there; of two that draw a structure, the first alone."""
    table = label_table()
    table = table[table["source"].isin([*placed, EMBEDDED])]
    drawn = _drawn_by(table)
    used = [
        any(drawn[name] == row.source for name in row.structure.split("+"))
        for row in table.itertuples(index=False)
    ]
    return table[used]


def _drawn_by(rows: "pd.DataFrame") -> dict[str, str]:
    """Return structure → the first source in order of precedence that draws it."""
    found: dict[str, str] = {}
    for row in rows.itertuples(index=False):
        for name in row.structure.split("+"):
            found.setdefault(name, row.source)
    return found


def _source_mask(placed: Placed, row: Any, grid: Image) -> Mask | None:
    """Return where a row's label lies; None for the embedded atlas, which knows its own."""
    if row.source == EMBEDDED:
        return None
    mask = _label_mask(placed, row.source, row.label)
    _check_side(row, mask, grid)
    return mask if row.inside == "n/a" else mask & _label_mask(placed, "harvard_oxford", row.inside)


def _label_mask(placed: Placed, source: str, label: str) -> Mask:
    for label_map in placed[source]:
        for region in label_map.regions:
            if _plain(region.name) == _plain(label):
                mask: Mask = label_map.labels.data == region.index
                return mask
    raise InputError("atlas published", f"{source} has no label '{label}'", "fetch it again, or tell us")


def _plain(name: str) -> str:
    """Return a label name without case, blanks and punctuation: these differ between releases."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _check_side(row: Any, mask: Mask, grid: Image) -> None:
    if row.side not in ("left", "right") or not mask.any():
        return
    x = float((np.argwhere(mask).mean(axis=0) @ grid.affine[0, :3]) + grid.affine[0, 3])
    if (x < 0) != (row.side == "left"):
        problem = f"{row.source} calls '{row.label}' {row.side}, but its centroid lies at x {x:+.1f} mm"
        raise InputError("atlas published", problem, "delete its files in the cache and fetch them again")


class Canvas:
    """A label image that is filled step by step; who comes first keeps the voxel."""

    def __init__(self, embedded: LabelMap, drawn: set[str]) -> None:
        self.embedded, self.drawn, self.labels = embedded, drawn, embedded.labels
        self.structures = {region.structure for region in embedded.regions}
        x = embedded.labels.affine[0, 0] * np.arange(embedded.labels.shape[0]) + embedded.labels.affine[0, 3]
        self.x = x[:, None, None]
        self.sided = {region.structure for region in embedded.regions if region.side != "midline"}
        self.extent: Mask = embedded.labels.data > 0
        self.data = np.zeros_like(embedded.labels.data)

    @classmethod
    def overlay(cls, embedded: LabelMap, drawn: set[str]) -> "Canvas":
        """Return an overlay, which may lie anywhere; what no source draws is in it already."""
        canvas = cls(embedded, drawn)
        canvas.data = np.where(canvas._of(canvas.structures - drawn), embedded.labels.data, 0)
        canvas.extent = np.ones_like(canvas.extent)
        return canvas

    def claim(self, structures: Iterable[str], side: str, mask: Mask | None) -> None:
        """Give free voxels of `mask` to structures of one side, to each what is nearest to its embedded part.

        mask: None for just the embedded part.
        """
        group = self._of(structures, side)
        wanted = (group if mask is None else mask) & self.extent & (self.data == 0)
        indices = self._indices(structures, side)
        if not indices:
            return
        if side != "midline" or self.sided & set(structures):
            wanted &= self._half(side)
        self.data[wanted] = indices[0] if len(indices) == 1 else self._nearest(group, wanted)

    def keep_the_rest(self) -> None:
        """Give what no step claimed its embedded label.

        A nucleus that a source draws is that source's alone: its embedded rest goes to the nearest
        other structure, cortex excepted.
        """
        tissue = {region.structure: region.tissue for region in self.embedded.regions}
        nuclei = {name for name in self.drawn - LEVELS if tissue.get(name) in ("deep_grey", "brainstem")}
        cortex = {name for name in tissue if tissue[name] == "cortex"}
        rest = self.extent & (self.data == 0)
        alone = rest & self._of(nuclei)
        for side in SIDES:
            wanted = alone & self._half(side)
            self.data[wanted] = self._nearest(self._of(set(tissue) - nuclei - cortex, side), wanted)
        rest &= self.data == 0
        self.data[rest] = self.labels.data[rest]

    def check_nothing_lost(self) -> None:
        """Raise InputError where a region has lost all its voxels: a source lies in the wrong place."""
        there = set(np.unique(self.data).tolist())
        lost = [region.name for region in self.embedded.regions if region.index not in there]
        if lost:
            problem = f"nothing is left of {', '.join(lost)}: a source lies in the wrong place"
            raise InputError("atlas published", problem, "delete its files in the cache and fetch them again")

    def label_map(self) -> LabelMap:
        """Return what has been drawn, with the embedded atlas's regions."""
        return LabelMap(self.labels.with_data(self.data), self.embedded.regions)

    def _half(self, side: str) -> Mask:
        """Return which planes along x lie on a side; on the midline, x = 0."""
        sign = {"left": -1, "right": 1, "midline": 0}[side]
        found: Mask = np.sign(self.x) == sign
        return found

    def _indices(self, structures: Iterable[str], side: str | None) -> list[int]:
        wanted = set(structures)
        return [
            region.index
            for region in self.embedded.regions
            if region.structure in wanted
            and (side in (None, region.side) or region.structure not in self.sided)
        ]

    def _of(self, structures: Iterable[str], side: str | None = None) -> Mask:
        """Return where the embedded atlas has some structures; with a side, with those without sides too."""
        chosen = np.zeros(int(self.labels.data.max()) + 1, bool)
        chosen[self._indices(structures, side)] = True
        found: Mask = chosen[self.labels.data]
        return found

    def _nearest(self, group: Mask, wanted: Mask) -> NDArray[Any]:
        """Return the embedded label of the nearest voxel of `group` for each voxel of `wanted`."""
        if not wanted.any():
            return np.zeros(0, self.data.dtype)
        box = bounding_box(group | wanted)
        nearest = ndimage.distance_transform_edt(
            ~group[box], sampling=self.labels.spacing_mm, return_distances=False, return_indices=True
        )
        found: NDArray[Any] = self.labels.data[box][tuple(nearest[:, wanted[box]])]
        return found


def _titles(placed: Placed) -> list[str]:
    titles = source_table()["title"]
    return [titles[source] for source in FILES if source in placed]


def _manifest(
    embedded: Atlas, placed: Placed, rows: "pd.DataFrame", drawn: Mapping[str, str]
) -> dict[str, Any]:
    about = source_table()
    used = [source for source in FILES if source in placed or source == "nlin6"]
    divided = {
        name
        for text in rows["structure"]
        if "+" in text
        for name in text.split("+")
        if drawn[name] != EMBEDDED
    }
    divided -= set(rows["structure"])  # named by labels of their own too
    by_source = {
        about["title"][source]: sorted(name for name in drawn if drawn[name] == source)
        for source in FILES
        if source in placed
    }
    every = {region.structure for region in embedded.dseg.regions}
    every |= {region.structure for overlay in embedded.overlays.values() for region in overlay.regions}
    taken = {name for names in by_source.values() for name in names}
    approximate = [name for name in embedded.manifest["Approximate"] if name not in taken - divided]
    return {
        "BIDSVersion": "1.11.0",
        "License": "; ".join(f"{about['title'][key]}: {about['license'][key]}" for key in used),
        "Description": "Published labels on the embedded atlas cpimaging, which gives what they lack and "
        "divides what they have in one piece; extent of the template's tissue and ventricles.",
        "Citations": [about["citation"][key] for key in used] + list(embedded.manifest["Citations"]),
        "Approximate": approximate,
        "Structures": {**by_source, f"embedded ({embedded.name})": sorted(every - taken)},
        "DividedAsEmbedded": sorted(divided),
    }
