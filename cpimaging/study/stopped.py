"""Why a stage ended without a word of its own: the system or a scheduler killed it.

A killed process cannot say so. Rules therefore note in a stage's log that it began in a job of SLURM
(`common.smk`), and SLURM writes why it ended a job into that job's own log.
"""

import re
from pathlib import Path

BEGAN = re.compile(r"began in SLURM job (\d+)")
KILLED = "was killed (signal 9)"
SLURM_LOGS = ".snakemake/slurm_logs"
"""Where the executor keeps the logs of failed jobs, below the folder that Snakemake works in."""

CAUSES = {"DUE TO TIME LIMIT": "runtime", "oom": "mem_mb", "OUT_OF_MEMORY": "mem_mb"}
"""What SLURM writes, in either case, and the resource that did not suffice."""
TOLD = {"runtime": "ran out of time", "mem_mb": "ran out of memory"}


def why_stopped(stage: str, lines: list[str], folder: Path) -> str | None:
    """Return why a stage was stopped from outside and which key to raise; None where it ended by itself.

    lines: its log. folder: the one that Snakemake works in.
    """
    if not lines or not (BEGAN.search(lines[-1]) or KILLED in lines[-1]):
        return None
    began = next(filter(None, map(BEGAN.search, lines)), None)
    resource = _resource(began.group(1), folder) if began else None
    if resource is None and KILLED in lines[-1]:
        return f"was killed, most often for want of memory; raise it: {_key(stage, 'mem_mb')}"
    if resource is None:
        keys = f"{_key(stage, 'mem_mb')} or {stage}:runtime=…"
        return f"was stopped from outside, most often for want of memory or time; raise it: {keys}"
    return f"{TOLD[resource]}; raise it: {_key(stage, resource)}"


def _key(stage: str, resource: str) -> str:
    return f"--set-resources {stage}:{resource}=…"


def _resource(job: str, folder: Path) -> str | None:
    """Return what SLURM says did not suffice, from the log of one of its jobs."""
    for log in sorted((folder / SLURM_LOGS).rglob(f"{job}.log")):
        text = log.read_text(encoding="utf-8", errors="replace").lower()
        for words, resource in CAUSES.items():
            if words.lower() in text:
                return resource
    return None
