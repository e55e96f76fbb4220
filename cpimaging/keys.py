"""Every key of every JSON file, declared once, as the columns of tables are.

The keys of a scorer's result stand in its own record (`scorers/`): `scorers.group.pattern_keys`.
"""

from cpimaging.columns import Column
from cpimaging.words import QC, SIDE_WORDS

DETECTING, WHOLE_HEAD = "where software looked for lesions", "where the brain was found in a whole head"
GIVEN = "for a given mask"
OF_NUMBERS, OF_WORDS = "of numbers with a unit", "where words are counted up"
MOVED, MASKS = "for contrasts beside the reference", "beside masks in template space"
OF_PATTERN, ONE_SIDED = "for one pattern", "where every lesion lies mostly on the left"
SIDECAR = (
    Column("Sources", "list", "Files that it was made from, relative to the dataset."),
    Column("GeneratedBy", "list", "Software that wrote it."),
    Column("GeneratedBy[].Name", "str", "Name of the software."),
    Column("GeneratedBy[].Version", "str", "Its version."),
    Column("Stage", "str", "Stage that wrote it."),
    Column("CodeDigest", "str", "Hash of the code of that stage."),
)
"""What every sidecar of an image or a table says."""

NOTES = Column("Notes", "list", "What a reader should know, one sentence each.")
TYPE = Column("Type", "str", "Kind of mask.", levels={"Brain": "the brain", "Lesion": "the lesion"})
SPACE = Column("SpatialReference", "str", "Image on whose grid it lies, relative to the dataset.")
SOURCE = Column("MaskSource", "str", "Who drew the lesion; null where it was not assessed.")
WHY_NOT = Column("NotAssessed", "str", "Why the lesion was not assessed, or null.")
ON_SCAN = Column(SPACE.name, "str", SPACE.text, when="on the scan's grid")

BRAIN_MASK = (
    *SIDECAR,
    SPACE,
    TYPE,
    Column("BrainMask", "str", "Where the brain mask comes from."),
    Column("BrainVolumeMillilitres", "float64", "Volume of the brain.", "ml"),
    Column("Reference", "str", "Contrast whose grid is the scan's."),
    Column("DrawnOn", "str", "Image that the mask was drawn on; null: none of the scan.", when=GIVEN),
    Column("DoubtMillimetres", "float64", "How far it may lie elsewhere.", "mm", when=GIVEN),
    Column("SurfaceAgreement", "float64", "How well two ways of finding the brain agree.", when=WHOLE_HEAD),
)
PREPROC = (
    *SIDECAR,
    Column("SkullStripped", "bool", "Whether only brain is left."),
    Column("BiasCorrected", "bool", "Whether the bias field was removed; never of maps in units."),
    NOTES,
    Column("Units", "str", "Unit of the voxels.", when="for maps in units, such as ADC"),
    Column("ShiftMillimetres", "float64", "How far it was moved onto the reference.", "mm", when=MOVED),
    Column("AlignmentErrorMillimetres", "float64", "How far fits there and back disagree.", "mm", when=MOVED),
    Column("FromReference", "list", "World mm of the reference to its own as given, 4 x 4.", when=MOVED),
)
TRANSFORM = (
    *SIDECAR,
    Column("FromSpace", "str", "Space that points of the target are looked up from."),
    Column("ToSpace", "str", "Space whose grid the field lies on."),
    Column("Engine", "str", "Registration engine."),
    Column("Template", "str", "Template that the scan was registered to."),
    Column("TemplateOfAge", "bool", "Whether it is one of the scan's age; else the adult one."),
    Column("LesionStrategy", "str", "How the lesion was kept out of the fit."),
    Column("Affine", "list", "Affine part: world mm of the scan to world mm of the template, 4 x 4."),
    Column(
        "LesionDrawnOn", "str", "Image that the given mask was drawn on; null: none of the scan.", when=GIVEN
    ),
    Column("LesionFromReference", "list", "World mm of the reference to that image's, 4 x 4.", when=GIVEN),
    Column("LesionDoubtMillimetres", "float64", "How far it may lie elsewhere.", "mm", when=GIVEN),
    NOTES,
)
AFFINE = (
    *SIDECAR,
    Column("FromSpace", "str", "Space whose points the matrix takes."),
    Column("ToSpace", "str", "Space that it takes them to."),
    Column("Description", "str", "What the numbers are."),
)
LESION_IMAGE = (*SIDECAR, SOURCE, NOTES, ON_SCAN)
LESION_MASK = (*LESION_IMAGE, TYPE)
FIRST_MASK = (*SIDECAR, TYPE, SPACE, SOURCE)
COMMAND_MASK = (*FIRST_MASK, WHY_NOT, NOTES)
PROBABILITY = (*SIDECAR, SOURCE)
LESION_RECORD = (
    *SIDECAR,
    SOURCE,
    WHY_NOT,
    Column("NotSearched", "list", "Tissues in which nobody looked."),
    NOTES,
    Column("RejectedMm3", "object", "Volume that was taken for healthy, by reason.", "mm3", when=DETECTING),
    Column("RejectedMm3.*", "float64", "The same for one reason.", "mm3", when=DETECTING),
)
SEGMENTED = (
    *SIDECAR,
    SPACE,
    Column("VentriclesFromImage", "bool", "Whether the ventricles were read from the image."),
    Column("NotPlaced", "list", "Structures that the template cannot place at this age."),
    NOTES,
)
ATLAS_IMAGE = (*SEGMENTED, Column("Atlas", "str", "Name and version of the atlas."))
TISSUE_IMAGE = (
    *SEGMENTED,
    Column("Labels", "object", "Number -> class of tissue."),
    Column("Labels.*", "str", "The class of one number."),
)
SCANS = Column("NumberOfScans", "int64", "Scans that have a mask.")
MATRIX_MASK = (*SIDECAR, SCANS)
FREQUENCY = (
    *SIDECAR,
    SCANS,
    Column("Pattern", "str", "Code of the pattern that all of its scans have.", when=OF_PATTERN),
    Column("NumberOfMirrored", "int64", "Scans whose lesion was turned to the left.", when=ONE_SIDED),
)
SEED = Column("Seed", "int64", "Seed of what was drawn by chance.")
COLUMN_KEYS = (
    Column("*", "object", "A column of the table."),
    Column("*.Description", "str", "What it holds."),
    Column("*.Units", "str", "Unit of its numbers.", when=OF_NUMBERS),
    Column("*.Levels", "object", "Its words.", when=OF_WORDS),
    Column("*.Levels.*", "str", "What a word means.", when=OF_WORDS),
)
TABLE_SIDECAR = (*SIDECAR, *COLUMN_KEYS)
READING_LIST = (*SIDECAR, SEED, *COLUMN_KEYS)
AGREEMENT = (
    *SIDECAR,
    SEED,
    Column("Readers", "list", "Codes of the readers."),
    Column("Scans", "int64", "Scans that a reader rated."),
    Column("Overridden", "int64", "Scans of them whose call a person replaced, not the software's."),
    Column("Certainty", "str", "Column of the group table that is taken for the stated certainty."),
    Column("CalibrationError", "float64", "Mean distance of stated certainty and accuracy, or null."),
    *COLUMN_KEYS,
)
MASK_TABLES = (
    *SIDECAR,
    Column("Space", "str", "Template whose space the masks lie in.", when=MASKS),
    Column("Volumes", "str", "Whose millilitres volumes are.", when=MASKS),
    Column("Atlas", "str", "Name and version of the atlas.", when=MASKS),
    Column("AtlasSpace", "str", "Template whose space the atlas lies in.", when=MASKS),
    Column("Notes", "list", NOTES.text, when=MASKS),
    *COLUMN_KEYS,
)
QUALITY = (
    Column("verdict", "str", "The worst of the flags.", levels=QC),
    Column("flags", "list", "The checks."),
    Column("flags[].name", "str", "What was checked; of one contrast, with its name in front."),
    Column("flags[].value", "object", "What was measured, a number or words."),
    Column("flags[].limit", "object", "What it was compared with, a number or words."),
    Column("flags[].ok", "bool", "Whether the check holds."),
    Column(
        "flags[].severity",
        "str",
        "What follows where it does not hold.",
        levels={"warn": "the scan is to be looked at", "fail": "the scan is not to be used"},
    ),
    Column("template_volume_ratio", "float64", "Volume of the brain over the template's.", "ratio"),
)
NORMS = (
    Column("Name", "str", "Name of the norms."),
    *SIDECAR[1:4],
    Column("Atlas", "str", "Name and version of the atlas that controls were measured with."),
    Column("ScannerKey", "str", "Key of sidecars that scanners are told apart by; empty for none."),
    Column("Controls", "object", "How many controls of each sex."),
    Column("Controls.*", "int64", "Controls of one sex."),
    Column("FieldStrengths", "object", "How many controls at each field strength in tesla."),
    Column("FieldStrengths.*", "int64", "Controls at one field strength."),
    Column("Ages", "list", "Ages of the controls.", "years"),
    Column("Knots", "list", "Knots of the spline over age.", "years"),
    Column("Sexes", "list", "Sexes that the regressions tell apart."),
    Column("Scanners", "list", "Scanners that the regressions tell apart."),
    Column("Measures", "list", "The regressions, one for each measure."),
    Column("Measures[].Measure", "str", "What was measured, as in the morphometry table."),
    Column("Measures[].Structure", "str", "Structure that it is of."),
    Column("Measures[].Side", "str", "Its side.", levels=SIDE_WORDS),
    Column("Measures[].Coefficients", "list", "Coefficients, in the order of the design."),
    Column("Measures[].Spread", "list", "Inverse of the design's matrix of squares, row by row."),
    Column("Measures[].ResidualSD", "float64", "SD of the residuals, in the unit that is fitted."),
    Column("Measures[].DegreesOfFreedom", "int64", "Degrees of freedom of the residuals."),
    Column("Measures[].LeftOutSD", "list", "SD of z of controls against the others: young, middle, old."),
    Column("Measures[].LeftOutBeyondTwo", "float64", "Share of them beyond two SD."),
)
ADC_NORM = (
    Column("Name", "str", "Name of the map."),
    *SIDECAR[1:4],
    Column("Units", "str", "Unit of mean and SD."),
    Column("PostmenstrualWeeks", "list", "Least and greatest postmenstrual age of the controls.", "weeks"),
)
DATASET = (
    Column("Name", "str", "Name of the dataset."),
    Column("BIDSVersion", "str", "Version of BIDS that it follows."),
    Column("DatasetType", "str", "Kind of dataset: derivative."),
    Column("License", "str", "Licence of the dataset."),
    *SIDECAR[1:4],
)
ATLAS = (
    Column("Name", "str", "Name of the atlas."),
    Column("*", "object", "What the manifest of the atlas says, handed on as it is."),
)
