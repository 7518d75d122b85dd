"""API keys: shown once, kept as a hash, replaced with an overlap, and worth nothing elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import peewee as pw
import pytest

from tests.conftest import TestClock
from webapp.assembly import Portal
from webapp.data.api_keys import ApiKey
from webapp.data.audit import AuditEvent
from webapp.data.database import database
from webapp.domain.shop import api_keys
from webapp.domain.shop.api_keys import KeyInvalid, KeyRefused, caller_of, create_key, revoke_key, rotate_key
from webapp.sites import Site

SCOPE = "orders:write"


def public_part(key: str) -> str:
    return key.split("_")[2]


def is_worth_nothing(key: str, clock: TestClock) -> bool:
    with pytest.raises(KeyInvalid) as told:
        caller_of(key, now=clock.now)
    return key[-43:] not in str(told.value)


def test_a_key_says_who_asks_and_what_they_may(bound_fr: Site, clock: TestClock) -> None:
    key = create_key("web shop", scopes=["orders:write", "orders:read"], now=clock.now)
    caller = caller_of(key, now=clock.now)
    assert (caller.name, caller.scopes) == ("web shop", {"orders:write", "orders:read"})
    assert caller.actor.key == f"web shop ({public_part(key)})"


def test_the_secret_is_stored_nowhere(bound_fr: Site, clock: TestClock) -> None:
    secret = create_key("shop", scopes=[SCOPE], now=clock.now)[-43:]
    for table in ("api_key", "audit_event"):
        assert secret not in str(database.execute_sql(f"SELECT * FROM {table}").fetchall())


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key[:-1] + ("B" if key[-1] == "A" else "A"),
        str.upper,
        lambda key: key + "\n",
        lambda key: " " + key,
        lambda key: key.replace("portal_fr", "portal_de"),
        lambda key: key[-43:],
    ],
)
def test_only_the_very_key_counts(change: Callable[[str], str], bound_fr: Site, clock: TestClock) -> None:
    key = create_key("shop", scopes=[SCOPE], now=clock.now)
    assert is_worth_nothing(change(key), clock)
    assert caller_of(key, now=clock.now).name == "shop"


def test_a_key_of_one_site_is_worth_nothing_at_another(
    portal: Portal, site_fr: Site, site_de: Site, clock: TestClock
) -> None:
    with portal.at(site_fr):
        key = create_key("shop", scopes=[SCOPE], now=clock.now)
        row = dict(ApiKey.get().__data__)
    with portal.at(site_de):
        assert is_worth_nothing(key, clock)
        ApiKey.insert(**row).execute()  # as in a database that was copied by mistake
        assert is_worth_nothing(key, clock)


def test_a_replaced_key_works_until_its_overlap_is_over(bound_fr: Site, clock: TestClock) -> None:
    old = create_key("shop", scopes=[SCOPE], now=clock.now)
    new = rotate_key(public_part(old), overlap=timedelta(hours=24), now=clock.now)
    assert caller_of(old, now=clock.now).name == caller_of(new, now=clock.now).name == "shop"
    clock.forward(hours=24, microseconds=-1)
    assert caller_of(old, now=clock.now).scopes == caller_of(new, now=clock.now).scopes == {SCOPE}
    clock.forward(microseconds=1)
    assert is_worth_nothing(old, clock)
    assert caller_of(new, now=clock.now)


def test_a_key_is_replaced_once(bound_fr: Site, clock: TestClock) -> None:
    old = create_key("shop", scopes=[SCOPE], now=clock.now)
    rotate_key(public_part(old), now=clock.now)
    with pytest.raises(KeyRefused, match="replaced already"):
        rotate_key(public_part(old), now=clock.now)
    assert ApiKey.select().count() == 2


def test_a_revoked_key_is_worth_nothing_at_once(bound_fr: Site, clock: TestClock) -> None:
    key = create_key("shop", scopes=[SCOPE], now=clock.now)
    assert revoke_key(public_part(key), now=clock.now)
    assert is_worth_nothing(key, clock)
    assert not revoke_key(public_part(key), now=clock.now)
    with pytest.raises(KeyRefused):
        rotate_key(public_part(key), now=clock.now)


@pytest.mark.parametrize(
    ("name", "scopes"),
    [("", [SCOPE]), ("a\nb", [SCOPE]), ("x" * 61, [SCOPE]), ("shop", []), ("shop", ["orders:delete"])],
)
def test_a_key_needs_a_name_and_scopes_that_there_are(
    name: str, scopes: list[str], bound_fr: Site, clock: TestClock
) -> None:
    with pytest.raises(KeyRefused):
        create_key(name, scopes=scopes, now=clock.now)
    assert not ApiKey.select().exists()


def test_a_name_is_taken_while_its_key_works(bound_fr: Site, clock: TestClock) -> None:
    """Callers of one name are one caller."""
    first = create_key("shop", scopes=[SCOPE], now=clock.now)
    with pytest.raises(KeyRefused, match="named shop"):
        create_key("shop", scopes=[SCOPE], now=clock.now)
    revoke_key(public_part(first), now=clock.now)
    assert create_key("shop", scopes=[SCOPE], now=clock.now)


def test_what_happens_to_a_key_is_on_record(bound_fr: Site, clock: TestClock) -> None:
    key = create_key("shop", scopes=[SCOPE], now=clock.now)
    new = rotate_key(public_part(key), now=clock.now)
    revoke_key(public_part(new), now=clock.now)
    events = [
        (event.action, json.loads(event.details)) for event in AuditEvent.select().order_by(AuditEvent.id)
    ]
    assert events == [
        ("api_key.created", {"key_id": public_part(key), "name": "shop", "scopes": [SCOPE]}),
        ("api_key.rotated", {"key_id": public_part(new), "name": "shop", "replaces": public_part(key)}),
        ("api_key.revoked", {"key_id": public_part(new), "name": "shop"}),
    ]


def test_the_last_use_is_noted_once_in_five_minutes(
    bound_fr: Site, clock: TestClock, count_queries: Callable[[], list[str]]
) -> None:
    key, seen = create_key("shop", scopes=[SCOPE], now=clock.now), count_queries()
    caller_of(key, now=clock.now)
    assert len(seen) == 2 and ApiKey.get().last_used_at == clock.now
    clock.forward(minutes=5)
    seen.clear()
    caller_of(key, now=clock.now)
    assert len(seen) == 1
    clock.forward(seconds=1)
    caller_of(key, now=clock.now)
    assert ApiKey.select(ApiKey.last_used_at).scalar() == clock.now


def test_who_only_reads_is_let_in_while_nothing_can_be_stored(
    bound_fr: Site, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = create_key("shop", scopes=[SCOPE], now=clock.now)

    def full(**values: object) -> None:
        raise pw.OperationalError("database or disk is full")

    monkeypatch.setattr(ApiKey, "update", full)
    assert caller_of(key, now=clock.now).name == "shop"


def test_states_of_keys(bound_fr: Site, clock: TestClock) -> None:
    old = create_key("shop", scopes=[SCOPE], now=clock.now)
    new = rotate_key(public_part(old), overlap=timedelta(hours=1), now=clock.now)

    def states() -> dict[str, str]:
        return {key.key_id: api_keys.state_of(key, now=clock.now) for key in api_keys.all_keys()}

    assert states() == {public_part(old): "replaced", public_part(new): "valid"}
    clock.forward(hours=1)
    revoke_key(public_part(new), now=clock.now)
    assert states() == {public_part(old): "expired", public_part(new): "revoked"}
