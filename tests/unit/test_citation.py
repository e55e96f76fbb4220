"""What one cites is what is installed."""

from pathlib import Path

import cpimaging
from cpimaging.io import read_yaml

ROOT = Path(__file__).parents[2]


def test_the_citation_names_this_version_and_licence() -> None:
    told = read_yaml(ROOT / "CITATION.cff")
    assert (told["title"], told["version"], told["license"]) == (
        "cpimaging",
        cpimaging.__version__,
        "Apache-2.0",
    )
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
