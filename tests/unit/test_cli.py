import errno
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import cpimaging
from cpimaging.bids.scan import Scan
from cpimaging.cli import STAGE_HELP, _run, app
from cpimaging.registration.engines import ENGINES
from cpimaging.study.job import SCAN_STAGES, Job
from cpimaging.study.plan import write_plan
from cpimaging.types import InputError

COMMANDS = [*((stage,) for stage in SCAN_STAGES), ("index",), ("cohort",), ("run",), ("simulate",)]
COMMANDS += [("atlas",), ("atlas", "export"), ("atlas", "check"), ("atlas", "list"), ("atlas", "show")]
HEAVY = {"numpy", "pandas", "nibabel", "scipy", "SimpleITK", "nilearn", "matplotlib", "jinja2", "snakemake"}


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def told(result: Result) -> str:
    """Return the one line in which a command says what is wrong: file, problem, cure."""
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)  # and nothing that would print a traceback
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("cpimaging: ")
    assert "; " in lines[0]
    return lines[0]


def test_version() -> None:
    result = call("--version")
    assert result.exit_code == 0
    told = dict(line.split(" ") for line in result.stdout.splitlines())
    assert next(iter(told)) == "cpimaging"
    assert told["cpimaging"] == cpimaging.__version__
    assert told["Python"] == platform.python_version()
    assert {"numpy", "nibabel", "SimpleITK", "picsl_greedy", "snakemake"} <= told.keys()


def test_every_stage_has_a_command_and_every_command_a_stage() -> None:
    assert tuple(STAGE_HELP) == SCAN_STAGES


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help(command: tuple[str, ...]) -> None:
    result = call(*command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.stdout
    assert STAGE_HELP.get(command[0], "Usage").split()[0] in result.stdout


def test_the_list_of_commands_is_complete() -> None:
    result = call("--help")
    assert all(command[0] in result.stdout for command in COMMANDS)


@pytest.mark.parametrize(
    "words",
    [("--help",), ("--version",), ("segment", "--help"), ("score", "--help"), ("register", "--help")],
    ids=" ".join,
)
def test_words_about_itself_load_no_heavy_library(words: tuple[str, ...]) -> None:
    script = f"""
import sys
from cpimaging.cli import app
try:
    app({list(words)!r})
finally:
    print(*sys.modules, file=sys.stderr)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip()
    assert set(run.stderr.split()) & HEAVY == set()


BASH = """
eval "$({python} -m cpimaging completion bash)"
cpimaging() {{ {python} -m cpimaging "$@"; }}
COMP_WORDS=(cpimaging {word}) COMP_CWORD={place}
_cpimaging_completion cpimaging
echo "${{COMPREPLY[@]}}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("word", "place", "expected"),
    [("do", 1, "doctor"), ("init --fi", 2, "--file"), ("completion z", 2, "zsh")],
)
def test_bash_completes_commands_options_and_words(word: str, place: int, expected: str) -> None:
    """By the function that bash calls, with the words that it gives."""
    script = BASH.format(python=sys.executable, word=word, place=place)
    run = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert run.stdout.split() == [expected], run.stderr


def test_zsh_has_a_script_of_its_own_and_other_shells_none() -> None:
    assert "#compdef cpimaging" in call("completion", "zsh").stdout
    assert call("completion", "tcsh").exit_code == 2


# --- bad input


@pytest.mark.parametrize("stage", SCAN_STAGES)
def test_a_stage_whose_input_is_missing_names_it(tmp_path: Path, stage: str) -> None:
    line = told(call(stage, "--scan", "sub-01", "--output-dir", tmp_path / "out"))
    assert str(tmp_path) not in line  # the line stands in a log, which may be passed on
    assert line.startswith(("cpimaging: sub-01/", "cpimaging: logs/"))
    assert ": no such file; " in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("stage", SCAN_STAGES)
def test_a_scan_that_was_not_planned_is_named(tmp_path: Path, stage: str) -> None:
    write_plan(tmp_path, "bids", [Scan("01", None, {"T1w": "sub-01/anat/sub-01_T1w.nii.gz"})])
    assert "sub-02" in told(call(stage, "--scan", "sub-02", "--output-dir", tmp_path))


def test_a_broken_plan_is_told(tmp_path: Path) -> None:
    (tmp_path / "logs/plan").mkdir(parents=True)
    (tmp_path / "logs/plan/sub-01.json").write_text("{")
    assert "is not valid JSON" in told(call("index", "--output-dir", tmp_path))
    (tmp_path / "logs/plan/sub-01.json").write_text("{}")
    assert "is no scan of a plan" in told(call("index", "--output-dir", tmp_path))


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("index", "--output-dir", "{tmp}/out"), "logs/plan: holds no scan"),
        (("cohort", "{tmp}/out"), "logs/plan: holds no scan"),
        (("run", "{tmp}/out"), "no image is given"),
        (("run", "{tmp}/out", "--t1w", "{tmp}/none.nii.gz"), "none.nii.gz: no such file"),
        (("run", "{tmp}/out", "--t1w", "{tmp}/text.nii.gz"), "text.nii.gz: "),
        (("run", "{tmp}/out", "--t1w", "x.nii.gz", "--scan", "patient 1"), "patient 1: is not a label"),
        (("run", "{tmp}/out", "--t1w", "x.nii.gz", "--age-years", "-1"), "-1, years: not between 0 and 120"),
        (("run", "{tmp}/out", "--t1w", "x.nii.gz", "--age", "38+4"), "may count from birth or not"),
        (("run", "{tmp}/out", "--t1w", "x.nii.gz", "--age", "old"), "cannot be read as a number"),
        (("run", "{tmp}/out", "--t1w", "x.nii.gz", "--atlas", "{tmp}"), "holds 0 label images"),
        (("simulate", "{tmp}/out", "--patterns", "earthquake"), "patterns=earthquake: not known"),
        (("simulate", "{tmp}/out", "--contrasts", "PET"), "contrasts=PET: not known"),
        (("simulate", "{tmp}"), "is not an empty folder"),
        (("atlas", "export", "{tmp}/out", "--atlas", "{tmp}/none"), "no such atlas folder"),
        (("atlas", "check", "{tmp}/none"), "no such atlas folder"),
        (("atlas", "check", "{tmp}"), "holds 0 label images"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, words: tuple[str, ...], problem: str) -> None:
    (tmp_path / "text.nii.gz").write_text("not an image")
    assert problem in told(call(*(word.replace("{tmp}", str(tmp_path)) for word in words)))


@pytest.mark.parametrize(
    "words",
    [
        ("register", "--scan", "sub-01", "--output-dir", "out", "--engine", "magic"),
        ("run", "out", "--threads", "0"),
        ("simulate", "out", "--n", "0"),
        ("simulate", "out", "--voxel-mm", "9"),
        ("preprocess", "--scan", "sub-01"),
        ("cohort",),
        ("no-such-stage",),
    ],
    ids=" ".join,
)
def test_wrong_words_are_refused_before_anything_is_done(words: tuple[str, ...]) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert "Usage" in result.stderr


def test_the_engines_to_choose_from_are_those_that_there_are() -> None:
    root = Path(cpimaging.__file__).parents[1]
    for command in ("register", "run"):
        assert ", ".join(ENGINES) in " ".join(call(command, "--help").stdout.replace("│", " ").split())
    assert "is not one of greedy, ants, identity" in call(
        *("register", "--scan", "sub-01", "--output-dir", "out", "--engine", "magic")
    ).stderr.replace("│", " ")
    schema = (root / "workflow/schemas/config.schema.yaml").read_text()
    assert f"[{', '.join(ENGINES)}]" in schema


@pytest.mark.slow
def test_in_the_shell_bad_input_is_one_line_on_stderr_and_exit_code_2(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "from cpimaging.cli import app; app()", "cohort", str(tmp_path)]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1
    assert "Traceback" not in run.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_dataset_is_simulated_and_listed(tmp_path: Path) -> None:
    result = call("simulate", tmp_path / "bids", "--n", "1", "--voxel-mm", "6", "--contrasts", "T1w")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "bids/sub-01/anat/sub-01_T1w.nii.gz").is_file()
    assert json.loads((tmp_path / "bids/dataset_description.json").read_text())["DatasetType"] == "raw"


def test_what_is_wrong_with_a_scan_names_no_folder_of_a_person(tmp_path: Path) -> None:
    dataset, out = tmp_path / "home/jane/bids", tmp_path / "home/jane/out"
    (dataset / "sub-01/anat").mkdir(parents=True)
    (dataset / "sub-01/anat/sub-01_T1w.nii.gz").write_bytes(b"no image")
    images = {"T1w": "sub-01/anat/sub-01_T1w.nii.gz"}
    elsewhere = (tmp_path / "home/jane/masks/sub-01_mask.nii.gz").as_posix()
    write_plan(out, dataset, [Scan("01", None, images, lesion_mask=elsewhere)])
    for stage in SCAN_STAGES:
        line = told(call(stage, "--scan", "sub-01", "--output-dir", out))
        assert "jane" not in line
    assert "T1w sub-01/anat/sub-01_T1w.nii.gz" in told(
        call("preprocess", "--scan", "sub-01", "--output-dir", out)
    )
    assert "jane" not in told(call("preprocess", "--scan", "sub-02", "--output-dir", out))


def test_what_the_system_refuses_names_no_folder_of_a_person(tmp_path: Path) -> None:
    def refused(job: Job) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", f"{job.output}/sub-01/anat")

    with pytest.raises(InputError) as error:
        _run(refused, Job(tmp_path / "home/jane/out", "sub-01"))
    assert str(error.value) == "sub-01/anat: Permission denied; mend it and start again"
