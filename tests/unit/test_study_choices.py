"""The configuration: defaults, near misses, and one default for each choice everywhere."""

from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from snakemake.cli import parse_config

import cpimaging
from cpimaging.cli import DEFAULTS
from cpimaging.scorers import SCORERS
from cpimaging.study.choices import Choices, as_words, check_call, check_options, read_choices
from cpimaging.study.job import Job
from cpimaging.types import InputError

ROOT = Path(cpimaging.__file__).parents[1]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
LEAST = {"bids_dir": "bids", "output_dir": "out"}


def test_two_keys_are_enough() -> None:
    choices = read_choices(LEAST, SCHEMA)
    assert (choices.bids_dir, choices.output_dir, choices.atlas) == ("bids", "out", "embedded")
    assert choices.participant_label == []


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"bidsdir": "x"}, "did you mean bids_dir?"),
        ({"detektion": "on"}, "did you mean detection?"),
        ({"zzz": 1}, "config/README.md"),
        ({"engine": "flirt"}, "engine: 'flirt' is not one of"),
        ({"output_dir": "a{b}"}, "output_dir: holds a brace"),
        ({"output_dir": 3}, "output_dir: 3 is not of type 'string'"),
    ],
)
def test_what_is_wrong_is_told(config: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as error:
        read_choices({**LEAST, **config}, SCHEMA)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("words", "read", "problem"),
    [
        (["--config", "bids_dir=a", "--cores", "1", "--config", "engine=ants"], "a", "is given twice"),
        (["-C", "bids_dir=a", "--config=engine=ants"], "a", "is given twice"),
        (["--config", "bids_dir=/data/a  #b"], "/data/a", "as /data/a, up to the #"),
        (["--config", "bids_dir='/data/a #b'"], "/data/a", "as /data/a, up to the #"),
        (["--config", 'bids_dir= "/data/a #b" ', "--configfile", "x"], "/data/a #b", None),
        (["--config", "bids_dir=/data/a#b"], "/data/a#b", None),
    ],
)
def test_what_snakemake_reads_otherwise_than_it_is_written(
    words: list[str], read: str, problem: str | None
) -> None:
    assert parse_config(words[1 : words.index("--cores") if "--cores" in words else 2])["bids_dir"] == read
    if problem is None:
        check_call(words, {"bids_dir": read})
    else:
        with pytest.raises(InputError, match=problem):
            check_call(words, {"bids_dir": read})


def test_a_job_elsewhere_reads_the_choices_of_the_run() -> None:
    demo = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    demo |= {
        "bids_dir": "/data/a #b",
        "output_dir": "études: 'x'",
        "participant_label": "01",
        "norms_dir": "2024",
    }
    again = parse_config(as_words(demo))
    assert again == demo
    assert read_choices(again, SCHEMA) == read_choices(demo, SCHEMA)


def test_a_folder_below_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/study")
    assert read_choices({**LEAST, "bids_dir": "~/bids"}, SCHEMA).bids_dir == "/home/study/bids"


def test_a_key_that_must_be_given_is_named() -> None:
    with pytest.raises(InputError, match="'output_dir' is a required property"):
        read_choices({"bids_dir": "bids"}, SCHEMA)


def test_choices_and_schema_have_the_same_keys() -> None:
    assert [field.name for field in fields(Choices)] == list(SCHEMA["properties"])
    assert SCHEMA["required"] == [
        key for key, entry in SCHEMA["properties"].items() if "default" not in entry
    ]


def test_the_commented_configuration_names_every_key_with_its_default() -> None:
    demo = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    assert list(demo) == list(SCHEMA["properties"])
    for key, entry in SCHEMA["properties"].items():
        assert key in LEAST or demo[key] == entry["default"], key


def test_one_default_for_each_choice() -> None:
    job = {field.name: field.default for field in fields(Job)}
    assert {name: job[name] for name in DEFAULTS} == DEFAULTS
    schema = {key: entry.get("default") for key, entry in SCHEMA["properties"].items()}
    for name in set(DEFAULTS) & set(schema) - {"scorers"}:
        assert (schema[name] or "") == DEFAULTS[name], name
    assert (schema["scorers"], DEFAULTS["scorers"]) == (list(SCORERS), "all")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("--cores 2 --no-hooks", "--no-hooks: takes away what writes the plan"),
        ("--cores 2 --no-hook", "--no-hooks: takes away"),
        ("--cores 0", "--cores 0: leaves nothing to run jobs with; give 1 or more"),
        ("-c0", "--cores 0: leaves"),
        ("--cores -1", "--cores -1: leaves"),
        ("-j 0", "--jobs 0: leaves"),
        ("--cores 2 --local-cores 0", "--local-cores 0: leaves"),
        ("--cores 2 --max-threads 0", "--max-threads 0: leaves"),
        ("--cores 2 --set-threads register=0", "--set-threads register 0: leaves"),
        ("--cores 2 --profile hooks", "--no-hooks: takes away"),
        ("--workflow-profile none --profile no_cores", "--cores 0: leaves"),
    ],
)
def test_options_with_which_no_run_gets_on(tmp_path: Path, words: str, problem: str) -> None:
    for name, text in (("hooks", "no-hooks: true"), ("no_cores", "cores: 0")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text(text)
    with pytest.raises(InputError, match=problem):
        check_options(words.split(), tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        *("", "-c 1", "-c", "-j 1 --cores all", "--no-such-option --cores 0", "-n -c0", "--unlock --cores 0"),
        *("--touch -c0", "-c conf.yaml", "--set-threads many", "-c 1 --max-jobs-per-timespan many"),
        "-c 1 --set-threads register=2",
    ],
)
def test_other_calls_pass(tmp_path: Path, words: str) -> None:
    check_options(words.split(), tmp_path)
