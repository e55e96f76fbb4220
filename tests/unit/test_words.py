"""The codes of tables stand once: the order that code relies on, and words for all of them."""

import re
from pathlib import Path

import cpimaging
from cpimaging import words

PACKAGE = Path(cpimaging.__file__).parent


def test_left_and_right_come_first() -> None:
    assert words.SIDES == ("left", "right", "midline")
    assert words.SIDES[:2] == words.HEMISPHERES
    assert tuple(words.SIDE_WORDS) == words.SIDES


def test_layers_run_from_the_ventricle_to_the_cortex() -> None:
    assert words.LAYERS == ("periventricular", "deep", "subcortical")


def test_every_code_has_words() -> None:
    assert set(words.LOAD_CLASSES) <= set(words.TISSUES)
    assert set(words.LOBES) | {"n/a"} == set(words.LOBE_WORDS)
    assert len({words.GIVEN, words.DETECTED, words.COMMAND}) == 3


def test_no_module_has_a_list_of_its_own() -> None:
    lists = [words.SIDES, words.LOBES, words.LAYERS, tuple(words.LOAD_CLASSES)]
    own = [r",\s*".join(f'"{name}"' for name in names) for names in lists]
    for path in PACKAGE.rglob("*.py"):
        if path.name != "words.py" or path.parent != PACKAGE:
            text = path.read_text(encoding="utf-8")
            assert not [names for names in own if re.search(rf"[(\[]{names},?[)\]]", text)], path
