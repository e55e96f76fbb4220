"""Draw lesion masks of textbook presentations by a maker who had read nothing of the software, and call them.

`python benchmarks/blind.py` draws 48 masks (blind_central, blind_outer), each with a seed of its name, and
prints what a reader would not have said, as textbook.py does; `--moved` calls them mirrored and moved too.
What a reader says (blind_expected.tsv) was written before any call was seen, and stays as it was, also where
the software disagrees; no radiologist has seen them. `--seed` draws the presentations with other edges, foci
and sizes.
"""

import argparse
import shutil
from pathlib import Path

import blind_central
import blind_outer
import numpy as np
import pandas as pd
import textbook
from blind_shapes import Draw, drawn, load_hand

from cpimaging.images import write_image
from cpimaging.io import write_text
from cpimaging.types import Image

OUT = Path(__file__).resolve().parents[1] / "results" / "bench" / "blind"
EXPECTED = Path(__file__).with_name("blind_expected.tsv")
CASES: dict[str, Draw] = {**blind_central.CASES, **blind_outer.CASES}


def draw(folder: Path, seed: int = 0) -> None:
    """Write masks/ and expected.tsv; print which masks are not as large as when the readings were written."""
    shutil.rmtree(folder, ignore_errors=True)
    table = pd.read_csv(EXPECTED, sep="\t", dtype=str, keep_default_na=False)
    hand = load_hand()
    volumes = []
    for participant in table["participant_id"]:
        name = participant[len("sub-101") :]
        mask = drawn(hand, name, CASES[name], seed)
        path = folder / "masks" / f"{participant}_space-{textbook.SPACE}_label-L_mask.nii.gz"
        write_image(path, Image(mask.astype(np.uint8), hand.atlas.labels.affine))
        volumes.append(f"{mask.sum() / 1000:.2f}")
    others = table["participant_id"][table["volume_ml"] != volumes]
    if seed == 0 and len(others):
        print(f"- not as large as when the readings were written: {', '.join(others)}")
    write_text(folder / "expected.tsv", table.assign(volume_ml=volumes).to_csv(sep="\t", index=False))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="0: the masks as they were first drawn")
    parser.add_argument("--moved", action="store_true", help="also mirrored and moved masks")
    chosen = parser.parse_args()
    data = OUT / f"seed{chosen.seed}"
    draw(data, chosen.seed)
    found = textbook.report(data)
    if chosen.moved:
        textbook.report_moved(data, found)
