"""Does an atlas hold what the chosen scorers need? Asked before anything is registered."""

from cpimaging.scorers import AnyScorer, chosen_scorers
from cpimaging.scorers.base import halved
from cpimaging.types import Atlas, InputError

CURE = "choose another atlas, or fewer scorers (none gives the load tables alone)"


def check_fit(atlas: Atlas, name: str, scorers: str = "all") -> None:
    """Raise InputError that names what a chosen scorer needs and the atlas lacks.

    scorers: as in `chosen_scorers`.
    """
    for problem in filter(None, unfit(atlas, scorers).values()):
        raise InputError(name, problem, CURE)


def unfit(atlas: Atlas, scorers: str = "all") -> dict[str, str]:
    """Return by chosen scorer what it needs and the atlas lacks; "" where the atlas serves it."""
    overlays = [region for overlay in atlas.overlays.values() for region in overlay.regions]
    sides: dict[str, set[str]] = {}
    for region in (*atlas.dseg.regions, *overlays):
        sides.setdefault(region.structure, set()).add(region.side)
    return {name: _problem(scorer, sides) for name, scorer in chosen_scorers(scorers).items()}


def _problem(scorer: AnyScorer, sides: dict[str, set[str]]) -> str:
    missing, one_sided = scorer.missing(sides), halved(sides, scorer.requires)
    if missing:
        return f"lacks {', '.join(missing)}, which the scorer {scorer.name} needs"
    if one_sided:
        return f"has one side only of {', '.join(one_sided)}; the scorer {scorer.name} needs both"
    return ""
