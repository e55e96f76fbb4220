"""What the files are called: a contract that other people's scripts rely on."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

TEMPLATE = "MNI152NLin2009aSym"
EMBEDDED_ATLAS = "cpimaging"
NAMED_ATLASES = {"embedded": EMBEDDED_ATLAS, "published": "published"}


@dataclass(frozen=True)
class ScanFiles:
    """Output paths of one scan, as text: `folder` and `label` may hold Snakemake wildcards.

    folder: "sub-01" or "sub-01/ses-02". label: "sub-01" or "sub-01_ses-02".
    """

    root: str
    folder: str
    label: str
    atlas: str = EMBEDDED_ATLAS

    @classmethod
    def of(cls, root: Path | str, label: str, atlas: str = EMBEDDED_ATLAS) -> "ScanFiles":
        """Return the files of the scan with this label."""
        return cls(str(root), label.replace("_ses-", "/ses-"), label, atlas)

    def _anat(self, name: str) -> str:
        return os.path.join(self.root, self.folder, "anat", f"{self.label}_{name}")

    def preproc(self, contrast: str) -> str:
        """Return the path of one preprocessed contrast."""
        return self._anat(f"desc-preproc_{contrast}.nii.gz")

    def xfm_to_template(self, reference: str, space: str = TEMPLATE) -> str:
        """Return the path of the field that brings scan images into template space."""
        return self._anat(f"from-{reference}_to-{space}_mode-image_xfm.nii.gz")

    def xfm_to_scan(self, reference: str, space: str = TEMPLATE) -> str:
        """Return the path of the field that brings template images into the scan."""
        return self._anat(f"from-{space}_to-{reference}_mode-image_xfm.nii.gz")

    def affine(self, reference: str, space: str = TEMPLATE) -> str:
        """Return the path of the matrix that takes points of the scan to points of the template."""
        return self._anat(f"from-{reference}_to-{space}_mode-points_desc-affine_xfm.txt")

    def log(self, stage: str, reference: str = "") -> str:
        """Return the path of a stage's log; that of register also names the reference contrast."""
        name = f"{self.label}_{reference}" if reference else self.label
        folder = "" if stage == "report" else self.folder
        return os.path.join(self.root, "logs", stage, folder, f"{name}.log")

    @property
    def brain_mask(self) -> str:
        """Brain mask on the reference grid."""
        return self._anat("space-orig_label-brain_mask.nii.gz")

    @property
    def lesion_mask(self) -> str:
        """Lesion mask on the reference grid."""
        return self._anat("space-orig_label-L_mask.nii.gz")

    @property
    def lesion_probability(self) -> str:
        """Probability of lesion on the reference grid, where it was detected."""
        return self._anat("space-orig_label-L_probseg.nii.gz")

    @property
    def first_lesion_mask(self) -> str:
        """What was detected before the deformable registration, and left out of it."""
        return self._anat("space-orig_label-L_desc-first_mask.nii.gz")

    @property
    def command_mask(self) -> str:
        """Mask that the external tool of `lesion_command` drew."""
        return self._anat("space-orig_label-L_desc-command_mask.nii.gz")

    @property
    def lesion_mask_template(self) -> str:
        """Lesion mask in template space."""
        return self.lesion_mask_in(TEMPLATE)

    @property
    def lesion_runs(self) -> str:
        """The mask in template space as runs of voxels: a tenth of the time of the mask to read."""
        return self._anat(f"space-{TEMPLATE}_desc-lesionruns_stats.tsv")

    def lesion_mask_in(self, space: str) -> str:
        """Lesion mask in the space of a template."""
        return self._anat(f"space-{space}_label-L_mask.nii.gz")

    @property
    def lesions_dseg(self) -> str:
        """Numbered lesions on the reference grid."""
        return self._anat("space-orig_seg-lesions_dseg.nii.gz")

    @property
    def atlas_dseg(self) -> str:
        """Atlas labels on the reference grid."""
        return self._anat(f"space-orig_atlas-{self.atlas}_dseg.nii.gz")

    @property
    def tissue_dseg(self) -> str:
        """Tissue classes and ventricles on the reference grid."""
        return self._anat("space-orig_seg-tissue_dseg.nii.gz")

    @property
    def lesionload(self) -> str:
        """Lesion load per structure, side, lobe and layer."""
        return self._anat(f"atlas-{self.atlas}_desc-lesionload_stats.tsv")

    @property
    def load_margins(self) -> str:
        """Lesion load with the lesion's border and position moved."""
        return self._anat(f"atlas-{self.atlas}_desc-loadmargins_stats.tsv")

    @property
    def lesion_parts(self) -> str:
        """What each lesion holds of every part of the brain."""
        return self._anat(f"atlas-{self.atlas}_desc-lesionparts_stats.tsv")

    @property
    def lesions(self) -> str:
        """One row per lesion."""
        return self._anat("desc-lesions_stats.tsv")

    @property
    def lesion_profile(self) -> str:
        """How the lesion lies to the ventricles."""
        return self._anat("desc-profile_stats.tsv")

    @property
    def morphometry(self) -> str:
        """Volumes and ratios."""
        return self._anat("desc-morphometry_stats.tsv")

    @property
    def newborn_lines(self) -> str:
        """Pictures of the lines that a newborn was measured along."""
        return self._anat("desc-newborn_lines.svg")

    @property
    def pattern(self) -> str:
        """The call with its evidence."""
        return self._anat("desc-pattern_stats.json")

    @property
    def qc(self) -> str:
        """Quality flags and their verdict."""
        return self._anat("desc-qc_stats.json")

    @property
    def report(self) -> str:
        """The scan's page."""
        return os.path.join(self.root, f"{self.label}.html")

    @property
    def summary(self) -> str:
        """The page's summary on two sheets, where somebody asked for it."""
        return os.path.join(self.root, f"{self.label}.pdf")


SCHEMA = "workflow/schemas/config.schema.yaml"
"""The configuration's schema, below `pipeline`."""


def pipeline() -> Path:
    """Return the folder of the Snakefile: inside the installed package, else the root of the clone."""
    package = Path(__file__).parent
    inside = package / "pipeline"
    return inside if inside.is_dir() else package.parent


def sessions_page(root: Path | str, participant: str) -> str:
    """Return the path of the page that puts a participant's sessions side by side."""
    return os.path.join(root, f"{participant}_sessions.html")


def atlas_name(atlas: str) -> str:
    """Return an atlas's name in file names; a folder's is the one that its label image states."""
    if atlas in NAMED_ATLASES:
        return NAMED_ATLASES[atlas]
    images = [path.name for path in Path(atlas).glob("*_dseg.*") if path.suffix not in (".tsv", ".json")]
    found = [re.search(r"^(?:[^.].*_)?atlas-([A-Za-z0-9+]+)_", name) for name in images]
    names = {match[1] for match in found if match}
    return names.pop() if len(names) == 1 else Path(atlas).name


def sidecar_path(path: str) -> str:
    """Return the JSON path beside the path of an image, a table or a matrix."""
    return path.removesuffix(".nii.gz").removesuffix(".tsv").removesuffix(".txt") + ".json"
