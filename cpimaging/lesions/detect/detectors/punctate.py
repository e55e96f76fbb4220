"""T1 hyperintensity of the newborn: punctate white-matter lesions."""

import numpy as np
from scipy import ndimage

from cpimaging.lesions.detect.healthy_model import robust
from cpimaging.lesions.detect.inputs import GROUPS, Finding, Scene, nothing
from cpimaging.lesions.detect.normal_findings import RULES, apply_rules
from cpimaging.lesions.detect.regions import EVERYWHERE, logistic

NEWBORN_YEARS = 0.25  # until then punctate lesions are bright on T1w [ours]
NEIGHBOURHOOD_MM = 12.0  # width over which healthy white matter is even [ours]
Z_SEED, Z_GROW = 5.0, 2.5
"""In SD of white matter (ours): local, and high for the sake of controls. A global z-score of 0.84 gave 90 %
true and 6 % false positives in 44 newborns (2026, McGill Sci Undergrad Res J, article 506)."""

LARGEST_MM3 = 500.0  # larger bright areas are something else, such as myelin [ours]
WHITE, FLUID = 0.6, 0.1
CEREBRUM = list(GROUPS).index("cerebrum")


def punctate(scene: Scene) -> Finding:
    """Find small spots in the white matter of the cerebrum that are brighter on T1w than around them."""
    if "T1w" not in scene.images:
        return nothing(scene, "no T1w")
    if scene.age_years is None or scene.age_years > NEWBORN_YEARS:
        return nothing(scene, "punctate lesions are looked for in newborns only")
    white = (scene.shares["white"] > WHITE) & (scene.shares["fluid"] < FLUID)
    white &= scene.brain & (scene.group == CEREBRUM) & ~scene.ventricles
    if white.sum() < 100:
        return nothing(scene, "no white matter was recognised")
    data = scene.images["T1w"].data.astype(np.float32)
    sigma = NEIGHBOURHOOD_MM / 2 / np.array(scene.spacing_mm)
    weight = np.maximum(ndimage.gaussian_filter(white.astype(np.float32), sigma), 1e-6)
    local = data - ndimage.gaussian_filter(np.where(white, data, 0), sigma) / weight
    centre, sd = robust(local[white])
    z = np.where(white, (local - centre) / max(sd, 1e-6 * float(data.max())), 0).astype(np.float32)
    pieces, _ = ndimage.label(z > Z_GROW, EVERYWHERE)
    seeded = np.setdiff1d(pieces[z > Z_SEED], [0])
    sizes = np.bincount(pieces.ravel()) * scene.voxel_mm3
    mask = np.isin(pieces, seeded[sizes[seeded] <= LARGEST_MM3])
    finding = Finding(
        logistic(z - np.float32(Z_GROW)) * white,
        mask,
        np.zeros(mask.shape, np.uint8),
        ("bright spot on T1w in white matter of a newborn",),
        {"larger than punctate lesions are": float(sizes[seeded][sizes[seeded] > LARGEST_MM3].sum())},
    )
    return apply_rules(
        finding, scene, rules={name: rule for name, rule in RULES.items() if name != "minimum size"}
    )
