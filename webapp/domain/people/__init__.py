"""People: signing in, their second factor, what they decide about themselves, and where they belong."""
