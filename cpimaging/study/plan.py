"""The plan: which scans there are, written once and read by every job."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from cpimaging.bids import Scan
from cpimaging.io import read_json, write_json

PLAN = "logs/plan.json"
INDEX = "logs/index.tsv"


def read_plan(output: Path) -> tuple[Path, list[Scan]]:
    """Return the dataset's folder and the scans that were planned for this output."""
    plan: dict[str, Any] = read_json(output / PLAN)
    return Path(plan["bids_dir"]), [_scan(entry) for entry in plan["scans"]]


def _scan(entry: dict[str, Any]) -> Scan:
    lists: dict[str, Any] = {name: tuple(entry[name]) for name in ("decisions", "problems")}
    return Scan(**{**entry, **lists})


def write_plan(output: Path, bids_dir: Path | str, scans: list[Scan]) -> None:
    """Write the plan that all later jobs read; an unchanged one is left as it is."""
    plan: dict[str, Any] = {"bids_dir": str(bids_dir), "scans": [asdict(scan) for scan in scans]}
    path = output / PLAN
    if not path.is_file() or read_json(path) != _as_json(plan):
        write_json(path, plan)


def _as_json(plan: dict[str, Any]) -> dict[str, Any]:
    scans = [{k: list(v) if isinstance(v, tuple) else v for k, v in scan.items()} for scan in plan["scans"]]
    return {**plan, "scans": scans}
