"""Normal findings that look like lesions: each rule names itself and says how much it took away."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from cpimaging.lesions.detect.scene import Bool, Finding, Scene
from cpimaging.lesions.detect.settle import EVERYWHERE

LEAST_MM3, LEAST_VOXELS = 15.0, 3
WALL_MM = 3.0  # normal rim and caps lie within this of the ventricle [ours]
RIM_RADIUS_MM = 1.6  # and are thinner than twice this [ours]
PLEXUS_SHARE = 0.5
SULCUS_SHARE = 0.3
MIDLINE_SHARE = 0.5
TERMINAL_ZONE_YEARS = 4.0
"""Until about then the white matter behind the trigones may be unmyelinated (Parazzini et al. 2002, AJNR
23:1669: seen up to the fourth decade, mostly under 4 years) [K]; the age limit is ours."""


@dataclass(frozen=True)
class Piece:
    """One connected piece of a mask: its voxels within its bounding box, and the box."""

    inside: Bool
    box: tuple[slice, slice, slice]
    voxel_mm3: float

    @property
    def mm3(self) -> float:
        """Volume."""
        return float(self.inside.sum()) * self.voxel_mm3


@dataclass(frozen=True)
class Surroundings:
    """Distances in mm that rules ask for, on the grid of the scene."""

    scene: Scene
    wall_mm: np.ndarray
    depth_mm: np.ndarray

    def of(self, field: np.ndarray, piece: Piece) -> np.ndarray:
        """Return the values of a field in a piece."""
        values: np.ndarray = field[piece.box][piece.inside]
        return values


Rule = Callable[[Piece, Surroundings], bool]


def minimum_size(piece: Piece, near: Surroundings) -> bool:
    """Smaller than can be told from noise."""
    return piece.mm3 < LEAST_MM3 or piece.inside.sum() < LEAST_VOXELS


def choroid_plexus(piece: Piece, near: Surroundings) -> bool:
    """Bright within a ventricle: choroid plexus, or flow of the fluid."""
    return float((near.of(near.wall_mm, piece) <= 0).mean()) >= PLEXUS_SHARE


def sulcus_or_vessel(piece: Piece, near: Surroundings) -> bool:
    """Where the template has fluid: sulcus, cistern or vessel."""
    return float(near.of(near.scene.shares["fluid"], piece).mean()) >= SULCUS_SHARE


def rim_or_cap(piece: Piece, near: Surroundings) -> bool:
    """A thin line along the ventricle wall."""
    at_wall = float(near.of(near.wall_mm, piece).max()) <= WALL_MM
    return at_wall and float(near.of(near.depth_mm, piece).max()) <= RIM_RADIUS_MM


RULES: Mapping[str, Rule] = {
    "minimum size": minimum_size,
    "choroid plexus or flow in the ventricle": choroid_plexus,
    "sulcus, cistern or vessel": sulcus_or_vessel,
    "rim or cap of the ventricle": rim_or_cap,
}


def apply_rules(finding: Finding, scene: Scene, rules: Mapping[str, Rule] = RULES) -> Finding:
    """Take away pieces to which a rule applies, the first one counting; note what each took."""
    if not finding.mask.any():
        return finding
    sampling = scene.spacing_mm
    depth_mm = ndimage.distance_transform_edt(np.pad(finding.mask, 1), sampling=sampling)[1:-1, 1:-1, 1:-1]
    depth_mm -= 0.5 * min(sampling)  # from a voxel's centre to the surface
    wall_mm = (
        ndimage.distance_transform_edt(~scene.ventricles, sampling=sampling)
        if scene.ventricles.any()
        else np.full(scene.brain.shape, np.inf)
    )
    near = Surroundings(scene, wall_mm, depth_mm)
    pieces, _ = ndimage.label(finding.mask, EVERYWHERE)
    kept, rejected = finding.mask.copy(), dict(finding.rejected)
    for number, box in enumerate(ndimage.find_objects(pieces), start=1):
        piece = Piece(pieces[box] == number, box, scene.voxel_mm3)
        name = next((name for name, rule in rules.items() if rule(piece, near)), None)
        if name:
            kept[box][piece.inside] = False
            rejected[name] = rejected.get(name, 0.0) + piece.mm3
    origin = np.where(kept, finding.origin, 0).astype(np.uint8)
    return replace(finding, mask=kept, origin=origin, rejected=rejected)
