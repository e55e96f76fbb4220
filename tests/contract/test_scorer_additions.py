"""What a new scorer, scale or column asks for: its own record, and nothing else."""

import importlib.util
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import report_content as content
import toy_brain
import yaml
from test_scorers import lesions, margins_of, measure
from typer.testing import CliRunner

from cpimaging.cli import app
from cpimaging.columns import Column
from cpimaging.io import typed
from cpimaging.report.cohort import render_cohort
from cpimaging.report.scan import render_scan
from cpimaging.scorers import SCORERS, Pattern, pattern_content, read_criteria, score_surely
from cpimaging.scorers.base import CHILD, GroupColumn, Scorer, Words
from cpimaging.scorers.group import ORDER, group_columns, group_dtypes, pattern_keys
from cpimaging.scorers.injury import injury_of
from cpimaging.scorers.results import CALL_KEYS
from cpimaging.scorers.scales.evaluate import Item, Scale
from cpimaging.scorers.scales.record import scale_scorer
from cpimaging.stages.cohort import pattern_cells

ROOT = Path(__file__).parents[2]
CRITERIA = """
criteria:
  minimum_volume: {value: 30, unit: mm3, tag: D, source: "ours: a toy"}
  whole_brain_load: {value: 95, unit: "%", tag: D, source: "ours: a toy"}
  confident_share: {value: 0.6, unit: "", tag: D, source: "ours: a toy"}
"""
SIDES = {"left": "More on the left", "right": "More on the right", "n/a": "Not called"}


def toy_result(side: str, reason: str | None, steps: list) -> dict[str, Any]:
    return {"side_of_most": side, "evidence": steps, "not_assessed": reason}


def toy_score(tables, context, criteria) -> dict[str, Any]:
    left, right = (injury_of(tables).lesion_mm3(["white_matter"], [side]) for side in ("left", "right"))
    step = {"rule": "toy rule", "value": left - right, "limit": "> 0", "source": "ours: a toy [D]"}
    return toy_result("left" if left > right else "right", None, [step])


def toy_call(folder: Path) -> Scorer:
    (folder / "toy.yaml").write_text(CRITERIA)
    column = GroupColumn(
        "toy_side", "str", "Side with more.", levels=SIDES, cell=lambda result: result["side_of_most"]
    )
    return Scorer(
        name="toy",
        title="Toy side",
        ages="any age",
        requires=frozenset({"white_matter"}),
        score=toy_score,
        unscored=lambda reason: toy_result("n/a", reason, []),
        criteria=folder / "toy.yaml",
        example=CHILD,
        keys=(Column("side_of_most", "str", "Side with more.", levels=SIDES), *CALL_KEYS),
        columns=(column,),
        words=Words(
            facts=lambda result: [("Toy side", SIDES[result["side_of_most"]])],
            code=lambda row: str(row["toy_side"]),
            say=lambda code: SIDES[code],
            codes=tuple(SIDES),
        ),
        answers=("side_of_most",),
    )


def toy_scale(folder: Path) -> Scorer:
    (folder / "toyscale.py").write_text("")
    (folder / "toyscale.yaml").write_text(CRITERIA)
    points = {"points": (1.0, 2.0), "highest": 3.0, "why": "half seen"}
    words = {"name": "toy item", "side": "midline", "section": "toy", "unit": "%", "limit": "any"}
    item = Item(**words, **points, measured=5.0, source="ours: a toy [D]")
    needs, items = lambda context, trace: {}, lambda injury, trace, context: [item]
    scale = Scale("toyscale", frozenset({"white_matter"}), needs, items)
    module = str(folder / "toyscale.py")
    return scale_scorer(scale, module, title="Toy scale", ages="any age", example=CHILD)


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call, a scale and a column, by the registry alone."""
    for scorer in (toy_call(tmp_path), toy_scale(tmp_path)):
        monkeypatch.setitem(SCORERS, scorer.name, scorer)
    column = GroupColumn("mrics_steps", "float64", "Steps.", cell=lambda found: float(len(found["evidence"])))
    mrics = SCORERS["mrics"]
    monkeypatch.setitem(SCORERS, "mrics", replace(mrics, columns=(*mrics.columns, column)))


@pytest.fixture
def pattern(added: None) -> Pattern:
    """The pattern of a lesion on the right."""
    return pattern_of_fan()


@cache
def pattern_of_fan() -> Pattern:
    """It is made once, while what was added is there: every scorer repeats its call a hundred times."""
    tables, margins = measured("fan")
    return pattern_content("all", lambda scorer: surely(scorer, tables, margins))


def measured(name: str) -> tuple:
    atlas = toy_brain.atlas()
    mask = lesions(atlas)[name]
    return measure(atlas, mask), margins_of(atlas, mask)


def surely(scorer, tables, margins):
    return score_surely(scorer, tables, margins, scorer.example, read_criteria(scorer.criteria))


def make_readme() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_readme", ROOT / "config" / "make_readme.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_pattern_holds_them(pattern: Pattern) -> None:
    assert pattern["toy"]["side_of_most"] == "right"
    assert pattern["toy"]["confidence"] == 1.0
    assert pattern["scales"]["toyscale"]["range"] == [1.0, 2.0]
    assert pattern["scales"]["toyscale"]["spread"] == [1.0, 2.0]
    json.dumps(pattern, allow_nan=False)


def test_a_call_that_was_not_chosen_is_told(added: None) -> None:
    tables, margins = measured("fan")
    unchosen = pattern_content("toyscale", lambda scorer: surely(scorer, tables, margins))
    assert unchosen["toy"]["not_assessed"] == "the scorer toy was not chosen"
    assert list(unchosen["scales"]) == ["toyscale"]
    assert pattern_cells(unchosen, "pass")["toy_side"] == "n/a"


def test_their_keys_are_declared(pattern: Pattern) -> None:
    names = {key.name for key in pattern_keys()}
    assert {"toy", "toy.side_of_most", "toy.evidence[].rule", "scales.toyscale"} <= names
    assert "scales.toyscale.range" in names


def test_the_group_table_has_their_columns_at_its_end(pattern: Pattern) -> None:
    added = [column.name for column in group_columns()][len(ORDER) :]
    ours = ["mrics_steps", "toy_side", "toyscale_low", "toyscale_high"]
    assert [name for name in added if name in ours] == ours
    cells = pattern_cells(pattern, "pass")
    assert cells["mrics_steps"] == len(pattern["mrics"]["evidence"]) > 3
    assert (cells["toy_side"], cells["toyscale_low"], cells["toyscale_high"]) == ("right", 1.0, 2.0)


def test_the_page_of_the_scan_tells_them(pattern: Pattern) -> None:
    page = plain(render_scan(content.scan_report(pattern=pattern)))
    assert "Toy side More on the right" in page
    assert "Stability, toy side 100% of repetitions keep it" in page
    assert "Toy side: what was measured, its limit and the limit's source" in page
    assert "Toy rule" in page
    assert "Toy scale 1 to 2 of 3" in page
    assert "Toy scale: 1 to 2 of 3; 1 item not assessed or only in part" in page


def test_the_page_of_the_cohort_tells_them(pattern: Pattern) -> None:
    dtypes = group_dtypes()
    ids = {"participant_id": "sub-01", "age_years": 6.0}
    table = typed([dict.fromkeys(dtypes) | pattern_cells(pattern, "pass") | ids], dtypes)
    html = render_cohort(content.cohort_report(patterns=table))
    page = plain(html)
    assert re.search(r"Toy side, scans and their share .*?More on the right 1 ", page)
    heads = re.findall(r'<th scope="col"[^>]*><button type="button">(.*?)</button>', html)
    assert heads[heads.index("Toy side") + 1] == "Toy scale"
    assert '"title":"Toy side","numeric":false,"words":["More on the right"],"values":[0]' in html
    assert '"title":"Toy scale","numeric":false,"words":["1 to 2"],"values":[0]' in html


def test_schema_and_configuration_page_name_them(added: None) -> None:
    made = make_readme()
    entry = yaml.safe_load(made.schema_text())["properties"]["scorers"]
    assert entry["items"]["enum"] == entry["default"] == list(SCORERS)
    assert entry["default"][-2:] == ["toy", "toyscale"]
    assert "toyscale (Toy scale: any age)" in entry["description"]
    assert yaml.safe_load(made.config_text())["scorers"] == list(SCORERS)
    assert "| `toy` | Toy side | any age | `toy_side` | white_matter |" in made.readme_text()


@pytest.mark.parametrize("command", ["score", "masks", "run"])
def test_the_help_of_the_command_line_names_them(
    added: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """By the schema that was made."""
    (tmp_path / "schema.yaml").write_text(make_readme().schema_text())
    monkeypatch.setattr("cpimaging.cli.SCHEMA", tmp_path / "schema.yaml")
    shown = CliRunner().invoke(app, [command, "--help"]).stdout
    assert f"{', '.join(SCORERS)};" in " ".join(re.sub(r"[│\n]", " ", shown).split())


def test_schema_and_configuration_page_are_up_to_date() -> None:
    made = make_readme()
    assert made.SCHEMA.read_text(encoding="utf-8") == made.schema_text()
    assert made.CONFIG.read_text(encoding="utf-8") == made.config_text()
    assert made.README.read_text(encoding="utf-8") == made.readme_text()
