"""Break the code on purpose, one small change at a time, and see whether its tests notice.

`python benchmarks/mutants.py [MODULE …]` draws mutants (comparisons, signs, constants, and/or, not, sides,
arguments swapped, statements removed) and runs each, in a copy of the project, against those tests that call
its function: of the files that are named after its module, then after its package, without the slow ones. It
prints the share that was noticed and every mutant that was not; those that change nothing one could see count
all the same.
The method: DeMillo, Lipton and Sayward, Computer 1978;11(4):34.
"""

import argparse
import ast
import contextlib
import math
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import Phase, is_hypothesis_test, settings

ROOT = Path(__file__).parents[1]
PACKAGE = "cpimaging"
MODULES = (f"{PACKAGE}/quantify*", f"{PACKAGE}/scorers", f"{PACKAGE}/lesions/components.py")
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "results", "*.egg-info", "build")
PAIRS = "Lt LtE,Gt GtE,Lt Gt,LtE GtE,Eq NotEq,In NotIn,Is IsNot,Add Sub,Mult Div,BitAnd BitOr,And Or"
SWAPS = [set(pair.split()) for pair in PAIRS.split(",")]
OPPOSITE = {"left": "right", "right": "left", "L": "R", "R": "L"}
SIDE = re.compile(r"left|right|\b[LR]\b")
OPTIONS = ("-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", "--assert=plain", "--hypothesis-seed=0")
OPTIONS += ("--hypothesis-profile=mutants",)
OPTIONS += ("-k", "not (both_pages and (fan or nuclei or rim))")  # 1 s each; the wedge's page holds the same
SLOW_S = 0.3
"""Tests that take more of the processor's time run after the others."""

EXAMPLES = 10
"""Inputs of each random test."""

LOADED = ("numpy", "scipy.ndimage", "scipy.stats", "pandas", "nibabel", "skimage.measure", "jinja2", "yaml")
SERVER = multiprocessing.get_context("forkserver")
"""Each mutant meets its tests in a fork of a process that has loaded what it does not break."""

SERVER.set_forkserver_preload(["__main__", *LOADED])


@dataclass(frozen=True, order=True)
class Mutant:
    """One change of one file: the bytes from `start` to `end` become `after`.

    function: the first line of that it is in, 0 outside of all.
    """

    file: str
    line: int
    function: int
    start: int
    end: int
    before: str
    after: str

    def applied(self, source: bytes) -> bytes:
        """Return the file with the change made."""
        return source[: self.start] + self.after.encode() + source[self.end :]


Change = tuple[ast.AST, ast.AST]  # a node, and what stands in its place


def changed(node: ast.AST, **fields: object) -> Change:
    """Return a node and a shallow copy of it with other fields."""
    return node, type(node)(**{**dict(ast.iter_fields(node)), **fields})


def swapped(operator: ast.AST) -> list[ast.AST]:
    """Return the operators that are easily written for another."""
    own = type(operator).__name__
    return [getattr(ast, other)() for pair in SWAPS if own in pair for other in pair - {own}]


def operators(node: ast.AST) -> Iterator[Change]:
    """Yield another comparison, sign or connective; what is tested turned; arguments swapped."""
    if isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            for other in swapped(op):
                yield changed(node, ops=[*node.ops[:place], other, *node.ops[place + 1 :]])
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign):
        for other in swapped(node.op):
            yield changed(node, op=other)
    elif isinstance(node, ast.UnaryOp):
        yield node, node.operand
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield node.test, ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.Call) and len(node.args) > 1:
        first, second, *rest = node.args
        if not isinstance(first, ast.Starred) and not isinstance(second, ast.Starred):
            yield changed(node, args=[second, first, *rest])


def constants(node: ast.AST) -> Iterator[Change]:
    """Yield other constants: whole numbers one off, others a tenth off, truth and sides turned."""
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bool):
        yield changed(node, value=not value)
    elif isinstance(value, int):
        yield from (changed(node, value=value + 1), changed(node, value=value - 1))
    elif isinstance(value, float):
        yield from (changed(node, value=value * 1.1), changed(node, value=value * 0.9))
    elif isinstance(value, str):
        yield changed(node, value=SIDE.sub(lambda found: OPPOSITE[found[0]], value))


def removals(node: ast.AST) -> Iterator[Change]:
    """Yield `pass` for statements without which the rest still runs, and returns of nothing."""
    stored = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name | ast.Tuple)
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    if stored or called or isinstance(node, ast.AugAssign | ast.Raise | ast.Continue | ast.Break):
        yield node, ast.Pass()
    elif isinstance(node, ast.Return) and not isinstance(node.value, ast.Constant | None):
        yield changed(node, value=ast.Constant(None))


def computing(node: ast.AST) -> Iterator[ast.AST]:
    """Walk the code that computes: no annotations, docstrings, imports, formatted messages."""
    named = isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal"
    said = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if named or said or isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom):
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name not in {"annotation", "returns", "decorator_list"}:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from computing(child)


def function_at(tree: ast.AST, line: int) -> int:
    """Return where the innermost function begins whose body holds a line; 0 for what runs on import."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    functions = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    around = [node for node in functions if node.body[0].lineno <= line <= node.end_lineno]
    return max((min(one.lineno for one in (node, *node.decorator_list)) for node in around), default=0)


def mutants(file: str, source: bytes) -> list[Mutant]:
    """Return every mutant of a file."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found, tree = [], ast.parse(source)
    for node in computing(tree):
        for place, other in (*operators(node), *constants(node), *removals(node)):
            text = ast.unparse(other)
            if text != ast.unparse(place):
                start = starts[place.lineno - 1] + place.col_offset
                end = starts[place.end_lineno - 1] + place.end_col_offset
                after = text if isinstance(other, ast.stmt) else f"({text})"
                before, function = source[start:end].decode(), function_at(tree, place.lineno)
                found.append(Mutant(file, place.lineno, function, start, end, before, after))
    return found


def tests_of(file: str) -> list[str]:
    """Return the test files named after a module, the nearest first, then those of the packages it is in."""
    parts = [part for part in Path(file).with_suffix("").parts[1:] if part != "__init__"]
    found: dict[str, None] = {}
    for count in range(len(parts), 0, -1):
        name = "_".join(parts[:count])
        for pattern in (f"tests/*/test_{name}.py", f"tests/*/test_{name}_*.py"):
            found.update(dict.fromkeys(sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern))))
    return list(found)


class Few:
    """A plugin of pytest: random tests draw few inputs."""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Lower the numbers that the tests ask for."""
        for test in (getattr(item, "obj", None) for item in items):
            if is_hypothesis_test(test):
                few = settings(test._hypothesis_internal_use_settings, max_examples=EXAMPLES)
                test._hypothesis_internal_use_settings = few


@dataclass(frozen=True)
class Seen:
    """What a test takes of the processor, and the functions it calls: file and first line."""

    seconds: float
    called: frozenset[tuple[str, int]]


class Watch:
    """A plugin of pytest that watches the tests."""

    def __init__(self, root: Path) -> None:
        self.root = f"{root}/"
        self.seen: dict[str, Seen] = {}
        self.on_import: frozenset[tuple[str, int]] = frozenset()

    @contextlib.contextmanager
    def calls(self) -> Iterator[set[tuple[str, int]]]:
        """Fill a set with the functions that are called."""
        called: set[tuple[str, int]] = set()

        def note(frame: FrameType, *_: object) -> None:
            if frame.f_code.co_filename.startswith(self.root):
                called.add((frame.f_code.co_filename.removeprefix(self.root), frame.f_code.co_firstlineno))

        sys.settrace(note)
        try:
            yield called
        finally:
            sys.settrace(None)

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Iterator[None]:
        """Watch what runs on import, which every test may rest on."""
        with self.calls() as called:
            result = yield
        self.on_import = frozenset(called)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        """Watch one test, with its fixtures."""
        start = time.process_time()
        with self.calls() as called:
            result = yield
        self.seen[item.nodeid] = Seen(time.process_time() - start, self.on_import | called)
        return result


def run_tests(root: Path, tests: Sequence[str], watched: bool, told: Connection) -> None:
    """Run tests in this process, and tell the exit code and, if watched, what was seen."""
    os.setsid()
    os.chdir(root)
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = True
    os.environ.update(PYTHONPATH=str(root), CPIMAGING_CACHE=str(root.with_name("cache")))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    # nobody reads what fails: no search for a shorter one
    settings.register_profile(
        "mutants", phases=[Phase.explicit, Phase.generate], database=None, deadline=None
    )
    watch = Watch(root)
    code = pytest.main([*OPTIONS, *tests], plugins=[Few(), watch] if watched else [Few()])
    told.send((int(code), watch.seen))


@dataclass(frozen=True)
class Known:
    """What was seen of a file's tests, in their order, and the seconds that all of them may take."""

    seen: dict[str, Seen]
    limit_s: float

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Return the tests that call its function, the slow ones last; all, if it runs on import."""
        place = mutant.file, mutant.function
        tests = [test for test, seen in self.seen.items() if not mutant.function or place in seen.called]
        return sorted(tests, key=lambda test: self.seen[test].seconds > SLOW_S)


class Copy:
    """A copy of the project whose files may be broken."""

    def __init__(self, folder: Path) -> None:
        self.root = Path(shutil.copytree(ROOT, folder, ignore=LEFT_OUT))
        # by content: a mutant may have the size and the second of the file that was compiled
        compiling = ["compileall", "-q", "--invalidation-mode", "checked-hash", PACKAGE, "tests"]
        subprocess.run([sys.executable, "-m", *compiling], cwd=self.root, check=True)

    def run(
        self, tests: Sequence[str], watched: bool = False, limit_s: float | None = None
    ) -> tuple[int, dict[str, Seen]]:
        """Return the exit code of tests, an error if they hang or die, and what was seen."""
        ours, theirs = SERVER.Pipe(duplex=False)
        process = SERVER.Process(target=run_tests, args=(self.root, tests, watched, theirs))
        process.start()
        theirs.close()
        told: tuple[int, dict[str, Seen]] = -1, {}
        with contextlib.suppress(EOFError):
            told = ours.recv() if ours.poll(limit_s) else told
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.join()
        return told

    def known(self, tests: Sequence[str], jobs: int) -> Known:
        """Run tests on the code as it is; exit where they fail."""
        start = time.perf_counter()
        code, seen = self.run(tests, watched=True)
        if not tests or code:
            sys.exit(f"tests are missing or fail on the code as it is: {' '.join(tests)}")
        return Known(seen, 60 + 5 * jobs * (time.perf_counter() - start))

    def missed(self, drawn: Sequence[Mutant], known: dict[str, Known]) -> list[Mutant]:
        """Return the mutants whose tests pass all the same; known: of the tests of each file."""
        survivors = []
        for mutant in drawn:
            path, tests = self.root / mutant.file, known[mutant.file].tests_of(mutant)
            source = path.read_bytes()
            path.write_bytes(mutant.applied(source))
            if not tests or self.run(tests, limit_s=known[mutant.file].limit_s)[0] == 0:
                survivors.append(mutant)
                print("\n", row(mutant), sep="", file=sys.stderr)
            path.write_bytes(source)
            print(".", end="", flush=True, file=sys.stderr)
        return survivors


def chosen_files(patterns: Sequence[str]) -> list[str]:
    """Return the modules that patterns, folders and names mean, from the project's folder."""
    found = [path for pattern in patterns for path in ROOT.glob(pattern.rstrip("/"))]
    files = {file for path in found for file in (path.rglob("*.py") if path.is_dir() else [path])}
    return sorted(str(file.relative_to(ROOT)) for file in files)


def row(mutant: Mutant) -> str:
    """Return a mutant as a row of a table."""
    before, after = (" ".join(text.split()).replace("|", "\\|") for text in (mutant.before, mutant.after))
    return f"| {mutant.file}:{mutant.line} | `{before}` | `{after}` |"


def wilson(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, J Am Stat Assoc 1927;22:209)."""
    middle = (hits + z**2 / 2) / (count + z**2)
    half = z / (count + z**2) * math.sqrt(hits * (count - hits) / count + z**2 / 4)
    return middle - half, middle + half


def all_known(files: Iterable[str], copy: Copy, jobs: int) -> dict[str, Known]:
    """Run the tests of all files on the code as it is; each set of tests once, in the order of each file."""
    sets: dict[frozenset[str], Known] = {}
    known = {}
    for file in sorted(files):
        tests = tests_of(file)
        one = sets.get(frozenset(tests)) or sets.setdefault(frozenset(tests), copy.known(tests, jobs))
        near = sorted(one.seen, key=lambda test: tests.index(test.split("::")[0]))
        known[file] = Known({test: one.seen[test] for test in near}, one.limit_s)
    return known


def survivors(drawn: Sequence[Mutant], jobs: int) -> list[Mutant]:
    """Return the mutants that no test noticed; `jobs` run at once."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        copies = [Copy(Path(folder) / str(job)) for job in range(jobs)]
        known = all_known({mutant.file for mutant in drawn}, copies[0], jobs)
        runs = [pool.submit(copy.missed, drawn[job::jobs], known) for job, copy in enumerate(copies)]
        return sorted(mutant for run in runs for mutant in run.result())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", default=MODULES, help="files, folders or patterns")
    parser.add_argument("--count", type=int, default=300, help="how many mutants")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1, help="how many at once")
    given = parser.parse_args()
    files = chosen_files(given.modules)
    every = [mutant for file in files for mutant in mutants(file, (ROOT / file).read_bytes())]
    drawn = random.Random(given.seed).sample(every, min(given.count, len(every)))
    missed = survivors(drawn, given.jobs)
    noticed = len(drawn) - len(missed)
    shares = noticed / len(drawn), *wilson(noticed, len(drawn))
    score = "{:.1%}, 95 % interval {:.1%} to {:.1%}".format(*shares)
    print(f"\n{noticed} of {len(drawn)} noticed: {score}; drawn from {len(every)} in {len(files)} files.\n")
    print("| not noticed | before | after |\n|---|---|---|")
    print(*map(row, missed), sep="\n")


if __name__ == "__main__":
    main()
