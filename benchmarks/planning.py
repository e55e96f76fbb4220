"""What planning costs: `snakemake -n` of many empty scans, and of a bare Snakefile with the same jobs.

`python benchmarks/planning.py [--scans 1000 10000]`. The images are files without a byte, so that nothing but
planning is measured. The bare Snakefile has the same rules, with as many inputs and outputs, a log, a
benchmark, resources and a shell command, and no Python. Prints processor time and memory of both.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
FILES = {"given": "bids/{scan}/anat/{scan}_T1w.nii.gz", "atlas": "out/atlas.tsv", "report": "out/{scan}.html"}

RULE = """
rule {stage}:
    input: {read}
    output: {written}
    log: "out/logs/{{scan}}_{stage}.log"
    benchmark: "out/logs/benchmarks/{{scan}}_{stage}.tsv"
    resources: mem_mb=2000, runtime=10
    params: code="0123456789ab", given="1:2", job="--scan {{scan}} --output-dir out", person="10 F"
    shell: "cpimaging {stage} {{params.job}} > {{log:q}} 2>&1"
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
        RULE.format(stage=stage, read=_quoted(read), written=_quoted(written))
        for stage, (read, written) in RULES.items()
    ]
    (folder / "Snakefile").write_text(ENDS.format(n=n) + "".join(rules))


def _quoted(names: list[str]) -> str:
    paths = [FILES.get(name, f"out/{{scan}}/anat/{{scan}}_{name}.tsv") for name in names]
    return ", ".join(f'"{path}"' for path in paths)


def cost(folder: Path, *words: str) -> tuple[float, float]:
    """Run snakemake -n in a folder; return processor time in s and the most memory in GB."""
    log = folder / "log.txt"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", "-n", "--quiet", "--cores", "1", *words],
            cwd=folder,
            stdout=out,
            stderr=out,
        )
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(words)} failed:\n{log.read_text()[-2000:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024**2


def measure(n: int) -> tuple[float, float]:
    """Print and return the processor time of both, in s."""
    with tempfile.TemporaryDirectory(prefix="planning") as name:
        folder = Path(name)
        make_dataset(folder, n)
        write_bare(folder, n)
        ours = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", str(ROOT / "config/config.yaml")]
        start = time.perf_counter()
        bare_s, bare_gb = cost(folder)
        ours_s, ours_gb = cost(folder, *ours, "--config", "bids_dir=bids", "output_dir=out")
        seconds = time.perf_counter() - start
    print(
        f"{n} scans: bare {bare_s:.1f} s, {bare_gb:.2f} GB; cpimaging {ours_s:.1f} s, {ours_gb:.2f} GB; "
        f"ratio {ours_s / bare_s:.2f} ({seconds:.0f} s of wall time for both)",
        flush=True,
    )
    return bare_s, ours_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scans", type=int, nargs="+", default=[1000, 10_000])
    told = [measure(n) for n in parser.parse_args().scans]
    print(f"growth: bare x{told[-1][0] / told[0][0]:.1f}, cpimaging x{told[-1][1] / told[0][1]:.1f}")


if __name__ == "__main__":
    main()
