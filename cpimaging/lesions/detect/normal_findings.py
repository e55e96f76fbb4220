"""Normal findings that look like lesions: each rule names itself and says how much it took away."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.lesions.detect.findings import CAVITY, Finding
from cpimaging.lesions.detect.healthy_model import FOLDED
from cpimaging.lesions.detect.inputs import GROUPS, Bool, Float, Scene
from cpimaging.lesions.detect.parameters import read_parameters
from cpimaging.lesions.detect.regions import EVERYWHERE


@dataclass(frozen=True)
class Parameters:
    """The values of normal_findings.yaml."""

    least_mm3: float
    least_voxels: int
    wall_mm: float
    wall_quantile: float
    rim_radius_mm: float
    rim_reach_mm: float
    cap_mm: float
    small_mm3: float
    faint_sd: float
    support_sd: float
    unsupported_sd: float
    cortex_mm3: float
    cortex_share: float
    over_grey_sd: float
    pair_share: float
    pair_over_grey_sd: float
    mostly_folded: float
    within_cortex: float
    within_support_sd: float
    within_mm3: float
    tract_share: float
    terminal_share: float
    terminal_mm3: float
    thin_radius_mm: float
    thin_mm3: float
    thin_faint_mm3: float
    plexus_share: float
    sulcus_share: float
    wide_share: float
    wide_mm: float
    wide_white: float
    wide_white_share: float


P = read_parameters(Parameters, __file__)

FAR_MM = 1e3  # from a ventricle, where none is known
OPTIC_RADIATION = list(GROUPS).index("optic radiation")
TRACTS = [list(GROUPS).index(name) for name in ("internal capsule", "corticospinal tract")]


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

    def is_faint(self, piece: Piece, small_mm3: float = P.small_mm3) -> bool:
        """Tell whether a piece is small and stands out little."""
        return piece.mm3 < small_mm3 and float(np.median(self.of(self.shift, piece))) < P.faint_sd

    def is_supported(self, piece: Piece, least: float = P.support_sd) -> bool:
        """Tell whether a second contrast clearly shows a piece as well."""
        support = float(np.median(self.of(self.support, piece)))
        return np.isfinite(support) and support >= least


SIGNALS = ("shift", "support", "over_grey", "support_over_grey")
Rule = Callable[[Piece, Surroundings], bool]


def minimum_size(piece: Piece, near: Surroundings) -> bool:
    """Smaller than can be told from noise."""
    return piece.mm3 < P.least_mm3 or piece.inside.sum() < P.least_voxels


def choroid_plexus(piece: Piece, near: Surroundings) -> bool:
    """Bright within a ventricle: choroid plexus, or flow of the fluid."""
    return float((near.of(near.wall_mm, piece) <= 0).mean()) >= P.plexus_share


def sulcus_or_vessel(piece: Piece, near: Surroundings) -> bool:
    """Where the template has fluid: sulcus, cistern or vessel."""
    return float(near.of(near.scene.shares["fluid"], piece).mean()) >= P.sulcus_share


def wide_sulcus(piece: Piece, near: Surroundings) -> bool:
    """Much fluid, shallow and not in white matter: a sulcus or the space over the brain, wide by loss."""
    fluid = near.of(near.fluid, piece)
    if float(fluid.mean()) < P.wide_share or float(np.median(near.of(near.surface_mm, piece))) > P.wide_mm:
        return False
    white = near.of(near.scene.shares["white"], piece)[fluid] >= P.wide_white
    return not near.paired or float(white.mean()) < P.wide_white_share


def vessel_or_tract(piece: Piece, near: Surroundings) -> bool:
    """Thin, and small or faint, where fluid looks like a lesion: a space around a vessel, or a tract."""
    thin = float(near.of(near.depth_mm, piece).max()) <= P.thin_radius_mm
    little = piece.mm3 < P.thin_mm3 or near.is_faint(piece, P.thin_faint_mm3)
    return near.fluid_alike and thin and little


def rim_or_cap(piece: Piece, near: Surroundings) -> bool:
    """A thin line along the ventricle wall, or a faint cap on it."""
    far_mm = float(np.quantile(near.of(near.wall_mm, piece), P.wall_quantile))
    if far_mm <= P.wall_mm and float(near.of(near.depth_mm, piece).max()) <= P.rim_radius_mm:
        return True
    return far_mm <= P.cap_mm and near.is_faint(piece)


def tract(piece: Piece, near: Surroundings) -> bool:
    """Faint, not dark on T1w, and within the corticospinal tract or the capsule: brighter in many brains."""
    inside = np.isin(near.of(near.scene.group, piece), TRACTS)
    return float(inside.mean()) >= P.tract_share and near.is_faint(piece) and not near.is_supported(piece)


def terminal_zone(piece: Piece, near: Surroundings) -> bool:
    """Faint and along the optic radiation, beside and behind the trigone, where myelin comes last."""
    inside = near.of(near.scene.group, piece) == OPTIC_RADIATION
    faint = near.is_faint(piece, P.terminal_mm3) and not near.is_supported(piece)
    return float(inside.mean()) >= P.terminal_share and faint


def unsupported(piece: Piece, near: Surroundings) -> bool:
    """Faint, and the other contrast shows healthy tissue: signal that varies over the brain."""
    faint = float(np.median(near.of(near.shift, piece))) < P.unsupported_sd
    return faint and float(np.median(near.of(near.support, piece))) < P.support_sd


def like_cortex(piece: Piece, near: Surroundings) -> bool:
    """Near cortex and much like it in all contrasts: a gyrus that the template has elsewhere."""
    grey = float(near.of(near.scene.shares["grey"], piece).mean())
    within = near.paired and grey >= P.within_cortex and not near.is_supported(piece, P.within_support_sd)
    if piece.mm3 >= (P.within_mm3 if within else P.cortex_mm3):
        return False
    over = float(np.median(near.of(near.over_grey, piece)))
    darker = float(np.median(near.of(near.support_over_grey, piece)))
    if not np.isfinite(darker):
        return grey >= P.cortex_share and over < P.over_grey_sd
    folded = float(np.isin(near.of(near.scene.group, piece), FOLDED).mean()) >= P.mostly_folded
    return folded and grey >= P.pair_share and over < P.pair_over_grey_sd and darker < P.over_grey_sd


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
    near = _surroundings(finding, scene, signal, fluid_alike)
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


def _surroundings(
    finding: Finding, scene: Scene, signal: Mapping[str, Float], fluid_alike: bool
) -> Surroundings:
    """Return what rules ask for, measured once for all pieces of a finding."""
    depth_mm = under_mm(finding.mask, scene)
    fluid = finding.origin == CAVITY
    unknown = np.full(scene.brain.shape, np.inf, np.float32)
    return Surroundings(
        scene,
        wall_mm=_wall_mm(scene) if scene.ventricles.any() else np.full(scene.brain.shape, FAR_MM, np.float32),
        depth_mm=depth_mm,
        surface_mm=under_mm(scene.brain, scene) if fluid.any() else depth_mm,  # asked for in fluid alone
        fluid=fluid,
        **{name: signal.get(name, unknown) for name in SIGNALS},
        paired="support" in signal,
        fluid_alike=fluid_alike,
    )


def _wall_mm(scene: Scene) -> Float:
    """Return the distance of each voxel to a ventricle, of which there are."""
    mm: Float = ndimage.distance_transform_edt(~scene.ventricles, sampling=scene.spacing_mm)
    return mm


def under_mm(mask: Bool, scene: Scene) -> Float:
    """Return how far the centre of each voxel of a mask lies under its surface."""
    padded = np.pad(mask, 1)
    depth = ndimage.distance_transform_edt(padded, sampling=scene.spacing_mm)[1:-1, 1:-1, 1:-1]
    mm: Float = (depth - 0.5 * min(scene.spacing_mm)).astype(np.float32)
    return mm


def without_rim(mask: Bool, scene: Scene) -> Bool:
    """Return a mask without the thin lines along the ventricle wall that lesions beside it run out into."""
    if not mask.any() or not scene.ventricles.any():
        return mask
    thick = under_mm(mask, scene) > P.rim_radius_mm
    from_thick_mm = (
        ndimage.distance_transform_edt(~thick, sampling=scene.spacing_mm) if thick.any() else FAR_MM
    )
    wall_mm = _wall_mm(scene)
    kept: Bool = mask & ((wall_mm > P.wall_mm) | (from_thick_mm <= P.rim_reach_mm))
    return kept
