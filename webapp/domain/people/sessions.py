"""Where a person is signed in: shown to them, and ended by them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from webapp.data.accounts import Person
from webapp.data.database import atomic
from webapp.data.sign_in import Session
from webapp.domain import audit
from webapp.domain.people.sign_in import ABSOLUTE, IDLE, SignedIn
from webapp.domain.refusals import NotThere

MOST = 50
_BROWSERS = (
    ("Edge", r"Edg"),
    ("Opera", r"OPR"),
    ("Samsung Internet", r"SamsungBrowser"),
    ("Firefox", r"Firefox|FxiOS"),
    ("Chrome", r"Chrome|CriOS"),
    ("Safari", r"Safari"),
)
_SYSTEMS = (
    ("Android", r"Android"),
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Windows", r"Windows"),
    ("macOS", r"Macintosh|Mac OS X"),
    ("Linux", r"Linux|X11"),
)


@dataclass(frozen=True, slots=True)
class OpenSession:
    name: str  # by which a form names it: no token can be made from it
    browser: str
    system: str
    since: datetime
    last_seen: datetime
    this_one: bool


def name_of(token_hash: str) -> str:
    return sha256(token_hash.encode()).hexdigest()[:24]


def browser_and_system(user_agent: str) -> tuple[str, str]:
    """What people call it; nothing, where that is not clear."""
    return _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)


def _first(known: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for name, pattern in known if re.search(pattern, text)), "")


def open_sessions(signed_in: SignedIn, *, now: datetime) -> Sequence[OpenSession]:
    """The one that asks first, then by when they were last seen."""
    found = [_described(session, signed_in) for session in _alive(signed_in.person_id, now=now)]
    return sorted(found, key=lambda one: not one.this_one)


def _alive(person_id: int, *, now: datetime) -> list[Session]:
    alive = (Session.created_at > now - ABSOLUTE) & (Session.last_seen_at > now - IDLE)
    found = Session.select().where(Session.person == person_id, alive)
    return list(found.order_by(Session.last_seen_at.desc(), Session.token_hash).limit(MOST))


def _described(session: Session, signed_in: SignedIn) -> OpenSession:
    browser, system = browser_and_system(session.user_agent)
    return OpenSession(
        name_of(session.token_hash),
        browser,
        system,
        session.created_at,
        session.last_seen_at,
        session.token_hash == signed_in.token_hash,
    )


def end_one(signed_in: SignedIn, name: str, *, now: datetime) -> bool:
    """True: it was the one that asks."""
    for session in _alive(signed_in.person_id, now=now):
        if name_of(session.token_hash) == name:
            _end(signed_in, [session.token_hash], now=now)
            return bool(session.token_hash == signed_in.token_hash)
    raise NotThere


def end_all(signed_in: SignedIn, *, now: datetime) -> None:
    """Everywhere, here too."""
    found = Session.select(Session.token_hash).where(Session.person == signed_in.person_id)
    _end(signed_in, [session.token_hash for session in found], now=now)


def _end(signed_in: SignedIn, hashes: list[str], *, now: datetime) -> None:
    person = Person.get_by_id(signed_in.person_id)
    with atomic():
        ended = Session.delete().where(Session.person == person, Session.token_hash.in_(hashes)).execute()
        by = audit.Actor.of(person)
        audit.record(audit.SESSIONS_ENDED, actor=by, person=person, now=now, number=int(ended))
