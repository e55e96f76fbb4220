"""Find the scans of a BIDS dataset, their masks, and the age and sex that go with them."""

from importlib import import_module

PUBLIC = {
    "list_scans": "listing",
    "choose_references": "reference",
    "with_demographics": "demographics",
}
"""What other programs ask for, by the module that has it: loaded when it is asked for."""


def __getattr__(name: str) -> object:
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PUBLIC[name]}"), name)
