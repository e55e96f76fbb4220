"""Type of cerebral palsy and levels of function, from a dataset's tables: shown, never used for a call."""

import re
from collections.abc import Sequence

from cpimaging.bids.ages import normal
from cpimaging.bids.cells import Cell, meaning_of

SUBTYPE, GMFCS, MACS = "CP subtype", "GMFCS", "MACS"
COLUMNS = {
    **dict.fromkeys(("cp_subtype", "cp_type", "scpe_subtype", "scpe_type", "type_of_cp"), SUBTYPE),
    **dict.fromkeys(("gmfcs", "gmfcs_level", "gmfcs_er", "gmfcs_er_level"), GMFCS),
    **dict.fromkeys(("macs", "macs_level"), MACS),
}  # fmt: skip
"""What is read, by the names of columns."""

LEVELS = dict(zip("12345", ("I", "II", "III", "IV", "V"), strict=True))
SUBTYPES = {
    "unilateral spastic": r"unilateral|hemipleg|hemipar|^us_?cp$",
    "bilateral spastic": r"bilateral|dipleg|diparesis|quadri|tetra|^bs_?cp$",
    "dyskinetic": r"dyskine|dyston|athet",
    "ataxic": r"atax",
}
"""The words of the European surveillance (SCPE, Dev Med Child Neurol 2000;42:816), by what tables write."""


def clinical_of(cells: Sequence[Cell]) -> tuple[dict[str, str], list[str]]:
    """Return subtype, GMFCS and MACS of a scan, where they are certain, and what was not read."""
    found: dict[str, set[str]] = {}
    notes = []
    for cell in cells:
        name = COLUMNS.get(normal(cell.column))
        for text in cell.texts if name else ():
            word = _read(str(name), meaning_of(text, cell) or text)  # a code may mean anything
            if word:
                found.setdefault(str(name), set()).add(word)
            else:
                notes.append(f"{cell.table}: {cell.column} is not read as {name}")
    for name, words in found.items():
        if len(words) > 1:
            notes.append(f"{name} is not shown: the tables give {' and '.join(sorted(words))}")
    return {name: min(words) for name, words in found.items() if len(words) == 1}, notes


def _read(name: str, text: str) -> str | None:
    """Return a level as I to V, or a subtype in the words of SUBTYPES; None for anything else."""
    words = normal(text)
    if name == SUBTYPE:
        fits = [subtype for subtype, pattern in SUBTYPES.items() if re.search(pattern, words)]
        return fits[0] if len(fits) == 1 else None
    number = "(iii|ii|iv|i|v|[1-5])"
    level = re.match(rf"(?:{name.lower()}_)?level_{number}(?:_|$)", words) or re.fullmatch(
        rf"(?:{name.lower()}_)?{number}(?:_0)?", words
    )
    return LEVELS.get(level[1], level[1].upper()) if level else None
