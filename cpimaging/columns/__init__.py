"""Every column of every table, declared once: name, dtype, one sentence, unit, words.

What a scorer adds to the group table stands in the scorer's own record (`scorers/`), the tables of readings
and of agreement with them in `readers`; the keys of JSON files stand in `keys`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from cpimaging.words import (
    ARTERIES,
    LAYER_WORDS,
    LOBE_WORDS,
    NORMED,
    QC,
    SEVERITIES,
    SEXES,
    SIDE_WORDS,
    SIDED,
    TISSUES,
    z_column,
)

Dtype = Literal["str", "int64", "float64", "bool", "list", "object"]
"""As tables are typed; bool, list and object are for keys of JSON files alone."""


@dataclass(frozen=True)
class Column:
    """One column of a table, or one key of a JSON file.

    text: one sentence. unit: of a number. levels: word -> what it means, where there are no other words.
    when: where a key is found that not every file has, "" for all. name: of a key inside others, with
    dots; [] is any place of a list, * any name.
    """

    name: str
    dtype: Dtype
    text: str
    unit: str = ""
    levels: Mapping[str, str] = field(default_factory=dict)
    when: str = ""


def dtypes(columns: Iterable[Column]) -> dict[str, str]:
    """Return name -> dtype, as `io.typed` and `io.read_table` want it."""
    return {column.name: column.dtype for column in columns}


def described(columns: Iterable[Column]) -> dict[str, dict[str, object]]:
    """Return the columns of a table as its sidecar tells them (BIDS: Description, Units, Levels)."""
    return {
        column.name: {
            "Description": column.text,
            **({"Units": column.unit} if column.unit else {}),
            **({"Levels": dict(column.levels)} if column.levels else {}),
        }
        for column in columns
    }


PARTICIPANT = Column("participant_id", "str", "Participant, with sub-.")
SESSION = Column("session_id", "str", "Session, with ses-; n/a where the dataset has none.")
SIDE = Column("side", "str", "Side of the body.", levels=SIDE_WORDS)
AGE = Column("age_years", "float64", "Age at scan, corrected for preterm birth.", "years")
SEX = Column("sex", "str", "Sex as the source dataset gives it.", levels=SEXES)

IN_GROUP = Column(
    "in_group",
    "str",
    "Whether the scan takes part in maps and counts.",
    levels={"true": "it does", "false": "its lesion was not assessed or is not to be trusted"},
)

CELL = (
    Column("structure", "str", "Structure, a word of the vocabulary, or the region's own name."),
    SIDE,
    Column("tissue", "str", "Class of tissue; all rows but overlays partition the scan.", levels=TISSUES),
    Column("lobe", "str", "Lobe.", levels=LOBE_WORDS),
    Column("layer", "str", "Layer of the white matter.", levels=LAYER_WORDS),
)
"""What part of the brain a row of the load table is about."""

LESIONLOAD = (
    PARTICIPANT,
    SESSION,
    *CELL,
    Column("region_volume_mm3", "float64", "Volume of the part; n/a outside of the brain.", "mm3"),
    Column("lesion_volume_mm3", "float64", "Lesion in it; n/a where nobody looked.", "mm3"),
    Column("percent_region", "float64", "Share of the part that is lesion.", "percent"),
    Column("percent_lesion", "float64", "Share of the whole lesion that lies in the part.", "percent"),
)
GROUP_LESIONLOAD = (*LESIONLOAD, IN_GROUP)
MARGIN_MM = 1.0
"""How far the border of a lesion and the registration are moved to see what depends on them; ours."""
MARGINS = tuple(
    Column(f"{name}_mm3", "float64", f"Lesion in the part with {text} by {MARGIN_MM:g} mm.", "mm3")
    for name, text in {
        "shrunk": "the lesion's border moved inward",
        "grown": "the lesion's border moved outward",
        "left": "the lesion moved to the left",
        "right": "the lesion moved to the right",
        "back": "the lesion moved backward",
        "front": "the lesion moved forward",
        "down": "the lesion moved downward",
        "up": "the lesion moved upward",
    }.items()
)
LOADMARGINS = (PARTICIPANT, SESSION, *CELL, *MARGINS)
LESIONS = (
    PARTICIPANT,
    SESSION,
    Column("index", "int64", "Number of the lesion in the numbered image, the largest is 1."),
    Column("volume_mm3", "float64", "Volume of the lesion.", "mm3"),
    *(
        Column(f"centroid_{axis}_mm", "float64", f"Centre of the lesion, world position {where}.", "mm")
        for axis, where in {"x": "to the right", "y": "to the front", "z": "to the top"}.items()
    ),
    Column("side", "str", "Side on which most of the lesion lies.", levels=SIDE_WORDS),
    Column("main_structure", "str", "Structure that holds most of it."),
    Column("distance_ventricle_mm", "float64", "Least distance from a lateral ventricle.", "mm"),
    Column("source", "str", "Who drew it; of detected ones, why they were taken."),
    Column(
        "cavity_percent", "float64", "Share that is cavity, by label or by fluid in the image.", "percent"
    ),
    Column("blood_percent", "float64", "Share that is labelled as blood.", "percent"),
    Column("probability", "float64", "Mean probability of a detected lesion; n/a of others.", "1"),
)
LESIONPARTS = (
    PARTICIPANT,
    SESSION,
    Column("index", "int64", "Number of the lesion, as in the table of lesions."),
    *CELL,
    Column("volume_mm3", "float64", "What this lesion takes of the part.", "mm3"),
)
LESIONRUNS = (
    *(Column(axis, "int64", f"Voxel index of the run's first voxel along {axis}.") for axis in "xyz"),
    Column("length", "int64", "Voxels of the run, which goes on along z."),
)
"""A lesion in template space: only its voxels, so that ten thousand can be added up."""
MORPHOMETRY = (
    PARTICIPANT,
    SESSION,
    Column("measure", "str", "What was measured."),
    Column("structure", "str", "Structure, group of structures or stretch of distance that it is of."),
    SIDE,
    Column("value", "float64", "What came out; n/a where it cannot be measured."),
    Column("unit", "str", "Unit of the value."),
)
PROFILE = MORPHOMETRY
GROUP_MORPHOMETRY = (
    *MORPHOMETRY,
    Column("qc", "str", "Verdict of the scan's quality checks; of failed ones trust no number.", levels=QC),
)
GROUP_QC = (
    PARTICIPANT,
    SESSION,
    Column("verdict", "str", "Verdict of the software's quality checks on the scan.", levels=QC),
    Column("check", "str", "What was checked (qc/limits.yaml), after the contrast or mask that it is of."),
    Column("value", "str", "What was measured: a number, or a word."),
    Column("limit", "str", "The limit that it met: a number, a range, or a word."),
    Column("ok", "str", "Whether the check holds.", levels={"true": "it holds", "false": "it does not"}),
    Column(
        "severity",
        "str",
        "How much it weighs.",
        levels={"warn": "look before use", "fail": "do not use the numbers"},
    ),
)
"""The quality checks of all scans, long: which there are depends on a scan's contrasts."""
Z_SCORES = tuple(
    Column(
        z_column(structure, side),
        "float64",
        f"Distance of {structure.replace('_', ' ')}, {side}, from norms for age; n/a if none or QC failed.",
        "SD",
    )
    for _, structure, side in NORMED
)
"""Columns of the group table; the intervals stand in each scan's morphometry table."""
TRACTS = (
    *(
        Column(f"{name}_{side}_percent", "float64", f"Lesioned share of the {side} {text}.", "percent")
        for name, text in {
            "corticospinal": "corticospinal tract",
            "corticospinal_sections": "corticospinal tract, mean over its cross-sections",
            "corticospinal_cut": "corticospinal tract in the cross-section that is lesioned most",
            "plic": "posterior limb of the internal capsule",
            "optic_radiation": "optic radiation",
        }.items()
        for side in ("left", "right")
    ),
    *(
        Column(f"peduncle_{side}_mm2", "float64", f"Cross-section of the {side} cerebral peduncle.", "mm2")
        for side in ("left", "right")
    ),
)
"""Columns of the group table on tracts; n/a for scans out of the group, like every share of lesion."""
DETAILS = (
    Column("laterality_index", "float64", "Lesion of the cerebrum: 1 all left, -1 all right.", "1"),
    Column("mrics_side", "str", "Side that bears the pattern, where one does.", levels=SIDED),
    Column("mrics_territory", "str", "Artery of the pattern, where it has one.", levels=ARTERIES),
    Column("mrics_severity", "str", "Severity of the pattern; n/a where not known.", levels=SEVERITIES),
    Column("subgroup_stability", "float64", "Share of the repetitions that keep the MRICS subgroup.", "1"),
)
"""What a call says beside its word."""
GROUP = (
    PARTICIPANT,
    SESSION,
    Column("lesion_volume_mm3", "float64", "Volume of the lesion, n/a where it was not assessed.", "mm3"),
    Column("qc", "str", "Verdict of the quality checks, or what a person set instead.", levels=QC),
    Column("mask_source", "str", "Folder that the lesion mask came from, or what drew it."),
    Column("template_volume_ratio", "float64", "Volume of the brain over the template's.", "ratio"),
    AGE,
    SEX,
    Column("override", "str", "What a person set instead of the software, and why."),
    IN_GROUP,
    Column("out_of_group_reason", "str", "Why the scan takes no part; its volume and percent are n/a then."),
    *Z_SCORES,
    Column("template", "str", "Template that the scan was registered to, or whose space its mask lies in."),
    *DETAILS,
    *TRACTS,
)
"""The columns of the group table that no scorer fills; see `scorers.group`."""
SUMMARY = (
    PARTICIPANT,
    SESSION,
    Column("stage", "str", "Last stage that was reached; the failed one where one failed."),
    Column(
        "status",
        "str",
        "How it ended.",
        levels={
            "done": "all stages",
            "failed": "the stage stopped",
            "not run": "the stage was never started",
        },
    ),
    Column("message", "str", "Last line of the log where it failed."),
    Column("log", "str", "The log, below the folder of results."),
)
INDEX = (
    PARTICIPANT,
    SESSION,
    AGE,
    SEX,
    Column("age_source", "str", "Where the age was found, as it stands there."),
    Column("pma_weeks", "float64", "Postmenstrual age at scan; n/a where not known.", "weeks"),
    Column("postnatal_days", "float64", "Days since birth at scan; n/a where not known.", "days"),
    Column("gestation_weeks", "float64", "Gestational age at birth; n/a where not known.", "weeks"),
    Column("contrasts", "str", "Contrasts that were picked, with commas."),
    Column("lesion_source", "str", "Folder that the lesion mask was found in, or none."),
    Column("decisions", "str", "What was chosen among several files, and why."),
    Column("problems", "str", "What file names and headers show to be wrong."),
)
PARTICIPANTS = (
    PARTICIPANT,
    Column("age", "float64", "Age at scan; n/a where sessions differ, logs/index.tsv has each.", "years"),
    SEX,
)
ATLAS_LABELS = (
    Column("index", "int64", "Number of the region in the label image."),
    Column("name", "str", "Name of the region."),
    Column("structure", "str", "Word of the shared vocabulary."),
    SIDE,
    Column("tissue", "str", "Class of tissue.", levels=TISSUES),
    Column("lobe", "str", "Lobe.", levels=LOBE_WORDS),
)
TISSUE_LABELS = (
    Column("index", "int64", "Number of the class in the tissue image."),
    Column("name", "str", "Name of the class."),
    Column("abbreviation", "str", "What BIDS abbreviates it to."),
    Column("mapping", "int64", "Number that BIDS has for the class."),
)
CONTROLS = (
    AGE,
    Column("sex", "str", "Sex.", levels={"F": "female", "M": "male"}),
    Column("field_strength_tesla", "str", "Field strength, as the image's sidecar gives it."),
)
"""Of the folder of norms, one row per control, by age: nothing that names a person."""
GRADED, YOUNG = "with --severity or --mix", "with --template"
TRUTH = (
    PARTICIPANT,
    Column("pattern", "str", "Recipe that the injury was drawn by."),
    Column("side", "str", "Side that bears it; n/a for both."),
    Column("mrics_group", "str", "Group of MRICS that the recipe stands for."),
    Column("mrics_subgroup", "str", "Its subgroup."),
    Column("dominance", "str", "The tissue that bears the injury."),
    Column("lesion_volume_mm3", "float64", "Volume of the lesion that was drawn.", "mm3"),
    Column("seed", "int64", "Seed of what was drawn by chance."),
    Column("mrics_secondary", "str", "Subgroup of a second pattern in the same brain.", when=GRADED),
    Column("severity", "str", "How severe it was drawn.", when=GRADED),
    Column("twin_of", "str", "The injured brain that this healthy one has its anatomy from.", when=YOUNG),
    Column("warp_mean_mm", "float64", "Mean displacement of the brain from the template.", "mm", when=YOUNG),
    Column("warp_max_mm", "float64", "Largest displacement of the brain.", "mm", when=YOUNG),
)
MATRIX_SCANS = (
    Column("row", "int64", "Row of the matrix."),
    PARTICIPANT,
    SESSION,
    Column("lesion_volume_mm3", "float64", "Volume of the lesion in the scan.", "mm3"),
    Column("image", "str", "Its image in template space, as seen from this folder."),
)
NIISTAT = (
    Column("filename", "str", "File that holds the lesion, beside this table."),
    Column("lesion_volume_mm3", "float64", "Volume of the lesion in the scan.", "mm3"),
)
DESCRIPTIONS = (
    Column("desc_id", "str", "The desc entity of file names."),
    Column("description", "str", "What such files hold."),
)
