"""Spoil scans on purpose and see whether the quality checks notice; prints Markdown tables.

`python benchmarks/sabotage.py` runs good and sabotaged cases at 2 mm from raw image to verdict. The limits of
`cpimaging.qc.limits` were set on the cases at an even place in their list; those at an odd place are reported
apart. Results go to results/bench/sabotage, one file per case; a case runs again when the code of its stages
has changed. Real scans: ../shared/data. `--only WORD` runs the cases whose name holds the word.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from spoiling import (
    DATA,
    LABEL,
    Person,
    but,
    clipped,
    eve,
    flipped,
    folded,
    half,
    infant,
    mask_shifted,
    masked,
    moved,
    ms,
    nlin6,
    noisy,
    opposite_forms,
    renamed,
    shaken,
    simulated,
    sized,
    stored,
    stroke_adc,
    turned,
    whole_head,
)

from cpimaging.bids.scan import Scan
from cpimaging.images import write_image
from cpimaging.io import read_json, write_json
from cpimaging.layout import sidecar_path
from cpimaging.provenance import code_digest
from cpimaging.study.job import Job
from cpimaging.study.plan import write_plan
from cpimaging.types import InputError

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "bench" / "sabotage"
STAGES = ("preprocess", "register", "qc")
LESION_STAGES = ("segment", "lesions", "quantify")


@dataclass(frozen=True)
class Case:
    """A person and what is done to it: to the files before, or to the transform after registration."""

    name: str
    make: Callable[[], Person]
    engine: str = "greedy"
    files: Callable[[Path], None] = field(default=lambda folder: None)
    after: Callable[[Job, Path], None] = field(default=lambda job, folder: None)


# --- what is done to files and transforms


def others_transform(make: Callable[[], Person], job: Job, folder: Path) -> None:
    """Put another person's transform in the place of the scan's own."""
    other = Job(folder / "other" / "out", LABEL)
    prepare(Case("other", make), folder / "other")
    for stage in ("preprocess", "register"):
        run_stage(stage, other)
    for method in ("xfm_to_scan", "xfm_to_template"):
        source = getattr(other.files, method)(other.reference)
        target = getattr(job.files, method)(job.reference)
        for path in (source, sidecar_path(source)):
            Path(path.replace(source.removesuffix(".nii.gz"), target.removesuffix(".nii.gz"))).write_bytes(
                Path(path).read_bytes()
            )


# --- the cases


def good_cases() -> list[Case]:
    patterns = ("periventricular_bilateral", "basal_ganglia_thalamus", "watershed", "mca_infarct")
    both, three = ("T1w", "FLAIR"), ("T1w", "T2w", "FLAIR")
    control = partial(simulated, 120)
    cases = [
        *(
            Case(f"simulated {p.replace('_', ' ')}", partial(simulated, 100 + i, p, both))
            for i, p in enumerate(patterns)
        ),
        Case("simulated control, four contrasts", partial(control, contrasts=(*three, "ADC"))),
        Case("simulated control, T2w alone", partial(simulated, 122, contrasts=("T2w",))),
        Case("simulated control, FLAIR alone", partial(simulated, 123, contrasts=("FLAIR",))),
        Case("simulated control, slices of 3 mm", partial(simulated, 124, voxel_mm=(2.0, 2.0, 3.0))),
        Case(
            "simulated infarct, slices of 5 mm",
            partial(simulated, 125, "mca_infarct", both, voxel_mm=(1.5, 1.5, 5.0)),
        ),
        Case("simulated control, stored LAS", but(control, stored, axcodes=("L", "A", "S"))),
        Case("simulated control, stored PIR", but(control, stored, axcodes=("P", "I", "R"))),
        Case("simulated control, tilted 30° about x", but(control, moved, degrees=(30, 0, 0))),
        Case("simulated control, 3 cm away", but(control, moved, mm=(30, 0, -30))),
        Case("simulated control, small brain", but(control, sized, factors=(0.85,) * 3)),
    ]
    stored_rsa = but(partial(ms, "ms26"), stored, axcodes=("R", "S", "A"))
    return cases + _real(
        Case("ms07, three contrasts", partial(ms, "ms07", three, True)),
        Case("ms26, three contrasts", partial(ms, "ms26", three, True)),
        Case("ms07, FLAIR alone", partial(ms, "ms07", ("FLAIR",))),
        Case("ms26, T2w alone", partial(ms, "ms26", ("T2w",))),
        Case("ms07, tilted 30° about y", but(partial(ms, "ms07"), moved, degrees=(0, 30, 0))),
        Case("ms26, noise of 4 %", but(partial(ms, "ms26"), noisy, share=0.04)),
        Case("ms26, stored RSA, 3 cm away", but(stored_rsa, moved, mm=(0, 30, 10))),
        Case("Eve", eve),
        Case("Eve, tilted 20° about x and y", but(eve, moved, degrees=(20, 20, 0))),
        Case("NLin6 template", nlin6),
        Case("infarct, b0 and ADC, slices of 5 mm", stroke_adc),
        Case("infant of 24 months", partial(infant, 24, ("T1w", "T2w"))),
        Case("infant of 24 months, T2w alone", partial(infant, 24, ("T2w",))),
        Case("infant of 6 months", partial(infant, 6, ("T1w", "T2w"))),
        Case("newborn", partial(infant, 0, ("T1w", "T2w"))),
    )


def sabotaged_cases() -> list[Case]:
    """Return the spoilt cases; those of a kind stand side by side, so that each half holds some."""
    return [*_flipped(), *_cut(), *_anothers(), *_misnamed(), *_lost_headers(), *_spoilt_images()]


def _flipped() -> list[Case]:
    pair, both = ("T1w", "T2w"), ("T1w", "FLAIR")
    return [
        Case("T2w flipped, simulated", but(_sim(1, contrasts=pair), flipped, "T2w")),
        Case("FLAIR flipped, simulated infarct", but(_sim(2, "mca_infarct", both), flipped, "FLAIR")),
        Case("ADC flipped, simulated", but(_sim(3, contrasts=("T1w", "ADC")), flipped, "ADC")),
        Case("T1w flipped, simulated", but(_sim(4, contrasts=pair), flipped, "T1w")),
        *_real(
            Case("FLAIR flipped, ms07", but(partial(ms, "ms07", both), flipped, "FLAIR")),
            Case("T2w flipped, ms26", but(partial(ms, "ms26", pair), flipped, "T2w")),
            Case("T2w flipped, infant of 24 months", but(partial(infant, 24, pair), flipped, "T2w")),
            Case("T2w flipped, newborn", but(partial(infant, 0, pair), flipped, "T2w")),
        ),
        Case("sform against qform, simulated", _sim(5), files=opposite_forms),
        Case("sform against qform, simulated T2w", _sim(6, contrasts=("T2w",)), files=opposite_forms),
    ]


def _cut() -> list[Case]:
    def part(make: Callable[[], Person], **options: Any) -> Callable[[], Person]:
        return but(lambda: masked(make()), half, **options)

    ms07, ms26 = (partial(ms, name) for name in ("ms07", "ms26"))
    return [
        Case("left half out of view, simulated", part(_sim(7), axis=0, end=1, empty=False)),
        Case("right half empty, simulated", part(_sim(8), axis=0, end=0, empty=True)),
        Case("front half out of view, simulated", part(_sim(9), axis=1, end=0, empty=False)),
        Case("back half empty, simulated", part(_sim(10), axis=1, end=1, empty=True)),
        Case("lower half out of view, simulated", part(_sim(11), axis=2, end=1, empty=False)),
        Case("upper half empty, simulated", part(_sim(12), axis=2, end=0, empty=True)),
        *_real(
            Case("left half out of view, ms07", part(ms07, axis=0, end=1, empty=False)),
            Case("lower half out of view, ms26", part(ms26, axis=2, end=1, empty=False)),
        ),
    ]


def _anothers() -> list[Case]:
    def after(make: Callable[[], Person]) -> Callable[[Job, Path], None]:
        return partial(others_transform, make)

    def with_other(mine: str, other: str, contrast: str) -> Person:
        images = {**ms(mine).images, **ms(other, (contrast,)).images}
        return replace(ms(mine), images=images)

    return [
        Case("another's transform, simulated", _sim(13), after=after(_sim(14))),
        Case("another's transform, simulated infarct", _sim(15, "mca_infarct"), after=after(_sim(16))),
        *_real(
            Case("another's transform, ms07", partial(ms, "ms07"), after=after(partial(ms, "ms26"))),
            Case("another's transform, Eve", eve, after=after(partial(ms, "ms26"))),
            Case("another's FLAIR, ms07", partial(with_other, "ms07", "ms26", "FLAIR")),
            Case("another's T2w, ms26", partial(with_other, "ms26", "ms07", "T2w")),
        ),
    ]


def _misnamed() -> list[Case]:
    def named(make: Callable[[], Person], **names: str) -> Callable[[], Person]:
        return lambda: renamed(make(), names)

    def of(name: str, *contrasts: str) -> Callable[[], Person]:
        return partial(ms, name, contrasts)

    return [
        *_real(
            Case("T2w named T1w, ms07", named(of("ms07", "T2w"), T2w="T1w")),
            Case("T1w named T2w, ms26", named(of("ms26", "T1w"), T1w="T2w")),
            Case("FLAIR named T2w, ms07", named(of("ms07", "T1w", "FLAIR"), FLAIR="T2w")),
            Case("T1w named FLAIR, ms26", named(of("ms26", "T1w"), T1w="FLAIR")),
            Case("FLAIR named T1w, ms26", named(of("ms26", "FLAIR"), FLAIR="T1w")),
            Case("T2w named FLAIR, ms07", named(of("ms07", "T1w", "T2w"), T2w="FLAIR")),
        ),
        Case("T2w named T1w, simulated", named(_sim(17, contrasts=("T2w",)), T2w="T1w")),
        Case("FLAIR named T2w, simulated", named(_sim(18, contrasts=("FLAIR",)), FLAIR="T2w")),
    ]


def _lost_headers() -> list[Case]:
    def aged(make: Callable[[], Person], age: float) -> Callable[[], Person]:
        return lambda: replace(make(), age=age)

    return [
        Case("90° about x lost, simulated", but(_sim(19), turned, axes=(1, 2))),
        Case("90° about y lost, simulated", but(_sim(20), turned, axes=(0, 2))),
        Case("90° about z lost, simulated", but(_sim(21), turned, axes=(0, 1))),
        *_real(
            Case("90° about x lost, ms07", but(partial(ms, "ms07"), turned, axes=(1, 2))),
            Case("90° about z lost, Eve", but(eve, turned, axes=(0, 1))),
            Case("newborn given as adult", aged(partial(infant, 0), 20.0)),
            Case("infant of 6 months given as adult", aged(partial(infant, 6), 20.0)),
            Case("newborn given as adult, T2w", aged(partial(infant, 0, ("T2w",)), 20.0)),
            Case("infant of 6 months given as adult, T2w", aged(partial(infant, 6, ("T2w",)), 20.0)),
            Case("adult given as newborn, ms07", aged(partial(ms, "ms07"), 0.02)),
            Case("adult given as newborn, Eve", aged(eve, 0.02)),
        ),
        Case("voxel size halved, simulated", but(_sim(22), sized, factors=(0.5,) * 3)),
        Case("slice thickness lost, simulated", but(_sim(23), sized, factors=(1, 1, 0.5))),
        Case("slice gap counted twice, simulated", but(_sim(24), sized, factors=(1, 1, 1.5))),
    ]


def _spoilt_images() -> list[Case]:
    def shifted(make: Callable[[], Person], *mm: float) -> Callable[[], Person]:
        return lambda: mask_shifted(make(), mm)

    def tilted(seed: int, engine: str = "identity", **options: Any) -> dict[str, Any]:
        return {"make": but(_sim(seed), moved, **options), "engine": engine}

    ms07, ms26 = (partial(ms, name) for name in ("ms07", "ms26"))
    return [
        Case("mask 15 mm to the left, simulated", shifted(_sim(25), -15, 0, 0)),
        Case("mask 15 mm up, simulated", shifted(_sim(26), 0, 0, 15)),
        *_real(
            Case("mask 15 mm forward, ms07", shifted(ms07, 0, 15, 0)),
            Case("mask 15 mm down, Eve", shifted(eve, 0, 0, -15)),
            Case("skull left on, head", partial(whole_head, "head", "T1w")),
            Case("skull left on, stroke", partial(whole_head, "stroke", "T2w")),
            Case("noise of 40 %, ms07", but(ms07, noisy, share=0.4)),
        ),
        Case("noise of 40 %, simulated", but(_sim(27), noisy, share=0.4)),
        Case("identity on 20° about x, simulated", **tilted(28, degrees=(20, 0, 0))),
        Case("identity on 20° about z, simulated", **tilted(29, degrees=(0, 0, 20))),
        Case("identity at 3 cm, simulated", **tilted(30, mm=(0, 30, 0))),
        Case("folded, simulated", _sim(31), after=folded),
        *_real(Case("folded, ms26", ms26, after=folded)),
        Case("clipped at the median, simulated", but(_sim(32), clipped, percentile=50)),
        *_real(
            Case("clipped at 80 %, ms07", but(ms07, clipped, percentile=80)),
            Case("motion, ms26", but(ms26, shaken, voxels=8)),
        ),
        Case("motion, simulated", but(_sim(33), shaken, voxels=8)),
    ]


def _sim(*words: Any, **options: Any) -> Callable[[], Person]:
    return partial(simulated, *words, **options)


def _real(*cases: Case) -> list[Case]:
    return list(cases) if DATA.is_dir() else []


# --- from raw image to verdict


def prepare(case: Case, folder: Path) -> None:
    """Write the case as a dataset with its plan."""
    person, bids = case.make(), folder / "bids"
    images = {name: f"{LABEL}/anat/{LABEL}_{name}.nii.gz" for name in person.images}
    for name, path in images.items():
        write_image(bids / path, person.images[name])
    masks: dict[str, str | None] = {"lesion": None, "brain": None}
    for name in masks:
        image = getattr(person, name)
        if image is not None:
            masks[name] = f"derivatives/{LABEL}_label-{name}_mask.nii.gz"
            write_image(bids / masks[name], image.with_data((image.data > 0).astype(np.uint8)))
    write_json(bids / "dataset_description.json", {"Name": case.name, "BIDSVersion": "1.11.0"})
    case.files(bids)
    source = "derivatives" if masks["lesion"] else "none"
    plan = Scan("01", None, images, masks["lesion"], source, masks["brain"], age_years=person.age)
    write_plan(folder / "out", bids, [plan])


def run_stage(name: str, job: Job) -> None:
    import_module(f"cpimaging.stages.{name}").run(job)


def run_case(case: Case, folder: Path) -> dict[str, Any]:
    """Return the content of the scan's quality file, or why a stage refused the scan."""
    prepare(case, folder)
    job = Job(folder / "out", LABEL, engine=case.engine)
    try:
        for stage in ("preprocess", "register"):
            run_stage(stage, job)
    except InputError as error:
        return {"verdict": "refused", "reason": error.problem, "flags": []}
    case.after(job, folder)
    for stage in (*(LESION_STAGES if job.lesion else ("lesions",)), "qc"):
        run_stage(stage, job)
    content: dict[str, Any] = read_json(job.files.qc)
    return content


def result_of(case: Case, group: str) -> dict[str, Any]:
    """Return a case's result, from its file where the code has not changed since."""
    words = "".join(c if c.isalnum() else "-" for c in case.name)
    path = RESULTS / f"{group}_{words}.json"
    digest = "-".join(code_digest(stage) for stage in STAGES)
    if path.is_file() and (found := read_json(path))["digest"] == digest:
        return dict(found)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        result = run_case(case, Path(folder))
    result |= {"digest": digest, "seconds": round(time.perf_counter() - start, 1)}
    write_json(path, result)
    return result


# --- tables


def broken(result: Mapping[str, Any]) -> str:
    if result["verdict"] == "refused":
        return str(result["reason"])
    shown = [f"{f['name']} {f['value']:.3g}" for f in result["flags"] if not f["ok"]]
    return ", ".join(shown) or "–"


def print_table(group: str, cases: Sequence[Case], only: str) -> list[str]:
    print(f"\n| {group} | half | verdict | s | what does not hold |\n|---|---|---|---|---|")
    verdicts = []
    for place, case in enumerate(cases):
        if only not in case.name:
            continue
        result = result_of(case, group)
        verdicts.append(result["verdict"])
        half = "set" if place % 2 == 0 else "report"
        print(
            f"| {case.name} | {half} | {result['verdict']} | {result['seconds']} | {broken(result)} |",
            flush=True,
        )
    return verdicts


def print_summary(good: Sequence[str], spoilt: Sequence[str]) -> bool:
    """Print the counts by half and tell whether both targets are met in each."""
    print("\n| half | sabotaged: noticed | good: failed | good: warned |\n|---|---|---|---|")
    met = True
    for name, start in (("set", 0), ("report", 1)):
        bad, fine = spoilt[start::2], good[start::2]
        noticed = sum(verdict != "pass" for verdict in bad)
        failed = sum(verdict in ("fail", "refused") for verdict in fine)
        warned = fine.count("warn")
        print(f"| {name} | {noticed} of {len(bad)} | {failed} of {len(fine)} | {warned} |")
        met &= noticed >= 0.95 * len(bad) and failed == 0
    return met


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="run the cases whose name holds this word")
    only = parser.parse_args().only
    start = time.perf_counter()
    good = print_table("good", good_cases(), only)
    spoilt = print_table("sabotaged", sabotaged_cases(), only)
    if not only:
        met = print_summary(good, spoilt)
        print(f"\n{time.perf_counter() - start:.0f} s; results in {RESULTS.relative_to(ROOT)}")
        sys.exit(not met)


if __name__ == "__main__":
    main()
