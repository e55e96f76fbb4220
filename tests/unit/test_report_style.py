"""Outlines on grey and white matter: contrast as WCAG 2.2 counts it, 3 : 1 for what is drawn (1.4.11)."""

import re

import pytest

from cpimaging.report.page import source_of

STYLE = str(source_of("style.css"))
TISSUE = {"white matter, T1w": 211, "cortex, T1w": 143, "deep grey, T1w": 160, "cortex, FLAIR": 188}
"""Medians in pictures of a simulated head, of 255."""


def rule(selector: str) -> str:
    found = re.search(rf"^{re.escape(selector)} {{ (.*?) }}", STYLE, re.MULTILINE)
    assert found
    return found[1]


def stroke(selector: str) -> tuple[int, ...]:
    found = re.search(r"stroke: (?:var\(--halo, )?#(..)(..)(..)", rule(selector))
    assert found
    return tuple(int(part, 16) for part in found.groups())


def over(colour: tuple[int, ...], opacity: float, under: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(round(opacity * top + (1 - opacity) * low) for top, low in zip(colour, under, strict=True))


def luminance(colour: tuple[int, ...]) -> float:
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("tissue", TISSUE)
@pytest.mark.parametrize(
    ("selector", "strength"),
    [
        (".lesion path", 1.0),
        (".atlas path", 0.8),
        (".atlas .csf", 1.0),
        (".atlas .deep_grey", 1.0),
        ("path.edges", 1.0),
    ],
)
def test_an_outline_stands_out_from_its_border_on_every_tissue(
    selector: str, strength: float, tissue: str
) -> None:
    """Each line has a dark border of 75 % black, which lies between it and the tissue."""
    assert "--under: .75" in rule(".under")
    assert "opacity: .75" in rule(".lesion .halo")
    assert selector != ".atlas path" or f"var(--strength, {strength:.1f})".replace("0.", ".") in rule(
        selector
    )
    ground = (TISSUE[tissue],) * 3
    border = over((0, 0, 0), 0.75, ground)
    assert contrast(over(stroke(selector), strength, border), border) >= 3
    assert contrast(border, ground) >= 3
