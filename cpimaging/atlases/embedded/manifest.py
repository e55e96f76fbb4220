"""Who is to be cited, and what is only approximate."""

from pathlib import Path
from typing import Any

from cpimaging.io import read_table

NAME = "cpimaging"
VERSION = "2.0"

APPROXIMATE = (
    *("subthalamic_nucleus", "locus_coeruleus", "raphe", "inferior_olive", "cranial_nerve_tegmentum"),
    *("dentate", "thalamus_ventrolateral", "corticospinal_tract", "corona_radiata", "optic_radiation"),
    *("territory_aca", "territory_mca", "territory_pca", "watershed_anterior", "watershed_posterior"),
)
"""Regions by coordinates, planes or distances alone: the image does not show their border."""


def manifest() -> dict[str, Any]:
    """Return the BIDS description of the embedded atlas, beside name, version and space."""
    sources = read_table(Path(__file__).with_name("sources.tsv"))
    return {
        "BIDSVersion": "1.11.0",
        "License": "Apache-2.0",
        "Description": "Built by code from the MNI152 2009a symmetric template, from image edges, tissue "
        "maps, named landmarks and published coordinates; mirror-symmetric; no part of it is drawn by "
        "hand or copied from another atlas.",
        "Citations": sources["citation"].tolist(),
        "Approximate": list(APPROXIMATE),
    }
