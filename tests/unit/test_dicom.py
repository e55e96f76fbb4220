"""Series are made here, no patient's; their voxels' places are worked out from the headers alone."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("highdicom", reason="highdicom is not installed")
from highdicom.seg import segread
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from scipy.spatial.transform import Rotation

from cpimaging import dicom
from cpimaging.bids.listing import single_scan
from cpimaging.images import write_image
from cpimaging.io import write_json, write_text
from cpimaging.stages import dicom as stage
from cpimaging.stages import pdf
from cpimaging.study.job import SCAN_STAGES, Job
from cpimaging.study.plan import write_plan
from cpimaging.study.record import record_path, reopen
from cpimaging.types import Image, InputError

COLUMNS, ROWS, SLICES = 12, 10, 6
ROW_MM, COLUMN_MM, SLICE_MM = 2.0, 1.5, 3.0  # between rows, between columns, between slices
FIRST = np.array([-20.0, -30.0, 12.0])  # LPS mm
TURNED = Rotation.from_euler("xyz", [20, -15, 30], degrees=True).as_matrix()
MR = "1.2.840.10008.5.1.4.1.1.4"


def place(turn: NDArray[np.float64], column: Any, row: Any, at: Any) -> NDArray[np.float64]:
    """Return the LPS position of a voxel, mm."""
    return FIRST + turn @ np.array([column * COLUMN_MM, row * ROW_MM, at * SLICE_MM])


def write_series(folder: Path, turn: NDArray[np.float64], **changes: Any) -> None:
    """Write the slices, last first, under names that tell no order."""
    folder.mkdir(parents=True)
    for at in range(SLICES):
        one, meta = Dataset(), FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = MR, "1.2.840.10008.1.2.1"
        one.SOPClassUID, one.Modality, one.StudyID, one.Manufacturer = MR, "MR", "1", "none"
        one.SOPInstanceUID = meta.MediaStorageSOPInstanceUID = f"1.2.3.4.{at + 1}"
        one.StudyInstanceUID, one.SeriesInstanceUID, one.FrameOfReferenceUID = "1.2.3.1", "1.2.3.2", "1.2.3.3"
        one.PatientName, one.PatientID, one.PatientSex = "Made^Up", "P-7", "F"
        one.PatientBirthDate, one.StudyDate, one.StudyTime = "20200102", "20250304", "050607"
        one.AccessionNumber, one.ReferringPhysicianName = "A", ""
        one.SeriesNumber, one.InstanceNumber, one.SliceThickness = 3, at + 1, SLICE_MM
        one.ImageType, one.PositionReferenceIndicator = ["ORIGINAL", "PRIMARY"], ""
        one.ImageOrientationPatient = [*turn[:, 0], *turn[:, 1]]
        one.ImagePositionPatient = list(place(turn, 0, 0, at))
        one.PixelSpacing, one.Rows, one.Columns = [ROW_MM, COLUMN_MM], ROWS, COLUMNS
        one.BitsAllocated = one.BitsStored = 16
        one.HighBit, one.PixelRepresentation, one.SamplesPerPixel = 15, 0, 1
        one.PhotometricInterpretation = "MONOCHROME2"
        one.PixelData = bytes(2 * ROWS * COLUMNS)
        one.file_meta = meta
        for name, values in changes.items():
            setattr(one, name, values[at])
        one.save_as(folder / f"{(SLICES - at) * 7 % 11}.dcm", enforce_file_format=True)
    (folder / "README").write_text("no DICOM", encoding="utf-8")


def lesion() -> NDArray[np.bool_]:
    """A lesion that no flip or turn maps onto itself (slices, rows, columns)."""
    voxels = np.zeros((SLICES, ROWS, COLUMNS), bool)
    voxels[1, 2:5, 3:9] = voxels[2, 2:4, 8] = voxels[4, 9, 0] = True
    return voxels


def as_scan(turn: NDArray[np.float64]) -> Image:
    """Return the lesion as a converter writes it: RAS, axes in the order of the body's."""
    affine = np.eye(4)
    affine[:3] = np.column_stack([*(turn * [COLUMN_MM, ROW_MM, SLICE_MM]).T, FIRST])
    voxels = lesion().transpose(2, 1, 0).astype(np.uint8)
    image = nibabel.as_closest_canonical(nibabel.Nifti1Image(voxels, np.diag([-1, -1, 1, 1]) @ affine))
    return Image(np.asarray(image.dataobj), image.affine)


def results(folder: Path, mask: Image, source: str | None = "given mask") -> Path:
    """Write what the command reads of finished results."""
    job = Job(folder, "sub-01")
    write_plan(folder, ".", [single_scan({"T1w": Path("T1w.nii.gz")}, label="sub-01")])
    write_image(job.files.lesion_mask, mask)
    write_json(dicom_sidecar(job), {"MaskSource": source})
    write_text(job.files.report, "a page without a summary")
    for name in SCAN_STAGES:
        write_json(record_path(folder, name, "sub-01"), {"Files": {}})
    return folder


def dicom_sidecar(job: Job) -> Path:
    return Path(job.files.lesions.removesuffix(".tsv") + ".json")


@pytest.mark.parametrize("turn", [np.eye(3), TURNED], ids=["axial", "oblique"])
def test_a_seg_is_the_mask_voxel_for_voxel(tmp_path: Path, turn: NDArray[np.float64]) -> None:
    write_series(tmp_path / "series", turn)
    out = results(tmp_path / "out", as_scan(turn))
    told = list(stage.run(out, "sub-01", tmp_path / "series", tmp_path / "to"))
    assert told[0] == str(tmp_path / "to" / "sub-01_seg.dcm")
    assert told[1].endswith("is of an earlier version; run the workflow again")
    seg = segread(told[0])
    instances = [f"1.2.3.4.{at + 1}" for at in range(SLICES)]
    found = seg.get_pixels_by_source_instance(
        instances, ignore_spatial_locations=True, assert_missing_frames_are_empty=True
    )
    assert np.array_equal(found[..., 0], lesion())
    assert np.array_equal(by_position(dcmread(told[0]), turn), lesion())
    assert (seg.PatientID, str(seg.PatientName), seg.StudyInstanceUID) == ("P-7", "Made^Up", "1.2.3.1")
    assert (seg.ContentDate, seg.InstanceCreationDate, seg.SeriesDate) == ("20250304",) * 3
    assert seg.SegmentSequence[0].SegmentAlgorithmType == "MANUAL"
    before = Path(told[0]).read_bytes()
    assert Path(next(stage.run(out, "sub-01", tmp_path / "series", tmp_path / "to"))).read_bytes() == before


def by_position(seg: Dataset, turn: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Read a SEG by pydicom alone: each frame goes where its position says."""
    found = np.zeros((SLICES, ROWS, COLUMNS), bool)
    for frame, groups in zip(seg.pixel_array, seg.PerFrameFunctionalGroupsSequence, strict=True):
        position = np.array(groups.PlanePositionSequence[0].ImagePositionPatient, float)
        at = [index for index in range(SLICES) if np.allclose(position, place(turn, 0, 0, index), atol=1e-3)]
        found[at[0]] = frame
    return found


def test_left_stays_left(tmp_path: Path) -> None:
    """LPS grows to the left: columns beyond 20 / 1.5 mm lie left, which in RAS is below 0."""
    write_series(
        tmp_path / "series", np.eye(3), ImagePositionPatient=[[-9, -30, 12 + 3 * at] for at in range(SLICES)]
    )
    data = np.zeros((40, 80, 40), np.uint8)
    data[:20] = 1  # everything left of the midline
    mask = Image(data, np.array([[1, 0, 0, -19.5], [0, 1, 0, -40], [0, 0, 1, 0], [0, 0, 0, 1.0]]))
    series = dicom.read_series(tmp_path / "series")
    found = dicom.on_series(mask, series)
    assert found[:, :, 7:].all()  # from −9 + 7 × 1.5 = 1.5 mm to the left
    assert not found[:, :, :6].any()


def test_software_is_named_as_the_algorithm(tmp_path: Path) -> None:
    write_series(tmp_path / "series", np.eye(3))
    out = results(tmp_path / "out", as_scan(np.eye(3)), "detected")
    (segment,) = dcmread(next(stage.run(out, "sub-01", tmp_path / "series", tmp_path / "to"))).SegmentSequence
    assert (segment.SegmentAlgorithmType, segment.SegmentAlgorithmName) == ("AUTOMATIC", "cpimaging")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"ImagePositionPatient": [[-20, -30, 15 + 3 * at] for at in range(SLICES)]},
            "does not lie where sub-01 lies",
        ),
        ({"ImagePositionPatient": [[-20, -30, 12 + at * at] for at in range(SLICES)]}, "not evenly apart"),
        ({"ImagePositionPatient": [[-20, -30, 12 + 3 * (at // 2)] for at in range(SLICES)]}, "doubled"),
        ({"SeriesInstanceUID": ["1.2.3.2"] * 5 + ["1.2.3.9"]}, "more than one SeriesInstanceUID"),
        ({"PatientID": ["P-7"] * 5 + ["P-8"]}, "more than one PatientID"),
        (
            {"ImageOrientationPatient": [[1, 0, 0, 0, 1, 0]] * 5 + [[0, 1, 0, 0, 0, 1]]},
            "no stack of parallel slices",
        ),
        ({"NumberOfFrames": [2] * SLICES}, "several slices in one file"),
    ],
)
def test_a_series_that_is_not_the_scans_is_refused(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    write_series(tmp_path / "series", np.eye(3), **changes)
    out = results(tmp_path / "out", as_scan(np.eye(3)))
    with pytest.raises(InputError, match=told) as error:
        list(stage.run(out, "sub-01", tmp_path / "series", tmp_path / "to"))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "to").exists()


def test_without_lesion_or_outside_the_results_nothing_is_written(tmp_path: Path) -> None:
    write_series(tmp_path / "series", np.eye(3))
    scan = as_scan(np.eye(3))
    wrong = {
        "no lesion mask": (results(tmp_path / "a", scan, None), tmp_path / "to"),
        "cannot be empty": (results(tmp_path / "b", scan.with_data(scan.data * 0)), tmp_path / "to"),
        "in the folder of the results": (results(tmp_path / "c", scan), tmp_path / "c" / "dicom"),
    }
    for told, (out, folder) in wrong.items():
        with pytest.raises(InputError, match=told):
            list(stage.run(out, "sub-01", tmp_path / "series", folder))
        assert not folder.exists()


def test_a_pdf_goes_into_dicom_with_the_patient_of_the_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_series(tmp_path / "series", np.eye(3))
    out = results(tmp_path / "out", as_scan(np.eye(3)))
    write_text(out / "sub-01.html", "page")
    write_json(out / "logs/files/report/sub-01.json", {"Asked": "", "Files": {"sub-01.html": 4}})
    monkeypatch.setattr(pdf, "printed", lambda page: b"%PDF " + page.encode())
    _, path = stage.run(out, "sub-01", tmp_path / "series", tmp_path / "to")
    made = dcmread(path)
    assert made.EncapsulatedDocument[: made.EncapsulatedDocumentLength] == b"%PDF page"
    assert (made.SOPClassUID.name, made.Modality) == ("Encapsulated PDF Storage", "DOC")
    same = SimpleNamespace(PatientID="P-7", StudyInstanceUID="1.2.3.1", PatientBirthDate="20200102")
    assert {name: made[name].value for name in vars(same)} == vars(same)


def test_the_lesion_of_an_earlier_run_is_not_given_out(tmp_path: Path) -> None:
    """Another image under the same label was refused: the mask is still that of the image before."""
    write_series(tmp_path / "series", np.eye(3))
    out = results(tmp_path / "out", as_scan(np.eye(3)))
    reopen(out, "preprocess", "sub-01")
    with pytest.raises(InputError, match="sub-01: has no finished page: preprocess failed or has not run"):
        list(stage.run(out, "sub-01", tmp_path / "series", tmp_path / "to"))
    assert not (tmp_path / "to").exists()
