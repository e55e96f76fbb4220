"""Controls, as the commands on norms name them: people of a study, or whole studies."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from cpimaging.bids.rows import read_id
from cpimaging.io import read_json
from cpimaging.study.job import Job
from cpimaging.study.plan import study_labels
from cpimaging.tables import bare, read_cells
from cpimaging.types import InputError

INJURED = ("B", "C", "D")
"""MRICS groups that no control should have."""


def scans_of(output: Path, controls: Sequence[str]) -> Iterator[tuple[tuple[int, str], Job]]:
    """Yield the scans of controls, in order of their studies and labels, each with what tells people apart.

    controls: COLUMN=VALUE of the participants.tsv of the study in `output`, or folders of results. Raises
    InputError where a table lacks the column.
    """
    for number, chosen in enumerate(controls):
        by_column = "=" in chosen and not Path(chosen).is_dir()
        results = output if by_column else Path(chosen)
        people = _people_with(results, chosen) if by_column else None
        for label in study_labels(results):
            participant = label.partition("_")[0]
            if people is None or participant in people:
                yield (number, participant), Job(results, label)


def is_injured(job: Job) -> bool:
    """Tell whether a scan is called a pattern of injury; one that is not scored yet is not."""
    path = Path(job.files.pattern)
    return path.is_file() and read_json(path).get("mrics", {}).get("group") in INJURED


def injured_told(labels: Sequence[str]) -> Iterator[str]:
    """Say which controls have a pattern of injury, if any."""
    if labels:
        more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
        yield f"controls with a pattern of injury: {labels[0]}{more}; are they controls?"


def _people_with(output: Path, chosen: str) -> set[str]:
    """Return the participants, with sub-, whose row of participants.tsv has a value in a column."""
    column, _, value = chosen.partition("=")
    path = Job(output, study_labels(output)[0]).dataset / "participants.tsv"
    cells = read_cells(path)
    for name in ("participant_id", column):
        if name not in cells.columns:
            raise InputError(path, f"lacks the column '{name}'", "name a column that it has")
    who, what = cells.columns.index("participant_id"), cells.columns.index(column)
    return {
        f"sub-{read_id(row.cells[who])[0]}"
        for row in cells.rows
        if bare(row.cells[what]).casefold() == value.strip().casefold()
    }
