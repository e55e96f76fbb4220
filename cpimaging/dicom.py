"""DICOM: where the slices of a series lie, a lesion as a segmentation (SEG) on them, and a PDF in DICOM.

Needs highdicom, the extra `dicom`. Who the patient is comes from the series alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from cpimaging import __version__
from cpimaging.types import Image, InputError

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
EVEN = 0.01
"""Share of the distance between slices by which distances of one series may differ (ours)."""
BOX_VOXELS = 0.5
"""So far, in voxels of the coarser grid, corners of scan and series may lie apart (ours)."""
LIKE_THE_FIRST = ("SeriesInstanceUID", "PatientID", "Rows", "Columns")
OF_THE_PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
OF_THE_STUDY = ("StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName")
MAKER = "cpimaging"
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
EXPLICIT = "1.2.840.10008.1.2.1"


@dataclass(frozen=True)
class Series:
    """The slices of a series, without pixels, in order along their normal.

    affine: (4, 4), voxel (column, row, slice) to RAS mm. shape: columns, rows, slices.
    """

    slices: Sequence[Any]
    affine: NDArray[np.float64]
    shape: tuple[int, int, int]


def read_series(folder: Path) -> Series:
    """Read the headers of a series. Raises InputError where the folder holds no series of even slices."""
    slices = list(_slices(folder))
    if not slices:
        raise InputError(folder, "holds no DICOM slices", "name the folder of the source series")
    if any(int(getattr(one, "NumberOfFrames", 1)) > 1 for one in slices):
        raise InputError(
            folder, "has several slices in one file", "give the series with a file for each slice"
        )
    for name in LIKE_THE_FIRST:
        if len({getattr(one, name, None) for one in slices}) > 1:
            raise InputError(folder, f"holds files of more than one {name}", "name the folder of one series")
    axes = np.array([[*one.ImageOrientationPatient, *one.PixelSpacing] for one in slices], float)
    if len(slices) < 2 or not np.allclose(axes, axes[0], atol=1e-4):
        raise InputError(folder, "is no stack of parallel slices", "name the folder of the source series")
    along_row, along_column, spacing = axes[0, :3], axes[0, 3:6], axes[0, 6:]
    normal = np.cross(along_row, along_column)
    places = np.array([one.ImagePositionPatient for one in slices], float)
    order = np.argsort(places @ normal)
    steps = np.diff(places[order], axis=0)
    step = steps.mean(axis=0)
    if np.linalg.norm(steps - step, axis=1).max() > EVEN * np.linalg.norm(step) or not step @ normal > 0:
        problem = "has slices that are missing, doubled or not evenly apart"
        raise InputError(folder, problem, "give one whole series, and one echo or time of it")
    affine = np.eye(4)
    affine[:3] = np.column_stack([along_row * spacing[1], along_column * spacing[0], step, places[order[0]]])
    first = slices[order[0]]
    shape = (int(first.Columns), int(first.Rows), len(slices))
    return Series([slices[place] for place in order], LPS_TO_RAS @ affine, shape)


def _slices(folder: Path) -> Iterator[Any]:
    """Yield the headers of all DICOM files of a folder that lie somewhere in the patient."""
    try:
        from pydicom import dcmread
        from pydicom.errors import InvalidDicomError
    except ModuleNotFoundError:
        cure = "pip install 'cpimaging[dicom]'"
        raise InputError("dicom", "highdicom is not installed", cure) from None
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            header = dcmread(path, stop_before_pixels=True)
        except (InvalidDicomError, OSError):
            continue
        if "ImagePositionPatient" in header and "ImageOrientationPatient" in header:
            yield header


def same_box(image: Image, series: Series) -> bool:
    """Tell whether an image (RAS) and a series fill the same box of space, whatever their voxels."""
    one, other = (_corners(grid.affine, grid.shape) for grid in (image, series))
    edges_mm = [np.linalg.norm(grid.affine[:3, :3], axis=0).max() for grid in (image, series)]
    apart_mm = np.linalg.norm(one[:, None] - other[None], axis=2)
    return bool(max(apart_mm.min(axis=0).max(), apart_mm.min(axis=1).max()) <= BOX_VOXELS * max(edges_mm))


def _corners(affine: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    ends = np.array(list(product(*((-0.5, size - 0.5) for size in shape))))
    return ends @ affine[:3, :3].T + affine[:3, 3]


def on_series(mask: Image, series: Series) -> NDArray[np.bool_]:
    """Return a mask on the voxels of a series (slices, rows, columns): that of the nearest voxel's centre."""
    way = np.linalg.inv(mask.affine) @ series.affine
    columns, rows, slices = series.shape
    column, row = np.meshgrid(np.arange(columns), np.arange(rows))
    found = np.zeros((slices, rows, columns), bool)
    for place in range(slices):
        flat = np.stack([column, row, np.full_like(row, place), np.ones_like(row)])
        voxels = np.floor(np.tensordot(way[:3], flat, 1) + 0.5).astype(int)
        inside = np.all(
            [(axis >= 0) & (axis < size) for axis, size in zip(voxels, mask.shape, strict=True)], 0
        )
        found[place][inside] = mask.data[tuple(voxels[:, inside])] != 0
    return found


def segmentation(series: Series, lesion: NDArray[np.bool_], *, by_software: bool) -> Any:
    """Return a lesion on the slices of a series as a DICOM SEG. lesion: (slices, rows, columns)."""
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import Segmentation, SegmentDescription
    from pydicom.sr.codedict import codes

    codes_of = {"segmented_property_category": codes.SCT.MorphologicallyAbnormalStructure}
    codes_of["segmented_property_type"] = codes.SCT.Lesion
    told = AlgorithmIdentificationSequence(MAKER, codes.DCM.ImageProcessing, __version__)
    described = SegmentDescription(
        segment_number=1,
        segment_label="Lesion",
        algorithm_type="AUTOMATIC" if by_software else "MANUAL",
        algorithm_identification=told if by_software else None,
        **codes_of,
    )
    source, voxels = series.slices[0].SeriesInstanceUID, lesion.tobytes()
    made = Segmentation(
        source_images=series.slices,
        pixel_array=lesion.astype(np.uint8),
        segmentation_type="BINARY",
        segment_descriptions=[described],
        series_instance_uid=_uid("series", source, voxels),
        series_number=9001,
        sop_instance_uid=_uid("instance", source, voxels),
        instance_number=1,
        manufacturer=MAKER,
        manufacturer_model_name=MAKER,
        software_versions=__version__,
        device_serial_number="n/a",
        series_description="cpimaging lesion, research use only",
    )
    for one in (
        *made.DimensionOrganizationSequence,
        *made.DimensionIndexSequence,
    ):  # by chance until here
        one.DimensionOrganizationUID = _uid("dimensions", source, voxels)
    _date(made, series)
    return made


def encapsulated(series: Series, pdf: bytes) -> Any:
    """Return a PDF as a DICOM document of the patient and study of a series."""
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset

    source = series.slices[0]
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = ENCAPSULATED_PDF, EXPLICIT
    meta.MediaStorageSOPInstanceUID = _uid("document", source.SeriesInstanceUID, pdf)
    made: Any = FileDataset("", Dataset(), preamble=b"\0" * 128, file_meta=meta)
    for name in (*OF_THE_PATIENT, *OF_THE_STUDY, "StudyID"):
        setattr(made, name, getattr(source, name, None))
    made.SOPClassUID, made.SOPInstanceUID = ENCAPSULATED_PDF, meta.MediaStorageSOPInstanceUID
    made.SeriesInstanceUID = _uid("documents", source.SeriesInstanceUID, pdf)
    made.Modality, made.ConversionType, made.SeriesNumber, made.InstanceNumber = "DOC", "WSD", 9002, 1
    made.Manufacturer, made.ManufacturerModelName, made.SoftwareVersions = MAKER, MAKER, __version__
    made.SeriesDescription = made.DocumentTitle = "cpimaging summary, research use only"
    made.BurnedInAnnotation, made.ConceptNameCodeSequence = "NO", []
    made.ContentDate = made.ContentTime = made.AcquisitionDateTime = None
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocumentLength = len(pdf)
    made.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    _date(made, series)
    return made


def _uid(*words: str | bytes) -> str:
    """Return an identifier (2.25: a UUID) that follows from what it names: same input, same bytes."""
    digest = sha256(f"{MAKER} {__version__}".encode())
    for word in words:
        digest.update(b"\0" + (word if isinstance(word, bytes) else word.encode()))
    return f"2.25.{UUID(bytes=digest.digest()[:16], version=5).int}"


def _date(made: Any, series: Series) -> None:
    """Give a new object the date of the study, not of today."""
    source = series.slices[0]
    date, time = (
        getattr(source, f"Study{what}", None) or none
        for what, none in (("Date", "19700101"), ("Time", "000000"))
    )
    for name in ("InstanceCreation", "Content", "Series"):
        setattr(made, f"{name}Date", date)
        setattr(made, f"{name}Time", time)
    for equipment in getattr(made, "ContributingEquipmentSequence", []):
        if "ContributionDateTime" in equipment:
            equipment.ContributionDateTime = f"{date}{time}"
