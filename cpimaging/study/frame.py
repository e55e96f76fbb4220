"""The template that a scan is registered to, adult or of its age, with atlas and maps in its space."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from cpimaging.atlases import Template, load_atlas, load_template
from cpimaging.atlases.ages import AgeTemplate, Built, built, check_images, read_templates, template_for
from cpimaging.bids.scan import Scan
from cpimaging.registration.greedy import ENGINE
from cpimaging.study.job import Job
from cpimaging.study.used import Used
from cpimaging.types import Atlas, Image, InputError


@dataclass(frozen=True)
class Frame:
    """A template as the stages see it.

    template: its tissue shares and brain; t1w is its leading contrast. images: contrast -> image. chosen: the
    study's atlas. built: of a template of the scan's age, None for the adult one.
    """

    template: Template
    images: Mapping[str, Image]
    chosen: str
    built: Built | None = None

    @cached_property
    def atlas(self) -> Atlas:
        """Labels and overlays in its space; read when they are asked for, which not every stage does."""
        atlas = load_atlas(self.chosen)
        return atlas if self.built is None else replace(self.built.atlas, manifest=atlas.manifest)

    @property
    def used(self) -> Used:
        """Its name, and whether it is one of the scan's age."""
        return Used(self.template.name, self.built is not None)

    def like(self, contrast: str) -> Image:
        """Return its image of a contrast, else its leading one."""
        return self.images.get(contrast, self.template.t1w)


def frame_of(job: Job) -> Frame:
    """Return the template of a scan: that of its age in templates_dir, where there is one; else the adult.

    Raises InputError where the folder has a fault, or the template cannot be built.
    """
    templates = read_templates(job.templates_dir) if job.templates_dir else {}
    chosen = of_age(templates, job.scan)
    if chosen is None:
        template = load_template()
        return Frame(template, {"T1w": template.t1w}, job.atlas)
    made = built(templates, chosen.name, load_atlas(job.atlas))
    lead = made.images.get("T1w", next(iter(made.images.values())))
    template = Template(chosen.name, lead, made.shares["grey"], made.shares["white"], made.brain)
    return Frame(template, made.images, job.atlas, made)


def of_age(templates: Mapping[str, AgeTemplate], scan: Scan) -> AgeTemplate | None:
    """Return the template for a scan's age, None where there is none or the age is not known."""
    return template_for(templates, scan.age_years, scan.pma_weeks)


def check_templates(folder: str, engine: str) -> None:
    """Raise InputError where a folder of templates has a fault, or the engine does not register to them."""
    if not folder:
        return
    for template in read_templates(folder).values():
        check_images(template)
    if engine != ENGINE.name:
        problem = f"is used with the engine {ENGINE.name} alone, not with {engine}"
        raise InputError("templates_dir", problem, f"choose engine {ENGINE.name}, or no templates_dir")
