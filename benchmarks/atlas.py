"""Measure the embedded atlas against published ones; prints Markdown tables.

`python benchmarks/atlas.py` compares with Harvard-Oxford and JHU ICBM-DTI-81, moved from NLin6 onto the
embedded template by registering its T1w. `--held-out` adds the Eve brain and AAL3, which nothing was
tuned on. `--published` compares with the composite that `cpimaging atlas fetch` has built. `--pictures`
draws the figures of docs/method/atlas.md. Needs ../shared/data.
"""

import argparse
import io
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.atlases import Template, load_atlas, load_template
from cpimaging.atlases.embedded.build import build_atlas
from cpimaging.atlases.embedded.half import Half
from cpimaging.atlases.embedded.landmarks import landmark
from cpimaging.cache import cached_folder, digest
from cpimaging.images import read_displacement, read_image, write_displacement
from cpimaging.registration import resample
from cpimaging.registration.engines import ENGINES
from cpimaging.types import Atlas, Image

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
PUBLISHED = DATA / "published_atlases"
NLIN6 = PUBLISHED / "MNI152NLin6_res-1x1x1_T1w_desc-brain.nii.gz"
HO_SUB = PUBLISHED / "HarvardOxfordsub-maxprob-thr25_space-MNI152NLin6_label_all_res-1x1x1.nii.gz"
HO_CORT = PUBLISHED / "HarvardOxfordcort-maxprob-thr25_space-MNI152NLin6_res-1x1x1.nii.gz"
JHU = PUBLISHED / "JHU_space-MNI152NLin6_res-1x1x1.nii.gz"
AAL3 = PUBLISHED / "AAL3v1_seq166_MNI152_1mm_182x218x182.nii.gz"  # numbered as its table is
ARTERIES = DATA / "soop_stroke" / "ArterialAtlas136.nii.gz"
EVE_T1W = DATA / "eve" / "JHU_MNI_SS_T1_Brain.nii.gz"
EVE_LABELS = DATA / "eve" / "JHU_MNI_SS_WMPM_Type-II.nii.gz"
EVE_ORIGIN = (90.0, -126.0, -72.0)  # its header says 0; this is the position in MNI space

Mask = NDArray[np.bool_]
Labels = NDArray[np.int16]
Origin = tuple[float, float, float] | None
Row = tuple[str, ...]

VENTRICLE = tuple(
    f"lateral_ventricle_{part}" for part in ("frontal_horn", "body", "trigone", "occipital_horn")
)
STEM = (
    *("midbrain", "pons", "medulla", "red_nucleus", "substantia_nigra", "superior_colliculus"),
    *("inferior_colliculus", "locus_coeruleus", "raphe", "inferior_olive", "cranial_nerve_tegmentum"),
)
THALAMUS, PUTAMEN = ("thalamus", "thalamus_ventrolateral"), ("putamen", "putamen_posterior")

DEEP = {  # structures → Harvard-Oxford left, right; floor; aim
    "thalamus": (THALAMUS, 4, 15, 0.80, 0.85),
    "caudate": (("caudate",), 5, 16, 0.77, 0.82),
    "putamen": (PUTAMEN, 6, 17, 0.77, 0.85),
    "pallidum": (("pallidum",), 7, 18, 0.60, 0.70),
    "hippocampus": (("hippocampus",), 9, 19, 0.62, 0.66),
    "amygdala": (("amygdala",), 10, 20, 0.58, 0.62),
    "accumbens": (("accumbens",), 11, 21, None, None),
    "lateral ventricle": (VENTRICLE, 3, 14, 0.80, 0.85),
}
LOBES = {  # Harvard-Oxford cortical values
    "frontal": (1, 3, 4, 5, 6, 25, 26, 27, 28, 33, 41, 42),
    "parietal": (18, 19, 20, 21, 31, 43),
    "temporal": (8, 9, 10, 11, 12, 13, 14, 15, 16, 34, 35, 37, 38, 39, 44, 45, 46),
    "occipital": (22, 23, 24, 32, 36, 40, 47, 48),
}
CORTEX = {  # precentral and postcentral gyrus; insular cortex; anterior and posterior cingulate
    "perirolandic": ((7, 17), 0.60),
    "insula": ((2,), None),
    "cingulate": ((29, 30), None),
}
TRACTS = {  # JHU left, right; floor
    "plic": (("plic",), (20,), (19,), 0.55),
    "alic": (("alic",), (18,), (17,), 0.45),
    "external capsule": (("external_capsule",), (34,), (33,), None),
    "corona radiata": (("corona_radiata",), (24, 26, 28), (23, 25, 27), 0.50),
    "posterior thalamic radiation": (("optic_radiation",), (30,), (29,), 0.45),
}
CALLOSUM = {"genu": 3, "body": 4, "splenium": 5}
TERRITORIES = {"aca": (1,), "mca": (3, 5, 7, 9, 11, 13, 15), "pca": (17, 19, 21)}  # left; right is one more
EVE_RIGHT = 65  # a right label's number is the left one's plus this
EVE_DEEP = {"thalamus": 61, "caudate": 59, "putamen": 60, "pallidum": 62, "hippocampus": 27, "amygdala": 26}
EVE_STEM = {  # unions: midbrain; pons and medulla
    "midbrain": (63, 33, 56, 57),
    "pons + medulla": (64, 65, 49, 29, 31),
}
AAL3_NUCLEI = {"red_nucleus": ((161,), (162,)), "substantia_nigra": ((157, 159), (158, 160))}


class Embedded:
    """The embedded atlas, asked by structure."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        self.grid = atlas.dseg.labels

    def mask(self, structures: Iterable[str], side: str | None = None) -> Mask:
        """Return the union of some structures, of one side or of both."""
        wanted, found = set(structures), np.zeros(self.grid.shape, bool)
        for label_map in (self.atlas.dseg, *self.atlas.overlays.values()):
            indices = [
                region.index
                for region in label_map.regions
                if region.structure in wanted and side in (None, region.side)
            ]
            if indices:
                found |= np.isin(label_map.labels.data, indices)
        return found

    def lobe(self, name: str) -> Mask:
        """Return cortex and white matter of a lobe."""
        indices = [region.index for region in self.atlas.dseg.regions if region.lobe == name]
        found: Mask = np.isin(self.grid.data, indices)
        return found


def dice(a: Mask, b: Mask) -> float:
    return float(2 * (a & b).sum() / max(a.sum() + b.sum(), 1))


def moved(field: Image, path: Path, grid: Image, origin: Origin = None) -> Labels:
    labels = _placed(read_image(path, labels=True), origin)
    whole = labels.with_data(labels.data.astype(np.int16))
    found: Labels = resample(whole, grid, field, mode="nearest").data
    return found


def field_onto(template: Template, name: str, t1w: Path, origin: Origin = None) -> Image:
    """Return the displacement from the embedded template to another brain; registered once, cached."""

    def register(folder: Path) -> None:
        engine, moving = ENGINES["greedy"].method, _placed(read_image(t1w), origin)
        matrix = engine.affine(template.t1w, moving, None)
        transform = engine.deformable(template.t1w, moving, matrix, None, threads=2)
        write_displacement(folder / "field.nii.gz", transform.to_scan)

    code = digest([t1w, ROOT / "cpimaging" / "registration" / "greedy.py"], str(origin))
    return read_displacement(cached_folder(f"benchmark-{name}_{code}", register) / "field.nii.gz")


def _placed(image: Image, origin: Origin) -> Image:
    """Return the image with the corner of an LAS header moved to `origin` (mm), axes already RAS."""
    if origin is None:
        return image
    affine = np.eye(4)
    affine[:3, 3] = (origin[0] - (image.shape[0] - 1), *origin[1:])
    return Image(image.data, affine, image.axcodes)


def table(title: str, head: Row, rows: Iterable[Row]) -> None:
    print(f"\n### {title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def verdict(value: float, floor: float | None, aim: float | None = None) -> str:
    if floor is None:
        return "–"
    if value < floor:
        return f"**short** (floor {floor:.2f})"
    return f"floor {floor:.2f}" if aim is None or value < aim else f"aim {aim:.2f}"


def deep_rows(own: Embedded, other: Labels) -> Iterable[Row]:
    for name, (structures, left, right, floor, aim) in DEEP.items():
        ours = [own.mask(structures, side) for side in ("left", "right")]
        theirs = [other == value for value in (left, right)]
        both = [dice(a, b) for a, b in zip(ours, theirs, strict=True)]
        ratio = sum(m.sum() for m in ours) / sum(m.sum() for m in theirs)
        mean = float(np.mean(both))
        volume = f"{ratio:.2f}" + ("" if abs(ratio - 1) <= 0.25 else " **beyond 25 %**")
        yield name, f"{both[0]:.3f}", f"{both[1]:.3f}", f"{mean:.3f}", verdict(mean, floor, aim), volume
    stem, theirs_stem = own.mask(STEM), other == 8
    value, ratio = dice(stem, theirs_stem), stem.sum() / theirs_stem.sum()
    yield "brainstem", "–", "–", f"{value:.3f}", verdict(value, 0.85, 0.90), f"{ratio:.2f}"
    yield from _stem_without_rostral_midbrain(own, stem, theirs_stem)


def _stem_without_rostral_midbrain(own: Embedded, stem: Mask, theirs: Mask) -> Iterable[Row]:
    """Harvard-Oxford ends the brainstem at a coronal plane through the midbrain; compare behind it."""
    _, y, z = np.ix_(*(np.arange(n) + o for n, o in zip(own.grid.shape, own.grid.affine[:3, 3], strict=True)))
    shared = (y < landmark("posterior_commissure")[1]) | (z < landmark("pontomesencephalic_sulcus")[2])
    value = dice(stem & shared, theirs & shared)
    name = "brainstem behind the coronal plane through PC"
    yield name, "–", "–", f"{value:.3f}", "–", f"{(stem & shared).sum() / (theirs & shared).sum():.2f}"


def cortex_rows(own: Embedded, other: Labels, grey: Mask) -> Iterable[Row]:
    for name, values in LOBES.items():
        theirs = np.isin(other, values) & grey
        value, only = dice(own.lobe(name) & grey, theirs), dice(own.mask([f"{name}_cortex"]) & grey, theirs)
        yield f"{name} lobe", f"{value:.3f}", f"{only:.3f}", verdict(value, 0.75)
    for name, (values, floor) in CORTEX.items():
        value = dice(own.mask([name]) & grey, np.isin(other, values) & grey)
        yield name, "–", f"{value:.3f}", verdict(value, floor)


def tract_rows(own: Embedded, other: Labels) -> Iterable[Row]:
    for name, (structures, left, right, floor) in TRACTS.items():
        sides = {"left": left, "right": right}
        both = [dice(own.mask(structures, side), np.isin(other, values)) for side, values in sides.items()]
        mean = float(np.mean(both))
        yield name, f"{both[0]:.3f}", f"{both[1]:.3f}", f"{mean:.3f}", verdict(mean, floor)
    for name, value in CALLOSUM.items():
        found = dice(own.mask([f"corpus_callosum_{name}"]), other == value)
        yield f"callosum, {name}", "–", "–", f"{found:.3f}", verdict(found, 0.60)


def territory_rows(own: Embedded, other: Labels) -> Iterable[Row]:
    for name, left in TERRITORIES.items():
        sides = {"left": left, "right": tuple(value + 1 for value in left)}
        mine = {side: own.mask([f"territory_{name}"], side) & (other > 0) for side in sides}
        both = [dice(mine[side], np.isin(other, values)) for side, values in sides.items()]
        yield name, f"{both[0]:.3f}", f"{both[1]:.3f}"


def eve_rows(own: Embedded, eve: Labels, harvard_oxford: Labels) -> Iterable[Row]:
    for name, left in EVE_DEEP.items():
        structures, *values = DEEP[name][:3]
        theirs = [eve == left, eve == left + EVE_RIGHT]
        ours = [own.mask(structures, side) for side in ("left", "right")]
        value = float(np.mean([dice(a, b) for a, b in zip(ours, theirs, strict=True)]))
        peer = float(np.mean([dice(harvard_oxford == v, b) for v, b in zip(values, theirs, strict=True)]))
        yield name, f"{value:.3f}", f"{peer:.3f}", "holds" if value >= peer - 0.05 else "**short**"
    ours = {
        "midbrain": own.mask(["midbrain", "red_nucleus", "substantia_nigra", *STEM[5:7]]),
        "pons + medulla": own.mask([n for n in STEM if n not in ("midbrain", *STEM[3:7])]),
    }
    for (name, labels), floor in zip(EVE_STEM.items(), (0.70, 0.65), strict=True):
        value = dice(ours[name], np.isin(eve, [*labels, *(v + EVE_RIGHT for v in labels)]))
        yield name, f"{value:.3f}", "–", "holds" if value >= floor else f"**short** of {floor:.2f}"


def plane_rows(half: Half, eve: Labels) -> Iterable[Row]:
    """Mean distance of Eve's borders between the levels of the brainstem from the planes of the atlas."""
    planes = {
        "midbrain – pons": ((63, 33), (64, 49, 29), "pontomesencephalic_sulcus", "inferior_colliculi"),
        "pons – medulla": ((64,), (65,), "pontomedullary_sulcus", "medullary_striae"),
    }
    for name, (upper, lower, front, back) in planes.items():
        above, below = (np.isin(eve, [*v, *(n + EVE_RIGHT for n in v)]) for v in (upper, lower))
        border = (ndimage.binary_dilation(above) & below)[: len(half.x)]
        distance = np.broadcast_to(half.height(landmark(front), landmark(back)), border.shape)[border]
        mean = float(distance.mean())
        yield name, f"{mean:+.1f}", f"{distance.std():.1f}", "holds" if abs(mean) <= 3 else "**short**"


def aal_rows(own: Embedded, aal: Labels) -> Iterable[Row]:
    for name, (left, right) in AAL3_NUCLEI.items():
        for side, values in (("left", left), ("right", right)):
            ours, theirs = own.mask([name], side), np.isin(aal, values)
            apart = float(np.linalg.norm(np.argwhere(ours).mean(axis=0) - np.argwhere(theirs).mean(axis=0)))
            yield f"{side} {name}", f"{apart:.1f}", "holds" if apart <= 3 else "**short**"


def published_rows(own: Embedded, composite: Embedded) -> Iterable[Row]:
    title = {name: key for key, names in composite.atlas.manifest["Structures"].items() for name in names}
    for name in dict.fromkeys(region.structure for region in own.atlas.dseg.regions):
        if title[name].startswith("embedded"):
            continue
        ours, theirs = own.mask([name]), composite.mask([name])
        divided = ", divided as embedded" if name in composite.atlas.manifest["DividedAsEmbedded"] else ""
        yield name, title[name] + divided, f"{dice(ours, theirs):.3f}", f"{theirs.sum() / ours.sum():.2f}"


def timings(template: Template) -> None:
    start = time.perf_counter()
    build_atlas(template)
    built = time.perf_counter() - start
    start = time.perf_counter()
    load_atlas("embedded")
    print(f"\nBuilding took {built:.1f} s, loading {time.perf_counter() - start:.2f} s.")


def development(own: Embedded, template: Template) -> None:
    field = field_onto(template, "nlin6", NLIN6)
    sub, cort, jhu = (moved(field, path, own.grid) for path in (HO_SUB, HO_CORT, JHU))
    head = ("structure", "left", "right", "mean", "reached", "volume, embedded / published")
    table("Harvard-Oxford subcortical, Dice", head, deep_rows(own, sub))
    head = ("region", "lobe, cortex and white matter", "cortex label alone", "reached")
    table(
        "Harvard-Oxford cortical, Dice inside grey matter > 0.3",
        head,
        cortex_rows(own, cort, template.gm.data > 0.3),
    )
    table("JHU ICBM-DTI-81, Dice", ("tract", "left", "right", "mean", "reached"), tract_rows(own, jhu))
    rows = territory_rows(own, moved(field, ARTERIES, own.grid))
    table("Arterial atlas of acute strokes, Dice (no target)", ("territory", "left", "right"), rows)


def held_out(own: Embedded, template: Template) -> None:
    nlin6 = field_onto(template, "nlin6", NLIN6)
    field = field_onto(template, "eve", EVE_T1W, EVE_ORIGIN)
    eve, sub = moved(field, EVE_LABELS, own.grid, EVE_ORIGIN), moved(nlin6, HO_SUB, own.grid)
    head = ("structure", "embedded", "Harvard-Oxford", "")
    table("Held out: Eve, Dice (mean of both sides)", head, eve_rows(own, eve, sub))
    head = ("border", "mean distance from the plane, mm", "SD, mm", "within 3 mm")
    table("Held out: Eve, levels of the brainstem", head, plane_rows(Half.of(template), eve))
    head = ("nucleus", "centroids apart, mm", "within 3 mm")
    table("Held out: AAL3", head, aal_rows(own, moved(nlin6, AAL3, own.grid)))


def pictures(own: Embedded, template: Template) -> None:
    """Draw the labels over the template, one colour per structure; the left of the image is left."""
    cuts = {
        "deep": (2, (-8, -3, 2, 8, 14, 20), (-48, 48, -50, 36)),
        "medial": (1, (4, -4, -12, -20, -30, -42), (-48, 48, -36, 38)),
        "brainstem": (2, (-6, -10, -14, -24, -36, -52), (-36, 36, -70, 4)),
        "lobes": (2, (-20, 0, 15, 30, 45, 62), (-74, 74, -108, 76)),
    }
    for name, (axis, places, window) in cuts.items():
        _draw(own, template, axis, places, window, ROOT / "docs" / "method" / f"atlas_{name}.png")


def _draw(
    own: Embedded, template: Template, axis: int, places: tuple[int, ...], window: tuple[int, ...], path: Path
) -> None:
    import matplotlib
    import PIL.Image

    matplotlib.use("Agg")
    matplotlib.rcParams["image.interpolation"] = "nearest"
    import matplotlib.pyplot as plt

    colour = _colours(own)
    origin = own.grid.affine[:3, 3]
    across, up = (i for i in range(3) if i != axis)
    figure, axes = plt.subplots(2, 3, figsize=(7.5, 5.2), dpi=110)
    for panel, place in zip(axes.flat, places, strict=True):
        index = round(place - origin[axis])
        box = [slice(None)] * 3
        box[axis] = index
        box[across] = slice(round(window[0] - origin[across]), round(window[1] - origin[across]) + 1)
        box[up] = slice(round(window[2] - origin[up]), round(window[3] - origin[up]) + 1)
        labels = colour[own.grid.data[tuple(box)]].T
        panel.imshow(template.t1w.data[tuple(box)].T, cmap="gray", origin="lower", vmin=0.25, vmax=0.95)
        shown = np.ma.masked_equal(labels, 0)
        panel.imshow(
            shown, cmap="tab20", origin="lower", alpha=0.45, vmin=1, vmax=20, interpolation="nearest"
        )
        panel.set_title(f"{'xyz'[axis]} = {place} mm", fontsize=8)
        panel.text(0.02, 0.5, "L", transform=panel.transAxes, color="w", fontsize=8)
        panel.text(0.94, 0.5, "R", transform=panel.transAxes, color="w", fontsize=8)
        panel.axis("off")
    figure.tight_layout(pad=0.4)
    buffer = io.BytesIO()
    figure.savefig(buffer)
    plt.close(figure)
    PIL.Image.open(buffer).convert("RGB").quantize(64).save(path, optimize=True)


def _colours(own: Embedded) -> NDArray[np.uint8]:
    """Return label number → colour 1–20; left and right alike."""
    names = list(dict.fromkeys((region.structure, region.lobe) for region in own.atlas.dseg.regions))
    table = np.zeros(len(own.atlas.dseg.regions) + 1, np.uint8)
    for region in own.atlas.dseg.regions:
        table[region.index] = names.index((region.structure, region.lobe)) * 7 % 20 + 1
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--held-out", action="store_true", help="add what nothing may be tuned on")
    parser.add_argument("--published", action="store_true", help="add the fetched composite")
    parser.add_argument("--pictures", action="store_true", help="draw the figures of docs/method/atlas.md")
    options = parser.parse_args()
    if not NLIN6.is_file():
        sys.exit(f"{PUBLISHED}: not there; the published atlases are needed for this comparison")
    template, own = load_template(), Embedded(load_atlas("embedded"))
    timings(template)
    development(own, template)
    if options.held_out:
        held_out(own, template)
    if options.published:
        composite = Embedded(load_atlas("published"))
        head = ("structure", "source", "Dice with embedded", "volume, published / embedded")
        table(f"Published composite {composite.atlas.version}", head, published_rows(own, composite))
    if options.pictures:
        pictures(own, template)


if __name__ == "__main__":
    main()
