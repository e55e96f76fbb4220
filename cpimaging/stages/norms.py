"""norms: a reference from the controls of one or more studies, in a folder that can be shared."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from cpimaging import __version__, columns
from cpimaging.bids.sidecars import said_of_image
from cpimaging.io import read_record, read_table, typed, write_json, write_table
from cpimaging.layout import sidecar_path
from cpimaging.norms import Norms, Person, as_json, build_norms
from cpimaging.norms.reference import FEW
from cpimaging.stages.controls import injured_told, is_injured, scans_of
from cpimaging.study.job import Job
from cpimaging.study.norms import CONTROLS, NORMS, describe, scanner_of
from cpimaging.study.outcome import unfinished_stage
from cpimaging.study.output import check_own_files
from cpimaging.types import MORPHOMETRY_COLUMNS, InputError, Quality, measures_of
from cpimaging.words import NORMED

SD_LIMITS = (0.8, 1.25)
"""An SD of left-out z beyond these is told (ours)."""
FIELD = "MagneticFieldStrength"


@dataclass
class _Found:
    """The controls so far, with what is known of each, and why others were left out."""

    people: list[Person] = field(default_factory=list)
    measured: list[dict[tuple[str, str, str], float]] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    atlases: set[str] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)
    seen: set[tuple[int, str]] = field(default_factory=set)
    marks: set[str] = field(default_factory=set)
    injured: list[str] = field(default_factory=list)


def run(output: Path, controls: Sequence[str], folder: Path, scanner: str = "") -> Iterator[str]:
    """Write the norms; yield what is to be told, line by line.

    controls: COLUMN=VALUE of the participants.tsv of the study in `output`, or folders of results.
    Raises InputError for controls that are too few, or measured with different atlases.
    """
    check_own_files(folder, (NORMS, CONTROLS))
    found = _Found()
    for person, job in scans_of(output, controls):
        _collect(found, person, job, scanner)
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


def _collect(found: _Found, person: tuple[int, str], job: Job, scanner: str) -> None:
    """Add a scan that can serve as a control; the first session of each participant."""
    reason = _why_not(job, again=person in found.seen)
    known = {} if reason else measures_of(read_table(job.files.morphometry, MORPHOMETRY_COLUMNS))
    mark = repr(known) if any(math.isfinite(value) for value in known.values()) else ""
    if mark and mark in found.marks:  # to the last digit of all volumes, under whatever name
        reason = "the same brain as another"
    if reason:
        found.left_out[reason] += 1
        return
    found.seen.add(person)
    found.marks.add(mark)
    _add(found, job, known, scanner)


def _why_not(job: Job, *, again: bool) -> str | None:
    if unfinished_stage(job, "qc"):
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
    if is_injured(job):
        found.injured.append(job.label)
    for path in Path(job.files.morphometry).parent.glob("*_space-orig_atlas-*_dseg.json"):
        found.atlases.add(read_record(path)["Atlas"])


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
    yield from injured_told(found.injured)
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
