"""reading_list: scans in random order under numbers, a sheet to fill in, and pages without a verdict."""

from pathlib import Path

import numpy as np
import pandas as pd

from cpimaging.agreement.readings import CASE, IDS
from cpimaging.bids.scan import Scan
from cpimaging.columns import described, dtypes, readers
from cpimaging.images import read_image
from cpimaging.io import read_table, typed, write_json, write_table, write_text
from cpimaging.provenance import sidecar
from cpimaging.report.readers import render_case
from cpimaging.report.words import postmenstrual, told_age
from cpimaging.study.job import Job
from cpimaging.study.outcome import tell_left_out, unfinished_stage
from cpimaging.study.plan import study_labels
from cpimaging.types import InputError

KEY = "group_desc-readinglist_stats"
"""Which scan stands behind which number; it stays with the results, away from the readers."""
SHEET = "readings.tsv"


def run(output: Path, folder: Path, seed: int = 0) -> None:
    """Write the key beside the results; into `folder` the sheet to fill in and a page for each scan.

    Raises InputError where no scan is finished, or the folder is not empty: pages of another list would have
    numbers of their own. Also where the results have another list.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(folder, "is not an empty folder", "name a new one for the reading list")
    known = study_labels(output)
    open_ = {label for label in known if unfinished_stage(Job(output, label))}
    labels = [label for label in known if label not in open_]
    if not labels:
        raise InputError(output, "holds no finished scan", "give the results of a study with images")
    tell_left_out(label for label in known if label in open_)
    order = np.random.default_rng(seed).permutation(len(labels))
    width = max(3, len(str(len(labels))))
    key = [
        {CASE: f"{number:0{width}d}", **dict(zip(IDS, _ids(labels[place]), strict=True))}
        for number, place in enumerate(order, start=1)
    ]
    _check_key(output, key)
    write_table(output / f"{KEY}.tsv", typed(key, dtypes(readers.READING_LIST)))
    write_json(
        output / f"{KEY}.json",
        sidecar("reading_list", [], Seed=seed, **described(readers.READING_LIST)),
    )
    sheet = pd.DataFrame({CASE: [row[CASE] for row in key]})
    write_json(folder / "readings.json", described(readers.READINGS))
    write_table(folder / SHEET, sheet.reindex(columns=list(dtypes(readers.READINGS))))
    for row, place in zip(key, order, strict=True):
        job = Job(output, labels[place])
        names = [job.reference, *(name for name in job.images if name != job.reference)]
        images = {name: read_image(job.files.preproc(name)) for name in names}
        write_text(folder / f"case-{row[CASE]}.html", render_case(row[CASE], _age(job.scan), images))


def _age(scan: Scan) -> str:
    """Return the age in words; of a young child the postmenstrual age too."""
    told = told_age(scan.age_years, scan.pma_weeks, scan.postnatal_days)
    weeks = postmenstrual(scan.pma_weeks)
    return f"{told} ({weeks} postmenstrual age)" if weeks else told


def _check_key(output: Path, key: list[dict[str, str]]) -> None:
    """Refuse to give numbers another meaning: sheets that were filled in would be of other scans."""
    before = reading_list(output)
    if before and before != {row[CASE]: (row[IDS[0]], row[IDS[1]]) for row in key}:
        cure = f"take its seed, or delete {KEY}.tsv if nobody has read it"
        raise InputError(output, "has another reading list already", cure)


def _ids(label: str) -> tuple[str, str]:
    participant, _, session = label.partition("_")
    return participant, session or "n/a"


def reading_list(output: Path) -> dict[str, tuple[str, str]]:
    """Return the ids behind each number of the reading list; none where there is no list."""
    path = output / f"{KEY}.tsv"
    if not path.is_file():
        return {}
    table = read_table(path, dtypes(readers.READING_LIST))
    return {case: (participant, session) for case, participant, session in table.itertuples(index=False)}
