"""The words of the project: images, atlases, lesions, patterns and flags; for columns see `columns`."""

import errno
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NotRequired, Required, TypedDict

import numpy as np
from numpy.typing import NDArray

from cpimaging.columns import LESIONLOAD, LESIONPARTS, LESIONRUNS, LESIONS, MORPHOMETRY, dtypes
from cpimaging.words import Side

Verdict = Literal["pass", "warn", "fail", "not_applicable"]


@dataclass(frozen=True)
class Contrast:
    """What an MRI contrast looks like.

    fluid_bright: fluid against tissue, at any age. white_bright: white against grey matter, of a grown brain;
    None where they hardly differ. quantitative: its numbers have a unit, so that it is never bias-corrected.
    named: other words for it in the names of masks, in lower case; what is on its grid counts as well.
    """

    fluid_bright: bool
    white_bright: bool | None
    quantitative: bool = False
    named: tuple[str, ...] = ()


LOOKS: Mapping[str, Contrast] = {
    "T1w": Contrast(fluid_bright=False, white_bright=True, named=("t1",)),
    "T2w": Contrast(fluid_bright=True, white_bright=False, named=("t2",)),
    "FLAIR": Contrast(fluid_bright=False, white_bright=False),
    "ADC": Contrast(fluid_bright=True, white_bright=None, quantitative=True, named=("dwi", "trace", "b0")),
}
CONTRASTS = tuple(LOOKS)
"""The MRI contrasts that are read, in the order in which one is chosen as the reference."""

LESIONLOAD_COLUMNS = dtypes(LESIONLOAD)
LESIONS_COLUMNS = dtypes(LESIONS)
LESIONRUNS_COLUMNS = dtypes(LESIONRUNS)
LESIONPARTS_COLUMNS = dtypes(LESIONPARTS)
MORPHOMETRY_COLUMNS = dtypes(MORPHOMETRY)
"""The dtype of each column of a table, by name; what the columns mean stands in `columns`."""


Table = Mapping[str, Any]
"""A table by column, each a list or an array of cells; a data frame is one as well."""


def rows_of(table: Table, names: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """Yield some cells of each row, as plain numbers and text."""
    columns = (table[name] for name in names)
    return zip(*(column if isinstance(column, list) else column.tolist() for column in columns), strict=True)


def measures_of(morphometry: Table) -> dict[tuple[str, str, str], float]:
    """Return the values of a morphometry table by measure, structure and side."""
    rows = rows_of(morphometry, ("measure", "structure", "side", "value"))
    return {(measure, structure, side): float(value) for measure, structure, side, value in rows}


def plain(text: str) -> str:
    """Return text that can be written and printed as one line: what cannot be is escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class InputError(ValueError):
    """Bad input, told in one plain line: which file, what is wrong, what to do."""

    def __init__(self, path: Path | str, problem: str, cure: str) -> None:
        self.path, self.problem, self.cure = path, plain(problem), plain(cure)
        super().__init__(f"{plain(str(path))}: {self.problem}; {self.cure}")


def of_system(error: OSError, path: Path | str = "a file") -> InputError:
    """Return what the file system refused as bad input: a full disk, a folder where a file belongs.

    path: what is meant where the system names no file, as while one is written.
    """
    cure = "make room and start again" if error.errno in FULL else "mend it and start again"
    return InputError(error.filename2 or error.filename or path, error.strerror or str(error), cure)


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""How systems say that a disk, a share of it, or a file is full."""


@dataclass(frozen=True)
class Image:
    """A 3-D image whose array axes run to the right, to the front and up (RAS+).

    data: array of shape (x, y, z), or (x, y, z, 3) for a displacement field in mm. affine: (4, 4),
    voxel index to world mm, RAS+.
    axcodes: axis order of the file that it came from or goes to, e.g. ("L", "A", "S").
    """

    data: NDArray[Any]
    affine: NDArray[np.float64]
    axcodes: tuple[str, str, str] = ("R", "A", "S")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along x, y and z."""
        x, y, z = self.data.shape[:3]
        return x, y, z

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel edge lengths in mm along x, y and z."""
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(x), float(y), float(z)

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel in mm³: |det| of the affine's upper left 3 × 3, exact where it is diagonal."""
        x, y, z = self.affine[:3, :3].T
        return float(abs(x @ np.cross(y, z)))

    def with_data(self, data: NDArray[Any]) -> "Image":
        """Return an image of other voxel values on this one's grid."""
        if data.shape != self.data.shape:
            raise ValueError(f"shape {data.shape} is not this grid's {self.data.shape}")
        return Image(data, self.affine, self.axcodes)

    def same_grid(self, other: "Image", tolerance_mm: float = 1e-2) -> bool:
        """Tell whether both images have the same shape and the same voxel positions."""
        if self.data.shape != other.data.shape:
            return False
        far = np.array([[*corner, 1.0] for corner in np.ndindex(2, 2, 2)]).T
        far[:3] *= np.array(self.data.shape)[:, None]
        return bool(np.abs((self.affine - other.affine) @ far).max() <= tolerance_mm)


@dataclass(frozen=True)
class Region:
    """One label of an atlas: number in the image, display name, and its place in the vocabulary."""

    index: int
    name: str
    structure: str
    side: Side
    tissue: str
    lobe: str = "n/a"

    @property
    def called(self) -> str:
        """What tables call it: its structure, or its own name where the vocabulary has no word for it."""
        return self.name if self.structure == "n/a" else self.structure


@dataclass(frozen=True)
class LabelMap:
    """A label image with the table that names its numbers; 0 is background."""

    labels: Image
    regions: tuple[Region, ...]


_UNNAMED_LABEL = "label {} is in the image but not in the table of regions"


def region_positions(values: NDArray[Any], regions: Sequence[Region]) -> NDArray[np.int32]:
    """Return where each label number stands in `regions`, counted from 1; background stays 0.

    values: integer array of any shape. Raises ValueError for a number that `regions` does not name.
    """
    if not np.issubdtype(values.dtype, np.integer):
        raise ValueError(f"labels must be whole numbers, not {values.dtype}")
    table = np.zeros(max((region.index for region in regions), default=0) + 1, dtype=np.int32)
    table[[region.index for region in regions]] = np.arange(1, len(regions) + 1)
    outside = (values < 0) | (values >= len(table))
    if outside.any():
        raise ValueError(_UNNAMED_LABEL.format(values[outside][0]))
    positions: NDArray[np.int32] = table[values]
    unnamed = (positions == 0) & (values != 0)
    if unnamed.any():
        raise ValueError(_UNNAMED_LABEL.format(values[unnamed][0]))
    return positions


def shared_regions(regions: Sequence[Region]) -> dict[int, tuple[int, int]]:
    """Return the regions on the midline of structures that have both sides: place → places of left and right.

    Such a region is the plane between the sides; each of its voxels counts half for either, so that the
    sides add up to the whole and mirrored labels give mirrored volumes. Places count from 0.
    """
    places = {
        (region.side, region.structure, region.lobe): place
        for place, region in reversed(list(enumerate(regions)))
        if region.structure != "n/a"
    }
    return {
        place: (places["left", *what], places["right", *what])
        for place, region in enumerate(regions)
        if region.side == "midline"
        and ("left", *(what := (region.structure, region.lobe))) in places
        and ("right", *what) in places
    }


def region_counts(values: NDArray[Any], regions: Sequence[Region]) -> NDArray[np.float64]:
    """Count the voxels of each region, (regions,); those of `shared_regions` count for the sides."""
    positions = region_positions(values, regions).ravel()
    counts = np.bincount(positions, minlength=len(regions) + 1)[1:].astype(np.float64)
    for place, sides in shared_regions(regions).items():
        counts[list(sides)] += counts[place] / 2
        counts[place] = 0
    return counts


@dataclass(frozen=True)
class Atlas:
    """An exclusive label map, plus overlays (tracts, territories, watershed) that may overlap it.

    space: name of the template that it lives in, e.g. "MNI152NLin2009aSym".
    manifest: BIDS description: License, Citations (list of str), Approximate (list of structures), …
    """

    name: str
    version: str
    space: str
    dseg: LabelMap
    overlays: Mapping[str, LabelMap] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """One step of a decision: the rule, what was measured, the limit that it met, and its source."""

    rule: str
    value: float | str
    limit: float | str
    source: str


@dataclass(frozen=True)
class Flag:
    """One quality check: what was measured, its limit, and whether it holds."""

    name: str
    value: float | str
    limit: float | str
    ok: bool
    severity: Literal["warn", "fail"] = "warn"


@dataclass(frozen=True)
class ScanContext:
    """What a scorer must know of a scan beside its tables.

    age_years is None where unknown. lesion_source: "given mask", "lesion_command", "detected", or None
    where the lesion was not assessed, for the reason in lesion_not_assessed. qc: the verdict of the checks.
    age_years is that of the brain's maturation; postnatal_days count from birth. gestation_weeks: at birth.
    pma_weeks: postmenstrual age at the scan.
    """

    age_years: float | None
    contrasts: Sequence[str]
    lesion_source: str | None
    qc: Verdict
    lesion_not_assessed: str | None = None
    postnatal_days: float | None = None
    gestation_weeks: float | None = None
    pma_weeks: float | None = None


class FlagContent(TypedDict):
    """A flag as it stands in a qc JSON."""

    name: str
    value: float | str
    limit: float | str
    ok: bool
    severity: NotRequired[Literal["warn", "fail"]]


class Quality(TypedDict, total=False):
    """Content of a qc JSON."""

    verdict: Required[Verdict]
    flags: list[FlagContent]
    template_volume_ratio: float


class LesionRecord(TypedDict):
    """What the lesions stage wrote down.

    MaskSource: None where the lesion was not assessed, for the reason in NotAssessed. NotSearched: tissues.
    """

    MaskSource: str | None
    NotAssessed: str | None
    NotSearched: list[str]
    Notes: list[str]
