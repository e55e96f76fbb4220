"""What each injury pattern looks like, read from `recipes.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from cpimaging.io import read_yaml

Point = tuple[float, float, float]
Range = tuple[float, float]


@dataclass(frozen=True)
class Part:
    """One tapered tube of a lesion, given for the right hemisphere in template mm.

    It runs from `start_mm` to `end_mm`; its radius changes evenly from the first to the second value.
    chance: share of subjects (each side by itself) that have it. limits_mm: distance -> allowed range.
    """

    name: str
    start_mm: Point
    end_mm: Point
    radius_mm: Range
    chance: float = 1.0
    limits_mm: Mapping[str, Range] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """One injury pattern: the true call, and how its lesion is drawn.

    sides: both hemispheres, or one at random. variants: one is chosen at random; each is a set of parts.
    size: range of the factor on all radii. jitter_mm: SD of the shift of each part. roughness_mm: SD of the
    noise on the border. cavity_mm: depth under the border beyond which tissue is lost to fluid (None:
    nowhere). push_mm: range of the outward shift of the ventricle wall. mrics_secondary: the second pattern
    of the truth, "n/a" if there is none. hard: left out unless named or mixed in. together: recipes that are
    drawn in one brain; the other fields of drawing are theirs.
    """

    pattern: str
    mrics_group: str
    mrics_subgroup: str
    dominance: str
    sides: Literal["both", "one"] = "both"
    variants: tuple[tuple[Part, ...], ...] = ()
    size: Range = (0.85, 1.15)
    jitter_mm: float = 2.0
    roughness_mm: float = 1.5
    cavity_mm: float | None = None
    push_mm: Range = (0.0, 0.0)
    mrics_secondary: str = "n/a"
    hard: bool = False
    together: tuple["Recipe", ...] = ()


SEVERITIES = {"mild": (0.85, 0.5), "moderate": (1.0, 1.0), "severe": (1.2, 1.6)}
"""Factors on the radii, and on the shift of the ventricle wall [ours]."""


def graded(recipe: Recipe, severity: str) -> Recipe:
    """Return a recipe with lesions and ventricles smaller or larger by a word of SEVERITIES."""
    size, push = SEVERITIES[severity]
    return replace(
        recipe,
        size=(size * recipe.size[0], size * recipe.size[1]),
        push_mm=(push * recipe.push_mm[0], push * recipe.push_mm[1]),
        together=tuple(graded(one, severity) for one in recipe.together),
    )


def load_recipes() -> dict[str, Recipe]:
    """Return the recipes by pattern name, in the order in which simulated subjects cycle through them."""
    content = read_yaml(Path(__file__).with_suffix(".yaml"))
    recipes: dict[str, Recipe] = {}
    for pattern, entry in content.items():
        parts = tuple(recipes[name] for name in entry.pop("together", ()))
        push_mm = max((part.push_mm for part in parts), default=(0.0, 0.0))
        recipes[pattern] = _recipe(pattern, {"push_mm": push_mm, **entry, "together": parts})
    return recipes


def _recipe(pattern: str, entry: Mapping[str, Any]) -> Recipe:
    variants = tuple(tuple(_part(part) for part in parts) for parts in entry.get("variants", ()))
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    return Recipe(**{**fields, "pattern": pattern, "variants": variants})


def _part(entry: Mapping[str, Any]) -> Part:
    limits = {name: (float(low), float(high)) for name, (low, high) in entry.get("limits_mm", {}).items()}
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    return Part(**{**fields, "limits_mm": limits})
