"""What planning costs: `snakemake -n` of many empty scans, and of a bare Snakefile with the same jobs.

`python benchmarks/planning.py [--scans 1000 10000] [--pairs 1]`. The images are files without a byte, so that
nothing but planning is measured. The bare Snakefile has the same rules, with as many named inputs, outputs
and parameters, a log, a benchmark, resources and a shell command, and no Python. Both plan by turns. Prints
processor time (user and system, of all processes) and memory of both. The user's cache is empty, as before
the first run of a version; later the digests of the code are read from it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
# What the rules of one scan read and write: the same edges between as many jobs.
RULES = {
    "preprocess": (["given"], ["brain"]),
    "register": (["brain", "atlas"], ["to_template", "to_scan"]),
    "segment": (["brain", "to_scan"], ["labels", "tissue", "morphometry"]),
    "lesions": (["labels", "to_scan"], ["lesions"]),
    "quantify": (["lesions", "labels", "to_scan"], ["load"]),
    "qc": (["brain", "lesions", "load", "to_scan"], ["qc"]),
    "score": (["load", "lesions", "morphometry", "qc"], ["pattern"]),
    "report": (["load", "lesions", "morphometry", "qc", "pattern", "atlas"], ["report"]),
}
A_THIRD_PARAMETER = {"register", "segment", "lesions", "score"}
FILES = {"given": "bids/{scan}/anat/{scan}_T1w.nii.gz", "atlas": "out/atlas.tsv", "report": "out/{scan}.html"}

RULE = """
rule {stage}:
    input: {read}
    output: {written}
    log: "out/logs/{{scan}}_{stage}.log"
    benchmark: "out/logs/benchmarks/{{scan}}_{stage}.tsv"
    resources: mem_mb=2000, runtime=10
    params: asked="0123456789ab", options="--output-dir out"{more}
    shell: "cpimaging {stage} --scan {{wildcards.scan}} {{params.options}} > {{log:q}} 2>&1"
"""

ENDS = """
SCANS = [f"sub-{{i:05d}}" for i in range({n})]
wildcard_constraints:
    scan="sub-[0-9A-Za-z]+",
rule all:
    input: expand("out/{{scan}}.html", scan=SCANS), "out/index.html"
rule atlas:
    output: "out/atlas.tsv"
    shell: "cpimaging atlas"
rule index:
    output: "out/index.tsv"
    shell: "cpimaging index"
rule cohort:
    input: expand("out/{{scan}}.html", scan=SCANS), "out/index.tsv"
    output: "out/index.html", "out/group_patterns.tsv", "out/group_desc-lesionload_stats.tsv"
    shell: "cpimaging cohort out"
"""


def make_dataset(folder: Path, n: int) -> None:
    """Write a BIDS dataset of n scans, each one file without a byte."""
    (folder / "bids").mkdir()
    (folder / "bids/dataset_description.json").write_text('{"Name": "n", "BIDSVersion": "1.10.0"}')
    for number in range(n):
        anat = folder / f"bids/sub-{number:05d}/anat"
        anat.mkdir(parents=True)
        (anat / f"sub-{number:05d}_T1w.nii.gz").touch()


def write_bare(folder: Path, n: int) -> None:
    """Write a Snakefile with the same rules and as many jobs."""
    rules = [
        RULE.format(
            stage=stage,
            read=", ".join(f"{name}={_path(name)}" for name in read),
            written=", ".join(map(_path, written)),
            more=', search="--detection on"' if stage in A_THIRD_PARAMETER else "",
        )
        for stage, (read, written) in RULES.items()
    ]
    (folder / "Snakefile").write_text(ENDS.format(n=n) + "".join(rules))


def _path(name: str) -> str:
    path = FILES.get(name, f"out/{{scan}}/anat/{{scan}}_{name}.tsv")
    return f'"{path}"'


def cost(folder: Path, *words: str) -> tuple[float, float]:
    """Run snakemake -n in a folder; return processor time in s and the most memory in GB."""
    log = folder / "log.txt"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", "-n", "--quiet", "--cores", "1", *words],
            cwd=folder,
            env={**os.environ, "CPIMAGING_CACHE": str(folder / "cache")},
            stdout=out,
            stderr=out,
        )
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(words)} failed:\n{log.read_text()[-2000:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024**2


def measure(n: int, pairs: int) -> tuple[float, float]:
    """Print each pair; return the median processor time of both, in s."""
    ours = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", str(ROOT / "config/config.yaml")]
    ours += ["--config", "bids_dir=bids", "output_dir=out"]
    found = []
    with tempfile.TemporaryDirectory(prefix="planning") as name:
        folder = Path(name)
        make_dataset(folder, n)
        write_bare(folder, n)
        for _ in range(pairs):
            (bare_s, bare_gb), (ours_s, ours_gb) = cost(folder), cost(folder, *ours)
            found.append((bare_s, ours_s))
            told = f"bare {bare_s:.1f} s, {bare_gb:.2f} GB; cpimaging {ours_s:.1f} s, {ours_gb:.2f} GB"
            print(f"{n} scans: {told}; ratio {ours_s / bare_s:.2f}", flush=True)
    return median(pair[0] for pair in found), median(pair[1] for pair in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scans", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--pairs", type=int, default=1)
    args = parser.parse_args()
    told = [measure(n, args.pairs) for n in args.scans]
    print(f"growth: bare x{told[-1][0] / told[0][0]:.1f}, cpimaging x{told[-1][1] / told[0][1]:.1f}")


if __name__ == "__main__":
    main()
