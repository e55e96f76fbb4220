"""Commands with wrong words, what lies where results belong, and what lasts for ever."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import nibabel as nib
import numpy as np
from entrances import BAD_INPUT, command, command_refused
from kinds import Kind, refusal, refused
from kinds_choices import HEADER, LABELS
from kinds_data import brain, save
from kinds_masks import SPACE, image
from kinds_tables import NONE, PEOPLE, check_ages, listed, tree, write

from cpimaging.bids.listing import list_scans
from cpimaging.study.adc_norm import read_norm
from cpimaging.study.lock import LOCK, host_here, release_lock, take_lock
from cpimaging.study.overrides import read_overrides


def wrong(
    made: str,
    words: str,
    *given: object,
    prepare: Callable[[Path], object] = lambda folder: None,
    area: str = "command line",
) -> Kind:
    """Return a kind of a command; FOLDER within its words is the folder of the test."""

    def check(folder: Path) -> None:
        nib.save(image(), folder / "sub-1_mask.nii.gz")
        prepare(folder)
        command_refused(words, "", *(str(word).replace("FOLDER", str(folder)) for word in given))

    return Kind(area, made, refused(words), check)


MASKS = ("masks", "FOLDER", "FOLDER/out", "--space")
OTHER = (*MASKS, "dhcpVol", "--template", "FOLDER/t.nii.gz")
RUN = ("run", "FOLDER/out", "--t1w")
COMMANDS = [
    wrong("masks: a folder that is not there", "no such folder", "masks", "FOLDER/nowhere", "FOLDER/out", "--space", SPACE),
    wrong("masks: a file for a folder", "no such folder", "masks", "FOLDER/sub-1_mask.nii.gz", "FOLDER/out", "--space", SPACE),
    wrong("masks: a pattern that fits nothing", "holds no image file named", *MASKS, SPACE, "--pattern", "*.dcm"),
    wrong("masks: a space of another family", "is no MNI152 space", *MASKS, "dhcpVol"),
    wrong("masks: results below a file", "", "masks", "FOLDER", "FOLDER/sub-1_mask.nii.gz/out", "--space", SPACE),
    wrong("masks: an atlas that is none", "no such atlas folder", *MASKS, SPACE, "--atlas", "nowhere"),
    wrong("masks: a scorer that is none", "tarot", *MASKS, SPACE, "--scorers", "tarot"),
    wrong("masks: overrides that are a mask", "is not text", *MASKS, SPACE, "--overrides", "FOLDER/sub-1_mask.nii.gz"),
    wrong("masks: a template that is not there", "no such file", *OTHER),
    wrong("masks: a template that is a table", "cannot be read", *OTHER, prepare=lambda f: write(f, {"t.nii.gz": "a\tb\n"})),
    wrong("masks: a template with its skull", "shows more than a brain", *OTHER, prepare=lambda f: save(f / "t.nii.gz", brain()[0] + 1)),
    wrong("masks: the results of scans for a folder", "holds the results of scans", *MASKS, SPACE, prepare=lambda f: (f / "out/logs/plan").mkdir(parents=True)),
    wrong("run: an image that is not there", "no such file", *RUN, "FOLDER/nowhere.nii.gz"),
    wrong("run: a folder for an image", "no such file", *RUN, "FOLDER"),
    wrong("run: a label with a slash", "is not a label", *RUN, "FOLDER/sub-1_mask.nii.gz", "--scan", "sub-1/../../x"),
    wrong("run: a label with a space", "is not a label", *RUN, "FOLDER/sub-1_mask.nii.gz", "--scan", "sub-a b"),
    wrong("run: a mask for an image", "has only two values", *RUN, "FOLDER/sub-1_mask.nii.gz"),
    wrong("run: no image", "no image is given", "run", "FOLDER/out"),
    wrong("simulate: a contrast that is none", "T9w", "simulate", "FOLDER/new", "--contrasts", "T9w"),
    wrong("simulate: a pattern that is none", "luck", "simulate", "FOLDER/new", "--patterns", "luck"),
    wrong("simulate: a folder that is not empty", "", "simulate", "FOLDER"),
    wrong("atlas show: an atlas that is none", "no such atlas folder", "atlas", "show", "FOLDER/nowhere"),
    wrong("atlas check: a file", "no such atlas folder", "atlas", "check", "FOLDER/sub-1_mask.nii.gz"),
    wrong("cohort: a folder without results", "holds no scan", "cohort", "FOLDER"),
    wrong("cohort: a part without results", "holds no scan", "cohort", "FOLDER/new", "FOLDER"),
    wrong("score: a qc of a scan that is not planned", "no such file", "score", "--scan", "sub-9", "--output-dir", "FOLDER", "--qc", "pass", "--reason", "x"),
]  # fmt: skip


def locked(made: str, content: str, words: str = "") -> Kind:
    """Return a kind of a lock file; without words, it says nobody, and is replaced."""

    def check(folder: Path) -> None:
        write(folder, {LOCK: content})
        if words:
            refusal(lambda: take_lock(folder), words, str(folder))
            return
        take_lock(folder)
        assert json.loads((folder / LOCK).read_text())["process"] == os.getpid()
        release_lock(folder)
        assert not (folder / LOCK).exists()

    return Kind("file system", f"a lock: {made}", refused(words) if words else "replaced", check)


def holder(**changes: object) -> str:
    return json.dumps({"host": host_here(), "process": 1, "started": 0.0, **changes})


def lock_is_folder(folder: Path) -> None:
    (folder / LOCK).mkdir(parents=True)
    refusal(lambda: take_lock(folder), "is a folder", "lock.json")


def no_links(folder: Path) -> None:
    """exFAT and some network folders know no hard links."""
    with patch.object(os, "link", side_effect=PermissionError(1, "Operation not permitted")):
        take_lock(folder)
        refusal(lambda: take_lock(folder), "is in use by process", str(folder))
        release_lock(folder)
        take_lock(folder)
    release_lock(folder)


def planned_into(made: str, words: str, prepare: Callable[[Path], object]) -> Kind:
    """Return a kind of what stands in the way of a study that Snakemake starts."""

    def check(folder: Path) -> None:
        from workflow_runs import snakemake  # of the tests alone; the table of kinds is printed without them

        tree(folder / "bids", ("good",))
        nib.save(image(), folder / "bids/sub-good/anat/sub-good_T1w.nii.gz")
        (folder / "out").mkdir()
        prepare(folder / "out")
        done = snakemake(folder, bids_dir="bids", output_dir="out")
        told = [line for line in done.stderr.splitlines() if line.startswith("cpimaging: ")]
        assert done.returncode == BAD_INPUT
        assert len(told) == 1, told
        assert words in told[0]
        assert "common.smk" not in done.stderr  # as Snakemake shows what was raised

    return Kind("file system", made, refused(words), check, slow=True)


LOCKS = [
    planned_into(
        "results whose logs/ is a file", "out/logs: File exists", lambda out: (out / "logs").touch()
    ),
    planned_into(
        "results whose README.md is a folder", "Is a directory", lambda out: (out / "README.md").mkdir()
    ),
    locked("broken", "{"),
    locked("empty", ""),
    locked("a list", "[]"),
    locked("100,000 brackets", "[" * 100_000),
    locked("a process that is a word", holder(process="x")),
    locked("a process below 0", holder(process=-5)),
    locked("a process that no machine has", holder(process=10**30)),
    locked("a start that is nothing", holder(started=None)),
    locked("of a run that has ended", holder(process=2**22 - 3)),
    locked("of another host", holder(host="elsewhere"), "is in use by process 1 on elsewhere"),
    Kind("file system", "a lock that is a folder", refused("is a folder"), lock_is_folder),
    Kind("file system", "no hard links (exFAT)", "locked all the same", no_links),
]


def pipes(folder: Path) -> None:
    """Pipes would be waited for without end."""
    tree(folder)
    os.mkfifo(folder / PEOPLE)
    check_ages(listed(folder), NONE, "is no plain file")
    (folder / PEOPLE).unlink()
    write(folder, {PEOPLE: "participant_id\tage\nsub-01\t5\n"})
    os.mkfifo(folder / "participants.json")
    check_ages(listed(folder), NONE, "participants.json")
    os.mkfifo(folder / "o.tsv")
    refusal(lambda: read_overrides(folder / "o.tsv", LABELS), "is no plain file", "o.tsv")
    (folder / "sub-1_mask.nii.gz").unlink(missing_ok=True)
    os.mkfifo(folder / "sub-1_mask.nii.gz")
    code, _ = command("masks", folder, folder / "out", "--space", SPACE, "--pattern", "sub-1_*")
    assert code == 0
    assert "no such file" in (folder / "out/logs/summary.tsv").read_text()


def endless(folder: Path) -> None:
    """Tables of 20 GB, without a byte on the disk, are not read; nor are devices that never end."""
    write(folder, {"o.tsv": HEADER})
    with (folder / "o.tsv").open("r+b") as stream:
        stream.truncate(20_000_000_000)
    refusal(lambda: read_overrides(folder / "o.tsv", LABELS), "holds more than 1024 MB", "o.tsv")
    (folder / "z.tsv").symlink_to("/dev/zero")
    refusal(lambda: read_overrides(folder / "z.tsv", LABELS), "is no plain file", "z.tsv")


def many_stars(folder: Path) -> None:
    """Stars in a row would be tried in every way."""
    tree(folder, ("good",))
    (folder / f"sub-good/anat/{'x' * 150}.nii.gz").touch()
    for pattern in (
        "*" * 60 + "{participant}",
        "**/" * 60 + "{participant}.dcm",
        "*" * 60 + "{participant}_*.dcm",
    ):
        refusal(lambda: list_scans(folder, lesion_pattern=pattern), "fits no file", "lesion_pattern")  # noqa: B023


def long_cells(folder: Path) -> None:
    """No cell is read in more than a moment."""
    tree(folder)
    for cell in (
        "1y " * 30_000,
        "9" * 100_000,
        "1" * 100_000 + "y",
        "-" * 100_000,
        "5 y" + " " * 100_000 + "x",
        "P" + "1Y" * 40_000,
    ):
        write(folder, {PEOPLE: f"participant_id\tage\nsub-01\t{cell}\nsub-02\t7\n"})
        check_ages(listed(folder), {"01": None, "02": 7.0}, "n/a")


ENDLESS = [
    Kind(
        "file system", "pipes for tables, sidecars, overrides and masks", refused("is no plain file"), pipes
    ),
    Kind(
        "file system",
        "a table of 20 GB, and one that is /dev/zero",
        refused("holds more than 1024 MB"),
        endless,
    ),
    Kind("configuration", "a lesion_pattern with 60 stars", refused("fits no file"), many_stars),
    Kind("ages", "cells of 100,000 characters, six of them", "01: n/a, 02: 7", long_cells),
]


def norm(
    made: str,
    words: str,
    change: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    name: str = "",
) -> Kind:
    """Return a kind of a folder of healthy ADC; change: of mean and SD."""

    def check(folder: Path) -> None:
        inside = (brain()[0] > 0).astype(np.float32)
        mean, sd = change(inside * np.float32(0.8e-3), inside * np.float32(1e-4))
        save(folder / "mean.nii.gz", mean)
        save(folder / "sd.nii.gz", sd)
        refusal(lambda: read_norm(folder), words, name)

    return Kind("norms", f"healthy ADC: {made}", refused(words), check)


ADC = [
    norm("in µm²/ms", "no ADC in mm²/s", lambda mean, sd: (mean * 1000, sd * 1000), "mean.nii.gz"),
    norm("nothing but NaN", "no ADC in mm²/s", lambda mean, sd: (mean * np.nan, sd), "mean.nii.gz"),
    norm("an SD of 0", "without an SD above 0", lambda mean, sd: (mean, sd * 0), "sd.nii.gz"),
    norm("an SD that is infinite", "without an SD above 0", lambda mean, sd: (mean, np.where(sd > 0, np.inf, 0).astype(np.float32)), "sd.nii.gz"),
    norm("an SD that is NaN", "without an SD above 0", lambda mean, sd: (mean, sd * np.nan), "sd.nii.gz"),
    norm("one half of the brain", "of the template's brain", lambda mean, sd: (mean * (np.arange(mean.shape[0]) < 25)[:, None, None], sd)),
    norm("SD on another grid", "lie on different grids", lambda mean, sd: (mean, sd[:-2])),
    norm("two volumes", "has 2 volumes", lambda mean, sd: (np.stack([mean, mean], -1), sd), "mean.nii.gz"),
]  # fmt: skip

KINDS = [*COMMANDS, *LOCKS, *ENDLESS, *ADC]
