"""Match the labels that a user asks for to those of the dataset."""

from collections.abc import Collection, Sequence

from cpimaging.bids.files import natural
from cpimaging.types import InputError

Label = str | int
"""One label as asked for: with or without its prefix, or a number where "01" was read as one."""

_PREFIX = {"participant": "sub-", "session": "ses-"}
_SHOWN = 8


def choose_labels(
    kind: str, asked: Label | Sequence[Label] | None, known: Collection[str]
) -> frozenset[str] | None:
    """Return the labels of the dataset that are asked for, None where nothing is asked for.

    kind: "participant" or "session". asked: one label, "a,b", or several. A text is matched exactly
    first; a number, or a text of digits, then matches the one label of that numeric value.
    Raises InputError where none or several fit.
    """
    wanted = _split(asked)
    return frozenset(_match(kind, label, known) for label in wanted) or None


def _split(asked: Label | Sequence[Label] | None) -> list[Label]:
    if asked is None:
        return []
    several = asked if isinstance(asked, Sequence) and not isinstance(asked, str) else [asked]
    wanted: list[Label] = []
    for label in several:
        wanted.extend(part.strip() for part in label.split(",")) if isinstance(label, str) else wanted.append(
            label
        )
    return [label for label in wanted if label != ""]


def _match(kind: str, asked: Label, known: Collection[str]) -> str:
    prefix = _PREFIX[kind]
    if isinstance(asked, str):
        label = asked.removeprefix(prefix)
        if label in known:
            return label
        value = int(label) if label.isdecimal() else None
    else:
        value = asked if type(asked) is int else None  # True and 1e3 are not labels
    same = [label for label in known if label.isdecimal() and int(label) == value]
    if len(same) == 1:
        return same[0]
    choices = _listed(prefix, same or known)
    setting = f"{kind}_label={asked}"
    if same:
        raise InputError(setting, f"fits {len(same)} labels of the dataset", f"write one of {choices}")
    if not known:
        raise InputError(setting, f"the dataset has no {kind}s", f"leave {kind}_label out")
    raise InputError(setting, f"no such {kind} in the dataset", f"write one of {choices}")


def _listed(prefix: str, labels: Collection[str]) -> str:
    ordered = [prefix + label for label in sorted(labels, key=natural)]
    more = f" … ({len(ordered)} in all)" if len(ordered) > _SHOWN else ""
    return ", ".join(ordered[:_SHOWN]) + more
