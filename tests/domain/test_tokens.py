"""Mailed links: used once, looked at as often as one likes, and never stored as they are."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta

import pytest

from tests.conftest import TestClock
from tests.mail.cast import person
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.sign_in import Token
from webapp.domain import tokens
from webapp.sites import Site

pytestmark = pytest.mark.usefixtures("bound_fr")


@pytest.fixture
def alice(bound_fr: Site, now: datetime) -> Person:
    return person(now=now)


def minted(to: Person, *, now: datetime, minutes: int = 60, purpose: str = tokens.SET_PASSWORD) -> str:
    return tokens.mint(purpose, person=to, minutes=minutes, next_path="/activate/0314100037", now=now)


def test_a_token_leads_its_person_on_once(alice: Person, now: datetime) -> None:
    token = minted(alice, now=now)
    used = tokens.consume(token, tokens.SET_PASSWORD, now=now)
    assert (used.person, used.next_path, used.used_at) == (alice, "/activate/0314100037", now)
    with pytest.raises(tokens.TokenInvalid):
        tokens.consume(token, tokens.SET_PASSWORD, now=now)


def test_looking_never_uses_a_token_up(alice: Person, now: datetime) -> None:
    token = minted(alice, now=now)
    for _scanner in range(3):
        assert tokens.peek(token, tokens.SET_PASSWORD, now=now).person == alice
    assert tokens.consume(token, tokens.SET_PASSWORD, now=now).person == alice
    with pytest.raises(tokens.TokenInvalid):
        tokens.peek(token, tokens.SET_PASSWORD, now=now)


def test_a_token_ends_with_its_last_minute(alice: Person, now: datetime) -> None:
    token = minted(alice, now=now)
    end = now + timedelta(minutes=60)
    assert tokens.peek(token, tokens.SET_PASSWORD, now=end - timedelta(microseconds=1))
    with pytest.raises(tokens.TokenInvalid):
        tokens.peek(token, tokens.SET_PASSWORD, now=end)
    with pytest.raises(tokens.TokenInvalid):
        tokens.consume(token, tokens.SET_PASSWORD, now=end)


def test_used_expired_and_unknown_tokens_are_refused_in_the_same_words(alice: Person, now: datetime) -> None:
    used, expired = minted(alice, now=now), minted(alice, now=now - timedelta(hours=2))
    tokens.consume(used, tokens.SET_PASSWORD, now=now)
    words = set()
    for token in (used, expired, "never issued", "", "\ud800"):
        with pytest.raises(tokens.TokenInvalid) as refusal:
            tokens.consume(token, tokens.SET_PASSWORD, now=now)
        words.add(str(refusal.value))
    assert len(words) == 1
    assert "Ask for a new one" in words.pop()


def test_a_token_serves_its_own_purpose_only(alice: Person, now: datetime) -> None:
    token = minted(alice, now=now, purpose="confirm_email")
    with pytest.raises(tokens.TokenInvalid):
        tokens.consume(token, tokens.SET_PASSWORD, now=now)
    assert tokens.consume(token, "confirm_email", now=now).person == alice


def test_using_one_token_ends_the_persons_others_of_that_purpose(alice: Person, now: datetime) -> None:
    bob = person("bob@example.com", now=now)
    first, second = minted(alice, now=now), minted(alice, now=now)
    other_purpose, other_person = minted(alice, now=now, purpose="confirm_email"), minted(bob, now=now)
    tokens.consume(second, tokens.SET_PASSWORD, now=now)
    with pytest.raises(tokens.TokenInvalid):
        tokens.peek(first, tokens.SET_PASSWORD, now=now)
    assert tokens.peek(other_purpose, "confirm_email", now=now)
    assert tokens.peek(other_person, tokens.SET_PASSWORD, now=now)


def test_only_a_hash_is_stored_of_256_random_bits(alice: Person, now: datetime) -> None:
    issued = {minted(alice, now=now) for _each in range(20)}
    assert len(issued) == 20
    assert all(len(token) >= 43 for token in issued)
    stored = json.dumps([list(row) for row in Token.select().tuples()], default=str)
    assert not any(token in stored for token in issued)


def test_a_token_of_one_site_is_worth_nothing_at_another(
    portal: Portal, site_de: Site, alice: Person, now: datetime
) -> None:
    token, outcomes = minted(alice, now=now), []

    def use_at_de() -> None:
        with portal.at(site_de):
            assert person(now=now).id == alice.id  # the same key, the same address: still somebody else
            try:
                tokens.consume(token, tokens.SET_PASSWORD, now=now)
            except tokens.TokenInvalid:
                outcomes.append("refused")

    thread = threading.Thread(target=use_at_de)
    thread.start()
    thread.join(30)
    assert outcomes == ["refused"]


def test_who_looked_in_time_but_is_too_late_to_use_it_is_refused(
    alice: Person, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, look = minted(alice, now=now), tokens.peek

    def look_before_somebody_else_uses_it(token: str, purpose: str, *, now: datetime) -> Token:
        found = look(token, purpose, now=now)
        Token.update(used_at=now).execute()
        return found

    monkeypatch.setattr(tokens, "peek", look_before_somebody_else_uses_it)
    with pytest.raises(tokens.TokenInvalid):
        tokens.consume(token, tokens.SET_PASSWORD, now=now)


def test_of_many_who_use_a_token_at_once_one_succeeds(
    portal: Portal, site_fr: Site, alice: Person, clock: TestClock
) -> None:
    token, outcomes, start = minted(alice, now=clock.now), [], threading.Barrier(6)

    def use() -> None:
        with portal.at(site_fr):
            start.wait(10)
            try:
                tokens.consume(token, tokens.SET_PASSWORD, now=clock.now)
                outcomes.append("used")
            except tokens.TokenInvalid:
                outcomes.append("refused")

    threads = [threading.Thread(target=use) for _each in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["refused"] * 5 + ["used"]
