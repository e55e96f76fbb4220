"""Atlas folders of one's own: their faults, the way from another space, what is kept, and the listing."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from nibabel.freesurfer import MGHImage
from nibabel.nifti1 import Nifti1Image
from scipy import ndimage

from cpimaging.atlases import (
    check_atlas,
    check_folder,
    checked_atlas,
    list_atlases,
    load_atlas,
    load_template,
    space,
    write_atlas,
)
from cpimaging.atlases.template import SPACE, Template
from cpimaging.cache import cache_dir
from cpimaging.images import write_displacement, write_image
from cpimaging.layout import atlas_name
from cpimaging.registration import resample
from cpimaging.types import Atlas, Image, InputError, LabelMap, Region

SHIFT_MM = np.array([6.3, -4.4, 3.2])
WAY = f"from-Other_to-{SPACE}_mode-image_xfm"


@pytest.fixture(scope="module")
def template_files() -> list[Path]:
    """What is kept of the template once it was built."""
    load_template()
    return sorted(cache_dir().glob("tpl-*"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, template_files: list[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, but for the template."""
    folder = tmp_path / "cache"
    folder.mkdir()
    for built in template_files:
        (folder / built.name).symlink_to(built)
    monkeypatch.setenv("CPIMAGING_CACHE", str(folder))
    return folder


def boxes(shift_mm: np.ndarray | None = None, living_in: str = SPACE) -> Atlas:
    """Two boxes of 2 mm voxels beside the midline, moved by `shift_mm`; labels 300 (left) and 70001."""
    data = np.zeros((40, 36, 30), np.int32)
    data[8:14, 12:20, 10:18] = 300
    data[26:32, 12:20, 10:18] = 70001
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = np.array([-39.3, -46.2, -20.4]) + (0 if shift_mm is None else shift_mm)
    regions = (
        Region(300, "Left box", "thalamus", "left", "deep_grey"),
        Region(70001, "Right box", "thalamus", "right", "deep_grey"),
    )
    return Atlas("Boxes", "1", living_in, LabelMap(Image(data, affine, ("L", "A", "S")), regions))


def centroids(atlas: Atlas) -> np.ndarray:
    labels = atlas.dseg.labels
    voxels = np.array(
        [np.argwhere(labels.data == region.index).mean(axis=0) for region in atlas.dseg.regions]
    )
    return voxels @ labels.affine[:3, :3].T + labels.affine[:3, 3]


def test_an_atlas_of_our_space_keeps_its_own_grid_and_numbers(tmp_path: Path) -> None:
    write_atlas(tmp_path / "own", boxes())
    atlas = load_atlas(tmp_path / "own")
    assert atlas.dseg.labels.shape == (40, 36, 30)
    assert np.array_equal(np.unique(atlas.dseg.labels.data), [0, 300, 70001])


def test_an_atlas_of_another_space_without_a_way_is_refused_in_one_line(tmp_path: Path) -> None:
    write_atlas(tmp_path / "own", boxes(living_in="Other"))
    for open_atlas in (load_atlas, checked_atlas):
        with pytest.raises(InputError) as refused:
            open_atlas(tmp_path / "own")
        message = str(refused.value)
        assert "\n" not in message
        assert f"lives in Other, not in {SPACE}, and brings no way there" in message
        assert "tpl-Other_desc-brain_T1w.nii.gz" in message
        assert f"{WAY}.nii.gz" in message


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["txt", "mat", "nii.gz"])
def test_a_transform_brings_an_atlas_of_another_space_over(tmp_path: Path, kind: str) -> None:
    """Points of our template + SHIFT_MM are points of the other space."""
    folder = tmp_path / "own"
    write_atlas(folder, boxes(SHIFT_MM, living_in="Other"))
    if kind == "nii.gz":
        affine = np.diag([20.0, 20, 20, 1])
        affine[:3, 3] = [-100, -140, -80]
        field = Image(np.broadcast_to(SHIFT_MM, (11, 13, 11, 3)), affine)
        write_displacement(folder / f"{WAY}.nii.gz", field)
    else:
        matrix = np.eye(4)
        matrix[:3, 3] = SHIFT_MM
        np.savetxt(folder / f"{WAY}.{kind}", matrix)
    atlas = load_atlas(folder)
    assert atlas.space == SPACE
    assert atlas.manifest["BroughtFrom"] == "Other"
    assert atlas.dseg.labels.same_grid(load_template().t1w)
    np.testing.assert_allclose(centroids(atlas), centroids(boxes()), atol=0.5)
    assert (atlas.dseg.labels.data == 70001).sum() == pytest.approx(6 * 8 * 8 * 8, rel=0.05)


@pytest.mark.slow
def test_the_t1w_of_the_other_template_is_registered_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 4 mm, to be quick; the other template is ours, moved and a little narrower."""
    template = load_template().t1w
    coarse = Image(np.zeros((50, 59, 48), np.uint8), template.affine @ np.diag([4.0, 4, 4, 1]))
    smooth = template.with_data(ndimage.gaussian_filter(template.data, 1.5) * (template.data > 0))
    small = resample(smooth, coarse)
    to_other = np.diag([1.05, 1.0, 1.0, 1.0])
    to_other[:3, 3] = SHIFT_MM
    other = resample(small, coarse, matrix=np.linalg.inv(to_other))
    monkeypatch.setattr(
        space, "load_template", lambda: Template(SPACE, small, small, small, small.with_data(small.data > 0))
    )
    folder = tmp_path / "own"
    write_atlas(folder, boxes(SHIFT_MM, living_in="Other"))
    write_image(folder / "tpl-Other_desc-brain_T1w.nii.gz", other)
    atlas = load_atlas(folder)
    expected = centroids(boxes()) / [1.05, 1, 1]
    np.testing.assert_allclose(centroids(atlas), expected, atol=1.5)

    def no_second_time(*_: object, **__: object) -> None:
        raise AssertionError("registered again")

    monkeypatch.setattr("cpimaging.atlases.own.to_template_space", no_second_time)
    assert np.array_equal(load_atlas(folder).dseg.labels.data, atlas.dseg.labels.data)
    (folder / "atlas-Boxes_description.json").write_text(json.dumps({"Space": "Other", "Version": "2"}))
    with pytest.raises(AssertionError, match="registered again"):
        load_atlas(folder)


def test_a_transform_the_wrong_way_round_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    write_atlas(folder, boxes(living_in="Other"))
    matrix = np.eye(4)
    matrix[0, 3] = 60.0
    np.savetxt(folder / f"{WAY}.txt", matrix)
    with pytest.raises(InputError, match=r"xfm\.txt: Right box .* is called right, but"):
        load_atlas(folder)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (f"{WAY}.txt", "1 0 0\n0 1 0\n0 0 1\n", "is not a 4 × 4 matrix"),
        (f"{WAY}.txt", "one two", "is not a 4 × 4 matrix"),
        (f"{WAY}.txt", "-1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n", "keeps left and right"),
        (f"{WAY}.nii.gz", np.zeros((4, 5, 6)), "is not a displacement field"),
        ("tpl-Other_T1w.nii.gz", np.ones((150, 150, 150)), "shows more than a brain"),
    ],
)
def test_a_way_that_cannot_be_used_is_refused(
    tmp_path: Path, name: str, content: str | np.ndarray, words: str
) -> None:
    folder = tmp_path / "own"
    write_atlas(folder, boxes(living_in="Other"))
    if isinstance(content, str):
        (folder / name).write_text(content)
    else:
        Nifti1Image(content.astype(np.float32), np.eye(4)).to_filename(folder / name)
    with pytest.raises(InputError, match=words):
        load_atlas(folder)


def test_labels_that_lie_outside_of_the_brain_are_told() -> None:
    lost = boxes(np.array([0.0, 200, 0]))
    assert any("only 0 % of it lies in the brain" in problem for problem in check_atlas(lost))
    assert check_atlas(replace(lost, space="Other")) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"structure": "territory_mca", "tissue": "overlay"}, "overlaps others, it must be in an overlay"),
        ({"side": "midline"}, "thalamus has a left and a right"),
        ({"structure": "n/a", "tissue": "n/a", "name": "putamen"}, "its name has a meaning"),
        ({"structure": "n/a", "tissue": "n/a", "name": "n/a"}, "neither a structure nor a name"),
        ({"structure": "n/a", "tissue": "grey"}, "tissue 'grey' is not in the vocabulary"),
    ],
)
def test_words_that_would_mislead_are_told(change: dict[str, str], words: str) -> None:
    atlas = boxes()
    first, second = atlas.dseg.regions
    changed = (replace(first, **change), second)  # type: ignore[arg-type]
    problems = check_atlas(replace(atlas, dseg=LabelMap(atlas.dseg.labels, changed)))
    assert any(words in problem for problem in problems), problems


def test_many_faults_are_cut_short_but_all_listed_by_the_check(tmp_path: Path) -> None:
    atlas = boxes()
    data = np.zeros(atlas.dseg.labels.shape, np.uint8)
    data[26:32, 12:20, 10:15] = np.arange(1, 6)
    regions = tuple(Region(n, f"Area {n}", "n/a", "left", "n/a") for n in range(1, 6))
    image = Image(data, atlas.dseg.labels.affine)
    write_atlas(tmp_path / "own", replace(atlas, dseg=LabelMap(image, regions)))
    with pytest.raises(InputError, match="2 more; `cpimaging atlas check` lists all"):
        load_atlas(tmp_path / "own")
    assert len(check_folder(tmp_path / "own")[1]) == 5


def test_a_table_may_leave_out_entities_of_its_image(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    write_atlas(folder, boxes())
    image = folder / "atlas-Boxes_dseg.nii.gz"
    image.rename(folder / f"tpl-{SPACE}_res-2_atlas-Boxes_desc-thr_dseg.nii.gz")
    (folder / "atlas-Boxes_dseg.tsv").rename(folder / f"tpl-{SPACE}_atlas-Boxes_dseg.tsv")
    atlas = load_atlas(folder)
    assert (atlas.name, [region.index for region in atlas.dseg.regions]) == ("Boxes", [300, 70001])


def test_the_listing_builds_and_fetches_nothing(tmp_path: Path, cache: Path) -> None:
    write_atlas(tmp_path / "own", boxes())
    write_atlas(tmp_path / "bad", boxes(living_in="Other"))
    before = sorted(cache.iterdir())
    embedded, published, own, bad = list_atlases(tmp_path / "own", tmp_path / "bad")
    assert sorted(cache.iterdir()) == before
    assert (embedded.name, embedded.space, embedded.licence) == ("embedded", SPACE, "Apache-2.0")
    assert embedded.regions is None
    assert "built at first use" in embedded.state
    assert "cpimaging atlas fetch" in published.state
    assert "Harvard-Oxford" in published.licence
    assert (own.regions, own.version, own.state) == ((2, 0), "1", "checked: fine")
    assert bad.state.startswith("faults: 1")


def test_the_listing_reads_what_was_built(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cpimaging.atlases.embedded.cache_name", lambda: "atlas-cpimaging_x")
    built = replace(boxes(), manifest={"License": "L"}, overlays={"tracts": boxes().dseg})
    write_atlas(cache / "atlas-cpimaging_x", built)
    entry = list_atlases()[0]
    assert entry.regions == (2, 2)
    assert entry.state == f"built: {cache / 'atlas-cpimaging_x'}"


def far_way(shift_mm: float, kind: str) -> dict[str, object]:
    """A transform that moves points far to the right, as a matrix or as a field."""
    matrix = np.eye(4)
    matrix[0, 3] = shift_mm
    template = load_template().t1w
    vectors = np.zeros((*(n // 8 for n in template.shape), 3))
    vectors[..., 0] = shift_mm
    affine = template.affine @ np.diag([8, 8, 8, 1])
    return {"matrix": matrix} if kind == "matrix" else {"field": Image(vectors, affine)}


def write_way(folder: Path, *, matrix: np.ndarray | None = None, field: Image | None = None) -> None:
    if matrix is not None:
        np.savetxt(folder / f"{WAY}.txt", matrix)
    if field is not None:
        write_displacement(folder / f"{WAY}.nii.gz", field)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["matrix", "field"])
@pytest.mark.parametrize(
    ("shift_mm", "told"), [(500.0, "leads no label"), (np.nan, "no number|4 × 4 matrix")]
)
def test_a_way_that_leads_nowhere_is_told_before_anything_runs(
    tmp_path: Path, kind: str, shift_mm: float, told: str
) -> None:
    write_atlas(tmp_path, boxes(living_in="Other"))
    write_way(tmp_path, **far_way(shift_mm, kind))
    _, problems = check_folder(tmp_path)
    assert len(problems) == 1
    assert re.search(told, problems[0])
    with pytest.raises(InputError, match=told):
        load_atlas(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["matrix", "field"])
def test_a_way_that_fits_is_fine(tmp_path: Path, kind: str) -> None:
    write_atlas(tmp_path, boxes(np.array([3.0, 0, 0]), living_in="Other"))
    write_way(tmp_path, **far_way(3.0, kind))
    assert check_folder(tmp_path)[1] == []


DESCRIPTION = "atlas-Boxes_description.json"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (DESCRIPTION, "null"),
        (DESCRIPTION, "5"),
        (DESCRIPTION, "[" * 100_000),
        (DESCRIPTION, '{"Version": ' + "9" * 6000 + "}"),
        (DESCRIPTION, '{"Space": "*"}'),
        (DESCRIPTION, '{"Space": "../x"}'),
        (DESCRIPTION, '{"Space": 5}'),
        (DESCRIPTION, '{"Space": "MNI152NLin2009aSym", "Version": "\\ud800"}'),
        (DESCRIPTION, "\xff\xfe"),
        ("atlas-Boxes_dseg.tsv", "index\tname\tside\n1" + "0" * 30 + "\tA\tleft\n"),
        ("atlas-Boxes_dseg.tsv", "index\tname\tside\n4294967296\tA\tleft\n"),
        ("atlas-Boxes_dseg.nii.gz", "no image"),
    ],
)
def test_what_cannot_be_understood_ends_in_one_line(tmp_path: Path, name: str, text: str) -> None:
    write_atlas(tmp_path, boxes())
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError) as caught:
        check_folder(tmp_path)
    line = str(caught.value)
    assert line.isprintable()
    line.encode()


def test_folders_in_the_place_of_files_are_told(tmp_path: Path) -> None:
    for name in ("atlas-Boxes_dseg.tsv", DESCRIPTION, "atlas-Boxes_dseg.nii.gz"):
        write_atlas(tmp_path / name, boxes())
        (tmp_path / name / name).unlink()
        (tmp_path / name / name).mkdir()
        with pytest.raises(InputError, match=r"is a folder|no such file"):
            check_folder(tmp_path / name)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.5, 1e12])
def test_labels_that_are_no_whole_numbers_are_refused(tmp_path: Path, value: float) -> None:
    atlas = boxes()
    write_atlas(tmp_path, atlas)
    data = atlas.dseg.labels.data.astype(np.float64)
    data[0, 0, 0] = value
    nifti = Nifti1Image(data, atlas.dseg.labels.affine)
    nifti.to_filename(tmp_path / "atlas-Boxes_dseg.nii.gz")
    with pytest.raises(InputError, match="whole numbers"):
        check_folder(tmp_path)


def test_an_atlas_that_does_not_tell_left_from_right_is_refused(tmp_path: Path) -> None:
    atlas = boxes()
    write_atlas(tmp_path, atlas)
    nifti = Nifti1Image(atlas.dseg.labels.data, atlas.dseg.labels.affine)
    nifti.set_sform(None, 0)
    nifti.to_filename(tmp_path / "atlas-Boxes_dseg.nii.gz")
    with pytest.raises(InputError, match="left and right are unknown"):
        check_folder(tmp_path)


def test_hidden_files_of_an_atlas_count_as_nothing_and_other_formats_are_read(tmp_path: Path) -> None:
    atlas = boxes()
    write_atlas(tmp_path, atlas)
    for path in list(tmp_path.iterdir()):
        (tmp_path / f"._{path.name}").write_bytes(b"\0\5\x16\7")
    assert check_folder(tmp_path)[1] == []
    MGHImage(atlas.dseg.labels.data, atlas.dseg.labels.affine).to_filename(tmp_path / "atlas-Boxes_dseg.mgz")
    (tmp_path / "atlas-Boxes_dseg.nii.gz").unlink()
    read, problems = check_folder(tmp_path)
    assert problems == []
    assert np.array_equal(read.dseg.labels.data, atlas.dseg.labels.data)
    assert atlas_name(str(tmp_path)) == "Boxes"
