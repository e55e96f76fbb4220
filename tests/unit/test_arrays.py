"""The stages on arrays give what the workflow gives."""

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from nibabel.processing import resample_from_to
from pandas.testing import assert_frame_equal
from workflow_runs import DEMO

from cpimaging.arrays import Labelled, _inside, called, from_nifti, labelled, measured, registered
from cpimaging.atlases import load_atlas
from cpimaging.cli import app
from cpimaging.io import read_json, read_table
from cpimaging.types import LESIONLOAD_COLUMNS, Image, InputError

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


@pytest.mark.parametrize(
    ("bad", "told"), [(nifti(code=0), "orientation"), (nifti(shape=(4, 5, 6, 2)), "4 dim")]
)
def test_what_cannot_be_placed_is_refused(bad: nib.Nifti1Image, told: str) -> None:
    with pytest.raises(InputError, match=told):
        from_nifti(bad)


def on_labelled(scan: Image, lesion: Image) -> object:
    return measured(lesion, Labelled(scan, scan, {}, scan, load_atlas("embedded"), True))


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
