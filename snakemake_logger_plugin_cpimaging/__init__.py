"""The name by which Snakemake finds `cpimaging.progress`: `--logger cpimaging`, as in our profiles."""

from cpimaging.progress import LogHandler

__all__ = ["LogHandler"]
