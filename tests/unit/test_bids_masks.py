"""Which lesion and brain mask is taken, and which is passed over or refused."""

import json
from pathlib import Path

import pytest
from bids_trees import describe, plant

from cpimaging.bids.listing import list_scans
from cpimaging.bids.scan import Scan
from cpimaging.types import InputError

T1W = "sub-1/anat/sub-1_T1w.nii.gz"
LESION_NAMES = [
    "space-orig_label-L_mask",
    "label-L_mask",
    "label-lesion_mask",
    "label-lesion_roi",
    "T1w_label-lesion_roi",
    "desc-lesion_mask",
    "acq-spc3p2_run-4_T2w_desc-lesion_mask",
    "space-TRACE_desc-lesion_mask",
    "space-T1w_desc-lesion_mask",
    "space-orig_label-L_desc-T1lesion_mask",
    "lesion_mask",
    "FLAIR_lesion_mask",
    "lesion_msk",
    "desc-lesion_msk",
    "msk",
    "lesion",
]
NOT_LESION_NAMES = [
    "mask",
    "roi",
    "desc-brain_mask",
    "label-GM_mask",
    "hemi-L_mask",
    "hemi-L_desc-ribbon_mask",
    "seg-vert_msk",
    "desc-perilesion_mask",
    "label-L_probseg",
    "label-L_dseg",
    "mod-T1w_defacemask",
    "T1w",
    "desc-lesion_T1w",
]
BRAIN_NAMES = [
    "desc-brain_mask",
    "space-orig_label-brain_mask",
    "label-brain_mask",
    "brainmask",
    "brain_mask",
    "T1w_bet_mask",
    "T1w_bet",
    "T1w_synthstrip_mask",
    "desc-synthstrip_mask",
    "desc-hdbet_mask",
    "run-1_space-T1w_desc-brain_mask",
]


def only(root: Path, **settings: object) -> Scan:
    (scan,) = list_scans(root, **settings)
    return scan


@pytest.fixture
def bids(tmp_path):
    return plant(tmp_path / "bids", T1W)


@pytest.mark.parametrize("ending", ["nii.gz", "nii"])
@pytest.mark.parametrize("name", LESION_NAMES)
@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("derivatives/lesions/sub-1/anat", "derivatives"),
        ("derivatives/sub-1", "derivatives"),
        ("sub-1/anat", "raw"),
    ],
)
def test_finds_a_lesion_mask_by_its_name(bids, folder, source, name, ending):
    path = f"{folder}/sub-1_{name}.{ending}"
    plant(bids, path)
    scan = only(bids)
    assert (scan.lesion_mask, scan.lesion_source) == (path, source)
    assert scan.images == {"T1w": T1W}
    assert (scan.decisions, scan.problems, scan.brain_mask) == ((), (), None)


@pytest.mark.parametrize("name", NOT_LESION_NAMES)
def test_takes_no_other_mask_for_a_lesion_mask(bids, name):
    plant(bids, f"derivatives/x/sub-1/anat/sub-1_{name}.nii.gz")
    scan = only(bids)
    assert (scan.lesion_mask, scan.lesion_source) == (None, "none")
    assert scan.problems == ()


def test_does_not_take_the_mask_of_another_participant_or_session(tmp_path):
    plant(
        tmp_path,
        *(f"sub-{p}/ses-{s}/anat/sub-{p}_ses-{s}_T1w.nii.gz" for p in (1, 2) for s in (1, 2)),
        "derivatives/x/sub-2_ses-1_label-L_mask.nii.gz",
    )
    masks = {scan.label: scan.lesion_mask for scan in list_scans(tmp_path)}
    assert masks.pop("sub-2_ses-1") == "derivatives/x/sub-2_ses-1_label-L_mask.nii.gz"
    assert set(masks.values()) == {None}


@pytest.mark.parametrize("space", ["MNI152NLin2009cAsym", "MNI", "fsaverage", "UNCInfant", "ACPC", "other"])
@pytest.mark.parametrize("name", ["label-L_desc-T1lesion_mask", "desc-brain_mask"])
def test_does_not_take_a_mask_in_another_space_and_says_so(bids, space, name):
    plant(bids, f"derivatives/x/sub-1_space-{space}_{name}.nii.gz")
    scan = only(bids)
    assert scan.lesion_mask is scan.brain_mask is None
    (line,) = scan.decisions
    assert f"is not used: it lies in space {space}, not in the scan's" in line
    assert scan.problems == ()


def test_takes_a_mask_in_the_space_that_the_image_names(tmp_path):
    stem = "sub-1/ses-1/anat/sub-1_ses-1_space-MNI152NLin2009aSym"
    plant(tmp_path, f"{stem}_T1w.nii.gz", f"{stem}_label-L_desc-T1lesion_mask.nii.gz")
    assert only(tmp_path).lesion_mask == f"{stem}_label-L_desc-T1lesion_mask.nii.gz"


def test_a_mask_in_scan_space_goes_before_one_in_template_space(bids):
    names = ["space-MNI152NLin6Asym_label-L_mask", "space-orig_label-L_mask"]
    plant(bids, *(f"derivatives/x/sub-1_{name}.nii.gz" for name in names))
    scan = only(bids)
    assert scan.lesion_mask == "derivatives/x/sub-1_space-orig_label-L_mask.nii.gz"
    assert len(scan.decisions) == 1


def test_lesions_dir_goes_before_derivatives_before_raw(bids, tmp_path):
    plant(tmp_path / "masks", "sub-1_label-L_mask.nii.gz")
    plant(bids, "derivatives/x/sub-1_label-L_mask.nii.gz", "sub-1/anat/sub-1_label-L_mask.nii.gz")
    scan = only(bids)
    assert scan.lesion_source == "derivatives"
    assert scan.decisions == (
        "lesion mask: derivatives/x/sub-1_label-L_mask.nii.gz is used, "
        "not sub-1/anat/sub-1_label-L_mask.nii.gz: derivatives goes first",
    )
    scan = only(bids, lesions_dir=tmp_path / "masks")
    assert scan.lesion_source == "lesions_dir"
    assert scan.lesion_mask == (tmp_path / "masks/sub-1_label-L_mask.nii.gz").as_posix()
    assert [line.split(" is used, not ")[1].split(":")[0] for line in scan.decisions] == [
        "derivatives/x/sub-1_label-L_mask.nii.gz",
        "sub-1/anat/sub-1_label-L_mask.nii.gz",
    ]
    assert not any(str(tmp_path) in line for line in scan.decisions)


@pytest.mark.parametrize(
    "paths",
    [
        ["derivatives/x/sub-1_label-L_mask.nii.gz", "derivatives/y/sub-1_label-L_mask.nii.gz"],
        ["sub-1/anat/sub-1_label-L_mask.nii.gz", "sub-1/anat/sub-1_label-L_mask.nii"],
        ["sub-1/anat/sub-1_T1w_label-lesion_roi.nii", "sub-1/anat/sub-1_T2w_label-lesion_roi.nii"],
    ],
)
def test_guesses_none_of_several_at_one_level(bids, paths):
    plant(bids, *paths)
    scan = only(bids)
    assert (scan.lesion_mask, scan.lesion_source) == (None, "none")
    (line,) = scan.problems
    assert line.startswith("2 lesion masks in ")
    assert all(path in line for path in paths)


def test_several_lesion_masks_do_not_stop_the_other_scans(bids):
    plant(bids, "derivatives/x/sub-1_lesion.nii", "derivatives/x/sub-1_msk.nii", "sub-2/anat/sub-2_T1w.nii")
    assert [len(scan.problems) for scan in list_scans(bids)] == [1, 0]


@pytest.mark.parametrize("name", ["sub-1", "sub-1_mask", "sub-1_roi", "sub-1_T2w_mask", "sub-1_label-L_mask"])
@pytest.mark.parametrize("folder", ["", "sub-1/anat/", "a/b/"])
def test_lesions_dir_may_be_flat_or_a_tree_with_bare_names(bids, tmp_path, folder, name):
    plant(tmp_path / "masks", f"{folder}{name}.nii.gz", f"{folder}sub-1_desc-brain_mask.nii.gz")
    scan = only(bids, lesions_dir=tmp_path / "masks")
    assert scan.lesion_mask == (tmp_path / f"masks/{folder}{name}.nii.gz").as_posix()
    assert scan.brain_mask is None


def test_lesions_dir_inside_the_dataset_gives_relative_paths_and_counts_once(bids):
    plant(bids, "derivatives/readers/sub-1_label-L_mask.nii.gz")
    scan = only(bids, lesions_dir=bids / "derivatives/readers")
    assert scan.lesion_mask == "derivatives/readers/sub-1_label-L_mask.nii.gz"
    assert (scan.lesion_source, scan.decisions, scan.problems) == ("lesions_dir", (), ())


def test_lesions_dir_must_exist_and_hold_masks(bids, tmp_path):
    with pytest.raises(InputError, match="no such folder; check lesions_dir"):
        list_scans(bids, lesions_dir=tmp_path / "absent")
    plant(tmp_path / "masks", "sub-1_desc-brain_mask.nii.gz")
    with pytest.raises(InputError, match="no file in it has the name of a lesion mask"):
        list_scans(bids, lesions_dir=tmp_path / "masks")
    plant(tmp_path / "masks", "sub-other_label-L_mask.nii.gz")
    assert only(bids, lesions_dir=tmp_path / "masks").lesion_mask is None


def test_never_reads_its_own_results(bids, tmp_path):
    plant(bids, "derivatives/out/sub-1/anat/sub-1_space-orig_label-L_mask.nii.gz")
    assert only(bids).lesion_mask is not None
    assert only(bids, output_dir=bids / "derivatives/out").lesion_mask is None
    describe(bids / "derivatives/out", DatasetType="derivative", GeneratedBy=[{"Name": "cpimaging"}])
    assert only(bids).lesion_mask is None
    assert only(bids).brain_mask is None
    describe(bids / "derivatives/out", GeneratedBy=[{"Name": "a reader"}])
    assert only(bids).lesion_source == "derivatives"
    with pytest.raises(InputError, match="holds results of this workflow"):
        list_scans(bids, output_dir=bids / "derivatives", lesions_dir=bids / "derivatives/out")
    describe(tmp_path / "results", DatasetType="derivative", GeneratedBy=[{"Name": "cpimaging"}])
    with pytest.raises(InputError, match="holds results of this workflow"):
        list_scans(bids, lesions_dir=tmp_path / "results")


def test_output_dir_around_the_dataset_hides_nothing(bids, tmp_path):
    plant(tmp_path / "masks", "sub-1_label-L_mask.nii.gz")
    scan = only(bids, output_dir=tmp_path, lesions_dir=tmp_path / "masks")
    assert scan.lesion_source == "lesions_dir"


def test_a_broken_description_of_a_derivative_is_told(bids):
    plant(bids, "derivatives/x/sub-1_label-L_mask.nii.gz")
    (bids / "derivatives/x/dataset_description.json").write_text("{")
    with pytest.raises(InputError, match=r"derivatives/x/dataset_description\.json: is not valid JSON"):
        list_scans(bids)


def test_a_mask_without_session_serves_the_only_session(tmp_path):
    plant(tmp_path, "sub-1/ses-a/anat/sub-1_ses-a_T1w.nii", "derivatives/x/sub-1_label-L_mask.nii")
    assert only(tmp_path).lesion_mask == "derivatives/x/sub-1_label-L_mask.nii"


def test_a_lesion_mask_without_session_is_a_problem_where_there_are_several(tmp_path):
    images = [f"sub-1/ses-{s}/anat/sub-1_ses-{s}_T1w.nii" for s in "ab"]
    plant(tmp_path, *images, "derivatives/x/sub-1_label-L_mask.nii", "derivatives/x/sub-1_brainmask.nii")
    for scan in list_scans(tmp_path):
        assert scan.lesion_mask is scan.brain_mask is None
        assert [line.split(":")[0] for line in scan.problems] == ["lesion mask"]
        assert [line.split(":")[0] for line in scan.decisions] == ["brain mask"]
        assert "names no session, and there are several" in scan.problems[0]
    plant(tmp_path, "derivatives/x/sub-1_ses-b_label-L_mask.nii")
    first, second = list_scans(tmp_path)
    assert first.problems
    assert second.lesion_mask == "derivatives/x/sub-1_ses-b_label-L_mask.nii"
    assert second.problems == ()
    assert "names no session" in "".join(second.decisions)


def test_a_mask_of_an_unlisted_session_is_told(bids):
    plant(bids, "derivatives/x/sub-1_ses-2_label-L_mask.nii.gz")
    scan = only(bids)
    assert scan.lesion_mask is None
    assert scan.decisions == (
        "lesion mask: derivatives/x/sub-1_ses-2_label-L_mask.nii.gz is not used: "
        "no scan of session 2 is listed",
    )


@pytest.mark.parametrize("name", BRAIN_NAMES)
@pytest.mark.parametrize("folder", ["derivatives/fmriprep/sub-1/anat", "derivatives/bet", "sub-1/anat"])
def test_finds_a_brain_mask_by_its_name(bids, folder, name):
    plant(bids, f"{folder}/sub-1_{name}.nii.gz")
    scan = only(bids)
    assert scan.brain_mask == f"{folder}/sub-1_{name}.nii.gz"
    assert scan.lesion_mask is None
    assert scan.problems == scan.decisions == ()


@pytest.mark.parametrize(
    "path",
    [
        "func/sub-1_task-rest_desc-brain_mask.nii.gz",
        "anat/sub-1_task-rest_desc-brain_mask.nii.gz",
        "dwi/sub-1_space-T1w_desc-brain_mask.nii.gz",
        "anat/sub-1_desc-ribbon_mask.nii.gz",
        "anat/sub-1_brain_T1w.nii.gz",
    ],
)
def test_takes_no_other_mask_for_a_brain_mask(bids, path):
    plant(bids, f"derivatives/x/sub-1/{path}")
    assert only(bids).brain_mask is None


def test_a_brain_mask_of_the_diffusion_series_serves_a_scan_of_adc_alone(tmp_path):
    plant(tmp_path, "sub-1/dwi/sub-1_ADC.nii", "derivatives/x/sub-1/dwi/sub-1_desc-brain_mask.nii")
    assert only(tmp_path).brain_mask == "derivatives/x/sub-1/dwi/sub-1_desc-brain_mask.nii"


@pytest.mark.parametrize(
    ("taken", "passed_over"),
    [
        ("derivatives/bet/sub-1_run-2_T1w_bet_mask.nii", "derivatives/bet/sub-1_run-1_T1w_bet_mask.nii"),
        ("derivatives/bet/sub-1_T1w_bet_mask.nii", "derivatives/bet/sub-1_T2w_bet_mask.nii"),
        ("derivatives/bet/sub-1_desc-brain_mask.nii", "derivatives/bet/sub-1_space-T2w_desc-brain_mask.nii"),
        ("derivatives/a/sub-1_brainmask.nii", "sub-1/anat/sub-1_brainmask.nii"),
        ("derivatives/hd-bet/sub-1_T1w_bet_mask.nii", "derivatives/hd-bet/sub-1_T1w_bet.nii"),
        ("derivatives/hd-bet/sub-1_T1w_bet_bet.nii", "derivatives/hd-bet/sub-1_T1w_bet.nii"),
        (
            "derivatives/nibabies/sub-1/anat/sub-1_space-T1w_desc-brain_mask.nii",
            "derivatives/nibabies/sub-1/anat/sub-1_space-T2w_desc-brain_mask.nii",
        ),
    ],
)
def test_takes_the_brain_mask_of_the_reference_image(tmp_path, taken, passed_over):
    plant(tmp_path, *(f"sub-1/anat/sub-1_run-{r}_{c}.nii" for r in (1, 2) for c in ("T1w", "T2w")))
    plant(tmp_path, passed_over, taken)
    scan = only(tmp_path)
    assert scan.brain_mask == taken
    assert f"{taken} is used, not {passed_over}" in scan.decisions[-1]


def test_guesses_none_of_several_brain_masks(bids):
    plant(bids, "derivatives/a/sub-1_desc-brain_mask.nii", "derivatives/b/sub-1_desc-brain_mask.nii")
    scan = only(bids)
    assert scan.brain_mask is None
    assert scan.problems[0].startswith("2 brain masks in derivatives, none is guessed")


@pytest.mark.parametrize(
    ("pattern", "path", "source"),
    [
        ("masks/{participant}.nii.gz", "masks/1.nii.gz", "raw"),
        ("**/sub-{participant}_FLAIR_roi.nii*", "sub-1/anat/sub-1_FLAIR_roi.nii.gz", "raw"),
        ("**/sub-{participant}_FLAIR_roi.nii*", "derivatives/x/y/sub-1_FLAIR_roi.nii", "derivatives"),
        ("derivatives/*/{participant}/seg_{participant}.nii", "derivatives/x/1/seg_1.nii", "derivatives"),
        ("**/sub-{participant}_*_seg.nii", "derivatives/x/sub-1_space-MNI_seg.nii", "derivatives"),
        ("derivatives/v?/{participant}+a.nii", "derivatives/v2/1+a.nii", "derivatives"),
    ],
)
def test_a_pattern_says_which_file_is_the_lesion_mask(bids, pattern, path, source):
    plant(bids, path, "derivatives/z/sub-1_label-L_mask.nii.gz", "derivatives/x/2/seg_1.nii")
    scan = only(bids, lesion_pattern=pattern)
    assert (scan.lesion_mask, scan.lesion_source, scan.problems) == (path, source, ())


def test_a_pattern_is_relative_to_lesions_dir_and_reads_sessions(tmp_path):
    bids = plant(tmp_path / "bids", *(f"sub-1/ses-{s}/anat/sub-1_ses-{s}_T1w.nii" for s in "ab"))
    plant(tmp_path / "masks", "a/pat1.nii", "b/pat1.nii", "b/pat2.nii", "sub-1_ses-b_final.nii")
    scans = list_scans(bids, lesions_dir=tmp_path / "masks", lesion_pattern="{session}/pat{participant}.nii")
    assert [Path(scan.lesion_mask or "").parent.name for scan in scans] == ["a", "b"]
    scans = list_scans(bids, lesions_dir=tmp_path / "masks", lesion_pattern="sub-{participant}_*final.nii")
    assert [scan.lesion_source for scan in scans] == ["none", "lesions_dir"]


def test_scans_that_a_pattern_does_not_fit_keep_their_masks_of_usual_names(tmp_path):
    """One mask of an odd name among others: its pattern must not take theirs away, nor another session's."""
    bids = plant(
        tmp_path,
        *(f"sub-{label}/anat/sub-{label}_T1w.nii" for label in "123"),
        *(f"sub-4/ses-{s}/anat/sub-4_ses-{s}_T1w.nii" for s in "ab"),
        "derivatives/x/sub-1/odd_v2.nii",
        "derivatives/x/sub-2_label-L_mask.nii",
        "derivatives/x/sub-1_label-L_mask.nii",
        "derivatives/x/sub-4/ses-a/odd_v2.nii",
        *(f"derivatives/x/sub-4_ses-{s}_label-L_mask.nii" for s in "ab"),
    )
    scans = list_scans(bids, lesion_pattern="derivatives/x/sub-{participant}/**/odd_v2.nii")
    one, two, three, first, second = scans
    assert one.lesion_mask == "derivatives/x/sub-1/odd_v2.nii"
    assert two.lesion_mask == "derivatives/x/sub-2_label-L_mask.nii"
    assert three.lesion_mask is None
    assert first.lesion_mask == "derivatives/x/sub-4/ses-a/odd_v2.nii"
    assert second.lesion_mask == "derivatives/x/sub-4_ses-b_label-L_mask.nii"
    told = "lesion mask: lesion_pattern fits none of this scan; one of the usual names is used"
    assert [told in scan.decisions for scan in scans] == [False, True, False, False, True]
    for scan, label in ((one, "1"), (first, "4_ses-a")):
        passed_over = f"derivatives/x/sub-{label}_label-L_mask.nii is not used: lesion_pattern fits another"
        assert scan.decisions == (f"lesion mask: {passed_over} of this scan",)
    assert not any(scan.problems for scan in scans)


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("masks/*.nii", r"has no \{participant\}"),
        ("masks/{subject}.nii", r"\{subject\} is not known"),
        ("masks/{participant}.nii", "fits no file"),
    ],
)
def test_refuses_a_pattern_that_cannot_be_used(bids, pattern, told):
    plant(bids, "other/1.nii")
    with pytest.raises(InputError, match=told):
        list_scans(bids, lesion_pattern=pattern)


UNUSED = [
    "sub-1_dseg",
    "sub-1_probseg",
    "sub-1_label-lesion_seg",
    "sub-1_lesion-manual",
    "sub-1_seg-lst",
    "sub-1_roi",
    "sub-1_FLAIR_seg",
    "sub-1_space-orig_desc-wmh_dseg",
    "sub-1_label-stroke_mask",
]


@pytest.mark.parametrize("name", UNUSED)
@pytest.mark.parametrize("folder", ["derivatives/x/sub-1/anat", "sub-1/anat", "masks"])
def test_what_looks_like_a_mask_is_told_with_the_pattern_that_takes_it(bids, folder, name):
    path = f"{folder}/{name}.nii.gz"
    plant(bids, path)
    scan = only(bids)
    assert scan.lesion_mask is None
    (line,) = scan.decisions
    assert line.startswith(f"lesion mask: {path} is not used")
    pattern = line.rpartition("lesion_pattern: ")[2]
    assert only(bids, lesion_pattern=pattern).lesion_mask == path


def test_a_mask_named_by_its_folder_alone_is_told(tmp_path):
    plant(
        tmp_path,
        "sub-1/ses-a/anat/sub-1_ses-a_T1w.nii",
        "derivatives/x/sub-1/ses-a/lesion.nii.gz",
        "derivatives/x/sub-2/ses-a/lesion.nii.gz",
        "derivatives/fs/sub-1/mri/aseg.mgz",
    )
    (line,) = only(tmp_path).decisions
    assert line.endswith("lesion_pattern: derivatives/x/sub-{participant}/ses-{session}/lesion.nii.gz")


@pytest.mark.parametrize(
    "name",
    [
        "sub-1_label-GM_probseg",
        "sub-1_desc-aparcaseg_dseg",
        "sub-1_space-MNI152NLin6Asym_dseg",
        "sub-1_desc-brain_mask",
        "sub-1_hemi-L_desc-ribbon_mask",
        "sub-1_atlas-aal_dseg",
        "sub-1_from-T1w_to-lesion_mode-image_xfm",
        "sub-1_desc-preproc_T1w",
    ],
)
def test_segmentations_of_anatomy_are_not_told(bids, name):
    plant(bids, f"derivatives/x/{name}.nii.gz")
    assert only(bids).decisions == ()


def test_beside_a_mask_that_was_taken_only_lesions_are_told(bids):
    plant(bids, "derivatives/x/sub-1_label-L_mask.nii.gz", "derivatives/x/sub-1_dseg.nii.gz")
    assert only(bids).decisions == ()
    plant(bids, "derivatives/x/sub-1_lesion-manual.nii.gz")
    assert len(only(bids).decisions) == 1


def test_many_unused_masks_are_counted(bids):
    plant(bids, *(f"derivatives/x/sub-1_seg-lst{n}.nii.gz" for n in range(9)))
    *_, last = lines = only(bids).decisions
    assert len(lines) == 5
    assert last.startswith("5 more")


def test_results_of_an_interrupted_run_are_known_by_its_plan(bids):
    plant(
        bids,
        "derivatives/out/sub-1/anat/sub-1_space-orig_label-L_mask.nii.gz",
        "derivatives/out/sub-1/anat/sub-1_space-orig_label-brain_mask.nii.gz",
        "derivatives/out/logs/plan/sub-1.json",
    )
    scan = only(bids)
    assert (scan.lesion_mask, scan.brain_mask, scan.decisions) == (None, None, ())
    with pytest.raises(InputError, match="holds results of this workflow"):
        list_scans(bids, lesions_dir=bids / "derivatives/out")


def test_our_own_mask_is_known_by_its_sidecar_wherever_it_lies(bids):
    name = "derivatives/copied/sub-1/anat/sub-1_space-orig_label-"
    plant(bids, f"{name}L_mask.nii.gz", f"{name}brain_mask.nii.gz")
    for label in ("L", "brain"):
        content = {"GeneratedBy": [{"Name": "cpimaging"}], "Stage": "lesions"}
        (bids / f"{name}{label}_mask.json").write_text(json.dumps(content))
    scan = only(bids)
    assert (scan.lesion_mask, scan.brain_mask) == (None, None)
    assert [line.partition(":")[0] for line in scan.decisions] == ["brain mask", "lesion mask"]
    for text in ("{", "null", '{"GeneratedBy": [{"Name": "a reader"}]}', '{"Type": "Lesion"}'):
        (bids / f"{name}L_mask.json").write_text(text)
        assert only(bids).lesion_mask == f"{name}L_mask.nii.gz"
