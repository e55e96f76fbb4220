"""A stage is run again when what it computes with has changed, and only then."""

import ast
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cpimaging
from cpimaging import provenance
from cpimaging.study.job import SCAN_STAGES

pytestmark = pytest.mark.slow

PACKAGE = Path(cpimaging.__file__).parent
STAGES = (*SCAN_STAGES, "index", "atlas", "cohort")


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the package; digests are taken of it, not of what is installed, and kept beside it."""
    copy = tmp_path / "cpimaging"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    installed = provenance._source
    monkeypatch.setattr(provenance, "_source", lambda module: copy / installed(module).relative_to(PACKAGE))
    (tmp_path / "cache").mkdir()
    monkeypatch.setenv("CPIMAGING_CACHE", str(tmp_path / "cache"))
    yield copy
    provenance._kept.cache_clear()


def digests(*, keep: bool = False) -> dict[str, str]:
    provenance._kept.cache_clear()
    return {stage: provenance.code_digest.__wrapped__(stage, keep=keep) for stage in STAGES}


def changed(edit: Callable[[], object]) -> set[str]:
    """Return the stages whose digest an edit changes."""
    before = digests()
    edit()
    return {stage for stage, digest in digests().items() if digest != before[stage]}


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def test_comments_docstrings_and_blank_lines_do_not_count(copied: Path) -> None:
    def edit() -> None:
        for path in copied.rglob("*.py"):
            path.write_text(f"# a comment\n{path.read_text()}\n\n# another\n")
        replace(
            copied / "qc" / "__init__.py", '"""Return fail if a flag fails', '"""Say fail where a flag fails'
        )
        replace(copied / "types.py", '"""Bad input, told in one plain line', '"""Told plainly')

    assert changed(edit) == set()


def test_imports_are_those_that_python_sees() -> None:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        seen = set()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "cpimaging":
                names = (f"{node.module}.{alias.name}" for alias in node.names)
                seen |= {node.module, *filter(provenance._is_module, names)}
            elif isinstance(node, ast.Import):  # none of ours is imported so
                assert not any(alias.name.startswith("cpimaging") for alias in node.names), path
        assert set(provenance._imported(text)) == seen, path


def test_the_line_numbers_of_code_do_not_count(copied: Path) -> None:
    assert changed(lambda: replace(copied / "qc" / "limits.py", "\nLIMITS =", "\n\n\n\nLIMITS =")) == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "stages"),
    [
        ("qc/checks.py", "np.percentile", "np.quantile", {"qc"}),
        ("qc/limits.yaml", "fail: 0.85", "fail: 0.8", {"qc", "report", "cohort"}),
        ("stages/score.py", 'quality["verdict"]', 'quality["no"]', {"score"}),
        ("lesions/components.py", "np.", "numpy.", {"lesions", "quantify"}),
        ("report/scan.py", "return", "return not", {"report"}),
        ("stages/segment.py", 'mode="nearest"', 'mode="linear"', {"segment"}),
    ],
)
def test_an_edit_counts_for_the_stages_that_use_it(
    copied: Path, file: str, old: str, new: str, stages: set[str]
) -> None:
    assert changed(lambda: replace(copied / file, old, new)) == stages


def test_an_edit_in_the_ground_counts_for_all(copied: Path) -> None:
    assert changed(lambda: append(copied / "types.py", "\nNEW = 1\n")) == set(STAGES)


CRITERIA = sorted(path.relative_to(PACKAGE).as_posix() for path in (PACKAGE / "scorers").rglob("*.yaml"))


@pytest.mark.parametrize("name", CRITERIA)
def test_criteria_beside_a_scorer_count_for_its_stage(copied: Path, name: str) -> None:
    stages = changed(lambda: append(copied / name, "\n# tightened\n"))
    assert "score" in stages
    assert not stages & {"preprocess", "register", "segment", "lesions", "quantify", "qc"}


@pytest.mark.parametrize("name", ["regions", "detectors/adc"])
def test_parameters_of_detection_count_for_the_stages_that_look(copied: Path, name: str) -> None:
    table = copied / "lesions/detect" / f"{name}.yaml"
    assert changed(lambda: append(table, "\n# tightened\n")) == {"register", "lesions"}


def test_there_are_criteria_to_look_at() -> None:
    assert {"scorers/mrics.yaml", "scorers/base.yaml", "scorers/scales/fiori.yaml"} <= set(CRITERIA)


@pytest.mark.parametrize("name", ["scan.html.jinja", "viewer.js", "style.css"])
def test_templates_count_for_the_pages(copied: Path, name: str) -> None:
    stages = changed(lambda: append(copied / "report/templates" / name, "<p>new</p>"))
    assert "report" in stages
    assert not stages & {"preprocess", "register", "segment", "lesions", "quantify", "qc", "score"}


def test_the_vocabulary_counts_for_what_reads_it(copied: Path) -> None:
    stages = changed(lambda: append(copied / "structures.tsv", "nucleus\tdeep_grey\tleft right\tNucleus\n"))
    assert {"segment", "quantify", "atlas"} <= stages


def test_the_tables_of_the_embedded_atlas_count_for_what_draws_it(copied: Path) -> None:
    table = next((copied / "atlases/embedded").glob("*.tsv"))
    stages = changed(lambda: append(table, "x\n"))
    assert {"atlas", "segment"} <= stages
    assert "index" not in stages


KEPT_FILE = f"cache/{provenance.KEPT}"


@pytest.fixture
def uncomputed(copied: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The digests, kept; from here on none is computed."""
    found = digests(keep=True)
    monkeypatch.setattr(provenance, "_computed", lambda stage: f"computed {stage}")
    return found


def test_what_a_stage_has_kept_is_not_computed_again(uncomputed: dict[str, str]) -> None:
    assert digests() == uncomputed


@pytest.mark.parametrize("name", ["types.py", "qc/limits.yaml", "report/templates/viewer.js"])
def test_after_an_edit_anywhere_all_are_computed(copied: Path, uncomputed: dict[str, str], name: str) -> None:
    append(copied / name, "\n")
    assert digests() == {stage: f"computed {stage}" for stage in STAGES}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"package": 1}', "no JSON"])
def test_a_spoiled_file_of_kept_digests_counts_for_nothing(
    copied: Path, uncomputed: dict[str, str], content: str
) -> None:
    (copied.parent / KEPT_FILE).write_text(content)
    assert digests() == {stage: f"computed {stage}" for stage in STAGES}


def test_a_cache_that_cannot_be_written_stops_nothing(copied: Path) -> None:
    (copied.parent / KEPT_FILE).mkdir()
    assert digests(keep=True) == digests()


def test_only_who_keeps_writes_and_only_where_a_cache_is(copied: Path) -> None:
    digests()
    assert not list((copied.parent / "cache").iterdir())
    (copied.parent / "cache").rmdir()
    assert digests(keep=True) == digests()
    assert not (copied.parent / "cache").exists()


def test_a_digest_is_short_and_repeats() -> None:
    found = {stage: provenance.code_digest(stage) for stage in STAGES}
    assert all(len(digest) == 12 and int(digest, 16) >= 0 for digest in found.values())
    assert len(set(found.values())) == len(STAGES)
    assert found == digests()


def test_a_sidecar_says_what_made_the_file() -> None:
    content = provenance.sidecar("qc", ["sub-01/anat/sub-01_T1w.nii.gz"], Type="Lesion")
    assert content == {
        "Sources": ["sub-01/anat/sub-01_T1w.nii.gz"],
        "GeneratedBy": [{"Name": "cpimaging", "Version": cpimaging.__version__}],
        "Stage": "qc",
        "CodeDigest": provenance.code_digest("qc"),
        "Type": "Lesion",
    }
    assert str(PACKAGE) not in json.dumps(content)
