"""`portal keys …`: a key is printed once, and can be replaced and revoked."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from tests.conftest import TestClock
from webapp.assembly import Portal
from webapp.domain.shop.api_keys import KeyInvalid, caller_of

Run = Callable[..., Result]


@pytest.fixture
def run(type_in: Run) -> Run:
    return lambda *arguments: type_in("keys", *arguments)


def create(run: Run) -> str:
    result = run("create", "web shop", "--site", "fr", "--scope", "orders:write", "--scope", "orders:read")
    assert result.exit_code == 0, result.output
    return str(result.stdout.strip())


def works(portal: Portal, key: str, clock: TestClock) -> bool:
    with portal.at(portal.sites["fr"]):
        try:
            return caller_of(key, now=clock.now).name == "web shop"
        except KeyInvalid:
            return False


def test_a_key_is_made_listed_replaced_and_revoked(run: Run, portal: Portal, clock: TestClock) -> None:
    key = create(run)
    key_id = key.split("_")[2]
    assert works(portal, key, clock)
    new = run("rotate", key_id, "--site", "fr", "--overlap-hours", "1").stdout.strip()
    assert works(portal, key, clock) and works(portal, new, clock)
    listed = json.loads(run("list", "--site", "fr", "--json").stdout)
    assert {one["key_id"]: one["state"] for one in listed} == {key_id: "replaced", new.split("_")[2]: "valid"}
    clock.forward(hours=1)
    assert not works(portal, key, clock) and works(portal, new, clock)
    assert "is revoked" in run("revoke", new.split("_")[2], "--site", "fr").output
    assert not works(portal, new, clock)
    lines = [line.split()[0] for line in run("list", "--site", "fr").output.splitlines()]
    assert set(lines) == {"key", key_id, new.split("_")[2]}  # whole, to be copied
    for shown in (key, new):
        assert shown[-43:] not in run("list", "--site", "fr").output


def test_what_makes_no_sense_is_said_in_words(run: Run) -> None:
    create(run)
    for arguments in (
        ("create", "web shop", "--site", "fr", "--scope", "orders:read"),
        ("rotate", "0123456789ab", "--site", "fr"),
        ("revoke", "0123456789ab", "--site", "fr"),
    ):
        result = run(*arguments)
        assert result.exit_code == 1 and "Nothing was changed" in result.output
    assert run("create", "x", "--site", "fr", "--scope", "everything").exit_code == 2
    assert "There is no site" in run("list", "--site", "xx").output
