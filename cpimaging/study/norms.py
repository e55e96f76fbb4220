"""A study's norms: read and checked when the workflow is planned, applied where a scan is measured."""

from pathlib import Path

import pandas as pd

from cpimaging.bids.sidecars import said_of_image
from cpimaging.io import read_json
from cpimaging.layout import atlas_name
from cpimaging.norms import Norms, Person, from_json, z_rows
from cpimaging.study.job import Job
from cpimaging.types import InputError

NORMS, CONTROLS = "norms.json", "controls.tsv"


def read_norms(folder: Path | str, atlas: str) -> Norms:
    """Return the norms of a folder. atlas: the chosen one.

    Raises InputError where there are none, or where they are of another atlas.
    """
    path = Path(folder) / NORMS
    try:
        norms = from_json(read_json(path))
        measured_with = str(norms.about["Atlas"])
        describe(norms)
    except InputError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        raise InputError(path, "holds no norms", "build them with cpimaging norms build") from None
    if measured_with.partition(" ")[0] != atlas_name(atlas):
        raise InputError(path, f"was measured with the atlas {measured_with}", "use the same atlas")
    return norms


def with_norms(job: Job, morphometry: pd.DataFrame, atlas: str = "") -> tuple[pd.DataFrame, list[str]]:
    """Return the morphometry of a scan with its z-scores, where norms cover it; and what is to be told.

    atlas: name and version of that which the scan is measured with.
    """
    if not job.norms_dir:
        return morphometry, []
    norms = read_norms(job.norms_dir, job.atlas)
    told = describe(norms)
    if atlas and (other := norms.about["Atlas"]) != atlas:
        return morphometry, [f"{told}; not applied: they were measured with the atlas {other}, not {atlas}"]
    if job.scan.age_years is None:
        return morphometry, [f"{told}; not applied: the age is not known"]
    key = str(norms.about.get("ScannerKey", ""))
    person = Person(job.scan.age_years, job.scan.sex, scanner_of(job, key))
    if reason := norms.why_not(person):
        return morphometry, [f"{told}; not applied: {reason}"]
    rows = pd.DataFrame(z_rows(norms, person, morphometry))
    return pd.concat([morphometry, rows], ignore_index=True), [told]


def scanner_of(job: Job, key: str) -> str:
    """Return what a scan's images say in a key of their sidecars; "" without a key, or where nothing."""
    return said_of_image(job.dataset, job.scan.images[job.reference], key) if key else ""


def describe(norms: Norms) -> str:
    """Say in a line whose norms these are."""
    sexes = ", ".join(f"{count} {sex}" for sex, count in norms.about.get("Controls", {}).items())
    return (
        f"Norms of {len(norms.ages)} controls ({sexes}) of {norms.ages[0]:.1f} to {norms.ages[-1]:.1f} years"
    )
