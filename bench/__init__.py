"""What the portal costs, in ratios of one run: `python -m bench`. Absolute numbers are for the record only."""
