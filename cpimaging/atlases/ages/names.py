"""What labels of newborn atlases hold, by their names: Draw-EM, dHCP's tissues, M-CRIB, FreeSurfer."""

import re
from collections.abc import Mapping

LATERAL = ",".join(
    f"lateral_ventricle_{part}"
    for part in ("frontal_horn", "body", "trigone", "occipital_horn", "temporal_horn")
)
MIDBRAIN = (
    "midbrain,red_nucleus,substantia_nigra,superior_colliculus,inferior_colliculus,cranial_nerve_tegmentum"
)
PONS, MEDULLA = (
    "pons,locus_coeruleus,raphe,cranial_nerve_tegmentum",
    "medulla,inferior_olive,cranial_nerve_tegmentum",
)
BRAINSTEM = ",".join(dict.fromkeys(f"{MIDBRAIN},{PONS},{MEDULLA}".split(",")))
THALAMUS, CAUDATE, PUTAMEN = (
    "thalamus,thalamus_ventrolateral",
    "caudate,accumbens",
    "putamen,putamen_posterior",
)

STRUCTURES = (
    (r"vermis", "vermis"),
    (r"cerebell", "cerebellum_cortex,cerebellum_white_matter,dentate,vermis"),
    (r"brain ?stem", BRAINSTEM),
    (r"midbrain|mesencephal", MIDBRAIN),
    (r"\bpons\b", PONS),
    (r"medulla", MEDULLA),
    (
        r"deep gr[ae]y|\bd ?gm\b|subcortical gr[ae]y|basal ganglia and thal",
        f"{CAUDATE},{PUTAMEN},pallidum,{THALAMUS}",
    ),
    (r"hippocampi? (and )?amygdala", "hippocampus,amygdala"),
    (r"parahippocamp|hypothalam|subthalam|epithalam", ""),
    (r"hippocamp", "hippocampus"),
    (r"amygdal", "amygdala"),
    (r"caudate", CAUDATE),
    (r"accumbens", "accumbens"),
    (r"lentiform|lenticular", f"{PUTAMEN},pallidum"),
    (r"putamen", PUTAMEN),
    (r"pallid", "pallidum"),
    (r"thalam", THALAMUS),
    (r"inf\w* lat\w* vent|temporal horn", "lateral_ventricle_temporal_horn"),
    (r"lateral ventricle", LATERAL),
    (r"(3rd|third) ventricle", "third_ventricle"),
    (r"(4th|fourth) ventricle", "fourth_ventricle"),
    (r"^ventricles?$", f"{LATERAL},third_ventricle"),
)
"""A name's pattern, and the structures that such a label may hold; the first that is found counts. Names of
none of these (cortex, white matter, fluid) keep nothing. Draw-EM's subthalamic label is larger than the
nucleus."""

_SIDES = {"left": "left", "lh": "left", "l": "left", "right": "right", "rh": "right", "r": "right"}


def held_by(name: str) -> tuple[str, str]:
    """Return the structures, with commas, that a label of this name may hold, "" for none, and its side.

    Without a word for a side the label holds both ("any").
    """
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    plain = " ".join(re.sub(r"[^a-z0-9]+", " ", plain.lower()).split())
    sides = {_SIDES[word] for word in plain.split() if word in _SIDES}
    found = next((words for pattern, words in STRUCTURES if re.search(pattern, plain)), "")
    return found, sides.pop() if len(sides) == 1 else "any"


def as_parents(names: Mapping[int, str]) -> list[dict[str, str]]:
    """Return the rows index, structures, side of a table that has names alone.

    A structure with a label of its own is in no other label of that side.
    """
    held = {number: held_by(name) for number, name in names.items()}
    alone = {(words, side) for words, side in held.values() if words and "," not in words}
    rows = []
    for number, (words, side) in held.items():
        kept = [
            word for word in words.split(",") if words == word or not alone & {(word, side), (word, "any")}
        ]
        rows.append({"index": str(number), "structures": ",".join(kept), "side": side})
    return rows
