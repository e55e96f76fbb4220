"""norms: a reference from the controls of one or more studies, in a folder that can be shared."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from cpimaging import __version__, columns
from cpimaging.bids.rows import read_id
from cpimaging.bids.sidecars import said_of_image
from cpimaging.io import read_json, read_record, read_table, typed, write_json, write_table
from cpimaging.layout import sidecar_path
from cpimaging.norms import Norms, Person, as_json, build_norms
from cpimaging.norms.reference import FEW
from cpimaging.study.job import Job
from cpimaging.study.norms import CONTROLS, NORMS, describe, scanner_of
from cpimaging.study.plan import study_labels
from cpimaging.study.record import finished
from cpimaging.tables import bare, read_cells
from cpimaging.types import MORPHOMETRY_COLUMNS, InputError, Quality, measures_of
from cpimaging.words import NORMED

SD_LIMITS = (0.8, 1.25)
"""An SD of left-out z beyond these is told (ours)."""
FIELD = "MagneticFieldStrength"
INJURED = ("B", "C", "D")
"""MRICS groups that no control should have."""


@dataclass
class _Found:
    """The controls so far, with what is known of each, and why others were left out."""

    people: list[Person] = field(default_factory=list)
    measured: list[dict[tuple[str, str, str], float]] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    atlases: set[str] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)
    marks: set[str] = field(default_factory=set)
    injured: list[str] = field(default_factory=list)


def run(output: Path, controls: Sequence[str], folder: Path, scanner: str = "") -> Iterator[str]:
    """Write the norms; yield what is to be told, line by line.

    controls: COLUMN=VALUE of the participants.tsv of the study in `output`, or folders of results.
    Raises InputError for controls that are too few, or measured with different atlases.
    """
    found = _Found()
    for chosen in controls:
        results = output if "=" in chosen and not Path(chosen).is_dir() else Path(chosen)
        own = _people_with(results, chosen) if results == output and "=" in chosen else None
        _collect(found, results, own, scanner)
    if len(found.atlases) > 1:
        used = " and ".join(sorted(found.atlases))
        raise InputError(output, f"controls were measured with {used}", "measure all with one atlas")
    about = {
        "Name": f"Norms of {len(found.people)} controls",
        "GeneratedBy": [{"Name": "cpimaging", "Version": __version__}],
        "Atlas": next(iter(found.atlases), "n/a"),
        "ScannerKey": scanner,
        "Controls": dict(sorted(Counter(person.sex for person in found.people).items())),
        "FieldStrengths": dict(sorted(Counter(found.fields).items())),
    }
    try:
        norms = build_norms(found.people, pd.DataFrame(found.measured, columns=list(NORMED)), about)
    except ValueError as error:
        cure = f"give more controls, or other ones{_left_out(found)}"
        raise InputError(output, str(error), cure) from None
    _write(folder, norms, found)
    yield from _told(norms, found)


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


def _collect(found: _Found, output: Path, chosen: set[str] | None, scanner: str) -> None:
    """Add the scans of a study that can serve as controls; the first session of each participant."""
    seen: set[str] = set()
    for label in study_labels(output):
        participant = label.partition("_")[0]
        if chosen is not None and participant not in chosen:
            continue
        job = Job(output, label)
        reason = _why_not(job, again=participant in seen)
        known = {} if reason else measures_of(read_table(job.files.morphometry, MORPHOMETRY_COLUMNS))
        mark = repr(known) if any(math.isfinite(value) for value in known.values()) else ""
        if mark and mark in found.marks:  # to the last digit of all volumes, under whatever name
            reason = "the same brain as another"
        if reason:
            found.left_out[reason] += 1
            continue
        seen.add(participant)
        found.marks.add(mark)
        _add(found, job, known, scanner)


def _why_not(job: Job, *, again: bool) -> str | None:
    if not (finished(job.output, "segment", job.label) and finished(job.output, "qc", job.label)):
        return "not finished"
    quality: Quality = read_record(job.files.qc)
    if quality["verdict"] == "fail":
        return "failed quality checks"
    if job.scan.age_years is None or job.scan.sex not in ("F", "M"):
        return "age or sex not known"
    return "a later session" if again else None


def _add(found: _Found, job: Job, known: Mapping[tuple[str, str, str], float], scanner: str) -> None:
    age = job.scan.age_years or 0.0
    found.people.append(Person(_rounded(age), job.scan.sex, scanner_of(job, scanner)))
    if scanner and not found.people[-1].scanner:
        raise InputError(
            job.label, f"has no {scanner} in the image's sidecar", "add it, or leave --scanner out"
        )
    image = job.scan.images[job.reference]
    found.fields.append(said_of_image(job.dataset, image, FIELD) or "n/a")
    found.measured.append({key: known.get(key, float("nan")) for key in NORMED})
    if _is_injured(job):
        found.injured.append(job.label)
    for path in Path(job.files.morphometry).parent.glob("*_space-orig_atlas-*_dseg.json"):
        found.atlases.add(read_record(path)["Atlas"])


def _is_injured(job: Job) -> bool:
    """Tell whether a scan is called a pattern of injury; one that is not scored yet is not."""
    path = Path(job.files.pattern)
    return path.is_file() and read_json(path).get("mrics", {}).get("group") in INJURED


def _rounded(age_years: float) -> float:
    """Return an age that does not tell a day of birth: to a week below two years, to a month above."""
    return round(age_years, 2) if age_years < 2 else round(age_years, 1)


def _write(folder: Path, norms: Norms, found: _Found) -> None:
    write_json(folder / NORMS, as_json(norms))
    rows = [
        {"age_years": person.age_years, "sex": person.sex, "field_strength_tesla": strength}
        for person, strength in zip(found.people, found.fields, strict=True)
    ]
    rows.sort(key=lambda row: (row["age_years"], row["sex"], row["field_strength_tesla"]))
    write_json(sidecar_path(f"{folder / CONTROLS}"), columns.described(columns.CONTROLS))
    write_table(folder / CONTROLS, typed(rows, columns.dtypes(columns.CONTROLS)))


def _told(norms: Norms, found: _Found) -> Iterator[str]:
    yield describe(norms) + _left_out(found)
    if found.injured:
        more = f" and {len(found.injured) - 1} more" if len(found.injured) > 1 else ""
        yield f"controls with a pattern of injury: {found.injured[0]}{more}; are they controls?"
    if len(norms.ages) < FEW:
        yield f"fewer than {FEW} controls: z-scores are uncertain, most at both ends of the ages"
    for key in NORMED:
        name = " ".join(key)
        if key not in norms.fits:
            yield f"{name}: no norms, too few controls have it"
            continue
        check = norms.checks[key]
        if not all(SD_LIMITS[0] <= sd <= SD_LIMITS[1] for sd in check.sd):
            told = ", ".join(f"{sd:.2f}" for sd in check.sd)
            yield f"{name}: each control against the others, SD of z, young to old, {told}: look before use"


def _left_out(found: _Found) -> str:
    told = ", ".join(f"{count} {reason}" for reason, count in sorted(found.left_out.items()))
    return f"; left out: {told}" if told else ""
