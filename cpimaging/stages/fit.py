"""Does an atlas hold what the scorers need? Asked before anything is registered."""

from cpimaging.scorers import SCORERS
from cpimaging.types import Atlas, InputError


def check_fit(atlas: Atlas, name: str) -> None:
    """Raise InputError that names the structures which a scorer needs and the atlas lacks."""
    overlays = [region for overlay in atlas.overlays.values() for region in overlay.regions]
    structures = {region.structure for region in (*atlas.dseg.regions, *overlays)}
    for scorer in SCORERS.values():
        missing = scorer.missing(structures)
        if missing:
            problem = f"lacks {', '.join(missing)}, which the scorer {scorer.name} needs"
            raise InputError(name, problem, "choose another atlas")
