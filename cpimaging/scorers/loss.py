"""Lost tissue: what norms say of ventricles and white matter. It grades a pattern and never chooses one."""

import math
from typing import NamedTuple

from cpimaging.scorers.base import Trace
from cpimaging.scorers.injury import Injury
from cpimaging.words import HEMISPHERES as SIDES
from cpimaging.words import LOBES

NO_NORMS = "no norms"


class Norms(NamedTuple):
    """z-scores of a scan, NaN where there are no norms for it."""

    ventricles: float
    white_matter: float

    @property
    def known(self) -> bool:
        """Tell whether both are known."""
        return not math.isnan(self.ventricles) and not math.isnan(self.white_matter)


def against_norms(injury: Injury) -> Norms:
    """Return how far ventricles and white matter (mean of lobes) are from norms of the scan's age and sex.

    The one place where scorers read norms: rows "group_volume_z" of the morphometry table.
    """
    ventricles = injury.measure("group_volume_z", "ventricles", "midline")
    lobes = [
        injury.measure("group_volume_z", f"white_matter_{lobe}", side) for lobe in LOBES for side in SIDES
    ]
    return Norms(ventricles, sum(lobes) / len(lobes))


def beyond_norms(injury: Injury, trace: Trace) -> bool:
    """Tell whether tissue is lost: ventricles or white matter lie beyond norms; never without norms."""
    found = against_norms(injury)
    if not found.known:
        trace.note("tissue loss against norms", NO_NORMS, "ventricles and white matter of controls")
        return False
    wide = trace.at_least("ventricles against norms, z", found.ventricles, "loss_z")
    return trace.at_least("white matter against norms, −z", -found.white_matter, "loss_z") or wide


def unlike_template(injury: Injury, trace: Trace) -> bool:
    """Tell whether ventricles or white matter differ from the template so much that normal cannot be said."""
    wide = trace.at_least("larger lateral ventricle", injury.ventricle_ratio(), "unusual_ventricle_ratio")
    white = min(injury.ratio("white_matter", side) for side in SIDES)
    return trace.below("smaller white matter", white, "unusual_white_matter_ratio") or wide
