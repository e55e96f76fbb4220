"""All stages on one scan at several ages: what is n/a, and what the page says of the template."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cpimaging import single
from cpimaging.assessed import ADD_AGE, UNPLACED
from cpimaging.atlases import load_atlas, load_template
from cpimaging.atlases.ages import build
from cpimaging.bids.demographics import with_assumed_ages, with_given_ages
from cpimaging.bids.listing import single_scan
from cpimaging.images import read_image, write_image
from cpimaging.io import read_json, read_table
from cpimaging.layout import sidecar_path
from cpimaging.registration import Transform, resample
from cpimaging.registration.ages import Fit
from cpimaging.stages import register
from cpimaging.study.job import Job
from cpimaging.types import Image

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template at 4 mm as T1w and as ADC, with a lesion in thalamus, putamen and PLIC."""
    folder = tmp_path_factory.mktemp("ages") / "scan"
    template, labels = load_template().t1w, load_atlas("embedded").dseg
    grid = Image(np.zeros((49, 58, 47), np.uint8), template.affine @ np.diag([4.0, 4, 4, 1]))
    hit = [r.index for r in labels.regions if r.structure.startswith(("putamen", "thalamus", "plic"))]
    mask = resample(labels.labels.with_data(np.isin(labels.labels.data, hit)), grid, mode="nearest")
    t1w = resample(template, grid)
    inside = t1w.data > 0
    write_image(folder / "T1w.nii.gz", t1w)
    write_image(folder / "ADC.nii.gz", t1w.with_data(np.where(inside, 1.6e-3 - 1e-3 * t1w.data, 0)))
    write_image(folder / "mask.nii.gz", mask)
    return folder


def run(
    scan: Path, name: str, ages: Mapping[str, str], contrast: str = "T1w", assume: str = "", **choices: str
) -> Job:
    images = {contrast: scan / f"{contrast}.nii.gz"}
    planned = with_given_ages(single_scan(images, scan / "mask.nii.gz", label="sub-01"), ages)
    (planned,) = with_assumed_ages([planned], assume)
    job = replace(Job(scan.with_name(name), "sub-01", engine="identity"), **choices)
    list(single.run(job, planned))
    return job


def load(job: Job) -> pd.DataFrame:
    return read_table(job.files.lesionload)


def total_mm3(scan: Path) -> float:
    mask = read_image(scan / "mask.nii.gz", labels=True)
    return float(np.count_nonzero(mask.data)) * mask.voxel_volume_mm3


def row(job: Job) -> pd.Series:
    return read_table(job.output / "group_patterns.tsv").iloc[0]


def test_a_newborn_on_the_adult_template_has_no_numbers_for_what_it_cannot_place(scan: Path) -> None:
    job = run(scan, "newborn", {"age": "3d"})
    table = load(job)
    unplaced = table[table["structure"].isin(UNPLACED)]
    assert set(unplaced["structure"]) == UNPLACED
    assert (unplaced[["region_volume_mm3", "lesion_volume_mm3", "percent_region"]] == "n/a").all(axis=None)
    rest = table[(table["tissue"] != "overlay") & ~table["structure"].isin(UNPLACED)]
    assert rest["lesion_volume_mm3"].astype(float).sum() == pytest.approx(total_mm3(scan))
    morphometry = read_table(job.files.morphometry)
    assert (morphometry.loc[morphometry["measure"] == "ratio_to_template", "value"] == "n/a").all()
    assert (morphometry.loc[morphometry["structure"].isin(UNPLACED), "value"] == "n/a").all()
    page = Path(job.files.report).read_text()
    assert "adult template (MNI152NLin2009aSym)" in page
    assert "the adult template cannot place PLIC" in page
    scales = read_json(job.files.pattern)["scales"]
    assert "adult template cannot place" in scales["nichd"]["not_assessed"]
    assert row(job)["template"] == "MNI152NLin2009aSym"


def test_a_scan_of_unknown_age_is_measured_and_not_called(scan: Path) -> None:
    job = run(scan, "unknown", {})
    pattern = read_json(job.files.pattern)
    assert pattern["mrics"]["not_assessed"] == pattern["dominance"]["not_assessed"] == ADD_AGE
    assert pattern["out_of_group"] == ADD_AGE
    assert all(scale["not_assessed"] == ADD_AGE for scale in pattern["scales"].values())
    parts = load(job)[lambda table: table["tissue"] != "overlay"]
    known = parts[parts["lesion_volume_mm3"] != "n/a"]
    assert known["lesion_volume_mm3"].astype(float).sum() == pytest.approx(total_mm3(scan))
    page = Path(job.files.report).read_text()
    assert "The age at scan is not known: add a column age" in page
    assert (
        "<b>Registered to the adult template (MNI152NLin2009aSym).</b>" in page
    )  # the reason is not said twice
    assert row(job)["in_group"] == "false"


def test_an_unknown_age_may_be_taken_for_a_childs(scan: Path) -> None:
    job = run(scan, "assumed", {}, assume="child")
    assert read_json(job.files.pattern)["mrics"]["not_assessed"] != ADD_AGE
    assert (load(job).loc[lambda table: table["structure"] == "plic", "lesion_volume_mm3"] != "n/a").all()
    assert "taken for that of a child (assume_age)" in Path(job.files.report).read_text()


def test_an_adc_map_alone_is_a_scan(scan: Path) -> None:
    job = run(scan, "adc", {"age": "6"}, "ADC")
    record = read_json(sidecar_path(job.files.preproc("ADC")))
    assert (record["Units"], record["BiasCorrected"]) == ("mm^2/s", False)
    assert np.median(read_image(job.files.preproc("ADC")).data) < 0.01
    assert Path(job.files.xfm_to_scan("ADC")).is_file()
    parts = load(job)[lambda table: table["tissue"] != "overlay"]
    assert parts["lesion_volume_mm3"].astype(float).sum() == pytest.approx(total_mm3(scan))


def nowhere(grid: Image) -> Image:
    return Image(np.zeros((*grid.shape, 3)), grid.affine)


@pytest.fixture
def no_movement(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let every fit of children's brains find that nothing moves, and keep what is built of that apart."""

    def fit(
        own: Mapping[str, Image], other: Mapping[str, Image], matrix: np.ndarray, *_: object, **__: object
    ) -> Fit:
        one, two = (nowhere(next(iter(images.values()))) for images in (own, other))
        return Fit(matrix, Transform(to_template=two, to_scan=one))

    for module in (build, register):
        monkeypatch.setattr(module, "fit", fit)
        monkeypatch.setattr(module, "start_of", lambda own, other: np.eye(4))
    atlas = load_atlas("embedded")
    template = load_template()
    monkeypatch.setattr("cpimaging.study.frame.load_atlas", lambda name: atlas)
    monkeypatch.setattr("cpimaging.atlases.ages.build.load_template", lambda: template)
    monkeypatch.setenv("CPIMAGING_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("no_movement")
def test_a_template_of_the_age_is_used_named_and_cached(scan: Path, tmp_path: Path) -> None:
    template = load_template().t1w
    grid = Image(np.zeros((98, 116, 94), np.uint8), template.affine @ np.diag([2.0, 2, 2, 1]))
    write_image(tmp_path / "templates/newborn_T1w.nii.gz", resample(template, grid))
    head = "name pma_weeks_min pma_weeks_max T1w T2w brain_mask dseg dseg_table via license citation"
    cells = "newborn 36 400 newborn_T1w.nii.gz n/a n/a n/a n/a n/a ours ours"
    lines = ["\t".join(line.split(" ")) for line in (head, cells)]
    (tmp_path / "templates/templates.tsv").write_text("\n".join(lines) + "\n")
    chosen = {"templates_dir": str(tmp_path / "templates"), "engine": "greedy"}
    job = run(scan, "own", {"pma_weeks": "41"}, **chosen)
    assert row(job)["template"] == "newborn"
    for path in (
        job.files.xfm_to_scan("T1w", "newborn"),
        job.files.xfm_to_template("T1w", "newborn"),
        job.files.xfm_to_template("T1w"),
        job.files.lesion_mask_template,
        job.files.lesion_mask_in("newborn"),
        job.files.affine("T1w", "newborn"),
    ):
        assert Path(path).is_file()
    assert (load(job).loc[lambda table: table["structure"] == "plic", "lesion_volume_mm3"] != "n/a").all()
    page = Path(job.files.report).read_text()
    assert "newborn, of the scan&#39;s age" in page
    assert "cannot place" not in page
    assert page.count("data:image/svg+xml") == 1  # the lines of a newborn
    assert "Ratios are to the template of the age" in page
    kept = sorted(path.name for path in (tmp_path / "cache").iterdir())
    assert sum(name.startswith("age-") for name in kept) == 3  # labels, the step, volumes
