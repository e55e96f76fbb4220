import json
from pathlib import Path

import pytest
from declared import files, never_seen, tables, undeclared

import cpimaging
from cpimaging import keys
from cpimaging.columns import LESIONS, LOADMARGINS, PARTICIPANTS, Column, described, dtypes
from cpimaging.io import write_table
from cpimaging.quantify.margins import MARGIN_COLUMNS
from cpimaging.quantify.partition import Cell
from cpimaging.scorers.group import ORDER, group_columns

CONTRACT = (
    "participant_id session_id dominance dominance_index mrics_group mrics_subgroup mrics_secondary "
    "confidence lesion_volume_mm3 white_matter_percent deep_grey_percent cortex_percent brainstem_percent "
    "cerebellum_percent qc not_assessed_reason mask_source template_volume_ratio age_years sex "
    "override fiori_low fiori_high barkovich_low barkovich_high nichd_low nichd_high "
    "in_group out_of_group_reason "
    "ventricles_z lateral_ventricle_left_z lateral_ventricle_right_z "
    "white_matter_frontal_left_z white_matter_frontal_right_z white_matter_parietal_left_z "
    "white_matter_parietal_right_z white_matter_temporal_left_z white_matter_temporal_right_z "
    "white_matter_occipital_left_z white_matter_occipital_right_z corpus_callosum_z "
    "corpus_callosum_anterior_third_z corpus_callosum_middle_third_z corpus_callosum_posterior_third_z "
    "thalamus_whole_left_z thalamus_whole_right_z brainstem_z cerebellum_z "
    "template "
    "laterality_index mrics_side mrics_territory mrics_severity subgroup_stability "
    "corticospinal_left_percent corticospinal_right_percent "
    "corticospinal_sections_left_percent corticospinal_sections_right_percent "
    "corticospinal_cut_left_percent corticospinal_cut_right_percent "
    "plic_left_percent plic_right_percent optic_radiation_left_percent optic_radiation_right_percent "
    "peduncle_left_mm2 peduncle_right_mm2 severity_stability expected_agreement"
)


@pytest.mark.parametrize("declared", [*tables().values(), *files().values()], ids=[*tables(), *files()])
def test_every_column_is_described_once_in_a_sentence(declared: list[Column]) -> None:
    names = [column.name for column in declared]
    assert len(names) == len(set(names))
    for column in declared:
        assert column.text[0].isupper(), column
        assert column.text.endswith("."), column
        assert column.text.count(". ") == 0, column
        assert column.dtype != "str" or not column.unit, column
        assert all(column.levels.values()), column
    assert all(column.dtype in ("str", "int64", "float64") for rows in tables().values() for column in rows)


def test_the_group_table_keeps_its_order() -> None:
    """A new column follows those that scripts of others may find by their place; none comes between."""
    assert " ".join(ORDER) == CONTRACT
    assert list(dtypes(group_columns()))[: len(ORDER)] == list(ORDER)


def test_numbers_say_their_unit_in_the_name_and_beside_it() -> None:
    units = {"_mm3": "mm3", "_mm": "mm", "_percent": "percent", "_years": "years", "_ratio": "ratio"}
    for rows in tables().values():
        for column in rows:
            for end, unit in units.items():
                if column.name.endswith(end):
                    assert column.unit == unit, column
                    break


def test_every_number_has_a_unit() -> None:
    """But where a cell of the same row names it."""
    lacking = {c.name for rows in tables().values() for c in rows if c.dtype == "float64" and not c.unit}
    assert lacking == {"value", "low", "high"}


def test_the_margins_are_those_that_are_measured() -> None:
    loadmargins = list(dtypes(LOADMARGINS))
    assert loadmargins == ["participant_id", "session_id", *Cell._fields, *MARGIN_COLUMNS]


def test_a_key_that_is_sometimes_there_is_written_somewhere() -> None:
    """The demo cannot show it, so its name must stand in the code beside its declaration."""
    folder = Path(cpimaging.__file__).parent
    sources = [path for path in folder.rglob("*.py") if path != Path(keys.__file__)]
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    for declared in files().values():
        for key in declared:
            name = key.name.rpartition(".")[2]
            assert not key.when or name == "*" or f'"{name}"' in code or f"{name}=" in code, key


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A folder with one table and one JSON file, both as declared."""
    import pandas as pd

    rows = pd.DataFrame({"participant_id": ["sub-01"], "age": [6.0], "sex": ["F"]})
    write_table(tmp_path / "participants.tsv", rows)
    (tmp_path / "participants.json").write_text(json.dumps(described(PARTICIPANTS)))
    return tmp_path


def test_what_is_declared_passes(people: Path) -> None:
    assert undeclared(people) == []
    assert not [line for line in never_seen(people) if line.startswith("participants")]


UNIT = ".json: $.age Additional properties are not allowed ('Unit' was unexpected)"
SEVEN = ".json: $.age.Units 7 is not of type 'string', 'null'"


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("json", '"Units"', '"Unit"', [".tsv: sidecar of age", ".json: age.Unit is not declared", UNIT]),
        ("json", '"years"', "7", [".tsv: sidecar of age", ".json: age.Units is no str", SEVEN]),
        ("json", '"other"', '"third"', [".tsv: sidecar of sex"]),
        ("tsv", "\tage", "\tages", [".tsv: ['participant_id', 'ages', 'sex']"]),
        ("tsv", "F", "female", [".tsv: sex is ['female']"]),
    ],
)
def test_what_is_not_declared_is_told(people: Path, file: str, old: str, new: str, told: list[str]) -> None:
    path = people / f"participants.{file}"
    path.write_text(path.read_text().replace(old, new, 1))
    assert undeclared(people) == [f"participants{line}" for line in told]


def test_what_is_declared_and_never_there_is_told(people: Path) -> None:
    (people / "dataset_description.json").write_text('{"Name": "results"}')
    assert "dataset_description.json: License" in never_seen(people)
    assert "dataset_description.json: Name" not in never_seen(people)
    assert "*_desc-lesions_stats.tsv: no such file" in never_seen(people)


def test_dtypes_are_those_of_the_tables() -> None:
    assert dtypes(PARTICIPANTS) == {"participant_id": "str", "age": "float64", "sex": "str"}
    assert dtypes(LESIONS)["index"] == "int64"
