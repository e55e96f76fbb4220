import re
from base64 import b64encode
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import report_content as content

from cpimaging.images import read_image
from cpimaging.io import typed
from cpimaging.report import first_screen, page, pictures, tables, words
from cpimaging.report.cohort import render_cohort
from cpimaging.report.pictures import View, key_view
from cpimaging.report.scan import render_scan
from cpimaging.scorers import SCORERS
from cpimaging.scorers.group import group_dtypes
from cpimaging.types import LESIONLOAD_COLUMNS, LESIONS_COLUMNS

PAGES = {"index.html", "index.html#before=sub-01", "index.html#after=sub-01"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
SECTIONS = (
    "why",
    "pictures",
    "load",
    "lesions",
    "morphometry",
    "registration",
    "quality",
    "limits",
    "methods",
)
VOID = {"meta", "img", "input", "col", "br", "link", "hr"}


class Page(HTMLParser):
    """The text of a page, of its headings, and whether its tags are balanced."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def ids(self) -> list[str]:
        return [a["id"] for _, a in self.tags if a.get("id")]


@pytest.fixture(scope="module")
def scan() -> Page:
    return Page(render_scan(content.scan_report()))


@pytest.fixture(scope="module")
def cohort() -> Page:
    return Page(render_cohort(content.cohort_report()))


def test_scan_page_has_all_sections_and_distinct_ids(scan):
    assert set(SECTIONS) | {"template", "provenance"} <= set(scan.ids)
    assert len(scan.ids) == len(set(scan.ids))
    targets = {a["href"] for a in scan.all("a") + scan.all("use")}
    assert targets <= {f"#{i}" for i in scan.ids} | PAGES


def test_scan_page_tells_the_verdict_and_that_it_is_for_research(scan):
    assert "Predominant white-matter injury" in scan.text
    assert "MRICS B1: periventricular leukomalacia pattern, mild, both sides" in scan.text
    assert "C1: basal ganglia and thalamus pattern" in scan.text
    assert "Quality checks: look before use" in scan.text
    assert "does not hold" in scan.text
    assert "+0.83" in scan.text
    assert "18 months" in scan.text
    assert words.DISCLAIMER in scan.text
    assert "n/a (not called, or not measured)" in scan.text


def test_what_does_not_hold_stands_on_top_with_what_it_hints_at():
    flags = [
        {"name": "brain_overlap_dice", "value": 0.99, "limit": 0.93, "ok": True, "severity": "warn"},
        {"name": "T2w_noise", "value": 0.3, "limit": 0.1, "ok": False, "severity": "warn"},
        {"name": "T2w_side_margin", "value": -0.8, "limit": 0.0, "ok": False, "severity": "fail"},
    ]
    text = Page(render_scan(content.scan_report(qc={"verdict": "fail", "flags": flags}))).text
    top, _, rest = text.partition("Why this verdict")
    assert "T2w side margin −0.80, limit ≥ 0: left and right may be swapped against the reference" in top
    assert top.index("T2w side margin") < top.index("T2w noise") < len(top)
    assert "Brain overlap dice" not in top
    assert "≤ 0.1" in rest
    assert "≥ 0.93" in rest
    assert rest.index("T2w side margin") < rest.index("T2w noise") < rest.index("Brain overlap dice")


def test_scan_page_gives_volumes_in_ml_and_evidence_with_sources(scan):
    assert "2.9 ml lesion volume" in scan.text  # 2 + 0.5 + 0.25 + 0.1, the tract left out
    assert "of it 0.10 ml outside brain" in scan.text
    assert "≥ 1 %" in scan.text
    assert "Himmelmann 2017 [S]" in scan.text
    assert "Malformations of the brain (MRICS group A)" in scan.text
    for entry in ("Registered with greedy.", "Himmelmann 2017.", "Apache-2.0.", "abc123", "run-2 was taken"):
        assert entry in scan.text


def test_every_picture_says_where_left_is(scan):
    html = render_scan(content.scan_report())
    panels = re.findall(r'<div class="panel">.*?</div>', html, re.S)
    assert len(panels) == html.count('role="img"')
    for panel in panels:
        letters = re.findall(r'<span class="at-(?:left|right)">(.)</span>', panel)
        label = re.search(r'aria-label="([^"]+)"', panel)[1]
        wanted = ["P", "A"] if "Sagittal" in label else ["L", "R"]
        assert letters == wanted
        assert f"{wanted[0]} at the left edge, {wanted[1]} at the right edge" in label
    sagittal = re.findall(r"<figcaption>(Sagittal[^<]*)</figcaption>", html)
    assert any("(left)" in title for title in sagittal)
    assert "Left is left (neurological convention)" in html


def test_pages_need_nothing_from_outside(scan, cohort):
    for one in (scan, cohort):
        for _, attributes in one.tags:
            for name in ("src", "href", "xlink:href", "srcset", "action"):
                value = attributes.get(name) or ""
                known = {"", "sub-01.html", "group_patterns.tsv", *PAGES}
                assert value.startswith(("#", "data:image/png;base64,")) or value in known
        assert not one.all("link")
    for html in (render_scan(content.scan_report()), render_cohort(content.cohort_report())):
        assert "http://" not in html
        assert "https://" not in html
        assert "@import" not in html


def test_pages_are_the_same_every_time():
    assert render_scan(content.scan_report()) == render_scan(content.scan_report())
    assert render_cohort(content.cohort_report()) == render_cohort(content.cohort_report())


def test_headings_do_not_skip_a_level_and_tables_have_captions(scan, cohort):
    for one in (scan, cohort):
        levels = [int(tag[1]) for tag, _ in one.tags if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert len(one.all("table")) == len(one.all("caption"))


def test_hostile_text_is_shown_as_text():
    hostile = content.load().assign(structure=HOSTILE)
    pattern = content.pattern()
    for score in pattern.values():
        score["evidence"] = [{"rule": HOSTILE, "value": HOSTILE, "limit": HOSTILE, "source": HOSTILE}]
        score["not_assessed"] = HOSTILE
    report = content.scan_report(
        label=HOSTILE,
        sex=HOSTILE,
        notes=(HOSTILE,),
        lesion_source=HOSTILE,
        load=hostile,
        lesions=content.lesions().assign(main_structure=HOSTILE, side=HOSTILE),
        morphometry=content.morphometry().assign(structure=HOSTILE, unit=HOSTILE),
        pattern=pattern,
        images={HOSTILE: content.scan_image(), "T1w": content.scan_image()},
        qc={
            "verdict": HOSTILE,
            "flags": [{"name": HOSTILE, "value": HOSTILE, "limit": HOSTILE, "ok": False}],
        },
        methods=(HOSTILE,),
        provenance={HOSTILE: {HOSTILE: HOSTILE}, "list": [HOSTILE]},
    )
    got = Page(render_scan(report))
    assert got.all("script") == Page(render_scan(content.scan_report())).all("script")
    assert not got.all("img")
    assert "<script>alert(1)</script>" in got.text


def test_hostile_cohort_is_shown_as_text():
    patterns = content.patterns().assign(
        participant_id=HOSTILE, dominance=HOSTILE, mrics_group=HOSTILE, qc=HOSTILE, mask_source=HOSTILE
    )
    summary = content.cohort_report().summary.assign(message=HOSTILE, log=HOSTILE, stage=HOSTILE)
    got = Page(render_cohort(content.cohort_report(title=HOSTILE, patterns=patterns, summary=summary)))
    assert len(got.all("script")) == 3  # the page's own two, and its data
    assert all(image["src"].startswith("data:image/png;base64,") for image in got.all("img"))


def test_empty_mask_reads_no_lesion_found():
    got = Page(render_scan(content.no_lesion()))
    assert "No lesion: the given mask is empty" in got.text
    assert "MRICS E: normal, as far as assessed" in got.text
    assert "the planes run through the middle of the brain" in got.text
    assert "No lesion in any structure" in got.text
    assert "0 ml lesion volume" in got.text
    assert "template" not in got.ids
    assert not any("lesion" in (a["href"] or "") for a in got.all("use"))


def test_without_a_mask_nothing_is_given_as_zero():
    got = Page(render_scan(content.not_assessed()))
    assert "Not assessed" in got.text
    assert "No mask and no detector" in got.text
    assert "Lesion volumen/a" in got.text
    assert got.text.count("no mask and no detector") + got.text.count("No mask and no detector") == 1
    assert "There is no lesion mask" in got.text
    assert "Not shown: the scan was not registered." in got.text
    assert "Not measured." in got.text
    assert "Quality not checked" in got.text
    assert "No lesion" not in got.text.replace("No lesion mask", "")
    assert set(SECTIONS) <= set(got.ids)


def test_missing_numbers_read_n_a():
    load = content.load().assign(region_volume_mm3=np.nan, percent_region=np.nan)
    lesions = content.lesions().assign(distance_ventricle_mm=np.nan)
    morphometry = content.morphometry().assign(value=np.nan)
    html = render_scan(content.scan_report(load=load, lesions=lesions, morphometry=morphometry))
    assert not re.search(r"\bnan\b", html, re.I)
    assert "n/a" in html


@pytest.mark.parametrize(
    ("years", "told"),
    [
        (None, "n/a"),
        (0.0, "0 days"),
        (1 / 365.25, "1 day"),
        (0.01, "4 days"),
        (59.4 / 365.25, "59 days"),
        (60 / 365.25, "2 months"),
        (1.99, "24 months"),
        (2.0, "2.0 years"),
        (41.26, "41.3 years"),
    ],
)
def test_an_age_is_told_in_the_unit_that_shows_it(years, told):
    assert words.age(years) == told


@pytest.mark.parametrize(
    ("years", "pma_weeks", "postnatal_days", "told"),
    [
        (None, None, None, "n/a"),
        (3 / 365.25, None, 3, "3 days"),
        (3 / 365.25, 39.0, 3, "3 days"),  # born at 38+4 weeks
        (7 / 365.25, 41.0, 98, "7 days corrected, 3 months since birth"),  # born at 27 weeks
        (0.0, 34.0, 21, "before term, 21 days since birth"),
        (0.0, 38.5, None, "before term"),
        (7 / 365.25, 41.0, None, "7 days corrected"),
        (2.0, 40 + 730.5 / 7, None, "2.0 years corrected"),
        (6.0, 27 + 6 * 365.25 / 7, 6 * 365.25, "6.0 years"),
    ],
)
def test_an_age_from_term_is_told_as_such(years, pma_weeks, postnatal_days, told):
    assert words.told_age(years, pma_weeks, postnatal_days) == told


@pytest.mark.parametrize(
    ("count", "told"),
    [(38 + 4 / 7, "38+4 weeks"), (38.99, "39 weeks"), (27.0, "27 weeks"), (40.5, "40+4 weeks")],
)
def test_weeks_are_told_with_days(count, told):
    assert words.weeks(count) == told


def test_what_is_known_of_birth_and_function_is_shown_and_nothing_else():
    page = render_scan(content.scan_report(gestation_weeks=27.0, clinical={"GMFCS": "III"}))
    assert "<div><dt>Gestation at birth</dt><dd>27 weeks</dd></div>" in page
    assert "<div><dt>GMFCS</dt><dd>III</dd></div>" in page
    assert not re.search("Gestation|GMFCS|MACS", render_scan(content.scan_report()))


@pytest.mark.parametrize(
    ("weeks", "told"), [(None, False), (38 + 4 / 7, "38+4 weeks"), (60.0, "60 weeks"), (60.1, False)]
)
def test_the_postmenstrual_age_of_a_newborn_is_told(weeks, told):
    text = render_scan(content.scan_report(pma_weeks=weeks))
    assert ("Postmenstrual age" in text) == bool(told)
    assert not told or f"<dd>{told}</dd>" in text


def test_the_lines_of_a_newborn_are_shown_as_a_picture():
    assert "image/svg" not in render_scan(content.scan_report())
    text = render_scan(content.scan_report(newborn_lines="<svg>line</svg>"))
    assert f'src="data:image/svg+xml;base64,{b64encode(b"<svg>line</svg>").decode()}"' in text


def test_scan_without_pictures_still_makes_a_page():
    got = Page(render_scan(content.scan_report(images={})))
    assert "No image to show." in got.text


def test_cohort_page_lists_scans_failures_and_counts(cohort):
    assert "Toy cohort" in cohort.text
    assert (
        "scans5 with a lesion2 of 2 quality: look before use1 of 2 not in the group1 of 3 did not finish2"
        in cohort.text
    )
    assert "needs a brain mask" in cohort.text
    assert "logs/preprocess/sub-09.log" in cohort.text
    assert "Not run" in cohort.text
    assert "all is well" not in cohort.text
    assert "no mask and no detector" in cohort.text
    assert {"href": "sub-01.html"} in cohort.all("a")
    assert "8.2" in cohort.text
    assert "B1: periventricular leukomalacia pattern" in cohort.text.replace("B1: Peri", "B1: peri")
    assert words.DISCLAIMER in cohort.text
    assert "among the 2 of 3 scans that are in the group" in cohort.text


def test_cohort_without_any_result_makes_a_page():
    empty = content.cohort_report(
        patterns=typed([], group_dtypes()),
        load=typed([], LESIONLOAD_COLUMNS).assign(in_group=[]),
        summary=pd.DataFrame(columns=list(content.SUMMARY)),
        frequency=None,
        template=None,
        links={},
    )
    got = Page(render_cohort(empty))
    assert "No scan has a pattern yet." in got.text
    assert "No map" in got.text
    assert "unfinished" not in got.ids


def test_load_rows_add_up_layers_in_the_order_of_the_vocabulary():
    rows = tables.load_rows(content.load())
    assert [row.name for row in rows][:4] == ["Lobar white matter", "Thalamus", "Caudate", "Pons"]
    white, thalamus, caudate, pons = rows[:4]
    assert (white.left.amount, white.left.share) == (2000.0, pytest.approx(100 * 2000 / 120_000))
    assert (white.right.amount, white.right.share) == (0.0, 0.0)
    assert thalamus.amount == 500.0
    assert np.isnan(caudate.right.amount)
    assert pons.midline is not None
    assert pons.midline.share == 2.5
    assert tables.untouched(rows) == ["Caudate"]
    unsearched = content.load()
    unsearched.loc[unsearched["structure"] == "caudate", "lesion_volume_mm3"] = np.nan
    assert tables.untouched(tables.load_rows(unsearched)) == []
    assert tables.load_rows(typed([], LESIONLOAD_COLUMNS)) == []


def test_lobes_and_layers_are_mirrored_about_the_ventricles():
    ((lobe, cells),) = tables.lobe_layers(content.load())
    assert lobe == "frontal"
    shares = [cell.share for cell in cells]
    assert shares[:5] == [
        0.0,
        1.25,
        3.75,
        0.0,
        0.0,
    ]  # subcortical, deep, periventricular | periventricular, deep
    assert np.isnan(shares[5])


def test_frequency_rows_count_scans_and_take_the_median():
    double = content.load("sub-02")
    double["lesion_volume_mm3"] *= 2
    none = content.load("sub-03").assign(lesion_volume_mm3=0.0)
    rows = {row.name: row for row in tables.frequency_rows(pd.concat([content.load(), double, none]))}
    assert set(rows) == {"Lobar white matter", "Thalamus", "Pons"}
    assert rows["Thalamus"].left.amount == 2
    assert rows["Thalamus"].left.share == pytest.approx(15.0)  # of 10 and 20 %


def test_the_key_measures_come_first_in_plain_words():
    rows = [
        ("volume", "thalamus", "left", 5200.0, "mm3"),
        ("fohr", "lateral_ventricle", "midline", np.nan, "ratio"),
        ("group_volume", "lateral_ventricle", "right", 7300.0, "mm3"),
        ("group_volume", "lateral_ventricle", "left", 9100.0, "mm3"),
    ]
    table = pd.DataFrame(rows, columns=["measure", "structure", "side", "value", "unit"])
    ventricle, fohr = tables.key_measures(table)
    assert (ventricle["name"], ventricle["left"], ventricle["right"]) == ("Lateral ventricle", 9.1, 7.3)
    assert fohr["name"] == "Fronto-occipital horn ratio (FOHR)"
    assert np.isnan(fohr["midline"])
    assert tables.key_measures(table.iloc[:1]) == []


def test_by_side_gives_ml():
    first, *_ = tables.by_side(content.morphometry())
    assert (first["name"], first["left"], first["right"], first["unit"]) == ("Thalamus", 5.2, 5.9, "ml")
    assert first["midline"] is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1300.0, "1.300"), (8227, "8.227"), (10_000, "10.00"), (123_456.0, "123.5"), (None, "n/a")],
)
def test_millilitres(value, text):
    assert page.millilitres(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.001, "<0.01"), (0.25, "0.25"), (12.34, "12.3"), (100.0, "100.0"), (float("nan"), "n/a")],
)
def test_percent(value, text):
    assert page.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (8227.4, "8227"),
        (-0.6189, "−0.619"),
        (True, "True"),
        (float("inf"), "inf"),
        ("≥ 30 mm3", "≥ 30 mm³"),
        ("n/a", "n/a"),
        ([1, 2.5], "1, 2.5"),
        ([], "n/a"),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_number(value, text):
    assert page.number(value) == text


def test_bars_and_shades_stay_between_0_and_1():
    assert page.fraction(5, 10) == "0.500"
    assert page.fraction(50, 10) == "1.000"
    assert page.fraction(float("nan"), 10) == page.fraction(1, 0) == "0"
    assert page.shade(25) == "0.50"
    assert page.shade(-3) == "0.00"
    assert page.shade(None) == page.shade(1, float("nan")) == "0"
    assert page.decimals(-0.2, 0) == "0"
    assert page.decimals(-3.6, 0) == "−4"


@pytest.mark.parametrize(
    ("dominance", "mrics", "title", "line"),
    [
        (
            {"call": "cortex"},
            {"group": "C", "subgroup": "C3", "territory": "territory_mca", "side": "left"},
            "Predominant grey-matter injury",
            "MRICS C3: arterial infarction pattern, left side, territory MCA",
        ),
        (
            {"call": "brainstem"},
            {"group": "D", "subgroup": "D"},
            "Predominant brainstem injury",
            "MRICS D: miscellaneous",
        ),
        (
            {"call": "mixed"},
            {"group": "n/a", "not_assessed": "too small"},
            "Mixed injury, no tissue predominates",
            "MRICS group not called: too small",
        ),
        (
            {"call": "none"},
            {"group": "n/a", "not_assessed": "a lesion of 1 mm3 is too small to classify"},
            "A lesion too small to call",
            "MRICS group not called: a lesion of 1 mm3 is too small to classify",
        ),
        (
            {"call": "not_assessed", "not_assessed": "quality control failed"},
            {},
            "Not assessed",
            "Quality control failed",
        ),
        ({"call": "indeterminate"}, {}, "Indeterminate", "No reason was given"),
    ],
)
def test_headline(dominance, mrics, title, line):
    assert words.headline({"dominance": dominance, "mrics": mrics}, "given mask", 10) == (title, line)


def test_headline_without_a_mask_says_what_was_not_assessed():
    pattern = {"dominance": {"call": "not_assessed", "not_assessed": "no FLAIR"}, "mrics": {}}
    assert words.headline(pattern, None, None) == ("Lesions not assessed", "No FLAIR")


def test_headline_says_who_drew_the_lesion():
    pattern = {"dominance": {"call": "none"}, "mrics": {"group": "E", "subgroup": "E"}}
    assert words.headline(pattern, "detected", 0)[0] == "No lesion found (detected by software)"
    assert words.headline(pattern, "given mask", 0)[0] == "No lesion: the given mask is empty"
    injured = {"dominance": {"call": "brainstem"}, "mrics": {"group": "D", "subgroup": "D"}}
    assert words.headline(injured, "detected", 9)[0] == "Predominant brainstem injury (detected by software)"


def test_every_word_of_the_contract_has_a_text():
    calls = {*words.CLASSES, "mixed", "none", "indeterminate", "not_assessed"}
    assert calls == set(words.DOMINANCE)
    for code in ("B1", "B2", "B3", "C1", "C2", "C3", "D", "E"):
        assert words.mrics_words(code).startswith(f"{code}: ")
    for verdict in ("pass", "warn", "fail", "not_applicable"):
        assert verdict in words.QC
    assert words.age(0.25) == "3 months"
    assert words.age(7.34) == "7.3 years"
    assert words.age(float("nan")) == words.age(None) == "n/a"


def test_many_lesions_are_folded():
    many = pd.concat([content.lesions().assign(index=i) for i in range(1, 41)])
    html = render_scan(content.scan_report(lesions=typed(many, LESIONS_COLUMNS)))
    assert "The smaller lesions (28)" in html


def test_page_of_a_real_scan_is_small_and_every_plane_meets_the_lesion(real_data):
    anat = real_data / "bids" / "sub-ms26" / "anat"
    mask = next((real_data / "bids" / "derivatives").rglob("sub-ms26*_mask.nii.gz"))
    images = {name: read_image(anat / f"sub-ms26_{name}.nii.gz") for name in ("T1w", "FLAIR")}
    lesion = read_image(mask, labels=True)
    views = pictures.scan_views(images, lesion, None)
    assert len(views) == 8
    assert pictures.seen(views) == 8
    html = render_scan(content.scan_report(images=images, lesion=lesion, atlas=None))
    assert len(html) < 6_000_000


@pytest.mark.parametrize(
    ("score", "text"),
    [
        ({"confidence": None}, "n/a (not called, or not measured)"),
        ({"confidence": 1.0, "alternatives": []}, "100% of repetitions keep it"),
        (
            {"confidence": 0.87, "alternatives": [{"call": "deep_grey", "share": 0.13}]},
            "87% of repetitions keep it; else deep grey (13%)",
        ),
        (
            {
                "confidence": 0.5,
                "not_assessed": "group is indeterminate: B1 (50%) or C1 (48%) of repetitions",
            },
            "Group is indeterminate: B1 (50%) or C1 (48%) of repetitions",
        ),
    ],
)
def test_words_for_how_sure_a_call_is(score, text):
    assert words.confidence(SCORERS["dominance"], score) == text


def test_group_and_subgroup_are_told_with_a_share_each():
    """98 % keep the group, 84 % the subgroup, 14 % are another subgroup of the same group."""
    score = {
        **{"group": "B", "subgroup": "B1", "confidence": 0.98, "subgroup_confidence": 0.84},
        "alternatives": [{"call": "B3", "share": 0.14}],
    }
    told = "98% of repetitions keep group B, 84% subgroup B1; else subgroup B3 (14%)"
    assert words.confidence(SCORERS["mrics"], score) == told


def test_repetitions_without_a_call_are_named_and_what_never_came_is_not():
    others = [{"call": "n/a", "share": 0.3}, {"call": "B2", "share": None}, {"call": "B3", "share": 0.0}]
    score = {"group": "E", "subgroup": "E", "confidence": 0.7, "alternatives": others}
    told = "70% of repetitions keep group E; else no call (30%)"
    assert words.confidence(SCORERS["mrics"], score) == told


def test_what_a_mask_cannot_tell_stands_beside_the_verdict():
    mrics = {"group": "C", "subgroup": "C3", "side": "left", "territory": "mca", "instead": ["C2", "D"]}
    line = words.headline({"dominance": {"call": "cortex"}, "mrics": mrics}, "given mask", 10)[1]
    call, doubt = line.split("; ")
    assert call == "MRICS C3: arterial infarction pattern, left side, territory MCA"
    assert doubt == "or C2 or D: a mask alone cannot tell"


def panel(page: str) -> str:
    return page.partition('<section class="verdict')[2].partition("</section>")[0]


@pytest.mark.parametrize("reason", ["quality control failed", "software found 310 mm3, no more"])
def test_a_volume_that_does_not_count_is_not_told_as_a_finding(reason):
    pattern = content.pattern() | {"out_of_group": reason}
    pattern["dominance"] |= {"call": "not_assessed", "shares": {}, "not_assessed": reason}
    pattern["mrics"] |= {"group": "n/a", "subgroup": "n/a", "not_assessed": reason}
    quality = {"verdict": "pass", "flags": []}
    shown = panel(render_scan(content.scan_report(pattern=pattern, qc=quality)))
    assert shown.startswith(" not_applicable")
    assert "<b>2.9</b>" not in shown
    assert "2.9 ml in the mask, not interpreted</p>" in shown
    assert shown.lower().count(reason) == 1
    plain = panel(render_scan(content.scan_report(qc=quality)))
    assert plain.startswith(" pass")
    assert "<b>2.9</b>" in plain


def test_the_panel_says_what_lies_on_the_midline():
    pattern = content.pattern()
    pattern["dominance"]["shares"] |= {"brainstem": 0.33}
    nothing = {"brainstem": 0.0}
    pattern["dominance"]["sides"] = {"left": nothing, "right": nothing, "midline": {"brainstem": 1.25}}
    shown = panel(render_scan(content.scan_report(pattern=pattern)))
    row = re.search(r">Brainstem</th>(.*?)</tr>", shown, re.DOTALL)
    assert row
    assert re.findall(r'"num">(.*?)</td>', row[1]) == ["0.33", "0", "0", "1.2"]


def test_scans_out_of_the_group_are_in_no_count_and_stay_in_the_table():
    table = content.patterns(4)
    table.loc[3, ["in_group", "out_of_group_reason", "qc"]] = ["false", "quality control failed", "fail"]
    load = pd.concat(
        [content.load("sub-01").assign(in_group="true"), content.load("sub-04").assign(in_group="false")]
    )
    got = Page(render_cohort(content.cohort_report(patterns=table, load=load)))
    assert "not in the group2 of 4" in got.text
    assert "Quality failed 1 of 4 scans: sub-04" in " ".join(got.text.split())
    assert "with a lesion2 of 2" in got.text
    assert "MRICS group, scans and their share of the group (2 of 4)" in got.text
    assert "not in the group: quality control failed" in got.text
    assert "sub-04" in got.text
    html = render_cohort(content.cohort_report(patterns=table, load=load))
    row = html.partition(">Thalamus</th>")[0].rpartition("<tr>")[2]
    assert re.findall(r'"num">(.*?)</td>', row) == ["1", "10.0"]  # one scan, 10 % of it


def test_a_doubtful_tissue_does_not_hide_the_pattern():
    pattern = {"dominance": {"call": "indeterminate"}, "mrics": {"group": "B", "subgroup": "B1"}}
    title, line = words.headline(pattern, "given mask", 5)
    assert title.startswith("Predominant white-matter injury")
    assert line.startswith("MRICS B1")


def test_the_share_of_a_cohort_is_the_median_of_the_lesioned():
    """Left thalamus of three scans: 10, 20 and 60 % of 5 ml; the fourth has none."""
    loads = []
    for place, percent in enumerate((10, 20, 60, 0)):
        load = content.load(f"sub-{place}")
        here = (load["structure"] == "thalamus") & (load["side"] == "left")
        load.loc[here, "lesion_volume_mm3"] = 50.0 * percent
        loads.append(load)
    rows = tables.frequency_rows(pd.concat(loads, ignore_index=True))
    (thalamus,) = (row for row in rows if row.name == "Thalamus")
    assert (thalamus.left.amount, thalamus.left.share) == (3, 20.0)


def test_the_finer_call_is_told_first():
    names = [name for name, _ in first_screen.facts(content.pattern(), None, [], ["T2w: not given"])]
    assert names[-3:] == ["Stability, MRICS group", "Stability, dominance", "Not assessed"]


def test_a_lesion_that_software_found_looks_proposed_and_asks_for_a_reading():
    """What the form downloads is a row that `overrides` reads: its words stand in the page."""
    page = render_scan(content.scan_report(lesion_source="detected"))
    assert 'class="key-cut proposed"' in page
    assert 'data-participant="sub-01" data-session="" data-called="B1, white_matter"' in page
    drawn = render_scan(content.scan_report())
    assert "proposed by software" not in drawn
    assert "<form" not in drawn


def test_the_key_cut_is_the_one_that_shows_most_of_the_lesion():
    plain = View(title="", size=(1, 1), letters=("L", "R"), pictures={"T1w": b"1", "FLAIR": b"2"})
    most = replace(plain, title="most", lesion="M1,1 2,2 3,3")
    assert key_view([plain, most, replace(plain, lesion="M1,1")]) == replace(most, pictures={"T1w": b"1"})
    assert key_view([]) is None


def test_the_key_cut_shows_both_hemispheres_where_the_lesion_lies_on_one_that_does():
    axial = View(title="", size=(1, 1), letters=("L", "R"), pictures={"T1w": b"1"}, lesion="M1,1")
    sagittal = replace(axial, letters=("P", "A"), lesion="M1,1 2,2 3,3")
    assert key_view([sagittal, axial]) == axial
    assert key_view([sagittal, replace(axial, lesion="")]) == sagittal
