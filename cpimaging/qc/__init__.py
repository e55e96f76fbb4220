"""Numbers that say "do not trust this scan": flags with limits, and one verdict.

A check whose data are missing is not listed. See docs/method/registration.md.
"""

from collections.abc import Sequence

from cpimaging.types import Flag, Verdict


def verdict(flags: Sequence[Flag]) -> Verdict:
    """Return fail if a flag fails, else warn if one does not hold, else pass."""
    broken = [flag.severity for flag in flags if not flag.ok]
    if "fail" in broken:
        return "fail"
    return "warn" if broken else "pass"
