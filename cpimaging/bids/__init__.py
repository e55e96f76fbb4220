"""Find the scans of a BIDS dataset, their masks, and the age and sex that go with them."""
