"""Datasets by number, with stand-ins for the clients that note what they are asked: no network."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cpimaging.cli import app
from cpimaging.opendata import fetch as module

CLIENT = """#!{python}
import pathlib, sys
words = sys.argv[1:]
with open({log!r}, "a") as log:
    print(pathlib.Path(sys.argv[0]).name, *words, file=log)
if words[0] in ("clone", "download"):
    folder = pathlib.Path(words[-1] if words[0] == "clone" else words[4])
    if not (folder / "dataset_description.json").exists():
        (folder / ".git").mkdir(parents=True)
        (folder / ".git/config").write_text("url = https://github.com/OpenNeuroDatasets/ds004498")
        (folder / "sub-01/anat").mkdir(parents=True)
        (folder / "sub-01/func").mkdir(parents=True)
        (folder / "dataset_description.json").write_text('{{"Name": "Stroke", "License": "CC0"}}')
if "{fails}" in words:
    sys.exit(3)
"""


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose bin/ is all of PATH, without a client yet."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("sys.executable", str(tmp_path / "none/python"))
    return tmp_path


def install(bench: Path, name: str, fails: str = "never") -> None:
    text = CLIENT.format(python=sys.__dict__["_base_executable"], log=str(bench / "log"), fails=fails)
    (bench / "bin" / name).write_text(text)
    (bench / "bin" / name).chmod(0o755)


def fetch(bench: Path, *options: str, number: str = "ds004498", answer: str = "") -> Result:
    return CliRunner().invoke(app, ["fetch", number, str(bench / "data"), *options], input=answer)


def asked(bench: Path) -> list[str]:
    text = (bench / "log").read_text() if (bench / "log").exists() else ""
    return text.replace(f"{bench}/", "").splitlines()


def test_datalad_shows_the_licence_then_fetches_the_anatomy(bench: Path) -> None:
    install(bench, "datalad")
    result = fetch(bench, answer="y\n")
    assert result.exit_code == 0, result.stderr
    assert "licence: CC0\n" in result.stdout
    clone = "datalad clone https://github.com/OpenNeuroDatasets/ds004498 data"
    assert asked(bench) == [clone, "datalad get --dataset data data/sub-01/anat"]
    assert fetch(bench, "--yes", "--all").exit_code == 0  # taken up again, and more
    assert asked(bench)[2:] == ["datalad get --dataset data data"]


def test_who_says_no_gets_no_images(bench: Path) -> None:
    install(bench, "datalad")
    assert fetch(bench, "--source", "http://127.0.0.1:9", answer="n\n").exit_code == 0
    assert asked(bench) == ["datalad clone http://127.0.0.1:9/ds004498 data"]


def test_openneuro_py_is_taken_where_datalad_is_not(bench: Path) -> None:
    install(bench, "openneuro-py")
    assert fetch(bench, "--yes").exit_code == 0
    start = "openneuro-py download --dataset ds004498 --target-dir data"
    chosen = "--include *.tsv --include *.json --include **/anat/*"
    assert asked(bench) == [f"{start} --include dataset_description.json", f"{start} {chosen}"]


def other(bench: Path) -> None:
    install(bench, "datalad")
    (bench / "data").mkdir()
    (bench / "data/dataset_description.json").write_text('{"DatasetDOI": "10.18112/openneuro.ds000001"}')


def full(bench: Path) -> None:
    install(bench, "datalad")
    (bench / "data").mkdir()
    (bench / "data/mine").touch()


def failing(bench: Path) -> None:
    install(bench, "datalad", fails="clone")


@pytest.mark.parametrize(
    ("number", "prepare", "told"),
    [
        ("ds004498", None, "needs datalad or openneuro-py, and neither is installed; pip install"),
        ("4498", None, "4498: is no number of OpenNeuro; write it as ds004498"),
        ("ds004498", other, "data: does not say that it holds ds004498"),
        ("ds004498", full, "data: is not an empty folder"),
        ("ds004498", failing, "datalad ended with status 3"),
    ],
)
def test_what_cannot_be_is_one_line(bench: Path, number: str, prepare: object, told: str) -> None:
    if callable(prepare):
        prepare(bench)
    result = fetch(bench, "--yes", number=number)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert not any(line.startswith("datalad get") for line in asked(bench))


def test_nothing_is_fetched_unasked() -> None:
    """No module but the command's own imports the client's side."""
    root = Path(module.__file__).parents[1]
    users = [path.name for path in root.rglob("*.py") if "opendata import fetch" in path.read_text()]
    assert users == ["cli_study.py"]
    assert not any("opendata.fetch" in path.read_text() for path in root.rglob("*.py"))
