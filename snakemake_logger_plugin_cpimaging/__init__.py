"""What a run tells in the terminal: a line per scan and stage that ended. `snakemake --logger cpimaging`.

Snakemake finds plugins by the name of a package, and imports all that there are at every start, in jobs and
for other workflows too: nothing heavy here, and nothing of cpimaging.
"""

import logging
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

LAST = "report"
"""The stage that ends a scan."""
SHARES = {
    "preprocess": 14,
    "register": 25,
    "segment": 11,
    "lesions": 3,
    "quantify": 5,
    "qc": 8,
    "score": 2,
    "report": 5,
}
"""Processor seconds of the stages of one scan (README, with a given mask); their ratio counts."""
EVERY_RUN = (
    "Assuming unrestricted",
    "Building DAG",
    "Complete log",
    "Conda environments: ign",
    "Elapsed time",
    "Execute ",
    "Exiting because a job",
    "Group jobs: inactive",
    "Provided ",
    "Removing output files of failed",
    "Rules claiming more",
    "Select jobs",
    "Singularity containers: ign",
    "Using shell",
    "host: ",
)
"""How the messages begin that Snakemake writes in every run, which its log file has."""
TOLD_BY_STAGES = ("returned non-zero exit status", "At least one job did not complete")
SHOWN_BY_SNAKEMAKE = ("dryrun", "verbose", "debug_dag", "printshellcmds")
"""With one of these options Snakemake's own lines are what is wanted."""


@dataclass
class Progress:
    """What is known of a run. Times are seconds, of any clock.

    planned, ended: jobs by rule. seconds: that they took, summed up by rule. running: start, rule and scan of
    each job by its number. failed: rules by scan. began, now: first and last event.
    """

    planned: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    running: dict[int, tuple[float, str, str]] = field(default_factory=dict)
    failed: dict[str, set[str]] = field(default_factory=dict)
    began: float = 0.0
    now: float = 0.0

    def plan(self, counts: Mapping[str, int]) -> None:
        """Take the number of jobs of each rule."""
        self.planned = Counter({rule: n for rule, n in counts.items() if rule != "total"})

    def start(self, job: int, rule: str, scan: str, at: float) -> None:
        """Take the start of a job; one that failed before and is tried again has not failed yet."""
        self.began = self.began or at
        self.running[job] = (at, rule, scan)
        if rule in self.failed.get(scan, ()):
            self.failed[scan].discard(rule)
            if not self.failed[scan]:
                del self.failed[scan]

    def end(self, job: int, at: float) -> str | None:
        """Take the end of a job and return what is told of it; None for one that was not begun here."""
        if job not in self.running:
            return None
        start, rule, scan = self.running.pop(job)
        self.now = at
        self.ended[rule] += 1
        self.seconds[rule] += at - start  # type: ignore[assignment]
        return " · ".join([*filter(None, (scan, rule, duration(at - start))), *self.counts()])

    def fail(self, job: int, rule: str, why: str, log: str, at: float) -> str:
        """Take the failure of a job and return what is told of it."""
        _, rule, scan = self.running.pop(job, (at, rule, ""))
        self.now = at
        self.failed.setdefault(scan, set()).add(rule)
        where = f" ({log})" if log else ""
        return " · ".join([*filter(None, (scan, rule)), f"FAILED: {why}{where}", *self.counts()])

    def counts(self) -> Iterator[str]:
        """Yield scans done, failed and time left, as far as each is known."""
        total = sum(n for rule, n in self.planned.items() if rule.endswith(LAST))
        if not total:
            return
        done = sum(n for rule, n in self.ended.items() if rule.endswith(LAST))
        failed = sum(1 for scan in self.failed if scan)
        yield f"{done} of {total} scans done{f', {failed} failed' if failed else ''}"
        left = self.left_seconds()
        if left:
            yield f"about {duration(left)} left"

    def left_seconds(self) -> float | None:
        """Return the time that the scans' stages will still take; None where nothing is known of any.

        A stage takes its mean so far; before the first has ended, its share (`SHARES`) of what others took.
        That is divided by how many jobs have run at once. A scan that failed goes no further.
        """
        shares = {rule: _share(rule) for rule in self.planned}
        known = sum(self.ended[rule] * share for rule, share in shares.items())
        took = sum(seconds for rule, seconds in self.seconds.items() if shares.get(rule))
        if not known or not took:
            return None
        left = 0.0
        for rule, share in shares.items():
            todo = max(0, self.planned[rule] - self.ended[rule] - sum(map(bool, self.failed)))
            mean = self.seconds[rule] / self.ended[rule] if self.ended[rule] else share * took / known
            left += todo * mean if share else 0.0
        span = self.now - self.began
        return left / max(1.0, took / span if span > 0 else 1.0)


def _share(rule: str) -> float:
    """Return the share of a rule, also under a name that a workflow which uses ours gave it; 0 if unknown."""
    return next((share for stage, share in SHARES.items() if rule.endswith(stage)), 0.0)


def duration(seconds: float) -> str:
    """Return a duration as people say it."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"


def last_line(log: str) -> str:
    """Return the last line of a log, which says what is wrong; "" where there is none."""
    try:
        lines = Path(log).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].removeprefix("cpimaging: ") if lines else ""


class LogHandler(LogHandlerBase):
    """Writes a line to stderr for each stage that ended; warnings and errors as Snakemake words them.

    A dry run, and options that ask for Snakemake's own lines, give those. `--quiet all` writes nothing,
    `--quiet rules` and `--quiet progress` what has failed. Snakemake's log file holds all it ever did.
    """

    def __post_init__(self) -> None:
        """Begin with nothing known."""
        from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter

        asked = self.common_settings
        quiet: set[Any] = set(asked.quiet or ())
        self.quiet = {word.name.lower() for word in quiet}
        self.plain = any(getattr(asked, name) for name in SHOWN_BY_SNAKEMAKE)
        self.progress = Progress()
        self.snakemake = ColorizingTextHandler(
            nocolor=asked.nocolor,
            stream=sys.stdout if asked.stdout else sys.stderr,
            formatter=DefaultFormatter(quiet, asked.show_failed_logs),
            filter=DefaultFilter(quiet, asked.debug_dag, asked.verbose, asked.dryrun, asked.printshellcmds),
        )

    @property
    def writes_to_stream(self) -> bool:
        """It takes the place of Snakemake's own lines."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """It writes no file."""
        return False

    @property
    def has_filter(self) -> bool:
        """It must hear of what it does not show."""
        return True

    @property
    def has_formatter(self) -> bool:
        """It words its lines itself."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """The numbers of jobs are enough."""
        return False

    def emit(self, record: logging.LogRecord) -> None:
        """Take one event of Snakemake. What goes wrong here is told, and stops no run."""
        try:
            told = None if self.plain else self._told(record)
            if told is None and (self.plain or _is_message(record)):
                self.snakemake.handle(record)
            elif told and "all" not in self.quiet:
                print(told, file=sys.stderr, flush=True)
        except Exception:
            self.handleError(record)

    def _told(self, record: logging.LogRecord) -> str | None:
        """Return what is told of an event; None where it is nothing of ours, or not worth a line."""
        event, has = getattr(record, "event", None), vars(record)
        if event == LogEvent.RUN_INFO:
            self.progress.plan(has["stats"])
        elif event == LogEvent.JOB_INFO and has["shellcmd"]:
            scan = (has["wildcards"] or {}).get("scan", "")
            self.progress.start(has["jobid"], has["rule_name"], scan, record.created)
        elif event == LogEvent.JOB_FINISHED:
            told = self.progress.end(has["job_id"], record.created)
            return None if self.quiet & {"rules", "progress"} else told
        elif event == LogEvent.JOB_ERROR:
            return self._failed(has, record.created)
        return None

    def _failed(self, has: Mapping[str, Any], at: float) -> str:
        log = next(iter(has["log"]), "")
        why = last_line(log) or "stopped without a word"
        return self.progress.fail(has["jobid"], has["rule_name"], why, log, at)


def _is_message(record: logging.LogRecord) -> bool:
    """Tell whether Snakemake says something itself that a person should read, or has asked for.

    That a command failed is told by the line of its stage, in fewer words.
    """
    event, text = getattr(record, "event", None), str(record.msg)
    if event == LogEvent.ERROR:
        return not any(words in text for words in TOLD_BY_STAGES)
    return event is None and not text.startswith(EVERY_RUN)
