"""Which rooms of the package each stage may depend on: an edit elsewhere must not run it again."""

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from cpimaging.provenance import _reachable
from cpimaging.study.job import SCAN_STAGES

pytestmark = pytest.mark.slow

GROUND = set("bids columns imagefiles io layout study tables types words writes".split())
"""What every stage stands on: where a scan's files are, how they are read, what they are called."""

IMAGES = GROUND | set("atlases cache images itk provenance registration voxels".split())
"""What stages that look at images need as well."""

ROOMS = {  # a mask is laid over its image as preprocess lays contrasts over one another
    "preprocess": IMAGES | {"extract", "masks", "preprocess"},
    "register": IMAGES | {"assessed", "lesions", "masks", "preprocess"},
    "segment": IMAGES
    | set("assessed figures masks morphometry newborn_lines norms preprocess segment".split()),
    "lesions": IMAGES | {"assessed", "lesions", "masks", "preprocess", "quantify", "segment"},
    "quantify": IMAGES | {"lesions", "masks", "morphometry", "preprocess", "quantify"},
    "qc": IMAGES | {"qc"},
    "score": GROUND | {"assessed", "scorers"},
    "report": IMAGES | {"assessed", "figures", "qc", "report", "scorers", "versions"},
}
IMAGE_LIBRARIES = {"SimpleITK", "nibabel", "nilearn", "picsl_greedy", "skimage"}


def rooms(stage: str) -> set[str]:
    reached = _reachable(f"cpimaging.stages.{stage}")
    return {module.split(".")[1] for module in reached if "." in module} - {"stages"}


def imports(module: str) -> set[str]:
    """Return the top packages that a module imports wherever it stands."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    found = set()
    for node in ast.walk(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_every_stage_of_a_scan_has_its_rooms() -> None:
    assert set(ROOMS) == set(SCAN_STAGES)


@pytest.mark.parametrize("stage", ROOMS)
def test_a_stage_depends_on_its_rooms_alone(stage: str) -> None:
    assert rooms(stage) <= ROOMS[stage]


@pytest.mark.parametrize("stage", ROOMS)
def test_no_room_is_listed_that_a_stage_could_do_without(stage: str) -> None:
    own = ROOMS[stage] - IMAGES
    assert own <= rooms(stage)


def test_of_report_s_quality_checks_only_the_table_counts() -> None:
    reached = _reachable("cpimaging.stages.report")
    assert {module for module in reached if module.startswith("cpimaging.qc")} == {
        "cpimaging.qc",
        "cpimaging.qc.limits",
    }


def test_score_asks_no_image_library_for_anything() -> None:
    reached = _reachable("cpimaging.stages.score")
    using = {module: imports(module) & IMAGE_LIBRARIES for module in reached}
    assert {module: libraries for module, libraries in using.items() if libraries} == {}


@pytest.mark.parametrize("stage", ["segment", "lesions", "quantify", "qc"])
def test_what_a_stage_seldom_needs_is_not_loaded(stage: str) -> None:
    """Statistics and contours take half a second to import."""
    code = f"import sys, cpimaging.stages.{stage}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert f"cpimaging.stages.{stage}" in loaded
    assert loaded & {"scipy.stats", "scipy.signal", "skimage.measure._find_contours"} == set()


def test_score_asks_no_reader_of_datasets() -> None:
    """How ages and masks are found is the plan's affair; what was found stands in it."""
    reached = _reachable("cpimaging.stages.score")
    assert {module for module in reached if module.startswith("cpimaging.bids.")} == {
        "cpimaging.bids.files",  # the order of labels
        "cpimaging.bids.scan",
    }


HEAVY = {
    "score": IMAGE_LIBRARIES | {"jsonschema", "pandas", "scipy"},
    "preprocess": {"jsonschema", "pandas", "scipy.signal"},
    "register": {"jsonschema", "pandas", "scipy.signal"},
    "report": {"jsonschema", "nilearn"},
}
"""What a stage starts without, though it is installed: each costs it a quarter of a second or more."""


@pytest.mark.parametrize("stage", HEAVY)
def test_a_stage_starts_without_libraries_that_it_does_not_need(stage: str) -> None:
    code = f"import sys, cpimaging.stages.{stage}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & HEAVY[stage] == set()
