"""The only module that opens image and table files. Writes are whole or not at all."""

import csv
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd
import yaml
from nibabel.filebasedimages import ImageFileError
from nibabel.openers import Opener
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray
from zlib_ng import gzip_ng, zlib_ng

from cpimaging.tables import strict_cells
from cpimaging.types import Image, InputError

Opener.default_compresslevel = 3  # a third of the time of level 6, 5 % larger

UNREADABLE = "cannot be read, it may be truncated"


@contextmanager
def whole(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` once the block has succeeded.

    The name is unique per process, so that the orphan of a killed run cannot spoil the next one.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
        for written in _LISTS:
            written.append(path)
    finally:
        temporary.unlink(missing_ok=True)


_LISTS: list[list[Path]] = []


@contextmanager
def noted_writes() -> Iterator[list[Path]]:
    """Yield a list to which every file that is written in the block is added."""
    written: list[Path] = []
    _LISTS.append(written)
    try:
        yield written
    finally:
        _LISTS.pop()


def read_image(path: Path | str, *, labels: bool = False) -> Image:
    """Read a 3-D NIfTI image, axes turned to RAS+; its axis order on disk is kept in `axcodes`.

    labels: keep the stored numbers exactly; otherwise scaled float32.
    Raises InputError where the file is missing, broken, not an image, or has more than one volume.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(path, "no such file", "check the path")
    try:
        image = nib.load(path)
        data = (
            np.asanyarray(image.dataobj) if labels else image.get_fdata(dtype=np.float32, caching="unchanged")
        )
    except (ImageFileError, OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError(path, UNREADABLE, "copy it again or convert it anew") from error
    data = np.array(data)
    while data.ndim > 3 and data.shape[-1] == 1:
        data = data[..., 0]
    if data.ndim != 3:
        raise InputError(
            path, f"has shape {data.shape}, one 3-D volume is expected", "split it or choose one volume"
        )
    if min(data.shape) < 2:
        raise InputError(path, f"has shape {data.shape}, a volume is expected", "give the whole 3-D image")
    return _to_ras(data, np.asarray(image.affine, dtype=float), path)


@dataclass(frozen=True)
class Sparse:
    """The voxels of an image that are not 0, and the grid that they lie on, axes turned to RAS+.

    index: flat, C order. found: their values, as stored. shape, affine: of the whole image, as in `Image`.
    """

    index: NDArray[np.intp]
    found: NDArray[Any]
    shape: tuple[int, int, int]
    affine: NDArray[np.float64]


def read_sparse(path: Path | str) -> Sparse:
    """Read the voxels of a 3-D NIfTI image that are not 0: three times as fast as the whole of a mask.

    Only those voxels are turned to RAS+. Raises InputError as `read_image` does.
    """
    path = Path(path)
    _require_content(path)
    try:
        content = path.read_bytes()
        content = gzip_ng.decompress(content) if path.suffix == ".gz" else content
        data, affine = _volume(content)
    # zlib-ng's stubs take the class of its errors for an instance
    except (ImageFileError, HeaderDataError, OSError, EOFError, ValueError, zlib_ng.error) as error:  # type: ignore[misc]
        raise InputError(path, UNREADABLE, "copy it again or convert it anew") from error
    if data.ndim != 3 or min(data.shape) < 2:
        raise InputError(path, f"has shape {data.shape}, one 3-D volume is expected", "choose one volume")
    _check_affine(affine, path)
    found = np.flatnonzero((data != 0).ravel(order="F"))  # NIfTI's own order: no copy
    values = data.ravel(order="F")[found]
    orientation = nib.io_orientation(affine)
    ras_affine = affine @ nib.orientations.inv_ornt_aff(orientation, data.shape)
    stored = np.unravel_index(found, data.shape, order="F")
    place, shape = [stored[0]] * 3, [0] * 3
    for axis, (target, direction) in enumerate(orientation.astype(int)):
        shape[target] = data.shape[axis]
        place[target] = stored[axis] if direction > 0 else data.shape[axis] - 1 - stored[axis]
    x, y, z = shape
    return Sparse(np.ravel_multi_index(tuple(place), (x, y, z)), values, (x, y, z), ras_affine)


def _volume(content: bytes) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the array and the affine of a NIfTI file in memory; volumes of one are dropped as an axis."""
    kind = nib.Nifti2Image if int.from_bytes(content[:4], "little") in NIFTI2_SIZES else nib.Nifti1Image
    image = kind.from_bytes(content)
    data = np.asanyarray(image.dataobj)
    while data.ndim > 3 and data.shape[-1] == 1:
        data = data[..., 0]
    return data, np.asarray(image.affine, dtype=float)


NIFTI2_SIZES = (540, int.from_bytes((540).to_bytes(4, "big"), "little"))
"""What the first number of a NIfTI-2 file is, in either byte order."""


@dataclass(frozen=True)
class Header:
    """Where an image lies, without its voxels.

    shape: of the stored array. affine: (4, 4), voxel index to world mm, the one that is used.
    sform, qform: both affines that a NIfTI header may state, None where it does not.
    oriented: False where a NIfTI header states neither, so that left and right are unknown.
    """

    shape: tuple[int, ...]
    affine: NDArray[np.float64]
    sform: NDArray[np.float64] | None
    qform: NDArray[np.float64] | None
    oriented: bool


def read_header(path: Path | str) -> Header:
    """Read an image's header alone.

    Raises InputError where the file is missing, empty, a stand-in for content kept elsewhere
    (git-annex, git-lfs), not an image, or an uncompressed one shorter than its header says.
    """
    path = Path(path)
    _require_content(path)
    try:
        image = nib.load(path)
        affine = np.asarray(image.affine, dtype=float)
        nifti = isinstance(image, nib.Nifti1Pair)
        sform, qform = (
            (image.get_sform(coded=True)[0], image.get_qform(coded=True)[0]) if nifti else (None, None)
        )
    except (ImageFileError, HeaderDataError, OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError(path, "its header cannot be read", "copy it again or convert it anew") from error
    voxels = int(np.prod(image.shape)) * image.get_data_dtype().itemsize
    if path.suffix == ".nii" and path.stat().st_size < image.dataobj.offset + voxels:
        raise InputError(path, "is truncated", "copy it again or convert it anew")
    return Header(image.shape, affine, sform, qform, not nifti or sform is not None or qform is not None)


def _require_content(path: Path) -> None:
    """Raise InputError unless the file is there and is not a stand-in for content kept elsewhere."""
    get = "fetch it with 'datalad get' (or 'git annex get')"
    if path.is_symlink() and not path.exists():
        annex = "annex" in path.readlink().parts
        cure = get if annex else "restore the file that it points to"
        raise InputError(path, "is a link to content that is not there", cure)
    if not path.is_file():
        raise InputError(path, "no such file", "check the path")
    with path.open("rb") as stream:
        start = stream.read(64)
    if not start:
        raise InputError(path, "is empty (0 bytes)", "copy it again or convert it anew")
    if start.startswith(b"version https://git-lfs"):
        raise InputError(path, "is a git-lfs pointer, not the image", "fetch it with 'git lfs pull'")
    if start.startswith(b"/annex/objects/"):
        raise InputError(path, "is a git-annex pointer, not the image", get)


def _to_ras(data: NDArray[Any], affine: NDArray[np.float64], path: Path) -> Image:
    _check_affine(affine, path)
    codes = nib.aff2axcodes(affine)
    orientation = nib.io_orientation(affine)
    ras = nib.orientations.apply_orientation(data, orientation)
    ras_affine = affine @ nib.orientations.inv_ornt_aff(orientation, data.shape)
    return Image(np.ascontiguousarray(ras), ras_affine, codes)


def _check_affine(affine: NDArray[np.float64], path: Path) -> None:
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-6:
        raise InputError(path, "its affine is not usable", "repair the header or convert it anew")


def write_image(path: Path | str, image: Image, *, template_space: bool = False) -> None:
    """Write a NIfTI image in its own axis order, with equal sform and qform.

    Integer and boolean arrays keep the smallest type that holds them; floats become float32.
    """
    data = image.data
    if data.dtype == bool:
        data = data.astype(np.uint8)
    elif np.issubdtype(data.dtype, np.integer):
        data = data.astype(np.min_scalar_type(int(data.max(initial=0)))) if data.min(initial=0) >= 0 else data
        data = data.astype(np.int32) if data.dtype.itemsize > 4 or data.dtype == np.uint32 else data
    else:
        data = data.astype(np.float32)
    target = nib.orientations.axcodes2ornt(image.axcodes)
    turned = nib.orientations.apply_orientation(data, _from_ras(target))
    affine = image.affine @ nib.orientations.inv_ornt_aff(_from_ras(target), data.shape)
    nifti = nib.Nifti1Image(turned, affine)
    code = 4 if template_space else 1
    nifti.set_sform(affine, code)
    nifti.set_qform(affine, code)
    nifti.header.set_xyzt_units("mm")
    _save(nifti, path)


def _from_ras(target: NDArray[Any]) -> NDArray[Any]:
    """Return the orientation change from RAS+ axes to `target` axes (nibabel orientation array)."""
    ras = nib.orientations.axcodes2ornt(("R", "A", "S"))
    change: NDArray[Any] = nib.orientations.ornt_transform(ras, target)
    return change


def read_displacement(path: Path | str) -> Image:
    """Read a displacement field written by `write_displacement`: data (x, y, z, 3), mm, RAS+."""
    image = nib.load(path)
    vectors = np.asanyarray(image.dataobj)[:, :, :, 0, :].astype(np.float64)
    return Image(vectors * [-1.0, -1.0, 1.0], np.asarray(image.affine, dtype=float))


def write_displacement(path: Path | str, field: Image) -> None:
    """Write a displacement field (x, y, z, 3), mm, RAS+, as ITK reads it (LPS vectors, intent 1007)."""
    vectors = (field.data * [-1.0, -1.0, 1.0]).astype(np.float32)
    nifti = nib.Nifti1Image(vectors[:, :, :, None, :], field.affine)
    nifti.header.set_intent("vector")
    nifti.set_sform(field.affine, 1)
    nifti.set_qform(field.affine, 1)
    nifti.header.set_xyzt_units("mm")
    _save(nifti, path)


def _save(nifti: nib.Nifti1Image, path: Path | str) -> None:
    with whole(path) as temporary:
        nib.save(nifti, temporary)


def read_table(path: Path | str, columns: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read a tab-separated table; "n/a" is missing. With `columns`, typed and complete.

    Without `columns` every cell is text. Raises InputError where the file cannot be read with certainty, or
    a column is missing (`tables.strict_cells`).
    """
    cells = strict_cells(path)
    table = pd.DataFrame([row.cells for row in cells.rows], columns=list(cells.columns)).astype(str)
    if columns is None:
        return table
    missing = [name for name in columns if name not in table]
    if missing:
        raise InputError(path, f"lacks the column(s) {', '.join(missing)}", "add them")
    return typed(table[list(columns)], columns)


def typed(rows: pd.DataFrame | Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return a table with exactly `columns` (name: dtype), typed also when it has no rows.

    None and NaN are NaN in numbers, "n/a" in text. Raises ValueError for a column, or a row's key, too many
    or too few.
    """
    for names in [rows] if isinstance(rows, pd.DataFrame) else rows:
        wrong = [f"{name} is unknown" for name in names if name not in columns]
        wrong += [f"{name} is missing" for name in columns if name not in names]
        if wrong:
            raise ValueError(f"columns: {', '.join(wrong)}")
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows), columns=list(columns))
    series = {}
    for name, dtype in columns.items():
        column = frame[name]
        if dtype == "str":
            series[name] = column.fillna("n/a").astype(object).map(str)
        elif dtype == "float64":
            series[name] = column.replace("n/a", np.nan).astype("float64")
        else:
            series[name] = column.astype(dtype)
    return pd.DataFrame(series, columns=list(columns))


def write_table(path: Path | str, table: pd.DataFrame) -> None:
    """Write a table as BIDS TSV: tabs, "n/a" for missing values, full float precision.

    Quotes are ordinary characters, as `read_table` has it; a tab or a line end within a cell becomes a space.
    """
    plain = table.replace(r"[\t\r\n]+", " ", regex=True)
    with whole(path) as temporary:
        plain.to_csv(
            temporary, sep="\t", index=False, na_rep="n/a", lineterminator="\n", quoting=csv.QUOTE_NONE
        )


def read_json(path: Path | str) -> Any:
    """Read a JSON file. Raises InputError where it is missing or broken."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise InputError(path, "no such file", "check the path") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(path, "is not valid JSON", "repair it") from error


def write_json(path: Path | str, content: Any) -> None:
    """Write JSON, indented, UTF-8; NaN is refused, since JSON has none."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_yaml(path: Path | str) -> Any:
    """Read a YAML file."""
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def write_text(path: Path | str, text: str) -> None:
    """Write a text file, UTF-8."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
