"""Account numbers at rest: sealed with a key that is not in the database, another one for each site."""

from __future__ import annotations

import base64
from functools import cache

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@cache
def _lock(key: str, place: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=place.encode(), info=b"account numbers").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


class Vault:
    def __init__(self, key: str) -> None:
        self._key = key

    def seal(self, text: str, *, place: str) -> str:
        return _lock(self._key, place).encrypt(text.encode()).decode()

    def unseal(self, sealed: str, *, place: str) -> str:
        """For whoever collects. What was sealed elsewhere, or changed since, raises `InvalidToken`."""
        return _lock(self._key, place).decrypt(sealed.encode()).decode()
