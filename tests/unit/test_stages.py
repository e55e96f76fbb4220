"""The stages on a small simulated dataset, in this process, left where the scans lie (engine identity)."""

import json
import shutil
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from declared import lacking, undeclared

from cpimaging import single
from cpimaging.atlases import load_atlas, write_atlas
from cpimaging.bids.demographics import with_demographics, with_given_ages
from cpimaging.bids.listing import list_scans, single_scan
from cpimaging.bids.scan import Scan
from cpimaging.columns import Z_SCORES
from cpimaging.images import read_image, write_image
from cpimaging.io import read_json, read_table, write_json, write_table
from cpimaging.layout import atlas_name
from cpimaging.norms import Person, as_json, build_norms
from cpimaging.report import words
from cpimaging.report.pictures import CUTS_TO_READ
from cpimaging.scorers.group import group_dtypes
from cpimaging.scorers.needs import check_fit
from cpimaging.simulate import simulate
from cpimaging.stages import agree, atlas, cohort, index, reading_list
from cpimaging.stages.sessions import write_sessions
from cpimaging.study.gathered import gather
from cpimaging.study.group_tables import PageTables
from cpimaging.study.job import SCAN_STAGES, Job
from cpimaging.study.measuring_grid import with_ids
from cpimaging.study.plan import Entry, write_plan
from cpimaging.types import (
    LESIONLOAD_COLUMNS,
    LESIONS_COLUMNS,
    MORPHOMETRY_COLUMNS,
    Atlas,
    Image,
    InputError,
    LabelMap,
)
from cpimaging.words import NORMED

pytestmark = pytest.mark.slow
MASK = "derivatives/lesions/{0}/anat/{0}_space-orig_label-L_mask.nii.gz"


@pytest.fixture(scope="module")
def bids(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scans of 5 mm voxels: one with a mask, one without."""
    folder = tmp_path_factory.mktemp("stages") / "bids"
    patterns = ["basal_ganglia_thalamus", "mca_infarct"]
    simulate(folder, n=2, seed=1, voxel_mm=5, contrasts=("T1w", "FLAIR"), patterns=patterns)
    (folder / MASK.format("sub-02")).unlink()
    return folder


@pytest.fixture(scope="module")
def out(bids: Path) -> Path:
    """The results of both scans."""
    folder = bids.with_name("out")
    write_plan(folder, bids, with_demographics(bids, list_scans(bids)))
    atlas.run(folder, "embedded")
    index.run(folder)
    for scan in ("sub-01", "sub-02"):
        run_stages(Job(folder, scan, engine="identity", detection="off"))
    cohort.run(folder)
    return folder


@pytest.fixture
def copied(out: Path, tmp_path: Path) -> Path:
    """The results, to be spoilt."""
    return Path(shutil.copytree(out, tmp_path / "out"))


def run_stages(job: Job, *stages: str) -> None:
    for stage in stages or SCAN_STAGES:
        import_module(f"cpimaging.stages.{stage}").run(job)


def patterns(out: Path) -> pd.DataFrame:
    return read_table(out / "group_patterns.tsv", group_dtypes()).set_index("participant_id")


def summary(out: Path) -> pd.DataFrame:
    return read_table(out / "logs/summary.tsv").set_index("participant_id")


def fail(out: Path, scan: str, stage: str, message: str) -> None:
    """Do what a stage that fails leaves behind: its output is gone, and its log says why."""
    job = Job(out, scan)
    files = {"preprocess": job.files.brain_mask, "register": job.files.xfm_to_scan("T1w"), "qc": job.files.qc}
    Path(files[stage]).unlink()
    log = Path(job.files.log(stage, "T1w" if stage == "register" else ""))
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"a warning\ncpimaging: {message}\n")


# --- plan


def test_a_job_knows_the_files_of_its_scan(tmp_path: Path) -> None:
    images = {"FLAIR": "sub-02/f.nii.gz", "T2w": "sub-02/t2.nii.gz"}
    write_plan(tmp_path, "data", [Scan("02", None, images, "/far/mask.nii.gz", "lesions_dir")])
    job = Job(tmp_path, "sub-02")
    assert job.images == {"FLAIR": Path("data/sub-02/f.nii.gz"), "T2w": Path("data/sub-02/t2.nii.gz")}
    assert job.reference == "T2w"
    assert job.lesion == Path("/far/mask.nii.gz")
    assert job.brain_mask is None
    assert job.names("sub-02/t2.nii.gz", None, "/far/mask.nii.gz") == ["sub-02/t2.nii.gz", "mask.nii.gz"]


@pytest.mark.parametrize(
    ("files", "name"),
    [
        (["atlas-AAL3_dseg.nii.gz", "atlas-AAL3_dseg.tsv"], "AAL3"),
        (["atlas-AAL3_dseg.nii.gz", "atlas-AAL3_seg-tracts_dseg.nii.gz"], "AAL3"),
        (["tpl-MNI_atlas-Pauli2017_dseg.nii"], "Pauli2017"),
        ([], "my_atlas"),
    ],
)
def test_an_atlas_is_called_by_its_label_image(tmp_path: Path, files: list[str], name: str) -> None:
    folder = tmp_path / "my_atlas"
    folder.mkdir()
    for file in files:
        (folder / file).touch()
    assert atlas_name(str(folder)) == name
    assert atlas_name("embedded") == "cpimaging"


# --- tables


def test_ids_stand_in_front() -> None:
    table = pd.DataFrame({"value": [1.0, 2.0]})
    ids = {"participant_id": ["sub-01"] * 2, "session_id": ["ses-02"] * 2}
    pd.testing.assert_frame_equal(
        with_ids(table, "sub-01_ses-02"), pd.DataFrame({**ids, "value": [1.0, 2.0]})
    )
    assert with_ids(table, "sub-01")["session_id"].tolist() == ["n/a", "n/a"]
    assert list(table) == ["value"]


def test_the_tables_have_the_columns_of_the_contract(out: Path) -> None:
    for scan in ("sub-01", "sub-02"):
        files = Job(out, scan).files
        for path, columns in (
            (files.lesionload, LESIONLOAD_COLUMNS),
            (files.lesions, LESIONS_COLUMNS),
            (files.morphometry, MORPHOMETRY_COLUMNS),
        ):
            assert list(read_table(path)) == list(columns)
    assert list(read_table(out / "group_patterns.tsv")) == list(group_dtypes())


def test_the_group_table_is_the_tables_of_the_scans(out: Path) -> None:
    group = read_table(out / "group_desc-lesionload_stats.tsv")
    single_tables = [read_table(Job(out, scan).files.lesionload) for scan in ("sub-01", "sub-02")]
    pd.testing.assert_frame_equal(group.drop(columns="in_group"), pd.concat(single_tables, ignore_index=True))


def test_nothing_is_written_that_is_not_declared(out: Path) -> None:
    """One scan with a mask, one that was not assessed."""
    assert undeclared(out) == []


def test_the_index_tells_people_what_was_picked(out: Path) -> None:
    table = read_table(out / "logs/index.tsv", index.INDEX_COLUMNS)
    assert table["contrasts"].tolist() == ["T1w,FLAIR"] * 2
    assert table["lesion_source"].tolist() == ["derivatives", "none"]
    assert table["problems"].tolist() == ["n/a"] * 2
    assert table["age_years"].between(0, 20).all()
    assert table["age_source"].str.startswith("participants.tsv: age (").all()
    people = read_table(out / "participants.tsv").set_index("participant_id")
    assert people["age"].astype(float).tolist() == table["age_years"].tolist()


def test_the_transform_tells_what_was_done_about_the_lesion(out: Path) -> None:
    told = read_json(Path(Job(out, "sub-01").files.xfm_to_scan("T1w").replace(".nii.gz", ".json")))
    assert told["LesionStrategy"] == "nothing is fitted"


# --- a scan without a mask


def test_without_a_mask_nothing_is_0(out: Path) -> None:
    files = Job(out, "sub-02").files
    load = read_table(files.lesionload, LESIONLOAD_COLUMNS)
    assert load[["lesion_volume_mm3", "percent_region", "percent_lesion"]].isna().all(axis=None)
    assert load["region_volume_mm3"].sum() > 0
    assert len(read_table(files.lesions)) == 0
    for path in (files.lesion_mask, files.lesion_mask_template, files.lesions_dseg):
        assert not Path(path).exists()


def test_without_a_mask_the_call_is_not_assessed(out: Path) -> None:
    row = patterns(out).loc["sub-02"]
    assert row["dominance"] == "not_assessed"
    assert row["mrics_group"] == "n/a"
    assert row["not_assessed_reason"] == "no mask, and detection is off"
    assert row["mask_source"] == "none"
    assert np.isnan(row["lesion_volume_mm3"])
    assert row[["in_group", "out_of_group_reason"]].tolist() == ["false", "no mask, and detection is off"]
    pattern = read_json(Job(out, "sub-02").files.pattern)
    assert pattern["dominance"]["call"] == "not_assessed"
    assert "No mask, and detection is off" in (out / "sub-02.html").read_text()


@pytest.mark.parametrize(("verdict", "called"), [("pass", True), ("warn", True), ("fail", False)])
def test_a_failed_check_blocks_every_call(copied: Path, verdict: str, called: bool) -> None:
    job = Job(copied, "sub-01", engine="identity")
    write_json(job.files.qc, {**read_json(job.files.qc), "verdict": verdict})
    run_stages(job, "score")
    pattern = read_json(job.files.pattern)
    assert (pattern["dominance"]["call"] != "not_assessed") == called
    assert (pattern["mrics"]["group"] != "n/a") == called
    assert ("quality control failed" in (pattern["mrics"]["not_assessed"] or "")) != called
    assert pattern["out_of_group"] == (None if called else "quality control failed")
    run_stages(job, "report")
    cohort.run(copied)
    row = patterns(copied).loc["sub-01"]
    assert row["in_group"] == ("true" if called else "false")
    assert np.isnan(row["lesion_volume_mm3"]) != called
    load = read_table(copied / "group_desc-lesionload_stats.tsv")
    assert set(load.loc[load["participant_id"] == "sub-01", "in_group"]) == {row["in_group"]}
    assert list(load)[-1] == "in_group"
    assert load["participant_id"].nunique() == 2


@pytest.mark.parametrize("scan", ["sub-01", "sub-02"])
def test_every_check_says_what_it_hints_at(out: Path, scan: str) -> None:
    flags = read_json(Job(out, scan).files.qc)["flags"]
    assert len({flag["name"] for flag in flags}) == len(flags) > 20
    assert all(words.check(flag["name"]) for flag in flags)


def test_the_frequency_counts_scans_of_the_group_only(out: Path, copied: Path) -> None:
    """The scan with a mask fails its checks in these results; where they hold, it is the only one."""
    name = "group_space-MNI152NLin2009aSym_label-L_probseg"
    assert not (out / f"{name}.nii.gz").exists()
    job = Job(copied, "sub-01", engine="identity")
    write_json(job.files.qc, {**read_json(job.files.qc), "verdict": "pass"})
    run_stages(job, "score", "report")
    cohort.run(copied)
    assert read_json(copied / f"{name}.json")["NumberOfScans"] == 1
    assert set(np.unique(read_image(copied / f"{name}.nii.gz").data)) == {0, 1}


# --- a scan with one


def test_the_volume_is_voxels_times_voxel_volume(bids: Path, out: Path) -> None:
    mask = read_image(bids / MASK.format("sub-01"), labels=True)
    volume = np.count_nonzero(mask.data) * 125.0
    load = read_table(Job(out, "sub-01").files.lesionload, LESIONLOAD_COLUMNS)
    assert load.loc[load["tissue"] != "overlay", "lesion_volume_mm3"].sum() == volume
    pieces = read_table(Job(out, "sub-01").files.lesions, LESIONS_COLUMNS)
    assert pieces["volume_mm3"].sum() == volume


def test_the_mask_that_is_shown_is_the_mask_that_was_given(bids: Path, out: Path) -> None:
    given = read_image(bids / MASK.format("sub-01"), labels=True)
    shown = read_image(Job(out, "sub-01").files.lesion_mask, labels=True)
    assert np.array_equal(given.data > 0, shown.data > 0)
    assert shown.same_grid(given)
    pieces = read_image(Job(out, "sub-01").files.lesions_dseg, labels=True)
    assert np.array_equal(pieces.data > 0, given.data > 0)
    assert set(np.unique(pieces.data)) - {0} == set(range(1, pieces.data.max() + 1))


def test_a_scan_under_two_names_is_told_by_its_volumes(out: Path) -> None:
    page, first = PageTables(), gather(Job(out, "sub-01"))
    renamed = [["sub-03", *row[1:]] for row in first.morphometry]
    for scan in (
        first,
        gather(Job(out, "sub-02")),
        replace(first, job=Job(out, "sub-03"), morphometry=renamed),
    ):
        page.add(
            {"participant_id": scan.job.label, "session_id": "n/a"}, scan, {"in_group": "true", "qc": "pass"}
        )
    told = (
        "2 scans are the same in every volume of the brain, each has a row: is one a copy? (sub-01, sub-03)"
    )
    assert page.copies() == [told]


# --- what is told of scans that failed


def test_a_failed_scan_is_told_with_its_stage_and_message(copied: Path) -> None:
    fail(copied, "sub-02", "qc", "sub-02: something is wrong; mend it")
    cohort.run(copied)
    assert summary(copied).loc["sub-02"].to_dict() == {
        "session_id": "n/a",
        "stage": "qc",
        "status": "failed",
        "message": "sub-02: something is wrong; mend it",
        "log": "logs/qc/sub-02/sub-02.log",
    }
    assert summary(copied).loc["sub-01", "status"] == "done"
    assert "something is wrong" in (copied / "index.html").read_text()


@pytest.mark.parametrize("stage", ["preprocess", "register"])
def test_results_of_an_earlier_run_do_not_stand_for_a_scan_that_now_fails(copied: Path, stage: str) -> None:
    fail(copied, "sub-01", stage, "x.nii.gz: cannot be read; copy it again")
    (copied / "sub-01.pdf").touch()
    cohort.run(copied)
    assert list(patterns(copied).index) == ["sub-02"]
    load = read_table(copied / "group_desc-lesionload_stats.tsv")
    assert set(load["participant_id"]) == {"sub-02"}
    assert summary(copied).loc["sub-01", ["stage", "status"]].tolist() == [stage, "failed"]
    assert "<b>Out of date:</b>" in (copied / "sub-01.html").read_text()
    assert not (copied / "sub-01.pdf").exists()
    assert "Out of date" not in (copied / "sub-02.html").read_text()


def test_a_scan_that_was_not_reached_is_not_called_failed(copied: Path) -> None:
    images = {"T1w": "sub-03/anat/sub-03_T1w.nii.gz"}
    write_plan(copied, "bids", [Scan("03", None, images)], whole=False)
    cohort.run(copied)
    row = summary(copied).loc["sub-03"]
    assert (row["stage"], row["status"], row["message"]) == ("preprocess", "not run", "n/a")


def test_nothing_finished_is_a_page_with_empty_tables(tmp_path: Path) -> None:
    write_plan(tmp_path, "bids", [Scan("01", None, {}, problems=("no T1w image",))])
    cohort.run(tmp_path)
    assert list(read_table(tmp_path / "group_patterns.tsv")) == list(group_dtypes())
    assert len(summary(tmp_path)) == 1
    assert (tmp_path / "index.html").is_file()


def test_messages_name_files_without_the_folders_of_the_machine(bids: Path, tmp_path: Path) -> None:
    """A mask in a folder outside of the dataset that lies 30 mm off."""
    masks, out = tmp_path / "masks", tmp_path / "out"
    mask = read_image(bids / MASK.format("sub-01"), labels=True)
    affine = mask.affine.copy()
    affine[0, 3] += 30
    write_image(masks / "sub-01_label-L_mask.nii.gz", Image(mask.data, affine))
    root = spoilt(bids, tmp_path, "*_FLAIR*")
    write_plan(out, root, list_scans(root, lesions_dir=masks))
    job = Job(out, "sub-01", engine="identity")
    run_stages(job, "preprocess")
    with pytest.raises(InputError) as error:
        run_stages(job, "register")
    assert str(masks) in str(error.value)  # for the log: who mends it must find it
    log = Path(job.files.log("register", "T1w"))
    log.parent.mkdir(parents=True)
    log.write_text(f"cpimaging: {error.value}\n")
    cohort.run(out)
    message = summary(out).loc["sub-01", "message"]
    assert message.startswith("sub-01_label-L_mask.nii.gz: has the shape of the scan but another position")
    assert str(tmp_path) not in (out / "logs/summary.tsv").read_text()
    assert str(tmp_path) not in (out / "index.html").read_text()


def cropped(mask: Image, margin: int) -> Image:
    """The mask around its lesion, as some editors save it."""
    found = np.argwhere(mask.data)
    low, high = found.min(axis=0) - margin, found.max(axis=0) + 1 + margin
    affine = mask.affine.copy()
    affine[:3, 3] = (mask.affine @ [*low, 1])[:3]
    data = mask.data[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    return Image(np.ascontiguousarray(data), affine, mask.axcodes)


@pytest.mark.parametrize("margin", [0, 2])
def test_a_cropped_mask_gives_the_tables_of_the_whole_one(
    bids: Path, out: Path, tmp_path: Path, margin: int
) -> None:
    root = Path(shutil.copytree(bids, tmp_path / "bids"))
    path = root / MASK.format("sub-01")
    mask = read_image(path, labels=True)
    small = cropped(mask, margin)
    assert small.data.size < mask.data.size / 2
    write_image(path, small)
    write_plan(tmp_path / "out", root, with_demographics(root, list_scans(root)))
    job, whole = (
        Job(folder, "sub-01", engine="identity", detection="off") for folder in (tmp_path / "out", out)
    )
    run_stages(job)
    for name in ("lesions", "lesionload", "lesion_parts", "load_margins", "lesion_profile"):
        assert Path(getattr(job.files, name)).read_bytes() == Path(getattr(whole.files, name)).read_bytes(), (
            name
        )
    voxels = [read_image(one.files.lesion_mask, labels=True).data for one in (job, whole)]
    assert np.array_equal(*voxels)


# --- refusals that need a dataset


def spoilt(bids: Path, folder: Path, *without: str) -> Path:
    """A copy of the dataset with the first scan alone."""
    ignored = shutil.ignore_patterns("sub-02*", "sourcedata", *without)
    return Path(shutil.copytree(bids, folder / "spoilt", ignore=ignored))


def test_not_a_number_in_the_brain_of_another_contrast_is_refused_on_any_grid(
    bids: Path, tmp_path: Path
) -> None:
    root = spoilt(bids, tmp_path)
    path = root / "sub-01/anat/sub-01_FLAIR.nii.gz"
    flair = read_image(path)
    affine = flair.affine.copy()
    affine[:3, 3] = (flair.affine @ [2, 2, 2, 1])[:3]
    cropped = Image(flair.data[2:, 2:, 2:].astype(np.float32), affine)
    cropped.data[tuple(n // 2 for n in cropped.shape)] = np.nan
    write_image(path, cropped)
    write_plan(tmp_path / "out", root, list_scans(root))
    with pytest.raises(InputError, match=r"sub-01_FLAIR.nii.gz: has 1 voxels inside the brain"):
        run_stages(Job(tmp_path / "out", "sub-01"), "preprocess")
    assert not list((tmp_path / "out/sub-01/anat").glob("*brain*"))


@pytest.mark.parametrize(
    ("position", "shift_mm", "problem"),
    [("same shape", 40.0, "another position"), ("other shape", 400.0, "does not meet")],
)
def test_a_mask_that_lies_elsewhere_is_refused(
    bids: Path, tmp_path: Path, position: str, shift_mm: float, problem: str
) -> None:
    root = spoilt(bids, tmp_path, "*_FLAIR*")
    path = root / MASK.format("sub-01")
    mask = read_image(path, labels=True)
    affine = mask.affine.copy()
    affine[1, 3] += shift_mm
    data = mask.data if position == "same shape" else np.pad(mask.data, ((1, 1), (2, 2), (3, 3)))
    write_image(path, Image(data, affine))
    write_plan(tmp_path / "out", root, list_scans(root))
    job = Job(tmp_path / "out", "sub-01", engine="identity")
    with pytest.raises(InputError, match=problem):
        run_stages(job, "preprocess", "register")


# --- one scan without BIDS, with an atlas of one's own


@pytest.fixture(scope="module")
def alone(bids: Path) -> Path:
    """Results of a single scan, with the embedded atlas under another name in a folder of any name."""
    folder = bids.with_name("alone")
    embedded = load_atlas("embedded")
    renamed = Atlas("AAL3", "1", embedded.space, embedded.dseg, embedded.overlays, {"License": "CC0"})
    write_atlas(folder / "my_atlas", renamed)
    images = {"T1w": bids / "sub-01/anat/sub-01_T1w.nii.gz"}
    scan = single_scan(images, bids / MASK.format("sub-01"), label="sub-09_ses-1")
    scan = with_given_ages(scan, {"age": "4.5"})
    job = Job(folder / "out", "sub-09_ses-1", str(folder / "my_atlas"), "identity")
    assert [*single.run(job, scan)][:-1] == list(SCAN_STAGES)
    return folder / "out"


def test_sessions_of_one_participant_stand_side_by_side(alone: Path, tmp_path: Path) -> None:
    job = Job(alone, "sub-09_ses-1", str(alone.parent / "my_atlas"))
    rows = [patterns(alone).loc["sub-09"].to_dict() | {"participant_id": "sub-09"} for _ in range(2)]
    rows[1]["session_id"] = "ses-2"
    done = [(job, row, f"{row['session_id']}.html") for row in rows]
    assert write_sessions(tmp_path, done) == ({"sub-09": "sub-09_sessions.html"}, [])
    text = (tmp_path / "sub-09_sessions.html").read_text()
    assert all(f'href="ses-{n}.html"' in text for n in (1, 2))
    assert "In the adult template" in text
    assert write_sessions(tmp_path, done[:1]) == ({}, [])
    assert not (tmp_path / "sub-09_sessions.html").exists()
    lost = replace(job, output=tmp_path, planned=Entry(tmp_path, job.scan))
    pages, (note,) = write_sessions(tmp_path, [done[0], (lost, *done[1][1:])])
    assert pages == {}
    assert note.startswith("sub-09: sessions not shown side by side")


def test_one_scan_without_bids(bids: Path, alone: Path) -> None:
    table = patterns(alone).loc["sub-09"]
    assert table["session_id"] == "ses-1"
    assert table["age_years"] == 4.5
    assert table["mask_source"] == "given"
    columns = ["structure", "side", "lesion_volume_mm3"]
    one, other = (
        read_table(folder / "group_desc-lesionload_stats.tsv")[columns]
        for folder in (alone, bids.with_name("out"))
    )
    pd.testing.assert_frame_equal(one, other.iloc[: len(one)])
    assert (alone / "sub-09_ses-1.html").is_file()
    assert (alone / "sub-09/ses-1/anat/sub-09_ses-1_atlas-AAL3_desc-lesionload_stats.tsv").is_file()
    assert (alone / "atlas-AAL3_dseg.tsv").is_file()


@pytest.mark.parametrize("results", ["out", "alone"])
def test_no_folder_of_the_machine_is_in_an_output(
    request: pytest.FixtureRequest, bids: Path, results: str
) -> None:
    folder: Path = request.getfixturevalue(results)
    texts = [
        p for p in folder.rglob("*") if p.suffix in {".json", ".tsv", ".html"} and p.parent.name != "plan"
    ]
    assert len(texts) > 10
    for path in texts:
        assert str(bids.parent) not in path.read_text(encoding="utf-8"), path


# --- an atlas must serve the scorers


def test_an_atlas_without_a_structure_that_a_scorer_needs_is_refused() -> None:
    atlas = load_atlas("embedded")
    check_fit(atlas, "embedded")
    kept = tuple(region for region in atlas.dseg.regions if region.structure != "thalamus")
    assert len(kept) < len(atlas.dseg.regions)
    lacking = Atlas("x", "1", atlas.space, LabelMap(atlas.dseg.labels, kept), atlas.overlays)
    with pytest.raises(InputError) as error:
        check_fit(lacking, "folder")
    assert "folder: lacks thalamus, which the scorer" in str(error.value)


def test_sidecars_are_json_without_gaps(out: Path) -> None:
    """Each image of a scan has a sidecar that says what it is and what made it."""
    for path in (out / "sub-01/anat").glob("*.nii.gz"):
        content = json.loads(path.with_name(path.name.replace(".nii.gz", ".json")).read_text())
        assert {"Sources", "GeneratedBy", "Stage", "CodeDigest"} <= set(content), path
        assert content["Sources"], path
        if "space-orig" in path.name:
            assert content["SpatialReference"] == "sub-01/anat/sub-01_T1w.nii.gz"
        if path.name.endswith("_label-L_mask.nii.gz"):
            assert content["Type"] == "Lesion"
        if "_desc-preproc_" in path.name:
            assert content["SkullStripped"] is True


def test_a_reading_list_shows_scans_and_no_verdict(out: Path, tmp_path: Path) -> None:
    study, folder = tmp_path / "out", tmp_path / "list"
    shutil.copytree(out, study)
    reading_list.run(study, folder, seed=1)
    assert undeclared(study) + undeclared(folder) == []
    key = reading_list.reading_list(study)
    assert sorted(key.values()) == [("sub-01", "n/a"), ("sub-02", "n/a")]
    assert read_json(study / "group_desc-readinglist_stats.json")["Seed"] == 1
    sheet = read_table(folder / "readings.tsv")
    assert sheet["case"].tolist() == ["001", "002"]
    assert set(sheet["mrics_subgroup"]) == {"n/a"}
    pages = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}
    assert set(pages) == {"case-001.html", "case-002.html"}
    for page in pages.values():
        assert "sub-0" not in page
        assert "MRICS" not in page
        assert 'class="lesion"' not in page
        assert page.count("<image") == 2 * sum(CUTS_TO_READ.values())
    with pytest.raises(InputError, match="is not an empty folder"):
        reading_list.run(study, folder, seed=1)
    (study / "group_desc-readinglist_stats.tsv").write_text(
        "case\tparticipant_id\tsession_id\n001\tsub-01\tn/a\n"
    )
    with pytest.raises(InputError, match="has another reading list already"):
        reading_list.run(study, tmp_path / "other", seed=1)
    assert not (tmp_path / "other").exists()


def test_what_readers_filled_in_is_compared(out: Path, tmp_path: Path) -> None:
    study, folder = tmp_path / "out", tmp_path / "list"
    shutil.copytree(out, study)
    reading_list.run(study, folder, seed=0)
    sheet = read_table(folder / "readings.tsv")
    sheet["reader"], sheet["mrics_subgroup"], sheet["fiori"] = "R1", "C1", "7"
    write_table(folder / "readings.tsv", sheet)
    agree.run(study, [folder / "readings.tsv"], seed=0)
    assert undeclared(study) == []
    assert lacking("readers", study, folder) == []
    told = read_json(study / "group_desc-agreement_stats.json")
    assert (told["Readers"], told["Scans"], told["Certainty"]) == (["R1"], 2, "confidence")
    rows = read_table(study / "group_desc-agreement_stats.tsv")
    assert set(rows["raters"]) <= {"R1, software", "consensus, software"}
    assert "Readers and software" in (study / "agreement.html").read_text(encoding="utf-8")


def test_a_scan_is_compared_with_norms(out: Path, tmp_path: Path) -> None:
    """Norms of 40 controls around the scan's own volumes: nothing lies far, everything has a distance."""
    study = tmp_path / "out"
    shutil.copytree(out, study)
    job = Job(study, "sub-02", engine="identity", detection="off", norms_dir=str(tmp_path))
    own = read_table(job.files.morphometry, MORPHOMETRY_COLUMNS)
    assert not own["measure"].str.endswith("_z").any()
    keys = zip(*(own[name] for name in ("measure", "structure", "side", "value")), strict=True)
    volumes = {(measure, structure, side): value for measure, structure, side, value in keys}
    rng = np.random.default_rng(0)
    people = [Person(float(age), "FM"[place % 2]) for place, age in enumerate(np.linspace(0.5, 19, 40))]
    values = pd.DataFrame({key: volumes[key] * np.exp(0.1 * rng.normal(size=40)) for key in NORMED})
    measured_with = load_atlas("embedded")
    told = {"Atlas": f"{measured_with.name} {measured_with.version}"}
    norms = build_norms(people, values, told | {"Controls": {"F": 20, "M": 20}})
    write_json(tmp_path / "norms.json", as_json(norms))
    run_stages(job, *SCAN_STAGES[SCAN_STAGES.index("segment") :])
    quality = read_json(job.files.qc)
    for verdict, listed in (("fail", False), ("warn", True)):
        write_json(job.files.qc, {**quality, "verdict": verdict})
        cohort.run(study)
        index_page = (study / "index.html").read_text(encoding="utf-8")
        print((study / "logs/summary.tsv").read_text())
        assert ("Against norms for age and sex" in index_page) == listed
        group = read_table(study / "group_patterns.tsv", group_dtypes()).set_index("participant_id")
        assert group.loc["sub-02", [column.name for column in Z_SCORES]].notna().all() == listed
    assert undeclared(study) == []
    found = read_table(job.files.morphometry, MORPHOMETRY_COLUMNS)
    z = found[found["measure"].str.endswith("_z")]
    assert len(z) == len(NORMED)
    assert z["value"].abs().max() < 1
    page = Path(job.files.report).read_text(encoding="utf-8")
    assert "Norms of 40 controls (20 F, 20 M) of 0.5 to 19.0 years" in page
    assert "Distance from the norms for age and sex" in page
    assert "No norms for age are applied" not in page
    assert group.loc["sub-01", [column.name for column in Z_SCORES]].isna().all()


def test_scans_of_two_versions_are_told_on_the_page_and_the_terminal(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cohort.run(copied)
    assert "numbers may differ" not in (copied / "index.html").read_text()
    for stage, path in (("lesions", "desc-lesions_stats"), ("register", "to-T1w_mode-image_xfm")):
        found = next((copied / "sub-02/anat").glob(f"*{path}.json"))
        size = found.stat().st_size
        found.write_text(found.read_text().replace('"Version": "0.1.0"', '"Version": "0.0.3"'))
        assert found.stat().st_size == size, stage  # still what its record lists
    cohort.run(copied)
    told = "of different versions of this software, whose numbers may differ for that alone: 0.0.3 (sub-02)"
    assert told in (copied / "index.html").read_text()
    assert f"cpimaging: scans {told}" in capsys.readouterr().err
