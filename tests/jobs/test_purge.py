"""What has no use any more goes; what still has, stays."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.conftest import TestClock
from tests.mail.cast import person
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.sign_in import Attempt, Session, Token
from webapp.domain import tokens
from webapp.jobs.purge import purge
from webapp.sites import Site


@pytest.fixture
def alice(portal: Portal, site_fr: Site, clock: TestClock) -> Person:
    with portal.at(site_fr):
        return person(now=clock.now)


def test_tokens_go_when_they_expire(portal: Portal, site_fr: Site, alice: Person, clock: TestClock) -> None:
    with portal.at(site_fr):
        for minutes in (10, 60):
            tokens.mint(tokens.SET_PASSWORD, person=alice, minutes=minutes, next_path="", now=clock.now)
    clock.forward(minutes=10)
    assert purge(portal, site_fr) == 1
    with portal.at(site_fr):
        assert Token.get().expires_at == clock.now + timedelta(minutes=50)


@pytest.mark.parametrize(
    ("created", "seen", "goes"),
    [
        (timedelta(days=6), timedelta(hours=11, minutes=59), False),
        (timedelta(days=6), timedelta(hours=12), True),
        (timedelta(days=7), timedelta(0), True),
    ],
)
def test_sessions_go_when_idle_or_too_old(
    portal: Portal,
    site_fr: Site,
    alice: Person,
    now: datetime,
    created: timedelta,
    seen: timedelta,
    goes: bool,
) -> None:
    with portal.at(site_fr):
        Session.create(token_hash="x", person=alice, created_at=now - created, last_seen_at=now - seen)
    assert purge(portal, site_fr) == int(goes)
    with portal.at(site_fr):
        assert Session.select().exists() is not goes


def test_attempts_go_when_no_limit_counts_them(portal: Portal, site_fr: Site, now: datetime) -> None:
    with portal.at(site_fr):
        for days in (1, 30):
            Attempt.create(kind="sign_in", subject="alice@example.com", at=now - timedelta(days=days))
    assert purge(portal, site_fr) == 1
    with portal.at(site_fr):
        assert Attempt.get().at == now - timedelta(days=1)
