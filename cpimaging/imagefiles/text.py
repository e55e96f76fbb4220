"""Headers of text in front of the voxels: NRRD (teem, 3D Slicer) and MetaImage (ITK), in one file each."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cpimaging.imagefiles.header import Header
from cpimaging.types import InputError

NRRD_START = b"NRRD000"
METAIMAGE_KEY = b"NDims"

_CONVERT = "save it as NIfTI (.nii.gz)"
_ELSEWHERE = re.compile(rb"(?mi)^(?:data ?file *:|ElementDataFile *=(?! *LOCAL\b))")
"""What says that the voxels lie in another file: .nhdr, .mhd."""

_SPACES = {
    "right-anterior-superior": (1, 1, 1),
    "ras": (1, 1, 1),
    "left-anterior-superior": (-1, 1, 1),
    "las": (-1, 1, 1),
    "left-posterior-superior": (-1, -1, 1),
    "lps": (-1, -1, 1),
}
"""Signs that take an NRRD's world axes to RAS+; other spaces do not tell left from right."""

_NRRD_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
_METAIMAGE_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",  # MetaIO's long has 4 bytes
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}


def nrrd_header(path: Path, start: bytes) -> Header:
    """Return the header of an NRRD file (http://teem.sourceforge.net/nrrd/format.html).

    Raises InputError for what this reader does not know: voxels in another file, other encodings, units or
    spaces.
    """
    text = _text(path, start, rb"(?s).*?(?:\r?\n\r?\n|\Z)")
    lines = [line.partition(": ") for line in text.decode("utf-8", "replace").splitlines()[1:]]
    field = {name.lower().replace(" ", ""): value.strip() for name, _, value in lines if value}
    types = {name: code for code, names in _NRRD_TYPES.items() for name in names}
    known = {
        "type": field["type"].lower() in types,
        "encoding": field["encoding"].lower() in ("raw", "gzip", "gz"),
        "data file": not field.keys() & {"lineskip", "byteskip"},
        "space units": set(re.findall(r'"(.*?)"', field.get("spaceunits", ""))) <= {"mm", ""},
    }
    _require(path, known)
    shape = tuple(map(int, field["sizes"].split()))
    signs = _SPACES.get(field.get("space", "").lower())
    oriented = signs is not None and field.keys() >= {"spacedirections", "spaceorigin"} and len(shape) == 3
    affine = np.eye(4)
    if oriented:
        vectors = [_vector(v) for v in re.findall(r"\(.*?\)", field["spacedirections"])]
        affine[:3, :3] = (np.array(vectors) * signs).T
        affine[:3, 3] = np.array(_vector(field["spaceorigin"])) * signs
    return Header(
        shape=shape,
        affine=affine,
        dtype=np.dtype(_ORDER[field.get("endian", "little")] + types[field["type"].lower()]),
        offset=0,
        oriented=oriented,
        skipped=len(text),
        packed=field["encoding"].lower() != "raw",
    )


_ORDER = {"little": "<", "big": ">"}


def _vector(text: str) -> list[float]:
    return [float(number) for number in text.strip("()").split(",")]


def metaimage_header(path: Path, start: bytes) -> Header:
    """Return the header of a MetaImage file (.mha), whose world axes are LPS.

    Raises InputError for what this reader does not know: voxels in another file, channels, scalings, units.
    """
    text = _text(path, start, rb"(?sm).*?^ElementDataFile *= *\S+ *\r?\n")
    lines = [line.partition("=") for line in text.decode("utf-8", "replace").splitlines()]
    field = {name.strip(): value.strip() for name, _, value in lines}
    known = {
        "ElementType": field["ElementType"] in _METAIMAGE_TYPES,
        "BinaryData": field.get("BinaryData", "False") == "True",
        "ElementNumberOfChannels": field.get("ElementNumberOfChannels", "1") == "1",
        "HeaderSize": field.get("HeaderSize", "0") == "0",
        "DistanceUnits": field.get("DistanceUnits", "mm") == "mm",
        "ElementToIntensityFunctionSlope": float(field.get("ElementToIntensityFunctionSlope", "1")) == 1,
        "ElementToIntensityFunctionOffset": float(field.get("ElementToIntensityFunctionOffset", "0")) == 0,
    }
    _require(path, known)
    shape = tuple(map(int, field["DimSize"].split()))
    matrix = next((field[key] for key in ("TransformMatrix", "Rotation", "Orientation") if key in field), "")
    oriented = bool(matrix) and len(shape) == 3
    affine = np.eye(4)
    if oriented:
        signs = np.array([-1.0, -1.0, 1.0])
        axes = _numbers(matrix).reshape(3, 3)  # a row is the direction of an axis of the array
        affine[:3, :3] = (axes * _numbers(field.get("ElementSpacing", "1 1 1"))[:, None] * signs).T
        places = (field[key] for key in ("Offset", "Position", "Origin") if key in field)
        affine[:3, 3] = _numbers(next(places, "0 0 0")) * signs
    order = ">" if _truth(field, "BinaryDataByteOrderMSB") or _truth(field, "ElementByteOrderMSB") else "<"
    return Header(
        shape=shape,
        affine=affine,
        dtype=np.dtype(order + _METAIMAGE_TYPES[field["ElementType"]]),
        offset=0,
        oriented=oriented,
        skipped=len(text),
        packed=_truth(field, "CompressedData"),
    )


def _text(path: Path, start: bytes, pattern: bytes) -> bytes:
    """Return the header of a file. Raises InputError where it has no end, or its voxels lie elsewhere."""
    found = re.match(pattern, start)
    if found is None:
        raise InputError(path, "its header cannot be read", _CONVERT)
    if _ELSEWHERE.search(found[0]):
        raise InputError(
            path, "has its voxels in a file of their own", "save both as one NIfTI file (.nii.gz)"
        )
    return found[0]


def _truth(field: Mapping[str, str], key: str) -> bool:
    return field.get(key, "False").lower() in ("true", "1")


def _numbers(text: str) -> NDArray[np.float64]:
    return np.array([float(number) for number in text.split()])


def _require(path: Path, known: Mapping[str, bool]) -> None:
    for name, can_be_read in known.items():
        if not can_be_read:
            raise InputError(path, f"its {name} is not one that is read", _CONVERT)
