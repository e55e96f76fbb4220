"""The documentation's site: `make docs` builds it."""

project = "cpimaging"
author = "the cpimaging developers"
project_copyright = "the cpimaging developers, Apache-2.0"
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
root_doc = "index"
html_theme = "furo"
html_title = "cpimaging"
