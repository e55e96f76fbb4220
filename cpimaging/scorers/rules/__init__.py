"""One module per kind of injury: each takes the pieces that it explains and names their pattern."""

from collections.abc import Sequence
from functools import lru_cache

from cpimaging.scorers.attribution import attribute
from cpimaging.scorers.base import Criteria, Tables, Trace
from cpimaging.scorers.injury import KEPT, Injury
from cpimaging.scorers.patterns import Case, Pattern, merged
from cpimaging.scorers.pieces import Piece, pieces_of
from cpimaging.scorers.rules.central import bilateral_deep, one_sided_deep
from cpimaging.scorers.rules.cortical import cortical
from cpimaging.scorers.rules.unexplained import rest, unlike_any
from cpimaging.scorers.rules.white_matter import periventricular

__all__ = ["explain", "explained"]


def explained(tables: Tables, injury: Injury, criteria: Criteria) -> tuple[list[Pattern], Trace]:
    """Return the patterns of a scan's lesion and their trace; scorers that ask in turn share them."""
    kept = _kept(tables)
    if not kept or kept[0][0] is not criteria:
        trace = Trace(criteria)
        kept[:] = [(criteria, explain(pieces_of(tables), injury, trace), trace)]
    return kept[0][1:]


@lru_cache(maxsize=KEPT)
def _kept(tables: Tables) -> list[tuple[Criteria, list[Pattern], Trace]]:
    """Return where the last patterns of these tables are kept."""
    return []


def explain(pieces: Sequence[Piece], injury: Injury, trace: Trace) -> list[Pattern]:
    """Return the patterns that explain a lesion, D last, with what each of them explains."""
    case = Case(injury, attribute(pieces, trace), trace)
    if whole := unlike_any(case):
        return [Pattern("D", whole, loads=case.loads(pieces))]
    found = [pattern for rule in (bilateral_deep, cortical, periventricular) for pattern in rule(case)]
    return merged([*one_sided_deep(case, found), *rest(case)])
