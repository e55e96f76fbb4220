"""The page on outputs and the schemas are those of the declarations."""

import json
import runpy
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

import cpimaging
from cpimaging.outputs import SCHEMA_VERSION
from cpimaging.outputs_by_name import schema_name
from cpimaging.scorers.group import outputs

ROOT = Path(__file__).parents[2]
SCHEMAS = Path(cpimaging.__file__).parent / "schemas"


def test_page_and_schemas_are_up_to_date() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "outputs.py"))["made"]()
    stale = [path.name for path, text in made.items() if path.read_text(encoding="utf-8") != text]
    assert stale == []  # else: python docs/outputs.py
    assert set(SCHEMAS.iterdir()) == {path for path in made if path.parent == SCHEMAS}


def test_every_file_has_a_name_of_its_own() -> None:
    names = [output.name for output in outputs()]
    assert len(names) == len(set(names))
    for output in outputs():
        assert output.text.endswith("."), output.name
        assert output.columns or not output.name.endswith(".tsv"), output.name
        assert (
            output.keys
            or not output.name.endswith((".tsv", ".json", ".nii.gz"))
            or (output.place == "scan" and output.columns)
        ), output.name


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ""),
        ({"verdict": "perfect"}, "'perfect' is not one of"),
        ({"flags": "none"}, "'none' is not of type"),
        ({"flags": [{"name": "noise"}]}, "'value' is a required property"),
        ({"mood": "good"}, "'mood' was unexpected"),
        ({"template_volume_ratio": "1"}, "'1' is not of type"),
    ],
)
def test_a_schema_holds_what_is_declared(change: dict[str, object], told: str) -> None:
    (quality,) = (output for output in outputs() if output.name == "*_desc-qc_stats.json")
    schema = json.loads((SCHEMAS / schema_name(quality.json_name, quality.keys)).read_text())
    assert schema["version"] == SCHEMA_VERSION
    content = {"verdict": "pass", "flags": [], "template_volume_ratio": None, **change}
    if not told:
        Draft202012Validator(schema).validate(content)
        return
    with pytest.raises(ValidationError, match=told):
        Draft202012Validator(schema).validate(content)
