"""Norms: what is usual at an age, from a study's own controls, and how far a scan lies from it."""

from cpimaging.norms.reference import Norms, Person, as_json, build_norms, from_json, z_rows

__all__ = ["Norms", "Person", "as_json", "build_norms", "from_json", "z_rows"]
