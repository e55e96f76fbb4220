"""Interrupt the workflow at random moments, start it again, and compare with an undisturbed run.

`python benchmarks/interruptions.py [--n 20] [--seed 0]`. A small simulated dataset; each interruption is
followed by the same command, which must end well and leave the same bytes. Logs tell times and
do not count.
"""

import argparse
import gzip
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from cpimaging.simulate import simulate

ROOT = Path(__file__).parents[1]
MASK = "derivatives/lesions/sub-02/anat/sub-02_space-orig_label-L_mask.nii.gz"
LIMIT_BYTES = 20_000
"""No file may grow beyond it on the disk that is full: images do, tables do not."""


class Trial:
    """A folder with the dataset, and the command that processes it."""

    def __init__(self, folder: Path, bids: Path, chance: random.Random) -> None:
        self.folder, self.chance = folder, chance
        shutil.copytree(bids, folder / "bids")
        self.out = folder / "out"

    def command(self, *more: str) -> list[str]:
        """Return the words that process the dataset."""
        words = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2"]
        words += ["--directory", str(self.folder), *more, "--config", "bids_dir=bids", "output_dir=out"]
        return [*words, "atlas=embedded"]

    def run(self, *more: str, choices: tuple[str, ...] = (), limit: int | None = None) -> int:
        """Process it; return the exit code. limit: the greatest size of a file in bytes."""

        def small_disk() -> None:
            if limit:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        words = [*self.command(*more), *choices]
        with (self.folder / "log.txt").open("a") as log:
            return subprocess.run(
                words, stdout=log, stderr=log, env=environment(), preexec_fn=small_disk, check=False
            ).returncode

    def start(self, *choices: str) -> subprocess.Popen[bytes]:
        """Process it in a session of its own, and do not wait."""
        words = [*self.command(), *choices]
        with (self.folder / "log.txt").open("a") as log:
            return subprocess.Popen(words, stdout=log, stderr=log, env=environment(), start_new_session=True)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def contents(out: Path) -> dict[str, str]:
    """Return the sum of every result; compressed ones by what they hold."""
    files = [path for path in sorted(out.rglob("*")) if path.is_file()]
    kept = [path for path in files if path.relative_to(out).parts[0] != "logs"]
    return {path.relative_to(out).as_posix(): _sum(path) for path in kept}


def _sum(path: Path) -> str:
    content = path.read_bytes()
    return sha256(gzip.decompress(content) if path.suffix == ".gz" else content).hexdigest()


def interrupted(sign: signal.Signals, *choices: str) -> Callable[[Trial, float], str]:
    """Return a disturbance: a signal at a random moment, to the main process or to all of them."""

    def disturb(trial: Trial, seconds: float) -> str:
        process = trial.start(*choices)
        moment = trial.chance.uniform(2, seconds)
        time.sleep(moment)
        if process.poll() is None:
            whole = sign == signal.SIGINT or trial.chance.random() < 0.5
            os.killpg(process.pid, sign) if whole else process.send_signal(sign)
            process.wait()
        return f"after {moment:.0f} s"

    return disturb


def mended(trial: Trial, seconds: float) -> str:
    """A scan that cannot be read, then the right file with an older time."""
    path = trial.folder / "bids/sub-01/anat/sub-01_T1w.nii.gz"
    good = path.read_bytes()
    path.write_bytes(good[:2000])
    assert trial.run() == 1
    path.write_bytes(good)
    os.utime(path, (1e9, 1e9))
    return "file of 2001"


def removed(trial: Trial, seconds: float) -> str:
    """One result of a finished run is deleted."""
    assert trial.run() == 0
    files = [path for path in sorted(trial.out.rglob("*")) if path.is_file() and "logs" not in path.parts]
    path = trial.chance.choice(files)
    path.unlink()
    return path.relative_to(trial.out).as_posix()


def planned_beside(trial: Trial, seconds: float) -> str:
    """Dry runs of one scan beside a run of both; then it is killed."""
    process = trial.start()
    for _ in range(3):
        time.sleep(trial.chance.uniform(0, seconds / 4))
        trial.run("-n", choices=("participant_label=02",))
    assert process.wait() == 0
    return "three dry runs"


def full_disk(trial: Trial, seconds: float) -> str:
    assert trial.run(limit=LIMIT_BYTES) == 1
    return f"files of {LIMIT_BYTES} bytes at most"


def other_choice(trial: Trial, seconds: float) -> str:
    """A finished run, then another choice whose stage is killed, then the first choice again."""
    assert trial.run() == 0
    return interrupted(signal.SIGKILL, "detection=off")(trial, seconds / 3)


KINDS: dict[str, Callable[[Trial, float], str]] = {
    "SIGINT": interrupted(signal.SIGINT),
    "SIGTERM": interrupted(signal.SIGTERM),
    "SIGKILL": interrupted(signal.SIGKILL),
    "failed, then mended": mended,
    "removed result": removed,
    "dry run beside": planned_beside,
    "full disk": full_disk,
    "other choice, killed": other_choice,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as place:
        bids = Path(place) / "bids"
        simulate(bids, n=2, seed=3, voxel_mm=5, contrasts=("T1w", "FLAIR"), patterns=["mca_infarct"] * 2)
        (bids / MASK).unlink()  # one scan is searched
        calm = Trial(Path(place) / "calm", bids, chance)
        before = time.monotonic()
        assert calm.run() == 0, (calm.folder / "log.txt").read_text()[-3000:]
        seconds = time.monotonic() - before
        expected = contents(calm.out)
        print(f"undisturbed: {seconds:.0f} s, {len(expected)} results", flush=True)
        bad = 0
        for number in range(options.n):
            kind = list(KINDS)[number % len(KINDS)]
            trial = Trial(Path(place) / f"trial{number}", bids, chance)
            told = KINDS[kind](trial, seconds)
            code = trial.run()
            found = contents(trial.out)
            other = sorted(
                name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
            )
            bad += code != 0 or bool(other)
            print(f"{number + 1:2} {kind} ({told}): exit {code}, {len(other)} differ {other[:3]}", flush=True)
            if code or other:
                print((trial.folder / "log.txt").read_text()[-3000:])
        print(f"{options.n - bad} of {options.n} complete and identical")
        sys.exit(bool(bad))


if __name__ == "__main__":
    main()
