"""What other programs take: REDCap, a table with one row per scan, lesion × voxel. Pure functions."""
