"""The page of an atlas: every structure in three cuts, with its volume and where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.atlases.vocabulary import load_structures
from cpimaging.report import tables, words
from cpimaging.report.page import render
from cpimaging.report.pictures import View, structure_views
from cpimaging.types import Atlas, Image, LabelMap, region_positions
from cpimaging.words import SIDES


@dataclass(frozen=True)
class Structure:
    """One card: a structure of one lobe, both sides of it.

    volumes_mm3: by side. parts: by side, labels of this structure alone, 0 elsewhere, cropped.
    """

    name: str
    word: str
    tissue: str
    overlay: str
    approximate: bool
    source: str
    volumes_mm3: Mapping[str, float]
    parts: Mapping[str, Image]


def render_atlas(atlas: Atlas, template: Image) -> str:
    """Return the page of an atlas as one HTML file that needs no network; text is escaped.

    template: T1w of the embedded template, in whose space the atlas lies on a grid of its own.
    """
    structures = _structures(atlas)
    views = structure_views([structure.parts for structure in structures], template)
    groups: dict[str, list[tuple[Structure, list[View]]]] = {}
    for structure, pictures in zip(structures, views, strict=True):
        groups.setdefault(structure.tissue, []).append((structure, pictures))
    context = {
        "atlas": atlas,
        "groups": [(name, groups[name]) for name in sorted(groups, key=_tissue_place)],
        "facts": _facts(atlas),
        "description": atlas.manifest.get("Description"),
        "licence": atlas.manifest.get("License", "n/a"),
        "citations": atlas.manifest.get("Citations", []),
        "words": words,
    }
    return render("atlas.html.jinja", context)


def _facts(atlas: Atlas) -> list[tuple[str, str]]:
    overlays = sum(len(overlay.regions) for overlay in atlas.overlays.values())
    spacing = " × ".join(f"{edge:g}" for edge in atlas.dseg.labels.spacing_mm)
    facts = [
        ("Version", atlas.version),
        ("Space", atlas.space),
        ("Voxels", f"{spacing} mm"),
        ("Regions", f"{len(atlas.dseg.regions)}" + (f", {overlays} in overlays" if overlays else "")),
        ("Licence", str(atlas.manifest.get("License", "n/a"))),
    ]
    if "BroughtFrom" in atlas.manifest:
        facts.append(("Brought from", f"{atlas.manifest['BroughtFrom']}, by {atlas.manifest['BroughtBy']}"))
    return facts


def _tissue_place(tissue: str) -> int:
    tissues = list(words.TISSUES)
    return tissues.index(tissue) if tissue in tissues else len(tissues)


def _structures(atlas: Atlas) -> list[Structure]:
    """Return the structures of the main image and of the overlays in the vocabulary's order, others last."""
    sources = {
        name: source for source, names in atlas.manifest.get("Structures", {}).items() for name in names
    }
    approximate = set(atlas.manifest.get("Approximate", []))
    found = []
    for overlay, label_map in {"": atlas.dseg, **atlas.overlays}.items():
        for (word, lobe), parts in _parts(label_map).items():
            region = next(r for r in label_map.regions if r.called == word)
            name = tables.structure_name(word) + (f", {lobe}" if word == "white_matter" != lobe else "")
            found.append(
                Structure(
                    name=name,
                    word=region.structure,
                    tissue="overlay" if overlay else region.tissue,
                    overlay=overlay,
                    approximate=word in approximate,
                    source=sources.get(word, ""),
                    volumes_mm3=_volumes_mm3(parts, region.structure),
                    parts=parts,
                )
            )
    places = {str(name): place for place, name in enumerate(load_structures()["structure"])}
    return sorted(found, key=lambda structure: places.get(structure.word, len(places)))


def _volumes_mm3(parts: Mapping[str, Image], structure: str) -> dict[str, float]:
    """Return the volume of each side; as in tables, the plane between two counts half for either."""
    volumes = {
        side: float(np.count_nonzero(part.data)) * part.voxel_volume_mm3 for side, part in parts.items()
    }
    if len(volumes) == len(SIDES) and structure != "n/a":
        plane_mm3 = volumes.pop("midline")
        volumes = {side: volume + plane_mm3 / 2 for side, volume in volumes.items()}
    return volumes


def _parts(label_map: LabelMap) -> dict[tuple[str, str], dict[str, Image]]:
    """Return cropped masks by (structure, lobe) and side; lobes part white matter alone."""
    positions = region_positions(label_map.labels.data, label_map.regions)
    boxes = ndimage.find_objects(positions, max_label=len(label_map.regions))
    members: dict[tuple[str, str], dict[str, list[int]]] = {}
    for position, region in enumerate(label_map.regions, start=1):
        if boxes[position - 1] is not None:
            key = (region.called, region.lobe if region.structure == "white_matter" else "n/a")
            members.setdefault(key, {}).setdefault(region.side, []).append(position)
    return {
        key: {
            side: _cropped(label_map.labels, positions, sides[side], [boxes[p - 1] for p in sides[side]])
            for side in SIDES
            if side in sides
        }
        for key, sides in members.items()
    }


def _cropped(
    labels: Image, positions: NDArray[np.int32], wanted: list[int], boxes: list[tuple[slice, ...]]
) -> Image:
    """Return where `positions` are among `wanted`, in the box around their boxes and one voxel more."""
    low = np.maximum(np.min([[part.start for part in box] for box in boxes], axis=0) - 1, 0)
    high = np.max([[part.stop for part in box] for box in boxes], axis=0) + 1
    window = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    affine = labels.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ low
    return Image(np.isin(positions[window], wanted).astype(np.uint8), affine)
