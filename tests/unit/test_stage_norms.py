"""Norms from the tables of a study, and against them: files made here, no image."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from declared import lacking, undeclared

from cpimaging.bids.scan import Scan
from cpimaging.bids.sidecars import said_of_image
from cpimaging.io import read_json, read_table, typed, write_json, write_table
from cpimaging.stages import norms as stage
from cpimaging.stages.cohort import z_cells
from cpimaging.study.job import SCAN_STAGES, Job
from cpimaging.study.measuring_grid import with_ids
from cpimaging.study.norms import read_norms, with_norms
from cpimaging.study.plan import Entry, write_plan
from cpimaging.study.record import record_path
from cpimaging.types import MORPHOMETRY_COLUMNS, InputError, measures_of
from cpimaging.words import NORMED, z_column

COLUMNS = {name: kind for name, kind in MORPHOMETRY_COLUMNS.items() if not name.endswith("_id")}


def morphometry(value_mm3: float) -> pd.DataFrame:
    rows = [
        {"measure": measure, "structure": structure, "side": side, "value": value_mm3, "unit": "mm3"}
        for measure, structure, side in NORMED
    ]
    return typed(rows, COLUMNS)


def scan(number: int, **known: object) -> Scan:
    person = {"age_years": 3.0 + number / 4, "sex": "FM"[number % 2], **known}
    image = f"sub-{number:02d}/anat/sub-{number:02d}_T1w.nii.gz"
    return Scan(f"{number:02d}", None, {"T1w": image}, **person)  # type: ignore[arg-type]


def study(
    folder: Path, scans: Sequence[Scan], *, atlas: str = "cpimaging 1", failed: str = "", seed: int = 0
) -> Path:
    """Write what norms read of a study's results: plan, records, tables and verdicts."""
    out, bids = folder / "out", folder / "bids"
    write_plan(out, bids, scans)
    rng = np.random.default_rng(seed)
    for one in scans:
        job = Job(out, one.label)
        age = one.age_years or 0.0
        table = morphometry(float(np.exp(10 + 0.02 * age + 0.1 * rng.normal())))
        write_table(job.files.morphometry, with_ids(table, one.label))
        write_json(job.files.qc, {"verdict": "fail" if one.label == failed else "pass", "flags": []})
        write_json(job.files.atlas_dseg.replace(".nii.gz", ".json"), {"Atlas": atlas})
        for name in SCAN_STAGES[: SCAN_STAGES.index("qc") + 1]:
            write_json(record_path(out, name, one.label), {"Files": {}})
    return out


def test_controls_are_a_column_of_the_participants(tmp_path: Path) -> None:
    scans = [scan(n) for n in range(1, 31)]
    scans[3], scans[4] = replace(scans[3], sex="n/a"), replace(scans[4], age_years=None)
    out = study(tmp_path, scans, failed="sub-06")
    people = [f"sub-{n:02d}\t{'control' if n <= 28 else 'patient'}" for n in range(1, 31)]
    (tmp_path / "bids").mkdir()
    (tmp_path / "bids/participants.tsv").write_text("participant_id\tgroup\n" + "\n".join(people) + "\n")
    told = list(stage.run(out, ["group=Control"], tmp_path / "norms"))
    assert told[0] == (
        "Norms of 25 controls (12 F, 13 M) of 3.2 to 10.0 years; left out: 2 age or sex not known, "
        "1 failed quality checks"
    )
    assert told[1].startswith("fewer than 100 controls")
    content = read_json(tmp_path / "norms/norms.json")
    assert content["Controls"] == {"F": 12, "M": 13}
    assert content["FieldStrengths"] == {"n/a": 25}
    shared = read_table(tmp_path / "norms/controls.tsv")
    assert lacking("norms", tmp_path / "norms") == undeclared(tmp_path / "norms") == []
    assert list(shared) == ["age_years", "sex", "field_strength_tesla"]
    assert len(shared) == 25
    assert "sub-" not in json.dumps(content)
    assert str(tmp_path) not in json.dumps(content)


def test_controls_may_be_another_study(tmp_path: Path) -> None:
    own = study(tmp_path / "own", [scan(1)])
    other = study(tmp_path / "other", [scan(n) for n in range(1, 25)])
    told = list(stage.run(own, [str(other)], tmp_path / "norms"))
    assert told[0].startswith("Norms of 24 controls")


def test_of_one_person_the_first_session_counts(tmp_path: Path) -> None:
    twice = [replace(scan(n), session=session) for n in range(1, 23) for session in ("1", "2")]
    out = study(tmp_path, twice)
    told = list(stage.run(out, [str(out)], tmp_path / "norms"))
    assert told[0].startswith("Norms of 22 controls")
    assert "22 a later session" in told[0]


@pytest.mark.parametrize(
    ("controls", "told"),
    [
        (["group=control"], "participants.tsv: no such file"),
        (["{out}"], "19 controls are too few: 20 are needed; give more controls"),
        (["{tmp}/none"], "holds no scan"),
    ],
)
def test_what_makes_no_norms_is_told(tmp_path: Path, controls: list[str], told: str) -> None:
    out = study(tmp_path, [scan(n) for n in range(1, 20)])
    named = [word.replace("{out}", str(out)).replace("{tmp}", str(tmp_path)) for word in controls]
    with pytest.raises(InputError) as caught:
        list(stage.run(out, named, tmp_path / "norms"))
    assert told in str(caught.value)
    assert not (tmp_path / "norms").exists()


def test_a_column_that_is_not_there_is_told(tmp_path: Path) -> None:
    out = study(tmp_path, [scan(1)])
    (tmp_path / "bids").mkdir()
    (tmp_path / "bids/participants.tsv").write_text("participant_id\tage\nsub-01\t4\n")
    with pytest.raises(InputError, match="lacks the column 'group'"):
        list(stage.run(out, ["group=control"], tmp_path / "norms"))


def test_controls_of_two_atlases_are_refused(tmp_path: Path) -> None:
    one = study(tmp_path / "one", [scan(n) for n in range(1, 25)])
    other = study(tmp_path / "two", [scan(n) for n in range(25, 49)], atlas="published 2", seed=1)
    with pytest.raises(InputError, match="cpimaging 1 and published 2"):
        list(stage.run(one, [str(one), str(other)], tmp_path / "norms"))


def test_a_brain_counts_once_under_whatever_name(tmp_path: Path) -> None:
    """The same study twice, and its scans once more under other names."""
    one = study(tmp_path / "one", [scan(n) for n in range(1, 25)])
    renamed = study(tmp_path / "two", [replace(scan(n), participant=f"{n + 40:02d}") for n in range(1, 25)])
    told = list(stage.run(one, [str(one), str(one), str(renamed)], tmp_path / "norms"))
    assert told[0].startswith("Norms of 24 controls")
    assert told[0].endswith("left out: 48 the same brain as another")


def test_brains_of_which_nothing_was_measured_are_no_copies(tmp_path: Path) -> None:
    out = study(tmp_path, [scan(n) for n in range(1, 25)])
    for label in ("sub-01", "sub-02"):
        write_table(Job(out, label).files.morphometry, with_ids(morphometry(float("nan")), label))
    told = list(stage.run(out, [str(out)], tmp_path / "norms"))
    assert told[0].startswith("Norms of 24 controls")


def test_controls_with_a_pattern_of_injury_are_told(tmp_path: Path) -> None:
    out = study(tmp_path, [scan(n) for n in range(1, 25)])
    for label, group in (("sub-03", "B"), ("sub-07", "D"), ("sub-08", "E"), ("sub-09", "n/a")):
        write_json(Job(out, label).files.pattern, {"mrics": {"group": group}})
    told = list(stage.run(out, [str(out)], tmp_path / "norms"))
    assert "controls with a pattern of injury: sub-03 and 1 more; are they controls?" in told


@pytest.fixture
def norms_dir(tmp_path: Path) -> Path:
    out = study(tmp_path, [scan(n) for n in range(1, 41)])
    list(stage.run(out, [str(out)], tmp_path / "norms"))
    return tmp_path / "norms"


def job(norms_dir: Path, one: Scan) -> Job:
    return Job(
        Path("out"), one.label, norms_dir=str(norms_dir), planned=Entry(norms_dir.parent / "bids", one)
    )


def test_a_scan_gets_its_z_scores_and_a_note(norms_dir: Path) -> None:
    table, notes = with_norms(job(norms_dir, scan(20)), morphometry(float(np.exp(10.16 - 0.3))))
    assert notes == ["Norms of 40 controls (20 F, 20 M) of 3.2 to 13.0 years"]
    cells = z_cells(measures_of(table))
    assert list(cells) == [z_column(structure, side) for _, structure, side in NORMED]
    assert all(-4.5 < float(z) < -2 for z in cells.values())  # type: ignore[arg-type]
    assert typed(table, COLUMNS).equals(table)


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"age_years": None}, "the age is not known"),
        ({"age_years": 20.0}, "norms are of 3.2 to 13.0 years"),
        ({"sex": "O"}, "norms are of F and M alone, sex is O"),
    ],
)
def test_a_scan_that_norms_do_not_cover_has_none(
    norms_dir: Path, known: dict[str, object], reason: str
) -> None:
    before = morphometry(20000.0)
    table, notes = with_norms(job(norms_dir, scan(20, **known)), before)
    assert table.equals(before)
    assert notes[0].endswith(f"; not applied: {reason}")
    assert z_cells(measures_of(table)) == {}


def test_without_norms_nothing_changes() -> None:
    before = morphometry(20000.0)
    assert with_norms(Job(Path("out"), "sub-01"), before) == (before, [])


def test_norms_of_another_atlas_or_none_are_refused(norms_dir: Path, tmp_path: Path) -> None:
    read_norms(norms_dir, "embedded")
    with pytest.raises(InputError, match="was measured with the atlas cpimaging 1"):
        read_norms(norms_dir, "published")
    with pytest.raises(InputError, match="no such file"):
        read_norms(tmp_path / "none", "embedded")
    content = read_json(norms_dir / "norms.json")
    del content["Knots"]
    write_json(norms_dir / "norms.json", content)
    with pytest.raises(InputError, match="holds no norms"):
        read_norms(norms_dir, "embedded")


def test_scanners_are_read_from_the_sidecars(tmp_path: Path) -> None:
    scans = [scan(n) for n in range(1, 41)]
    for place, one in enumerate(scans):
        image = tmp_path / "bids" / one.images["T1w"]
        said = {"ManufacturersModelName": "AB"[place // 2 % 2], "MagneticFieldStrength": 3}
        write_json(str(image).replace(".nii.gz", ".json"), said)
    out = study(tmp_path, scans)
    told = list(stage.run(out, [str(out)], tmp_path / "norms", "ManufacturersModelName"))
    assert told[0].startswith("Norms of 40 controls")
    content = read_json(tmp_path / "norms/norms.json")
    assert content["Scanners"] == ["A", "B"]
    assert content["FieldStrengths"] == {"3": 40}
    _, notes = with_norms(job(tmp_path / "norms", scan(20)), morphometry(20000.0))
    assert "not applied" not in notes[0]
    _, notes = with_norms(job(tmp_path / "norms", scan(50, age_years=9.0)), morphometry(20000.0))
    assert notes[0].endswith("norms do not know the scanner")


def test_a_sidecar_above_counts_where_the_nearest_says_nothing(tmp_path: Path) -> None:
    image = "sub-01/anat/sub-01_T1w.nii.gz"
    write_json(tmp_path / "T1w.json", {"MagneticFieldStrength": 1.5, "Model": "far"})
    write_json(tmp_path / "sub-01/anat/sub-01_T1w.json", {"Model": "near"})
    assert said_of_image(tmp_path, image, "Model") == "near"
    assert said_of_image(tmp_path, image, "MagneticFieldStrength") == "1.5"
    assert said_of_image(tmp_path, image, "Other") == ""
