"""Public datasets: fetched by number through clients that others keep, and brought to BIDS."""
