"""Scans, their images and the labels that choose them, from file names alone."""

import json
import os
import re
import time
from pathlib import Path

import pytest
from bids_trees import REAL, TREES, describe, plant

from cpimaging.bids.labels import choose_labels
from cpimaging.bids.listing import list_scans, single_scan
from cpimaging.bids.scan import Scan
from cpimaging.types import InputError


def only(root: Path, **settings: object) -> Scan:
    (scan,) = list_scans(root, **settings)
    return scan


def labels(scans: list[Scan]) -> list[str]:
    return [scan.label for scan in scans]


def test_lists_one_scan_per_participant_and_session_in_natural_order(tmp_path):
    plant(
        tmp_path,
        "sub-10/anat/sub-10_T1w.nii.gz",
        "sub-2/ses-10/anat/sub-2_ses-10_T1w.nii",
        "sub-2/ses-9/anat/sub-2_ses-9_FLAIR.nii.gz",
        "sub-2/ses-9/anat/sub-2_ses-9_T2w.nii.gz",
    )
    scans = list_scans(tmp_path)
    assert labels(scans) == ["sub-2_ses-9", "sub-2_ses-10", "sub-10"]
    assert scans[0].images == {
        "T2w": "sub-2/ses-9/anat/sub-2_ses-9_T2w.nii.gz",
        "FLAIR": "sub-2/ses-9/anat/sub-2_ses-9_FLAIR.nii.gz",
    }
    assert [scan.reference for scan in scans] == ["T2w", "T1w", "T1w"]
    assert scans[1].folder == "sub-2/ses-10"
    assert scans[2].session is None
    assert all(scan.lesion_source == "none" and not scan.problems for scan in scans)


@pytest.mark.parametrize(
    ("path", "contrast"),
    [
        ("anat/sub-1_T1w.nii.gz", "T1w"),
        ("anat/sub-1_T2w.nii", "T2w"),
        ("anat/sub-1_acq-3D_rec-norm_run-1_FLAIR.nii.gz", "FLAIR"),
        ("anat/sub-1_part-mag_T1w.nii.gz", "T1w"),
        ("dwi/sub-1_ADC.nii.gz", "ADC"),
        ("dwi/sub-1_adc.nii.gz", "ADC"),
        ("dwi/sub-1_rec-ADC_dwi.nii.gz", "ADC"),
        ("dwi/sub-1_desc-trace_adc.nii.gz", "ADC"),
        ("sub-1_adc.nii.gz", "ADC"),
    ],
)
def test_knows_a_contrast_by_its_name(tmp_path, path, contrast):
    plant(tmp_path, f"sub-1/{path}")
    assert only(tmp_path).images == {contrast: f"sub-1/{path}"}


@pytest.mark.parametrize(
    "path",
    [
        "anat/sub-1_T1rho.nii.gz",
        "anat/sub-1_T2starw.nii.gz",
        "anat/sub-1_inplaneT2.nii.gz",
        "anat/sub-1_T1map.nii.gz",
        "anat/sub-1_UNIT1.nii.gz",
        "anat/sub-1_part-phase_T1w.nii.gz",
        "anat/sub-1_mod-T1w_defacemask.nii.gz",
        "anat/sub-1_T1w.json",
        "anat/sub-1_T1w.nii.gz.part",
        "anat/sub-1_T1w_label-lesion_roi.nii.gz",
        "dwi/sub-1_dwi.nii.gz",
        "dwi/sub-1_rec-TRACE_dwi.nii.gz",
        "dwi/sub-1_expADC.nii.gz",
        "func/sub-1_T1w.nii.gz",
        "anat/old/sub-1_T1w.nii.gz",
    ],
)
def test_takes_nothing_else_for_a_contrast(tmp_path, path):
    plant(tmp_path, f"sub-1/{path}")
    scan = only(tmp_path)
    assert scan.images == {}
    assert scan.problems == ("no T1w, T2w, FLAIR or ADC image",)


@pytest.mark.parametrize(
    ("taken", "passed_over", "reason"),
    [
        ("run-2_T1w.nii.gz", "run-1_T1w.nii.gz", "later run"),
        ("run-10_T1w.nii.gz", "run-9_T1w.nii.gz", "later run"),
        ("T1w.nii.gz", "rec-norm_T1w.nii.gz", "as acquired"),
        ("run-1_T1w.nii.gz", "rec-norm_run-2_T1w.nii.gz", "as acquired"),
        ("T1w.nii.gz", "rec-defaced_T1w.nii.gz", "not defaced"),
        ("rec-norm_T1w.nii.gz", "ce-gadolinium_T1w.nii.gz", "contrast agent"),
        ("T1w.nii.gz", "acq-lowres_T1w.nii.gz", "higher resolution"),
        ("acq-ax_T1w.nii.gz", "acq-lowres_T1w.nii.gz", "higher resolution"),
        ("acq-3D_T1w.nii.gz", "T1w.nii.gz", "higher resolution"),
        ("acq-mprage_T1w.nii.gz", "acq-ax_T1w.nii.gz", "higher resolution"),
        ("acq-sag3d_T1w.nii.gz", "acq-2dsag_T1w.nii.gz", "higher resolution"),
        ("T1w.nii.gz", "acq-b_T1w.nii.gz", "plainer name"),
        ("T1w.nii.gz", "echo-1_T1w.nii.gz", "one echo"),
        ("echo-2_T1w.nii.gz", "echo-10_T1w.nii.gz", "earlier echo"),
        ("T1w.nii.gz", "T1w.nii", "compressed"),
        ("acq-a_T1w.nii.gz", "acq-b_T1w.nii.gz", "first by name"),
    ],
)
def test_prefers_one_image_and_says_why(tmp_path, taken, passed_over, reason):
    plant(tmp_path, f"sub-1/anat/sub-1_{passed_over}", f"sub-1/anat/sub-1_{taken}")
    scan = only(tmp_path)
    assert scan.images == {"T1w": f"sub-1/anat/sub-1_{taken}"}
    (line,) = scan.decisions
    assert line.startswith(f"T1w: sub-1_{taken} is used, not sub-1_{passed_over}: ")
    assert reason in line


def test_tells_every_image_that_was_passed_over(tmp_path):
    names = ["run-1_T1w", "run-2_T1w", "acq-lowres_T1w"]
    plant(tmp_path, *(f"sub-1/anat/sub-1_{name}.nii.gz" for name in names))
    decisions = only(tmp_path).decisions
    assert len(decisions) == 2
    assert all("T1w: sub-1_run-2_T1w.nii.gz is used" in line for line in decisions)


def test_leaves_out_sessions_without_images_and_says_so(tmp_path):
    plant(tmp_path, "sub-1/ses-a/func/x_bold.nii.gz", "sub-1/ses-b/anat/sub-1_ses-b_T1w.nii.gz")
    scan = only(tmp_path)
    assert scan.label == "sub-1_ses-b"
    assert scan.decisions == ("not listed, without any T1w, T2w, FLAIR or ADC image: ses-a",)
    asked = only(tmp_path, session_label="a")
    assert (asked.label, bool(asked.problems)) == ("sub-1_ses-a", True)


def test_lists_a_participant_without_any_image_as_a_problem(tmp_path):
    plant(tmp_path, "sub-1/ses-a/func/", "sub-1/ses-b/", "sub-2/", "sub-3/anat/sub-3_T1w.nii.gz")
    scans = list_scans(tmp_path)
    assert labels(scans) == ["sub-1_ses-a", "sub-1_ses-b", "sub-2", "sub-3"]
    assert [len(scan.problems) for scan in scans] == [1, 1, 1, 0]


def test_does_not_take_a_file_from_the_wrong_folder(tmp_path):
    plant(
        tmp_path,
        "sub-1/anat/sub-2_T1w.nii.gz",
        "sub-2/ses-a/anat/sub-2_T1w.nii.gz",
        "sub-3/anat/sub-3_T1w.nii.gz",
    )
    first, second, third = list_scans(tmp_path)
    assert first.images == second.images == {}
    assert first.problems[0].startswith("sub-1/anat/sub-2_T1w.nii.gz: its name does not agree")
    assert second.label == "sub-2_ses-a"
    assert third.problems == ()


def test_refuses_a_label_that_cannot_be_a_file_name_everywhere(tmp_path):
    plant(tmp_path, "sub-a b/anat/sub-a b_T1w.nii.gz")
    assert "letters and digits" in only(tmp_path).problems[0]


def test_does_not_look_into_sourcedata_hidden_folders_or_loops(tmp_path):
    plant(tmp_path, "sub-1/anat/sub-1_T1w.nii.gz", "sourcedata/truth/sub-1/anat/sub-1_label-L_mask.nii.gz")
    plant(tmp_path / "derivatives" / ".hidden", "sub-1_label-L_mask.nii.gz")
    (tmp_path / "derivatives" / "loop").symlink_to(tmp_path, target_is_directory=True)
    scan = only(tmp_path)
    assert scan.lesion_mask is None
    assert scan.decisions == ()


def test_follows_a_linked_folder(tmp_path):
    plant(tmp_path / "bids", "sub-1/anat/sub-1_T1w.nii.gz", "derivatives/")
    plant(tmp_path / "elsewhere", "sub-1_label-L_mask.nii.gz")
    (tmp_path / "bids/derivatives/readers").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert only(tmp_path / "bids").lesion_mask == "derivatives/readers/sub-1_label-L_mask.nii.gz"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("01", "01"),
        ("sub-01", "01"),
        (1, "01"),
        ("1", "01"),
        ("001", "01"),
        (7, "007"),
        ("007", "007"),
        ("ms07", "ms07"),
        (["ms07"], "ms07"),
        (10, "10"),
        ("sub-sub", "sub"),
    ],
)
def test_matches_a_label(asked, expected):
    known = ["01", "007", "ms07", "10", "sub"]
    assert choose_labels("participant", asked, known) == {expected}


@pytest.mark.parametrize("asked", ["01, sub-10", ["01", 10], [1, "10"], ("01,10",), ["10", "01", "10", 1]])
def test_matches_several_labels(asked):
    assert choose_labels("participant", asked, ["01", "007", "10"]) == {"01", "10"}


@pytest.mark.parametrize("asked", [None, "", (), [], [""], " , "])
def test_no_label_asked_for_means_no_choice(asked):
    assert choose_labels("participant", asked, ["01", "10"]) is None


@pytest.mark.parametrize(
    ("asked", "known", "told"),
    [
        (1, ["1", "01"], r"participant_label=1: fits 2 labels.*write one of sub-01, sub-1"),
        ("001", ["1", "01"], r"fits 2 labels"),
        (2, ["01", "10"], r"no such participant.*write one of sub-01, sub-10"),
        ("x", ["01"], r"participant_label=x: no such participant"),
        (True, ["1", "True"], r"write one of sub-1, sub-True"),
        (1000.0, ["1e3"], r"write one of sub-1e3"),
        ("1e3", ["1000"], r"no such participant"),
        ("01,", [], r"leave participant_label out"),
        ("x", [str(i) for i in range(1, 13)], r"sub-1, sub-2, .*sub-8 … \(12 in all\)"),
    ],
)
def test_says_how_to_write_a_label_that_does_not_fit(asked, known, told):
    with pytest.raises(InputError, match=told):
        choose_labels("participant", asked, known)


def test_an_exact_label_goes_before_one_of_equal_value():
    assert choose_labels("participant", "1", ["1", "01"]) == {"1"}


def test_chooses_participants_and_sessions(tmp_path):
    plant(
        tmp_path,
        *(
            f"sub-{p}/ses-{s}/anat/sub-{p}_ses-{s}_T1w.nii.gz"
            for p, s in [("01", "0"), ("01", "38659"), ("02", "0")]
        ),
    )
    assert labels(list_scans(tmp_path, participant_label=1)) == ["sub-01_ses-0", "sub-01_ses-38659"]
    assert labels(list_scans(tmp_path, session_label=38659)) == ["sub-01_ses-38659"]
    assert labels(list_scans(tmp_path, session_label=0)) == ["sub-01_ses-0", "sub-02_ses-0"]
    assert labels(list_scans(tmp_path, participant_label="sub-01", session_label="ses-0")) == ["sub-01_ses-0"]
    with pytest.raises(InputError, match=r"session_label=38659: no such session.*ses-0"):
        list_scans(tmp_path, participant_label="02", session_label="38659")


def test_a_session_asked_for_in_a_dataset_without_sessions_is_refused(tmp_path):
    plant(tmp_path, "sub-1/anat/sub-1_T1w.nii.gz")
    with pytest.raises(InputError, match="has no sessions; leave session_label out"):
        list_scans(tmp_path, session_label="1")


def test_refuses_what_is_no_dataset(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        list_scans(tmp_path / "absent")
    (tmp_path / "sub-1").mkdir()
    with pytest.raises(InputError, match=r"not a BIDS dataset: it has no dataset_description\.json"):
        list_scans(tmp_path)
    (tmp_path / "dataset_description.json").write_text("{broken")
    with pytest.raises(InputError, match="not valid JSON"):
        list_scans(tmp_path)
    (tmp_path / "dataset_description.json").write_text("[]")
    with pytest.raises(InputError, match="not a JSON object"):
        list_scans(tmp_path)
    (tmp_path / "sub-1").rmdir()
    describe(tmp_path)
    with pytest.raises(InputError, match=r"no sub-\* folder"):
        list_scans(tmp_path)


def test_refuses_its_own_results_as_a_dataset(tmp_path):
    plant(tmp_path, "sub-1/anat/sub-1_T1w.nii.gz")
    with pytest.raises(InputError, match="also the output_dir"):
        list_scans(tmp_path, output_dir=tmp_path)
    describe(tmp_path, DatasetType="derivative", GeneratedBy=[{"Name": "cpimaging"}])
    with pytest.raises(InputError, match="holds results of this workflow"):
        list_scans(tmp_path)
    describe(tmp_path, DatasetType="raw", GeneratedBy=[{"Name": "cpimaging"}])
    assert len(list_scans(tmp_path)) == 1


def test_a_single_scan_keeps_its_paths(tmp_path):
    scan = single_scan({"FLAIR": "b.nii", "T1w": tmp_path / "a.nii"}, lesion="c.nii", label="sub-x_ses-2")
    assert list(scan.images) == ["T1w", "FLAIR"]
    assert scan.images["T1w"] == (tmp_path / "a.nii").as_posix()
    assert (scan.lesion_mask, scan.lesion_source, scan.brain_mask) == ("c.nii", "given", None)
    assert (scan.participant, scan.session, scan.label) == ("x", "2", "sub-x_ses-2")
    assert single_scan({"T2w": "a"}).lesion_source == "none"


@pytest.mark.parametrize(
    "label", ["01", "sub-", "sub-a b", "sub-1_ses-", "sub-1/../x", "sub-1_acq-2", "ses-1"]
)
def test_a_single_scan_needs_a_proper_label(label):
    with pytest.raises(InputError, match="is not a label"):
        single_scan({"T1w": "a.nii"}, label=label)


@pytest.mark.parametrize("images", [{}, {"PDw": "a.nii"}])
def test_a_single_scan_needs_a_known_contrast(images):
    with pytest.raises(InputError, match="T1w, T2w, FLAIR, ADC"):
        single_scan(images)


@pytest.mark.parametrize(
    ("tree", "count", "first", "contrasts"),
    [
        ("openneuro-ds004498", 7, "sub-CIMT001_ses-38659", {"T1w", "T2w"}),
        ("bids-examples-ds000117", 16, "sub-01_ses-mri", {"T1w"}),
        ("bids-examples-ds001", 16, "sub-01", {"T1w"}),
        ("bids-examples-ds051", 13, "sub-01", {"T1w"}),
        ("bids-examples-ds114", 20, "sub-01_ses-retest", {"T1w"}),
        ("bids-examples-7t_trt", 22, "sub-01_ses-1", {"T1w"}),
        ("bids-examples-hcp_example_bids", 1, "sub-100307", {"T1w", "T2w"}),
        ("bids-examples-synthetic", 10, "sub-01_ses-01", {"T1w"}),
    ],
)
def test_reads_real_layouts(tmp_path, tree, count, first, contrasts):
    if not TREES.is_dir():
        pytest.skip("the file lists of real datasets are not here")
    plant(tmp_path, *(TREES / f"{tree}.txt").read_text().split())
    for path in tmp_path.rglob("dataset_description.json"):
        path.write_text(json.dumps({"Name": tree}))
    scans = list_scans(tmp_path)
    assert len(scans) == count
    assert scans[0].label == first
    assert set(scans[0].images) == contrasts
    assert all((tmp_path / path).is_file() for scan in scans for path in scan.images.values())
    assert not any(scan.problems or scan.lesion_mask or scan.brain_mask for scan in scans)


def test_reads_the_real_dataset():
    if not REAL.is_dir():
        pytest.skip("the real images are not here")
    scans = {scan.label: scan for scan in list_scans(REAL)}
    assert set(scans) == {"sub-head", "sub-ms07", "sub-ms12", "sub-ms26", "sub-stroke"}
    assert set(scans["sub-ms26"].images) == {"T1w", "T2w", "FLAIR"}
    assert scans["sub-stroke"].reference == "T2w"
    masks = {label for label, scan in scans.items() if scan.lesion_source == "derivatives"}
    assert masks == {"sub-ms07", "sub-ms26", "sub-stroke"}


def test_lists_thousands_of_files_at_once(tmp_path):
    scans = [(f"{p:03d}", s) for p in range(1, 151) for s in ("a", "b")]
    names = [f"{c}.{e}" for c in ("T1w", "T2w", "FLAIR", "label-L_mask") for e in ("nii.gz", "json")]
    plant(
        tmp_path,
        *(f"sub-{p}/ses-{s}/anat/sub-{p}_ses-{s}_{name}" for p, s in scans for name in names),
        *(f"derivatives/x/sub-{p}/ses-{s}/sub-{p}_ses-{s}_desc-brain_mask.nii.gz" for p, s in scans),
        *(f"sub-{p}/ses-{s}/func/sub-{p}_ses-{s}_run-{r}_bold.nii.gz" for p, s in scans for r in range(5)),
    )
    start = time.perf_counter()
    listed = list_scans(tmp_path)
    assert time.perf_counter() - start < 5  # 0.1 s on one idle core; the limit is for a busy machine
    assert len(listed) == 300
    assert all(len(scan.images) == 3 and scan.lesion_mask and scan.brain_mask for scan in listed)


@pytest.mark.parametrize("desc", ["biasfield", "noise", "mask", "snr", "lesionprob", "GM"])
def test_an_image_that_is_none_of_the_head_is_passed_over_and_told(tmp_path, desc):
    plant(tmp_path, f"sub-1/anat/sub-1_desc-{desc}_T2w.nii.gz", "sub-1/anat/sub-1_T1w.nii.gz")
    scan = only(tmp_path)
    assert scan.images == {"T1w": "sub-1/anat/sub-1_T1w.nii.gz"}
    (line,) = scan.decisions
    assert line.startswith(f"sub-1/anat/sub-1_desc-{desc}_T2w.nii.gz is not used")


@pytest.mark.parametrize("desc", ["preproc", "defaced", "brain", "biascorr", "N4", "norm"])
def test_a_processed_image_of_the_head_is_taken(tmp_path, desc):
    plant(tmp_path, f"sub-1/anat/sub-1_desc-{desc}_T2w.nii.gz")
    assert list(only(tmp_path).images) == ["T2w"]


def test_mp2rage_is_named_as_not_read(tmp_path):
    plant(tmp_path, "sub-1/ses-a/anat/sub-1_ses-a_UNIT1.nii.gz", "sub-1/ses-a/anat/sub-1_ses-a_T2w.nii.gz")
    (line,) = only(tmp_path).decisions
    assert line.startswith("sub-1/ses-a/anat/sub-1_ses-a_UNIT1.nii.gz is not used: MP2RAGE")


@pytest.mark.parametrize("ending", ["mgz", "nrrd", "mha", "img"])
def test_images_of_other_formats_are_listed_nifti_first(tmp_path, ending):
    plant(tmp_path, f"sub-1/anat/sub-1_T1w.{ending}", "sub-1/anat/sub-1_T1w.json", "sub-1/anat/sub-1_T1w.hdr")
    assert only(tmp_path).images == {"T1w": f"sub-1/anat/sub-1_T1w.{ending}"}
    plant(tmp_path, "sub-1/anat/sub-1_T1w.nii")
    scan = only(tmp_path)
    assert scan.images == {"T1w": "sub-1/anat/sub-1_T1w.nii"}
    assert scan.decisions[0].endswith("it is NIfTI")


def test_hidden_files_count_as_nothing(tmp_path):
    plant(
        tmp_path,
        "sub-1/anat/sub-1_T1w.nii.gz",
        "sub-1/anat/._sub-1_T1w.nii.gz",
        "sub-1/anat/.sub-1_T2w.nii.gz",
        "sub-1/._ses-1/anat/sub-1_ses-1_T1w.nii.gz",
        "derivatives/lesions/sub-1/anat/sub-1_label-L_mask.nii.gz",
        "derivatives/lesions/sub-1/anat/._sub-1_label-L_mask.nii.gz",
    )
    scan = only(tmp_path)
    assert (scan.problems, scan.decisions) == ((), ())
    assert scan.lesion_mask == "derivatives/lesions/sub-1/anat/sub-1_label-L_mask.nii.gz"


BAD_NAMES = ["sub-2_old", "sub-a b", "sub-a-b", "sub-\udcfc", "sub-{x}", "sub-2/ses-1_old"]


@pytest.mark.parametrize("folder", BAD_NAMES)
def test_one_bad_folder_stops_no_other_scan(tmp_path, folder):
    label = folder.replace("/", "_")
    plant(tmp_path, "sub-1/anat/sub-1_T1w.nii.gz", f"{folder}/anat/{label}_T1w.nii.gz")
    good, bad = sorted(list_scans(tmp_path), key=lambda scan: len(scan.problems))
    assert (good.label, good.problems) == ("sub-1", ())
    assert re.fullmatch(r"sub-[0-9A-Za-z+]+(_ses-[0-9A-Za-z+]+)?", bad.label)
    assert "letters and digits only" in bad.problems[-1]
    assert all(line.isprintable() for line in bad.problems)
    assert not any(set(path) & set("{}\udcfc") for path in bad.images.values())


def test_labels_that_were_mended_stay_apart(tmp_path):
    plant(tmp_path, *(f"sub-{name}/anat/" for name in ("1old", "1_old", "1-old")))
    assert labels(list_scans(tmp_path)) == ["sub-1old", "sub-1oldx", "sub-1oldxx"]


@pytest.mark.parametrize("odd", ["acq-{x}", "acq-\udcfc", "acq-a\nb"])
def test_one_bad_file_name_is_a_problem_of_its_scan_alone(tmp_path, odd):
    plant(
        tmp_path,
        "sub-1/anat/sub-1_T1w.nii.gz",
        f"sub-2/anat/sub-2_{odd}_T1w.nii.gz",
        "sub-3/anat/sub-3_T1w.nii.gz",
        f"derivatives/x/sub-3_{odd}_label-L_mask.nii.gz",
    )
    first, second, third = list_scans(tmp_path)
    assert first.problems == ()
    for scan in (second, third):
        (problem,) = scan.problems
        assert problem.isprintable()
        assert "rename it" in problem
    assert third.lesion_mask is None


def test_a_folder_that_cannot_be_opened_is_a_problem_of_its_participant(tmp_path, monkeypatch):
    plant(
        tmp_path,
        *(f"sub-{n}/anat/sub-{n}_T1w.nii.gz" for n in (1, 2, 3)),
        "derivatives/x/sub-3/anat/sub-3_label-L_mask.nii.gz",
        "derivatives/y/a_mask.nii.gz",
    )
    real = os.scandir

    def deny(*closed):
        def scandir(path):
            if str(path).endswith(closed):
                raise PermissionError(13, "Permission denied", str(path))
            return real(path)

        monkeypatch.setattr(os, "scandir", scandir)

    deny("/sub-2/anat", "/sub-3/anat")
    first, second, third = list_scans(tmp_path)
    assert first.problems == ()
    assert second.problems == ("sub-2/anat: cannot be opened; check its permissions",)
    assert "derivatives/x/sub-3/anat: cannot be opened; check its permissions" in third.problems
    deny("derivatives/y")
    with pytest.raises(InputError, match="derivatives/y: cannot be opened"):
        list_scans(tmp_path)


def test_a_description_that_is_kept_elsewhere_says_how_to_get_it(tmp_path):
    plant(tmp_path, "sub-1/anat/sub-1_T1w.nii.gz")
    description = tmp_path / "dataset_description.json"
    description.unlink()
    description.symlink_to(".git/annex/objects/MD5E-s9--0")
    with pytest.raises(InputError, match="datalad get"):
        list_scans(tmp_path)
    description.unlink()
    description.write_text("/annex/objects/MD5E-s9--0\n")
    with pytest.raises(InputError, match="datalad get"):
        list_scans(tmp_path)
