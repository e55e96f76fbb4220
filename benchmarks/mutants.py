"""Break the code on purpose, one small change at a time, and see whether its tests notice.

`python benchmarks/mutants.py [MODULE …]` draws mutants (comparisons, signs, constants, and/or, not, sides,
arguments swapped, statements removed) and runs each, in a copy of the project, against the tests that are
named after its module, then those named after its package, without the slow ones. It prints the share that
was noticed and every mutant that was not; those that change nothing one could see count all the same.
The method: DeMillo, Lipton and Sayward, Computer 1978;11(4):34.
"""

import argparse
import ast
import math
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
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = "cpimaging"
MODULES = (f"{PACKAGE}/quantify*", f"{PACKAGE}/scorers", f"{PACKAGE}/lesions/components.py")
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "results", "*.egg-info", "build")
PAIRS = "Lt LtE,Gt GtE,Lt Gt,LtE GtE,Eq NotEq,In NotIn,Is IsNot,Add Sub,Mult Div,BitAnd BitOr,And Or"
SWAPS = [set(pair.split()) for pair in PAIRS.split(",")]
OPPOSITE = {"left": "right", "right": "left", "L": "R", "R": "L"}
SIDE = re.compile(r"left|right|\b[LR]\b")
OPTIONS = ("-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", "--hypothesis-seed=0")


@dataclass(frozen=True, order=True)
class Mutant:
    """One change of one file: the bytes from `start` to `end` become `after`."""

    file: str
    line: int
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


def mutants(file: str, source: bytes) -> list[Mutant]:
    """Return every mutant of a file."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node in computing(ast.parse(source)):
        for place, other in (*operators(node), *constants(node), *removals(node)):
            text = ast.unparse(other)
            if text != ast.unparse(place):
                start = starts[place.lineno - 1] + place.col_offset
                end = starts[place.end_lineno - 1] + place.end_col_offset
                after = text if isinstance(other, ast.stmt) else f"({text})"
                found.append(Mutant(file, place.lineno, start, end, source[start:end].decode(), after))
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


class Copy:
    """A copy of the project whose files may be broken."""

    def __init__(self, folder: Path) -> None:
        self.root = Path(shutil.copytree(ROOT, folder, ignore=LEFT_OUT))
        # by content: a mutant may have the size and the second of the file that was compiled
        compiling = ["compileall", "-q", "--invalidation-mode", "checked-hash", PACKAGE]
        subprocess.run([sys.executable, "-m", *compiling], cwd=self.root, check=True)
        own = {"PYTHONPATH": str(self.root), "CPIMAGING_CACHE": str(folder.with_name("cache"))}
        self.environment = {**os.environ, **own, "PYTHONDONTWRITEBYTECODE": "1"}

    def passes(self, tests: Sequence[str], timeout_s: float | None = None) -> bool:
        """Return whether the tests pass; those that hang do not."""
        words = [sys.executable, "-m", "pytest", *OPTIONS, *tests]
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(
            words, cwd=self.root, env=self.environment, start_new_session=True, **silent
        ) as process:
            try:
                return process.wait(timeout_s) == 0
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return False

    def missed(self, drawn: Sequence[Mutant], limits_s: dict[str, float]) -> list[Mutant]:
        """Return the mutants whose tests pass all the same; limits_s: for the tests of each file."""
        survivors = []
        for mutant in drawn:
            path = self.root / mutant.file
            source = path.read_bytes()
            path.write_bytes(mutant.applied(source))
            if self.passes(tests_of(mutant.file), limits_s[mutant.file]):
                survivors.append(mutant)
            path.write_bytes(source)
            print(".S"[mutant in survivors], end="", flush=True, file=sys.stderr)
        return survivors


def limits(files: Iterable[str], copy: Copy, jobs: int) -> dict[str, float]:
    """Return the seconds that the tests of each file may take; exit where they fail on the code as it is."""
    seconds: dict[frozenset[str], float] = {}
    for file in sorted(files):
        tests = tests_of(file)
        if frozenset(tests) not in seconds:
            start = time.perf_counter()
            if not tests or not copy.passes(tests):
                sys.exit(f"{file}: its tests are missing or fail as it is: {' '.join(tests)}")
            seconds[frozenset(tests)] = 30 + 3 * jobs * (time.perf_counter() - start)
    return {file: seconds[frozenset(tests_of(file))] for file in files}


def chosen_files(patterns: Sequence[str]) -> list[str]:
    """Return the modules that patterns, folders and names mean, from the project's folder."""
    found = [path for pattern in patterns for path in ROOT.glob(pattern.rstrip("/"))]
    files = {file for path in found for file in (path.rglob("*.py") if path.is_dir() else [path])}
    return sorted(str(file.relative_to(ROOT)) for file in files)


def wilson(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, J Am Stat Assoc 1927;22:209)."""
    middle = (hits + z**2 / 2) / (count + z**2)
    half = z / (count + z**2) * math.sqrt(hits * (count - hits) / count + z**2 / 4)
    return middle - half, middle + half


def survivors(drawn: Sequence[Mutant], jobs: int) -> list[Mutant]:
    """Return the mutants that no test noticed; `jobs` run at once."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        copies = [Copy(Path(folder) / str(job)) for job in range(jobs)]
        limits_s = limits({mutant.file for mutant in drawn}, copies[0], jobs)
        runs = [pool.submit(copy.missed, drawn[job::jobs], limits_s) for job, copy in enumerate(copies)]
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
    for mutant in missed:
        before, after = (" ".join(text.split()).replace("|", "\\|") for text in (mutant.before, mutant.after))
        print(f"| {mutant.file}:{mutant.line} | `{before}` | `{after}` |")


if __name__ == "__main__":
    main()
