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

    The one place where scorers read norms: rows "group_volume_z" of the morphometry table. A lobe that the
    image does not show whole is left out.
    """
    ventricles = injury.measure("group_volume_z", "ventricles", "midline")
    lobes = [
        injury.measure("group_volume_z", f"white_matter_{lobe}", side) for lobe in LOBES for side in SIDES
    ]
    seen = [lobe for lobe in lobes if not math.isnan(lobe)]
    return Norms(ventricles, sum(seen) / len(seen) if seen else math.nan)


def beyond_norms(injury: Injury, trace: Trace) -> bool:
    """Tell whether tissue is lost: ventricles or white matter lie beyond norms; never without norms."""
    found = against_norms(injury)
    if math.isnan(found.ventricles) and math.isnan(found.white_matter):
        trace.note("tissue loss against norms", NO_NORMS, "ventricles and white matter of controls")
        return False
    wide = trace.at_least("ventricles against norms, z", found.ventricles, "loss_z")
    return trace.at_least("white matter against norms, −z", -found.white_matter, "loss_z") or wide


def measured(injury: Injury, group: str) -> bool:
    """Tell whether a group was compared with the template on both sides."""
    return not any(math.isnan(injury.ratio(group, side)) for side in SIDES)


def unlike_template(injury: Injury, trace: Trace) -> bool:
    """Tell whether ventricles or white matter differ from the template so much that normal cannot be said."""
    wide = trace.at_least("larger lateral ventricle", injury.ventricle_ratio(), "unusual_ventricle_ratio")
    sides = [injury.ratio("white_matter", side) for side in SIDES]
    white = min((ratio for ratio in sides if not math.isnan(ratio)), default=math.nan)
    return trace.below("smaller white matter", white, "unusual_white_matter_ratio") or wide
