"""The stages on arrays give what the workflow gives."""

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from nibabel.processing import resample_from_to
from pandas.testing import assert_frame_equal
from workflow_runs import DEMO

from cpimaging import arrays
from cpimaging.arrays import Labelled, _inside, _volumes, called, from_nifti, labelled, measured, registered
from cpimaging.atlases import load_atlas
from cpimaging.cli import app
from cpimaging.io import read_json, read_table
from cpimaging.types import LESIONLOAD_COLUMNS, Atlas, Image, InputError, LabelMap, Region

ANAT = DEMO / "sub-02" / "anat"
MASK = DEMO / "derivatives/lesions/sub-02/anat/sub-02_space-orig_label-L_mask.nii.gz"


@pytest.fixture(scope="module")
def by_files(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Results of one scan with its T1w alone."""

    def fill(folder: Path) -> None:
        from typer.testing import CliRunner

        words = ["run", str(folder / "out"), "--t1w", str(ANAT / "sub-02_T1w.nii.gz"), "--lesion", str(MASK)]
        done = CliRunner().invoke(app, [*words, "--age", "5y"])
        assert done.exit_code == 0, done.output

    return made_once("arrays", fill) / "out/sub-01/anat"


@pytest.mark.slow
def test_arrays_and_files_give_the_same(by_files: Path) -> None:
    names = (next(by_files.glob("*_desc-preproc_T1w.nii.gz")), MASK)
    scan, lesion = (from_nifti(nib.load(name)) for name in names)
    found = measured(lesion, labelled(scan, registered(scan, lesion), lesion))
    written = read_table(next(by_files.glob("*_desc-lesionload_stats.tsv")), LESIONLOAD_COLUMNS)
    shared = [name for name in found.tables.load.columns if name in written.columns]
    assert_frame_equal(found.tables.load[shared], written[shared], check_dtype=False, rtol=1e-6)
    pattern = read_json(next(by_files.glob("*_desc-pattern_stats.json")))
    calls = called(found, age_years=5.0)
    assert calls["mrics"]["subgroup"] == pattern["mrics"]["subgroup"] == "C1"
    assert calls["dominance"]["call"] == pattern["dominance"]["call"]
    assert calls["mrics"]["severity"] == pattern["mrics"]["severity"]


def nifti(code: int = 1, shape: tuple[int, ...] = (4, 5, 6)) -> nib.Nifti1Image:
    data = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    image = nib.Nifti1Image(data, np.diag([-1, 2, 3, 1]))
    image.set_sform(image.affine, code)
    image.set_qform(image.affine, code)
    return image


def test_axes_are_turned_to_ras() -> None:
    image = from_nifti(nifti())
    assert image.spacing_mm == (1, 2, 3)
    assert np.all(np.diag(image.affine)[:3] > 0)
    assert image.data[0, 0, 0] == nifti().get_fdata()[3, 0, 0]


def mirrored_qform() -> nib.Nifti1Image:
    image = nifti()
    image.set_qform(np.diag([1, 2, 3, 1]), 1)
    return image


DATA = nifti().get_fdata(dtype=np.float32)
COLOURS = np.zeros((4, 5, 6), dtype=[(name, "u1") for name in "RGB"])


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (nifti(code=0), "no orientation"),
        (nifti(shape=(4, 5, 6, 2)), "has 2 volumes"),
        (mirrored_qform(), "opposite handedness"),
        (nib.Nifti1Image(COLOURS, np.eye(4)), "colour image"),
        (nib.Nifti1Image(DATA.astype(complex), np.eye(4)), "complex"),
        (nib.AnalyzeImage(DATA, np.eye(4)), "no NIfTI or MGH image but nibabel.analyze.AnalyzeImage"),
        ("T1w.nii.gz", "no NIfTI or MGH image but builtins.str"),
        (DATA, "no NIfTI or MGH image but numpy.ndarray"),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) else "",
)
def test_what_is_refused_of_a_file_is_refused_in_memory(bad: object, told: str) -> None:
    with pytest.raises(InputError, match=told):
        from_nifti(bad)


def test_a_singular_affine_is_refused() -> None:
    image = nifti()
    image.set_sform(np.diag([0.0, 2, 3, 1]), 1)
    with pytest.raises(InputError, match="affine is not usable"):
        from_nifti(image)


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti1Pair, nib.Nifti2Image, nib.MGHImage])
@pytest.mark.parametrize("last", [(), (1,)])
def test_every_kind_that_tells_left_from_right_is_read(kind: type, last: tuple[int, ...]) -> None:
    image = from_nifti(kind(DATA.reshape(4, 5, 6, *last), np.diag([-1, 2, 3, 1])))
    assert image.data.shape == (4, 5, 6)
    assert np.diag(image.affine).tolist() == [1, 2, 3, 1]
    assert image.data[0, 0, 0] == DATA[3, 0, 0]


def test_lengths_in_micrometres_become_mm() -> None:
    image = nib.Nifti1Image(DATA, np.diag([1000.0, 2000, 3000, 1]))
    image.header.set_xyzt_units("micron")
    assert from_nifti(image).spacing_mm == (1, 2, 3)


def on_labelled(scan: Image, lesion: Image) -> object:
    return measured(lesion, Labelled(scan, scan, scan, {}, scan, load_atlas("embedded"), True, {}))


@pytest.mark.parametrize("ask", [registered, on_labelled])
def test_a_lesion_on_another_grid_is_refused(ask: Callable[[Image, Image], object]) -> None:
    """nifti has x to the left: in RAS+ its first voxel lies at 1 minus the voxels along x."""
    scan, lesion = from_nifti(nifti()), from_nifti(nifti(shape=(5, 5, 6)))
    with pytest.raises(InputError) as told:
        ask(scan, lesion)
    assert str(told.value) == (
        "lesion: lies on another grid "
        "(shape (5, 5, 6), affine [[1.0, 0.0, 0.0, -4.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0]]) "
        "than the scan "
        "(shape (4, 5, 6), affine [[1.0, 0.0, 0.0, -3.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0]]); "
        "give from_nifti nibabel.processing.resample_from_to(lesion, scan, order=0)"
    )


def test_what_the_refusal_proposes_brings_the_lesion_over() -> None:
    drawn = nifti(shape=(5, 5, 6))
    drawn.dataobj[:] = 0
    drawn.dataobj[1, 2, 3] = 1  # at x = -1 mm, which is voxel 2 of the scan's 4
    moved = from_nifti(resample_from_to(drawn, nifti(), order=0))
    inside = _inside(moved, from_nifti(nifti()))
    assert np.argwhere(inside.data).tolist() == [[2, 2, 3]]


@pytest.mark.parametrize("age_years", [0.0, 1.9])
def test_infants_are_not_called(age_years: float) -> None:
    nothing = measured.__annotations__["return"](None, pd.DataFrame())
    with pytest.raises(InputError, match="age band"):
        called(nothing, age_years)


@pytest.mark.parametrize(
    "age_years", [None, float("nan"), np.float32("nan"), float("inf"), -1.0, 121, 500, "5", True, pd.NA]
)
def test_what_is_no_age_is_not_called(age_years: object) -> None:
    nothing = measured.__annotations__["return"](None, pd.DataFrame())
    with pytest.raises(InputError, match="is not a known age"):
        called(nothing, age_years)  # type: ignore[arg-type]


def test_scorers_are_named_in_text() -> None:
    nothing = measured.__annotations__["return"](None, pd.DataFrame())
    with pytest.raises(InputError, match="is no text"):
        called(nothing, 5, ["mrics"])  # type: ignore[arg-type]


def cube(values: np.ndarray) -> Image:
    """A scan of 1000 voxels of 1 ml."""
    return Image(values, np.diag([10.0, 10, 10, 1]))


GREY = np.arange(1, 1001, dtype=np.float32).reshape(10, 10, 10)


@pytest.mark.parametrize(
    ("scan", "lesion", "told"),
    [
        (GREY * 0, None, "too little to register"),
        (np.ones_like(GREY), None, "the same value in the whole brain"),
        (GREY, np.ones((10, 10, 10), bool), "nearly all lesion"),
        (GREY.astype(complex), None, "no plain numbers"),
    ],
    ids=["zeros", "flat", "all lesion", "complex"],
)
def test_what_cannot_be_registered_is_refused(scan: np.ndarray, lesion: np.ndarray | None, told: str) -> None:
    with pytest.raises(InputError, match=told):
        registered(cube(scan), None if lesion is None else cube(lesion))


def test_what_was_read_otherwise_than_stated_is_told() -> None:
    unknown = np.where(GREY > 3, np.nan, GREY)
    with pytest.warns(UserWarning, match="997 voxels that are no numbers"), pytest.raises(InputError):
        registered(cube(unknown))
    soft = np.where(GREY > 3, 0, 255).astype(np.uint8)
    soft[0, 0, 1] = 100
    with pytest.warns(UserWarning, match="labels up to 255"), pytest.raises(InputError):
        registered(cube(GREY * 0), cube(soft))


def test_the_brain_holds_what_it_encloses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cavity without signal, and signal below 0, are no background; what opens outwards is."""
    atlas = SimpleNamespace(dseg=SimpleNamespace(labels=None, regions=()), overlays={})
    found = SimpleNamespace(labels=None, tissue=None, assessed=True)
    stand_ins: dict[str, object] = {
        "load_atlas": lambda name: atlas,
        "load_template": lambda: None,
        "labels_within": lambda maps, brain, way: maps,
        "template_shares": lambda template: {},
        "segment": lambda *words: found,
        "cut_structures": lambda *words: {("thalamus", "left"): 0.3},
    }
    for name, value in stand_ins.items():
        monkeypatch.setattr(arrays, name, value)
    scan = GREY.copy()
    scan[4:6, 4:6, 4:6] = 0
    scan[2, 2, 2] = -1
    scan[0] = 0
    on = labelled(cube(scan), SimpleNamespace(to_scan=None, to_template=None))  # type: ignore[arg-type]
    brain = on.brain.data
    assert on.cut == {("thalamus", "left"): 0.3}
    assert brain[1:].all()
    assert not brain[0].any()


HORN, GREY_PART = 2, 1
SMALL = LabelMap(
    cube(np.where(np.arange(10) < 4, HORN, GREY_PART) * np.ones((10, 10, 10), np.int16)),
    (
        Region(GREY_PART, "1", "thalamus", "left", "deep_grey"),
        Region(HORN, "2", "lateral_ventricle_body", "left", "csf"),
    ),
)
"""A ventricle in the layers 0 to 3, a thalamus above."""


@pytest.mark.parametrize(
    ("layers", "cut", "gone", "told"),
    [
        (slice(4, 6), {}, set(), None),
        (slice(3, 6), {}, {"lateral_ventricle_body"}, "the lesion mask covers 25% of the left one"),
        (slice(4, 6), {("thalamus", "left"): 0.3}, {"thalamus"}, "field of view cuts .* thalamus"),
    ],
)
def test_what_the_image_does_not_show_whole_has_no_volume(
    layers: slice, cut: dict[tuple[str, str], float], gone: set[str], told: str | None
) -> None:
    lesion = np.zeros((10, 10, 10), bool)
    lesion[:, :, layers] = True
    labels = SMALL.labels
    atlas = Atlas("small", "1", "T", SMALL)
    on = Labelled(labels.with_data(labels.data > 0), labels, labels, {}, labels, atlas, True, cut)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        volumes = _volumes(on, cube(lesion))
    named = volumes[volumes["measure"] == "volume"].set_index("structure")["value"]
    assert set(named.index[named.isna()]) == gone
    words = " | ".join(str(one.message) for one in heard)
    assert words == "" if told is None else re.search(told, words)


def test_a_lesion_outside_of_the_brain_is_refused() -> None:
    inside, lesion = np.zeros((10, 10, 10), bool), np.zeros((10, 10, 10), bool)
    inside[5:], lesion[:2] = True, True
    on = SimpleNamespace(brain=cube(inside), atlas=SimpleNamespace(dseg=SimpleNamespace(regions=())))
    with pytest.raises(InputError, match=r"lies outside the brain \(0 % inside\)"):
        measured(cube(lesion), on)  # type: ignore[arg-type]
