"""Normal findings that look like lesions: each rule names itself and says how much it took away."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.lesions.detect.healthy_model import FOLDED
from cpimaging.lesions.detect.inputs import CAVITY, GROUPS, Bool, Finding, Float, Scene
from cpimaging.lesions.detect.regions import EVERYWHERE

LEAST_MM3, LEAST_VOXELS = 15.0, 3
FAR_MM = 1e3  # from a ventricle, where none is known
WALL_MM = 3.0  # normal rim and caps lie within this of the ventricle [ours]
RIM_RADIUS_MM = 1.6  # and are thinner than twice this [ours]
RIM_REACH_MM = 4.0  # along the wall, what is this near to a thick part of a lesion belongs to it [ours]
CAP_MM, SMALL_MM3, FAINT = 5.0, 600.0, 3.0
"""A small piece within CAP_MM of a ventricle, or in the tract, must stand out by FAINT SD of white matter."""

SUPPORT, UNSUPPORTED = 1.0, 3.5
"""A piece this dark on T1w, in SD of white matter, is more than slow myelination; a piece that stands out by
less than UNSUPPORTED must be this dark (ours)."""

CORTEX_MM3 = 1500.0
CORTEX_SHARE, OVER_GREY = 0.1, 1.5
PAIR_SHARE, PAIR_OVER_GREY, MOSTLY_FOLDED = 0.2, 2.0, 0.9
"""A piece up to this size near cortex may be a gyrus that the template has elsewhere, unless it stands out
from grey matter by so many SD of it; where two contrasts are read, by PAIR_OVER_GREY on FLAIR or by OVER_GREY
on the other (ours)."""

WITHIN_CORTEX, WITHIN_SUPPORT, WITHIN_MM3 = 0.6, 2.0, 5000.0
"""A piece with this share of cortex and less support on T1w may be larger: bright insula (ours)."""

TRACT_SHARE = 0.5
OPTIC_RADIATION = list(GROUPS).index("optic radiation")
TERMINAL_SHARE, TERMINAL_MM3 = 0.3, 1500.0
"""Terminal zones of myelination by the trigones are faintly bright in childhood and later (Parazzini et al.
2002, AJNR 23:1669) [K]; share and size are ours."""

TRACTS = [list(GROUPS).index(name) for name in ("internal capsule", "corticospinal tract")]
THIN_RADIUS_MM, THIN_MM3, THIN_FAINT_MM3 = 2.0, 300.0, 1500.0
"""Where fluid looks like a lesion, a piece this thin may be a space around a vessel, a larger faint one a
tract (ours)."""

PLEXUS_SHARE = 0.5
SULCUS_SHARE = 0.3
WIDE_SHARE, WIDE_MM, WIDE_WHITE, WIDE_WHITE_SHARE = 0.3, 12.0, 0.3, 0.3
"""A piece with so much fluid, half of it this near to the surface of the brain, is outer fluid, unless the
template has this share of white matter in so much of it, and two contrasts tell it from tissue (ours)."""


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
    """What rules ask for, on the grid of the scene.

    wall_mm: distance to a ventricle. depth_mm: under the surface of the piece. surface_mm: under that of the
    brain. fluid: what is found as a cavity. shift: how much brighter (or darker) than healthy tissue, in SD
    of white matter; support: the same in a second contrast; over_grey and support_over_grey: than grey
    matter, in SD of it, where FLAIR is read. All inf where not measured. paired: a second contrast was read.
    fluid_alike: fluid is bright, or dark, as lesions are.
    """

    scene: Scene
    wall_mm: Float
    depth_mm: Float
    surface_mm: Float
    fluid: Bool
    shift: Float
    support: Float
    over_grey: Float
    support_over_grey: Float
    paired: bool = False
    fluid_alike: bool = False

    def of(self, field: NDArray[Any], piece: Piece) -> NDArray[Any]:
        """Return the values of a field in a piece."""
        values: NDArray[Any] = field[piece.box][piece.inside]
        return values

    def is_faint(self, piece: Piece, small_mm3: float = SMALL_MM3) -> bool:
        """Tell whether a piece is small and stands out little."""
        return piece.mm3 < small_mm3 and float(np.median(self.of(self.shift, piece))) < FAINT

    def is_supported(self, piece: Piece, least: float = SUPPORT) -> bool:
        """Tell whether a second contrast clearly shows a piece as well."""
        support = float(np.median(self.of(self.support, piece)))
        return np.isfinite(support) and support >= least


SIGNALS = ("shift", "support", "over_grey", "support_over_grey")
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


def wide_sulcus(piece: Piece, near: Surroundings) -> bool:
    """Much fluid, shallow and not in white matter: a sulcus or the space over the brain, wide by loss."""
    fluid = near.of(near.fluid, piece)
    if float(fluid.mean()) < WIDE_SHARE or float(np.median(near.of(near.surface_mm, piece))) > WIDE_MM:
        return False
    white = near.of(near.scene.shares["white"], piece)[fluid] >= WIDE_WHITE
    return not near.paired or float(white.mean()) < WIDE_WHITE_SHARE


def vessel_or_tract(piece: Piece, near: Surroundings) -> bool:
    """Thin, and small or faint, where fluid looks like a lesion: a space around a vessel, or a tract."""
    thin = float(near.of(near.depth_mm, piece).max()) <= THIN_RADIUS_MM
    little = piece.mm3 < THIN_MM3 or near.is_faint(piece, THIN_FAINT_MM3)
    return near.fluid_alike and thin and little


def rim_or_cap(piece: Piece, near: Surroundings) -> bool:
    """A thin line along the ventricle wall, or a faint cap on it."""
    far_mm = float(np.quantile(near.of(near.wall_mm, piece), 0.9))
    if far_mm <= WALL_MM and float(near.of(near.depth_mm, piece).max()) <= RIM_RADIUS_MM:
        return True
    return far_mm <= CAP_MM and near.is_faint(piece)


def tract(piece: Piece, near: Surroundings) -> bool:
    """Faint, not dark on T1w, and within the corticospinal tract or the capsule: brighter in many brains."""
    inside = np.isin(near.of(near.scene.group, piece), TRACTS)
    return float(inside.mean()) >= TRACT_SHARE and near.is_faint(piece) and not near.is_supported(piece)


def terminal_zone(piece: Piece, near: Surroundings) -> bool:
    """Faint and along the optic radiation, beside and behind the trigone, where myelin comes last."""
    inside = near.of(near.scene.group, piece) == OPTIC_RADIATION
    faint = near.is_faint(piece, TERMINAL_MM3) and not near.is_supported(piece)
    return float(inside.mean()) >= TERMINAL_SHARE and faint


def unsupported(piece: Piece, near: Surroundings) -> bool:
    """Faint, and the other contrast shows healthy tissue: signal that varies over the brain."""
    faint = float(np.median(near.of(near.shift, piece))) < UNSUPPORTED
    return faint and float(np.median(near.of(near.support, piece))) < SUPPORT


def like_cortex(piece: Piece, near: Surroundings) -> bool:
    """Near cortex and much like it in all contrasts: a gyrus that the template has elsewhere."""
    grey = float(near.of(near.scene.shares["grey"], piece).mean())
    within = near.paired and grey >= WITHIN_CORTEX and not near.is_supported(piece, WITHIN_SUPPORT)
    if piece.mm3 >= (WITHIN_MM3 if within else CORTEX_MM3):
        return False
    over = float(np.median(near.of(near.over_grey, piece)))
    darker = float(np.median(near.of(near.support_over_grey, piece)))
    if not np.isfinite(darker):
        return grey >= CORTEX_SHARE and over < OVER_GREY
    folded = float(np.isin(near.of(near.scene.group, piece), FOLDED).mean()) >= MOSTLY_FOLDED
    return folded and grey >= PAIR_SHARE and over < PAIR_OVER_GREY and darker < OVER_GREY


RULES: Mapping[str, Rule] = {
    "minimum size": minimum_size,
    "choroid plexus or flow in the ventricle": choroid_plexus,
    "sulcus, cistern or vessel": sulcus_or_vessel,
    "wide sulcus or fluid over the brain": wide_sulcus,
    "thin: space around a vessel, or tract": vessel_or_tract,
    "rim or cap of the ventricle": rim_or_cap,
    "faint in the corticospinal tract": tract,
    "faint in a terminal zone of myelination": terminal_zone,
    "faint, and normal in the other contrast": unsupported,
    "like cortex, and near it": like_cortex,
}

UNSUPPORTED_RULE = "faint, and normal in the other contrast"
BEFORE_BORDERS = {UNSUPPORTED_RULE: RULES[UNSUPPORTED_RULE]}
"""Rules that look at a whole region, before what its contrasts do not show is cut off."""


def apply_rules(
    finding: Finding,
    scene: Scene,
    signal: Mapping[str, Float] = MappingProxyType({}),
    rules: Mapping[str, Rule] = RULES,
    fluid_alike: bool = False,
) -> Finding:
    """Take away pieces to which a rule applies, the first one counting; note what each took.

    signal: SIGNALS as in Surroundings, as far as measured. fluid_alike: fluid looks like a lesion.
    """
    if not finding.mask.any():
        return finding
    sampling = scene.spacing_mm
    depth_mm = _depth_mm(finding.mask, scene)
    fluid = finding.origin == CAVITY
    surface_mm = _depth_mm(scene.brain, scene) if fluid.any() else depth_mm  # asked for in fluid alone
    wall_mm = (
        ndimage.distance_transform_edt(~scene.ventricles, sampling=sampling)
        if scene.ventricles.any()
        else np.full(scene.brain.shape, FAR_MM)
    )
    unknown = np.full(scene.brain.shape, np.inf, np.float32)
    measured = {name: signal.get(name, unknown) for name in SIGNALS}
    near = Surroundings(
        scene,
        wall_mm,
        depth_mm,
        surface_mm,
        fluid,
        **measured,
        paired="support" in signal,
        fluid_alike=fluid_alike,
    )
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


def _depth_mm(mask: Bool, scene: Scene) -> Float:
    """Return how far the centre of each voxel of a mask lies under its surface."""
    padded = np.pad(mask, 1)
    depth = ndimage.distance_transform_edt(padded, sampling=scene.spacing_mm)[1:-1, 1:-1, 1:-1]
    mm: Float = (depth - 0.5 * min(scene.spacing_mm)).astype(np.float32)
    return mm


def without_rim(mask: Bool, scene: Scene) -> Bool:
    """Return a mask without the thin lines along the ventricle wall that lesions beside it run out into."""
    if not mask.any() or not scene.ventricles.any():
        return mask
    thick = _depth_mm(mask, scene) > RIM_RADIUS_MM
    from_thick_mm = (
        ndimage.distance_transform_edt(~thick, sampling=scene.spacing_mm) if thick.any() else FAR_MM
    )
    wall_mm = ndimage.distance_transform_edt(~scene.ventricles, sampling=scene.spacing_mm)
    kept: Bool = mask & ((wall_mm > WALL_MM) | (from_thick_mm <= RIM_REACH_MM))
    return kept
