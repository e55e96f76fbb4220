"""Whether an atlas holds what the chosen scorers need."""

import numpy as np
import pytest

from cpimaging.scorers import SCORERS
from cpimaging.scorers.needs import check_fit, unfit
from cpimaging.types import Atlas, Image, InputError, LabelMap, Region

GRID = Image(np.zeros((1, 1, 1), np.uint8), np.eye(4))


def atlas(lacking: set[tuple[str, str]] = frozenset()) -> Atlas:
    """Return an atlas with both sides of all that MRICS needs, border zones as overlays, but for some."""
    needed = sorted(SCORERS["mrics"].requires)
    regions = [
        Region(2 * place + half, name, name, side, "n/a")
        for place, name in enumerate(needed, 1)
        for half, side in enumerate(("left", "right"))
        if (name, side) not in lacking
    ]
    zones = {region for region in regions if region.structure.startswith("watershed")}
    overlay = LabelMap(GRID, tuple(region for region in regions if region in zones))
    dseg = LabelMap(GRID, tuple(region for region in regions if region not in zones))
    return Atlas("hand-made", "1", "MNI", dseg, {"watershed": overlay})


def test_an_atlas_with_both_sides_of_all_of_it_fits():
    assert unfit(atlas(), "mrics") == {"mrics": ""}
    check_fit(atlas(), "hand-made", "mrics")


@pytest.mark.parametrize("structure", ["pallidum", "watershed_anterior"])
def test_what_an_atlas_lacks_is_named_with_the_scorer_that_needs_it(structure):
    without = atlas({(structure, "left"), (structure, "right")})
    assert unfit(without, "mrics") == {"mrics": f"lacks {structure}, which the scorer mrics needs"}
    with pytest.raises(InputError, match=f"hand-made.*lacks {structure}.*none gives the load tables alone"):
        check_fit(without, "hand-made", "mrics")
    check_fit(without, "hand-made", scorers="")


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_structure_of_one_side_is_not_enough(side):
    reason = "has one side only of pallidum; the scorer mrics needs both"
    assert unfit(atlas({("pallidum", side)}), "mrics") == {"mrics": reason}
