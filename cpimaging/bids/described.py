"""What the words of a sidecar say of a column named age: that it is none, or none of the scan."""

import re

_GROUPED = re.compile(
    r"\bage[- ]?(?:group|bin|band|bracket|class|categor|strat|tier|quartile|quintile|tertile|decile)"
    r"|\b(?:binned|grouped|categori[sz]ed|dichotomi[sz]ed|ordinal|bins?|decades?)\b"
    r"|\b(?:group|band|bracket|category|class)s? (?:of|by|for) (?:the )?ages?\b"
    r"|^(?:group|category|band|code)\b"
    r"|\b\d+ ?[=:] ?[<>≤≥]? ?\d+ ?(?:-|–|to) ?\d"  # 1 = 0-2 years
)
_NO_AMOUNT = re.compile(
    r"\b[zt][- ]?scor|standardi[sz]ed|normali[sz]ed|cent(?:er|re)d\b|demeaned|residual|percentile"
    r"|\b(?:log|ln)\b|\blog(?:10|2|arithm)|\bsquared?\b|\brank(?:s|ed)?\b|\bdelta\b|difference"
    r"|relative to|\bgap\b|predicted"
)
_ANOTHER_AGE = re.compile(
    r"\b(?:bone|dental|skeletal|mental|developmental|brain|biological|reading|functional|motor|metabolic"
    r"|epigenetic|equivalent|adaptive|cognitive|language|vocabulary) ages?\b|\bage[- ]equivalent"
    r"|\b(?:year|month|date|day) of birth|\bbirth[- ]?(?:year|date)"
)
_PARENTS = r"\b(?:mother|maternal|father|paternal|parent)"
_EVENTS = (
    r"(?:birth|onset|symptom|diagnos|death|injur|surgery|operation|stroke|seizure|inclusion|enrol|recruit|consent"
    r"|regist|discharge|admission|referral|intervention|treatment|walking|menarche|(?:last )?follow"
    r"|first (?!scan|mri|imaging|session|visit))"
)
_NOT_AT_SCAN = re.compile(
    rf"{_PARENTS}|\b(?:at|of|when|since) (?:the |their )?(?:time of )?(?:the )?{_EVENTS}"
)
_AT_THE_SCAN = re.compile(r"\bat (?:the )?(?:time of )?(?:the )?(?:scan|mri|imaging)")


def is_at_scan(words: str) -> bool:
    """Tell whether a description, in lower case, says that an age is that at the scan."""
    return bool(_AT_THE_SCAN.search(words))


def not_an_age(words: str) -> str:
    """Return what a description, in lower case, makes of an age that cannot be used as one, else ""."""
    if _GROUPED.search(words):
        return "a group, by its description, and no number"
    if _NO_AMOUNT.search(words):
        return "no amount of time, by its description"
    if _ANOTHER_AGE.search(words) or (_NOT_AT_SCAN.search(words) and not is_at_scan(words)):
        return "not the age at scan, by its description"
    return ""
