"""A folder of templates by age, filled once from TemplateFlow; afterwards nothing touches the network.

Ages, ways and licences of its templates stand in templateflow.tsv, the sums of their files in
templateflow_sums.tsv (public git-annex keys), what Draw-EM's labels hold in drawem.tsv. dhcpSym and dhcpAsym
are left out: their descriptions state months where weeks are meant.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.request import urlopen

import pandas as pd

from cpimaging.atlases.ages.table import FILES, TABLE, TERM_WEEKS, WEEKS_PER_YEAR
from cpimaging.io import read_table, whole, write_table
from cpimaging.types import InputError

HERE = Path(__file__).parent
HOME = "TEMPLATEFLOW_HOME"
LABELS = "drawem.tsv"
_RANGE = re.compile(r"([0-9.]+)(?:-([0-9.]+))?([wmy])")
_AGES = "write them as 36-44w (postmenstrual weeks), 0-24m or 5-18y, with commas"


def known_templates() -> pd.DataFrame:
    """Return the templates that can be fetched; their files are paths in TemplateFlow."""
    return read_table(HERE / "templateflow.tsv")


def fetch(folder: Path, ages: str, mirror: str = "") -> Iterator[str]:
    """Fill a folder with the templates of some ages and those on their way; yield what was done, in lines.

    ages: e.g. "36-44w,0-24m". Files are taken from the folder itself, from $TEMPLATEFLOW_HOME, from a mirror
    (its address), or by TemplateFlow's client. Raises InputError where one cannot be had, or has another sum.
    """
    table = known_templates().set_index("name", drop=False)
    sums = read_table(HERE / "templateflow_sums.tsv").set_index("path")["md5"].to_dict()
    for name in wanted(table, ages):
        row = table.loc[name]
        yield f"{name}, {row['pma_weeks_min']} to {row['pma_weeks_max']} weeks postmenstrual age"
        yield f"  licence: {row['license']}\n  cite: {row['citation']}"
        for column in FILES:
            if (path := str(row[column])) in sums:
                _file(folder / Path(path).name, path, sums[path], mirror)
                yield f"  md5 {sums[path]}  {Path(path).name}"
    shutil.copyfile(HERE / LABELS, folder / LABELS)
    write_table(folder / TABLE, _table(folder, table))
    yield f"ready: templates_dir={folder}"


def wanted(table: pd.DataFrame, ages: str) -> list[str]:
    """Return the names of the templates of some ages, and of those on their way.

    Raises InputError for what is no age, or one without a template.
    """
    ranges = [_weeks(part.strip()) for part in ages.split(",")]
    low, high = (table[column].astype(float) for column in ("pma_weeks_min", "pma_weeks_max"))
    chosen: list[str] = []
    for least, most in ranges:
        found = table.index[(low < most) & (high > least)].tolist()
        if not found:
            raise InputError("--ages", f"there is no template of {ages}", _AGES)
        chosen += found
    for name in chosen:  # grows while it is walked
        via = str(table.loc[name, "via"])
        if via in table.index and via not in chosen:
            chosen.append(via)
    return list(dict.fromkeys(chosen))


def _weeks(text: str) -> tuple[float, float]:
    match = _RANGE.fullmatch(text)
    if not match:
        raise InputError("--ages", f"{text!r} is no range of ages", _AGES)
    low, high = float(match[1]), float(match[2] or match[1])
    if match[3] == "w":
        return low, high + 1e-6
    scale = WEEKS_PER_YEAR / (12 if match[3] == "m" else 1)
    return TERM_WEEKS + low * scale, TERM_WEEKS + high * scale + 1e-6


def _file(target: Path, path: str, md5: str, mirror: str) -> None:
    """Bring one file into the folder, unless it is there; nothing with another sum is kept."""
    if target.is_file() and _md5(target) == md5:
        return
    with whole(target) as temporary:
        _bring(temporary, path, mirror)
        if (found := _md5(temporary)) != md5:
            problem = f"has the MD5 {found}, not {md5}"
            raise InputError(path, problem, "fetch it again, or from elsewhere; it was not kept")


def _address(mirror: str) -> str:
    """Return the address of a mirror, which may be a folder."""
    return mirror.rstrip("/") if "://" in mirror else Path(os.path.realpath(mirror)).as_uri()


def _bring(target: Path, path: str, mirror: str) -> None:
    at_home = Path(os.environ.get(HOME) or "nowhere") / path
    if at_home.is_file() and at_home.stat().st_size > 0:  # the client's layout has empty files for the others
        shutil.copyfile(at_home, target)
    elif mirror:
        try:
            with urlopen(f"{_address(mirror)}/{path}", timeout=60) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out)
        except (OSError, ValueError) as error:
            reason = f"could not be fetched ({type(error).__name__})"
            raise InputError(path, reason, "check the mirror and the network") from error
    else:
        shutil.copyfile(_by_client(path), target)


def _by_client(path: str) -> Path:
    """Return a file that TemplateFlow's client fetched into its own home."""
    try:
        from templateflow import api
    except ImportError:
        cure = f"pip install cpimaging[templateflow], or set {HOME} to a folder that holds it"
        raise InputError(path, "needs TemplateFlow's client, which is not installed", cure) from None
    name = Path(path).name.removesuffix(".nii.gz")
    entities = dict(part.split("-", 1) for part in name.split("_")[:-1])
    query: Mapping[str, object] = {
        "cohort": entities["cohort"],
        "resolution": int(entities["res"]) if "res" in entities else None,
        "desc": entities.get("desc"),
        "suffix": name.split("_")[-1],
        "extension": ".nii.gz",
    }
    try:
        found = api.get(entities["tpl"], raise_empty=True, **query)
    except Exception as error:  # of any kind: the client passes on what its libraries raise
        reason = f"could not be fetched ({type(error).__name__})"
        raise InputError(path, reason, "connect to the network and try again") from error
    paths = found if isinstance(found, list) else [found]
    return next(Path(one) for one in paths if Path(one).name == Path(path).name)


def _table(folder: Path, known: pd.DataFrame) -> pd.DataFrame:
    """Return the table of a folder: rows of other templates as they are, then those whose files are there."""
    rows = known.copy()
    for column in FILES:
        rows[column] = [Path(str(cell)).name if str(cell) != "n/a" else "n/a" for cell in known[column]]
    there = [
        all((folder / cell).is_file() for cell in row if cell != "n/a")
        for row in rows[list(FILES)].to_numpy()
    ]
    rows = rows[there].reset_index(drop=True)
    if (folder / TABLE).is_file():
        others = read_table(folder / TABLE)
        rows = pd.concat([others[~others["name"].isin(rows["name"])], rows], ignore_index=True)
    return rows


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
