"""index: one row per scan, for people: what was picked and why; the dataset's own files."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cpimaging import __version__, columns
from cpimaging.bids.checks import check_scan
from cpimaging.io import typed, write_json, write_table, write_text
from cpimaging.layout import sidecar_path
from cpimaging.outputs_by_name import desc_words
from cpimaging.study.plan import INDEX, Entry, read_entry, study_labels
from cpimaging.study.record import recorded

INDEX_COLUMNS = columns.dtypes(columns.INDEX)
SEPARATOR = " | "
IGNORED_BY_VALIDATOR = ("logs/", "*.html", "group_*", "figures", "**/*_stats.*", "**/*_xfm.*")
README = """# Lesion patterns from brain MRI

Written by cpimaging. Start with `index.html`. Research use only: no prognosis, no cause.
File names follow BIDS derivatives. Columns are explained in the JSON file beside a table; for the tables of
scans it lies here, once.
"""


@recorded
def run(output: Path) -> None:
    """Write logs/index.tsv, participants.tsv and the files that make the output a BIDS derivative."""
    rows = [_row(read_entry(output, label)) for label in study_labels(output)]
    table = typed(pd.DataFrame(rows).replace("", "n/a"), INDEX_COLUMNS)
    write_json(sidecar_path(f"{output / INDEX}"), columns.described(columns.INDEX))
    write_table(output / INDEX, table)
    write_json(output / "participants.json", columns.described(columns.PARTICIPANTS))
    write_table(output / "participants.tsv", _people(table))
    write_dataset_files(output)


def _people(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per participant; what differs from session to session is n/a there."""
    people = table.rename(columns={"age_years": "age"})[["participant_id", "age", "sex"]]
    first = people.drop_duplicates("participant_id").set_index("participant_id")
    for column in ("age", "sex"):
        differs = people.drop_duplicates(["participant_id", column])["participant_id"].duplicated()
        first.loc[people.loc[differs[differs].index, "participant_id"], column] = np.nan
    return first.reset_index()


def _row(entry: Entry) -> dict[str, Any]:
    scan = entry.scan
    return {
        "participant_id": f"sub-{scan.participant}",
        "session_id": f"ses-{scan.session}" if scan.session else "n/a",
        "age_years": scan.age_years,
        "sex": scan.sex,
        "age_source": scan.age_source,
        "pma_weeks": scan.pma_weeks,
        "postnatal_days": scan.postnatal_days,
        "gestation_weeks": scan.gestation_weeks,
        "contrasts": ",".join(scan.images),
        "lesion_source": scan.lesion_source,
        "decisions": SEPARATOR.join(scan.decisions),
        "problems": SEPARATOR.join((*scan.problems, *check_scan(entry.dataset, scan))),
    }


def write_dataset_files(output: Path) -> None:
    """Write the files that say what the folder of results is."""
    write_json(
        output / "dataset_description.json",
        {
            "Name": "cpimaging: lesion patterns",
            "BIDSVersion": "1.11.0",
            "DatasetType": "derivative",
            "License": "as the source dataset",
            "GeneratedBy": [{"Name": "cpimaging", "Version": __version__}],
        },
    )
    rows = [{"desc_id": f"desc-{name}", "description": text} for name, text in desc_words().items()]
    write_json(output / "descriptions.json", columns.described(columns.DESCRIPTIONS))
    write_table(output / "descriptions.tsv", pd.DataFrame(rows))
    write_text(output / "README.md", README)
    write_text(output / ".bidsignore", "\n".join(IGNORED_BY_VALIDATOR) + "\n")
