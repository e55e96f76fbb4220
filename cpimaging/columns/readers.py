"""The columns of the tables of readings, and of agreement with them."""

from cpimaging.columns import PARTICIPANT, SESSION, Column
from cpimaging.words import SEVERITIES

READING_LIST = (
    Column("case", "str", "Number of the scan in the reading list."),
    PARTICIPANT,
    SESSION,
)
READINGS = (
    Column("case", "str", "Number of the scan in the reading list."),
    Column("reader", "str", "Code of the reader."),
    Column("mrics_subgroup", "str", "Subgroup of MRICS, or the group where it has none."),
    Column(
        "severity",
        "str",
        "Severity.",
        levels=SEVERITIES,
    ),
    Column("fiori", "float64", "Points of Fiori's scale.", "points"),
    Column("comment", "str", "What the reader wants to say."),
)
"""Of the sheet that readers fill in."""
QUESTION = Column(
    "question",
    "str",
    "What was asked.",
    levels={
        "mrics_group": "group of MRICS",
        "mrics_subgroup": "subgroup of MRICS",
        "severity": "severity, mild to severe",
        "fiori": "points of Fiori's scale",
    },
)
CASES = Column("cases", "int64", "Scans that it is made of.")


def _ends(name: str = "", unit: str = "1") -> list[Column]:
    return [
        Column(f"{name}{end}", "float64", f"{which} end of its 95 % interval.", unit)
        for end, which in (("low", "Lower"), ("high", "Upper"))
    ]


AGREEMENT = (
    QUESTION,
    Column(
        "figure",
        "str",
        "Which figure.",
        levels={
            "agreement": "share of the pairs of ratings of one scan that are the same",
            "cohen_kappa": "Cohen's kappa",
            "weighted_kappa": "Cohen's kappa with quadratic weights",
            "fleiss_kappa": "Fleiss' kappa",
            "gwet_ac1": "Gwet's AC1",
            "icc": "intraclass correlation, absolute agreement of single raters",
            "bias": "mean difference, software minus readers, points",
            "lower_limit": "lower limit of agreement, points",
            "upper_limit": "upper limit of agreement, points",
        },
    ),
    Column("raters", "str", "Raters, with commas; consensus: what more than half of the readers said."),
    Column("value", "float64", "The figure."),  # a share, or points
    *_ends(unit=""),
    CASES,
)
AGREEMENT_WORDS = (
    QUESTION,
    Column("word", "str", "Group or subgroup."),
    Column("readers", "int64", "Scans that the readers' consensus gives it."),
    Column("software", "int64", "Scans with a consensus that the software gives it."),
    Column("sensitivity", "float64", "Share of the readers' scans that the software gives it as well.", "1"),
    *_ends("sensitivity_"),
    Column("ppv", "float64", "Share of the software's scans that the readers give it as well.", "1"),
    *_ends("ppv_"),
)
ACCURACY = (
    Column("accuracy", "float64", "Share of these scans that the readers' consensus agrees with.", "1"),
    *_ends("accuracy_"),
    CASES,
)
AGREEMENT_COVERAGE = (
    Column("certainty", "float64", "Least certainty that the software states for the group.", "1"),
    Column("coverage", "float64", "Share of scans with a consensus that is called at least so surely.", "1"),
    *ACCURACY,
)
AGREEMENT_CALIBRATION = (
    Column("certainty", "float64", "Mean certainty that the software states for the group, one bin.", "1"),
    *ACCURACY,
)
