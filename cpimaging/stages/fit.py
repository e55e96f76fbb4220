"""Does an atlas hold what the chosen scorers need? Asked before anything is registered."""

from cpimaging.scorers import chosen_scorers
from cpimaging.scorers.base import halved
from cpimaging.types import Atlas, InputError

CURE = "choose another atlas, or fewer scorers (none gives the load tables alone)"


def check_fit(atlas: Atlas, name: str, scorers: str = "all") -> None:
    """Raise InputError that names what a chosen scorer needs and the atlas lacks.

    scorers: as in `chosen_scorers`.
    """
    overlays = [region for overlay in atlas.overlays.values() for region in overlay.regions]
    sides: dict[str, set[str]] = {}
    for region in (*atlas.dseg.regions, *overlays):
        sides.setdefault(region.structure, set()).add(region.side)
    for scorer in chosen_scorers(scorers).values():
        missing = scorer.missing(sides)
        if missing:
            problem = f"lacks {', '.join(missing)}, which the scorer {scorer.name} needs"
            raise InputError(name, problem, CURE)
        one_sided = halved(sides, scorer.requires)
        if one_sided:
            problem = f"has one side only of {', '.join(one_sided)}; the scorer {scorer.name} needs both"
            raise InputError(name, problem, CURE)
