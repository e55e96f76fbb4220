"""The words of the pages: what the codes of the tables mean, for readers who do not know them."""

from collections.abc import Mapping
from typing import Any

DISCLAIMER = (
    "Research use only. Not a medical device; not validated for diagnosis, prognosis, treatment or "
    "questions of causation. Automated measurements may be wrong, above all in infants and in brains with "
    "large lesions. Have the findings reviewed by a paediatric neuroradiologist. Not for decisions about "
    "an individual."
)

CLASSES: Mapping[str, str] = {
    "white_matter": "White matter",
    "deep_grey": "Deep grey matter",
    "cortex": "Cortex",
    "brainstem": "Brainstem",
    "cerebellum": "Cerebellum",
}
TISSUES: Mapping[str, str] = {
    **CLASSES,
    "csf": "Ventricles",
    "n/a": "Regions outside the vocabulary",
    "outside": "Outside the atlas",
    "overlay": "Overlays",
}

DOMINANCE: Mapping[str, str] = {
    "white_matter": "Predominant white-matter injury",
    "deep_grey": "Predominant deep grey-matter injury",
    "cortex": "Predominant cortical injury",
    "brainstem": "Predominant brainstem injury",
    "cerebellum": "Predominant cerebellar injury",
    "mixed": "Mixed injury, no tissue predominates",
    "none": "No lesion found",
    "indeterminate": "Indeterminate",
    "not_assessed": "Not assessed",
}

MRICS_GROUPS: Mapping[str, str] = {
    "A": "Maldevelopment",
    "B": "Predominant white-matter injury",
    "C": "Predominant grey-matter injury",
    "D": "Miscellaneous",
    "E": "Normal",
}
MRICS_SUBGROUPS: Mapping[str, str] = {
    "B1": "periventricular leukomalacia pattern",
    "B2": "pattern of a past intraventricular haemorrhage or periventricular haemorrhagic infarction",
    "B3": "periventricular leukomalacia pattern together with that of a past haemorrhage",
    "C1": "basal ganglia and thalamus pattern",
    "C2": "cortico-subcortical pattern (watershed or multicystic)",
    "C3": "arterial infarction pattern",
    "D": "miscellaneous",
    "E": "normal",
}
SIDES: Mapping[str, str] = {"left": "left side", "right": "right side", "both": "both sides"}
QC: Mapping[str, str] = {
    "pass": "Quality checks passed",
    "warn": "Quality checks: look before use",
    "fail": "Quality checks failed: do not use these numbers",
    "not_applicable": "Quality not checked",
}

CHECKS: Mapping[str, str] = {
    "brain_volume_ml": "age, voxel size or brain mask may be wrong, or the brain is unusually small or large",
    "brain_surface_agreement": "the brain may have been cut out wrongly: look at its outline",
    "alignment_error_mm": "this contrast may not lie on the reference",
    "affine_rotation_degrees": "the header may have lost the orientation: left and right are in doubt",
    "affine_stretch_ratio": "the voxel size may be wrong along one axis, or part of the brain is missing",
    "affine_size_ratio": "part of the brain is missing, or the mask holds more than brain",
    "brain_overlap_dice": "the brain mask and the template's brain do not meet",
    "template_similarity": "the registration, the contrast or the image may be wrong",
    "template_local_correlation": "the registration, the contrast or the image may be wrong",
    "lesion_shell_correlation_ratio": "the lesion may have pulled the registration to itself",
    "tissue_overlap_dice": "grey and white matter do not lie where the template's do",
    "brain_cut_share": "part of the brain lies outside the field of view",
    "folded_share": "the transform folds space",
    "jacobian_lowest": "the transform squeezes tissue to nearly nothing",
    "inverse_error_mean_mm": "the way to the template and the way back do not agree",
    "inverse_error_p95_mm": "the way to the template and the way back do not agree",
    "lesion_outside_brain_share": "part of the lesion lies outside the brain",
    "empty_share": "the image shows nothing in part of the brain mask",
    "saturated_share": "bright values were clipped",
    "noise": "the image is noisy, or the head moved",
    "fluid_contrast": "the image does not look like its contrast: fluid against tissue",
    "white_grey_contrast": "the image does not look like its contrast at this age: white against grey matter",
    "white_variation": "white matter is uneven: noise, motion, a bias field, or injury outside the lesion",
    "agreement": "the contrast may show another head, or lies elsewhere than the reference",
    "side_margin": "left and right may be swapped against the reference",
    "shift_mm": "the contrast lay far from the reference",
}
"""What a quality check hints at where it does not hold; of checks of a contrast, without its name."""


def check(name: str) -> str:
    """Return what a quality check hints at: "T2w_side_margin" -> "left and right may be swapped …"."""
    return CHECKS.get(name) or CHECKS.get(name.partition("_")[2], "")


def phrase(code: Any) -> str:
    """Return a code of the tables as plain words: "deep_grey" -> "deep grey"; missing is "n/a"."""
    return "n/a" if missing(code) else str(code).replace("_", " ")


def missing(value: Any) -> bool:
    """Tell whether a value stands for "not known": None, NaN, "" or "n/a"."""
    return value is None or value in ("", "n/a") or value != value


def mrics_words(code: Any) -> str:
    """Say an MRICS group or subgroup in words: "B1" -> "B1: periventricular leukomalacia pattern"."""
    if missing(code):
        return "n/a"
    words = MRICS_SUBGROUPS.get(str(code)) or MRICS_GROUPS.get(str(code), "")
    return f"{code}: {words[:1].lower()}{words[1:]}" if words else str(code)


FOUND_BY = {"detected": " (detected by software)", "lesion_command": " (from lesion_command)"}
"""What the title adds where no reader drew the lesion."""


def headline(
    pattern: Mapping[str, Any], lesion_source: str | None, lesion_voxels: int | None
) -> tuple[str, str]:
    """Return the verdict as a title and a line below it, which may be "".

    pattern: the pattern JSON. lesion_voxels: None where there is no mask at all.
    """
    dominance, mrics = pattern.get("dominance", {}), pattern.get("mrics", {})
    call = dominance.get("call", "not_assessed")
    unscored = call in ("not_assessed", "indeterminate") and not missing(mrics.get("group"))
    if call in ("not_assessed", "indeterminate") and not unscored:
        reason = dominance.get("not_assessed") or mrics.get("not_assessed") or "no reason was given"
        return DOMINANCE[call], sentence(reason)
    if call == "none":
        empty = lesion_source == "given mask" and lesion_voxels == 0
        seen = " (given mask is empty)" if empty else FOUND_BY.get(lesion_source or "", "")
        return DOMINANCE[call] + seen, _mrics_line(mrics)
    by = FOUND_BY.get(lesion_source or "", "")
    if unscored or mrics.get("group") in ("B", "C"):
        return MRICS_GROUPS[mrics["group"]] + by, _mrics_line(mrics)
    return DOMINANCE.get(call, sentence(phrase(call))) + by, _mrics_line(mrics)


def _mrics_line(mrics: Mapping[str, Any]) -> str:
    code = mrics.get("group") if missing(mrics.get("subgroup")) else mrics["subgroup"]
    if missing(code):
        return f"MRICS group not called: {mrics.get('not_assessed') or 'no rule holds'}"
    details = [phrase(mrics["severity"])] if not missing(mrics.get("severity")) else []
    if not missing(mrics.get("side")):
        details.append(SIDES.get(mrics["side"], phrase(mrics["side"])))
    if not missing(mrics.get("territory")):
        details.append(f"territory {phrase(mrics['territory']).removeprefix('territory ').upper()}")
    return ", ".join([f"MRICS {mrics_words(code)}", *details])


def sentence(text: str) -> str:
    """Return a text with a capital at its start."""
    return text[:1].upper() + text[1:]


def age(years: float | None) -> str:
    """Return an age in months below two years, else in years."""
    if years is None or missing(years):
        return "n/a"
    return f"{12 * years:.0f} months" if years < 2 else f"{years:.1f} years"


def confidence(score: Mapping[str, Any]) -> str:
    """Say how often a call stays, and what it turns into: "87 % of repetitions keep it; else C1 (13 %)"."""
    share = score.get("confidence")
    if missing(share):
        return "n/a (not called, or not measured)"
    if score.get("not_assessed"):
        return sentence(score["not_assessed"])
    others = [f"{phrase(other['call'])} ({other['share']:.0%})" for other in score.get("alternatives") or []]
    kept = f"{share:.0%} of repetitions keep it"
    return f"{kept}; else {', '.join(others)}" if others else kept


TAGS = (
    "S: read in the source · S2: read in a source that restates it · K: general knowledge, not verified · "
    "D: a definition of this project."
)
SCALES: Mapping[str, str] = {
    "fiori": "Fiori sqMRI",
    "barkovich": "Barkovich BG + W",
    "nichd": "NICHD pattern",
}


def scale(name: str) -> str:
    """Return what a scale is called."""
    return SCALES.get(name, name)


def scale_total(result: Mapping[str, Any]) -> str:
    """Say a scale's total: "6 to 9 of 40", "2A"."""
    least, most = result["range"]
    return points(least, most, result["maximum"])


def points(least: Any, most: Any, highest: Any = None) -> str:
    """Say points, or levels: "0.5", "0 to 0.5", "6 to 9 of 40"; levels go without their highest."""
    low, high = (value if isinstance(value, str) else f"{value:g}" for value in (least, most))
    text = low if low == high else f"{low} to {high}"
    return text if highest is None or isinstance(highest, str) else f"{text} of {highest:g}"
