"""Tables of readers for `cpimaging agree`, and folders of norms."""

import functools
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
from entrances import command, command_refused, planning_refused
from kinds import Kind, refused
from kinds_masks import LESION, bulk, image
from kinds_tables import tree, write

from cpimaging.bids.scan import Scan
from cpimaging.norms import Person, as_json, build_norms
from cpimaging.study.job import Job
from cpimaging.study.norms import with_norms
from cpimaging.study.plan import Entry
from cpimaging.words import NORMED


@functools.cache
def study() -> Path:
    """Return the results of six masks."""
    folder = Path(tempfile.mkdtemp(prefix="hostile_"))
    (folder / "masks").mkdir()
    for n in range(1, 7):
        nib.save(image(LESION if n % 2 else LESION[::-1].copy()), folder / f"masks/sub-{n:02}_mask.nii.gz")
    bulk(folder / "masks", folder / "out")
    return folder / "out"


HEADER = "participant_id\treader\tmrics_subgroup\tfiori\n"
ROWS = "".join(f"sub-0{n}\t{reader}\tB2\t{n}\n" for n in range(1, 7) for reader in ("r1", "r2"))


def first(row: str) -> str:
    """Return a table whose first row is another."""
    return HEADER + row + ROWS.partition("\n")[2]


def bad(made: str, words: str, text: str | bytes, name: str = "r.tsv") -> Kind:
    def check(folder: Path) -> None:
        shutil.copytree(study(), folder / "out")
        write(folder, {"r.tsv": text})
        command_refused(words, name, "agree", folder / "out", folder / "r.tsv")
        assert not (folder / "out/agreement.html").exists()

    return Kind("readers", made, refused(words), check)


def fine(made: str, text: str) -> Kind:
    """Return a kind of a table with the answers of ROWS: every reader says B2, as the software does."""

    def check(folder: Path) -> None:
        shutil.copytree(study(), folder / "out")
        write(folder, {"r.tsv": text})
        code, told = command("agree", folder / "out", folder / "r.tsv")
        assert code == 0, told
        page = (folder / "out/agreement.html").read_text()
        assert "<img" not in page.replace('<img src="data:', "")
        for table in (folder / "out").glob("*agreement*.tsv"):
            assert not [
                cell
                for line in table.read_text().splitlines()
                for cell in line.split("\t")
                if cell[:1] in ("=", "@")
            ]

    return Kind("readers", made, "compared; names are inert", check)


READERS = [
    fine("a plain table", HEADER + ROWS),
    fine("markup for a reader's name", HEADER + ROWS.replace("r2", "<img src=x onerror=alert(1)>")),
    fine("a formula for a reader's name", HEADER + ROWS.replace("r2", "=1+1")),
    fine("a tab at the end of each row", HEADER + ROWS.replace("\n", "\t\n")),
    fine("labels without sub-", HEADER + ROWS.replace("sub-", "")),
    bad("no column of readers", "lacks the column of the reader", HEADER.replace("reader", "who") + ROWS),
    bad("an empty table", "is empty", ""),
    bad("the header alone", "hold no answer", HEADER, ""),
    bad("nothing answered", "hold no answer", HEADER + "sub-01\tr1\tn/a\t\n", ""),
    bad("a subgroup that is none", "mrics_subgroup is 'B9'", first("sub-01\tr1\tB9\t3\n")),
    bad("a scan that is not in the results", "sub-77 is not in the results", first("sub-77\tr1\tB2\t3\n"), ""),
    bad("a scan twice by one reader", "twice", HEADER + ROWS + "sub-01\tr1\tB2\t3\n", ""),
    bad("points above the scale", "fiori is '41'", first("sub-01\tr1\tB2\t41\n")),
    bad("points below 0", "fiori is '-1'", first("sub-01\tr1\tB2\t-1\n")),
    bad("infinite points", "fiori is 'inf'", first("sub-01\tr1\tB2\tinf\n")),
    bad("points that are a word", "fiori is 'many'", first("sub-01\tr1\tB2\tmany\n")),
    bad("a reader called software", "names no reader", first("sub-01\tsoftware\tB2\t3\n")),
    bad("no reader in a row", "names no reader", first("sub-01\t\tB2\t3\n")),
    bad("commas", "has commas between its cells", (HEADER + ROWS).replace("\t", ",")),
    bad("a tab too many within a row", "has 5 cells, the header 4", first("sub-01\t\tr1\tB2\t3\n")),
    bad("Latin-1", "holds bytes that are not UTF-8", (HEADER + ROWS.replace("r1", "Käthe")).encode("latin-1")),
    bad("zero bytes", "is not text", HEADER + "\0\n"),
    bad("a column mrics_subgrp", "which is not known", HEADER.replace("subgroup", "subgrp") + ROWS),
    bad("a column Fiori", "is it fiori?", HEADER.replace("fiori", "Fiori") + ROWS),
    bad("a column “MRICS subgroup”", "is it mrics_subgroup?", HEADER.replace("mrics_subgroup", "MRICS subgroup") + ROWS),
    bad("two readers that differ by case", "differ by case alone", HEADER + ROWS.replace("r2", "R1"), ""),
    bad("points such as 1_0", "fiori is '1_0'", first("sub-01\tr1\tB2\t1_0\n")),
    bad("points with a comma", "fiori is '1,5'", first("sub-01\tr1\tB2\t1,5\n")),
    bad("points in another script", "fiori is '٧'", first("sub-01\tr1\tB2\t٧\n")),
    bad("a group that is not the subgroup's", "B2 is not of group C", "participant_id\treader\tmrics_subgroup\tmrics_group\nsub-01\tr1\tB2\tC\n"),
    bad("a session where there are none", "is not in the results", "participant_id\tsession_id\treader\tfiori\nsub-01\t1\tr1\t3\n", ""),
    bad("case and participant_id of two scans", "is not in the reading list", "case\tparticipant_id\treader\tfiori\n1\tsub-01\tr1\t3\n"),
    bad("a workbook of Excel", "", b"PK\x03\x04" + bytes(range(200))),
]  # fmt: skip


@functools.cache
def norms() -> str:
    """Return norms.json of sixty controls, made by chance numbers."""
    chance = np.random.default_rng(0)
    people = [Person(age, "FM"[n % 2]) for n, age in enumerate(np.linspace(2, 18, 60).round(1).tolist())]
    values = pd.DataFrame({key: np.exp(10 + 0.1 * chance.normal(size=60)) for key in NORMED})
    return json.dumps(
        as_json(build_norms(people, values, {"Atlas": "cpimaging 2", "Controls": {"F": 30, "M": 30}}))
    )


def no_norms(made: str, words: str, change: Callable[[dict[str, object]], object]) -> Kind:
    """Return a kind of a norms.json; change: alters its content, or returns its text."""

    def check(folder: Path) -> None:
        tree(folder / "bids", ("good",))
        content = json.loads(norms())
        text = change(content)
        if text is not FileNotFoundError:
            write(folder, {"norms/norms.json": text if isinstance(text, str) else json.dumps(content)})
        config = {
            "bids_dir": str(folder / "bids"),
            "output_dir": str(folder / "out"),
            "norms_dir": str(folder / "norms"),
        }
        planning_refused(config, words, "norms.json")

    return Kind("norms", made, refused(words), check)


def of_first(key: str, value: object) -> Callable[[dict[str, object]], object]:
    """Return what alters the first measure."""

    def change(content: dict[str, object]) -> None:
        content["Measures"][0][key] = value  # type: ignore[index]

    return change


def lower_by(log: float) -> Callable[[dict[str, object]], object]:
    """Return what lowers the logarithm of everything that is expected."""

    def change(content: dict[str, object]) -> None:
        for measure in content["Measures"]:  # type: ignore[attr-defined]
            measure["Coefficients"][0] -= log

    return change


MEASURED = pd.DataFrame(
    [
        {"measure": measure, "structure": structure, "side": side, "value": 22000.0, "unit": "mm3"}
        for measure, structure, side in NORMED
    ]
)


def not_covered(made: str, words: str, atlas: str = "cpimaging 2", **person: object) -> Kind:
    """Return a kind of a scan that the norms do not cover: no z-score, and it is told why."""

    def check(folder: Path) -> None:
        write(folder, {"norms/norms.json": norms()})
        scan = Scan("01", None, {"T1w": "x.nii"}, **{"age_years": 5.0, "sex": "F", **person})  # type: ignore[arg-type]
        job = Job(folder / "out", "sub-01", norms_dir=str(folder / "norms"), planned=Entry(folder, scan))
        table, notes = with_norms(job, MEASURED, atlas)
        assert table.equals(MEASURED)
        assert any(f"not applied: {words}" in note for note in notes), notes

    return Kind("norms", made, f"no z-score; told: “{words}”", check)


def setting(key: str, value: object) -> Callable[[dict[str, object]], object]:
    return lambda content: content.update({key: value})


HOLDS_NONE = "holds no norms"
NORMS = [
    no_norms("absent", "no such file", lambda _: FileNotFoundError),
    no_norms("broken", "is not valid JSON", lambda _: "{"),
    no_norms("null", HOLDS_NONE, lambda _: "null"),
    no_norms("an empty object", HOLDS_NONE, lambda _: "{}"),
    no_norms("100,000 brackets", "is not valid JSON", lambda _: "[" * 100_000),
    no_norms("of another atlas", "was measured with the atlas", setting("Atlas", "AAL 3")),
    no_norms("no ages", HOLDS_NONE, setting("Ages", [])),
    no_norms("ages that are NaN", HOLDS_NONE, setting("Ages", [float("nan"), 3.0])),
    no_norms("ages that are words", HOLDS_NONE, setting("Ages", ["two", "three"])),
    no_norms("knots that are infinite", HOLDS_NONE, lambda content: setting("Knots", [float("inf")] * len(content["Knots"]))(content)),  # type: ignore[arg-type]
    no_norms("controls that are a number", HOLDS_NONE, setting("Controls", 5)),
    no_norms("a coefficient that is NaN", HOLDS_NONE, lambda content: of_first("Coefficients", [float("nan")] * len(content["Measures"][0]["Coefficients"]))(content)),  # type: ignore[index]
    no_norms("a coefficient too few", HOLDS_NONE, lambda content: of_first("Coefficients", content["Measures"][0]["Coefficients"][:-1])(content)),  # type: ignore[index]
    no_norms("a scatter of 0: every z is infinite", HOLDS_NONE, of_first("ResidualSD", 0.0)),
    no_norms("a scatter below 0: every z changes its sign", HOLDS_NONE, of_first("ResidualSD", -0.1)),
    no_norms("no measures", HOLDS_NONE, setting("Measures", [])),
    no_norms("one measure twice, with other numbers", HOLDS_NONE, lambda content: content["Measures"].append({**content["Measures"][0], "ResidualSD": 9.0})),  # type: ignore[attr-defined,index]
    no_norms("a measure of another name", HOLDS_NONE, of_first("Measure", "volume_ml")),
    no_norms("a structure of another name", HOLDS_NONE, of_first("Structure", "soul")),
    no_norms("the other side's word", HOLDS_NONE, of_first("Side", "L")),
    no_norms("volumes in ml", HOLDS_NONE, lower_by(np.log(1000))),
    no_norms("volumes in litres", HOLDS_NONE, lower_by(np.log(1e6))),
    no_norms("volumes that are no logarithms", HOLDS_NONE, lower_by(-20000.0)),
    no_norms("ages in days", HOLDS_NONE, lambda content: setting("Ages", [365.25 * age for age in content["Ages"]])(content)),  # type: ignore[attr-defined]
    no_norms("ages below 0", HOLDS_NONE, lambda content: setting("Ages", [-1.0, *content["Ages"]])(content)),  # type: ignore[misc]
    no_norms("knots the wrong way round", HOLDS_NONE, lambda content: setting("Knots", content["Knots"][::-1])(content)),  # type: ignore[index]
    no_norms("one knot twice", HOLDS_NONE, lambda content: setting("Knots", [content["Knots"][0], *content["Knots"][:-1]])(content)),  # type: ignore[index]
    no_norms("a third sex without its coefficient", HOLDS_NONE, setting("Sexes", ["F", "M", "O"])),
    no_norms("an uncertainty below 0", HOLDS_NONE, lambda content: of_first("Spread", (-np.eye(len(content["Measures"][0]["Coefficients"]))).tolist())(content)),  # type: ignore[index]
    no_norms("no degrees of freedom", HOLDS_NONE, of_first("DegreesOfFreedom", 0)),
]  # fmt: skip

COVERED = [
    not_covered("of another version of the atlas", "they were measured with the atlas cpimaging 2, not cpimaging 3", "cpimaging 3"),
    not_covered("for a scan of unknown age", "the age is not known", age_years=None),
    not_covered("for a scan that is older", "norms are of 2.0 to 18.0 years", age_years=18.5),
    not_covered("for a newborn", "norms are of 2.0 to 18.0 years", age_years=0.02),
    not_covered("for a scan of another sex", "norms are of F and M alone, sex is O", sex="O"),
    not_covered("for a scan of unknown sex", "norms are of F and M alone, sex is n/a", sex="n/a"),
]  # fmt: skip

KINDS = [*READERS, *NORMS, *COVERED]
