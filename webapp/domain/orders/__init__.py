"""Orders of the shop: taken, corrected, withdrawn."""
