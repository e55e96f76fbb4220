"""What the workflow asks while it plans: which scans there are, and what its rules need of one of them.

Planning opens headers and tables, no voxels, and writes nothing: `start` does, once the run happens.
"""

import os
import shlex
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np

from cpimaging.atlases import SHIPPED, checked_atlas
from cpimaging.atlases.ages import AgeTemplate, read_templates
from cpimaging.atlases.ages.table import way_to_adult
from cpimaging.bids.demographics import with_assumed_ages, with_demographics
from cpimaging.bids.labels import choose_labels
from cpimaging.bids.listing import list_scans
from cpimaging.bids.reference import choose_references
from cpimaging.bids.scan import REFERENCES
from cpimaging.imagefiles import stem
from cpimaging.images import read_header
from cpimaging.io import remove_orphans
from cpimaging.layout import ScanFiles, atlas_name, sidecar_path
from cpimaging.provenance import code_digest
from cpimaging.registration.engines import ENGINES
from cpimaging.scorers import chosen_scorers
from cpimaging.scorers.needs import check_fit
from cpimaging.scorers.overrides import Override
from cpimaging.stages.command import check_command
from cpimaging.stages.index import write_dataset_files
from cpimaging.study.adc_norm import MEAN, SD, read_norm
from cpimaging.study.choices import Choices
from cpimaging.study.compared import compared_by
from cpimaging.study.frame import check_templates, of_age
from cpimaging.study.job import SCAN_STAGES, Job
from cpimaging.study.lock import held_by, release_lock, take_lock
from cpimaging.study.norms import NORMS, read_norms
from cpimaging.study.output import check_output
from cpimaging.study.overrides import read_overrides
from cpimaging.study.plan import PLAN, Entry, planned_labels, read_entry, write_plan
from cpimaging.study.record import STUDY, asked_before, finished, reopen
from cpimaging.types import InputError
from cpimaging.writes import check_writable

VOXELS_AT_1MM = 182 * 218 * 182
"""Of a head at 1 mm, as in the MNI templates: what the rules ask for was measured on such images."""


class Planner:
    """A study on the scans of a BIDS dataset.

    main: this is the process that plans; others (jobs on a cluster) take the plan that it wrote.
    """

    def __init__(self, choices: Choices, *, main: bool = True) -> None:
        self.choices = choices
        self.output = Path(choices.output_dir)
        self.main = main
        self._open: dict[str, list[str]] = {}
        self._planned_beside = main and held_by(self.output) is not None

    @property
    def scorers(self) -> str:
        """The chosen scorers as a comma list."""
        chosen = self.choices.scorers
        return chosen if isinstance(chosen, str) else ",".join(chosen)

    @cached_property
    def jobs(self) -> dict[str, Job]:
        """The scans that were asked for, by label. Raises InputError where a choice is wrong."""
        if not self.main:
            return {label: Job(self.output, label, self.choices.atlas) for label in self._asked_of_plan()}
        self._check()
        choices = self.choices
        scans = list_scans(
            choices.bids_dir,
            lesions_dir=choices.lesions_dir,
            output_dir=choices.output_dir,
            participant_label=choices.participant_label,
            session_label=choices.session_label,
            lesion_pattern=choices.lesion_pattern,
        )
        check_output(self.output, "scans")
        people = with_assumed_ages(with_demographics(choices.bids_dir, scans), choices.assume_age)
        planned = choose_references(choices.bids_dir, people)
        entries = {scan.label: Entry(Path(choices.bids_dir), scan) for scan in planned}
        return {
            label: Job(self.output, label, choices.atlas, planned=entry) for label, entry in entries.items()
        }

    def planned(self) -> list[str]:
        """Return the labels of the scans that were asked for, once every choice is right."""
        labels = list(self.jobs)
        _ = self.overrides, compared_by(self.jobs.values(), self.choices.compare)
        return labels

    def _asked_of_plan(self) -> list[str]:
        labels = planned_labels(self.output)
        known = {label: label.removeprefix("sub-").split("_ses-") for label in labels}
        people = choose_labels(
            "participant", self.choices.participant_label, {name[0] for name in known.values()}
        )
        sessions = choose_labels("session", self.choices.session_label, {name[-1] for name in known.values()})
        return [
            label
            for label, (participant, *session) in known.items()
            if (people is None or participant in people) and (sessions is None or sessions & set(session))
        ]

    def _check(self) -> None:
        """Raise InputError where a choice is wrong, before any scan is looked at."""
        choices = self.choices
        check_writable(self.output)
        chosen_scorers(self.scorers)
        check_command(choices.lesion_command)
        if choices.brain_command:
            from cpimaging.study.brain import check_command as check_brain_command  # loads what finds a brain

            check_brain_command(choices.brain_command)
        if choices.adc_norm:
            read_norm(choices.adc_norm)
        if choices.norms_dir:
            read_norms(choices.norms_dir, choices.atlas)
        if choices.atlas != "embedded":
            check_fit(checked_atlas(choices.atlas), choices.atlas, self.scorers)
        ENGINES[choices.engine].check()
        check_templates(choices.templates_dir or "", choices.engine)

    @property
    def partial(self) -> bool:
        """Tell whether only some scans were asked for; the others then stay in the study."""
        asked = (self.choices.participant_label, self.choices.session_label)
        return any(labels not in ("", []) for labels in asked)

    def lock(self) -> None:
        """Lock the folder of the results. Raises InputError where they have changed since planning."""
        take_lock(self.output)
        if self._planned_beside:
            release_lock(self.output)
            raise InputError(self.output, "was in use while this run was planned", "start it again")

    def start(self) -> None:
        """Lock the folder of the results; write what says whose results these are, and what the jobs read."""
        self.lock()
        for folder in (self.output, self.output / "logs", self.output / PLAN):
            remove_orphans(folder)
        write_dataset_files(self.output)
        self._reopen_what_is_asked_anew()
        scans = [job.scan for job in self.jobs.values()]
        write_plan(self.output, self.choices.bids_dir, scans, whole=not self.partial)

    def _reopen_what_is_asked_anew(self) -> None:
        """Make what other choices decided count as not finished: a run that is stopped leaves none."""
        for label in self.jobs:
            for stage in self._open.get(label, SCAN_STAGES):
                if asked_before(self.output, stage, label) not in (None, self.asked(stage, label)):
                    reopen(self.output, stage, label)

    @cached_property
    def digest(self) -> str:
        """A short hash of all scans of the study, those of this run and those planned before it."""
        others = [label for label in planned_labels(self.output) if label not in self.jobs]
        entries = [read_entry(self.output, label) for label in others if self.partial or not self.main]
        entries += [Entry(job.dataset, job.scan) for job in self.jobs.values()]
        told = sorted(f"{dataset} {scan}" for dataset, scan in entries)
        return digest_of(*told)

    @cached_property
    def overrides(self) -> dict[str, Override]:
        """What people decided, by scan; a row that fits nothing raises InputError."""
        path = self.choices.overrides
        known = [*planned_labels(self.output), *self.jobs] if self.partial else self.jobs
        return read_overrides(path, known) if path else {}

    def override(self, label: str) -> str:
        """Return what a person decided, as options: only scans whose row changes are scored again."""
        decided = self.overrides.get(label)
        words = vars(decided).items() if decided else ()
        return " ".join(f"--{name} {shlex.quote(word)}" for name, word in words if word)

    def person(self, label: str) -> str:
        """Return ages and sex: the job reads them from the plan, here they make only their scan run again."""
        scan = self.jobs[label].scan
        ages = (scan.age_years, scan.pma_weeks, scan.postnatal_days, scan.gestation_weeks)
        return " ".join(map(str, (*ages, scan.assumed_age or "n/a", scan.sex)))

    @cache  # noqa: B019 (one planner per process)
    def size(self, label: str) -> float:
        """Return the voxels of a scan's largest image over those at 1 mm, at least 1."""
        return max([1.0, *head_sizes(self.images(label))])

    def read(self, label: str, names: Sequence[str]) -> list[str]:
        """Return what a rule reads of a scan beside the results that it names."""
        ask = {
            "images": self.images,
            "brain_mask": self.brain_mask,
            "xfm": self.transforms,
            "mask": self.lesion_mask,
            "norm": self.adc_norm_files,
        }
        return [path for name in names for path in ask[name](label)]

    def images(self, label: str) -> list[str]:
        """Return the user's images of a scan."""
        return [str(path) for path in self.jobs[label].images.values()]

    def brain_mask(self, label: str) -> list[str]:
        """Return the given brain mask, if there is one."""
        return [str(path) for path in [self.jobs[label].brain_mask] if path]

    def given_mask(self, label: str) -> list[str]:
        """Return the given lesion mask, if there is one."""
        return [str(path) for path in [self.jobs[label].lesion] if path]

    def lesion_mask(self, label: str) -> list[str]:
        """Return the given mask; without one, the record of what the external tool drew, if there is one."""
        if self.given_mask(label) or not self.choices.lesion_command:
            return self.given_mask(label)
        return [sidecar_path(self._files(label).command_mask)]

    def detection(self, label: str) -> str:
        """Return how the lesion is found; "off" for a given mask, so that a changed choice spares it."""
        if self.jobs[label].lesion:
            return "off"
        return "command" if self.choices.lesion_command else self.choices.detection

    def adc_norm(self, label: str) -> str:
        """Return the folder of a map of healthy ADC; only scans with an ADC that is searched depend on it."""
        searched = self.detection(label) == "on" and "ADC" in self.jobs[label].scan.images
        return self.choices.adc_norm or "" if searched else ""

    @cached_property
    def _templates(self) -> dict[str, AgeTemplate]:
        folder = self.choices.templates_dir
        return read_templates(folder) if folder else {}

    def template(self, label: str) -> str:
        """Return name and files of the template of a scan's age, "" for the adult one."""
        chosen = of_age(self._templates, self.jobs[label].scan)
        if chosen is None:
            return ""
        way = way_to_adult(self._templates, chosen)
        return " ".join([chosen.name, *(state([str(path) for path in step.files]) for step in way)])

    def adc_norm_files(self, label: str) -> list[str]:
        """Return the files of that map."""
        folder = self.adc_norm(label)
        ages = sidecar_path(f"{folder}/{MEAN}")
        files = [f"{folder}/{name}" for name in (MEAN, SD)] if folder else []
        return [*files, ages] if folder and os.path.isfile(ages) else files

    def transforms(self, label: str) -> list[str]:
        """Return the transform to the scan; any name without a contrast, which preprocess will tell."""
        reference = self.jobs[label].scan.reference
        return [self._files(label).xfm_to_scan(reference if reference in REFERENCES else REFERENCES[0])]

    def _files(self, label: str) -> ScanFiles:
        return ScanFiles.of(self.choices.output_dir, label, atlas_name(self.choices.atlas))

    def unfinished(self, label: str) -> list[str]:
        """Return, for each stage that was cut short or has lost a file, a file that its rule declares.

        What else a stage writes depends on the scan, so that no rule can declare it: its record lists it.
        """
        files = self._files(label)
        declared = {
            "preprocess": files.brain_mask,
            "register": self.transforms(label)[0],
            "segment": files.morphometry,
            "lesions": files.lesions,
            "quantify": files.lesionload,
            "qc": files.qc,
            "score": files.pattern,
            "report": files.report,
        }
        if self.detection(label) == "command":
            declared["command"] = sidecar_path(files.command_mask)
        self._open[label] = [stage for stage in declared if not self.finished(stage, label)]
        return [declared[stage] for stage in self._open[label]]

    def finished(self, stage: str, label: str = STUDY) -> bool:
        """Tell whether a stage has done what is asked of it now, and all its files are there."""
        return finished(self.output, stage, label, self.asked(stage, label))

    def asked(self, stage: str, label: str = STUDY) -> str:
        """Return a short hash of what decides the results of a stage, beside those of earlier stages.

        Snakemake remembers the parameters of a rule in the folder that it works in, under the path as it
        was written; the record of a stage remembers this, in the results.
        """
        return (self._asked_of_study if label == STUDY else self._asked_of_scan(label))[stage]

    @cached_property
    def _asked_of_study(self) -> dict[str, str]:
        told = {
            "index": [self.digest],
            "atlas": [self._atlas_files],
            "cohort": [
                self.digest,
                self._atlas_files,
                str(compared_by(self.jobs.values(), self.choices.compare)),
            ],
        }
        return {stage: digest_of(code_digest(stage), *words) for stage, words in told.items()}

    @cache  # noqa: B019 (one planner per process)
    def _asked_of_scan(self, label: str) -> dict[str, str]:
        choices, scan = self.choices, self.jobs[label].scan
        given = [scan.chosen, *scan.images.values(), state(self.images(label)), scan.brain_mask]
        mask = [scan.lesion_mask, self.state_of_mask(label), self.detection(label)]
        norm = state(self.adc_norm_files(label))
        told: dict[str, list[str | None]] = {
            "preprocess": [*given, state(self.brain_mask(label)), choices.brain_command],
            "command": [choices.lesion_command],
            "register": [*mask, norm, choices.engine, self.template(label)],
            "segment": [*mask, state(norms_files(choices.norms_dir))],
            "lesions": [*mask, norm],
            "qc": [],
            "score": [self.scorers, self.override(label)],
            "report": [str(sorted(scan.clinical.items()))],
        }
        for stage in told.keys() - {"preprocess", "command"}:
            told[stage] = [self._atlas_files, self.person(label), *told[stage]]
        told["quantify"] = [self._atlas_files, *mask]
        return {stage: digest_of(code_digest(stage), *words) for stage, words in told.items()}

    @cached_property
    def _atlas_files(self) -> str:
        """The atlas by its name; a folder by its files as well."""
        name = self.choices.atlas
        files = sorted(path for path in Path(name).glob("*") if path.is_file())
        return f"{name} {state([str(file) for file in files])}" if name not in SHIPPED else name

    def state_of_mask(self, label: str) -> str:
        """Return size and time of the given mask and of its sidecar, which may tell what it was drawn on."""
        masks = self.given_mask(label)
        return state([*masks, *(f"{stem(mask)}.json" for mask in masks)])


def digest_of(*words: str | None) -> str:
    """Return a short hash of words."""
    return sha256("\n".join(map(str, words)).encode()).hexdigest()[:12]


def norms_files(folder: str | None) -> list[str]:
    """Return the file of the norms in a folder; [] without one."""
    return [f"{folder}/{NORMS}"] if folder else []


def state(paths: Sequence[str]) -> str:
    """Return size and time of files: another file of the same name counts as new, be it older or younger."""
    return " ".join(f"{found.st_size}:{found.st_mtime_ns}" for path in paths if (found := _stat(path)))


def head_sizes(paths: Iterable[Path | str]) -> list[float]:
    """Return the voxels of images over those of a head at 1 mm; of those whose headers can be read."""
    return [voxels for path in paths if (voxels := _voxels(path))]


def _voxels(path: Path | str) -> float | None:
    try:
        return float(np.prod(read_header(path).shape[:3])) / VOXELS_AT_1MM
    except (InputError, OSError):
        return None


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None
