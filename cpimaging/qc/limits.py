"""The limits of the quality checks, and how a value becomes a flag.

Ours unless a source is named; set on half of the cases of benchmarks/sabotage.py, see
docs/method/registration.md.
"""

from cpimaging.types import Flag

# --- scan against warped template
BRAIN_DICE_WARN, BRAIN_DICE_FAIL = 0.93, 0.85
SIMILARITY_WARN, SIMILARITY_FAIL = 0.10, 0.03
LOCAL_CORRELATION_LIKE_TEMPLATE = (0.40, 0.20)
LOCAL_CORRELATION_OTHER = (0.25, 0.15)
"""Warn, fail: for a T1w past two years of age, and for all others, which look less like the T1w template."""
SHELL_RATIO_WARN = 0.5
SHELL_MM = 10.0
TISSUE_DICE_WARN = {"T1w": 0.68, "T2w": 0.45}
CUT_SHARE_WARN, CUT_SHARE_FAIL = 0.05, 0.25

# --- transform
FOLDED_SHARE_WARN, FOLDED_SHARE_FAIL = 1e-4, 1e-2
JACOBIAN_LOWEST_WARN = 0.1
INVERSE_MEAN_WARN_MM, INVERSE_P95_WARN_MM = 0.5, 1.5
ROTATION_WARN_DEGREES = 45.0
STRETCH_RATIO_WARN = 1.4
SIZE_EXPLAINED = (0.7, 1.4)

# --- image
BRAIN_ML_BY_AGE = (
    (0.25, (150.0, 700.0)),
    (1.0, (300.0, 1200.0)),
    (3.0, (500.0, 1700.0)),
    (150.0, (700.0, 2100.0)),
)
"""Up to this age in years, the brain's volume lies between these ml.

Wide on purpose: small brains are common in cerebral palsy, and masks differ by a third in how much fluid
they hold. The brain doubles in its first year (Knickmeyer et al. 2008, J Neurosci 28:12176).
"""
BRAIN_ML_UNKNOWN_AGE = (150.0, 2100.0)
BRAIN_ML_FAIL = (100.0, 2500.0)
SURFACE_AGREEMENT_WARN = 0.9
"""See docs/method/brain.md; below 0.8 the brain counts as not found."""
EMPTY_SHARE_WARN, EMPTY_SHARE_FAIL = 0.02, 0.15
SATURATED_SHARE_WARN = 0.005
NOISE_WARN = 0.12
OUTSIDE_SHARE_WARN = 0.05

# --- contrasts
CONTRAST_SHIFT_WARN_MM = 10.0
ALIGNMENT_ERROR_WARN_MM = 1.5
AGREEMENT_WARN = 0.1
SIDE_WARN, SIDE_FAIL = 0.0, 0.0
FLUID_WARN, FLUID_FAIL = 0.0, -0.1
WHITE_GREY_WARN = {"T1w": 0.12, "T2w": 0.05, "FLAIR": -0.05}
WHITE_VARIATION_WARN = 0.09
MATURE_YEARS = 2.0
"""From this age on white and grey matter look as in adults (Paus et al. 2001, Brain Res Bull 54:255)."""


def at_least(name: str, value: float, warn: float, fail: float | None = None) -> Flag:
    """Return the flag of a value that should reach a limit."""
    if fail is not None and not value >= fail:
        return Flag(name, value, fail, False, "fail")
    return Flag(name, value, warn, bool(value >= warn))


def at_most(name: str, value: float, warn: float, fail: float | None = None) -> Flag:
    """Return the flag of a value that should not pass a limit."""
    if fail is not None and not value <= fail:
        return Flag(name, value, fail, False, "fail")
    return Flag(name, value, warn, bool(value <= warn))


def within(
    name: str, value: float, warn: tuple[float, float], fail: tuple[float, float] | None = None
) -> Flag:
    """Return the flag of a value that should lie in a range."""
    if fail is not None and not fail[0] <= value <= fail[1]:
        return Flag(name, value, f"{fail[0]:g}–{fail[1]:g}", False, "fail")
    return Flag(name, value, f"{warn[0]:g}–{warn[1]:g}", bool(warn[0] <= value <= warn[1]))
