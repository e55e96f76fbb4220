"""What the JSON files of an image say, those of folders above it included."""

from pathlib import Path

from cpimaging.bids.rows import read_object
from cpimaging.imagefiles import stem


def said_of_image(root: Path, image: str, key: str) -> str:
    """Return the value of a key as text, "" where no file of the image has it; the nearest file counts.

    image: path below root. Beside the image, or named after its suffix alone in a folder above (BIDS's
    inheritance). Raises InputError where a file cannot be read.
    """
    path = Path(image)
    name = stem(path.name)
    above = [folder / f"{name.rpartition('_')[2]}.json" for folder in path.parents]
    for sidecar in (path.with_name(f"{name}.json"), *above):
        said = read_object(root / sidecar).get(key)
        if isinstance(said, str | int | float) and str(said).strip():
            return str(said).strip()
    return ""
