"""One module per rule: read the files, call the science, write the files."""
