"""Simulated newborns and infants of a template of their age, through the whole workflow, with healthy twins.

    python benchmarks/newborns.py TEMPLATES_DIR NAME [--n 8] [--seed 301]      # masks given, twins searched
    python benchmarks/newborns.py TEMPLATES_DIR NAME --healthy --contrasts T1w,T2w,ADC [--no-myelin]
    python benchmarks/newborns.py TEMPLATES_DIR NAME --controls STUDY          # low ADC, searched by software

The brains share their anatomy with the template that they are registered to, so that the figures are better
than they are on patients. Injured brains come with their masks, unless a study of healthy ones is named, of
which a map of healthy ADC is made; healthy ones have none, and software looks for lesions. Data and results
stay in results/bench/newborns, a folder for each choice: a stopped run goes on where it was.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pattern import kappa

from cpimaging.columns import TRUTH, YOUNG, dtypes
from cpimaging.io import read_table
from cpimaging.layout import ScanFiles
from cpimaging.simulate.young_dataset import PATTERNS, simulate_young
from cpimaging.stages import adc_norm

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "results" / "bench" / "newborns"
TRUTH_COLUMNS = dtypes(column for column in TRUTH if column.when in ("", YOUNG))
LOW_ADC = ("basal_ganglia_thalamus", "watershed", "periventricular_bilateral", "mca_infarct")
"""Recipes whose ADC is low in the first days; a cyst raises it, and punctate foci are too small for it."""


@dataclass(frozen=True)
class Study:
    """Some simulated brains. controls: study of which the map of healthy ADC is made, None for no map."""

    templates_dir: Path
    name: str
    n: int
    seed: int
    contrasts: tuple[str, ...]
    healthy: bool
    myelin: bool
    twins: bool
    controls: Path | None

    @property
    def root(self) -> Path:
        """The folder of this choice, and of no other."""
        kind = "healthy" if self.healthy else "searched" if self.controls else "given"
        words = [self.name, kind, *self.contrasts, str(self.n), str(self.seed)]
        words += [] if self.twins or self.healthy else ["alone"]
        return OUT / "-".join([*words, *([] if self.myelin else ["unmyelinated"])])

    def simulate(self) -> None:
        """Write the brains, unless they are there; masks are left to injured ones alone."""
        bids = self.root / "bids"
        if bids.is_dir():
            return
        patterns = ("none",) if self.healthy else LOW_ADC if self.controls else PATTERNS
        simulate_young(
            bids,
            self.templates_dir,
            self.name,
            n=self.n,
            seed=self.seed,
            voxel_mm=1.2,
            contrasts=self.contrasts,
            patterns=patterns,
            masks=not (self.healthy or self.controls),
            twins=self.twins and not self.healthy,
            myelin=self.myelin,
        )
        truth = read_table(bids / "sourcedata/truth/truth.tsv", TRUTH_COLUMNS)
        for label in truth.loc[truth["twin_of"] != "n/a", "participant_id"]:
            for path in (bids / "derivatives").rglob(f"{label}_*"):
                path.unlink()

    def run(self, cores: int) -> None:
        """Run the workflow on them."""
        config = {"bids_dir": self.root / "bids", "output_dir": self.root / "out"}
        config["templates_dir"] = self.templates_dir
        if self.controls:
            write_norm(self.controls, self.root / "norm")
            config["adc_norm"] = self.root / "norm"
        command = ["snakemake", "--cores", str(cores), "--keep-going", "--quiet", "all"]
        command += ["--configfile", str(ROOT / "config/config.yaml")]
        command += ["--config", *(f"{key}={path}" for key, path in config.items())]
        subprocess.run(command, cwd=ROOT, check=False, stdout=sys.stderr)


def write_norm(controls: Path, folder: Path) -> None:
    """Write mean and SD of the ADC of a finished study of healthy brains."""
    print(*adc_norm.run(controls / "out", [str(controls / "out")], folder), sep="\n")


def of_scan(out: Path, label: str) -> dict[str, Any]:
    """Return what the workflow says of a scan; "failed" where it has no results."""
    files = ScanFiles.of(out, label)
    if not all(Path(path).is_file() for path in (files.pattern, files.qc, files.morphometry)):
        return {"call": {"group": "failed", "subgroup": "failed"}, "checks": "failed", "signs": []}
    call, checks = (json.loads(Path(path).read_text()) for path in (files.pattern, files.qc))
    measures = read_table(Path(files.morphometry))
    signs = measures.loc[measures["measure"] == "plic_sign", "value"]
    return {"call": call["mrics"], "checks": checks["verdict"], "signs": signs.tolist()}


def report(study: Study) -> None:
    """Print a row for each brain, and what they come to."""
    truth = read_table(study.root / "bids/sourcedata/truth/truth.tsv", TRUTH_COLUMNS)
    volumes = read_table(study.root / "out/group_patterns.tsv").set_index("participant_id")
    head = ("scan", "drawn", "called", "stability", "lesion, mm³", "checks", "capsule", "why not")
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    pairs, silent, signs = [], [], []
    for row in truth.to_dict("records"):
        label, healthy = row["participant_id"], row["pattern"] == "none"
        found = of_scan(study.root / "out", label)
        call = found["call"]
        drawn = "healthy" + (f" twin of {row['twin_of']}" if row["twin_of"] != "n/a" else "")
        volume = volumes["lesion_volume_mm3"].get(label)
        told = (call["subgroup"], call.get("confidence"), volume, found["checks"], found["signs"])
        last = call.get("not_assessed")
        print(f"| {label} | {drawn if healthy else row['pattern']} | {' | '.join(map(str, told))} | {last} |")
        if healthy:
            silent.append(call["group"] == "n/a")
            signs += [float(sign) == float(study.myelin) for sign in found["signs"]]
        else:
            pairs.append((row["mrics_group"], call["group"]))
    print_shares(pairs, silent, signs)


def print_shares(pairs: Sequence[tuple[str, str]], silent: Sequence[bool], signs: Sequence[bool]) -> None:
    if pairs:
        print(f"\nmain group: kappa {kappa(*zip(*pairs, strict=True)):.2f} (n = {len(pairs)})")
    print(f"healthy: no call in {sum(silent)} of {len(silent)}")
    print(f"healthy: sign of the capsule right in {sum(signs)} of {len(signs)} capsules")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("templates_dir", type=Path)
    parser.add_argument("name", help="template of the age")
    parser.add_argument("--n", type=int, default=8, help="brains, injured ones with healthy twins")
    parser.add_argument("--seed", type=int, default=301)
    parser.add_argument("--contrasts", default="T1w,T2w")
    parser.add_argument("--healthy", action="store_true", help="healthy brains alone")
    parser.add_argument("--no-twins", action="store_true", help="injured brains alone")
    parser.add_argument("--no-myelin", action="store_true", help="none in the internal capsule")
    parser.add_argument("--controls", type=Path, help="folder of a study of healthy brains with ADC")
    parser.add_argument("--cores", type=int, default=1)
    given = parser.parse_args()
    chosen = tuple(given.contrasts.split(","))
    if given.controls and "ADC" not in chosen:
        parser.error("--controls asks for ADC among the contrasts")
    folder, controls = given.templates_dir.resolve(), given.controls and given.controls.resolve()
    study = Study(
        folder,
        given.name,
        given.n,
        given.seed,
        chosen,
        given.healthy,
        myelin=not given.no_myelin,
        twins=not given.no_twins,
        controls=controls,
    )
    study.simulate()
    study.run(given.cores)
    report(study)


if __name__ == "__main__":
    main()
