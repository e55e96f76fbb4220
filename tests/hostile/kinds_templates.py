"""Folders of templates by age: refused while the study is planned, or where the template is built."""

from collections.abc import Callable, Mapping
from pathlib import Path

import nibabel as nib
import numpy as np
from entrances import planning_refused
from kinds import Kind, refusal, refused
from kinds_atlases import AFFINE, DATA
from kinds_tables import tree

from cpimaging.atlases.ages.build import check_contrasts, read_brain
from cpimaging.atlases.ages.parents import check_parents
from cpimaging.atlases.ages.table import COLUMNS, FILES, read_templates
from cpimaging.types import Image, Region

HEAD = "\t".join(COLUMNS)
Change = Callable[[Path], object]


def image(data: np.ndarray = DATA, affine: np.ndarray = AFFINE, code: int = 1) -> nib.Nifti1Image:
    made = nib.Nifti1Image(data.astype(np.int16), affine)
    made.set_sform(affine, code)
    made.set_qform(affine if code else None, code)
    return made


def row(name: str = "new", low: object = 36, high: object = 44, via: str = "n/a", **cells: str) -> str:
    files = {"T1w": "t1.nii", "T2w": "t2.nii", "brain_mask": "n/a", "dseg": "n/a", "dseg_table": "n/a"}
    return "\t".join(
        [name, str(low), str(high), *({**files, **cells}[key] for key in FILES), via, "CC0", "x"]
    )


def folder_of(folder: Path, text: str | bytes, change: Change) -> Path:
    folder.mkdir()
    for name in ("t1", "t2", "mask"):
        nib.save(image(), folder / f"{name}.nii")
    (folder / "templates.tsv").write_bytes(text if isinstance(text, bytes) else text.encode())
    change(folder)
    return folder


def table(made: str, words: str, *rows: str, head: str = HEAD, change: Change = lambda _: None) -> Kind:
    """Return a kind of a templates.tsv that stops the study before anything runs."""

    def check(folder: Path) -> None:
        tree(folder / "bids", ("good",))
        folder_of(folder / "templates", "\n".join([head, *rows]) + "\n" if head else "", change)
        places = {"bids_dir": "bids", "output_dir": "out", "templates_dir": "templates"}
        planning_refused({key: str(folder / name) for key, name in places.items()}, words, "templates")
        assert not (folder / "out").exists()

    return Kind("templates by age", made, refused(words), check)


def saved(name: str, data: np.ndarray = DATA, affine: np.ndarray = AFFINE, code: int = 1) -> Change:
    return lambda folder: nib.save(image(data, affine, code), folder / name)


def shifted() -> np.ndarray:
    affine = AFFINE.copy()
    affine[0, 3] += 4
    return affine


RANGE, TWICE = "is no range of postmenstrual ages", "names the file t1.nii twice"
TABLES = [
    table("no table", "no such file", change=lambda f: (f / "templates.tsv").unlink()),
    table("a table that is a folder", "no such file", change=lambda f: ((f / "templates.tsv").unlink(), (f / "templates.tsv").mkdir())),
    table("an empty table", "is empty", head=""),
    table("commas for tabs", "commas", row().replace("\t", ","), head=HEAD.replace("\t", ",")),
    table("a column that is not there", "lacks the column(s) via", row(), head=HEAD.replace("via", "after")),
    table("a tab too few", "cells, the header", row().rpartition("\t")[0]),
    table("weeks that are words", "its weeks are not numbers", row(low="term")),
    table("weeks that are NaN", RANGE, row(low="nan")),
    table("weeks without an end", RANGE, row(high="inf")),
    table("weeks the wrong way round", RANGE, row(low=44, high=36)),
    table("ages in months: 0 to 6", RANGE, row(low=0, high=6)),
    table("ages in months: 12 to 24", RANGE, row(low=12, high=24)),
    table("ages in years: 2 to 5", RANGE, row(low=2, high=5)),
    table("one name twice", "names new twice", row(), row()),
    table("no row", "names no template"),
    table("a name with a slash", "is none for a template", row("../new")),
    table("the name of the adult template", "is none for a template", row("adult")),
    table("a way to a template that is not there", "goes via old, which is not there", row(via="old")),
    table("a way to itself", "goes in a circle", row(via="new")),
    table("a way in a circle of two", "goes in a circle", row(via="old"), row("old", 60, 90, via="new")),
    table("an image that is not there", "there is no file t9.nii", row(T1w="t9.nii")),
    table("an image that is a folder", "there is no file .", row(T1w=".")),
    table("neither T1w nor T2w", "has neither T1w nor T2w", row(T1w="n/a", T2w="n/a")),
    table("one file as T1w and as T2w", TWICE, row(T2w="t1.nii")),
    table("one file as T1w and as brain mask, by a link", TWICE, row(brain_mask="b.nii"), change=lambda f: (f / "b.nii").symlink_to("t1.nii")),
    table("labels without a table", "has labels without a table", row(dseg="mask.nii")),
    table("an image that is text", "its header cannot be read", row(), change=lambda f: (f / "t2.nii").write_text("x" * 400)),
    table("an empty image", "is empty", row(), change=lambda f: (f / "t2.nii").write_bytes(b"")),
    table("an image of two volumes", "has 2 volumes", row(), change=saved("t2.nii", np.stack([DATA, DATA], -1))),
    table("an image without orientation", "left and right are unknown", row(), change=saved("t1.nii", code=0)),
    table("T1w and T2w 4 mm apart", "lies on another grid", row(), change=saved("t2.nii", affine=shifted())),
    table("T1w and T2w of other shapes", "lies on another grid", row(), change=saved("t2.nii", DATA[1:])),
    table("a brain mask of another grid", "lies on another grid", row(brain_mask="mask.nii"), change=saved("mask.nii", affine=shifted())),
]  # fmt: skip


def brain_mask(made: str, data: np.ndarray) -> Kind:
    def check(folder: Path) -> None:
        made_of = folder_of(folder / "t", f"{HEAD}\n{row(brain_mask='mask.nii')}\n", saved("mask.nii", data))
        template = read_templates(made_of)["new"]
        refusal(lambda: read_brain(template), "is no mask of two values", "mask.nii")

    return Kind("templates by age", f"a brain mask: {made}", refused("is no mask of two values"), check)


def blank(contrast: str, **cells: str) -> Kind:
    def check(folder: Path) -> None:
        name = {"T1w": "t1.nii", "T2w": "t2.nii"}[contrast]
        made_of = folder_of(folder / "t", f"{HEAD}\n{row(**cells)}\n", saved(name, DATA * 0))
        template = read_templates(made_of)["new"]
        refusal(lambda: read_brain(template), "shows nothing", name)

    made = f"a {contrast} of zeros{' alone' if cells else ''}"
    return Kind("templates by age", made, refused("shows nothing (no voxel is above 0)"), check)


THALAMI = [
    Region(number, side, "thalamus", side, "deep_grey") for number, side in ((300, "left"), (70001, "right"))
]  # type: ignore[arg-type]


def own_labels(made: str, words: str, data: np.ndarray, parents: Mapping[int, list[int]]) -> Kind:
    """Return a kind of a template's own labels, on which the atlas has a thalamus on either side."""

    def check(folder: Path) -> None:
        def read() -> None:
            carried, own = Image(DATA, AFFINE), Image(data, AFFINE)
            check_parents(carried, own, parents, THALAMI, folder / "dseg.nii.gz")

        if words:
            refusal(read, words, "dseg.nii.gz")
        else:
            read()

    return Kind("templates by age", f"its own labels: {made}", refused(words) if words else "taken", check)


FLUID = Region(5, "horn", "lateral_ventricle_body", "left", "csf")
BRAIN = np.where(np.arange(DATA.shape[2]) < 7, DATA, np.where(DATA, 5, 0))


def contrasts(made: str, words: str, swapped: bool) -> Kind:
    """Return a kind of a template's images on labels that the atlas brought: fluid 100 on T1w, 900 on T2w."""

    def check(folder: Path) -> None:
        template = read_templates(folder_of(folder / "t", f"{HEAD}\n{row()}\n", lambda _: None))["new"]
        levels = {"T1w": (100, 500), "T2w": (900, 500)}
        names = {"T1w": "T2w", "T2w": "T1w"} if swapped else {"T1w": "T1w", "T2w": "T2w"}
        images = {
            name: Image(np.where(BRAIN == 5, fluid, grey), AFFINE) for name, (fluid, grey) in levels.items()
        }
        named = {name: images[of] for name, of in names.items()}

        def read() -> None:
            check_contrasts(template, named, Image(BRAIN, AFFINE), [*THALAMI, FLUID])

        if words:
            refusal(read, words, "t1.nii")
        else:
            read()

    return Kind("templates by age", made, refused(words) if words else "taken", check)


OWN = np.select([DATA == 300, DATA == 70001], [1, 2])
BUILT = [
    brain_mask("soft", np.arange(DATA.size).reshape(DATA.shape) % 200),
    brain_mask("labels", OWN),
    brain_mask("nothing", DATA * 0),
    blank("T1w"),
    blank("T2w"),
    blank("T2w", T1w="n/a"),
    contrasts("T1w and T2w as they are named", "", swapped=False),
    contrasts("T1w and T2w swapped", "are T1w and T2w swapped", swapped=True),
    own_labels("as the atlas has them", "", OWN, {1: [300], 2: [70001]}),
    own_labels("without sides", "", OWN > 0, {1: [300, 70001]}),
    own_labels("mirrored", "are left and right swapped?", OWN[::-1].copy(), {1: [300], 2: [70001]}),
    own_labels("a table of other labels", "is dseg_table that of its labels?", np.roll(OWN, 4, 1) + OWN, {1: [], 2: []}),
    own_labels("one of several elsewhere", "its label 2 lies elsewhere", np.where(OWN == 2, 0, OWN) + 2 * np.roll(OWN == 2, 6, 1), {1: [300], 2: [70001]}),
    own_labels("none of the table's numbers", "holds none of the labels", OWN, {7: [300]}),
]  # fmt: skip

KINDS = [*TABLES, *BUILT]
