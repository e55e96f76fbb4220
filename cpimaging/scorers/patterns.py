"""The patterns of MRICS in a lesion: pieces by kind, and a rule per kind of injury (`scorers/rules/`)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from cpimaging.scorers.attribution import Attribution, loads_of, of_side
from cpimaging.scorers.base import Trace
from cpimaging.scorers.injury import NUCLEI, WHOLE_OF, Injury
from cpimaging.scorers.pieces import Piece

TERRITORIES = ("territory_aca", "territory_mca", "territory_pca")


@dataclass(frozen=True)
class Pattern:
    """One pattern of the scheme.

    ground: why, in a few words; calls on one ground are right about as often. loads: the injury that it
    explains, in percent of a class of tissue, by the class that bears it. instead: what it may be as well.
    """

    subgroup: str
    ground: str = ""
    side: str | None = None
    territory: str | None = None
    severity: str | None = None
    loads: Mapping[str, float] = field(default_factory=dict)
    instead: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The letter of the main group."""
        return self.subgroup[0]

    @property
    def extent(self) -> float:
        """How much injury it explains, all classes added up."""
        return sum(self.loads.values())


class Case:
    """One scan's injury, its pieces by kind, and the trace. Rules take the pieces that they explain."""

    def __init__(self, injury: Injury, kinds: Attribution, trace: Trace) -> None:
        self.injury, self.trace = injury, trace
        self.kinds = {kind: list(pieces) for kind, pieces in kinds.items()}

    def take(self, kind: str, holds: Callable[[Piece], bool] = lambda piece: True) -> list[Piece]:
        """Return the pieces of a kind for which something holds, and leave the others."""
        pieces = self.kinds.get(kind, [])
        self.kinds[kind] = [piece for piece in pieces if not holds(piece)]
        return [piece for piece in pieces if holds(piece)]

    def loads(self, pieces: Iterable[Piece]) -> dict[str, float]:
        """Return the load of each class in pieces."""
        return loads_of(pieces, self.injury)

    def borne_by(self, name: str, pieces: Iterable[Piece]) -> dict[str, float]:
        """Return the loads of pieces that one class bears: what else they hold, they ran into."""
        return {name: sum(self.loads(pieces).values())}

    def load(self, name: str, side: str, pieces: Iterable[Piece]) -> float:
        """Return how much of a structure of one side pieces hold, in percent."""
        name = name if self.injury.has(name) else WHOLE_OF.get(name, name)
        region = self.injury.structure(name, [side]).region_mm3
        inside = sum(piece.named.get(name, 0.0) for piece in of_side(pieces, side))
        return 100 * inside / region if region > 0 else 0.0

    def injured_nuclei(self, side: str, pieces: Sequence[Piece]) -> list[str]:
        """Return the nuclei of one side that count as injured: by their share, or by the lesion's volume."""
        found = []
        for name in sorted(NUCLEI | set(WHOLE_OF)):
            volume = sum(piece.named.get(name, 0.0) for piece in of_side(pieces, side))
            enough = self.load(name, side, pieces) >= self.trace.limit("nucleus_load")
            if volume >= self.trace.limit("deep_volume" if enough else "nucleus_volume"):
                found.append(name)
        return found


def added(*loads: Mapping[str, float]) -> dict[str, float]:
    """Add up loads by class."""
    return {name: sum(one.get(name, 0.0) for one in loads) for name in dict.fromkeys(chain(*loads))}


def merged(found: Sequence[Pattern]) -> list[Pattern]:
    """Return patterns, those of one subgroup as one: the larger one, with what both explain."""
    by_name: dict[str, list[Pattern]] = {}
    for pattern in found:
        by_name.setdefault(pattern.subgroup, []).append(pattern)
    return [_as_one(patterns) for patterns in by_name.values()]


def _as_one(patterns: Sequence[Pattern]) -> Pattern:
    largest = max(patterns, key=lambda pattern: pattern.extent)
    sides = {pattern.side for pattern in patterns}
    side = largest.side if len(sides) == 1 else "both"
    return replace(largest, side=side, loads=added(*(pattern.loads for pattern in patterns)))


def only(piece: Piece, parts: Iterable[str]) -> Piece:
    """Return a piece with some of its compartments alone."""
    return replace(piece, parts={part: piece.parts[part] for part in parts if part in piece.parts})
