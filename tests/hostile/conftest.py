"""No kind may hang: each has a minute."""

import os
import signal
from collections.abc import Iterator

import pytest

SECONDS = 60 * max(int(os.environ.get("FUZZ_EXAMPLES", "30")) // 30, 1)
"""Of a kind; fuzzing draws many inputs within one test, on machines that do other work as well."""


@pytest.fixture(autouse=True)
def minute() -> Iterator[None]:
    """Stop a test after a minute."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"no answer within {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
