"""No kind may hang: each has a minute."""

import signal
from collections.abc import Iterator

import pytest

SECONDS = 60


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
