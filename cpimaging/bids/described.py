"""What the words of a sidecar say of a column named age: that it is none, or none of the scan."""

import re
from collections.abc import Mapping
from typing import Any

from cpimaging.bids.durations import entry

_GROUPED = re.compile(
    r"\bage[- ]?(?:group|bin|band|bracket|class|categor|strat|tier|quartile|quintile|tertile|decile)"
    r"|\b(?:binned|grouped|categori[sz]ed|dichotomi[sz]ed|ordinal|bins?|decades?)\b"
    r"|\b(?:quant|quart|quint|tert|dec)iles?\b|\bmid-?point|\b(?:lower|upper) (?:bound|limit|end)\b"
    r"|\d+ ?(?:->|=>|→)"
    r"|\b(?:group|band|bracket|category|class)s? (?:of|by|for) (?:the )?ages?\b"
    r"|^(?:group|category|band|code)\b"
    r"|\b\d+ ?[=:] ?[<>≤≥]? ?\d+ ?(?:-|–|to) ?\d"  # 1 = 0-2 years
    r"|\b\d+ ?(?:=|: ) ?[a-z<>≤≥]|[a-z] ?= ?\d|\bcode(?:d|s|book)?\b"  # 1 = infant, infant=1
)
_NONE = r"(?:missing|unknown|not\b|no\b|n/a|na\b|nan\b|none|withheld|refused)"
_CODE = r"(?<![\w.])-?\d+(?:\.\d+)?"
_STANDS_FOR_NONE = re.compile(
    rf"({_CODE}) ?(?:=|:|means?|for|is|if|when|where|stands for|coded as) ?{_NONE}[^,;.]*"
)
_NONE_IS = re.compile(
    rf"\b(?:missing|unknown)(?: (?:values?|data|ages?|cod(?:es?|ing)))? ?(?:=|:|(?:is|are|was|were) )?"
    rf" ?(?:coded )?(?:as )?({_CODE})(?!\.?\d)"
)
"""A code for none before its meaning, "99 = unknown", or behind it, "missing: 99"."""
_CODES_OF_NONE = re.compile("missing|no_?data|na_?values?|null", re.IGNORECASE)
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
_SINCE_ANOTHER = re.compile(
    r"^(?:the )?(?:(?:time|years?|months?|weeks?|days?)\b[^,;.]*?"
    r"\b(?:(?:since|from|after|between) (?!birth|term\b|conception|delivery|(?:the )?last menstru)"
    r"|post[- ](?!natal|menstru|concept|term|partum))|(?:interval|duration|delay)\b)"
)
"""Time since a stroke is no age."""
_EXAMINED = (
    r"(?:(?!the |their |time |of |each |study |first |baseline |this )[\w-]+ ){1,2}"
    r"(?:assess|test|evaluat|exam|questionnaire|interview|scor|rating|outcome|measurement)"
)
"""An examination with a name, such as that of Bayley, which may be years from the scan."""
_PARENTS = r"\b(?:mother|maternal|father|paternal|parent)"
_EVENTS = (
    r"(?:birth|onset|symptom|diagnos|death|injur|surgery|operation|stroke|seizure|inclusion|enrol|recruit|consent"
    r"|regist|discharge|admission|referral|intervention|treatment|walking|menarche|(?:last )?follow"
    r"|first (?!scan|mri|imaging|session|visit))"
)
_NOT_AT_SCAN = re.compile(
    rf"{_PARENTS}|\b(?:at|of|when|since(?! birth)) (?:the |their )?(?:time of )?(?:the )?"
    rf"(?:{_EVENTS}|{_EXAMINED})"
)
_AT_THE_SCAN = re.compile(r"\bat (?:the )?(?:time of )?(?:the )?(?:scan|mri|imaging)")


def is_at_scan(words: str) -> bool:
    """Tell whether a description, in lower case, says that an age is that at the scan."""
    return bool(_AT_THE_SCAN.search(words))


def stands_for_none(text: str, words: str, described: Mapping[str, Any]) -> bool:
    """Tell whether a sidecar says that a cell's value means none, such as "99 = unknown".

    words: its description in lower case. described: its entries, such as "Levels" and "MissingValues".
    """
    levels = entry(described, "levels")
    meaning = levels.get(text) if isinstance(levels, Mapping) else None
    if meaning is not None and means_none(meaning):
        return True
    codes = [*_STANDS_FOR_NONE.findall(words), *_NONE_IS.findall(words)]
    for key, value in described.items():
        if _CODES_OF_NONE.search(key):
            codes += map(str, value if isinstance(value, list) else [value])
    return any(_same(text, code) for code in codes)


def means_none(meaning: Any) -> bool:
    """Tell whether what a sidecar's Levels say of a value is that there is none."""
    said = meaning.get("Description", "") if isinstance(meaning, Mapping) else meaning
    return bool(re.match(_NONE, str(said).strip().lower()))


def _without_codes(words: str) -> str:
    return _NONE_IS.sub("", _STANDS_FOR_NONE.sub("", words))


def _same(text: str, code: str) -> bool:
    try:
        return float(text) == float(code)
    except ValueError:
        return False


def no_amount(words: str) -> str:
    """Return why a description, in lower case, is that of no amount of time, else ""."""
    words = _without_codes(words)
    if _GROUPED.search(words):
        return "a group, by its description, and no number"
    return "no amount of time, by its description" if _NO_AMOUNT.search(words) else ""


def not_an_age(words: str) -> str:
    """Return what a description, in lower case, makes of an age that cannot be used as one, else ""."""
    words = _without_codes(words)
    if why := no_amount(words):
        return why
    if (
        _SINCE_ANOTHER.search(words)
        or _ANOTHER_AGE.search(words)
        or (_NOT_AT_SCAN.search(words) and not is_at_scan(words))
    ):
        return "not the age at scan, by its description"
    return ""
