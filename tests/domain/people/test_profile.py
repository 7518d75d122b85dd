"""What people change about themselves: their name, their address, their password, where they are signed in."""

from __future__ import annotations

import json

import pytest

from tests.domain.people.profiled import OLD, OTHER_WORDS, Scene, scene
from tests.support.cast import PASSWORD
from webapp.data.accounts import Person
from webapp.data.audit import AuditEvent
from webapp.data.sign_in import Session
from webapp.domain import audit, names
from webapp.domain.people import people, sessions, sign_in
from webapp.domain.people.passwords import PasswordTooCommon, PasswordTooShort
from webapp.domain.people.sign_in import PasswordWrong
from webapp.domain.refusals import NotThere

__all__ = ["scene"]


def newest_event() -> AuditEvent:
    return AuditEvent.select().order_by(AuditEvent.id.desc()).get()  # type: ignore[no-any-return]


# ---- name


def test_a_name_is_changed_and_found_by(scene: Scene) -> None:
    assert people.change_name(scene.alice.id, "  Zoë   Núñez ", now=scene.clock.now) == "Alice Martin"
    found = Person.get_by_id(scene.alice.id)
    assert found.name == "Zoë Núñez" and found.sort_key.startswith("zoe nunez")
    event = newest_event()
    assert event.action == audit.NAME_CHANGED
    assert json.loads(event.details) == {"old": "Alice Martin", "new": "Zoë Núñez"}


def test_the_same_name_changes_nothing(scene: Scene) -> None:
    people.change_name(scene.alice.id, "Alice Martin", now=scene.clock.now)
    assert not AuditEvent.select().count()


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("", names.OwnNameMissing),
        (" \t ", names.OwnNameMissing),
        ("x" * 121, names.NameInvalid),
        ("Alice\u202eMartin", names.NameInvalid),
        ("Alice\0Martin", names.NameInvalid),
    ],
)
def test_what_is_no_name_is_refused(scene: Scene, typed: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        people.change_name(scene.alice.id, typed, now=scene.clock.now)
    assert Person.get_by_id(scene.alice.id).name == "Alice Martin"


# ---- password


def test_a_new_password_ends_all_other_sessions(scene: Scene) -> None:
    other = sign_in.start_session(scene.alice, user_agent="", now=scene.clock.now)
    bobs = sign_in.start_session(scene.bob, user_agent="", now=scene.clock.now)
    sign_in.change_password(scene.here, current=PASSWORD, new=OTHER_WORDS, now=scene.clock.now)
    assert sign_in.person_of_session(other, now=scene.clock.now) is None
    assert sign_in.person_of_session(bobs, now=scene.clock.now)
    assert Session.select().where(Session.token_hash == scene.here.token_hash).exists()
    assert not scene.may_sign_in(OLD)
    assert sign_in.sign_in(OLD, OTHER_WORDS, now=scene.clock.now)
    assert ("password_changed", OLD) in scene.mails()


@pytest.mark.parametrize(
    ("current", "new", "refusal"),
    [
        ("not the password", OTHER_WORDS, PasswordWrong),
        (PASSWORD, "short", PasswordTooShort),
        (PASSWORD, "password1234", PasswordTooCommon),
    ],
)
def test_a_refused_password_changes_nothing(
    scene: Scene, current: str, new: str, refusal: type[Exception]
) -> None:
    other = sign_in.start_session(scene.alice, user_agent="", now=scene.clock.now)
    with pytest.raises(refusal):
        sign_in.change_password(scene.here, current=current, new=new, now=scene.clock.now)
    assert scene.may_sign_in(OLD) and sign_in.person_of_session(other, now=scene.clock.now)


# ---- sessions


@pytest.mark.parametrize(
    ("agent", "known"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36",
            ("Chrome", "Windows"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1 Version/17.5 Mobile Safari/604.1",
            ("Safari", "iPhone"),
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", ("Firefox", "Linux")),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/131.0 Safari/537.36 Edg/131.0", ("Edge", "Windows")),
        ("curl/8", ("", "")),
        ("", ("", "")),
    ],
)
def test_a_browser_is_called_what_people_call_it(agent: str, known: tuple[str, str]) -> None:
    assert sessions.browser_and_system(agent) == known


def test_open_sessions_are_shown_and_ended_one_by_one(scene: Scene) -> None:
    first = sign_in.start_session(scene.alice, user_agent="Firefox on Linux", now=scene.clock.now)
    sign_in.start_session(scene.bob, user_agent="", now=scene.clock.now)
    shown = sessions.open_sessions(scene.here, now=scene.clock.now)
    assert [one.this_one for one in shown] == [True, False]
    assert (shown[1].browser, shown[1].system) == ("Firefox", "Linux")
    assert not any(row.token_hash.startswith(one.name) for row in Session.select() for one in shown)
    assert sessions.end_one(scene.here, shown[1].name, now=scene.clock.now) is False
    assert sign_in.person_of_session(first, now=scene.clock.now) is None
    assert newest_event().action == audit.SESSIONS_ENDED
    assert sessions.end_one(scene.here, shown[0].name, now=scene.clock.now) is True


def test_a_session_of_somebody_else_is_not_there(scene: Scene) -> None:
    bobs = scene.signed_in(sign_in.start_session(scene.bob, user_agent="", now=scene.clock.now))
    for name in (sessions.name_of(bobs.token_hash), "", bobs.token_hash):
        with pytest.raises(NotThere):
            sessions.end_one(scene.here, name, now=scene.clock.now)


def test_an_old_session_is_not_shown(scene: Scene) -> None:
    sign_in.start_session(scene.alice, user_agent="", now=scene.clock.now - sign_in.IDLE)
    assert len(sessions.open_sessions(scene.here, now=scene.clock.now)) == 1


def test_everywhere_is_everywhere_and_nobody_else(scene: Scene) -> None:
    tokens_ = [sign_in.start_session(scene.alice, user_agent="", now=scene.clock.now) for _ in range(3)]
    bobs = sign_in.start_session(scene.bob, user_agent="", now=scene.clock.now)
    sessions.end_all(scene.here, now=scene.clock.now)
    assert not any(sign_in.person_of_session(token, now=scene.clock.now) for token in tokens_)
    assert sign_in.person_of_session(bobs, now=scene.clock.now)
    assert json.loads(newest_event().details) == {"number": 4}
