"""Image files: how their names end. What reads them stands in the modules below."""

NOT_READ = (
    *(".nhdr", ".mhd", ".mnc", ".nii.bz2", ".nii.xz", ".nii.zst"),
    *(".mif", ".mif.gz", ".gipl", ".gipl.gz"),
)
"""How the names of image files end that are refused with their name, not overlooked."""

ENDINGS = (".nii.gz", ".nii", ".mgz", ".mgh", ".seg.nrrd", ".nrrd", ".mha", ".img.gz", ".img", *NOT_READ)
"""How the names of image files end, in small or capital letters; of a pair the voxels are named (.img)."""


def stem(name: str) -> str:
    """Return a file's name without the ending of an image file."""
    ending = next((ending for ending in ENDINGS if name.lower().endswith(ending)), "")
    return name[: len(name) - len(ending)]
