"""The lesion: its components, and detectors that find it."""
