"""What a newborn atlas's labels hold, by their names."""

from pathlib import Path

import pytest

from cpimaging.atlases.ages.names import STRUCTURES, as_parents, held_by
from cpimaging.atlases.ages.parents import read_parents
from cpimaging.atlases.vocabulary import load_structures
from cpimaging.types import InputError, Region

REGIONS = (
    Region(1, "thalamus", "thalamus", "left", "deep_grey", "n/a"),
    Region(2, "ventrolateral", "thalamus_ventrolateral", "left", "deep_grey", "n/a"),
    Region(3, "thalamus", "thalamus", "right", "deep_grey", "n/a"),
    Region(4, "pons", "pons", "midline", "brainstem", "n/a"),
)


@pytest.mark.parametrize(
    ("name", "first", "side"),
    [
        ("Thalamus left, high intensity part in T2", "thalamus", "left"),
        ("Lentiform Nucleus right", "putamen", "right"),
        ("Caudate nucleus left", "caudate", "left"),
        ("Cerebellum right", "cerebellum_cortex", "right"),
        ("Brainstem (spans the midline)", "midbrain", "any"),
        ("Lateral Ventricle left", "lateral_ventricle_frontal_horn", "left"),
        ("Left-Inf-Lat-Vent", "lateral_ventricle_temporal_horn", "left"),
        ("Left-Cerebellum-White-Matter", "cerebellum_cortex", "left"),
        ("Right-Thalamus-Proper", "thalamus", "right"),
        ("lh_putamen", "putamen", "left"),
        ("Deep Gray Matter", "caudate", "any"),
        ("Hippocampi and Amygdala", "hippocampus", "any"),
        ("Ventricles", "lateral_ventricle_frontal_horn", "any"),
        ("Gyri parahippocampalis et ambiens anterior part left GM", "", "left"),
        ("Subthalamic nucleus right", "", "right"),
        ("Occipital lobe right WM", "", "right"),
        ("Corpus Callosum", "", "any"),
        ("CSF", "", "any"),
    ],
)
def test_a_name_says_what_its_label_holds(name, first, side):
    words, found = held_by(name)
    assert (words.split(",")[0], found) == (first, side)


def test_all_words_are_of_the_vocabulary():
    known = set(load_structures()["structure"])
    assert {word for _, words in STRUCTURES for word in words.split(",") if word} <= known


def test_what_has_a_label_of_its_own_is_in_no_other():
    rows = as_parents({1: "Left-Caudate", 2: "Left-Accumbens-area", 3: "Right-Caudate"})
    assert [row["structures"] for row in rows] == ["caudate", "accumbens", "caudate,accumbens"]


def test_a_table_of_names_serves_as_one_of_structures(tmp_path: Path):
    path = tmp_path / "dseg.tsv"
    path.write_text(
        "index\tname\tabbreviation\n42\tThalamus right\tTR\n87.0\tThalamus left low\tTL\n19\tBrainstem\tBS\n"
        "83\tCSF\tCSF\n"
    )
    assert read_parents(path, REGIONS) == {42: [3], 87: [1, 2], 19: [4]}


def test_a_table_that_names_nothing_of_the_atlas_is_refused(tmp_path: Path):
    path = tmp_path / "dseg.tsv"
    path.write_text("index\tname\n1\tCSF\n2\tWhite matter\n")
    with pytest.raises(InputError, match="names no structure of the atlas"):
        read_parents(path, REGIONS)
