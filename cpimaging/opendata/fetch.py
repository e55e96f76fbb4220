"""Datasets of OpenNeuro by number, through a client that is there: datalad or openneuro-py."""

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from cpimaging.io import read_json
from cpimaging.types import InputError

Client = Literal["datalad", "openneuro-py"]
SOURCE = "https://github.com/OpenNeuroDatasets"
DESCRIPTION = "dataset_description.json"
NUMBER = re.compile(r"ds\d{6}")


def fetch(number: str, folder: Path, source: str = SOURCE) -> tuple[Client, str]:
    """Fetch the description of a dataset (datalad: names of all files too); return client and program.

    source: where datalad finds the dataset. A folder that holds one already is taken up again. Raises
    InputError for what is no number, a folder of something else, or where there is no client.
    """
    if not NUMBER.fullmatch(number):
        raise InputError(number, "is no number of OpenNeuro", "write it as ds004498")
    client, program = _client()
    begun = (folder / DESCRIPTION).is_file()
    if folder.exists() and not begun and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(folder, "is not an empty folder", "give a new one")
    if begun and number not in _identity(folder):
        raise InputError(folder, f"does not say that it holds {number}", "give another folder")
    if not begun and client == "datalad":
        _run([program, "clone", f"{source.rstrip('/')}/{number}", str(folder)], client)
    elif not begun:
        words = ["--target-dir", str(folder), "--include", DESCRIPTION]
        _run([program, "download", "--dataset", number, *words], client)
    if not (folder / DESCRIPTION).is_file():
        raise InputError(number, f"{client} brought no {DESCRIPTION}", "check the number and the network")
    return client, program


def described(folder: Path) -> list[str]:
    """Return name, licence and how to acknowledge a dataset, in lines."""
    content = read_json(folder / DESCRIPTION)
    known: dict[str, Any] = content if isinstance(content, dict) else {}
    names = {"Name": "name", "License": "licence", "HowToAcknowledge": "cite", "DatasetDOI": "DOI"}
    return [f"{shown}: {known.get(key) or 'not stated'}" for key, shown in names.items()]


def get(number: str, folder: Path, client: tuple[Client, str], *, everything: bool = False) -> None:
    """Fetch the content: anatomical images and small files, or all. What is there is not fetched again."""
    name, program = client
    if name == "openneuro-py":
        chosen = [] if everything else ["--include", "*.tsv", "--include", "*.json", "--include", "**/anat/*"]
        _run([program, "download", "--dataset", number, "--target-dir", str(folder), *chosen], name)
        return
    anatomy = sorted(path for path in folder.rglob("anat") if path.is_dir() and ".git" not in path.parts)
    wanted = [folder] if everything or not anatomy else anatomy
    _run([program, "get", "--dataset", str(folder), *map(str, wanted)], name)


def _client() -> tuple[Client, str]:
    """Return a client that is installed beside this Python or found on PATH."""
    names: tuple[Client, ...] = ("datalad", "openneuro-py")
    for name in names:
        beside = Path(sys.executable).with_name(name)
        program = str(beside) if beside.is_file() else shutil.which(name)
        if program:
            return name, program
    cure = "pip install 'cpimaging[openneuro]' and git-annex, or put openneuro-py on PATH"
    raise InputError("fetch", "needs datalad or openneuro-py, and neither is installed", cure)


def _identity(folder: Path) -> str:
    """Return what tells which dataset a folder holds: its DOI, and where it was cloned from."""
    config = folder / ".git/config"
    told = config.read_text(encoding="utf-8", errors="replace") if config.is_file() else ""
    return told + (folder / DESCRIPTION).read_text(encoding="utf-8", errors="replace")


def _run(words: Sequence[str], client: str) -> None:
    """Run a client, whose own lines go to the terminal."""
    done = subprocess.run(words, check=False)
    if done.returncode:
        problem = f"{client} ended with status {done.returncode}; its lines above say why"
        raise InputError("fetch", problem, "mend it and call again: what is there stays")
