"""Whether templates can be used is told without building one."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from typer.testing import CliRunner

from cpimaging.atlases.ages import fault_of, read_templates, state_of
from cpimaging.atlases.ages.table import COLUMNS
from cpimaging.cli import app

ROWS = (
    "new 36 44 new_T1w.nii.gz new_T2w.nii.gz n/a new_dseg.nii.gz new_dseg.tsv old n/a n/a",
    "old 60 80 old_T1w.nii.gz n/a n/a n/a n/a n/a n/a n/a",
)


def image(path: Path, shape: tuple[int, ...] = (8, 9, 7)) -> None:
    nib.save(nib.Nifti1Image(np.ones(shape, np.uint8), np.diag([2, 2, 2, 1.0])), path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two templates, the younger one with labels: two known names, one that holds nothing."""
    for name in ("new_T1w", "new_T2w", "new_dseg", "old_T1w"):
        image(tmp_path / f"{name}.nii.gz")
    (tmp_path / "new_dseg.tsv").write_text("index\tname\n1\tCaudate left\n2\tPutamen left\n3\tCSF\n")
    lines = ["\t".join(COLUMNS), *(row.replace(" ", "\t") for row in ROWS)]
    (tmp_path / "templates.tsv").write_text("\n".join(lines) + "\n")
    return tmp_path


def states(folder: Path) -> dict[str, str]:
    templates = read_templates(folder)
    return {name: state_of(templates, name) for name in templates}


def test_what_can_be_used_is_told_with_its_labels(folder):
    labels = "usable: one grid, 2 of its labels are known", "usable: one grid, no labels of its own"
    way = "; it goes straight to the adult template (via n/a); by way of an older one labels lie better"
    assert tuple(states(folder).values()) == (labels[0], labels[1] + way)


@pytest.mark.parametrize(("weeks", "told"), [("80", True), ("92", True), ("93", False)])
def test_the_straight_way_is_told_below_a_year(folder, weeks, told):
    table = folder / "templates.tsv"
    table.write_text(table.read_text().replace("60\t80", f"60\t{weeks}"))
    assert ("straight" in states(folder)["old"]) == told
    assert "straight" not in states(folder)["new"]
    assert fault_of(read_templates(folder), "new") is None


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("new_T2w.nii.gz", (8, 9, 8), "lies on another grid than new_T1w.nii.gz"),
        ("new_T1w.nii.gz", b"", "new_T1w.nii.gz"),
        ("new_dseg.tsv", b"index\tname\n1\tCSF\n", "new_dseg.tsv: has no name that is known"),
        ("new_dseg.tsv", b"number\tname\n1\tCSF\n", "lacks the column(s)"),
        (
            "new_dseg.tsv",
            b"index\tstructures\tside\n1\tthe_caudate\tleft\n",
            "the_caudate is no structure",
        ),
    ],
)
def test_a_template_that_cannot_be_used_says_why_and_leaves_the_other(folder, name, content, told):
    if isinstance(content, tuple):
        image(folder / name, content)
    else:
        (folder / name).write_bytes(content)
    found = states(folder)
    assert found["new"].startswith("cannot be used: ")
    assert told in found["new"]
    assert found["old"].startswith("usable")


def test_a_template_whose_way_leads_over_a_broken_one_cannot_be_used(folder):
    (folder / "old_T1w.nii.gz").write_bytes(b"")
    assert [state.startswith("cannot be used") for state in states(folder).values()] == [True, True]


def test_the_list_tells_it(folder):
    image(folder / "new_T2w.nii.gz", (8, 9, 8))
    result = CliRunner().invoke(app, ["templates", "list", str(folder)])
    assert result.exit_code == 0
    assert "cannot be used: " in result.stdout.split("old  60")[0]
    assert "usable: one grid" in result.stdout.split("old  60")[1]
