"""The table of templates by age: read, refused, chosen from."""

from pathlib import Path

import pytest

from cpimaging.atlases.ages.table import COLUMNS, read_templates, template_for, way_to_adult
from cpimaging.types import InputError

HEAD = "\t".join(COLUMNS)


def folder_of(tmp_path: Path, *rows: str, head: str = HEAD) -> Path:
    for name in ("t1.nii.gz", "t2.nii.gz", "mask.nii.gz", "labels.nii.gz", "labels.tsv"):
        (tmp_path / name).touch()
    (tmp_path / "templates.tsv").write_text("\n".join([head, *rows]) + "\n")
    return tmp_path


def row(name: str = "a", low: object = 36, high: object = 44, via: str = "n/a", **cells: str) -> str:
    files = {"T1w": "t1.nii.gz", "T2w": "t2.nii.gz", "brain_mask": "n/a", "dseg": "n/a", "dseg_table": "n/a"}
    return "\t".join([name, str(low), str(high), *(files | cells).values(), via, "CC BY 4.0", "nobody 2020"])


def test_a_row_is_read_with_its_files(tmp_path):
    folder = folder_of(tmp_path, row(brain_mask="mask.nii.gz", T1w="n/a"))
    found = read_templates(folder)["a"]
    assert found.images == {"T2w": folder / "t2.nii.gz"}
    assert found.pma_weeks == (36, 44)
    assert found.brain_mask == folder / "mask.nii.gz"
    assert (found.dseg, found.via, found.license) == (None, None, "CC BY 4.0")
    assert found.files == [folder / "t2.nii.gz", folder / "mask.nii.gz"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([row("a_b")], "'a_b' is none for a template"),
        ([row("MNI152NLin2009aSym")], "is none for a template"),
        ([row(low="x")], "its weeks are not numbers"),
        ([row(low=44, high=36)], "44 to 36 weeks is no range"),
        ([row(T1w="gone.nii.gz")], "there is no file gone.nii.gz"),
        ([row(T1w="n/a", T2w="n/a")], "neither T1w nor T2w"),
        ([row(dseg="labels.nii.gz")], "labels without a table"),
        ([row(dseg_table="labels.tsv")], "a has a dseg_table without dseg"),
        ([row(via="b"), row("b", 28, 34)], "a goes via b, which is younger"),
        ([row("x", 60, 80, via="a"), row(via="b"), row("b", 50, 60)], "x goes via a, which is younger"),
        ([row(), row()], "names a twice"),
        ([row(via="b")], "a goes via b, which is not there"),
        ([row(via="b"), row("b", via="a")], "a via b goes in a circle"),
        ([row(via="a")], "a goes in a circle"),
    ],
)
def test_a_fault_is_told_in_one_line(tmp_path, rows, told):
    with pytest.raises(InputError, match=told) as error:
        read_templates(folder_of(tmp_path, *rows))
    assert "\n" not in str(error.value)


def test_a_folder_without_table_or_column_is_refused(tmp_path):
    with pytest.raises(InputError, match="templates fetch"):
        read_templates(tmp_path)
    with pytest.raises(InputError, match="lacks the column"):
        read_templates(folder_of(tmp_path, head=HEAD.replace("via", "next")))


def test_the_way_leads_over_the_ages_to_the_adult(tmp_path):
    rows = [row("a", via="b"), row("b", 60, 80, via="c"), row("c", 140, 160, via="adult")]
    templates = read_templates(folder_of(tmp_path, *rows))
    assert [step.name for step in way_to_adult(templates, templates["a"])] == ["a", "b", "c"]
    assert [step.name for step in way_to_adult(templates, templates["c"])] == ["c"]


def test_an_empty_via_goes_straight_to_the_adult(tmp_path):
    assert read_templates(folder_of(tmp_path, row(via="")))["a"].via is None


@pytest.mark.parametrize(
    ("age_years", "pma_weeks", "name"),
    [
        (0.0, 38.0, "young"),
        (0.0, 42.0, "near"),  # two fit, the middle of this one is nearer
        (0.0, None, "young"),  # from birth: 40 weeks
        (0.5, None, "old"),  # 40 + 26.09 weeks
        (0.0, 45.0, "young"),
        (0.0, 30.0, None),
        (45.0, None, None),
        (None, None, None),
    ],
)
def test_the_template_of_an_age(tmp_path, age_years, pma_weeks, name):
    rows = [row("young", 36, 45), row("near", 40, 44), row("old", 60, 80)]
    found = template_for(read_templates(folder_of(tmp_path, *rows)), age_years, pma_weeks)
    assert (found and found.name) == name
