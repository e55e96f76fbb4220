"""BIDS datasets for tests: zero-byte files with real names."""

import json
from pathlib import Path

TREES = Path(__file__).resolve().parents[3] / "shared" / "data" / "trees"
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "bids"


def plant(root: Path, *paths: str) -> Path:
    """Make a dataset of zero-byte files, described; a path that ends in "/" is a folder."""
    describe(root)
    for path in paths:
        if path.endswith("/"):
            (root / path).mkdir(parents=True, exist_ok=True)
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).touch()
    return root


def describe(folder: Path, **entries: object) -> None:
    """Write a folder's dataset_description.json."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"Name": "test", "BIDSVersion": "1.10.0", **entries}
    (folder / "dataset_description.json").write_text(json.dumps(content))
