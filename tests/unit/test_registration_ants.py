"""What the engine of ANTs does beside the registration: find its Python, hand over masks and matrices."""

import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from cpimaging.itk import affine_transform
from cpimaging.registration.syn import VARIABLE, ants_python, read_matrix, run_ants
from cpimaging.types import Image, InputError


@pytest.fixture
def scan() -> Image:
    return Image(np.arange(60, dtype=np.float32).reshape(3, 4, 5), np.eye(4))


def python_that(folder: Path, script: str) -> Path:
    """A stand-in for the Python of ANTs: a shell script."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_python_without_ants_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for python in (python_that(tmp_path, "exit 1"), tmp_path / "absent"):
        monkeypatch.setenv(VARIABLE, str(python))
        with pytest.raises(InputError, match=f"cannot import ants; .* set {VARIABLE}"):
            ants_python()


def test_the_python_that_is_named_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = python_that(tmp_path, "exit 0")
    monkeypatch.setenv(VARIABLE, str(python))
    assert ants_python() == str(python)
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setattr(sys, "executable", str(python))
    assert ants_python() == str(python)


def test_a_failure_of_ants_is_told_by_its_last_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scan: Image
) -> None:
    script = 'if [ "$1" = "-c" ]; then exit 0; fi; echo one >&2; echo "out of memory" >&2; exit 3'
    monkeypatch.setenv(VARIABLE, str(python_that(tmp_path, script)))
    with pytest.raises(InputError, match="ANTs failed: out of memory; try the engine greedy"):
        run_ants("antsRegistrationSyNQuick[a]", tmp_path, scan, scan, None, None)


def test_a_matrix_comes_back_as_it_was_written(tmp_path: Path) -> None:
    matrix = np.array([[1.1, 0.2, 0.0, 5.0], [-0.1, 0.9, 0.3, -7.0], [0.0, -0.2, 1.2, 3.0], [0, 0, 0, 1]])
    sitk.WriteTransform(affine_transform(matrix), str(tmp_path / "a.mat"))
    assert read_matrix(tmp_path / "a.mat") == pytest.approx(matrix)


def test_the_mask_leaves_the_lesion_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scan: Image) -> None:
    monkeypatch.setenv(VARIABLE, str(python_that(tmp_path, "exit 0")))
    lesion = scan.with_data(scan.data == 7)
    run_ants("antsRegistrationSyNQuick[a]", tmp_path, scan, scan, lesion, np.eye(4))
    mask = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "mask.nii"))).transpose(2, 1, 0)
    assert np.array_equal(mask == 0, lesion.data)
