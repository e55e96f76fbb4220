"""What groups of scans are compared by: columns of the dataset's participants.tsv that a study names."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cpimaging.bids.ages import is_missing
from cpimaging.bids.rows import PARTICIPANT_COLUMNS, Names, Owned, read_described, rows_by_owner
from cpimaging.study.job import Job
from cpimaging.tables import bare
from cpimaging.types import InputError
from cpimaging.words import UNKNOWN

MOST_GROUPS = 12
"""Words of a column that are still compared side by side (ours)."""
_PEOPLE = "participants.tsv"


def column_names(chosen: str | Sequence[str]) -> list[str]:
    """Return the columns of a list or a comma list."""
    names = chosen.split(",") if isinstance(chosen, str) else chosen
    return [name.strip() for name in names if name.strip()]


def compared_by(jobs: Iterable[Job], chosen: str | Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the word of each scan in each column that was named, by label; n/a where there is none.

    Raises InputError for a column that a dataset lacks, or one with more than MOST_GROUPS words.
    """
    names = column_names(chosen)
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    datasets: dict[Path, list[Job]] = {}
    for job in jobs if names else ():
        datasets.setdefault(job.dataset, []).append(job)
    for dataset, own in datasets.items():
        for name in names:
            found[name] |= _words(dataset, name, own)
    for name, words in found.items():
        if len(kinds := set(words.values())) > MOST_GROUPS:
            problem = f"has {len(kinds)} different words in '{name}'"
            raise InputError(_PEOPLE, problem, f"compare by a column of {MOST_GROUPS} or fewer")
    return found


def _words(dataset: Path, name: str, jobs: Sequence[Job]) -> Mapping[str, str]:
    table = read_described(dataset, _PEOPLE, [], needed=PARTICIPANT_COLUMNS)
    place = table.column([name.casefold()])
    if table.fault or place is None:
        problem = table.fault or f"lacks the column '{name}' that scans are to be compared by"
        raise InputError(dataset / _PEOPLE, problem, "name a column that it has, or none")
    owned = rows_by_owner(table, Names(job.scan.participant for job in jobs))
    words = {}
    for job in jobs:
        rows = _of_session(owned.get(job.scan.participant, []), job.scan.session or "")
        known = {cell for one in rows if not is_missing(cell := bare(one.row.cells[place]))}
        words[job.label] = known.pop() if len(known) == 1 else UNKNOWN
    return words


def _of_session(rows: Sequence[Owned], session: str) -> list[Owned]:
    """Return the rows on one session, else those that name none."""
    own = [one for one in rows if one.session and one.session.casefold() == session.casefold()]
    return own or [one for one in rows if not one.session]
