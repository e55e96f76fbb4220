"""T1 hyperintensity of the newborn: punctate white-matter lesions."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from cpimaging.lesions.detect.detectors.base import Detector
from cpimaging.lesions.detect.findings import Finding, nothing
from cpimaging.lesions.detect.healthy_model import robust
from cpimaging.lesions.detect.inputs import GROUPS, Scene
from cpimaging.lesions.detect.normal_findings import RULES, apply_rules
from cpimaging.lesions.detect.parameters import read_parameters
from cpimaging.lesions.detect.regions import EVERYWHERE, logistic


@dataclass(frozen=True)
class Parameters:
    """The values of punctate.yaml."""

    most_age_years: float
    neighbourhood_mm: float
    z_seed: float
    z_grow: float
    least_mm3: float
    largest_mm3: float
    white: float
    fluid: float
    least_white_voxels: int


P = read_parameters(Parameters, __file__)

CEREBRUM = list(GROUPS).index("cerebrum")


def punctate(scene: Scene) -> Finding:
    """Find small spots in the white matter of the cerebrum that are brighter on T1w than around them."""
    white = (scene.shares["white"] > P.white) & (scene.shares["fluid"] < P.fluid)
    white &= scene.brain & (scene.group == CEREBRUM) & ~scene.ventricles
    if white.sum() < P.least_white_voxels:
        return nothing(scene, "no white matter was recognised")
    data = scene.images["T1w"].data.astype(np.float32)
    sigma = P.neighbourhood_mm / 2 / np.array(scene.spacing_mm)
    weight = np.maximum(ndimage.gaussian_filter(white.astype(np.float32), sigma), 1e-6)
    local = data - ndimage.gaussian_filter(np.where(white, data, 0), sigma) / weight
    centre, sd = robust(local[white])
    z = np.where(white, (local - centre) / max(sd, 1e-6 * float(data.max())), 0).astype(np.float32)
    pieces, _ = ndimage.label(z > P.z_grow, EVERYWHERE)
    seeded = np.setdiff1d(pieces[z > P.z_seed], [0])
    sizes = np.bincount(pieces.ravel()) * scene.voxel_mm3
    found = (sizes[seeded] >= P.least_mm3) & (sizes[seeded] <= P.largest_mm3)
    mask = np.isin(pieces, seeded[found])
    finding = Finding(
        logistic(z - np.float32(P.z_grow)) * white,
        mask,
        np.zeros(mask.shape, np.uint8),
        ("bright spot on T1w in white matter of a newborn",),
        {"larger than punctate lesions are": float(sizes[seeded][sizes[seeded] > P.largest_mm3].sum())},
    )
    return apply_rules(
        finding, scene, rules={name: rule for name, rule in RULES.items() if name != "minimum size"}
    )


PUNCTATE = Detector(
    "punctate",
    ("T1w",),
    punctate,
    f"small bright spots ({P.least_mm3:g}–{P.largest_mm3:g} mm³) on T1w in the white matter of the cerebrum",
    (0.0, P.most_age_years),
    known_age=True,
    other_age="punctate lesions are looked for in newborns only",
    beside=True,
    quiet=True,
)
