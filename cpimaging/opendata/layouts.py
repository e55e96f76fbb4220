"""How three public datasets lie on disk, as their releases describe it: by names alone."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cpimaging.imagefiles.content import require_content
from cpimaging.io import read_yaml
from cpimaging.types import InputError


@dataclass(frozen=True)
class Given:
    """One scan of a source. Keys of files are data type and end of the name in BIDS, such as "anat/T1w".

    participant, session: labels; session is None where there are none. derived: what somebody made of the
    images. lesion: the mask, if there is one. told: cells of participants.tsv.
    """

    participant: str
    session: str | None
    images: Mapping[str, Path]
    derived: Mapping[str, Path] = field(default_factory=dict)
    lesion: tuple[str, Path] | None = None
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """A dataset, as layouts.yaml says it. notes: what who uses it must know. find: names its scans."""

    name: str
    title: str
    licence: str
    cite: str
    looks: str
    notes: str
    find: Callable[[Path], Iterator[Given]]
    lesion: int | None
    other: str | None


_ADC = re.compile(r"(?P<who>.+)-VISIT_(?P<visit>\d+)-ADC_ss\.mha")


def _bonbid(root: Path) -> Iterator[Given]:
    """Yield the scans below 1ADC_ss; ADC maps without skull, z-scores against healthy newborns, masks."""
    for folder in _folders(root, "1adc_ss"):
        beside = {path.name.lower(): path for path in folder.parent.iterdir() if path.is_dir()}
        masks = beside.get("3label", root)
        _check_taken(
            (mask, folder / mask.name.replace("_lesion", "-ADC_ss")) for mask in masks.glob("*_lesion.mha")
        )
        for path in sorted(folder.glob("*.mha")):
            match = _ADC.fullmatch(path.name)
            if match is None:
                raise InputError(path, "is not named as in the release", "…-VISIT_01-ADC_ss.mha is expected")
            who, visit = match["who"], match["visit"]
            scores = beside.get("2z_adc", root)
            zmap = _there(scores / f"Zmap_{who}-VISIT_{visit}-ADC_smooth2mm_clipped10.mha")
            mask = _there(masks / f"{who}-VISIT_{visit}_lesion.mha")
            yield Given(
                re.sub("[^0-9A-Za-z]", "", who),
                visit,
                {"dwi/ADC": path},
                {"dwi/desc-zscore_ADC": zmap} if zmap else {},
                ("dwi/label-L_mask", mask) if mask else None,
                {"split": folder.parent.name},
            )


_ATLAS2_MASK = "label-L_desc-T1lesion_mask.nii.gz"
_T1W = re.compile(r"sub-(?P<who>r\d+s\d+)_ses-(?P<visit>[0-9A-Za-z]+)_(?P<space>space-\w+)_T1w\.nii\.gz")


def _atlas2(root: Path) -> Iterator[Given]:
    """Yield the scans of all sites; images in the space of the template, masks beside them."""
    masks = sorted(root.rglob("sub-*mask.nii.gz"))
    if odd := next((mask for mask in masks if not mask.name.endswith(_ATLAS2_MASK)), None):
        raise InputError(odd, "is not named as in the release", f"…{_ATLAS2_MASK} is expected")
    _check_taken((mask, mask.with_name(mask.name.replace(_ATLAS2_MASK, "T1w.nii.gz"))) for mask in masks)
    for path in sorted(root.rglob("sub-*_T1w.nii.gz")):
        match = _T1W.fullmatch(path.name)
        if match is None:
            raise InputError(path, "is not named as in the release", "sub-r…s…_ses-1_space-…_T1w is expected")
        name = f"{match['space']}_label-L_desc-T1lesion_mask"
        mask = _there(path.with_name(path.name.replace(f"{match['space']}_T1w", name)))
        above = path.relative_to(root).parts
        split = next((part for part in above if part in ("Training", "Testing")), "n/a")
        site = match["who"].partition("s")[0].upper()
        yield Given(
            match["who"],
            match["visit"],
            {f"anat/{match['space']}_T1w": path},
            lesion=(f"anat/{name}", mask) if mask else None,
            told={"site": site, "split": split},
        )


def _wmh(root: Path) -> Iterator[Given]:
    """Yield the cases: the original FLAIR, which the mask was drawn on, and the 3-D T1w."""
    _check_taken((mask, mask.parent / "orig/FLAIR.nii.gz") for mask in root.rglob("wmh.nii.gz"))
    for flair in sorted(root.rglob("orig/FLAIR.nii.gz")):
        case = flair.parents[1]
        t1w = next(
            (path for name in ("3DT1", "T1") if (path := _there(flair.with_name(f"{name}.nii.gz")))), None
        )
        mask = _there(case / "wmh.nii.gz")
        above = case.relative_to(root).parts[:-1]
        split = next((part for part in above if part in ("training", "test")), "n/a")
        site = " ".join(part for part in above if part != split)
        yield Given(
            re.sub("[^0-9A-Za-z]", "", case.name),
            None,
            {"anat/FLAIR": flair, **({"anat/T1w": t1w} if t1w else {})},
            lesion=("anat/space-FLAIR_label-L_mask", mask) if mask else None,
            told={"site": site or "n/a", "split": split},
        )


def _there(path: Path) -> Path | None:
    """Return a file that may be there or not. Raises InputError for one whose content is elsewhere."""
    if not os.path.lexists(path):
        return None
    require_content(path)
    return path


def _check_taken(masks: Iterable[tuple[Path, Path]]) -> None:
    """Raise InputError for a mask without the image that it was drawn on, beside it: it would be left out."""
    for mask, image in sorted(masks):
        if _there(image) is None:
            beside = os.path.relpath(image, mask.parent)
            raise InputError(mask, f"has no {beside} beside it", "complete it, or take the mask away")


def _folders(root: Path, name: str) -> list[Path]:
    return sorted(path for path in (root, *root.rglob("*")) if path.name.lower() == name and path.is_dir())


LAYOUTS = ("bonbid", "atlas2", "wmh")
"""The datasets, by the word on the command line."""


def layout(name: str) -> Layout:
    """Return a dataset of LAYOUTS."""
    find = {"bonbid": _bonbid, "atlas2": _atlas2, "wmh": _wmh}[name]
    return Layout(name=name, find=find, **read_yaml(Path(__file__).with_suffix(".yaml"))[name])
