"""The registry of engines; a new one is a module with its ENGINE, and a line here."""

from cpimaging.registration.engine import Engine
from cpimaging.registration.greedy import ENGINE as GREEDY
from cpimaging.registration.identity import ENGINE as IDENTITY
from cpimaging.registration.syn import ENGINE as ANTS

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (GREEDY, ANTS, IDENTITY)}
"""Every engine, by its name in the configuration."""
