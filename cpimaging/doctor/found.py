"""What a check found, as one line."""

from dataclasses import dataclass
from typing import Literal

from cpimaging.types import InputError, plain

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Found:
    """One finding. what: what was looked at. told: what was found. cure: what to do; "" where nothing."""

    state: State
    what: str
    told: str
    cure: str = ""

    @property
    def line(self) -> str:
        """The finding as people read it."""
        return plain(f"{self.state:8} {self.what}: {self.told}{'; ' if self.cure else ''}{self.cure}")


def refused(what: str, error: InputError) -> Found:
    """Return bad input as a fault."""
    return Found("fault", what, f"{error.path}: {error.problem}", error.cure)
