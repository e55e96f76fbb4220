"""The page of an atlas: a card per structure, sides told apart, hostile text escaped."""

import re
from dataclasses import replace

import numpy as np
import pytest

from cpimaging.report.atlas import render_atlas
from cpimaging.types import Atlas, Image, LabelMap, Region


@pytest.fixture
def template() -> Image:
    """A grey box of 30 × 36 × 26 voxels of 2 mm around the origin."""
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = [-30, -36, -26]
    data = np.zeros((30, 36, 26), np.float32)
    data[3:27, 3:33, 3:23] = np.linspace(0.2, 1, 20)
    return Image(data, affine)


@pytest.fixture
def atlas(template: Image) -> Atlas:
    """A thalamus of two sides, a pons, an own region under a hostile name, and a tract over it."""
    data = np.zeros(template.shape, np.int32)
    data[8:12, 14:20, 10:14] = 3
    data[18:21, 14:20, 10:14] = 70001
    data[13:17, 10:14, 5:9] = 300
    data[8:12, 24:28, 10:14] = 127
    tract = np.zeros(template.shape, np.uint8)
    tract[8:10, 12:22, 10:14] = 1
    return Atlas(
        name="Mine",
        version="2",
        space="MNI152NLin2009aSym",
        dseg=LabelMap(
            template.with_data(data),
            (
                Region(127, "<b>Area</b> & 1", "n/a", "left", "n/a"),
                Region(3, "L", "thalamus", "left", "deep_grey"),
                Region(70001, "R", "thalamus", "right", "deep_grey"),
                Region(300, "Pons", "pons", "midline", "brainstem"),
            ),
        ),
        overlays={
            "tracts": LabelMap(
                template.with_data(tract), (Region(1, "T", "corticospinal_tract", "left", "overlay"),)
            )
        },
        manifest={
            "Approximate": ["pons"],
            "Citations": ["A <i>book</i>"],
            "Structures": {"Some atlas": ["thalamus"]},
        },
    )


def cards(page: str) -> dict[str, str]:
    found = re.findall(r"<article>\s*<h3>(.*?)</h3>(.*?)</article>", page, re.DOTALL)
    return {re.sub(r" <span.*", "", name): text for name, text in found}


def test_every_structure_has_a_card_with_three_cuts_and_its_volumes(atlas: Atlas, template: Image) -> None:
    found = cards(render_atlas(atlas, template))
    assert list(found) == ["Thalamus", "Pons", "&lt;b&gt;Area&lt;/b&gt; &amp; 1", "Corticospinal tract"]
    for text in found.values():
        assert text.count("<image") == 3
        assert text.count('class="at-left">L<') == text.count('class="at-right">R<') == 2
    # 4 × 6 × 4 and 3 × 6 × 4 voxels of 8 mm³
    assert "left 0.768 ml · right 0.576 ml" in found["Thalamus"]
    assert "source: Some atlas" in found["Thalamus"]
    assert "midline 0.512 ml" in found["Pons"]
    assert "overlay tracts" in found["Corticospinal tract"]
    assert "outside the vocabulary" in found["&lt;b&gt;Area&lt;/b&gt; &amp; 1"]


def test_the_plane_between_two_sides_counts_half_for_either(atlas: Atlas, template: Image) -> None:
    data = atlas.dseg.labels.data.copy()
    data[14, 10:14, 5:9], data[15:17, 10:14, 5:9] = 301, 302
    sides = (
        Region(300, "Left pons", "pons", "left", "brainstem"),
        Region(301, "Pons, plane", "pons", "midline", "brainstem"),
        Region(302, "Right pons", "pons", "right", "brainstem"),
    )
    regions = (*(region for region in atlas.dseg.regions if region.structure != "pons"), *sides)
    sided = replace(atlas, dseg=LabelMap(template.with_data(data), regions))
    # 1.5 and 2.5 of the 4 planes of 16 voxels of 8 mm³
    assert "left 0.192 ml · right 0.320 ml" in cards(render_atlas(sided, template))["Pons"]


def test_left_is_drawn_on_the_left_of_the_picture(atlas: Atlas, template: Image) -> None:
    thalamus = cards(render_atlas(atlas, template))["Thalamus"]
    axial = thalamus.split("</figure>")[0]
    x = {
        side: float(np.mean([float(n) for n in re.findall(r"[M ]([\d.]+),", path)]))
        for side, path in re.findall(r'<path class="(left|right)" d="([^"]*)"', axial)
    }
    width = float(re.search(r'viewBox="0 0 (\d+)', axial)[1])  # type: ignore[index]
    assert x["left"] < width / 2 < x["right"]
    assert "(left)" in thalamus


def test_only_what_the_manifest_names_is_approximate(atlas: Atlas, template: Image) -> None:
    page = render_atlas(atlas, template)
    assert re.findall(r"<h3>(\w+) <span[^>]*>approximate", page) == ["Pons"]
    assert "approximate</span>" not in render_atlas(replace(atlas, manifest={}), template)


def test_text_of_the_atlas_is_escaped_and_the_page_stands_alone(atlas: Atlas, template: Image) -> None:
    page = render_atlas(atlas, template)
    assert "<b>Area" not in page
    assert "<i>book" not in page
    assert "A &lt;i&gt;book" in page
    assert not re.search(r'(src|href)="https?:', page)
    assert page == render_atlas(atlas, template)
