"""What scorers give: the content of a pattern JSON, typed, and the keys that all results share."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict, cast

from cpimaging.columns import Column

Number = float | None
Points = float | str
"""Points of a scale, or the name of a level."""
Value = float | str | None
"""A cell of a table."""


class Step(TypedDict):
    """One step of a decision, as `Evidence`."""

    rule: str
    value: float | str
    limit: float | str
    source: str


class Alternative(TypedDict):
    """What else came out of the repetitions, and its share of them."""

    call: str
    share: Number


class Result(TypedDict):
    """What every result has: the steps, and why nothing was scored, or None."""

    evidence: list[Step]
    not_assessed: str | None


class CallResult(Result):
    """What a call has once its repetitions are counted (`score_surely`)."""

    confidence: NotRequired[Number]
    alternatives: NotRequired[list[Alternative]]


class DominanceResult(CallResult):
    """Content of "dominance"."""

    call: str
    index: Number
    shares: dict[str, Number]
    sides: dict[str, dict[str, Number]]
    laterality_index: Number


class MricsResult(CallResult):
    """Content of "mrics"."""

    group: str
    subgroup: str
    severity: str | None
    territory: str | None
    side: str | None
    secondary: list[str]
    ground: str | None
    severity_stability: Number
    expected_agreement: Number
    unusual: list[str]
    discordant: list[str]
    instead: list[str]
    subgroup_confidence: NotRequired[Number]


class ScaleItem(TypedDict):
    """One item of a scale, as `scales.evaluate.Item`."""

    name: str
    side: str
    section: str
    measured: float | str | None
    unit: str
    limit: str
    points: list[float]
    highest: float
    source: str
    why: str | None


class ScaleResult(Result):
    """Content of a scale below "scales"."""

    total: Points | None
    range: list[Points] | None
    maximum: Points | None
    sections: dict[str, list[Points]]
    items: list[ScaleItem]
    spread: NotRequired[list[Points] | None]


class Replaced(TypedDict):
    """A word that a person set, and the software's own."""

    set: str
    software: str


class OverrideContent(TypedDict):
    """What a person set instead of the software, and why."""

    dominance: Replaced | None
    mrics: Replaced | None
    qc: Replaced | None
    reason: str


class Pattern(TypedDict, total=False):
    """Content of a pattern JSON; calls that were registered beside these two stand beside them."""

    dominance: DominanceResult
    mrics: MricsResult
    scales: dict[str, ScaleResult]
    override: OverrideContent | None
    out_of_group: str | None


def answer(result: Mapping[str, object], key: str) -> str:
    """Return an answer of a result, by its key."""
    return cast(str, result[key])


WHY_NOT = "Why there is no MRICS group, or where there is one, no dominance."

STEP_KEYS = (
    Column("evidence", "list", "The steps of the decision, in order."),
    Column("evidence[].rule", "str", "What was asked."),
    Column("evidence[].value", "object", "What was measured, a number or words."),
    Column("evidence[].limit", "object", "What it was compared with, n/a where with nothing."),
    Column("evidence[].source", "str", "Where the limit comes from, with its tag."),
    Column("not_assessed", "str", "Why nothing was called or scored, or null."),
)
"""Keys of every result."""

UNSURE = "where a call is not sure"
REPEATED = "where calls were repeated"
CALL_KEYS = (
    *STEP_KEYS,
    Column(
        "confidence",
        "float64",
        "Share of the repetitions that keep the call, null where none is.",
        when=REPEATED,
    ),
    Column("alternatives", "list", "What else came out of the repetitions.", when=REPEATED),
    Column("alternatives[].call", "str", "The other call.", when="where a call is not sure"),
    Column(
        "alternatives[].share",
        "float64",
        "Its share of the repetitions, null where they were not made.",
        when="where a call is not sure",
    ),
)
"""Keys of every call."""

OVERRIDE_KEYS = (
    Column("override", "object", "What a person set instead of the software, or null."),
    *(
        Column(f"override.{name}", "object", text, when="where a person decided")
        for name, text in {
            "dominance": "The word of dominance, or null.",
            "dominance.set": "What the person set.",
            "dominance.software": "What the software had called.",
            "mrics": "The MRICS group or subgroup, or null.",
            "mrics.set": "What the person set.",
            "mrics.software": "What the software had called.",
            "qc": "The verdict on quality, or null.",
            "qc.set": "What the person set.",
            "qc.software": "What the checks had said.",
            "reason": "Why, in the person's words.",
        }.items()
    ),
)
