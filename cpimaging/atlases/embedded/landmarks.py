"""The named landmarks, planes through them, and tubes around published coordinates."""

from functools import cache
from pathlib import Path

import numpy as np
from scipy import ndimage

from cpimaging.atlases.embedded.grid import Grid, read_points
from cpimaging.atlases.embedded.half import Half, Mask, Point, Volume
from cpimaging.io import read_table

HERE = Path(__file__).parent


@cache
def landmark(name: str) -> tuple[float, float, float]:
    """Return a named landmark of the template in world mm, left side or midline."""
    table = read_table(HERE / "landmarks.tsv").set_index("name")
    x, y, z = read_points(table.loc[name, "point"])[0]
    return float(x), float(y), float(z)


def above(half: Half, a: str, b: str, c: str | None = None) -> Mask:
    """Return what lies above the plane through two landmarks and along x, or through three of them."""
    third: Point | None = None if c is None else landmark(c)
    mask: Mask = np.broadcast_to(half.height(landmark(a), landmark(b), third) > 0, half.brain.shape)
    return mask


def behind(half: Half, a: str, b: str) -> Volume:
    """Return the distance in mm behind the upright plane through two landmarks, negative in front."""
    (ax, ay, _), (bx, by, _) = landmark(a), landmark(b)
    normal = np.array([by - ay, ax - bx])
    normal *= (-1.0 if normal[1] > 0 else 1.0) / np.hypot(*normal)
    distance: Volume = (half.x - ax) * normal[0] + (half.y - ay) * normal[1] + 0 * half.z
    return distance


def tube(half: Half, structure: str) -> Mask:
    """Return the union of the tubes around the published course or centre of a structure."""
    table = read_table(HERE / "tubes.tsv")
    found = np.zeros(half.brain.shape, bool)
    grid = Grid.over(half)
    for row in table[table["structure"] == structure].itertuples():
        line, _ = grid.draw({structure: [read_points(row.points)]})
        found |= ndimage.distance_transform_edt(line == 0) <= float(row.radius_mm)
    return found
