"""How much of what a lesion takes: depth of white matter, cells of a grid, load, margins, profile."""
