"""Words, keys and columns that other people's scripts rely on, read from the results of the demo."""

import json
import re
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import redcap
from declared import lacking, never_seen, undeclared
from scipy.io import loadmat, mmread

from cpimaging.atlases import load_structures
from cpimaging.images import read_displacement, read_image
from cpimaging.io import read_table
from cpimaging.scorers import SCORERS
from cpimaging.scorers.group import group_dtypes
from cpimaging.stages import export

SCANS = ("sub-01", "sub-02", "sub-03", "sub-04")
ELSEWHERE = ("readers", "norms", "adc", "simulated", "export")
WORDS = {
    "dominance": "white_matter deep_grey cortex brainstem cerebellum mixed none indeterminate not_assessed",
    "mrics_group": "A B C D E n/a",
    "mrics_subgroup": "B1 B2 B3 C1 C2 C3 D E n/a",
    "qc": "pass warn fail not_applicable",
    "mask_source": "lesions_dir derivatives raw given none",
    "sex": "M F O n/a",
    "in_group": "true false",
}
LOAD_WORDS = {
    "side": "left right midline",
    "tissue": "white_matter deep_grey cortex brainstem cerebellum csf overlay outside",
    "lobe": "frontal parietal temporal occipital n/a",
    "layer": "periventricular deep subcortical n/a",
}
COLUMNS = {
    "atlas-cpimaging_desc-lesionload": "participant_id session_id structure side tissue lobe layer "
    "region_volume_mm3 lesion_volume_mm3 percent_region percent_lesion",
    "atlas-cpimaging_desc-lesionparts": "participant_id session_id index structure side tissue lobe layer "
    "volume_mm3",
    "atlas-cpimaging_desc-loadmargins": "participant_id session_id structure side tissue lobe layer "
    "shrunk_mm3 grown_mm3 left_mm3 right_mm3 back_mm3 front_mm3 down_mm3 up_mm3",
    "desc-lesions": "participant_id session_id index volume_mm3 centroid_x_mm centroid_y_mm centroid_z_mm "
    "side main_structure distance_ventricle_mm source cavity_percent blood_percent probability",
    "desc-profile": "participant_id session_id measure structure side value unit",
    "desc-morphometry": "participant_id session_id measure structure side value unit",
}
STEP = ("rule", "value", "limit", "source")


def load(demo: Path, scan: str, table: str = "atlas-cpimaging_desc-lesionload") -> pd.DataFrame:
    return read_table(demo / f"out/{scan}/anat/{scan}_{table}_stats.tsv")


def content(demo: Path, scan: str, name: str) -> dict:
    return json.loads((demo / f"out/{scan}/anat/{scan}_{name}.json").read_text())


@pytest.mark.parametrize("table", COLUMNS)
def test_columns_of_a_scan(demo: Path, table: str) -> None:
    for scan in SCANS:
        assert " ".join(load(demo, scan, table)) == COLUMNS[table]


def test_columns_keys_and_words_are_the_declared_ones(demo: Path) -> None:
    assert undeclared(demo / "out") == []


def test_what_is_declared_is_there(demo: Path) -> None:
    """But for files of other studies: lesions that software found or a tool drew, readings, newborns."""
    elsewhere = [
        *(name for place in ELSEWHERE for name in lacking(place, demo / "out")),
        *(f"*_space-orig_label-L_desc-first_mask{ending}" for ending in (".nii.gz", ".json")),
        *(f"*_space-orig_label-L_desc-command_mask{ending}" for ending in (".nii.gz", ".json")),
        *(f"*_space-orig_label-L_probseg{ending}" for ending in (".nii.gz", ".json")),
        "*_desc-newborn_lines.svg",
        "sub-*_sessions.html",
        "sub-*.pdf",
        "group_desc-pattern_stats.jsonl",
    ]
    scales = [name for name, scorer in SCORERS.items() if scorer.scale and scorer.example.age_years < 1]
    newborn = [f"scales.{scale}.evidence[].{key}" for scale in scales for key in STEP]
    expected = [f"{name}: no such file" for name in elsewhere]
    expected += [f"*_desc-pattern_stats.json: {name}" for name in newborn]
    assert sorted(never_seen(demo / "out")) == sorted(expected)


def test_results_go_to_redcap_through_their_dictionary(demo: Path, tmp_path: Path) -> None:
    export.run_redcap(demo / "out", tmp_path)
    dictionary, data = tmp_path / "redcap_dictionary.csv", tmp_path / "redcap_data.csv"
    assert redcap.refused(dictionary, data) == []
    assert [row["record_id"] for row in redcap.read(data)] == list(SCANS)


def test_a_wide_table_says_of_each_scan_what_its_tables_do(demo: Path, tmp_path: Path) -> None:
    export.run_wide(demo / "out", tmp_path / "wide.tsv")
    wide = read_table(tmp_path / "wide.tsv").set_index("participant_id")
    assert list(wide.index) == list(SCANS)
    told = json.loads((tmp_path / "wide.json").read_text())
    assert list(told) == ["participant_id", *wide]
    for scan in SCANS:
        own = load(demo, scan)
        row = own[(own["structure"] == "putamen") & (own["side"] == "left")].iloc[0]
        assert wide.loc[scan, "load_putamen_left_percent_region"] == row["percent_region"]
        profile = load(demo, scan, "desc-profile").iloc[0]
        assert wide.loc[scan, "profile_anterior_share_lesion_midline"] == profile["value"]


def test_the_matrix_is_that_of_the_masks_in_template_space(demo: Path, tmp_path: Path) -> None:
    out, folder = demo / "out", tmp_path / "matrix"
    export.run_matrix(out, folder, niistat=True)
    scans = read_table(folder / "lesions_scans.tsv")
    assert scans["participant_id"].tolist() == list(SCANS)
    matrix = mmread(folder / "lesions.mtx").toarray()
    union = nib.load(folder / "lesions_mask.nii.gz").get_fdata() > 0
    for row, image, scan in zip(matrix, scans["image"], SCANS, strict=True):
        mask = nib.load(folder / image).get_fdata()
        assert (mask.ravel(order="F")[union.ravel(order="F")] == row).all()
        assert mask.sum() == row.sum()
        assert (loadmat(folder / f"niistat/{scan}.mat", simplify_cells=True)["lesion"]["dat"] == mask).all()
    assert (folder / "lesymap_lesions.txt").read_text().split() == scans["image"].tolist()
    export.run_redcap(out, folder)
    assert lacking("export", folder) == []
    assert undeclared(folder) == []


def test_columns_of_the_group(demo: Path) -> None:
    assert " ".join(read_table(demo / "out/group_patterns.tsv")) == " ".join(group_dtypes())
    group = read_table(demo / "out/group_desc-lesionload_stats.tsv")
    assert " ".join(group) == COLUMNS["atlas-cpimaging_desc-lesionload"] + " in_group"
    summary = read_table(demo / "out/logs/summary.tsv")
    assert " ".join(summary) == "participant_id session_id stage status message log"
    assert set(summary["status"]) == {"done"}


@pytest.mark.parametrize("column", WORDS)
def test_words_of_the_group(demo: Path, column: str) -> None:
    assert set(read_table(demo / "out/group_patterns.tsv")[column]) <= set(WORDS[column].split())


@pytest.mark.parametrize("column", LOAD_WORDS)
def test_words_of_the_load(demo: Path, column: str) -> None:
    assert set(load(demo, "sub-01")[column]) <= set(LOAD_WORDS[column].split())


def test_structures_are_those_of_the_vocabulary(demo: Path) -> None:
    known = set(load_structures()["structure"]) | {"outside_atlas", "outside_brain"}
    table = load(demo, "sub-01")
    assert set(table["structure"]) <= known
    atlas = read_table(demo / "out/atlas-cpimaging_dseg.tsv")
    assert " ".join(atlas) == "index name structure side tissue lobe"
    assert set(atlas["structure"]) <= set(table["structure"])


def test_layers_are_for_white_matter_alone(demo: Path) -> None:
    table = load(demo, "sub-02")
    assert ((table["layer"] != "n/a") == (table["tissue"] == "white_matter")).all()


def test_percentages_are_of_the_region_and_of_the_lesion(demo: Path) -> None:
    for scan in SCANS:
        table = load(demo, scan)
        numbers = table.filter(regex="mm3|percent").replace("n/a", "nan").astype(float)
        region, lesion = numbers["region_volume_mm3"], numbers["lesion_volume_mm3"]
        share = numbers["percent_region"].dropna()
        assert np.allclose(share, (100 * lesion / region)[share.index])
        inside = table["tissue"] != "overlay"
        if scan == "sub-04":
            assert lesion.sum() == 0
            assert numbers["percent_lesion"].isna().all()
        else:
            assert numbers.loc[inside, "percent_lesion"].sum() == pytest.approx(100)


NUCLEI = (
    "thalamus thalamus_ventrolateral putamen putamen_posterior pallidum caudate hippocampus "
    "subthalamic_nucleus"
).split()


def test_the_shares_of_the_group_are_those_of_the_load(demo: Path) -> None:
    """100 × lesion in the class / volume of the class; perirolandic cortex counts with the nuclei."""
    group = read_table(demo / "out/group_patterns.tsv", group_dtypes()).set_index("participant_id")
    for scan in SCANS:
        table = load(demo, scan)
        volumes = table[["region_volume_mm3", "lesion_volume_mm3"]].replace("n/a", "nan").astype(float)
        classes = table["tissue"].where(table["tissue"] != "deep_grey", "other")
        classes[table["structure"].isin([*NUCLEI, "perirolandic"])] = "deep_grey"
        sums = volumes.groupby(classes).sum()
        for name in ("white_matter", "deep_grey", "cortex", "brainstem", "cerebellum"):
            expected = 100 * sums.loc[name, "lesion_volume_mm3"] / sums.loc[name, "region_volume_mm3"]
            assert group.loc[scan, f"{name}_percent"] == pytest.approx(expected)


@pytest.mark.parametrize("scan", SCANS)
def test_keys_of_the_pattern(demo: Path, scan: str) -> None:
    pattern = content(demo, scan, "desc-pattern_stats")
    assert {"dominance", "mrics", "scales", "override"} <= set(pattern)
    assert pattern["override"] is None
    assert {"call", "index", "shares", "evidence", "not_assessed"} <= set(pattern["dominance"])
    keys = {"group", "subgroup", "severity", "territory", "secondary", "confidence", "alternatives"}
    assert keys | {"evidence", "not_assessed"} <= set(pattern["mrics"])
    for scorer in ("dominance", "mrics"):
        steps = pattern[scorer]["evidence"]
        assert steps
        assert all(set(step) == set(STEP) for step in steps)
    for scale in pattern["scales"].values():
        keys = {"total", "range", "maximum", "sections", "items", "evidence", "not_assessed", "spread"}
        assert set(scale) == keys
    assert set(pattern["scales"]) == {name for name, scorer in SCORERS.items() if scorer.scale}
    assert pattern["scales"]["fiori"]["range"]
    assert not pattern["scales"]["nichd"]["range"]
    confidence = pattern["mrics"]["confidence"]
    assert confidence is None or 0 <= confidence <= 1


@pytest.mark.parametrize("scan", SCANS)
def test_keys_of_the_quality_checks(demo: Path, scan: str) -> None:
    quality = content(demo, scan, "desc-qc_stats")
    assert quality["verdict"] in WORDS["qc"].split()
    assert quality["flags"]
    for flag in quality["flags"]:
        assert {"name", "value", "limit", "ok"} <= set(flag)
        assert isinstance(flag["ok"], bool)


def test_sidecars_say_what_the_images_are(demo: Path) -> None:
    source = "sub-01/anat/sub-01_T1w.nii.gz"
    for path in (demo / "out/sub-01/anat").glob("*.nii.gz"):
        name = path.name.removeprefix("sub-01_").removesuffix(".nii.gz")
        sidecar = content(demo, "sub-01", name)
        assert {"Sources", "GeneratedBy", "Stage", "CodeDigest"} <= set(sidecar), name
        assert all((demo / "bids" / given).is_file() for given in sidecar["Sources"]), name
        assert sidecar["Sources"]
        if name.startswith("space-orig"):
            assert sidecar["SpatialReference"] == source
        if name.startswith("desc-preproc"):
            assert sidecar["SkullStripped"] is True
        if name.endswith("label-L_mask"):
            assert sidecar["Type"] == "Lesion"
        if name.endswith("brain_mask"):
            assert sidecar["Type"] == "Brain"


def test_both_directions_of_the_transform_undo_each_other(demo: Path) -> None:
    """A point that goes to the template and back comes home to within 1 mm on average."""
    anat = demo / "out/sub-01/anat"
    back, there = (
        read_displacement(anat / f"sub-01_from-{a}_to-{b}_mode-image_xfm.nii.gz")
        for a, b in (("MNI152NLin2009aSym", "T1w"), ("T1w", "MNI152NLin2009aSym"))
    )
    brain = read_image(anat / "sub-01_space-orig_label-brain_mask.nii.gz", labels=True)
    points = np.argwhere(brain.data)[::501] @ brain.affine[:3, :3].T + brain.affine[:3, 3]

    def move(points: np.ndarray, field: object) -> np.ndarray:
        inverse = np.linalg.inv(field.affine)  # type: ignore[attr-defined]
        index = np.rint(points @ inverse[:3, :3].T + inverse[:3, 3]).astype(int)
        return points + field.data[tuple(index.T)]  # type: ignore[attr-defined]

    in_template = move(points, back)
    assert np.linalg.norm(in_template - points, axis=1).mean() > 2  # something was moved
    home = np.linalg.norm(move(in_template, there) - points, axis=1)
    assert home.mean() < 1.0
    assert np.quantile(home, 0.95) < 2.0


def test_the_dataset_says_what_it_is(demo: Path) -> None:
    description = json.loads((demo / "out/dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    assert description["GeneratedBy"][0]["Name"] == "cpimaging"
    ignored = (demo / "out/.bidsignore").read_text().split()
    assert {"logs/", "*.html", "group_*", "**/*_stats.*", "**/*_xfm.*"} <= set(ignored)
    assert "figures/" not in ignored


@pytest.mark.parametrize("page", ["index", *SCANS])
def test_pages_stand_alone_and_say_what_they_are_not(demo: Path, page: str) -> None:
    text = (demo / f"out/{page}.html").read_text(encoding="utf-8")
    assert "research use only" in text.lower()
    assert not re.findall(r"""(?:src|href)=["']?https?://[^"'>]+\.(?:js|css|png|woff2?)""", text)
    assert not re.search(r"<script[^>]+src=", text)
    for link in re.findall(r'href="([^"#:]+)"', text):
        assert (demo / "out" / link).exists(), link
