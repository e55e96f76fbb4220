"""Ghosts told in images that have one, and in images that have none.

A shifted, fainter copy of the head is added to simulated brains with the variants of healthy ones, with and
without lesions, and to the real scans of ../shared/data where they are present. Prints a line per image,
and the counts.

    python benchmarks/ghosts.py [--brains 12]
"""

import argparse
from collections import Counter
from collections.abc import Iterator

import lesions
import numpy as np

from cpimaging.atlases import load_atlas, load_template
from cpimaging.lesions.detect import make_scene
from cpimaging.lesions.detect.ghosts import P, ghost_strength
from cpimaging.registration.engines import ENGINES
from cpimaging.types import Image

SEED = 68_000
STRENGTHS = (0.2, 0.1)
SHIFT_MM = (70.0, 100.0)
SIGN = {"FLAIR": 1, "T1w": -1}


def cases(brains: int) -> Iterator[tuple[str, lesions.Case]]:
    """Yield names and scans: patterns and controls in turn."""
    prepared = lesions.preparer()
    patterns = [*lesions.SIZE, "none"]
    for index in range(brains):
        pattern = patterns[index % len(patterns)]
        yield f"simulated {pattern}", lesions.simulated(pattern, SEED + index, 2.0, prepared)
    if lesions.REAL.is_dir():
        for scan in ("sub-ms07", "sub-ms26"):
            yield scan, lesions.real_case(scan, lesions.CONTRASTS)


def affine_fit(case: lesions.Case) -> np.ndarray:
    """Return the affine fit of the scan to the template."""
    return ENGINES["greedy"].method.affine(case.images["T1w"], load_template().t1w, None)


def strength_in(case: lesions.Case, matrix: np.ndarray, contrast: str) -> float:
    """Return how strong the ghost is that is seen in one contrast."""
    maps = {"grey": load_template().gm, "white": load_template().wm}
    scene = make_scene(case.images, case.brain, maps, load_atlas("embedded"), matrix, case.age_years)
    return ghost_strength(scene, contrast, SIGN[contrast])


def with_ghost(image: Image, brain: Image, strength: float, axis: int, shift_mm: float) -> Image:
    """Add the head once more, moved along an axis of the voxels."""
    copy = np.roll(image.data, round(shift_mm / image.spacing_mm[axis]), axis)
    return image.with_data(np.where(brain.data, image.data + strength * copy, 0).astype(np.float32))


def drawn(rng: np.random.Generator) -> Iterator[tuple[float, int, float]]:
    """Yield strength, axis and shift of no ghost, then of ghosts along each axis."""
    yield 0.0, 0, 0.0
    for strength in STRENGTHS:
        for axis in range(3):
            yield strength, axis, float(rng.uniform(*SHIFT_MM))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--brains", type=int, default=12)
    told: Counter[float] = Counter()
    trials: Counter[float] = Counter()
    rng = np.random.default_rng(SEED)
    for name, case in cases(parser.parse_args().brains):
        matrix = affine_fit(case)
        for contrast in SIGN:
            found = []
            for strength, axis, shift_mm in drawn(rng):
                spoilt = with_ghost(case.images[contrast], case.brain, strength, axis, shift_mm)
                other = case._replace(images={**case.images, contrast: spoilt})
                found.append(strength_in(other, matrix, contrast))
                trials[strength] += 1
                told[strength] += found[-1] >= P.limit
            seen = " ".join(f"{value:.2f}" for value in found[1:])
            print(f"{name}, {contrast}: clean {found[0]:.2f}, ghosts {seen}", flush=True)
    for strength, n in trials.items():
        print(f"ghost of {strength:g}: told in {told[strength]} of {n}")


if __name__ == "__main__":
    main()
