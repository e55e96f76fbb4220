"""Masks and images of which the name or the place says something in passing; paths that commands are given."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
from entrances import command_refused
from kinds import Kind, refusal, refused
from kinds_commands import MASKS, wrong
from kinds_mask_names import AREA, beside_plain
from kinds_masks import AFFINE, LESION, SPACE
from kinds_studies import ANAT, scans, touch, used
from kinds_tables import tree

from cpimaging.study import drawn_on

DERIVED = f"derivatives/l/{ANAT}"
TOLD, TAKEN, ELSEWHERE = "told, not used", "set lesion_pattern:", "neither in derivatives nor beside"
MADE_OF_ONE = [
    used(f"a mask made from the lesion's (desc-{desc})", TOLD, TAKEN, f"{DERIVED}_label-lesion_desc-{desc}_mask.nii.gz")
    for desc in ("inv", "edge", "contour", "skeleton", "bbox", "sphere", "disconnection", "bad", "draft", "tmp")
]  # fmt: skip
PLACES = [
    used(f"a lesion mask in {folder}", TOLD, ELSEWHERE, f"{folder}{ANAT}_label-L_mask.nii.gz")
    for folder in ("lesions/", "Derivatives/l/", "derivative/l/")
]
ALMOST = [
    used(f"a mask called {name}", TOLD, TAKEN, f"derivatives/l/sub-good/anat/{name}.nii.gz")
    for name in ("sub-good_les", "sub-good_gliosis", "sub-good_manual", "sub-good-lesion", "sub-good lesion")
]
IMAGES = [
    used(f"an image called {name}", TOLD, words, f"{ANAT}_{name}.nii.gz")
    for name, words in (
        ("flair", "rename it to _FLAIR"),
        ("T2wFLAIR", "rename it to _FLAIR"),
        ("T2", "rename it to _T2w"),
        ("acq-flair_T2w", "it is a FLAIR by its acq- label"),
        ("acq-darkfluid_T2w", "it is a FLAIR by its acq- label"),
    )
]


def of_no_image(folder: Path) -> None:
    """A mask of run-3 is used where there is no run-3, and that is told."""
    mask = f"{DERIVED}_run-3_label-L_mask.nii.gz"
    touch(tree(folder, ("good",)), mask)
    found = scans(folder)["sub-good"]
    assert found.lesion_mask == mask
    assert any("names run-3, of which no image is listed" in line for line in found.decisions)


def not_read(folder: Path) -> None:
    """A mask in a format that is not read is the scan's mask, which fails; it is not searched without a word."""
    mask = f"{DERIVED}_label-L_mask.mif"
    touch(tree(folder, ("good",)), mask)
    assert scans(folder)["sub-good"].lesion_mask == mask


def looped(folder: Path) -> None:
    """A link to itself is refused wherever a path is given."""
    loop = folder / "loop"
    loop.symlink_to(loop)
    command_refused("", "loop", "run", folder / "out", "--age", "5y", "--t1w", loop)
    command_refused("", "loop", "masks", loop, folder / "out", "--space", SPACE)
    command_refused("", "loop", "norms", "build", loop, "--controls", "group=control")


def shut(folder: Path) -> None:
    """A folder without permission ends in one line, as it does without typer's own check."""
    closed = folder / "shut"
    closed.mkdir()
    closed.chmod(0)
    try:
        words = (
            "cannot be opened" if not os.access(closed, os.R_OK) else "holds no image file"
        )  # root may read
        command_refused(words, "shut", "masks", closed, folder / "out", "--space", SPACE)
    finally:
        closed.chmod(0o700)


def header_alone(folder: Path) -> None:
    """A pair of .hdr and .img without its .img is told, and stops no other mask."""

    def write(path: Path) -> None:
        nib.save(nib.Nifti1Pair(LESION, AFFINE), path.with_suffix(".img"))
        path.with_suffix(".img").unlink()

    told = beside_plain(folder, "sub-x_mask", write).summary.loc["sub-x"]
    assert told["status"] == "failed"
    assert "sub-x_mask" in told["message"]
    assert "no such file" in told["message"]


def stated(made: str, reference: object, words: str = "", name: str | None = None) -> Kind:
    """Return a kind of a mask's SpatialReference: refused, or the image that it means."""

    def check(folder: Path) -> None:
        mask = folder / "sub-01_label-L_mask.nii.gz"
        (folder / "sub-01_label-L_mask.json").write_text(json.dumps({"SpatialReference": reference}))
        if words:
            refusal(lambda: drawn_on._stated(mask), words, mask.name)
        else:
            assert drawn_on._stated(mask) == name

    return Kind(
        "sidecars", f"SpatialReference of a mask: {made}", refused(words) if words else f"{name}", check
    )


def unreadable_sidecar(made: str, words: str, write: Callable[[Path], object]) -> Kind:
    """Return a kind of a sidecar that may state where its mask lies, and cannot be read: refused."""

    def check(folder: Path) -> None:
        sidecar = folder / "sub-01_label-L_mask.json"
        write(sidecar)
        refusal(lambda: drawn_on._stated(sidecar.with_suffix(".nii.gz")), words, sidecar.name)

    return Kind("sidecars", f"the sidecar of a mask: {made}", refused(words), check)


FLAIR, TEMPLATE = "sub-01_FLAIR.nii.gz", "lies in a template's space"
REFERENCES = [
    stated("a URI of BIDS", f"bids::sub-01/anat/{FLAIR}", name=FLAIR),
    stated("a list", [f"sub-01/anat/{FLAIR}"], name=FLAIR),
    stated("an object", {"lesion": f"sub-01/anat/{FLAIR}"}, name=FLAIR),
    stated("a number", 5),
    stated("a template by its name", "MNI152NLin6Asym", TEMPLATE),
    stated("a template's T1w", "https://templateflow.s3.amazonaws.com/tpl-MNI152NLin6Asym/tpl-MNI152NLin6Asym_res-01_T1w.nii.gz", TEMPLATE),
    stated("the person's T1w in template space", "sub-01/anat/sub-01_space-MNI152NLin6Asym_T1w.nii.gz", TEMPLATE),
    unreadable_sidecar("half of one", "is not valid JSON", lambda path: path.write_text('{"SpatialReference": "sub-')),
    unreadable_sidecar("a link to nothing", "link to content that is not there", lambda path: path.symlink_to("nowhere")),
    stated("another person's image", "sub-02/anat/sub-02_FLAIR.nii.gz", "was drawn on an image of sub-02"),
]  # fmt: skip
EMPTY = "a path is empty"
KINDS = [
    *MADE_OF_ONE,
    *PLACES,
    *ALMOST,
    *IMAGES,
    *REFERENCES,
    Kind("names", "a mask of run-3, of which there is no image", "used; told: “of which no image is listed”", of_no_image),
    Kind("names", "a mask in a format that is not read (.mif)", "its scan's mask, which is refused", not_read),
    Kind("command line", "a link to itself for a path, in three commands", refused("leads back to itself"), looped),
    Kind("command line", "masks: a folder that may not be opened", refused("cannot be opened"), shut),
    Kind(AREA, "the .hdr of a pair without its .img", refused("no such file"), header_alone),
    wrong("masks: an empty word for the folder", EMPTY, "masks", "", "FOLDER/out", "--space", SPACE),
    wrong("masks: an empty word for the results", EMPTY, "masks", "FOLDER", "", "--space", SPACE),
    wrong("masks: a template that is not there, though it is not needed", "no such file", *MASKS, SPACE, "--template", "FOLDER/nowhere.nii.gz"),
    wrong("norms adc: an empty word for the results", EMPTY, "norms", "adc", "", "--controls", "group=control"),
    wrong("norms adc: controls of a folder without results", "holds no scan", "norms", "adc", "FOLDER", "--controls", "FOLDER"),
    wrong("norms build: an empty word for the results", EMPTY, "norms", "build", "", "--controls", "group=control"),
    wrong("status: an empty word for the results", EMPTY, "status", ""),
    wrong("templates fetch: a mirror that is not there", "could not be fetched", "templates", "fetch", "FOLDER/new", "--ages", "36-44w", "--mirror", "FOLDER/nowhere"),
]  # fmt: skip
