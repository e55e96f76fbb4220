import pytest
from typer.testing import CliRunner, Result

import cpimaging
from cpimaging.cli import STAGE_HELP, app
from cpimaging.stages import SCAN_STAGES

COMMANDS = [*((stage,) for stage in SCAN_STAGES), ("index",), ("cohort",), ("run",), ("simulate",)]
COMMANDS += [("atlas",), ("atlas", "export"), ("atlas", "check")]


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_version() -> None:
    result = call("--version")
    assert (result.exit_code, result.stdout) == (0, f"{cpimaging.__version__}\n")


def test_every_stage_has_a_command_and_every_command_a_stage() -> None:
    assert tuple(STAGE_HELP) == SCAN_STAGES


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help(command: tuple[str, ...]) -> None:
    result = call(*command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.stdout
    help_text = STAGE_HELP.get(command[0])
    assert help_text is None or help_text.split()[0] in result.stdout


def test_the_list_of_commands_is_complete() -> None:
    result = call("--help")
    assert all(command[0] in result.stdout for command in COMMANDS)


@pytest.mark.parametrize(
    "words",
    [
        *(("--scan", "sub-01", "--output-dir", "nowhere") for _ in SCAN_STAGES),
        ("--output-dir", "nowhere"),
        ("nowhere",),
        ("out",),
        ("out", "--t1w", "nowhere.nii.gz"),
        ("out", "--n", "1", "--patterns", "earthquake"),
        ("out", "--n", "1", "--contrasts", "PET"),
        ("export", "out", "--atlas", "nowhere"),
        ("check", "nowhere"),
    ],
)
def test_placeholder(words: tuple[str, ...]) -> None:
    assert words
