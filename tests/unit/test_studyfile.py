"""The study file that `cpimaging init` writes: two keys, and every other one in a comment that is true."""

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cpimaging.cli import app
from cpimaging.study.choices import read_choices
from cpimaging.studyfile import WIDTH

ROOT = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


@pytest.mark.parametrize("name", ["bids", "study: #1 'ä'"])
def test_two_keys_and_the_others_as_they_are_if_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["init", name, "out"])
    assert (result.exit_code, result.stdout) == (0, "study.yaml\n")
    text = (tmp_path / "study.yaml").read_text()
    keys = {"bids_dir": str(tmp_path / name), "output_dir": str(tmp_path / "out")}
    assert yaml.safe_load(text) == keys
    first, _, _, *lines = text.splitlines()
    schema = re.fullmatch(r"# yaml-language-server: \$schema=(.+)", first)
    assert schema is not None
    assert yaml.safe_load(Path(schema[1]).read_text()) == SCHEMA
    assert max(map(len, lines)) <= WIDTH
    uncommented = yaml.safe_load(
        re.sub(r"^# (?=\w+: \S)(?!In|Inst)", "", "\n".join(lines), flags=re.MULTILINE)
    )
    assert read_choices(uncommented, SCHEMA) == read_choices(keys, SCHEMA)
    assert list(uncommented) == list(SCHEMA["properties"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["bids", "out"], "study.yaml: is there already; "),
        (["none", "out", "--file", "new.yaml"], "none: no such folder; "),
        (["bids", "{out}", "--file", "new.yaml"], "output_dir: holds a brace"),
    ],
    ids=["never over another file", "no dataset", "a name that the workflow cannot take"],
)
def test_what_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    (tmp_path / "bids").mkdir()
    (tmp_path / "study.yaml").write_text("mine")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["init", *words])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"cpimaging: {told}")
    assert result.stderr.count("\n") == 1
    assert {path.name: path.is_file() and path.read_text() for path in tmp_path.iterdir()} == {
        "bids": False,
        "study.yaml": "mine",
    }
