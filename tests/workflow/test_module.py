"""The workflow as a module of somebody else's, with a prefix and with handlers of its own."""

import subprocess
from pathlib import Path

import pytest
from workflow_runs import ROOT, environment

HANDLERS = """
onstart:
    print("their start")
onerror:
    print("their error")
"""
MODULE = """
module cpimaging:
    snakefile: "{snakefile}"
    config: {{"bids_dir": "data/bids", "output_dir": "out"}}
    {prefix}

use rule * from cpimaging as cpi_*
"""
SUMMARY = """
rule summary:
    default_target: True
    input: "{out}/index.html"
    output: "summary.txt"
    shell: "wc -l {{input}} > {{output}}"
"""


def theirs(folder: Path, *, prefix: str = "", handlers_first: bool = False) -> Path:
    """Write a workflow that uses ours on one scan that cannot be read."""
    anat = folder / "data/bids/sub-01/anat"
    anat.mkdir(parents=True)
    (anat / "sub-01_T1w.nii.gz").touch()
    (folder / "data/bids/dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    words = MODULE.format(snakefile=ROOT / "Snakefile", prefix=f'prefix: "{prefix}"' if prefix else "")
    parts = [HANDLERS, words] if handlers_first else [words, HANDLERS]
    out = f"{prefix}/out" if prefix else "out"
    (folder / "Snakefile").write_text("".join([*parts, SUMMARY.format(out=out)]))
    return folder


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    words = ["snakemake", "--cores", "1", *options]
    return subprocess.run(words, cwd=folder, env=environment(), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("prefix", ["", "lesions", "deep/er"])
def test_a_dry_run_plans_all_rules_under_their_names(tmp_path: Path, prefix: str) -> None:
    done = run(theirs(tmp_path, prefix=prefix), "-n")
    assert done.returncode == 0, done.stderr
    for rule in ("cpi_index", "cpi_atlas", "cpi_preprocess", "cpi_report", "cpi_cohort", "summary"):
        assert f"rule {rule}:" in done.stdout
    start = f"{prefix}/" if prefix else ""
    assert f"output: {start}out/index.html," in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != ".snakemake") == [
        "Snakefile",
        "data",
    ]


@pytest.mark.parametrize("handlers_first", [False, True])
def test_both_workflows_hear_of_start_and_error(tmp_path: Path, handlers_first: bool) -> None:
    done = run(theirs(tmp_path, prefix="lesions", handlers_first=handlers_first))
    assert done.returncode == 1
    assert (done.stdout + done.stderr).count("their start") == 1
    assert (done.stdout + done.stderr).count("their error") == 1
    assert "0 done, 1 failed" in done.stdout + done.stderr
    assert (tmp_path / "lesions/out/index.html").is_file()  # the page of what failed: our own handler
    assert "is empty" in (tmp_path / "lesions/out/logs/summary.tsv").read_text()
    assert not (tmp_path / "out").exists()


def test_what_they_put_before_their_commands_stays(tmp_path: Path) -> None:
    (theirs(tmp_path) / "Snakefile").write_text(
        """shell.prefix('loaded() {{ echo "their ${{1}}"; }}; ')\n"""
        + MODULE.format(snakefile=ROOT / "Snakefile", prefix="")
        + """
rule own:
    default_target: True
    output: "own.txt"
    shell: "loaded environment > {output}"
"""
    )
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "own.txt").read_text() == "their environment\n"
    failed = run(tmp_path, "cpi_all")
    assert "0 done, 1 failed" in failed.stdout + failed.stderr


def test_two_studies_side_by_side(tmp_path: Path) -> None:
    folder = theirs(tmp_path, prefix="one")
    again = MODULE.replace("cpimaging", "second").replace("cpi_*", "other_*")
    again = again.format(snakefile=ROOT / "Snakefile", prefix='prefix: "two"')
    text = (
        (folder / "Snakefile")
        .read_text()
        .replace('input: "one/out/index.html"', 'input: "one/out/index.html", "two/out/index.html"')
    )
    (folder / "Snakefile").write_text(again + text)
    done = run(folder, "--keep-going")
    for study in ("one", "two"):
        assert (folder / study / "out/logs/plan").is_dir(), done.stderr
        assert (folder / study / "out/index.html").is_file()


def test_modules_of_the_folder_one_works_in_are_not_taken_for_pythons(tmp_path: Path) -> None:
    folder = theirs(tmp_path)
    for name in ("random", "secrets", "calendar"):
        (folder / f"{name}.py").write_text("raise SystemExit('a file of the user')")
    run(folder)
    told = (folder / "out/logs/preprocess/sub-01/sub-01.log").read_text()
    assert "sub-01_T1w.nii.gz: is empty" in told
    assert (folder / "out/index.html").is_file()
