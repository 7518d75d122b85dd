"""API keys of a site: who may ask what. A key is worth nothing elsewhere, and is replaced without a break.

It looks like `portal_fr_<public part>_<secret>`. The public part finds the row; of the secret only its hash
is stored, which is enough for 256 random bits.
"""

from __future__ import annotations

import hmac
import logging
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from webapp.data.api_keys import ApiKey
from webapp.data.database import STORAGE_FAILURES, atomic, current_site, from_micros
from webapp.data.records import insert
from webapp.data.statements import row
from webapp.domain import audit
from webapp.domain.audit import Actor
from webapp.domain.hashing import hash_token
from webapp.domain.intake.intake_fields import UNPRINTABLE, is_blank
from webapp.domain.refusals import Refusal

log = logging.getLogger(__name__)

SCOPES = {
    "orders:write": "hand over orders, correct and withdraw them",
    "orders:read": "read what became of an order",
    "payments:write": "tell of payments",
    "subscriptions:read": "read subscriptions",
    "entitlements:read": "ask who may use what",
}
OVERLAP = timedelta(hours=24)  # how long a replaced key goes on working
LONGEST_NAME = 60
_USED_STEP = timedelta(minutes=5)
_KEY = re.compile(
    r"portal_(?P<site>[a-z]{2})_(?P<key_id>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})", re.ASCII
)


class KeyInvalid(Refusal):
    """Unknown, revoked, expired, of another site: which of them is told to nobody."""

    def __str__(self) -> str:
        return "This API key is not valid here."


@dataclass
class KeyRefused(Refusal):
    reason: str

    def __str__(self) -> str:
        return f"Nothing was changed: {self.reason}"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who showed a valid key. Rotated keys have the same `name`."""

    key_id: str
    name: str
    scopes: frozenset[str]

    @property
    def actor(self) -> Actor:
        return Actor("shop", key=f"{self.name} ({self.key_id})")


def create_key(name: str, *, scopes: Collection[str], now: datetime) -> str:
    """The key itself, which is nowhere else afterwards."""
    name = name.strip()
    if is_blank(name) or len(name) > LONGEST_NAME or UNPRINTABLE.search(name):
        raise KeyRefused(f"a name has 1 to {LONGEST_NAME} characters, on one line.")
    if not scopes or not set(scopes) <= SCOPES.keys():
        raise KeyRefused(f"a key needs at least one of the scopes {', '.join(SCOPES)}.")
    with atomic():
        if _living(now).where(ApiKey.name == name).exists():
            raise KeyRefused(f"there is a key named {name} already. Rotate it, or choose another name.")
        key_id, key = _make(name, sorted(scopes), now=now)
        _record(audit.API_KEY_CREATED, key_id, name, now=now, scopes=sorted(scopes))
    return key


def rotate_key(key_id: str, *, overlap: timedelta = OVERLAP, now: datetime) -> str:
    """A new key of the same caller with the same scopes; the old one works on for a while."""
    with atomic():
        old = _key(key_id)
        alive = ApiKey.revoked_at.is_null() & ApiKey.expires_at.is_null()
        replaced = ApiKey.update(expires_at=now + overlap).where(ApiKey.key_id == key_id, alive).execute()
        if replaced != 1:
            raise KeyRefused(f"the key {key_id} was revoked or replaced already.")
        new_id, key = _make(old.name, old.scopes.split(), now=now)
        _record(audit.API_KEY_ROTATED, new_id, old.name, now=now, replaces=key_id)
    return key


def revoke_key(key_id: str, *, now: datetime) -> bool:
    """From the next request on it is worth nothing. False: it was revoked before."""
    with atomic():
        found = _key(key_id)
        here = (ApiKey.key_id == key_id) & ApiKey.revoked_at.is_null()
        if ApiKey.update(revoked_at=now).where(here).execute() != 1:
            return False
        _record(audit.API_KEY_REVOKED, key_id, found.name, now=now)
    return True


def all_keys() -> list[ApiKey]:
    return list(ApiKey.select().order_by(ApiKey.created_at, ApiKey.key_id))


def state_of(key: ApiKey, *, now: datetime) -> str:
    if key.revoked_at:
        return "revoked"
    if key.expires_at is None:
        return "valid"
    return "expired" if key.expires_at <= now else "replaced"


_FIND_SQL = """
SELECT key_id, name, scopes, secret_hash, expires_at, revoked_at, last_used_at
FROM api_key WHERE key_id = :key_id
"""
_NOBODYS = hash_token("")


def caller_of(key: str, *, now: datetime) -> Caller:
    """Raises `KeyInvalid`. What is wrong with a key can't be told from the time it takes."""
    parts = _KEY.fullmatch(key)
    if parts is None or parts["site"] != current_site().code:
        raise KeyInvalid
    found = row(_FIND_SQL, key_id=parts["key_id"])
    fits = hmac.compare_digest(hash_token(parts["secret"]), found.secret_hash if found else _NOBODYS)
    if found is None or not fits or found.revoked_at is not None:
        raise KeyInvalid
    if found.expires_at is not None and from_micros(found.expires_at) <= now:
        raise KeyInvalid
    if found.last_used_at is None or now - from_micros(found.last_used_at) > _USED_STEP:
        _note_used(found.key_id, now=now)
    return Caller(found.key_id, found.name, frozenset(found.scopes.split()))


def _note_used(key_id: str, *, now: datetime) -> None:
    """While nothing can be stored, who only reads is not turned away."""
    try:
        ApiKey.update(last_used_at=now).where(ApiKey.key_id == key_id).execute()
    except STORAGE_FAILURES as failure:
        log.warning("that a key was used could not be noted: %s", failure)


def _make(name: str, scopes: Collection[str], *, now: datetime) -> tuple[str, str]:
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    insert(
        ApiKey,
        key_id=key_id,
        name=name,
        scopes=" ".join(scopes),
        secret_hash=hash_token(secret),
        created_at=now,
    )
    return key_id, f"portal_{current_site().code}_{key_id}_{secret}"


def _key(key_id: str) -> ApiKey:
    found = ApiKey.get_or_none(ApiKey.key_id == key_id)
    if found is None:
        raise KeyRefused(f"site {current_site().code} has no key {key_id}.")
    return found


def _living(now: datetime) -> pw.ModelSelect[ApiKey]:
    valid = ApiKey.expires_at.is_null() | (ApiKey.expires_at > now)
    return ApiKey.select().where(ApiKey.revoked_at.is_null(), valid)


def _record(action: str, key_id: str, name: str, *, now: datetime, **details: Any) -> None:
    audit.record(action, actor=audit.OPERATOR, now=now, key_id=key_id, name=name, **details)
