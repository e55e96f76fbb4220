"""The published composite, on stand-ins cut from the embedded atlas and on arrays worked by hand."""

import io
import shutil
import urllib.request
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from published_sources import SUBCORTICAL, fill_with_stand_ins, no_network, write_fsl_labels
from typer.testing import CliRunner

from cpimaging.atlases import (
    Template,
    check_atlas,
    load_atlas,
    load_template,
    published,
    space,
    write_atlas,
)
from cpimaging.atlases.published.compose import Canvas, compose, label_table
from cpimaging.atlases.published.sources import (
    FILES,
    REQUIRED,
    checked_sums,
    fetch_sources,
    fetched_dir,
    source_table,
)
from cpimaging.atlases.vocabulary import load_structures
from cpimaging.cli import app
from cpimaging.images import read_image, write_image
from cpimaging.io import read_json
from cpimaging.layout import atlas_name
from cpimaging.registration.identity import ENGINE as IDENTITY
from cpimaging.scorers import SCORERS
from cpimaging.scorers.needs import check_fit
from cpimaging.types import Atlas, Image, InputError, LabelMap, Region

STEP = 3  # voxels that the small atlas skips
pytestmark = pytest.mark.slow


def thinned(image: Image) -> Image:
    affine = image.affine @ np.diag([STEP, STEP, STEP, 1.0])
    offset = 98 % STEP  # the plane x = 0 stays a plane of voxels
    affine[0, 3] += offset * image.affine[0, 0]
    return Image(np.ascontiguousarray(image.data[offset::STEP, ::STEP, ::STEP]), affine)


def thinned_map(label_map: LabelMap) -> LabelMap:
    labels = thinned(label_map.labels)
    there = set(np.unique(labels.data).tolist())
    return LabelMap(labels, tuple(region for region in label_map.regions if region.index in there))


@pytest.fixture(scope="module")
def small_atlas() -> Atlas:
    atlas = load_atlas("embedded")
    maps = {name: thinned_map(overlay) for name, overlay in atlas.overlays.items()}
    return replace(atlas, dseg=thinned_map(atlas.dseg), overlays=maps)


def small_world(patch: pytest.MonkeyPatch, cache: Path, atlas: Atlas, t1w: Image) -> Path:
    """Set up a user's cache without network; the embedded atlas is small, the registration does nothing."""
    patch.setenv("CPIMAGING_CACHE", str(cache))
    patch.delenv("FSLDIR", raising=False)
    no_network(patch)
    write_atlas(cache.parent / "embedded", atlas)
    patch.setattr(published, "embedded_folder", lambda: cache.parent / "embedded")
    patch.setattr(space, "load_template", lambda: Template("small", t1w, t1w, t1w, t1w))
    patch.setattr(space, "ENGINES", {"greedy": IDENTITY})
    return cache


@pytest.fixture(scope="module")
def small_t1w() -> Image:
    return thinned(load_template().t1w)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, small_atlas: Atlas, small_t1w: Image) -> Path:
    """A cache with stand-ins of all sources and the composite of them."""
    with pytest.MonkeyPatch.context() as patch:
        cache = small_world(patch, tmp_path_factory.mktemp("made") / "cache", small_atlas, small_t1w)
        fill_with_stand_ins(cache, small_atlas, small_t1w.data)
        list(published.fetch())
    return cache


@pytest.fixture
def bare(tmp_path: Path, small_atlas: Atlas, small_t1w: Image, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    return small_world(monkeypatch, tmp_path / "cache", small_atlas, small_t1w)


@pytest.fixture
def ready(bare: Path, made: Path) -> Path:
    """A cache with sources and composite."""
    return Path(shutil.copytree(made, bare))


@pytest.fixture
def filled(ready: Path) -> Path:
    """A cache with the files of all sources, which were not fetched yet."""
    shutil.rmtree(next(ready.glob("atlas-published_*")))
    (ready / "nilearn" / "sums.json").unlink()
    return ready


def structures(atlas: Atlas) -> set[str]:
    maps = (atlas.dseg, *atlas.overlays.values())
    return {region.structure for label_map in maps for region in label_map.regions}


def test_sources_cut_from_the_embedded_atlas_give_it_back(ready: Path, small_atlas: Atlas) -> None:
    composite = load_atlas("published")
    assert np.array_equal(composite.dseg.labels.data, small_atlas.dseg.labels.data)
    assert composite.dseg.regions == small_atlas.dseg.regions
    for name, overlay in small_atlas.overlays.items():
        assert np.array_equal(composite.overlays[name].labels.data, overlay.labels.data), name
    assert check_atlas(composite) == []
    check_fit(composite, "published")


def test_the_manifest_says_which_structures_come_from_where(ready: Path, small_atlas: Atlas) -> None:
    composite = load_atlas("published")
    assert composite.name == atlas_name("published") == "published"
    assert composite.version == "2.0 (Harvard-Oxford, AAL3, Juelich, Pauli 2017 (CIT168))"
    by_source = composite.manifest["Structures"]
    assert by_source["Pauli 2017 (CIT168)"] == ["red_nucleus", "substantia_nigra", "subthalamic_nucleus"]
    assert by_source["AAL3"] == ["locus_coeruleus", "raphe", "thalamus_ventrolateral"]
    assert by_source["Juelich"] == ["corticospinal_tract", "optic_radiation"]
    assert "perirolandic" in by_source["Harvard-Oxford"]
    assert "territory_mca" in by_source["embedded (cpimaging)"]
    assert sorted(name for names in by_source.values() for name in names) == sorted(structures(small_atlas))
    assert {"plic", "putamen_posterior", "pons"} <= set(composite.manifest["DividedAsEmbedded"])
    assert not {"thalamus_ventrolateral", "perirolandic"} & set(composite.manifest["DividedAsEmbedded"])
    assert "thalamus_ventrolateral" not in composite.manifest["Approximate"]
    assert "inferior_olive" in composite.manifest["Approximate"]
    assert "non-commercial" in composite.manifest["License"]
    assert any("Rolls" in citation for citation in composite.manifest["Citations"])


def test_the_composite_is_built_once_and_needs_no_network(
    ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "_build", None)
    assert load_atlas("published").name == "published"
    (fetched_dir() / FILES["aal3"][1]).unlink()  # another set of sources, another composite
    with pytest.raises(TypeError):
        load_atlas("published")


def test_the_embedded_atlas_stands_in_for_sources_that_cannot_be_had(
    filled: Path, small_atlas: Atlas
) -> None:
    for name in (FILES["aal3"][1], FILES["juelich"][1], FILES["pauli"][1]):
        (fetched_dir() / name).unlink()
    lines = list(published.fetch())
    assert sum("the embedded atlas stands in for it" in line for line in lines) == 3
    composite = load_atlas("published")
    assert composite.version == "2.0 (Harvard-Oxford)"
    assert {"red_nucleus", "raphe", "corticospinal_tract"} <= set(
        composite.manifest["Structures"]["embedded (cpimaging)"]
    )
    assert np.array_equal(composite.dseg.labels.data, small_atlas.dseg.labels.data)
    check_fit(composite, "published")


def test_fetching_tells_licence_citation_and_sum(filled: Path) -> None:
    text = "\n".join(fetch_sources())
    for about in source_table().itertuples():
        assert about.title in text
        assert about.license in text
        assert about.citation in text
    sums = read_json(fetched_dir() / "sums.json")
    assert set(sums) == {name for names in FILES.values() for name in names}
    assert all(total in text for total in sums.values())
    assert checked_sums() == sums


def test_without_cache_one_line_says_what_to_do(bare: Path) -> None:
    with pytest.raises(InputError, match="run `cpimaging atlas fetch` once"):
        load_atlas("published")
    told = CliRunner().invoke(app, ["atlas", "export", str(bare / "out"), "--atlas", "published"])
    assert told.exit_code == 2
    assert told.stderr.count("\n") == 1
    assert not bare.exists()


def test_without_network_fetching_says_so_in_one_line(bare: Path) -> None:
    told = CliRunner().invoke(app, ["atlas", "fetch"])
    assert told.exit_code == 2
    assert told.stderr.count("\n") == 1
    assert "Harvard-Oxford: could not be fetched" in told.stderr
    with pytest.raises(InputError, match="run `cpimaging atlas fetch` once"):
        load_atlas("published")


def test_a_file_that_changed_is_refused(ready: Path) -> None:
    path = fetched_dir() / FILES["aal3"][0]
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    for attempt in (lambda: load_atlas("published"), lambda: list(fetch_sources())):
        with pytest.raises(InputError, match="differs from what was fetched"):
            attempt()


def test_swapped_names_are_refused_with_the_evidence(filled: Path) -> None:
    swap = {"Left": "Right", "Right": "Left"}
    names = [name.split(" ", 1) for name in SUBCORTICAL]
    swapped = tuple(" ".join([swap.get(first, first), *rest]) for first, *rest in names)
    write_fsl_labels(fetched_dir() / FILES["harvard_oxford"][3], swapped)
    with pytest.raises(InputError, match="calls 'Left Thalamus' left, but its centroid lies at x \\+"):
        list(published.fetch())


def test_a_source_without_a_label_is_refused(filled: Path) -> None:
    write_fsl_labels(fetched_dir() / FILES["harvard_oxford"][3], ("Left Thalamus",))
    with pytest.raises(InputError, match="has no label"):
        list(published.fetch())


def test_fractions_are_no_labels(filled: Path) -> None:
    path = fetched_dir() / FILES["pauli"][0]
    image = read_image(path)
    write_image(path, image.with_data(image.data + 0.5))
    with pytest.raises(InputError, match="holds fractions"):
        list(published.fetch())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda image: image.with_data(image.data + 1), "no empty background"),
        (lambda image: Image(image.data[:-1], image.affine), "not on Harvard-Oxford's grid"),
    ],
)
def test_a_t1w_that_cannot_be_it_is_refused(filled: Path, change, expected: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    given = tmp_path / "given.nii.gz"
    write_image(given, change(read_image(fetched_dir() / FILES["nlin6"][0])))
    with pytest.raises(InputError, match=expected):
        list(published.fetch(given))
    with pytest.raises(InputError, match="no such file"):
        list(fetch_sources(tmp_path / "absent.nii.gz"))


@pytest.mark.parametrize("way", ["given", "fsl", "network"])
def test_the_t1w_comes_from_a_path_or_fsl_or_the_network(
    way: str, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = fetched_dir() / FILES["nlin6"][0]
    content = target.read_bytes()
    target.unlink()
    of_fsl = tmp_path / "fsl" / "data" / "standard" / "MNI152_T1_1mm_brain.nii.gz"
    of_fsl.parent.mkdir(parents=True)
    of_fsl.write_bytes(content)
    asked: list[str] = []

    def opened(url: str, timeout: float) -> io.BytesIO:
        asked.append(url)
        return io.BytesIO(content)

    monkeypatch.setattr(urllib.request, "urlopen", opened)
    if way == "fsl":
        monkeypatch.setenv("FSLDIR", str(tmp_path / "fsl"))
    list(fetch_sources(of_fsl if way == "given" else None))
    assert target.read_bytes() == content
    assert len(asked) == (way == "network")


def test_the_label_table_speaks_the_vocabulary() -> None:
    vocabulary = load_structures().set_index("structure")
    table = label_table()
    assert set(table["source"]) == {*FILES, "embedded"} - {"nlin6"}
    assert not table[table["source"] != "embedded"].duplicated(["source", "label"]).any()
    for row in table.itertuples():
        for name in row.structure.split("+"):
            lateral = vocabulary.loc[name, "sides"] == "lateral"
            assert not (row.side == "midline" and lateral), row
    everything = {name for text in table["structure"] for name in text.split("+")}
    assert set.union(*(set(scorer.requires) for scorer in SCORERS.values())) - everything <= {
        *("territory_aca", "territory_mca", "territory_pca", "watershed_anterior", "watershed_posterior")
    }
    assert set(REQUIRED) < set(FILES)


def region(index: int, structure: str, side: str, tissue: str) -> Region:
    return Region(index, f"{side} {structure}", structure, side, tissue)  # type: ignore[arg-type]


TINY = (
    region(1, "putamen", "left", "deep_grey"),
    region(2, "putamen_posterior", "left", "deep_grey"),
    region(3, "external_capsule", "left", "white_matter"),
)


def tiny() -> Canvas:
    """One row of voxels, x = -7 … -1 mm: putamen, posterior putamen, capsule; the last is outside."""
    affine = np.eye(4)
    affine[0, 3] = -7
    labels = np.array([1, 1, 2, 2, 3, 3, 0], np.uint8).reshape(7, 1, 1)
    return Canvas(LabelMap(Image(labels, affine), TINY), {"putamen", "putamen_posterior"})


def at(*voxels: int) -> np.ndarray:
    mask = np.zeros((7, 1, 1), bool)
    mask[list(voxels)] = True
    return mask


def test_what_a_source_has_in_one_piece_is_divided_as_the_embedded_atlas() -> None:
    canvas = tiny()
    canvas.claim(["putamen", "putamen_posterior"], "left", at(1, 2, 3, 4, 6))
    # voxel 4, capsule before, joins the nearer posterior part; 6 is outside of the extent
    assert canvas.data.ravel().tolist() == [0, 1, 2, 2, 2, 0, 0]


def test_who_comes_first_keeps_the_voxel() -> None:
    canvas = tiny()
    canvas.claim(["external_capsule"], "left", at(3, 4))
    canvas.claim(["putamen"], "left", at(2, 3))
    assert canvas.data.ravel().tolist() == [0, 0, 1, 3, 3, 0, 0]


def test_labels_do_not_cross_the_midline() -> None:
    canvas = tiny()
    canvas.claim(["putamen"], "right", at(0, 1, 2))
    assert not canvas.data.any()


def test_a_nucleus_that_a_source_draws_is_that_source_s_alone() -> None:
    canvas = tiny()
    canvas.claim(["putamen", "putamen_posterior"], "left", at(0))
    canvas.keep_the_rest()
    assert canvas.data.ravel().tolist() == [1, 3, 3, 3, 3, 3, 0]
    with pytest.raises(InputError, match="nothing is left of left putamen_posterior"):
        canvas.check_nothing_lost()


def test_an_absent_source_draws_nothing(small_atlas: Atlas) -> None:
    """With none at all the composite is the embedded atlas."""
    composite = compose(small_atlas, {})
    assert np.array_equal(composite.dseg.labels.data, small_atlas.dseg.labels.data)
