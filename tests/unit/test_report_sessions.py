"""Two sessions of one participant on one page: the younger first, each lesion on the same planes."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import report_content as content

from cpimaging.report.sessions import Session, render_sessions
from cpimaging.scorers.group import group_dtypes
from cpimaging.types import Image


def session(name: str, years: float | None, **changes: Any) -> Session:
    row = {
        **dict.fromkeys(group_dtypes()),
        "age_years": years,
        "qc": "pass",
        "lesion_volume_mm3": 2750.0,
        "deep_grey_percent": 4.0,
    }
    made = Session(
        session_id=name,
        href=f"sub-01_{name}.html",
        row=row,
        pma_weeks=None,
        postnatal_days=None,
        template_told="adult template",
        lesion_source="given mask",
        pattern=content.pattern(),
        images={"T1w": content.scan_image()},
        lesion=content.lesion(),
        template_lesion=content.lesion(),
    )
    return replace(made, **changes)


def page(*sessions: Session) -> str:
    return render_sessions("sub-01", sessions, content.scan_image(1.0), {})


def moved(x_mm: float) -> Image:
    lesion = content.lesion()
    return lesion.with_data(np.roll(lesion.data, round(x_mm / content.SPACING_MM[0]), axis=0))


def test_the_younger_session_comes_first_with_its_age_and_template() -> None:
    newborn = session("ses-b", 0.02, pma_weeks=41.0, template_told="UNC00, of the scan's age")
    text = page(session("ses-a", 2.0), newborn)
    assert text.index("ses-b.html") < text.index("ses-a.html")
    assert "41 weeks" in text
    assert "7 days corrected" in text
    assert re.search(r"Template</th><td>UNC00, of the scan&#39;s age</td><td>adult template<", text)
    assert re.search(r"Lesion volume, ml</th><td>2.750</td><td>2.750<", text)


def test_before_term_sessions_stand_by_their_weeks() -> None:
    text = page(session("ses-a", 0.0, pma_weeks=38.0), session("ses-b", 0.0, pma_weeks=30.0))
    assert text.index("ses-b.html") < text.index("ses-a.html")


def test_lesions_of_both_are_drawn_on_the_same_planes_of_the_adult_template() -> None:
    text = page(session("ses-a", 0.1), session("ses-b", 2.0, template_lesion=moved(12.0)))
    shared = text[text.index('id="map"') :]
    titles = re.findall(r"<figcaption>(.*?)</figcaption>", shared)
    assert titles == ["Axial, z = 10 mm", "Coronal, y = 22 mm"] * 2
    drawn = re.findall(r'-lesion" class="lesion"><path class="halo" d="(.*?)"', shared)
    assert drawn[0] != drawn[len(drawn) // 2]


def test_a_session_without_a_mask_is_told_and_gives_no_zero() -> None:
    row = {**session("", 2.0).row, "lesion_volume_mm3": None, "deep_grey_percent": None}
    bare = session("ses-b", 2.0, lesion=None, template_lesion=None, lesion_source=None, row=row)
    text = page(session("ses-a", None), bare)
    assert "No lesion mask: ses-b." in text
    assert re.search(r"Lesion volume, ml</th><td>n/a</td><td>2.750<", text)  # an unknown age comes last
    assert "Not shown" in page(bare, replace(bare, session_id="ses-c"))
