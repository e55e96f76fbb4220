"""export: results as other programs take them; the results themselves stay as they are."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cpimaging import columns
from cpimaging.atlases import load_template
from cpimaging.columns import Column, described, dtypes
from cpimaging.exports.files import each_row, write_csv, write_lesion_mat, write_lines
from cpimaging.exports.redcap import HEADER, data_rows, dictionary_rows
from cpimaging.exports.voxels import Voxels, market_lines, x_first
from cpimaging.exports.wide import Wide
from cpimaging.images import write_image
from cpimaging.io import read_rows, read_table, typed, write_json, write_table, write_text
from cpimaging.layout import ScanFiles, sidecar_path
from cpimaging.outputs import GROUP_TABLE, OUTPUTS
from cpimaging.outputs_by_name import first_that_fits
from cpimaging.provenance import sidecar
from cpimaging.scorers.group import group_columns
from cpimaging.study.gathered import lesion_voxels
from cpimaging.study.job import Job
from cpimaging.study.outcome import AGAIN, check_current, labels_of
from cpimaging.types import Image, InputError


def run_redcap(output: Path, folder: Path) -> None:
    """Write redcap_data.csv and redcap_dictionary.csv. Raises InputError for another version's table."""
    found, table = group_columns(), _patterns(output)
    try:
        rows = list(data_rows(table, found))
    except ValueError as error:
        raise InputError(output / GROUP_TABLE, str(error), AGAIN) from None
    write_csv(folder / "redcap_dictionary.csv", [HEADER, *dictionary_rows(found)])
    write_csv(folder / "redcap_data.csv", rows)


def run_wide(output: Path, path: Path) -> None:
    """Write a table with one row per scan, and its sidecar.

    Raises InputError for a file that is no .tsv, or would take the place of a result.
    """
    if path.suffix != ".tsv" or first_that_fits(((one.name, one) for one in OUTPUTS), path.name):
        raise InputError(path, "is no name for a table beside the results", "name it wide.tsv, say")
    patterns = _patterns(output)
    wide = Wide(patterns)
    try:
        wide.add_load(_long(output, "group_desc-lesionload_stats.tsv", columns.GROUP_LESIONLOAD))
        wide.add_measures(_long(output, "group_morphometry.tsv", columns.GROUP_MORPHOMETRY), "morphometry")
        wide.add_measures(_profiles(output, patterns), "profile", of_lesion=True)
        wide.add_checks(_long(output, "group_qc.tsv", columns.GROUP_QC))
    except KeyError as error:
        problem = f"has no row of {error.args[0][0]}, which another table has"
        raise InputError(output / GROUP_TABLE, problem, AGAIN) from None
    table, found = wide.table(group_columns())
    write_json(sidecar_path(str(path)), described(found))
    write_table(path, table)


def _long(output: Path, name: str, declared: Sequence[Column]) -> Iterator[list[str]]:
    """Yield the rows of a long table; masks without images have but one."""
    if (output / name).is_file():
        yield from each_row(output / name, dtypes(declared))


def _profiles(output: Path, patterns: pd.DataFrame) -> Iterator[list[str]]:
    """Yield the rows of the scans' profiles, where they lie in the same folder."""
    for label in labels_of(patterns):
        path = ScanFiles.of(output, label).lesion_profile
        if Path(path).is_file():
            yield from read_rows(path, dtypes(columns.PROFILE))


def run_matrix(output: Path, folder: Path, niistat: bool = False) -> None:
    """Write the lesions of the group, scan by voxel, and the lists that name their images.

    niistat: also each lesion as NiiStat reads it, and the table that names them. Raises InputError where no
    scan of the group has its lesion in template space.
    """
    patterns = _patterns(output)
    group = patterns[patterns["in_group"] == "true"].reset_index(drop=True)
    jobs = [Job(output, label) for label in labels_of(group)]
    if not jobs or not any(Path(job.files.lesion_mask_template).is_file() for job in jobs):
        problem = "holds no lesion of the group in template space"
        raise InputError(output, problem, "give the results of a study with images")
    grid = load_template().t1w

    def lesions() -> Iterator[Voxels]:
        return (x_first(lesion_voxels(job, grid.shape), grid.shape) for job in jobs)

    anywhere, lines = market_lines(lesions, len(jobs), int(np.prod(grid.shape)))
    write_lines(folder / "lesions.mtx", lines)
    mask = Image(anywhere.reshape(grid.shape, order="F"), grid.affine)
    told = sidecar("export", [GROUP_TABLE], NumberOfScans=len(jobs))
    write_json(folder / "lesions_mask.json", told)
    write_image(folder / "lesions_mask.nii.gz", mask, template_space=True)
    images = [_seen_from(folder, Path(job.files.lesion_mask_template)) for job in jobs]
    scans = group[["participant_id", "session_id", "lesion_volume_mm3"]].assign(
        row=np.arange(1, len(group) + 1), image=images
    )
    declared = dtypes(columns.MATRIX_SCANS)
    write_json(folder / "lesions_scans.json", described(columns.MATRIX_SCANS))
    write_table(folder / "lesions_scans.tsv", typed(scans[list(declared)], declared))
    write_text(folder / "lesymap_lesions.txt", "".join(f"{image}\n" for image in images))
    if niistat:
        _write_niistat(folder / "niistat", group, lesions(), grid)


def _write_niistat(folder: Path, group: pd.DataFrame, lesions: Iterator[Voxels], grid: Image) -> None:
    rows = []
    for label, voxels, volume in zip(labels_of(group), lesions, group["lesion_volume_mm3"], strict=True):
        mask = np.zeros(int(np.prod(grid.shape)), bool)
        mask[voxels] = True
        write_lesion_mat(folder / f"{label}.mat", mask.reshape(grid.shape, order="F"), grid.affine)
        rows.append({"filename": f"{label}.mat", "lesion_volume_mm3": volume})
    declared = dtypes(columns.NIISTAT)
    write_json(folder / "niistat.json", described(columns.NIISTAT))
    write_table(folder / "niistat.tab", typed(rows, declared))


def _patterns(output: Path) -> pd.DataFrame:
    """Return the rows of the group table, once all of its scans are done as the study stands now."""
    patterns = read_table(output / GROUP_TABLE, dtypes(group_columns()))
    check_current(output, output / GROUP_TABLE, patterns)
    return patterns


def _seen_from(folder: Path, path: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()
