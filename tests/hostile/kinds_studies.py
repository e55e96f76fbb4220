"""Names and file systems: asked while a study is planned."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import nibabel as nib
import numpy as np
from entrances import command, command_refused, planner
from kinds import Kind, refusal, refused
from kinds_data import brain
from kinds_masks import MM3, SPACE, bulk, image
from kinds_tables import DESCRIPTION, tree, write

from cpimaging.bids.checks import check_scan
from cpimaging.bids.listing import list_scans
from cpimaging.bids.scan import Scan
from cpimaging.io import read_json, read_record, read_table
from cpimaging.registration.picsl import linear
from cpimaging.study.lock import release_lock
from cpimaging.types import Image, InputError

Make = Callable[[Path], object]


def scans(folder: Path) -> dict[str, Scan]:
    """Return the scans of a dataset by label; sub-good among them must be as if it were alone."""
    found = {scan.label: scan for scan in list_scans(folder)}
    good = found["sub-good"]
    assert good.images == {"T1w": "sub-good/anat/sub-good_T1w.nii.gz"}
    assert good.problems == ()
    assert all(line.isprintable() for scan in found.values() for line in (*scan.problems, *scan.decisions))
    return found


def touch(folder: Path, *names: str | bytes) -> None:
    for name in names:
        path = os.path.join(os.fsencode(folder), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb"):
            pass


def named(made: str, words: str, *paths: str | bytes, label: str = "") -> Kind:
    """Return a kind of a dataset with sub-good and zero-byte files; `words` must be a problem of another scan."""

    def check(folder: Path) -> None:
        touch(tree(folder, ("good",)), *paths)
        others = {name: scan for name, scan in scans(folder).items() if name != "sub-good"}
        problems = [problem for scan in others.values() for problem in scan.problems]
        assert any(words in problem for problem in problems), problems
        assert not label or label in others

    return Kind("names", made, f"its scan alone fails: “{words}”", check)


def used(made: str, what: str, words: str, *paths: str) -> Kind:
    """Return a kind of files of sub-good that must change nothing; `words` are told."""

    def check(folder: Path) -> None:
        touch(tree(folder, ("good",)), *paths)
        found = scans(folder)
        assert list(found) == ["sub-good"]
        assert (found["sub-good"].lesion_mask, found["sub-good"].brain_mask) == (None, None)
        told = found["sub-good"].decisions
        assert any(words in line for line in told) if words else told == ()

    return Kind("names", made, f"{what}; told: “{words}”" if words else what, check)


ANAT = "sub-good/anat/sub-good"
X, LES = "sub-x/anat/sub-x_T1w.nii.gz", "derivatives/l/sub-x/anat/sub-x"
LETTERS, BRACES = "a label may hold letters and digits only", "holds braces or unprintable characters"
NAMES = [
    named("a folder sub-01_old", LETTERS, "sub-01_old/anat/sub-01_old_T1w.nii.gz"),
    named("a folder sub-a-b", LETTERS, "sub-a-b/anat/sub-a-b_T1w.nii.gz"),
    named("a folder “sub-a b”", LETTERS, "sub-a b/anat/sub-a b_T1w.nii.gz"),
    named("a folder sub-ü", LETTERS, "sub-ü/anat/sub-ü_T1w.nii.gz"),
    named("a folder sub-(nothing)", LETTERS, "sub-/anat/sub-_T1w.nii.gz"),
    named("a folder sub-{x}", LETTERS, "sub-{x}/anat/sub-{x}_T1w.nii.gz"),
    named("a folder “sub-$(id)”", LETTERS, "sub-$(id)/anat/sub-$(id)_T1w.nii.gz"),
    named("a folder “sub-;ls”", LETTERS, "sub-;ls/anat/sub-;ls_T1w.nii.gz"),
    named("a folder sub-01.bak", LETTERS, "sub-01.bak/anat/sub-01.bak_T1w.nii.gz"),
    named("a folder with a line end", LETTERS, "sub-0\n1/anat/sub-0\n1_T1w.nii.gz"),
    named("a folder that is not UTF-8", LETTERS, b"sub-\xfc/anat/sub-\xfc_T1w.nii.gz"),
    named("a session folder ses-1_old", LETTERS, "sub-x/ses-1_old/anat/sub-x_ses-1_old_T1w.nii.gz"),
    named("a file with a brace", BRACES, "sub-x/anat/sub-x_acq-{a}_T1w.nii.gz"),
    named("a file that is not UTF-8", BRACES, b"sub-x/anat/sub-x_acq-\xfc_T1w.nii.gz"),
    named("a file with a line end", BRACES, "sub-x/anat/sub-x_acq-a\nb_T1w.nii.gz"),
    named("a file with an escape of terminals", BRACES, "sub-x/anat/sub-x_acq-\x1b[31m_T1w.nii.gz"),
    named("a file with a mark that turns text around", BRACES, "sub-x/anat/sub-x_acq-a\u202eb_T1w.nii.gz"),
    named("the name of another participant", "does not agree with its folder", "sub-x/anat/sub-y_T1w.nii.gz"),
    named("the name of another session", "does not agree with its folder", "sub-x/ses-1/anat/sub-x_ses-2_T1w.nii.gz"),
    named("no image at all", "no T1w, T2w, FLAIR or ADC image", "sub-x/func/sub-x_bold.nii.gz"),
    named("two lesion masks", "none is guessed", "sub-x/anat/sub-x_T1w.nii.gz", "sub-x/anat/sub-x_label-L_mask.nii.gz", "sub-x/anat/sub-x_desc-lesion_mask.nii.gz"),
    named("three runs of a lesion mask", "none is guessed", "sub-x/anat/sub-x_T1w.nii.gz", *(f"sub-x/anat/sub-x_run-{n}_label-L_mask.nii.gz" for n in "123")),
    named("a lesion mask of one hemisphere", "a part of a mask by its name (hemi-L)", X, f"{LES}_hemi-L_label-L_mask.nii.gz"),
    named("a split lesion mask, one part of it", "a part of a mask by its name (split-1)", X, f"{LES}_split-1_label-L_mask.nii.gz"),
    named("a lesion mask in the folder of another participant", "does not agree with its folder", X, "derivatives/l/sub-good/anat/sub-x_label-L_mask.nii.gz"),
    named("a lesion mask in the folder of another session", "does not agree with its folder", "sub-x/ses-1/anat/sub-x_ses-1_T1w.nii.gz", "derivatives/l/sub-x/ses-2/anat/sub-x_ses-1_label-L_mask.nii.gz"),
    named("label-L beside label-R: left and right", "so label-L may mean left", X, f"{LES}_label-L_mask.nii.gz", f"{LES}_label-R_mask.nii.gz"),
    named("a T1w in two halves", "no T1w, T2w, FLAIR or ADC image", "sub-x/anat/sub-x_hemi-L_T1w.nii.gz", "sub-x/anat/sub-x_hemi-R_T1w.nii.gz"),
    named("a T1w in chunks", "no T1w, T2w, FLAIR or ADC image", "sub-x/anat/sub-x_chunk-1_T1w.nii.gz", "sub-x/anat/sub-x_chunk-2_T1w.nii.gz"),
    used("._ files of macOS", "counts as nothing", "", "sub-good/anat/._sub-good_T1w.nii.gz", "derivatives/l/sub-good/anat/._sub-good_label-L_mask.nii.gz"),
    used("hidden folders", "count as nothing", "", ".git/sub-x/anat/sub-x_T1w.nii.gz", "sub-good/.cache/sub-good_T2w.nii.gz"),
    used("files of Synology and Windows", "count as nothing", "", "sub-good/anat/Thumbs.db", "sub-good/anat/desktop.ini", "sub-good/anat/sub-good_T1w.nii.gz.part"),
    used("desc-biasfield_T2w", "no T2w", "desc-biasfield is not known", f"{ANAT}_desc-biasfield_T2w.nii.gz"),
    used("desc-noisemap_FLAIR", "no FLAIR", "desc-noisemap is not known", f"{ANAT}_desc-noisemap_FLAIR.nii.gz"),
    used("UNIT1 (MP2RAGE)", "named, not read", "MP2RAGE is not read", f"{ANAT}_UNIT1.nii.gz"),
    used("a mask called _dseg", "told, not used", "set lesion_pattern:", f"derivatives/l/{ANAT}_label-lesion_dseg.nii.gz"),
    used("a mask called lesion-manual", "told, not used", "set lesion_pattern:", f"derivatives/l/{ANAT}_lesion-manual_seg.nii.gz"),
    used("a mask called seg-lst_probseg", "told, not used", "set lesion_pattern:", f"derivatives/l/{ANAT}_seg-lst_probseg.nii.gz"),
    used("a mask of sub-good called sub-Good", "told, not used", "its participant is written otherwise", "derivatives/l/sub-Good/anat/sub-Good_label-L_mask.nii.gz"),
    used("a mask in template space", "told, not used", "lies in space MNI152NLin6Asym", f"derivatives/l/{ANAT}_space-MNI152NLin6Asym_label-L_mask.nii.gz"),
    used("a T2w of the spine", "no T2w", "no image of the head by its name", f"{ANAT}_acq-cspine_T2w.nii.gz"),
    used("a brain mask of one hemisphere", "told, not used", "a part of a mask by its name", f"derivatives/l/{ANAT}_hemi-L_desc-brain_mask.nii.gz"),
    used("the mirrored lesion mask", "told, not used", "set lesion_pattern:", f"derivatives/l/{ANAT}_label-lesion_desc-flipped_mask.nii.gz"),
    used("what is excluded (label-L_desc-inverse)", "told, not used", "set lesion_pattern:", f"derivatives/l/{ANAT}_label-L_desc-inverse_mask.nii.gz"),
    used("a control region (label-lesion_desc-control)", "told, not used", "set lesion_pattern:", f"derivatives/l/{ANAT}_label-lesion_desc-control_mask.nii.gz"),
    used("label-L of an atlas", "no lesion", "", f"derivatives/l/{ANAT}_atlas-AAL_label-L_mask.nii.gz"),
    used("label-L of the hippocampus (seg-)", "no lesion", "", f"derivatives/l/{ANAT}_seg-hippocampus_label-L_mask.nii.gz"),
    used("a lesion mask of a functional series", "told, not used", "set lesion_pattern:", f"derivatives/l/{ANAT}_task-rest_label-L_mask.nii.gz"),
    used("a mask of a session that is not there", "told, not used", "no scan of session 9 is listed", "derivatives/l/sub-good/ses-9/anat/sub-good_ses-9_label-L_mask.nii.gz"),
]  # fmt: skip


def zeros_of_labels(folder: Path) -> None:
    """A mask of sub-1 beside the scan sub-01: not used, and told."""
    touch(tree(folder, ("01", "02")), "derivatives/l/sub-1/anat/sub-1_label-L_mask.nii.gz")
    found = {scan.label: scan for scan in list_scans(folder)}
    assert found["sub-01"].lesion_mask is None
    assert any(
        "sub-1_label-L_mask.nii.gz is not used: its participant is written otherwise" in line
        for line in found["sub-01"].decisions
    )
    assert found["sub-02"].decisions == ()


def own_results(folder: Path) -> None:
    """Masks of an interrupted run of ours are no reader's."""
    tree(folder, ("good",))
    write(folder, {"derivatives/out/logs/plan/sub-good.json": "{}"})
    touch(folder, f"derivatives/out/{ANAT}_space-orig_label-L_mask.nii.gz")
    write(
        folder,
        {
            f"derivatives/b/{ANAT}_label-L_mask.json": '{"GeneratedBy": [{"Name": "cpimaging"}], "Stage": "lesions"}'
        },
    )
    touch(folder, f"derivatives/b/{ANAT}_label-L_mask.nii.gz")
    assert scans(folder)["sub-good"].lesion_mask is None


def two_thousand(folder: Path) -> None:
    """2,000 scans beside each other are listed within seconds."""
    tree(folder, ("good",))
    for n in range(2000):
        os.makedirs(folder / f"sub-{n:04}/anat")
    assert len(scans(folder)) == 2001


def names_in_masks(folder: Path) -> None:
    """Odd names of masks in bulk: each is told or measured, and the plain one is measured."""
    content = image().to_bytes()
    names = [
        b"sub-01_mask.nii",
        b"sub-02_\xfc_mask.nii",
        b"x/sub-03_{y}_mask.nii",
        b"sub-04_$(id)_mask.nii",
        b"._sub-01_mask.nii",
    ]
    names += [b"sub-05_<b>_mask.nii", b"=1+1.nii", b"sub-06\n_mask.nii"]
    for name in names:
        touch(folder, b"m/" + name)
        with open(os.path.join(os.fsencode(folder), b"m", name), "wb") as stream:
            stream.write(content)
    results = bulk(folder / "m", folder / "out")
    failed = results.summary[results.summary["status"] == "failed"]
    assert sorted(failed.index) == ["sub-02", "sub-03", "sub-06"]
    assert failed["message"].str.contains(BRACES).all()
    assert sorted(results.patterns.index) == ["sub-01", "sub-04", "sub-05", "sub-1+1"]
    assert (results.patterns["lesion_volume_mm3"] == MM3).all()


LISTS = [
    Kind("names", "a mask of sub-1 for the scan sub-01", "not used; told: “its participant is written otherwise”", zeros_of_labels),
    Kind("names", "masks of an interrupted run of ours in derivatives", "not taken for a reader's", own_results),
    Kind("names", "2,000 scans", "listed", two_thousand),
    Kind("names", "masks in bulk with bytes, braces, markup, formulas and line ends in their names", f"told, or measured: {MM3:,.0f} mm³", names_in_masks),
]  # fmt: skip


def other_endings(folder: Path) -> None:
    """Masks whose names end in capitals or as formats that are not read are taken, and their scan refused."""
    masks = (
        "a_label-L_mask.NII.GZ",
        "b_label-L_mask.nii.bz2",
        "c_label-L_mask.mnc",
        "d_label-L_mask.seg.nrrd",
    )
    touch(tree(folder, ("good", *"abcd")), *(f"derivatives/l/sub-{m[0]}/anat/sub-{m}" for m in masks))
    found = scans(folder)
    for mask in masks:
        scan = found[f"sub-{mask[0]}"]
        assert str(scan.lesion_mask).endswith(mask)
        assert any("lesion mask" in problem and mask in problem for problem in check_scan(folder, scan))


def unread_format_beside(folder: Path) -> None:
    """An image in a format that is not read wins over none that is."""
    touch(tree(folder, ("good", "a")), "sub-a/anat/sub-a_run-2_T1w.mnc")
    assert scans(folder)["sub-a"].images["T1w"] == "sub-a/anat/sub-a_T1w.nii.gz"


def in_template_space(folder: Path) -> None:
    """Raw images named after a template's space are taken, and it is told."""
    touch(tree(folder, ("good",)), "sub-a/anat/sub-a_space-MNI152NLin6Asym_T1w.nii.gz")
    assert "its volumes are those of that space" in scans(folder)["sub-a"].decisions[0]


def emptied(text: str, words: str) -> Kind:
    """Return a kind of a result of ours that somebody has edited."""

    def check(folder: Path) -> None:
        path = folder / "sub-01_desc-quality_stats.json"
        path.write_text(text)
        refusal(lambda: read_record(path)["verdict"], words, path.name)

    return Kind("file system", f"a JSON file of our results that was edited to {text}", refused(words), check)


EDITED = [
    emptied("{}", "lacks verdict"),
    emptied("[]", "is not what was written"),
    emptied("null", "is not what was written"),
]

OTHER_NAMES = [
    Kind("names", "masks called .NII.GZ, .nii.bz2, .mnc and .seg.nrrd", "none is overlooked: read, or their scans refused", other_endings),
    Kind("names", "a later run of the T1w in a format that is not read", "the one that is read is used", unread_format_beside),
    Kind("names", "a raw T1w called space-MNI152NLin6Asym", "used; told: “its volumes are those of that space”", in_template_space),
]  # fmt: skip


def no_rights(folder: Path) -> None:
    """One image that may not be opened: planning goes on, its scan is told; root may read all, so it is played."""
    tree(folder / "bids", ("good", "x"))
    for name in ("good", "x"):
        for contrast in ("T1w", "FLAIR"):
            nib.save(image(), folder / f"bids/sub-{name}/anat/sub-{name}_{contrast}.nii.gz")
    real = Path.open

    def deny(path: Path, *words: object, **more: object) -> object:
        if path.name == "sub-x_FLAIR.nii.gz":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *words, **more)  # type: ignore[call-overload]

    with patch.object(Path, "open", deny):
        made = planner({"bids_dir": str(folder / "bids"), "output_dir": str(folder / "out")})
        made.start()
        release_lock(folder / "out")
        words = ("preprocess", "--scan", "sub-x", "--output-dir", folder / "out")
        command_refused("cannot be opened", "sub-x_FLAIR", *words)
    assert list(made.jobs) == ["sub-good", "sub-x"]


def full_disk(folder: Path) -> None:
    """No room while a stage writes: one line, and nothing half written."""
    nib.save(image(), folder / "sub-1_mask.nii.gz")
    real = Path.write_text

    def full(path: Path, *words: object, **more: object) -> int:
        if "index.html" in path.name:
            real(path, "half")
            raise OSError(28, "No space left on device", str(path))
        return real(path, *words, **more)  # type: ignore[arg-type]

    with patch.object(Path, "write_text", full):
        words = ("masks", folder, folder / "out", "--space", SPACE)
        command_refused("No space left on device", "index.html", *words)
    assert not list((folder / "out").glob("*index.html"))


def emptied_plan(folder: Path) -> None:
    for words in (("index", "--output-dir", folder), ("cohort", folder)):
        command_refused("holds no scan", "logs/plan", *words)
    (folder / "logs/plan").mkdir(parents=True)
    command_refused("holds no scan", "logs/plan", "index", "--output-dir", folder)
    command_refused("no such file", "sub-01", "preprocess", "--scan", "sub-01", "--output-dir", folder)


def broken_plan(folder: Path) -> None:
    (folder / "logs/plan").mkdir(parents=True)
    for text in ("{}", "[]", "null", '{"bids_dir": "x", "scan": {"participant": "01"}}', "{", "[" * 100_000):
        (folder / "logs/plan/sub-01.json").write_text(text)
        command_refused(";", "sub-01.json", "preprocess", "--scan", "sub-01", "--output-dir", folder)


def dataset_gone(folder: Path) -> None:
    """The dataset is moved away once it was planned."""
    tree(folder / "bids", ("good",))
    planner({"bids_dir": str(folder / "bids"), "output_dir": str(folder / "out")}).start()
    release_lock(folder / "out")
    shutil.rmtree(folder / "bids")
    command_refused(
        "no such file", "sub-good_T1w", "preprocess", "--scan", "sub-good", "--output-dir", folder / "out"
    )


def circle(folder: Path) -> None:
    """A link to a folder above it is entered once."""
    tree(folder, ("good",))
    (folder / "sub-good/anat/again").symlink_to(folder)
    assert list(scans(folder)) == ["sub-good"]


def temporary_with_space(folder: Path) -> None:
    """greedy ends a path at a space; the fit is the same wherever temporary files lie."""
    data, affine = brain()[0][::2, ::2, ::2], brain()[1] @ np.diag([2.0, 2, 2, 1])
    still, moved = affine.copy(), affine.copy()
    moved[0, 3] += 6.0
    fits = []
    for name in ("ab", "a b"):
        (folder / name).mkdir()
        with patch.object(tempfile, "tempdir", str(folder / name)):
            fixed, moving = Image(data, still), Image(data, moved)
            fits.append(linear("-a -dof 6 -m NCC 2x2x2 -n 20", fixed, moving, None, np.eye(4)))
    assert np.array_equal(*fits)
    assert abs(fits[0][0, 3] - 6.0) < 0.5


def index_of_many(folder: Path) -> None:
    """One row for each scan, whatever is wrong with it."""
    bids = tree(folder / "bids", ("good", "x", "y", "z"))
    nib.save(image(), bids / "sub-good/anat/sub-good_T1w.nii.gz")
    (bids / "sub-x/anat/sub-x_T1w.nii.gz").write_bytes(b"\x1f\x8b rubbish")
    nib.save(
        nib.Nifti1Image(np.zeros((9, 9, 9, 2), np.uint8), np.eye(4)), bids / "sub-y/anat/sub-y_T1w.nii.gz"
    )
    planner({"bids_dir": str(bids), "output_dir": str(folder / "out")}).start()
    assert command("index", "--output-dir", folder / "out")[0] == 0
    rows = read_table(folder / "out/logs/index.tsv").set_index("participant_id")["problems"]
    assert rows["sub-good"] == "n/a"
    assert "is damaged" in rows["sub-x"]
    assert "has 2 volumes" in rows["sub-y"]
    assert "is empty" in rows["sub-z"]
    assert read_json(folder / "out/dataset_description.json")["DatasetType"] == "derivative"


def description(made: str, words: str, make: Make) -> Kind:
    def check(folder: Path) -> None:
        path = tree(folder, ("good",)) / "dataset_description.json"
        path.unlink()
        make(path)
        try:
            list_scans(folder)
        except InputError as error:
            assert words in str(error), error  # noqa: PT017
            return
        raise AssertionError("accepted")

    return Kind("sidecars", f"dataset_description.json: {made}", refused(words), check)


DESCRIPTIONS = [
    description("absent", "it has no dataset_description.json", lambda path: None),
    description("broken", "is not valid JSON", lambda path: path.write_text("{")),
    description("empty", "is empty", Path.touch),
    description("null", "is not a JSON object", lambda path: path.write_text("null")),
    description("100,000 brackets", "is not valid JSON", lambda path: path.write_text("[" * 100_000)),
    description("not UTF-8", "is not valid JSON", lambda path: path.write_bytes(b'{"Name": "\xfc"}')),
    description("in git-annex", "datalad get", lambda path: path.symlink_to(".git/annex/objects/x")),
    description("an annex pointer", "datalad get", lambda path: path.write_text("/annex/objects/MD5E-s1--0.json")),
    description("a folder", "", Path.mkdir),
    description("of our own results", "holds results of this workflow", lambda path: path.write_text(DESCRIPTION[:-1] + ', "GeneratedBy": [{"Name": "cpimaging"}]}')),
]  # fmt: skip

FILE_SYSTEM = [
    Kind(
        "file system",
        "an image that may not be opened",
        "its scan alone fails: “cannot be opened”",
        no_rights,
    ),
    Kind("file system", "a full disk", "refused: “No space left on device”; nothing half written", full_disk),
    Kind("file system", "a plan that was emptied", refused("holds no scan"), emptied_plan),
    Kind("file system", "a plan that is broken, six times", "refused in one line, six times", broken_plan),
    Kind("file system", "a dataset that is gone", refused("no such file"), dataset_gone),
    Kind("file system", "a link to a folder above it", "entered once", circle),
    Kind("file system", "TMPDIR with a space", "greedy works in a folder without one", temporary_with_space),
    Kind(
        "file system",
        "four scans: good, damaged, two volumes, empty",
        "one row each in logs/index.tsv",
        index_of_many,
    ),
]

KINDS = [*NAMES, *OTHER_NAMES, *EDITED, *LISTS, *DESCRIPTIONS, *FILE_SYSTEM]
