"""The words of tables and calls: every code has its home here, with what it means."""

from collections.abc import Mapping
from typing import Literal

Side = Literal["left", "right", "midline"]

UNKNOWN = "n/a"
SIDES: tuple[Side, ...] = ("left", "right", "midline")
SIDE_WORDS: Mapping[str, str] = {
    "left": "left of the midline",
    "right": "right of the midline",
    "midline": "both, or neither",
}
HEMISPHERES = ("left", "right")
"""The sides that have another one."""

LOAD_CLASSES = {
    "white_matter": "White matter",
    "deep_grey": "Deep nuclei, perirolandic",
    "cortex": "Other cortex",
    "brainstem": "Brainstem",
    "cerebellum": "Cerebellum",
}
"""The classes whose lesioned shares are told, and what pages call them. They are no tissues of the atlas:
perirolandic cortex stands with thalamus, caudate, putamen, pallidum and hippocampus."""

TISSUES = {
    **{name: f"{name.replace('_', ' ')}, as the atlas labels it" for name in LOAD_CLASSES},
    "csf": "ventricles",
    "overlay": "region that overlaps others: tract, territory or border zone",
    "outside": "outside of all regions, or of the brain",
    UNKNOWN: "region outside of the vocabulary",
}
LOBES = ("frontal", "parietal", "temporal", "occipital")
LOBE_WORDS = {**{name: f"{name} lobe" for name in LOBES}, UNKNOWN: "not in one lobe"}
LAYER_WORDS = {
    "periventricular": "third of the white matter next to the ventricle, by normalised depth",
    "deep": "middle third",
    "subcortical": "third next to the cortex",
    UNKNOWN: "not white matter",
}
LAYERS = tuple(name for name in LAYER_WORDS if name != UNKNOWN)
"""Layers of white matter, from the ventricle to the cortex."""

SIDED = {"left": "left side", "right": "right side", "both": "both sides"}
"""Which side bears a pattern."""
SEVERITIES = {
    name: f"{name}, as the rule grades it (docs/method/pattern.md)" for name in ("mild", "moderate", "severe")
}
ARTERIES = {
    **{
        name: f"{words} cerebral artery"
        for name, words in {"aca": "anterior", "mca": "middle", "pca": "posterior"}.items()
    },
    "several": "more than one artery",
}
"""In whose territory an infarct lies."""

QC = {
    "pass": "every check holds",
    "warn": "look before use",
    "fail": "do not use these numbers",
    "not_applicable": "not checked: there was no image",
}
SEXES = {"F": "female", "M": "male", "O": "other", UNKNOWN: "not known"}

GIVEN, DETECTED, COMMAND = "given mask", "detected", "lesion_command"
CYST = "fluid within white matter: cyst"
"""How the reason of a piece ends that software took for a cyst; scales read it."""
"""Where a lesion mask may come from: a reader or the dataset, our detectors, the external tool."""

NORMED: tuple[tuple[str, str, Side], ...] = (
    ("group_volume", "ventricles", "midline"),
    ("group_volume", "lateral_ventricle", "left"),
    ("group_volume", "lateral_ventricle", "right"),
    *(
        ("group_volume", f"white_matter_{lobe}", side)
        for lobe in LOBES
        for side in SIDES
        if side != "midline"
    ),
    ("callosal_area", "corpus_callosum", "midline"),
    ("callosal_area", "corpus_callosum_anterior_third", "midline"),
    ("callosal_area", "corpus_callosum_middle_third", "midline"),
    ("callosal_area", "corpus_callosum_posterior_third", "midline"),
    ("group_volume", "thalamus_whole", "left"),
    ("group_volume", "thalamus_whole", "right"),
    ("group_volume", "brainstem", "midline"),
    ("group_volume", "cerebellum", "midline"),
)
"""What is compared with norms: measure, structure and side of the morphometry table."""


def z_column(structure: str, side: Side) -> str:
    """Return the column of the group table that holds the distance of a measure from its norms."""
    return f"{structure}_z" if side == "midline" else f"{structure}_{side}_z"


SECTION_LOADS = ("section_load", "largest_section_load")
"""Measures of the profile table: lesioned share of a tract's cross-sections, their mean and the largest."""

DONE = "done"
"""Status, in the summary of stages, of a scan that went through all of them."""
