"""One run at a time in an output folder, wherever it was started from."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from cpimaging.io import read_json, temporary_beside
from cpimaging.study.job import SCAN_STAGES
from cpimaging.study.output import check_output
from cpimaging.study.record import ASKED
from cpimaging.types import InputError

LOCK = "logs/lock.json"
JOBS = {*SCAN_STAGES, "command", "index", "atlas", "cohort", "masks"}
"""The commands by which the rules of the workflow write."""


FIRST_NAMESPACE = 0xEFFFFFFC
"""Of the processes outside of containers, on every Linux."""


def host_here() -> str:
    """Return the name of this host; with its processes in a container that has some of its own.

    Others cannot see those, and numbers of processes mean nothing to each other.
    """
    try:
        namespace = os.stat("/proc/self/ns/pid").st_ino
    except OSError:  # no Linux
        namespace = FIRST_NAMESPACE
    name = socket.gethostname()
    return name if namespace == FIRST_NAMESPACE else f"{name} (container, processes {namespace})"


@dataclass(frozen=True)
class Holder:
    """A run: its host, its process, and when that process started (seconds since 1970)."""

    host: str
    process: int
    started: float

    @classmethod
    def here(cls) -> "Holder":
        """Return this process."""
        return cls(host_here(), os.getpid(), psutil.Process().create_time())

    def runs(self) -> bool:
        """Tell whether the process still runs; numbers of processes are given out again, so by its start."""
        try:
            return abs(psutil.Process(self.process).create_time() - self.started) < 1
        except (psutil.NoSuchProcess, ValueError, OverflowError):  # or a number that no process can have
            return False


def take_lock(output: Path) -> None:
    """Lock an output folder for this process, and wait for the jobs that a killed run has left behind.

    The lock of a process that is gone on this host is removed, which one line on stderr tells. Raises
    InputError where another process holds it.
    """
    path = output / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise InputError(path, "is a folder where the lock belongs", "delete it")
    while not _created(path):
        holder = _holder(path)
        if holder is None or (holder.host == host_here() and not holder.runs()):
            print(f"cpimaging: {LOCK} of a run that has ended is removed", file=sys.stderr)
            path.unlink(missing_ok=True)
        elif holder.host != host_here():
            problem = f"is in use by process {holder.process} on {holder.host}"
            raise InputError(output, problem, f"wait for it; if that run has ended, delete {path}")
        else:
            problem = f"is in use by process {holder.process} on {holder.host}"
            raise InputError(output, problem, "wait until it has ended, or stop it")
    _await_orphans(output)


def release_lock(output: Path) -> None:
    """Remove the lock if this process holds it."""
    path = output / LOCK
    if path.is_file() and _holder(path) == Holder.here():
        path.unlink(missing_ok=True)


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Hold the lock of an output folder in a block; jobs of the workflow, which holds it, go on without.

    Folders that the lock was made in go with it where nothing else was written. Raises InputError where
    another run works there, or the folder holds what is somebody else's.
    """
    if ASKED in os.environ:
        yield
        return
    check_output(output)
    made = [folder for folder in (output / LOCK).parents if not folder.exists()]
    take_lock(output)
    try:
        yield
    finally:
        release_lock(output)
        with suppress(OSError):  # not empty
            for folder in made:
                folder.rmdir()


def held_by(output: Path) -> Holder | None:
    """Return the run that holds an output folder, as far as can be told from here; None where none does.

    A process on another host counts as running: from here nobody can know.
    """
    holder = _holder(output / LOCK)
    there = holder is not None and (holder.host != host_here() or holder.runs())
    return holder if there else None


def _created(path: Path) -> bool:
    """Write the lock, whole or not at all; tell whether there was none."""
    own = temporary_beside(path)
    own.write_text(json.dumps(asdict(Holder.here())), encoding="utf-8")
    try:
        os.link(own, path)
    except FileExistsError:
        return False
    except OSError:  # no hard links there, as on exFAT
        return _written_anew(path, own.read_text(encoding="utf-8"))
    finally:
        own.unlink()
    return True


def _written_anew(path: Path, text: str) -> bool:
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        return False
    return True


def _holder(path: Path) -> Holder | None:
    """Return who holds a lock, None where it says nobody."""
    try:
        content = read_json(path)
        return Holder(str(content["host"]), int(content["process"]), float(content["started"]))
    except (InputError, KeyError, TypeError, ValueError, OverflowError):
        return None


def _await_orphans(output: Path) -> None:
    """Wait for jobs of a run that was killed: they would write into what this run makes."""
    own = {os.getpid(), *(caller.pid for caller in psutil.Process().parents())}
    others = (process for process in psutil.process_iter(["cmdline"]) if process.pid not in own)
    orphans = [process for process in others if _writes_into(process, output)]
    if orphans:
        print(f"cpimaging: waiting for {len(orphans)} job(s) of a run that was killed", file=sys.stderr)
        psutil.wait_procs(orphans)


def _writes_into(process: psutil.Process, output: Path) -> bool:
    """Tell whether a process is one of our jobs with this output folder, as seen from where it works."""
    words: list[str] = process.info["cmdline"] or []
    program = words.index("cpimaging") if "cpimaging" in words else len(words)
    if not set(words[program + 1 : program + 2]) & JOBS:  # `cpimaging BIDS OUT participant` waits for us
        return False
    if not Path(words[0]).name.startswith("python"):  # what started us, such as srun, waits for us as well
        return False
    try:
        folder = process.cwd()
    except psutil.Error:
        return False
    here = os.path.realpath(output)
    return any(os.path.realpath(os.path.join(folder, word)) == here for word in words)
