"""The record of a detector: what it is for, what it needs, and its function."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from cpimaging.lesions.detect.findings import Finding, nothing
from cpimaging.lesions.detect.inputs import Scene


@dataclass(frozen=True)
class Detector:
    """A detector: the contrasts that it cannot do without, its ages, its function, and its words.

    search: finds lesions in a scene that has the contrasts and the age. finds: in words, for the docs.
    ages_years: first and last age, both included. known_age: not where the age is unknown. other_age: what
    is told of a scan at another age. beside: looks in any case; of the others the first that can. quiet:
    why it did not look is told only at its ages, or where no other has a reason.
    """

    name: str
    contrasts: tuple[str, ...]
    search: Callable[[Scene], Finding]
    finds: str
    ages_years: tuple[float, float] = (0.0, math.inf)
    known_age: bool = False
    other_age: str = ""
    beside: bool = False
    quiet: bool = False

    def look(self, scene: Scene) -> Finding:
        """Search the scene, or say why not."""
        missing = [name for name in self.contrasts if name not in scene.images]
        if missing:
            return nothing(scene, f"no {' and no '.join(missing)}")
        return self.search(scene) if self.is_for(scene.age_years) else nothing(scene, self.other_age)

    def is_for(self, age_years: float | None) -> bool:
        """Tell whether it looks at scans of this age."""
        if age_years is None:
            return not self.known_age
        first, last = self.ages_years
        return not (age_years < first or age_years > last)

    def is_told(self, scene: Scene) -> bool:
        """Tell whether a scan that others searched is told why this one did not look."""
        wanted = not self.quiet or self.is_for(scene.age_years)
        return wanted and all(name in scene.images for name in self.contrasts)
