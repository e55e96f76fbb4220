"""Folders for results that are somebody else's: refused by every command before anything is written."""

import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
from entrances import command_refused, planning_refused
from kinds import Kind, refusal, refused
from kinds_masks import SPACE, image
from kinds_tables import tree, write

from cpimaging import bids_app
from cpimaging.doctor.machine import look_at_output

THEIRS = "which was not written here by this software"
FMRIPREP = json.dumps({"Name": "x", "BIDSVersion": "1.4.0", "GeneratedBy": [{"Name": "fMRIPrep"}]})
PEOPLE = {"participants.tsv": "participant_id\tage\tdiagnosis\nsub-77\t3\tCP\n", "README.md": "mine"}
FOLDERS: dict[str, dict[str, str | bytes]] = {
    "a raw dataset": {"dataset_description.json": '{"Name": "x", "BIDSVersion": "1.10.0"}', **PEOPLE},
    "fMRIPrep's derivatives": {"dataset_description.json": FMRIPREP, "sub-01.html": "theirs"},
    "a folder with sub-01/ alone": {"sub-01/anat/sub-01_T1w.nii.gz": b""},
    "a folder with a participants.tsv": PEOPLE,
    "a folder with an index.html": {"index.html": "<h1>mine</h1>"},
}


def state(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def by_command(*words: str) -> Callable[[Path], None]:
    """Return a check that a command refuses folder/out; FOLDER within its words is the folder."""
    return lambda folder: command_refused(
        THEIRS, str(folder / "out"), *(word.replace("FOLDER", str(folder)) for word in words)
    )


def by_planning(folder: Path) -> None:
    planning_refused({"bids_dir": str(folder / "bids"), "output_dir": str(folder / "out")}, THEIRS, "out")


def by_bids_app(level: str) -> Callable[[Path], None]:
    """Return a check of the call of a BIDS App, which Snakemake does not get to see."""

    def check(folder: Path) -> None:
        asked, _ = bids_app._parser().parse_known_args([str(folder / "bids"), str(folder / "out"), level])
        refusal(lambda: bids_app._check_paths(asked), THEIRS, "out")

    return check


def by_doctor(folder: Path) -> None:
    (found,) = look_at_output(folder / "out", None)
    assert found.state == "fault"
    assert THEIRS in found.line


WAYS: dict[str, Callable[[Path], None]] = {
    "planning": by_planning,
    "participant": by_bids_app("participant"),
    "group": by_bids_app("group"),
    "doctor": by_doctor,
    "run": by_command("run", "FOLDER/out", "--age", "5y", "--t1w", "FOLDER/sub-1_mask.nii.gz"),
    "masks": by_command("masks", "FOLDER", "FOLDER/out", "--space", SPACE),
    "cohort": by_command("cohort", "FOLDER/out", "FOLDER/bids"),
    "atlas export": by_command("atlas", "export", "FOLDER/out"),
}


def theirs(made: str, files: dict[str, str | bytes]) -> Kind:
    """Return a kind of a folder that all ways refuse, and leave as it is."""

    def check(folder: Path) -> None:
        tree(folder / "bids", ("good",))
        nib.save(image(), folder / "sub-1_mask.nii.gz")
        write(folder / "out", files)
        before = state(folder)
        for refuses in WAYS.values():
            refuses(folder)
        assert state(folder) == before

    return Kind("file system", f"results in {made}: {', '.join(WAYS)}", refused(THEIRS), check)


def of_norms(made: str, command: str, name: str) -> Kind:
    """Return a kind of a folder for norms that holds a file of their name."""

    def check(folder: Path) -> None:
        write(folder / "norms", {name: "mine"})
        words = ("norms", command, folder, "--controls", "group=control", "--norms-dir", folder / "norms")
        command_refused(f"holds {name}, {THEIRS}", "norms", *words)
        assert state(folder / "norms") == {str(folder / "norms" / name): b"mine"}

    return Kind("norms", made, refused(THEIRS), check)


KINDS = [
    *(theirs(made, files) for made, files in FOLDERS.items()),
    of_norms("norms into a folder with a controls.tsv of others", "build", "controls.tsv"),
    of_norms("norms into a folder with another norms.json", "build", "norms.json"),
    of_norms("a map of healthy ADC over a mean.nii.gz of others", "adc", "mean.nii.gz"),
]
