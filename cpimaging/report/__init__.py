"""The HTML pages: one per scan and one per cohort, each a single file that needs no network."""
