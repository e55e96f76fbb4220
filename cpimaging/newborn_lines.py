"""Pictures of the lines that a newborn was measured along, one section each, as one SVG."""

import base64
from collections.abc import Sequence

import numpy as np

from cpimaging.figures import png, window
from cpimaging.morphometry.lines import Line
from cpimaging.morphometry.newborn import Taken
from cpimaging.registration import resample
from cpimaging.types import Image

THIN = 2
"""Every second point of a section is shown: pixels of 0.5 mm."""

TILE, TEXT, COLUMNS = 300, 40, 4
ENDS = {"sagittal": ("P", "A"), "coronal": ("L", "R"), "axial": ("L", "R")}


def newborn_lines(taken: Sequence[Taken], image: Image) -> str:
    """Return an SVG with a tile for each measure that has a line, on the section that it was taken on."""
    shown = [(one, one.line) for one in taken if one.line is not None]
    tiles = []
    for place, (one, line) in enumerate(shown):
        x, y = TILE * (place % COLUMNS), (TILE + TEXT) * (place // COLUMNS)
        tiles.append(f'<g transform="translate({x},{y})">{_tile(one, line, image)}</g>')
    width, height = TILE * COLUMNS, (TILE + TEXT) * -(-len(shown) // COLUMNS)
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    style = 'font-family="sans-serif" font-size="13" fill="white"'
    black = '<rect width="100%" height="100%" fill="black"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{black}{"".join(tiles)}</svg>\n'


def _tile(one: Taken, line: Line, image: Image) -> str:
    section = line.on
    grey = np.asarray(section.flat(resample(image, section.grid).data), np.float64)[::THIN, ::THIN]
    low, high = window(image)
    pixels = (np.clip((grey - low) / (high - low), 0, 1) * 255).round().astype(np.uint8)
    width, height = pixels.shape
    scale = TILE / max(width, height)
    wide, tall = f"{width * scale:.1f}", f"{height * scale:.1f}"
    data = base64.b64encode(png(np.ascontiguousarray(pixels.T[::-1]))).decode("ascii")
    (x1, y1), (x2, y2) = (
        (u / THIN * scale, (height - 1 - v / THIN) * scale) for u, v in (line.start, line.end)
    )
    left, right = ENDS[section.plane]
    side = "" if one.key[1] == "midline" else f", {one.key[1]}"
    return (
        f'<image width="{wide}" height="{tall}" href="data:image/png;base64,{data}"/>'
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ffd400" stroke-width="2"/>'
        f'<text x="4" y="16">{left}</text><text x="{width * scale - 14:.1f}" y="16">{right}</text>'
        f'<text x="4" y="{TILE + 15}">{_plain(one.measure)}{side}: {one.value:.1f} mm</text>'
        f'<text x="4" y="{TILE + 31}">{_plain(one.key[0])}, {section.plane}</text>'
    )


def _plain(code: str) -> str:
    return code.replace("_", " ")
