"""Cysts in the white matter of newborns: pools as bright on T2w as the scan's own fluid."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from cpimaging.lesions.detect.detectors.base import Detector
from cpimaging.lesions.detect.findings import Finding, nothing
from cpimaging.lesions.detect.healthy_model import robust
from cpimaging.lesions.detect.inputs import GROUPS, Bool, Float, Scene
from cpimaging.lesions.detect.normal_findings import (
    Piece,
    Rule,
    Surroundings,
    apply_rules,
    minimum_size,
    under_mm,
)
from cpimaging.lesions.detect.parameters import read_parameters
from cpimaging.lesions.detect.regions import EVERYWHERE
from cpimaging.lesions.detect.searchable import unfit
from cpimaging.words import CYST


@dataclass(frozen=True)
class Parameters:
    """The values of cysts.yaml."""

    most_age_years: float
    pure_white: float
    least_voxels: int
    fluid_quantile: float
    least_contrast_sd: float
    least_contrast_share: float
    half_way: float
    least_over_white_sd: float
    core_level: float
    core_quantile: float
    edge_mm: float
    shell_mm: float
    shell_level: float
    necks_mm: tuple[float, ...]
    beside_mm: float
    known_fluid: float
    known_grey: float
    most_known: float
    core_fluid: float
    core_white: float
    thin_mm: float
    tube_mm: float
    tube_share: float
    between_mm: float
    between_share: float
    wall_mm: float
    caudate_mm: float


P = read_parameters(Parameters, __file__)

WHITE = [list(GROUPS).index(name) for name in ("cerebrum", "corticospinal tract", "optic radiation")]
CAUDATE = list(GROUPS).index("caudate")
GERMINAL = "beside frontal horn and caudate nucleus: germinolytic or connatal cyst"


def cysts(scene: Scene) -> Finding:
    """Find pools of fluid in the white matter of the cerebrum that are neither ventricle nor sulcus."""
    if why_not := unfit(scene, "T2w"):
        return nothing(scene, why_not)
    learnt = level_of_fluid(scene)
    if isinstance(learnt, str):
        return nothing(scene, learnt)
    level, limit = learnt
    mask = pools(scene, level > limit)
    finding = Finding(
        np.where(mask, np.clip(level, 0.5, 1), 0).astype(np.float32),
        mask,
        np.zeros(mask.shape, np.uint8),
        (f"bright on T2w, {CYST}",),
    )
    found = apply_rules(finding, scene, {"shift": level}, rules=RULES)
    told = f"{found.rejected[GERMINAL]:.0f} mm3 of fluid lie {GERMINAL}" if GERMINAL in found.rejected else ""
    return replace(found, notes=tuple(filter(None, [told])))


def level_of_fluid(scene: Scene) -> tuple[Float, float] | str:
    """Return the T2w from 0, this scan's white matter, to 1, its fluid, and the level from which it is fluid.

    Or why the two are not told apart.
    """
    data = scene.images["T2w"].data.astype(np.float32)
    white = scene.brain & (scene.shares["white"] > P.pure_white) & np.isin(scene.group, WHITE)
    wet = scene.brain & scene.ventricles
    if min(white.sum(), wet.sum()) < P.least_voxels:
        return "white matter or ventricles were not recognised on T2w, so that cysts are not told from them"
    centre, sd = robust(data[white])
    fluid = float(np.quantile(data[wet], P.fluid_quantile))
    apart = fluid - centre
    if apart < max(P.least_contrast_sd * sd, P.least_contrast_share * fluid):
        return "white matter is nearly as bright as fluid on T2w, so that cysts are not told from it"
    level = np.where(scene.brain, (data - np.float32(centre)) / np.float32(apart), 0)
    return level.astype(np.float32), max(P.half_way, P.least_over_white_sd * sd / apart)


def pools(scene: Scene, wet: Bool) -> Bool:
    """Return pools of fluid that begin deep in white matter, and that only a neck joins to known fluid.

    wet: voxels as bright as fluid. Fluid that joins the ventricle broadly is a wide ventricle, or a cyst that
    has opened into it; the two are not told apart, and are left out.
    """
    shares = scene.shares
    known = scene.ventricles | (shares["fluid"] > P.known_fluid) | (shares["grey"] > P.known_grey)
    core = wet & (shares["fluid"] < P.core_fluid) & (shares["white"] > P.core_white)
    core &= np.isin(scene.group, WHITE)
    depth_mm = under_mm(wet, scene)
    found = np.zeros_like(wet)
    for neck_mm in P.necks_mm:
        inner = wet & (depth_mm >= neck_mm)
        pieces, count = ndimage.label(inner, EVERYWHERE)
        total = np.maximum(np.bincount(pieces.ravel(), minlength=count + 1), 1)
        strange = np.bincount(pieces[known], minlength=count + 1) / total
        own = np.setdiff1d(pieces[core & inner], [0])
        found |= _regrown(np.isin(pieces, own[strange[own] <= P.most_known]), wet & ~known, neck_mm, scene)
    return found


def _regrown(inner: Bool, wet: Bool, neck_mm: float, scene: Scene) -> Bool:
    """Return pools with the fluid beside them that looking for necks took off."""
    if neck_mm == 0 or not inner.any():
        return inner
    near_mm = ndimage.distance_transform_edt(~inner, sampling=scene.spacing_mm)
    pieces, _ = ndimage.label(inner | (wet & (near_mm <= neck_mm + P.beside_mm)), EVERYWHERE)
    grown: Bool = np.isin(pieces, pieces[inner])
    return grown


def thin(piece: Piece, near: Surroundings) -> bool:
    """Thinner than a pool, or a tube or sheet: a space around a vessel, or the end of a sulcus."""
    radius_mm = float(near.of(near.depth_mm, piece).max())
    places = np.argwhere(piece.inside) * near.scene.spacing_mm
    length_mm = float(np.linalg.norm(np.ptp(places, axis=0)))
    return radius_mm < P.thin_mm or (radius_mm < P.tube_mm and radius_mm < P.tube_share * length_mm)


def faint(piece: Piece, near: Surroundings) -> bool:
    """Not as bright as fluid in its middle, or not brighter than the white matter around it by far."""
    level, depth_mm = near.of(near.shift, piece), near.of(near.depth_mm, piece)
    if float(np.median(level[depth_mm >= np.quantile(depth_mm, P.core_quantile)])) < P.core_level:
        return True
    box, inside = _wider(piece, near.scene, P.shell_mm)
    away_mm = ndimage.distance_transform_edt(~inside, sampling=near.scene.spacing_mm)
    shell = (away_mm > P.edge_mm) & (away_mm <= P.shell_mm)
    shell &= (near.scene.shares["white"][box] > P.core_white) & ~near.scene.ventricles[box]
    around = near.shift[box][shell]
    return around.size > 0 and float(np.median(around)) > P.shell_level


def between_ventricles(piece: Piece, near: Surroundings) -> bool:
    """Between the two lateral ventricles: cavum septi pellucidi or vergae."""
    box, inside = _wider(piece, near.scene, P.between_mm)
    wet = near.scene.ventricles[box]
    after = np.maximum.accumulate(wet, axis=0)
    before = np.maximum.accumulate(wet[::-1], axis=0)[::-1]
    return float((after & before)[inside].mean()) >= P.between_share


def germinal(piece: Piece, near: Surroundings) -> bool:
    """Touching the front half of a ventricle by the caudate nucleus and not above its roof.

    Germinolytic and connatal cysts lie there; those of injured white matter lie above the angle of the horn.
    """
    if float(near.of(near.wall_mm, piece).min()) > P.wall_mm:
        return False
    box, inside = _wider(piece, near.scene, P.caudate_mm)
    away_mm = ndimage.distance_transform_edt(~inside, sampling=near.scene.spacing_mm)
    if not (near.scene.group[box][away_mm <= P.caudate_mm] == CAUDATE).any():
        return False
    along = np.flatnonzero(near.scene.ventricles.any(axis=(0, 2)))
    _, middle, height = np.argwhere(inside).mean(axis=0)
    roof = np.flatnonzero(near.scene.ventricles[box].any(axis=(0, 1)))
    in_front = middle + box[1].start >= (along[0] + along[-1]) / 2
    return bool(in_front and roof.size and height <= roof[-1])


def _wider(piece: Piece, scene: Scene, mm: float) -> tuple[tuple[slice, ...], Bool]:
    """Return the box of a piece, wider by some mm on all sides, and the piece in it."""
    steps = np.ceil(mm / np.array(scene.spacing_mm)).astype(int)
    wide = tuple(slice(max(0, s.start - n), s.stop + n) for s, n in zip(piece.box, steps, strict=True))
    inside = np.zeros(scene.brain[wide].shape, bool)
    own = tuple(slice(s.start - w.start, s.stop - w.start) for s, w in zip(piece.box, wide, strict=True))
    inside[own] = piece.inside
    return wide, inside


RULES: dict[str, Rule] = {
    "minimum size": minimum_size,
    "thin: space around a vessel, or sulcus": thin,
    "not as bright as fluid, or without an edge": faint,
    "between the ventricles: cavum septi pellucidi or vergae": between_ventricles,
    GERMINAL: germinal,
}

CYSTS = Detector(
    "cysts",
    ("T2w",),
    cysts,
    "pools as bright as the scan's own fluid on T2w, within the white matter of the cerebrum",
    (0.0, P.most_age_years),
    known_age=True,
    other_age="cysts are looked for in newborns and young infants only",
    beside=True,
    quiet=True,
)
