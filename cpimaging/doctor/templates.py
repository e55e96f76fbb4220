"""Whether newborns and infants have a template of their age, and a known gestation."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cpimaging.assessed import Gate, band_of
from cpimaging.atlases.ages import AgeTemplate, fault_of, read_templates, template_for
from cpimaging.bids.scan import Scan
from cpimaging.doctor.found import Found, refused
from cpimaging.types import InputError

GIVE_ONE = "give --templates-dir, and the run templates_dir: `cpimaging templates fetch` fills such a folder"
GIVE_WEEKS = "add pma_weeks, or ga_weeks beside the age, to their table (docs/method/ages.md)"


def look_at_templates(folder: Path | None, scans: Sequence[Scan]) -> Iterator[Found]:
    """Yield what was found on a folder of templates by age, if there is one, and on the young scans."""
    young = [scan for scan in scans if _is_young(scan)]
    yield from _births(young)
    if folder is None:
        if young:
            told = "the adult one places neither their internal capsule nor volumes"
            yield Found("warning", "templates by age", f"none for {_named(young)}: {told}", GIVE_ONE)
        return
    try:
        templates = read_templates(folder)
    except InputError as error:
        yield refused("templates by age", error)
        return
    faults = {name: fault for name in templates if (fault := fault_of(templates, name))}
    yield from (refused(f"template {name}", fault) for name, fault in faults.items())
    usable = {name: template for name, template in templates.items() if name not in faults}
    if usable:
        yield Found("ok", "templates by age", f"{len(usable)} can be used: {', '.join(usable)}")
        yield from _covered(usable, young)


def _is_young(scan: Scan) -> bool:
    """Tell whether an age is known and the adult template cannot place its fine structures."""
    if scan.age_years is None:
        return False
    return Gate(band_of(scan.age_years, scan.pma_weeks)).refusal("fine_structures") is not None


def _covered(templates: Mapping[str, AgeTemplate], young: Sequence[Scan]) -> Iterator[Found]:
    """Compare the ages of the young scans with those of the templates."""
    lost = [scan for scan in young if template_for(templates, scan.age_years, scan.pma_weeks) is None]
    if lost:
        there = ", ".join("{:g}–{:g}".format(*template.pma_weeks) for template in templates.values())
        told = f"none for {_named(lost)}; there are some for {there} weeks"
        yield Found("warning", "ages of templates", told, "add one of that age, else the adult one serves")
    elif young:
        yield Found("ok", "ages of templates", f"one for each of {len(young)} scans below 24 months")


def _births(young: Sequence[Scan]) -> Iterator[Found]:
    """Tell of young scans of which neither gestation nor postmenstrual age is known."""
    if at_term := [scan for scan in young if scan.pma_weeks is None]:
        told = f"not known of {_named(at_term)}, taken for born at term"
        yield Found("warning", "gestation", told, GIVE_WEEKS)


def _named(scans: Sequence[Scan]) -> str:
    first = scans[0].label
    return first if len(scans) == 1 else f"{len(scans)} scans such as {first}"
