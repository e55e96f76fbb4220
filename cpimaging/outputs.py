"""Every file that is written, declared once: its name, who writes it, what it holds.

Sidecars, docs/outputs.md, the schemas and descriptions.tsv are made from these records. What scorers add to
two of the files stands in their own records: `scorers.group.outputs` has them all, whole.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from cpimaging import columns, keys
from cpimaging.columns import Column, readers

Place = Literal["scan", "group", "study", "logs", "export", "readers", "norms", "adc", "simulated"]
SCHEMA_VERSION = "1.0"
"""Of the JSON schemas: the first number rises where a key goes or changes, the second where one is added."""
GROUP_TABLE, PATTERN, PATTERNS = (
    "group_patterns.tsv",
    "*_desc-pattern_stats.json",
    "group_desc-pattern_stats.jsonl",
)
"""What scorers add to."""
DETECTING, BY_PATTERN = (
    "where software looked for the lesion",
    "where some scan has the pattern",
)


@dataclass(frozen=True)
class Output:
    """A kind of file.

    name: with * for the label of a scan, the atlas, a contrast or a space. stage: the commands that write
    it. text: one sentence. columns: of a table. keys: of a JSON file, or of the sidecar beside it.
    when: where not every study has it. place: which folder, as the documentation sorts them.
    """

    name: str
    stage: str
    text: str
    columns: tuple[Column, ...] = ()
    keys: tuple[Column, ...] = ()
    when: str = ""
    place: Place = "scan"

    @property
    def json_name(self) -> str:
        """The JSON file that holds the keys."""
        return self.name if self.name.endswith((".json", ".jsonl")) else sidecar_name(self.name)


def sidecar_name(name: str) -> str:
    """Return the name of the JSON file beside a file."""
    return re.sub(r"(\.nii\.gz|\.[a-z]+)$", ".json", name)


_SCAN = (
    Output(
        "*_desc-preproc_*.nii.gz",
        "preprocess",
        "A contrast on the grid of the reference scan, brain only, without its bias field.",
        keys=keys.PREPROC,
    ),
    Output(
        "*_space-orig_label-brain_mask.nii.gz",
        "preprocess",
        "The brain on the grid of the reference scan.",
        keys=keys.BRAIN_MASK,
    ),
    Output(
        "*_mode-points_desc-affine_xfm.txt",
        "register",
        "Matrix from world mm of the scan to world mm of the template.",
        keys=keys.AFFINE,
    ),
    Output(
        "*_mode-image_xfm.nii.gz",
        "register",
        "Displacement field in mm as ITK reads it; one to the template, one back.",
        keys=keys.TRANSFORM,
    ),
    Output(
        "*_space-orig_label-L_desc-first_mask.nii.gz",
        "register",
        "What was detected before the deformable registration, and left out of it.",
        keys=keys.FIRST_MASK,
        when=DETECTING,
    ),
    Output(
        "*_space-orig_label-L_desc-command_mask.nii.gz",
        "command",
        "The mask that the external tool drew.",
        keys=keys.COMMAND_MASK,
        when="with lesion_command",
    ),
    Output(
        "*_space-orig_atlas-*_dseg.nii.gz",
        "segment",
        "Atlas labels on the grid of the reference scan.",
        keys=keys.ATLAS_IMAGE,
    ),
    Output(
        "*_space-orig_seg-tissue_dseg.nii.gz",
        "segment",
        "Tissue classes and ventricles on the grid of the reference scan.",
        keys=keys.TISSUE_IMAGE,
    ),
    Output(
        "*_desc-morphometry_stats.tsv",
        "segment",
        "Volumes, shares and sides of structures, ventricle indices, callosal area.",
        columns.MORPHOMETRY,
    ),
    Output(
        "*_desc-newborn_lines.svg",
        "segment",
        "Pictures of the lines that a newborn was measured along.",
        when="for newborns",
    ),
    Output(
        "*_space-orig_seg-lesions_dseg.nii.gz",
        "lesions",
        "The lesions, numbered, on the grid of the reference scan.",
        keys=keys.LESION_IMAGE,
    ),
    Output(
        "*_label-L_mask.nii.gz",
        "lesions",
        "The lesion on the grid of the reference scan, and in template space.",
        keys=keys.LESION_MASK,
    ),
    Output(
        "*_space-orig_label-L_probseg.nii.gz",
        "lesions",
        "Probability of lesion on the grid of the reference scan.",
        keys=keys.PROBABILITY,
        when=DETECTING,
    ),
    Output(
        "*_space-*_desc-lesionruns_stats.tsv",
        "lesions",
        "The lesion in template space as runs of voxels, for adding up many.",
        columns.LESIONRUNS,
    ),
    Output(
        "*_desc-lesions_stats.tsv",
        "lesions",
        "The lesions, one row for each.",
        columns.LESIONS,
        keys.LESION_RECORD,
    ),
    Output(
        "*_atlas-*_desc-lesionload_stats.tsv",
        "quantify",
        "Lesion volume per structure, side, lobe and layer.",
        columns.LESIONLOAD,
    ),
    Output(
        "*_atlas-*_desc-loadmargins_stats.tsv",
        "quantify",
        "Lesion volumes with the border or the position of the lesion moved.",
        columns.LOADMARGINS,
    ),
    Output(
        "*_atlas-*_desc-lesionparts_stats.tsv",
        "quantify",
        "What each lesion takes of every part of the brain.",
        columns.LESIONPARTS,
    ),
    Output(
        "*_desc-profile_stats.tsv",
        "quantify",
        "How much of the lesion lies in front, and how far from the lateral ventricles.",
        columns.PROFILE,
    ),
    Output("*_desc-qc_stats.json", "qc", "Quality flags and their verdict.", keys=keys.QUALITY),
    Output(PATTERN, "score", "The pattern call with its evidence."),
    Output("sub-*.pdf", "pdf", "Two pages of a scan to print.", when="with cpimaging pdf"),
    Output("sub-*.html", "report", "The page of the scan, which needs no network."),
)
_GROUP = (
    Output("index.html", "cohort, masks", "The page of the group, which needs no network."),
    Output(
        "sub-*_sessions.html",
        "cohort",
        "The sessions of one participant side by side.",
        when="where a participant has several sessions",
    ),
    Output(GROUP_TABLE, "cohort, masks", "The calls, one row for each scan.", keys=keys.MASK_TABLES),
    Output(
        "group_desc-lesionload_stats.tsv",
        "cohort, masks",
        "The lesion loads of all scans below each other.",
        columns.GROUP_LESIONLOAD,
        keys.MASK_TABLES,
    ),
    Output(
        "group_morphometry.tsv",
        "cohort",
        "The measures of all scans below each other.",
        columns.GROUP_MORPHOMETRY,
        keys.TABLE_SIDECAR,
    ),
    Output(
        "group_qc.tsv",
        "cohort",
        "The quality checks of all scans below each other.",
        columns.GROUP_QC,
        keys.TABLE_SIDECAR,
    ),
    Output(
        "group_*_label-L_desc-*_probseg.nii.gz",
        "cohort",
        "The same for the scans of one pattern; flipped: for all, each lesion turned to the left.",
        keys=keys.FREQUENCY,
        when=BY_PATTERN,
    ),
    Output(
        "group_*_label-L_probseg.nii.gz",
        "cohort, masks",
        "Share of the scans in the group that have a lesion there.",
        keys=keys.FREQUENCY,
    ),
    Output(
        PATTERNS,
        "masks",
        "The pattern calls with their evidence, one line for each mask, with its two ids in front.",
        when="for masks without images",
    ),
)
_STUDY = (
    Output(
        "participants.tsv",
        "index",
        "The participants, one row for each.",
        columns.PARTICIPANTS,
        keys.COLUMN_KEYS,
    ),
    Output(
        "dataset_description.json", "index, masks", "What the folder is, as BIDS has it.", keys=keys.DATASET
    ),
    Output(
        "descriptions.tsv",
        "index, masks",
        "What desc in file names means.",
        columns.DESCRIPTIONS,
        keys.COLUMN_KEYS,
    ),
    Output("README.md", "index, masks", "Where to begin."),
    Output(".bidsignore", "index, masks", "What validators of BIDS are to leave out."),
    Output("atlas-*_dseg.tsv", "atlas", "The regions of the atlas.", columns.ATLAS_LABELS, keys.COLUMN_KEYS),
    Output("atlas-*_description.json", "atlas", "Where the atlas comes from.", keys=keys.ATLAS),
    Output(
        "seg-tissue_dseg.tsv",
        "atlas",
        "The classes of the tissue images.",
        columns.TISSUE_LABELS,
        keys.COLUMN_KEYS,
    ),
)
_LOGS = (
    Output("index.tsv", "index", "What was picked for each scan, and why.", columns.INDEX, keys.COLUMN_KEYS),
    Output("summary.tsv", "cohort, masks", "How far each scan came.", columns.SUMMARY, keys.COLUMN_KEYS),
)
_READERS = (
    Output(
        "group_desc-readinglist_stats.tsv",
        "agree --sheet",
        "Which scan stands behind which number; it stays away from the readers.",
        readers.READING_LIST,
        keys.READING_LIST,
    ),
    Output("readings.tsv", "agree --sheet", "The sheet to fill in.", readers.READINGS, keys.COLUMN_KEYS),
    Output("case-*.html", "agree --sheet", "A scan without a verdict."),
    Output(
        "group_desc-agreement_stats.tsv",
        "agree",
        "How far readers and software agree.",
        readers.AGREEMENT,
        keys.AGREEMENT,
    ),
    Output(
        "group_desc-agreementwords_stats.tsv",
        "agree",
        "The same word by word.",
        readers.AGREEMENT_WORDS,
        keys.COLUMN_KEYS,
    ),
    Output(
        "group_desc-agreementcoverage_stats.tsv",
        "agree",
        "How many scans are called at least so surely, and how many of these rightly.",
        readers.AGREEMENT_COVERAGE,
        keys.COLUMN_KEYS,
    ),
    Output(
        "group_desc-agreementcalibration_stats.tsv",
        "agree",
        "Stated certainty beside accuracy.",
        readers.AGREEMENT_CALIBRATION,
        keys.COLUMN_KEYS,
    ),
    Output("agreement.html", "agree", "The page on agreement."),
)
_EXPORTS = (
    Output("redcap_dictionary.csv", "export redcap", "The data dictionary, as REDCap takes it."),
    Output("redcap_data.csv", "export redcap", "The group table, as REDCap takes it."),
    Output(
        "lesions_scans.tsv",
        "export matrix",
        "The scans of the matrix, one row for each.",
        columns.MATRIX_SCANS,
        keys.COLUMN_KEYS,
    ),
    Output(
        "lesions.mtx",
        "export matrix",
        "Scan by voxel, MatrixMarket: an entry where the scan has its lesion.",
    ),
    Output(
        "lesions_mask.nii.gz",
        "export matrix",
        "The voxels that any scan has; they are the columns of the matrix, x first.",
        keys=keys.MATRIX_MASK,
    ),
    Output("lesymap_lesions.txt", "export matrix", "The images in the order of the rows, for LESYMAP."),
    Output(
        "niistat.tab",
        "export matrix --niistat",
        "The table that NiiStat begins with; add a column for each score.",
        columns.NIISTAT,
        keys.COLUMN_KEYS,
    ),
    Output("sub-*.mat", "export matrix --niistat", "A lesion as NiiStat reads it."),
)
_NORMS = (
    Output("norms.json", "norms build", "The regressions on age and sex.", keys=keys.NORMS),
    Output(
        "controls.tsv", "norms build", "The controls, one row for each.", columns.CONTROLS, keys.COLUMN_KEYS
    ),
)
_ADC = (
    Output(
        "mean.nii.gz", "norms adc", "Mean of the controls' ADC, mm²/s; 0 where not known.", keys=keys.ADC_NORM
    ),
    Output("sd.nii.gz", "norms adc", "SD of a further person around it, mm²/s.", keys=keys.ADC_NORM),
)
_SIMULATED = (
    Output("truth.tsv", "simulate", "What is true of each brain.", columns.TRUTH, keys.COLUMN_KEYS),
)


def _of(place: Place, found: Iterable[Output], when: str = "") -> Iterator[Output]:
    for output in found:
        yield replace(output, place=place, when=output.when or when)


OUTPUTS: tuple[Output, ...] = (
    *_of("readers", _READERS, "with cpimaging agree"),
    *_of("group", _GROUP),
    *_of("study", _STUDY),
    *_of("logs", _LOGS),
    *_of("export", _EXPORTS, "with cpimaging export"),
    *_of("norms", _NORMS, "with cpimaging norms build"),
    *_of("adc", _ADC, "with cpimaging norms adc"),
    *_of("simulated", _SIMULATED, "with cpimaging simulate"),
    *_SCAN,
)
"""All files but those of Snakemake and what stages note for each other in logs/.

The first name that fits counts.
"""
