"""All kinds of hostile input."""

import kinds_atlases
import kinds_data
import kinds_headers
import kinds_masks
import kinds_studies
import kinds_tables
from kinds import Kind

KINDS: list[Kind] = [
    *kinds_headers.KINDS,
    *kinds_data.KINDS,
    *kinds_masks.KINDS,
    *kinds_tables.KINDS,
    *kinds_studies.KINDS,
    *kinds_atlases.KINDS,
]
