"""Build the embedded atlas: label the left half, mirror it, name the regions."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.atlases.embedded import cerebrum, overlays, parts
from cpimaging.atlases.embedded.deep import label_deep
from cpimaging.atlases.embedded.half import TISSUE_SHARE, Half, Mask
from cpimaging.atlases.embedded.infratentorial import compartments, label_infratentorial
from cpimaging.atlases.embedded.manifest import NAME, VERSION, manifest
from cpimaging.atlases.template import Template
from cpimaging.atlases.vocabulary import load_structures
from cpimaging.types import Atlas, LabelMap, Region
from cpimaging.voxels import largest_piece
from cpimaging.words import SIDES, Side

Masks = Mapping[str, Mask]

ORDER = (
    *("substantia_nigra", "red_nucleus", "subthalamic_nucleus", "locus_coeruleus", "raphe"),
    *("superior_colliculus", "inferior_colliculus", "inferior_olive", "cranial_nerve_tegmentum"),
    *("fourth_ventricle", "midbrain", "pons", "medulla"),
    *("vermis", "dentate", "cerebellum_white_matter", "cerebellum_cortex"),
    *("lateral_ventricle_temporal_horn", "lateral_ventricle_frontal_horn", "lateral_ventricle_body"),
    *("lateral_ventricle_trigone", "lateral_ventricle_occipital_horn", "third_ventricle"),
    *("thalamus_ventrolateral", "thalamus", "caudate", "accumbens", "putamen_posterior", "putamen"),
    *("pallidum", "hippocampus", "amygdala", "plic", "alic", "external_capsule"),
)
"""Structures in the order in which they claim their voxels: a small one before the one around it."""
FILL_MM = 3.0  # ours: unlabelled tissue this near to a label joins it


class Canvas:
    """An exclusive label image of the half brain; structures claim voxels, first come first served."""

    def __init__(self, half: Half) -> None:
        vocabulary = load_structures()
        self.lateral = set(vocabulary.loc[vocabulary["sides"] == "lateral", "structure"])
        self.half = half
        self.labels = np.zeros(half.brain.shape, np.uint8)
        self.keys: list[tuple[str, str]] = []

    @property
    def free(self) -> Mask:
        """Voxels that no structure has claimed."""
        unclaimed: Mask = self.labels == 0
        return unclaimed

    def claim(self, structure: str, mask: Mask, lobe: str = "n/a") -> None:
        """Give the largest free piece of a mask to a structure; lateral ones keep off the midline plane."""
        allowed = mask & self.free
        if structure in self.lateral:
            allowed &= self.half.x < 0
        self.keys.append((structure, lobe))
        self.labels[largest_piece(allowed, corners=True)] = len(self.keys)

    def mask(self, *structures: str) -> Mask:
        """Return what one or several structures have claimed."""
        values = [value for value, key in enumerate(self.keys, start=1) if key[0] in structures]
        found: Mask = np.isin(self.labels, values)
        return found

    def fill(self, tissue: Mask, closed: Iterable[str]) -> None:
        """Give unlabelled tissue to the nearest structure that is not among the `closed` ones."""
        open_labels = np.where(self.mask(*closed), 0, self.labels)
        distance, nearest = ndimage.distance_transform_edt(open_labels == 0, return_indices=True)
        chosen = open_labels[tuple(nearest)]
        lateral = [value for value, key in enumerate(self.keys, start=1) if key[0] in self.lateral]
        gaps = tissue & self.free & (distance <= FILL_MM)
        gaps &= (self.half.x < 0) | ~np.isin(chosen, lateral)
        self.labels[gaps] = chosen[gaps]


def build_atlas(template: Template) -> Atlas:
    """Return the embedded atlas on the template's grid."""
    half = Half.of(template)
    canvas = Canvas(half)
    compartment = compartments(half)
    label_half(canvas, compartment)
    found = label_overlays(canvas, compartment["cerebrum"])
    return Atlas(
        name=NAME,
        version=VERSION,
        space=template.name,
        dseg=_label_map(template, half, canvas.labels, canvas.keys),
        overlays={name: _overlay(template, half, masks) for name, masks in found.items()},
        manifest=manifest(),
    )


def label_half(canvas: Canvas, compartment: Masks) -> None:
    """Label the left half of the brain."""
    half = canvas.half
    deep = label_deep(half)
    deep |= cerebrum.split_capsule(half, deep) | parts.ventricle_parts(half, deep)
    deep["putamen_posterior"] = parts.posterior_third(half, deep["putamen"])
    deep["thalamus_ventrolateral"] = parts.ventrolateral(half, deep["thalamus"], deep["plic"])
    deep |= label_infratentorial(half, compartment)
    for structure in ORDER:
        canvas.claim(structure, deep[structure])
    tissue = half.brain & (half.gm + half.wm >= TISSUE_SHARE)
    inner = compartment["cerebrum"] & tissue
    ventricle = _union(deep, "lateral_ventricle", "temporal_horn")
    callosum = cerebrum.label_callosum(half, deep["lateral_ventricle"], inner & canvas.free)
    for structure, mask in callosum.items():
        canvas.claim(structure, mask)
    between = inner & canvas.free & ~deep["thalamus"]
    canvas.claim("fornix", parts.fornix(half, _union(callosum, *callosum), between))
    canvas.claim("ventral_diencephalon", parts.ventral_diencephalon(half, deep, inner & canvas.free))
    _label_lobes(canvas, compartment["cerebrum"], inner, ventricle)
    csf = [structure for structure, _ in canvas.keys if "ventricle" in structure]
    canvas.fill(tissue, (*ORDER[:9], *csf))


def _label_lobes(canvas: Canvas, hemisphere: Mask, inner: Mask, ventricle: Mask) -> None:
    half = canvas.half
    gyri = cerebrum.label_gyri(half, hemisphere, ~canvas.free)
    cortex = cerebrum.label_cortex(half, gyri, inner & canvas.free, ventricle)
    for structure, mask in cortex.items():
        canvas.claim(structure, mask, structure.split("_")[0] if structure.endswith("_cortex") else "n/a")
    white = inner & canvas.free & ~_union(cortex, *cortex)
    for lobe, mask in cerebrum.label_white_matter(half, gyri, white).items():
        canvas.claim("white_matter", mask, lobe)


def label_overlays(canvas: Canvas, hemisphere: Mask) -> dict[str, dict[str, Mask]]:
    """Return the overlays: file name → structure → mask of the left half."""
    half = canvas.half
    white = canvas.mask("white_matter")
    outer = white | canvas.mask("perirolandic", *(f"{lobe}_cortex" for lobe in cerebrum.LOBES))
    territories = overlays.label_territories(half, canvas.mask, hemisphere)
    return {
        "tracts": overlays.label_tracts(half, canvas.mask, white),
        "corona": {"corona_radiata": overlays.corona_radiata(half, canvas.mask, white)},
        "territories": territories,
        "watershed": overlays.label_border_zones(half, territories, outer),
    }


def _union(masks: Masks, *names: str) -> Mask:
    union: Mask = np.logical_or.reduce([masks[name] for name in names])
    return union


def _overlay(template: Template, half: Half, masks: Masks) -> LabelMap:
    labels = np.zeros(half.brain.shape, np.uint8)
    for value, mask in enumerate(masks.values(), start=1):
        labels[mask & (half.x < 0)] = value
    return _label_map(template, half, labels, [(structure, "n/a") for structure in masks])


def _label_map(
    template: Template, half: Half, labels: NDArray[np.uint8], keys: list[tuple[str, str]]
) -> LabelMap:
    """Mirror the labels of the left half; left, right and midline regions get numbers of their own."""
    vocabulary = load_structures().set_index("structure")
    number = np.zeros((len(SIDES), len(keys) + 1), np.uint8)
    regions: list[Region] = []
    for value, side in _numbered([str(vocabulary.loc[structure, "sides"]) for structure, _ in keys]):
        structure, lobe = keys[value]
        row = vocabulary.loc[structure]
        name = str(row["name"]) + (f", {lobe}" if structure == "white_matter" else "")
        if side != "midline":
            name = f"{side.capitalize()} {name[0].lower()}{name[1:]}"
        elif row["sides"] == "either":
            name += ", plane between the sides"
        regions.append(Region(len(regions) + 1, name, structure, side, str(row["tissue"]), lobe))
        places = slice(None) if row["sides"] == "midline" else SIDES.index(side)
        number[places, value + 1] = len(regions)
    left, right, plane = number
    both = np.concatenate([left[labels[:-1]], plane[labels[-1:]], right[labels[-2::-1]]])
    return LabelMap(template.t1w.with_data(both), tuple(regions))


def _numbered(kinds: Sequence[str]) -> list[tuple[int, Side]]:
    """Return which key and side each label number means, from the `sides` of the vocabulary of each key.

    Structures that may have sides or not had one number each before they got sides: it is the left one's,
    and those of the right side and of the plane between both come last.
    """
    first: Mapping[str, tuple[Side, ...]]
    first = {"lateral": ("left", "right"), "midline": ("midline",), "either": ("left",)}
    numbered = [(key, side) for key, kind in enumerate(kinds) for side in first[kind]]
    for side in SIDES[1:]:
        numbered += [(key, side) for key, kind in enumerate(kinds) if kind == "either"]
    return numbered
