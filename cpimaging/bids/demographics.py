"""Age at scan, sex, clinical levels, from tables of a BIDS dataset; the uncertain is missing, and told."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from cpimaging.bids.ages import Age, Gestation, is_age, is_gestation, normal, read_age, read_gestation
from cpimaging.bids.cells import (
    Cell,
    cells_of,
    doubted,
    finding_in,
    joined,
    meaning_of,
    rows_of_session,
    unread_ages,
)
from cpimaging.bids.clinical import clinical_of
from cpimaging.bids.files import natural
from cpimaging.bids.reconcile import CORRECTED_TO_YEARS, Finding, Verdict, reconcile
from cpimaging.bids.rows import (
    PARTICIPANT_COLUMNS,
    SESSION_COLUMNS,
    Names,
    Table,
    broken_rows,
    read_described,
    read_object,
    rows_by_owner,
    rows_by_session,
)
from cpimaging.bids.scan import Scan
from cpimaging.imagefiles import stem
from cpimaging.tables import Cells, Row, bare
from cpimaging.types import InputError

_PARTICIPANTS, _SESSIONS = "participants.tsv", "sessions.tsv"
_UNITS = "participants.json"  # also those of tables whose own sidecars do not describe a column
_ALIKE = re.compile(
    r"(?:participants?|subjects?|demographics?|ages?|sessions)\.(?:tsv|csv|txt|xlsx?|ods)(?:\.gz)?",
    re.IGNORECASE,
)
_FOLLOW_UP = re.compile(r"follow|fu\d*$|post", re.IGNORECASE)
_IN_ANY_UNIT = frozenset({"age", "patient_age", "age_at_scan"})
_NO_UNIT = {"Units": "none stated"}  # in years, as BIDS has it, are those of its tables alone
_SEX_COLUMNS = frozenset({"sex", "gender", "sex_at_birth"})
_SEX = {
    **dict.fromkeys(("m", "male", "boy", "man"), "M"),
    **dict.fromkeys(("f", "female", "girl", "woman"), "F"),
    **dict.fromkeys(("o", "other", "intersex", "diverse"), "O"),
}

SAME_GESTATION_WEEKS = 1.0
"""Gestations closer than this are the same, in completed weeks or with days."""


def with_demographics(bids_dir: Path | str, scans: Sequence[Scan]) -> list[Scan]:
    """Return the scans with age at scan in years (None where none is certain), sex (M, F, O), and sources.

    An age is looked for in *_scans.tsv, *_sessions.tsv, participants.tsv and the images' sidecars; all that
    is said of a scan must agree. age_source tells table, column and how the cell was read, and why others
    were not used. Why an age is not known is among the decisions too; an age that cannot be is a problem of
    its scan. A broken table or row is told and stops nothing.
    """
    study = _Study(Path(bids_dir), scans)
    return [_told(study, scan) for scan in scans]


def with_given_ages(scan: Scan, given: Mapping[str, str]) -> Scan:
    """Return a scan with the ages that are given in words by the names of columns, e.g. {"age": "5y 3m"}.

    Raises InputError for what is no age, cannot be, or contradicts another.
    """
    births = {name: read_gestation(name, text, {}) for name, text in given.items()}
    weeks = next((birth.weeks for birth in births.values() if birth and birth.weeks), None)
    ages = {name: read_age(name, text, {}, weeks) for name, text in given.items()}
    cannot = [Finding(name, Age(None, b.told, refused=True)) for name, b in births.items() if b and b.refused]
    age = reconcile([*cannot, *(Finding(name, found) for name, found in ages.items() if found)], [], weeks)
    lost = [name for name in given if not (ages[name] or ((b := births[name]) and (b.weeks or b.refused)))]
    problem = "; ".join([*age.problems, *(f"{name} is no age that can be read" for name in lost)])
    if problem or (given and age.years is None):
        raise InputError("age", problem or age.source, "give it with its unit, as in 5y, 14 months or 3d")
    return _aged(scan, age, weeks)


def with_assumed_ages(scans: Sequence[Scan], assumed: str | None) -> list[Scan]:
    """Return the scans, those of unknown age taken for what the study says: "child", "adult", or nothing."""
    if not assumed:
        return list(scans)
    told = (
        f"age at scan n/a: taken for that of {'an adult' if assumed == 'adult' else 'a child'} (assume_age)"
    )
    return [
        replace(scan, assumed_age=assumed, decisions=(*scan.decisions, told))
        if scan.age_years is None and not scan.problems
        else scan
        for scan in scans
    ]


class _Study:
    """The tables that all scans share, and whose their rows are."""

    def __init__(self, root: Path, scans: Sequence[Scan]) -> None:
        self.root = root
        self.files = sorted(os.listdir(root)) if root.is_dir() else []
        folders = [name[4:] for name in self.files if name.startswith("sub-")]
        names = Names([*folders, *(scan.participant for scan in scans)])
        self.participants = read_described(root, _PARTICIPANTS, [_UNITS], needed=PARTICIPANT_COLUMNS)
        self.rows = rows_by_owner(self.participants, names)
        self.broken = broken_rows(self.participants, names)
        self.same = Counter(scan.label for scan in scans)
        self.listed: dict[str, set[str | None]] = defaultdict(set)
        for scan in scans:
            self.listed[scan.participant].add(scan.session)

    def sessions(self, participant: str, table: Table) -> list[str]:
        """Return the labels of a participant's sessions: listed, on disk, or in a table of sessions."""
        folder = self.root / f"sub-{participant}"
        on_disk = os.listdir(folder) if folder.is_dir() else []
        labels = {name[4:] for name in on_disk if name.startswith("ses-")}
        labels |= {label for label in self.listed[participant] if label is not None}
        known = Names(labels)
        rows = [*rows_by_session(table, participant), *self.rows.get(participant, [])]
        return sorted(labels | {label for label, _ in rows if label and known.find(label) is None})

    @cached_property
    def later(self) -> set[str]:
        """The sessions before which somebody has another, and those that are called a follow-up."""
        later = set()
        for folder in (self.root / name for name in self.files if name.startswith("sub-")):
            names = os.listdir(folder) if folder.is_dir() else []
            labels = sorted((name[4:] for name in names if name.startswith("ses-")), key=natural)
            later |= {label for at, label in enumerate(labels) if at or _FOLLOW_UP.match(label)}
        return later

    def sessions_table(self, scan: Scan) -> Table:
        """Return *_sessions.tsv of a scan's participant; a dataset without sessions has none."""
        if scan.session is None:
            return Table(_SESSIONS)
        stem = f"sub-{scan.participant}/sub-{scan.participant}_sessions"
        sidecars = [_UNITS, "sessions.json", f"{stem}.json"]
        return read_described(self.root, f"{stem}.tsv", sidecars, needed=SESSION_COLUMNS)

    def scans_table(self, scan: Scan) -> Table:
        """Return *_scans.tsv of a scan."""
        folder, stem = f"sub-{scan.participant}", f"{scan.folder}/{scan.label}_scans"
        sidecars = [_UNITS, "scans.json", f"{folder}/{folder}_scans.json", f"{stem}.json"]
        return read_described(self.root, f"{stem}.tsv", sidecars, needed=("filename",))

    def unread(self, scan: Scan) -> list[str]:
        """Name what seems to hold ages but is not read; it is told where there is no age."""
        tables = (table := self.sessions_table(scan), self.participants)
        sessions = Names(self.sessions(scan.participant, table))
        told = [*(line for table in tables for line in unread_ages(table, sessions)), *self._unread_files]
        columns = self.participants.cells.columns
        if not columns or told or any(map(is_age, columns)):
            return told
        return [
            f"{_PARTICIPANTS}: none of its columns is known as an age; name it age, age_months or pma_weeks"
        ]

    @cached_property
    def _unread_files(self) -> list[str]:
        alike = [name for name in self.files if _ALIKE.fullmatch(name) and name != _PARTICIPANTS]
        told = [f"{name} is not read; write the ages at scan into {_PARTICIPANTS}" for name in alike]
        for name in sorted(path.name for path in (self.root / "phenotype").glob("*.tsv")):
            table = read_described(self.root, f"phenotype/{name}", [])
            if any(is_age(column) for column in table.cells.columns):
                told.append(f"{table.name}: its age is that of an examination; write it into {_PARTICIPANTS}")
        return told


def _told(study: _Study, scan: Scan) -> Scan:
    """Return a scan with what the tables say of it."""
    cells, notes = _gathered(study, scan)
    weeks, unread, cannot = _gestation(cells)
    findings = [found for cell in doubted(cells) if (found := finding_in(cell, weeks))]
    notes += unread if findings else [*unread, *study.unread(scan)]
    age = reconcile(findings, [*notes, *(f"{born.told}: not used" for born in cannot)], weeks)
    if cannot and age.years is not None and age.years < CORRECTED_TO_YEARS:
        age = reconcile([*cannot, *findings], notes, weeks)
    sex, doubts = _sex(cells)
    aged = _aged(scan, age, age.gestation_weeks or weeks)
    if weeks is None and age.pma_weeks is None and age.years is not None and age.years < CORRECTED_TO_YEARS:
        doubts = [*(f"{line}: taken for born at term" for line in unread), *doubts]
    clinical, lost = clinical_of(cells)
    return replace(aged, sex=sex, clinical=clinical, decisions=(*aged.decisions, *doubts, *lost))


def _aged(scan: Scan, age: Verdict, gestation_weeks: float | None) -> Scan:
    """Return a scan with what is known of its age."""
    return replace(
        scan,
        age_years=age.years,
        age_source=age.source,
        pma_weeks=age.pma_weeks,
        postnatal_days=age.postnatal_days,
        gestation_weeks=gestation_weeks,
        decisions=(*scan.decisions, *age.decisions),
        problems=(*scan.problems, *age.problems),
    )


def _gathered(study: _Study, scan: Scan) -> tuple[list[Cell], list[str]]:
    """Return the cells on a scan, the closest first, and what is to be said of their tables."""
    by_session = study.sessions_table(scan)
    labels = study.sessions(scan.participant, by_session)
    sessions = Names(labels)
    people = study.rows.get(scan.participant, [])
    own, named = rows_of_session(people, scan.session, sessions)
    several = max(len({*labels, *study.listed[scan.participant]}), study.same[scan.label])
    unsure = (
        f"it is not said of which of {several} sessions it is; write it into *_sessions.tsv"
        if several > 1 and not named
        else ""
    )
    if several == 1 and not named and scan.session in study.later:
        unsure = "it may be that of an earlier session, as others have"
    visit, is_named = rows_of_session(rows_by_session(by_session, scan.participant), scan.session, sessions)
    by_image = study.scans_table(scan)
    found: list[tuple[Table, list[Row], str]] = [
        (by_image, _rows_of_images(by_image, scan), ""),
        (by_session, visit if is_named else [], ""),
        (study.participants, own, unsure),
        *((sidecar, list(sidecar.cells.rows), "") for sidecar in _image_sidecars(study.root, scan)),
    ]
    cells = [
        cell for table, rows, doubt in found for cell in cells_of(table, rows, scan.session, sessions, doubt)
    ]
    notes = [line for table, _, _ in found for line in table.told]
    notes += [line for table in (by_image, by_session) for line in table.broken]
    notes += study.broken.get(scan.participant, [])
    if by_session.cells.columns and not is_named:
        notes.append(f"{by_session.name}: no row on this session")
    if study.participants.cells.columns and not own:
        notes.append(f"{_PARTICIPANTS}: no row on {'this session' if people else 'this participant'}")
    return joined(cells), notes


def _rows_of_images(table: Table, scan: Scan) -> list[Row]:
    """Return the rows of *_scans.tsv on a scan's images."""
    place = table.column(("filename",))
    if place is None:
        return []
    images = {stem(path.removeprefix(f"{scan.folder}/")) for path in scan.images.values()}
    written = [
        (row, bare(row.cells[place]).replace("\\", "/").removeprefix("./")) for row in table.cells.rows
    ]
    return [row for row, name in written if stem(name.removeprefix(f"{scan.folder}/")) in images]


def _image_sidecars(root: Path, scan: Scan) -> list[Table]:
    """Return what the JSON files beside a scan's images say of ages, such as PatientAge: one row each."""
    tables = []
    for path in scan.images.values():
        name = f"{stem(path)}.json"
        try:
            content = read_object(root / name)
        except InputError as error:
            tables.append(Table(name, fault=f"it {error.problem}"))
            continue
        said = {key: str(value) for key, value in content.items() if is_age(key) and _is_plain(value)}
        if said:
            bare_numbers = [key for key, text in said.items() if not re.search("[A-Za-z]", text)]
            described = {key: _NO_UNIT for key in bare_numbers if normal(key) in _IN_ANY_UNIT}
            tables.append(Table(name, Cells(tuple(said), (Row(1, tuple(said.values())),)), described))
    return tables


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _gestation(cells: Sequence[Cell]) -> tuple[float | None, list[str], list[Finding]]:
    """Return the gestational age at birth in weeks, what was not read of it, and what cannot be.

    The finest of those that agree counts; None where there is not one.
    """
    found: list[tuple[Gestation, str]] = []
    notes: list[str] = []
    alike: list[str] = []
    cannot: list[Finding] = []
    for cell in cells:
        where = f"{cell.table}: {cell.column}"
        read = [each for text in cell.texts if (each := read_gestation(cell.counts, text, cell.described))]
        found += [(each, where) for each in read if each.weeks is not None]
        cannot += [Finding(where, Age(None, each.told, refused=True)) for each in read if each.refused]
        if not any(each.weeks or each.refused for each in read) and is_gestation(cell.counts, cell.described):
            named = is_gestation(cell.counts, {}, by_its_name=True)
            (notes if named else alike).append(f"{where} is not read as weeks of gestation at birth")
    weeks = [each.weeks for each, _ in found if each.weeks is not None]
    if found and max(weeks) - min(weeks) >= SAME_GESTATION_WEEKS:
        places = " and ".join(dict.fromkeys(place for _, place in found))
        told = f"{places}: gestation at birth is not used, it is told in several ways"
        return None, [*notes, told], cannot
    finest = min((each for each, _ in found), key=lambda each: each.step_weeks, default=None)
    return (finest.weeks, notes, cannot) if finest else (None, [*notes, *alike], cannot)


def _sex(cells: Sequence[Cell]) -> tuple[str, list[str]]:
    """Return F, M or O, n/a where it is not known; contradictions are told."""
    found = {
        sex
        for cell in cells
        if normal(cell.column) in _SEX_COLUMNS
        for text in cell.texts
        for sex in _sexes_in(text, cell)
    }
    if len(found) > 1:
        return "n/a", [f"sex n/a: the tables give {' and '.join(sorted(found))}"]
    return next(iter(found), "n/a"), []


def _sexes_in(text: str, cell: Cell) -> set[str]:
    """Return what a cell says by itself and what its sidecar says that it means, which may contradict."""
    meaning = meaning_of(text, cell).lower()
    meant = {_SEX[word] for word in re.findall(r"[^\W\d_]+", meaning) if word in _SEX}
    if meaning and not meant:
        return set()  # the code may mean anything, as M of "Mädchen"
    return meant | ({_SEX[text.lower()]} if text.lower() in _SEX else set())
