"""One module per detector, and the registry of all."""
