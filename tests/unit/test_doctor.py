"""The doctor names what is wrong, one fault at a time, and finds nothing where nothing is."""

import json
import re
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest
from typer.testing import CliRunner

from cpimaging.atlases.ages.table import COLUMNS
from cpimaging.cli import app
from cpimaging.doctor import Found, installation, machine
from cpimaging.study.lock import host_here

ROOT = Path(__file__).parents[2]
MB = 1_000_000
Patch = pytest.MonkeyPatch
Usage = namedtuple("Usage", "total used free")


def image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(np.zeros((182, 218, 4), np.uint8), np.eye(4)), path)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: Patch) -> Path:
    """A folder with bids/, in which nothing is wrong, on a machine with enough of everything."""
    bids = tmp_path / "bids"
    image(bids / "sub-01/anat/sub-01_T1w.nii.gz")
    image(bids / "sub-02/anat/sub-02_T1w.nii.gz")
    for n in (1, 2):
        image(bids / f"derivatives/reader/sub-0{n}/anat/sub-0{n}_label-L_mask.nii.gz")
    (bids / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    (bids / "participants.tsv").write_text("participant_id\tage\nsub-01\t7\nsub-02\t9\n")
    (bids / "participants.json").write_text('{"age": {"Units": "years"}}')
    for name in ("cache", "out"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("CPIMAGING_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(installation, "_greedy", lambda: Found("ok", "greedy", "not tried"))
    monkeypatch.setattr(machine, "memory_mb", lambda: 16_000.0)
    monkeypatch.setattr(machine.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: Usage(0, 0, 100_000 * MB))
    return tmp_path


def doctor(study: Path, *more: str) -> tuple[int, list[str]]:
    """Return the exit status and the lines that are not "ok"."""
    words = ["doctor", str(study / "bids"), str(study / "out"), "--cores", "4", *more]
    result = CliRunner().invoke(app, words)
    lines = result.stdout.splitlines()
    assert all(re.match(r"(ok      |warning |fault   ) [A-Za-z ]+: .", line) for line in lines), lines
    assert not (study / "out/logs/plan").exists()
    return result.exit_code, [line for line in lines if not line.startswith("ok")]


def remove(name: str) -> Callable[[Path, Patch], None]:
    return lambda study, patch: (study / name).unlink()


def write(name: str, text: str = "") -> Callable[[Path, Patch], None]:
    def plant(study: Path, patch: Patch) -> None:
        (study / name).parent.mkdir(parents=True, exist_ok=True)
        (study / name).write_text(text)

    return plant


def file_for(folder: str) -> Callable[[Path, Patch], None]:
    def plant(study: Path, patch: Patch) -> None:
        (study / folder).rmdir()
        (study / folder).touch()

    return plant


def python(*version: int) -> Callable[[Path, Patch], None]:
    return lambda study, patch: patch.setattr(installation, "sys", SimpleNamespace(version_info=version))


def library(there: str) -> Callable[[Path, Patch], None]:
    """Give numpy this version; "" for none."""

    def found(name: str) -> str:
        if name == "numpy" and not there:
            raise installation.PackageNotFoundError(name)
        return there if name == "numpy" else installed(name)

    installed = installation.version
    return lambda study, patch: patch.setattr(installation, "version", found)


def memory(mb: float) -> Callable[[Path, Patch], None]:
    return lambda study, patch: patch.setattr(machine, "memory_mb", lambda: mb)


def free(mb: float, below: str) -> Callable[[Path, Patch], None]:
    """Leave so many MB in a folder, and enough elsewhere."""

    def usage(path: Path) -> Usage:
        return Usage(0, 0, (mb if str(path).endswith(below) else 100_000) * MB)

    return lambda study, patch: patch.setattr(machine.shutil, "disk_usage", usage)


def not_fetched(study: Path, patch: Patch) -> None:
    path = study / "bids/sub-02/anat/sub-02_T1w.nii.gz"
    path.unlink()
    path.symlink_to("../../.git/annex/objects/none")


def both_empty(study: Path, patch: Patch) -> None:
    for n in (1, 2):
        (study / f"bids/sub-0{n}/anat/sub-0{n}_T1w.nii.gz").write_bytes(b"")


def no_browser(study: Path, patch: Patch) -> None:
    patch.setattr(machine.shutil, "which", lambda name: None)


def no_tmpdir(study: Path, patch: Patch) -> None:
    patch.setenv("TMPDIR", str(study / "gone"))


NEWBORN = "participant_id\tage_days\tga_weeks\nsub-01\t3\t{}\nsub-02\t3000\tn/a\n"


def templates(study: Path, weeks: str) -> tuple[str, str]:
    """Write a folder with one template, and return the words that name it."""
    folder = study / "templates"
    image(folder / "t1.nii.gz")
    cells = ["A", *weeks.split("-"), "t1.nii.gz", *["n/a"] * 7]
    (folder / "templates.tsv").write_text("\t".join(COLUMNS) + "\n" + "\t".join(cells) + "\n")
    return "--templates-dir", str(folder)


LOCK = json.dumps({"host": "another", "process": 7, "started": 1.0})
ENDED = json.dumps({"host": host_here(), "process": 2**22 + 1, "started": 1.0})

FAULTS: dict[str, tuple[Callable[[Path, Patch], None], str]] = {
    "old Python": (python(3, 10, 1), "fault    Python: 3.10.1; 3.11 or newer"),
    "new Python": (python(3, 14, 0), "warning  Python: 3.14.0; not tried"),
    "library missing": (library(""), "fault    libraries: numpy is missing; install"),
    "library too old": (library("1.26.4"), "fault    libraries: numpy is 1.26.4, >=2.0 is needed; install"),
    "no BIDS dataset": (remove("bids/dataset_description.json"), "is not a BIDS dataset"),
    "broken description": (write("bids/dataset_description.json", "{"), "is not valid JSON"),
    "content not fetched": (not_fetched, "warning  scans: 1 of 2 cannot be processed, such as sub-02: T1w"),
    "empty images": (both_empty, "fault    scans: 2 of 2 cannot be processed, such as sub-01: T1w sub-01/"),
    "age unknown": (
        write("bids/participants.tsv", "participant_id\tage\nsub-01\t7\n"),
        "warning  ages: known of 1 of 2 scans",
    ),
    "newborn without a template": (
        write("bids/participants.tsv", NEWBORN.format("38+4")),
        "warning  templates by age: none for sub-01: the adult one places neither",
    ),
    "mask not used": (
        write("bids/derivatives/x/sub-01/anat/sub-01_stroke.nii.gz"),
        "warning  masks not used: 1, such as lesion mask: derivatives/x/sub-01/anat/sub-01_stroke.nii.gz",
    ),
    "name not understood": (
        write("bids/sub-01/anat/sub-01_T3.nii.gz"),
        "warning  names not understood: 1, such as sub-01/anat/sub-01_T3.nii.gz; rename",
    ),
    "image not used": (
        write("bids/sub-01/anat/sub-01_T2.nii.gz"),
        "warning  images not used: 1, such as sub-01/anat/sub-01_T2.nii.gz: _T2 is no ending of BIDS",
    ),
    "too little memory": (memory(900), "fault    memory: 0.9 GB, one stage needs 2.0 GB; take"),
    "memory for fewer": (
        memory(4000),
        "warning  memory: 4.0 GB, 4 stages at once may need 5.0 GB; run with --cores 3",
    ),
    "no room for results": (free(5, "out"), "fault    disk: 0.0 GB free, about"),
    "no room for the cache": (free(5, "cache"), "fault    cache: "),
    "a file where the cache belongs": (
        file_for("cache"),
        "cache is a file; set CPIMAGING_CACHE",
    ),
    "a file where results belong": (file_for("out"), "fault    results: "),
    "a dataset where results belong": (
        write("out/participants.tsv"),
        "out: holds participants.tsv, which was not written here",
    ),
    "another run": (write("out/logs/lock.json", LOCK), "fault    lock: process 7 on another works"),
    "no TMPDIR": (no_tmpdir, "fault    temporary files: TMPDIR="),
    "no browser": (no_browser, "warning  browser: no Chromium"),
}


def test_nothing_is_found_where_nothing_is_wrong(study: Path, monkeypatch: Patch) -> None:
    write("out/logs/lock.json", ENDED)(study, monkeypatch)  # the next run removes it
    assert doctor(study) == (0, [])


def test_problems_of_many_scans_are_one_short_line(study: Path) -> None:
    """Of 302 scans, 2 are fine, 299 are empty, and one has not been fetched."""
    for n in range(3, 302):
        path = study / f"bids/sub-{n:03}/anat/sub-{n:03}_T1w.nii.gz"
        path.parent.mkdir(parents=True)
        path.touch()
    lost = study / "bids/sub-302/anat/sub-302_T1w.nii.gz"
    lost.parent.mkdir(parents=True)
    lost.symlink_to("../../.git/annex/objects/none")
    told = [line for line in doctor(study)[1] if " scans: " in line]
    assert len(told) == 1
    assert told[0].startswith("warning  scans: 300 of 302 cannot be processed, such as sub-003: T1w sub-003/")
    assert "(and 298 more like it); sub-302: T1w sub-302/" in told[0]
    assert len(told[0]) < 400, told[0]


def test_a_greedy_that_is_killed_is_told(tmp_path: Path, monkeypatch: Patch) -> None:
    """As by a processor that lacks an instruction: not by an exception."""
    (tmp_path / "picsl_greedy.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    found = installation._greedy()
    assert found.line.startswith("fault    greedy: was ended by signal 4")


def test_greedy_finds_a_shift() -> None:
    installation.fit_two_blobs()


def test_needs_are_those_of_the_rules() -> None:
    """Rules ask for about twice what was measured."""
    rules = {name: (ROOT / f"workflow/rules/{name}.smk").read_text() for name in ("scan", "study")}
    asked = [int(mb) for mb in re.findall(r"mem_mb=memory\((\d+)\)", rules["scan"])]
    asked.remove(8000)  # an external tool's
    assert max(asked) == 2 * machine.STAGE_MB
    group = re.findall(r"mem_mb=more_each_time\((\d+)\)", rules["study"])
    assert max(map(int, group)) == 2 * machine.GROUP_MB


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named_alone(name: str, study: Path, monkeypatch: Patch) -> None:
    plant, told = FAULTS[name]
    plant(study, monkeypatch)
    status, lines = doctor(study)
    assert len(lines) == 1, lines
    assert told in lines[0]
    assert status == (1 if lines[0].startswith("fault") else 0)


@pytest.mark.parametrize(
    ("born", "weeks", "told"),
    [
        ("38+4", "36-44", []),
        (
            "38+4",
            "60-80",
            ["warning  ages of templates: none for sub-01; there are some for 60–80 weeks; add"],
        ),
        ("n/a", "36-44", ["warning  gestation: not known of sub-01, taken for born at term; add pma_weeks"]),
    ],
)
def test_newborns_have_a_template_of_their_age(study: Path, born: str, weeks: str, told: list[str]) -> None:
    (study / "bids/participants.tsv").write_text(NEWBORN.format(born))
    (study / "bids/participants.json").unlink()
    status, lines = doctor(study, *templates(study, weeks))
    assert status == 0
    assert len(lines) == len(told), lines
    assert all(line.startswith(start) for line, start in zip(lines, told, strict=True)), lines


def test_a_template_that_cannot_be_used_is_a_fault(study: Path) -> None:
    words = templates(study, "36-44")
    (study / "templates/t1.nii.gz").write_bytes(b"")
    status, lines = doctor(study, *words)
    assert (status, len(lines)) == (1, 1)
    assert lines[0].startswith("fault    template A: ")


def test_a_folder_of_templates_without_a_table_is_a_fault(study: Path) -> None:
    status, lines = doctor(study, "--templates-dir", str(study))
    assert (status, len(lines)) == (1, 1)
    assert "templates.tsv: no such file" in lines[0]
