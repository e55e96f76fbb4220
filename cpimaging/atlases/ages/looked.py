"""Whether a template can be used, as far as headers and tables tell, without building it."""

from collections.abc import Mapping

from cpimaging.atlases.ages.parents import read_held
from cpimaging.atlases.ages.table import AgeTemplate, about_way, check_images, way_to_adult
from cpimaging.types import InputError


def fault_of(templates: Mapping[str, AgeTemplate], name: str) -> InputError | None:
    """Return what keeps a template from use, None where nothing is seen that does.

    That is a file that cannot be read, another grid, or labels without a known name, of it or on its way.
    """
    try:
        for template in way_to_adult(templates, templates[name]):
            check_images(template)
            if template.dseg_table and not read_held(template.dseg_table):
                cure = "give it the columns index structures side, with words of the vocabulary"
                raise InputError(template.dseg_table, "has no name that is known", cure)
    except InputError as error:
        return error
    return None


def state_of(templates: Mapping[str, AgeTemplate], name: str) -> str:
    """Return in a few words whether a template can be used."""
    if error := fault_of(templates, name):
        return f"cannot be used: {error.path}: {error.problem}; {error.cure}"
    labels = templates[name].dseg_table
    own = "no labels of its own" if labels is None else f"{len(read_held(labels))} of its labels are known"
    way = about_way(templates[name])
    return f"usable: one grid, {own}" + (f"; {way}" if way else "")
