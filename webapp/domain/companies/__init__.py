"""Customer companies: who is known already, their names, addresses and numbers."""
