"""One module per kind of injury: each takes the pieces that it explains and names their pattern."""

from collections.abc import Sequence

from cpimaging.scorers.attribution import attribute
from cpimaging.scorers.base import Trace
from cpimaging.scorers.injury import Injury
from cpimaging.scorers.patterns import Case, Pattern, merged
from cpimaging.scorers.pieces import Piece
from cpimaging.scorers.rules.central import bilateral_deep, one_sided_deep
from cpimaging.scorers.rules.cortical import cortical
from cpimaging.scorers.rules.unexplained import rest, unlike_any
from cpimaging.scorers.rules.white_matter import periventricular

__all__ = ["explain"]


def explain(pieces: Sequence[Piece], injury: Injury, trace: Trace) -> list[Pattern]:
    """Return the patterns that explain a lesion, D last, with what each of them explains."""
    case = Case(injury, attribute(pieces, trace), trace)
    if unlike_any(case):
        return [Pattern("D", loads=case.loads(pieces))]
    found = [pattern for rule in (bilateral_deep, cortical, periventricular) for pattern in rule(case)]
    return merged([*one_sided_deep(case, found), *rest(case)])
