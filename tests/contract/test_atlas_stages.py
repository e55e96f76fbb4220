"""All stages with atlases of one's own: one that is nasty but complete, one that no scorer knows."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from nasty_atlas import nasty_atlas, unnamed

from cpimaging import single
from cpimaging.atlases import load_atlas, load_template, write_atlas
from cpimaging.bids.demographics import with_given_ages
from cpimaging.bids.listing import single_scan
from cpimaging.images import read_image, write_image
from cpimaging.io import read_json, read_table
from cpimaging.registration import resample
from cpimaging.scorers.group import group_dtypes
from cpimaging.stages import report, score
from cpimaging.study.job import Job
from cpimaging.types import LESIONLOAD_COLUMNS, LESIONS_COLUMNS, Atlas, Image, InputError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def nasty() -> Atlas:
    return nasty_atlas()


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template at 4 mm as a scan, T1w.nii.gz, with a lesion in putamen and thalamus, mask.nii.gz."""
    folder = tmp_path_factory.mktemp("own") / "scan"
    template, labels = load_template().t1w, load_atlas("embedded").dseg
    grid = Image(np.zeros((49, 58, 47), np.uint8), template.affine @ np.diag([4.0, 4, 4, 1]))
    nuclei = [r.index for r in labels.regions if r.structure.startswith(("putamen", "thalamus"))]
    mask = resample(labels.labels.with_data(np.isin(labels.labels.data, nuclei)), grid, mode="nearest")
    write_image(folder / "T1w.nii.gz", resample(template, grid))
    write_image(folder / "mask.nii.gz", mask)
    return folder


def run(scan: Path, atlas: Atlas | str, scorers: str) -> Job:
    name = atlas if isinstance(atlas, str) else str(scan.with_name(atlas.name))
    if isinstance(atlas, Atlas):
        write_atlas(name, atlas)
    planned = single_scan({"T1w": scan / "T1w.nii.gz"}, scan / "mask.nii.gz", label="sub-01")
    planned = with_given_ages(planned, {"age": "6"})
    job = Job(scan.with_name(f"out_{Path(name).name}_{scorers}"), "sub-01", name, "identity", scorers=scorers)
    list(single.run(job, planned))
    return job


def total_mm3(scan: Path) -> float:
    mask = read_image(scan / "mask.nii.gz", labels=True)
    return float(np.count_nonzero(mask.data)) * mask.voxel_volume_mm3


@pytest.fixture(scope="module")
def nasty_job(scan: Path, nasty: Atlas) -> Job:
    return run(scan, nasty, "all")


def test_a_nasty_atlas_gives_the_embedded_ones_verdict(scan: Path, nasty_job: Job) -> None:
    embedded = run(scan, "embedded", "all")
    loads = [read_table(job.files.lesionload, LESIONLOAD_COLUMNS) for job in (nasty_job, embedded)]
    keys = ["structure", "side", "lobe", "layer"]
    ours, theirs = (table.set_index(keys)["lesion_volume_mm3"].sort_index() for table in loads)
    assert ours.index.equals(theirs.index)
    parts = loads[0][loads[0]["tissue"] != "overlay"]
    assert parts["lesion_volume_mm3"].sum() == pytest.approx(total_mm3(scan), rel=1e-12)
    assert (ours - theirs).abs().sum() < 0.3 * theirs.sum()  # edges; what changes its region counts twice
    verdicts = [read_json(job.files.pattern) for job in (nasty_job, embedded)]
    assert [v["dominance"]["call"] for v in verdicts] == ["deep_grey", "deep_grey"]
    assert verdicts[0]["mrics"]["group"] == verdicts[1]["mrics"]["group"]
    labels = read_image(nasty_job.files.atlas_dseg, labels=True)
    assert {3, 127, 300, 70001} <= set(np.unique(labels.data).tolist())


def test_an_atlas_of_names_of_its_own_gives_load_tables_alone(scan: Path, nasty: Atlas) -> None:
    job = run(scan, unnamed(nasty), "")
    load = read_table(job.files.lesionload, LESIONLOAD_COLUMNS)
    areas = load[load["structure"].str.startswith("Area ")]
    assert len(areas) == len(nasty.dseg.regions)
    assert load["lesion_volume_mm3"].sum() == pytest.approx(total_mm3(scan), rel=1e-12)
    assert set(load["layer"]) == {"n/a"}
    lesions = read_table(job.files.lesions, LESIONS_COLUMNS)
    assert lesions["main_structure"].str.startswith("Area ").any()
    assert lesions["distance_ventricle_mm"].isna().all()
    pattern = read_json(job.files.pattern)
    assert pattern["dominance"]["call"] == "not_assessed"
    assert pattern["mrics"]["not_assessed"] == "no scorer was chosen"
    assert set(pattern["dominance"]["shares"].values()) == {None}
    page = Path(job.files.report).read_text(encoding="utf-8")
    assert "No scorer was chosen" in page
    row = read_table(job.output / "group_patterns.tsv", group_dtypes()).iloc[0]
    assert (row["dominance"], row["mrics_group"]) == ("not_assessed", "n/a")
    assert row["not_assessed_reason"] == "no scorer was chosen"
    assert np.isnan(row["deep_grey_percent"])


def test_the_same_atlas_is_refused_where_a_scorer_was_chosen(scan: Path, nasty: Atlas) -> None:
    with pytest.raises(InputError, match=r"lacks caudate, .*thalamus.*, which the scorer dominance needs"):
        run(scan, unnamed(nasty), "dominance")
    assert not list(scan.with_name("out_Unnamed_dominance").glob("sub-01/anat/*"))


def test_one_scorer_alone_is_called_and_the_other_is_told(nasty_job: Job, tmp_path: Path) -> None:
    shutil.copytree(nasty_job.output, tmp_path / "out")
    job = replace(nasty_job, output=tmp_path / "out", scorers="mrics")
    score.run(job)
    report.run(job)
    pattern = read_json(job.files.pattern)
    assert pattern["dominance"]["not_assessed"] == "the scorer dominance was not chosen"
    assert pattern["mrics"]["group"] == "C"
    page = Path(job.files.report).read_text(encoding="utf-8")
    assert "Predominant grey-matter injury" in page
