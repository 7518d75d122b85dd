"""What the portal costs, in ratios of one run: `python -m bench`. Absolute figures are for the record."""
