"""What people change about themselves: their name, their address, their password, where they are signed in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.support.cast import PASSWORD, accept, keep_person, place_order
from tests.support.letters import fetch_letters
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.agreements import AcceptedText
from webapp.data.audit import AuditEvent
from webapp.data.billing import BillingDetails
from webapp.data.email_changes import EmailChange
from webapp.data.mandates import Mandate
from webapp.data.outbox import QUEUED, OutboxMessage
from webapp.data.records import insert
from webapp.data.schema import MODELS
from webapp.data.sign_in import Attempt, Session, Token
from webapp.data.subscriptions import Seat
from webapp.data.whereabouts import AnsweredRequest
from webapp.domain import audit, email_changes, my_data, names, outbox, people, sessions, sign_in, tokens
from webapp.domain.addresses import EmailInvalid
from webapp.domain.limits import TooOften
from webapp.domain.passwords import PasswordTooCommon, PasswordTooShort
from webapp.domain.refusals import NotThere
from webapp.domain.sign_in import PasswordWrong, SignInRefused
from webapp.domain.tokens import TokenInvalid
from webapp.sites import Site

OLD, NEW = "alice@example.com", "alice@example.org"
OTHER_WORDS = "a spade and a shovel"


class Scene:
    """Alice is signed in; Bob is somebody else."""

    def __init__(self, clock: TestClock) -> None:
        self.clock = clock
        self.alice = keep_person(OLD, name="Alice Martin", now=clock.now)
        self.bob = keep_person("bob@example.com", name="Bob", now=clock.now)
        self.here = self.signed_in(sign_in.start_session(self.alice, user_agent="", now=clock.now))

    def signed_in(self, token: str) -> sign_in.SignedIn:
        found = sign_in.person_of_session(token, now=self.clock.now)
        assert found
        return found

    def ask(self, email: str = NEW, password: str = PASSWORD) -> None:
        email_changes.ask(self.alice.id, email, password=password, now=self.clock.now)

    def mails(self) -> list[tuple[str, str]]:
        found = OutboxMessage.select().where(OutboxMessage.state == QUEUED).order_by(OutboxMessage.id)
        return [(mail.kind, mail.to_email) for mail in found]

    def link(self) -> str:
        """What the newest mail to confirm an address holds, once it is delivered."""
        mail = OutboxMessage.select().where(OutboxMessage.kind == "confirm_email")
        secret = outbox.secret_for(mail.order_by(OutboxMessage.id.desc()).get(), now=self.clock.now)
        assert secret
        return secret.token

    def may_sign_in(self, email: str) -> bool:
        try:
            sign_in.sign_in(email, PASSWORD, now=self.clock.now)
        except SignInRefused:
            return False
        return True


@pytest.fixture
def scene(bound_fr: Site, clock: TestClock) -> Iterator[Scene]:
    return Scene(clock)  # type: ignore[return-value]


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


# ---- address


def test_lists_of_users_find_the_new_address(portal: Portal, scene: Scene) -> None:
    placed = place_order(portal, ordered_at=scene.clock.now)
    seat = Seat.create(subscription=placed, person=scene.alice, state="active", since=scene.clock.now)
    scene.ask()
    email_changes.confirm(scene.link(), now=scene.clock.now)
    found = Seat.get_by_id(seat.id).search_key
    assert NEW in found and OLD not in found


def test_a_link_goes_to_the_new_address_and_a_notice_to_the_old(scene: Scene) -> None:
    scene.ask()
    assert scene.mails() == [("confirm_email", NEW), ("email_change_asked", OLD)]
    assert scene.may_sign_in(OLD) and not scene.may_sign_in(NEW)
    waiting = email_changes.waiting(scene.alice.id, now=scene.clock.now)
    assert waiting and waiting.email == NEW


def test_looking_at_the_link_changes_nothing_and_using_it_does(scene: Scene) -> None:
    scene.ask()
    link = scene.link()
    for _time in range(2):
        assert email_changes.peek(link, now=scene.clock.now).email == NEW
    assert Person.get_by_id(scene.alice.id).email == OLD
    OutboxMessage.delete().execute()
    email_changes.confirm(link, now=scene.clock.now)
    assert scene.may_sign_in(NEW) and not scene.may_sign_in(OLD)
    assert scene.mails() == [("email_changed", OLD), ("email_changed", NEW)]
    assert email_changes.waiting(scene.alice.id, now=scene.clock.now) is None
    event = AuditEvent.get(AuditEvent.action == audit.EMAIL_CHANGED)
    assert json.loads(event.details) == {"old": OLD, "new": NEW}
    with pytest.raises(TokenInvalid):
        email_changes.confirm(link, now=scene.clock.now)


def test_links_to_set_a_password_die_with_the_old_address(scene: Scene) -> None:
    """Who reads the old mailbox must not get in by it any more: neither by what was mailed, nor by what waits."""
    sign_in.send_password_link(scene.alice, next_path="", now=scene.clock.now)
    sign_in.send_password_link(scene.alice, next_path="", now=scene.clock.now)
    first = (
        OutboxMessage.select().where(OutboxMessage.kind == "set_password").order_by(OutboxMessage.id).get()
    )
    delivered = outbox.secret_for(first, now=scene.clock.now)
    assert delivered and tokens.peek(delivered.token, tokens.SET_PASSWORD, now=scene.clock.now)
    scene.ask()
    email_changes.confirm(scene.link(), now=scene.clock.now)
    with pytest.raises(TokenInvalid):
        tokens.peek(delivered.token, tokens.SET_PASSWORD, now=scene.clock.now)
    assert "set_password" not in [kind for kind, _to in scene.mails()]


def test_another_wish_replaces_the_first_and_its_link(scene: Scene) -> None:
    scene.ask("mistyped@example.org")
    first = scene.link()
    scene.ask()
    with pytest.raises(TokenInvalid):
        email_changes.confirm(first, now=scene.clock.now)
    assert [kind for kind, to in scene.mails() if to == "mistyped@example.org"] == []
    email_changes.confirm(scene.link(), now=scene.clock.now)
    assert Person.get_by_id(scene.alice.id).email == NEW


def test_a_link_that_was_minted_late_confirms_no_other_address(scene: Scene) -> None:
    """A worker had taken the first mail before the second wish came."""
    scene.ask("mistyped@example.org")
    taken = OutboxMessage.get(OutboxMessage.kind == "confirm_email")
    scene.ask()
    late = outbox.secret_for(taken, now=scene.clock.now)
    assert late
    with pytest.raises(TokenInvalid):
        email_changes.confirm(late.token, now=scene.clock.now)
    assert Person.get_by_id(scene.alice.id).email == OLD


def test_a_dropped_wish_is_worth_nothing(scene: Scene) -> None:
    scene.ask()
    link = scene.link()
    email_changes.drop(scene.alice.id, now=scene.clock.now)
    assert email_changes.waiting(scene.alice.id, now=scene.clock.now) is None
    with pytest.raises(TokenInvalid):
        email_changes.confirm(link, now=scene.clock.now)


def test_a_link_of_another_kind_confirms_nothing(scene: Scene) -> None:
    scene.ask()
    token = tokens.mint(
        tokens.SET_PASSWORD, person=scene.alice, minutes=60, next_path="", now=scene.clock.now
    )
    with pytest.raises(TokenInvalid):
        email_changes.confirm(token, now=scene.clock.now)
    with pytest.raises(TokenInvalid):
        sign_in.set_password(scene.link(), OTHER_WORDS, now=scene.clock.now)


def test_the_link_works_for_an_hour(scene: Scene) -> None:
    scene.ask()
    link = scene.link()
    later = scene.clock.now + timedelta(minutes=email_changes.LINK_MINUTES)
    with pytest.raises(TokenInvalid):
        email_changes.confirm(link, now=later)
    assert email_changes.waiting(scene.alice.id, now=later) is None


def test_an_address_that_is_somebody_elses_is_answered_alike_and_only_they_are_told(scene: Scene) -> None:
    scene.ask("BOB@example.com")
    assert scene.mails() == [("email_taken", "bob@example.com"), ("email_change_asked", OLD)]
    waiting = email_changes.waiting(scene.alice.id, now=scene.clock.now)
    assert waiting and waiting.email == "BOB@example.com"


def test_an_address_that_became_somebody_elses_meanwhile_is_not_taken(scene: Scene) -> None:
    scene.ask()
    link = scene.link()
    keep_person(NEW, name="Another Alice", now=scene.clock.now)
    with pytest.raises(TokenInvalid):
        email_changes.confirm(link, now=scene.clock.now)
    assert Person.get_by_id(scene.alice.id).email == OLD
    assert tokens.peek(link, tokens.CONFIRM_EMAIL, now=scene.clock.now), "all of it was taken back"


def test_the_own_address_may_be_written_otherwise(scene: Scene) -> None:
    scene.ask("Alice@Example.com")
    email_changes.confirm(scene.link(), now=scene.clock.now)
    assert Person.get_by_id(scene.alice.id).email == "Alice@Example.com"
    assert scene.may_sign_in(OLD)


@pytest.mark.parametrize(
    ("email", "password", "refusal"),
    [
        ("alice@", PASSWORD, EmailInvalid),
        (OLD, PASSWORD, email_changes.SameAddress),
        (NEW, "not the password", PasswordWrong),
        (NEW, "", PasswordWrong),
    ],
)
def test_a_refused_wish_mails_nothing(
    scene: Scene, email: str, password: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        scene.ask(email, password)
    assert not scene.mails() and not EmailChange.select().count()


def test_wishes_and_guesses_are_limited(scene: Scene) -> None:
    for _time in range(email_changes.CHANGES.times):
        scene.ask()
    with pytest.raises(TooOften):
        scene.ask()
    scene.clock.forward(days=2)
    for _time in range(sign_in.SIGN_INS.times):
        with pytest.raises(PasswordWrong):
            scene.ask(password="a guess")
    with pytest.raises(TooOften):
        scene.ask()


def test_only_the_letter_to_the_new_address_holds_the_link(
    portal: Portal, site_fr: Site, clock: TestClock
) -> None:
    with portal.at(site_fr):
        Scene(clock).ask()
    letters = {letter.to: letter for letter in fetch_letters(portal, "fr")}
    confirm = next(letter for to, letter in letters.items() if NEW in to)
    assert confirm.path.startswith("/profile/email/confirm/")
    assert all("/confirm/" not in letter.text for to, letter in letters.items() if NEW not in to)


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


# ---- my data


@pytest.fixture
def busy(portal: Portal, scene: Scene) -> dict[str, Any]:
    """The file of somebody who was in every table once."""
    now = scene.clock.now
    order = place_order(portal, ordered_at=now, purchaser={"name": "Alice Martin", "email": OLD})
    accept(order, now=now)
    scene.ask()
    scene.link()
    insert(AnsweredRequest, key="a" * 32, person=scene.alice, at=now)
    Attempt.insert(kind="sign_in", subject=OLD, at=now).execute()
    Attempt.insert(kind="sign_in", subject="bob@example.com", at=now).execute()
    return my_data.everything_about(scene.alice.id, now=now)


def test_the_file_holds_each_table_in_which_the_person_is(busy: dict[str, Any]) -> None:
    with_rows = set()
    for model in MODELS:
        keys = my_data._references(model, Person)
        person = Person.get(Person.email_key == OLD)
        if any(model.select().where(key == person.id).exists() for key in keys):
            with_rows.add(model._meta.table_name)
    assert with_rows | {"attempt"} <= busy.keys()
    assert {"subscription", "acceptance", "membership", "session", "token", "outbox_message"} <= busy.keys()
    assert busy["person"]["email"] == OLD and busy["site"] == "fr"
    json.dumps(busy)


def test_the_file_holds_no_secret_and_nobody_else(busy: dict[str, Any]) -> None:
    text = json.dumps(busy)
    secrets = [row.token_hash for row in (*Token.select(), *Session.select())]
    secrets += [person.password_hash for person in Person.select()]
    assert not [secret for secret in secrets if secret in text]
    assert "bob@example.com" not in text and "Bob" not in text
    assert "unit_price" not in text


def test_every_reference_to_a_person_is_followed() -> None:
    """Who adds a table need not think of the file; this says which tables it has."""
    followed = {model._meta.table_name for model in MODELS if my_data._references(model, Person)}
    assert followed >= {"audit_event", "membership", "seat", "transfer", "email_change", "answered_request"}


def test_the_companys_billing_data_and_the_account_number_stay_out(portal: Portal, scene: Scene) -> None:
    now, alice = scene.clock.now, scene.alice
    placed = place_order(portal, ordered_at=now, purchaser={"name": "Alice Martin", "email": OLD})
    accept(placed, now=now)
    where = {"name": "Musterbau", "line1": "Hidden Lane 1", "city": "Nantes", "country": "FR"}
    BillingDetails.create(account=placed.account, **where, changed_by=alice, changed_at=now)
    mandate = {"reference": "R-1", "language": "fr", "accepted_at": now, "text": AcceptedText.select().get()}
    iban = {"holder": "Alice Martin", "iban_country": "FR", "iban_ending": "2606", "iban_sealed": "sealed!"}
    Mandate.create(subscription=placed, person=alice, **mandate, **iban)
    found = my_data.everything_about(alice.id, now=now)
    assert found["mandate"][0]["iban_ending"] == "2606" and "sealed!" not in json.dumps(found)
    (changed,) = found["billing_details"]
    assert changed.keys() == {"account", "changed_by", "changed_at"} and changed["changed_by"] == "me"
