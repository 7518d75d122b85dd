"""How secrets that are long and random are kept: sessions, mailed links, calendar addresses, API keys."""

from __future__ import annotations

from hashlib import sha256


def hash_token(token: str) -> str:
    """Of anything that is shown as one: what can't be written as UTF-8 matches nothing, and is no error."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()
