"""What a cohort costs: the group stage on many finished scans, and its page in a browser.

`python benchmarks/cohort.py [--scans 1000 10000] [--results results/demo]`. Each scan is a copy of a
finished one (by default of the demo) under a label of its own: plan, records, tables, pattern and quality
JSON, and the lesion in template space as runs of voxels. Its lesion is moved, its age varies, every seventh
scan fails its checks. Images are files without a byte: the group stage opens none. Prints processor time,
memory and size of the page; with Chromium and playwright also how long the page takes to open and to sort,
beside a plain sort of the same rows (medians of five). Targets: 60 s, 2 GB; 3 s; 3 times; from 1,000 to
10,000 scans at most 12 times.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
OPENED = (".json", ".tsv")
REPEATS = 5
SORT = """async () => {
  const rows = JSON.parse(document.getElementById("rows").textContent);
  const values = rows.columns.find(column => column.key === "lesion_volume_mm3").values;
  const plain = () => {
    const order = values.map((value, place) => place), start = performance.now();
    order.sort((a, b) => (values[a] ?? -1) - (values[b] ?? -1));
    return performance.now() - start;
  };
  const buttons = [...document.querySelectorAll(".scans thead button")];
  const button = buttons.find(button => button.textContent === "Lesion, ml");
  const ours = () => {
    const start = performance.now();
    button.click();
    document.querySelector(".scans").getBoundingClientRect();
    return performance.now() - start;
  };
  return {plain: plain(), ours: ours()};
}"""


def make_cohort(source: Path, output: Path, n: int, seed: int = 0) -> None:
    """Write the results of n scans, each copied from one of `source` in turn and changed a little."""
    rng = np.random.default_rng(seed)
    labels = sorted(path.stem for path in (source / "logs/plan").glob("*.json"))
    labels = [label for label in labels if (source / f"logs/files/report/{label}.json").is_file()]
    templates = [_files_of(source, label) for label in labels]
    for number in range(n):
        label, files = labels[number % len(labels)], templates[number % len(labels)]
        new = f"sub-{number + 1:05d}"
        sizes = {}
        for name, text in files.items():
            path = output / name.replace(label, new)
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.touch()
                sizes[name.replace(label, new)] = 0
                continue
            text = _changed(name, text.replace(label, new), number, rng)
            path.write_text(text, encoding="utf-8")
            sizes[name.replace(label, new)] = path.stat().st_size
        for stage in sorted((source / "logs/files").iterdir()):
            record = stage / f"{label}.json"
            if record.is_file():
                known = json.loads(record.read_text())
                names = [name.replace(label, new) for name in known["Files"]]
                path = output / f"logs/files/{stage.name}/{new}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps({**known, "Files": {name: sizes[name] for name in names}}))


def _files_of(source: Path, label: str) -> dict[str, str | None]:
    """Return the text of a scan's files by name; None for images and pages, which stay empty."""
    names = {f"logs/plan/{label}.json"}
    for stage in (source / "logs/files").iterdir():
        record = stage / f"{label}.json"
        names |= set(json.loads(record.read_text())["Files"]) if record.is_file() else set()
    return {
        name: (source / name).read_text(encoding="utf-8") if name.endswith(OPENED) else None
        for name in sorted(names)
    }


def _changed(name: str, text: str, number: int, rng: np.random.Generator) -> str:
    """Return the text of a file with what differs from scan to scan."""
    if name.startswith("logs/plan/"):
        plan = json.loads(text)
        plan["scan"] |= {"age_years": round(float(rng.uniform(2, 18)), 2), "sex": "FM"[number // 2 % 2]}
        return json.dumps(plan)
    if name.endswith("desc-lesionruns_stats.tsv"):
        header, *rows = text.splitlines()
        cells = np.array([row.split("\t") for row in rows], dtype=int).reshape(-1, 4)
        cells[:, :3] += rng.integers(-6, 7, 3)
        return "\n".join([header, *("\t".join(map(str, row)) for row in cells.clip(1).tolist())]) + "\n"
    if name.endswith("desc-qc_stats.json") and number % 7 == 3:
        return json.dumps({**json.loads(text), "verdict": "fail"})
    if name.endswith("desc-pattern_stats.json") and number % 7 == 3:
        return json.dumps({**json.loads(text), "out_of_group": "quality control failed"})
    if name.endswith("_desc-lesionload_stats.tsv"):
        return _scaled(text, 8, float(rng.lognormal(0, 0.5)))
    return text


def _scaled(text: str, column: int, factor: float) -> str:
    header, *rows = text.splitlines()
    cells = [row.split("\t") for row in rows]
    for row in cells:
        row[column] = row[column] if row[column] == "n/a" else repr(float(row[column]) * factor)
    return "\n".join([header, *("\t".join(row) for row in cells)]) + "\n"


def cost(output: Path) -> tuple[float, float]:
    """Run the group stage; return its processor time (s) and its largest memory (MB)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-c", MEASURED, str(output)]
    told = subprocess.run(
        words, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, float(told.stdout.split()[-1]) / 1024


MEASURED = """
import resource, sys
from cpimaging.__main__ import main
sys.argv = ["cpimaging", "cohort", sys.argv[1]]
try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def in_browser(page: Path) -> tuple[float, float, float] | None:
    """Return seconds to open, and ms of our sort and of a plain one: medians; None without a browser."""
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if chromium is None:
        return None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        opened, ours, plain = [], [], []
        for _ in range(REPEATS):
            tab = browser.new_page(viewport={"width": 1400, "height": 900})
            tab.goto(page.resolve().as_uri())
            opened.append(tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"))
            tab.wait_for_timeout(500)  # as people do who look before they click
            found = tab.evaluate(SORT)
            ours.append(found["ours"])
            plain.append(found["plain"])
            tab.close()
        browser.close()
    return statistics.median(opened), statistics.median(ours), statistics.median(plain)


def main() -> None:
    """Print one line for each number of scans."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--results", type=Path, default=ROOT / "results/demo", help="scans to copy")
    parser.add_argument("--keep", type=Path, help="folder to make the cohorts in, and to leave")
    chosen = parser.parse_args()
    if not (chosen.results / "logs/plan").is_dir():
        sys.exit(f"{chosen.results}: no results there; run `make demo` first, or name some with --results")
    heads = ("scans", "processor s", "MB", "page MB", "opens s", "sorts ms", "plain sort ms")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    with tempfile.TemporaryDirectory() as scratch:
        for n in chosen.scans:
            output = (chosen.keep or Path(scratch)) / f"cohort-{n}"
            if not output.is_dir():
                make_cohort(chosen.results, output, n)
            seconds, memory = cost(output)
            size = (output / "index.html").stat().st_size / 1e6
            seen = in_browser(output / "index.html")
            told = " | ".join(f"{value:.2f}" for value in seen) if seen else "n/a | n/a | n/a"
            print(f"| {n} | {seconds:.1f} | {memory:.0f} | {size:.1f} | {told} |", flush=True)


if __name__ == "__main__":
    main()
