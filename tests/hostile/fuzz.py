"""Fuzz for FUZZ_MINUTES (10 if nothing is said): rounds of test_fuzz.py, each with another seed.

It ends at the first failure, with the seed that draws the same input again; what failed then becomes an
`@example` of its test.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLES = 400
"""Inputs that each test draws in a round."""


def main() -> int:
    """Run rounds until the time is over; return the exit code of the last one."""
    minutes = float(os.environ.get("FUZZ_MINUTES", "10"))
    seed = int(os.environ.get("FUZZ_SEED", time.time_ns() % 1_000_000))
    start = time.monotonic()
    rounds = code = 0
    while code == 0 and time.monotonic() - start < 60 * minutes:
        rounds += 1
        words = ["--tb=short", "-p", "no:cacheprovider", f"--hypothesis-seed={seed + rounds}"]
        command = [sys.executable, "-m", "pytest", str(HERE / "test_fuzz.py"), *words]
        environment = {"FUZZ_EXAMPLES": str(EXAMPLES), **os.environ}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        code, seconds = done.returncode, time.monotonic() - start
        print(
            f"round {rounds}, seed {seed + rounds}, {seconds:.0f} s: {done.stdout.strip().splitlines()[-1]}",
            flush=True,
        )
        if code:
            print(done.stdout)
    return code


if __name__ == "__main__":
    sys.exit(main())
