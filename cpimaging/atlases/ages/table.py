"""The table of a folder of templates: which there are, for which ages, and the way to the adult one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from pathlib import Path

import numpy as np

from cpimaging.atlases.template import SPACE
from cpimaging.images import read_header
from cpimaging.io import read_table
from cpimaging.types import InputError

TABLE = "templates.tsv"
COLUMNS = (
    *("name", "pma_weeks_min", "pma_weeks_max", "T1w", "T2w", "brain_mask", "dseg", "dseg_table"),
    *("via", "license", "citation"),
)
ADULT = ("n/a", "adult", SPACE)
"""What `via` may say for a template that goes straight to the embedded adult one."""
EMPTY = ("", "nan")
CONTRASTS = ("T1w", "T2w")
FILES = (*CONTRASTS, "brain_mask", "dseg", "dseg_table")
WEEKS_PER_YEAR = 365.25 / 7
TERM_WEEKS = 40.0
SAME_GRID_MM = 0.01
STRAIGHT_FROM_WEEKS = 92.0
"""From a year after term on a template may go straight to the adult one without a word (ours). Of the average
newborn (UNC-BCP) the callosum was 1.7 times as large straight as over two others, Dice of the PLIC 0.61."""
LEAST_WEEKS = 20.0  # ours: there are no images of younger ones; less is an age in months or years


@dataclass(frozen=True)
class AgeTemplate:
    """One row: a template of an age.

    pma_weeks: least and greatest postmenstrual age. images: contrast -> path. dseg, dseg_table: its own
    labels and what they are, or None. via: name of the next template on the way to the adult one, or None.
    """

    name: str
    pma_weeks: tuple[float, float]
    images: Mapping[str, Path]
    brain_mask: Path | None
    dseg: Path | None
    dseg_table: Path | None
    via: str | None
    license: str
    citation: str

    @property
    def files(self) -> list[Path]:
        """All files of the template."""
        return [*self.images.values(), *filter(None, (self.brain_mask, self.dseg, self.dseg_table))]


def read_templates(folder: Path | str) -> dict[str, AgeTemplate]:
    """Return the templates of a folder by name. Raises InputError where its table has a fault."""
    path = Path(folder) / TABLE
    if not path.is_file():
        raise InputError(path, "no such file", "write it, or let `cpimaging templates fetch` do so")
    table = read_table(path)
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise InputError(path, f"lacks the column(s) {', '.join(missing)}", f"it needs {' '.join(COLUMNS)}")
    found: dict[str, AgeTemplate] = {}
    for row in table.astype(str).to_dict("records"):
        template = _row(path, {str(key): value.strip() for key, value in row.items()})
        if template.name.lower() in (name.lower() for name in found):
            raise InputError(path, f"names {template.name} twice", "give each template a name of its own")
        found[template.name] = template
    if not found:
        raise InputError(path, "names no template", "add a row for each, or leave templates_dir empty")
    for template in found.values():
        for own, other in pairwise(way_to_adult(found, template, path)):
            if sum(other.pma_weeks) < sum(own.pma_weeks):
                problem = f"{own.name} goes via {other.name}, which is younger"
                raise InputError(path, problem, "the way to the adult template leads over older ones")
    return found


def check_images(template: AgeTemplate) -> None:
    """Raise InputError where an image of a template cannot be read, or two do not lie on one grid."""
    files = [*template.images.values(), *filter(None, (template.brain_mask, template.dseg))]
    headers = [read_header(file) for file in files]
    for file, header in zip(files, headers, strict=True):
        header.refuse(file)
        shape = header.shape[:3] != headers[0].shape[:3]
        apart = np.abs((header.affine - headers[0].affine) @ headers[0].corners).max()
        if file != template.dseg and (shape or apart > SAME_GRID_MM):
            cure = "bring the files of a template to one grid"
            raise InputError(file, f"lies on another grid than {files[0].name}", cure)


def _row(path: Path, row: Mapping[str, str]) -> AgeTemplate:
    name = row["name"]
    if not re.fullmatch("[A-Za-z0-9]+", name) or name in (*ADULT, "orig"):
        raise InputError(path, f"the name {name!r} is none for a template", "use letters and digits")
    try:
        low, high = float(row["pma_weeks_min"]), float(row["pma_weeks_max"])
    except ValueError:
        raise InputError(path, f"{name}: its weeks are not numbers", "write them as numbers") from None
    if not LEAST_WEEKS <= low <= high < inf:
        problem = f"{name}: {low:g} to {high:g} weeks is no range of postmenstrual ages"
        raise InputError(path, problem, "give weeks since the last menstruation: 40 is term, 92 a year later")
    files = {column: _file(path, name, row[column]) for column in FILES}
    images = {contrast: file for contrast in CONTRASTS if (file := files[contrast])}
    if not images:
        raise InputError(path, f"{name} has neither T1w nor T2w", "name one of them")
    named = [file for file in files.values() if file]
    if twice := [file.name for file in named if sum(file.samefile(other) for other in named) > 1]:
        raise InputError(path, f"{name} names the file {twice[0]} twice", "name each of its files once")
    if files["dseg"] and not files["dseg_table"]:
        raise InputError(path, f"{name} has labels without a table", "name it in dseg_table")
    if files["dseg_table"] and not files["dseg"]:
        raise InputError(path, f"{name} has a dseg_table without dseg", "name its labels, or write n/a")
    via = None if row["via"] in (*ADULT, *EMPTY) else row["via"]
    more = files["brain_mask"], files["dseg"], files["dseg_table"]
    return AgeTemplate(name, (low, high), images, *more, via, row["license"], row["citation"])


def _file(table: Path, name: str, cell: str) -> Path | None:
    """Return the path that a cell names, relative to the table."""
    if cell in ("n/a", *EMPTY):
        return None
    path = table.parent / cell
    if not path.is_file():
        raise InputError(table, f"{name}: there is no file {cell}", "correct the name, or write n/a")
    return path


def way_to_adult(
    templates: Mapping[str, AgeTemplate], template: AgeTemplate, path: Path | str = TABLE
) -> list[AgeTemplate]:
    """Return a template and those on its way to the adult one. Raises InputError where it leads nowhere."""
    way = [template]
    while (via := way[-1].via) is not None:
        if via not in templates:
            raise InputError(path, f"{way[-1].name} goes via {via}, which is not there", "correct via")
        if templates[via] in way:
            names = " via ".join(step.name for step in way)
            raise InputError(path, f"{names} goes in a circle", "let one of them go via n/a, the adult one")
        way.append(templates[via])
    return way


def about_way(template: AgeTemplate) -> str | None:
    """Return a word where a young template goes straight to the adult one, None elsewhere."""
    if template.via is not None or template.pma_weeks[1] > STRAIGHT_FROM_WEEKS:
        return None
    return "it goes straight to the adult template (via n/a); by way of an older one labels lie better"


def weeks_of(age_years: float | None, pma_weeks: float | None) -> float | None:
    """Return the postmenstrual age; where it is not known that of the age of maturation, from term."""
    if pma_weeks is not None or age_years is None:
        return pma_weeks
    return TERM_WEEKS + age_years * WEEKS_PER_YEAR


def template_for(
    templates: Mapping[str, AgeTemplate], age_years: float | None, pma_weeks: float | None
) -> AgeTemplate | None:
    """Return the template of an age: of those whose range holds it, that whose middle is nearest; or None.

    age_years: of maturation, from term; asked where the postmenstrual age is not known.
    """
    weeks = weeks_of(age_years, pma_weeks)
    if weeks is None:
        return None
    fitting = [t for t in templates.values() if t.pma_weeks[0] <= weeks <= t.pma_weeks[1]]
    return min(fitting, key=lambda t: abs(sum(t.pma_weeks) / 2 - weeks), default=None)
