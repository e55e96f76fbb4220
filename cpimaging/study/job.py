"""One scan in one stage: where its files are, what was chosen, what is known of its lesion."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cpimaging.bids.scan import Scan, reference_contrast
from cpimaging.io import read_record
from cpimaging.layout import ScanFiles, atlas_name, sidecar_path
from cpimaging.study.plan import Entry, read_entry
from cpimaging.types import InputError
from cpimaging.words import COMMAND, GIVEN

SCAN_STAGES = ("preprocess", "register", "segment", "lesions", "quantify", "qc", "score", "report")
"""The stages of one scan, in order."""


@dataclass(frozen=True)
class Job:
    """One scan in one stage: where its files are, and the study's choices.

    detection: "on", "off", or "command", which takes the mask of an external tool. A given mask always wins.
    adc_norm: folder of a map of healthy ADC (`study.adc_norm`); "" for none. norms_dir: folder of norms
    (`study.norms`); "" for none. templates_dir: folder of templates by age; "" for none. planned: the scan;
    without it, it is read from the plan.
    """

    output: Path
    label: str
    atlas: str = "embedded"
    engine: str = "greedy"
    threads: int = 1
    scorers: str = "all"
    detection: str = "on"
    brain_command: str = ""
    adc_norm: str = ""
    norms_dir: str = ""
    templates_dir: str = ""
    planned: Entry | None = None

    @cached_property
    def _entry(self) -> Entry:
        return self.planned or read_entry(self.output, self.label)

    @property
    def scan(self) -> Scan:
        """The scan as it was planned."""
        return self._entry.scan

    @property
    def dataset(self) -> Path:
        """The folder that planned paths are relative to."""
        return self._entry.dataset

    @cached_property
    def files(self) -> ScanFiles:
        """The output paths."""
        return ScanFiles.of(self.output, self.label, atlas_name(self.atlas))

    @property
    def images(self) -> dict[str, Path]:
        """The user's images: contrast -> path."""
        return {contrast: self.dataset / path for contrast, path in self.scan.images.items()}

    @property
    def reference(self) -> str:
        """The contrast whose grid is the scan's."""
        return self.scan.chosen or reference_contrast(self.scan.images, self.label)

    @property
    def lesion(self) -> Path | None:
        """The lesion mask to start from: a given one, else that of the external tool."""
        if self.scan.lesion_mask:
            return self.dataset / self.scan.lesion_mask
        if self.detection != "command":
            return None
        drawn = Path(self.files.command_mask)
        return drawn if drawn.is_file() else None

    @property
    def lesion_source(self) -> str | None:
        """Where `lesion` comes from, None where there is none."""
        if self.lesion is None:
            return None
        return GIVEN if self.scan.lesion_mask else COMMAND

    @property
    def known_lesion(self) -> Path | None:
        """What is known of the lesion before it is measured: `lesion`, or the first detection."""
        first = Path(self.files.first_lesion_mask)
        return self.lesion or (first if self.detection == "on" and first.is_file() else None)

    @property
    def brain_mask(self) -> Path | None:
        """The given brain mask."""
        return self.dataset / self.scan.brain_mask if self.scan.brain_mask else None

    def names(self, *paths: str | None) -> list[str]:
        """Return how outputs call planned files: relative to the dataset, or by bare name, never absolute."""
        return [path if not Path(path).is_absolute() else Path(path).name for path in paths if path]

    def told(self, error: InputError) -> InputError:
        """Return an error in which files are called as in all outputs: no path names a person's folder."""
        path = self.without_folders(str(error.path))
        path = Path(path).name if Path(path).is_absolute() else path
        return InputError(path, self.without_folders(error.problem), self.without_folders(error.cure))

    def without_folders(self, text: str) -> str:
        """Return text without the folders of the dataset and of the results; other planned files by name."""
        folders = [self.output]
        try:
            folders.insert(0, self.dataset)
            planned = (*self.scan.images.values(), self.scan.lesion_mask, self.scan.brain_mask)
        except InputError:
            planned = ()
        for path in filter(None, planned):
            text = text.replace(path, self.names(path)[0])
        for folder in (*folders, *(folder.resolve() for folder in folders)):
            text = re.sub(rf"(?<![^\s(,;'\"]){re.escape(str(folder))}/", "", text)
        return text


def lesion_record(job: Job) -> dict[str, Any]:
    """Return what the lesions stage wrote down.

    MaskSource (None: not assessed), NotAssessed (why), NotSearched (tissues), Notes.
    """
    record: dict[str, Any] = read_record(sidecar_path(job.files.lesions))
    return record


def measured_mask(job: Job) -> Path | None:
    """Return the mask that is measured: a given one on its own grid, else the one that was written."""
    if lesion_record(job)["MaskSource"] is None:
        return None
    return job.dataset / job.scan.lesion_mask if job.scan.lesion_mask else Path(job.files.lesion_mask)
