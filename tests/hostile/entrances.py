"""How kinds enter: the command line, or planning, in this process."""

from collections.abc import Mapping
from pathlib import Path

from kinds import one_line
from typer.testing import CliRunner, Result

from cpimaging.bids.demographics import with_demographics
from cpimaging.bids.listing import list_scans
from cpimaging.cli import app
from cpimaging.io import read_yaml
from cpimaging.planner import Planner
from cpimaging.study.choices import read_choices
from cpimaging.study.plan import write_plan
from cpimaging.types import InputError

ROOT = Path(__file__).parents[2]
SCHEMA = read_yaml(ROOT / "workflow/schemas/config.schema.yaml")
BAD_INPUT = 2


def _invoked(words: tuple[object, ...]) -> Result:
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def command(*words: object) -> tuple[int, str]:
    """Run a command of the program; return its exit code and what it says. A traceback raises."""
    done = _invoked(words)
    return done.exit_code, done.output


def command_refused(words: str, name: str, *command_words: object) -> None:
    """Check that a command ends in one line on stderr, with exit code 2."""
    done = _invoked(command_words)
    assert done.exit_code == BAD_INPUT, done.output
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("cpimaging: ")
    assert words in lines[0], lines[0]
    assert name in lines[0], lines[0]
    assert ";" in lines[0]


def plan(bids: Path, out: Path) -> list[str]:
    """Plan a dataset as the workflow does; return the labels of its scans."""
    scans = with_demographics(bids, list_scans(bids, output_dir=out))
    write_plan(out, bids, scans)
    return [scan.label for scan in scans]


def planner(config: Mapping[str, object]) -> Planner:
    """Return what plans a study of a configuration, once it has."""
    made = Planner(read_choices(config, SCHEMA))
    made.planned()
    return made


def planning_refused(config: Mapping[str, object], words: str, name: str) -> None:
    """Check that planning ends in one line."""
    try:
        planner(config)
    except InputError as error:
        one_line(error, words, name)
        return
    raise AssertionError(f"accepted; “{words}” was expected")
