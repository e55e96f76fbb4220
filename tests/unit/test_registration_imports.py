"""What is loaded by whom: an engine that was not chosen stays out."""

import subprocess
import sys

import pytest

SILENT = ("cpimaging.registration", "cpimaging.registration.engines", "cpimaging.registration.tools")


def loaded(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize("module", SILENT)
def test_greedy_is_loaded_where_it_runs(module: str) -> None:
    found = loaded(module)
    assert module in found
    assert "picsl_greedy" not in found


def test_simpleitk_is_loaded_where_something_is_resampled() -> None:
    found = loaded("cpimaging.registration")
    assert "cpimaging.registration" in found
    assert "SimpleITK" not in found
