"""All kinds of hostile input."""

import kinds_ages
import kinds_atlases
import kinds_choices
import kinds_columns
import kinds_commands
import kinds_data
import kinds_formats
import kinds_headers
import kinds_links
import kinds_mask_names
import kinds_masks
import kinds_outputs
import kinds_places
import kinds_readers
import kinds_scans
import kinds_studies
import kinds_tables
import kinds_templates
from kinds import Kind

MODULES = (
    kinds_headers,
    kinds_formats,
    kinds_data,
    kinds_scans,
    kinds_masks,
    kinds_mask_names,
    kinds_tables,
    kinds_ages,
    kinds_columns,
    kinds_choices,
    kinds_studies,
    kinds_links,
    kinds_places,
    kinds_outputs,
    kinds_atlases,
    kinds_templates,
    kinds_readers,
    kinds_commands,
)
KINDS: list[Kind] = [kind for module in MODULES for kind in module.KINDS]
