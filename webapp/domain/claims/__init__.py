"""A colleague asks for what an administrator left behind, and how that ends."""
