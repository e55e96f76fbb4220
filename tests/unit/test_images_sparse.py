import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cpimaging.images import read_sparse, write_image
from cpimaging.types import Image, InputError


@pytest.mark.parametrize("codes", ["RAS", "LAS", "LPS", "PIR"])
@pytest.mark.parametrize("name", ["mask.nii.gz", "mask.nii"])
def test_sparse_voxels_are_those_of_the_image(tmp_path: Path, codes: str, name: str) -> None:
    data = np.zeros((3, 4, 5), np.uint8)
    data[0, 1, 2], data[2, 3, 4], data[1, 0, 3] = 1, 2, 3
    affine = np.array([[2.0, 0, 0, -3], [0, 3, 0, 5], [0, 0, 4, -7], [0, 0, 0, 1]])
    write_image(tmp_path / name, Image(data, affine, tuple(codes)))
    sparse = read_sparse(tmp_path / name)
    found = np.zeros(data.size, np.uint8)
    found[sparse.index] = sparse.found
    assert np.array_equal(found.reshape(sparse.shape), data)
    assert np.allclose(sparse.affine, affine)


def test_sparse_voxels_of_scaled_nifti2_and_of_a_file_in_two_gzip_parts(tmp_path: Path) -> None:
    data = np.zeros((3, 4, 5, 1), np.int16)
    data[1, 2, 3] = 5
    image = nib.Nifti2Image(data, np.diag([-2.0, 2, 2, 1]))
    image.header.set_slope_inter(0.5, 0)
    nib.save(image, tmp_path / "a.nii")
    content = (tmp_path / "a.nii").read_bytes()
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(content[:700]) + gzip.compress(content[700:]))
    for name in ("a.nii", "a.nii.gz"):
        sparse = read_sparse(tmp_path / name)
        assert sparse.index.tolist() == [
            np.ravel_multi_index((1, 2, 3), (3, 4, 5))
        ]  # x is mirrored: 3 - 1 - 1
        assert sparse.found.tolist() == [2.5]


def test_sparse_reading_refuses_what_is_no_volume(tmp_path: Path) -> None:
    write_image(tmp_path / "whole.nii.gz", Image(np.ones((9, 8, 7), np.uint8), np.eye(4)))
    (tmp_path / "cut.nii.gz").write_bytes((tmp_path / "whole.nii.gz").read_bytes()[:-20])
    (tmp_path / "damaged.nii.gz").write_bytes((tmp_path / "whole.nii.gz").read_bytes()[:10] + bytes(30))
    (tmp_path / "text.nii").write_text("no image at all, but long enough to be read as a header" * 9)
    (tmp_path / "empty.nii.gz").touch()
    for name in ("cut.nii.gz", "damaged.nii.gz", "text.nii", "empty.nii.gz", "absent.nii.gz"):
        with pytest.raises(InputError, match=name):
            read_sparse(tmp_path / name)
