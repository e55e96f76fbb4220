"""One scan of a dataset: its images, what was decided on them, and which of them is the reference."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cpimaging.types import CONTRASTS, InputError

REFERENCES = CONTRASTS
"""The contrasts whose grid can be the scan's, the preferred one first: ADC where nothing else is there."""


@dataclass(frozen=True)
class Scan:
    """The images of one participant in one session, and what was decided on them.

    participant, session: labels without "sub-" and "ses-"; session is None where there are none.
    images: contrast to path. All paths are POSIX and relative to bids_dir; a lesion mask from a
    lesions_dir outside of it is absolute. lesion_source: "lesions_dir", "derivatives", "raw",
    "given" (a single scan) or "none". decisions: what was taken among several, and why.
    problems: why the scan cannot be processed as it is; empty where it can. chosen: the reference where
    it is not the first by name (`choose_references`). age_years is None where it is not certain, sex is
    F, M, O or n/a, age_source tells where the age stood and how it was read (`with_demographics`).
    It is the age of the brain's maturation: corrected for preterm birth. pma_weeks: postmenstrual age.
    postnatal_days: since birth. gestation_weeks: at birth. None where not known. assumed_age: "child" or
    "adult", what the study takes an unknown age for (`assume_age`), "" for nothing. clinical: subtype, GMFCS
    and MACS by name (`clinical_of`), shown on the page alone.
    """

    participant: str
    session: str | None
    images: Mapping[str, str]
    lesion_mask: str | None = None
    lesion_source: str = "none"
    brain_mask: str | None = None
    decisions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    chosen: str | None = None
    age_years: float | None = None
    sex: str = "n/a"
    age_source: str = "n/a"
    pma_weeks: float | None = None
    postnatal_days: float | None = None
    gestation_weeks: float | None = None
    assumed_age: str = ""
    clinical: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Name of the scan, e.g. "sub-01_ses-02"."""
        return self.folder.replace("/", "_")

    @property
    def folder(self) -> str:
        """Folder of the scan below its dataset, e.g. "sub-01/ses-02"."""
        session = "" if self.session is None else f"/ses-{self.session}"
        return f"sub-{self.participant}{session}"

    @property
    def reference(self) -> str | None:
        """The contrast to which the others are brought: the chosen one, else T1w, T2w, FLAIR, ADC."""
        return self.chosen or next((contrast for contrast in CONTRASTS if contrast in self.images), None)


def reference_contrast(contrasts: Iterable[str], label: str) -> str:
    """Return the contrast whose grid is the scan's: T1w, else T2w, FLAIR, ADC. label: names the scan."""
    available = [name for name in REFERENCES if name in set(contrasts)]
    if not available:
        raise InputError(label, "has neither T1w, T2w, FLAIR nor ADC", "add one of them")
    return available[0]
