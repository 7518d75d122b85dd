"""Beside the administrator's view: what support sees of the visited account, why its people are stuck, and the
three things an agent may change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlencode

import peewee as pw
import pytest
from flask import Flask

from tests.conftest import TestClock
from tests.support.agents import SAM, keep_agent, signed_in_agent
from tests.support.cast import ALICE, BOB, CHARLIE, DORA, FRANK, Cast, canary, keep_person
from tests.support.client import SiteClient, signed_in
from tests.support.page import Page
from tests.support.visits import visiting
from tests.web.conftest import on_sqlite
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.outbox import DEAD, OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain import audit
from webapp.domain.people import sign_in
from webapp.web.support import actions, elsewhere

PAGES = ("", "/diagnosis?question=see&email=alice@example.com", "/emails", "/sign-ins", "/webhooks", "/trail")


@pytest.fixture
def visit(app: Flask, portal: Portal, cast: Cast) -> SiteClient:
    """Sam visits alice's company in France."""
    keep_agent(portal)
    return visiting(app, signed_in_agent(app), cast.row(ALICE, "pending").public_id)


def asked(client: SiteClient, question: str, email: str, subscription: str = "") -> str:
    query = urlencode({"question": question, "email": email, "subscription": subscription})
    return client.page(f"/support/diagnosis?{query}").text


def link(page: Page, text: str) -> str:
    """Where the link with this text leads."""
    return next(one["href"] for one in page.all("a") if one.text == text)


@contextmanager
def at_fr(portal: Portal) -> Iterator[None]:
    with portal.at(portal.sites["fr"]):
        yield


def last_event(portal: Portal, action: str) -> AuditEvent | None:
    with at_fr(portal):
        found = AuditEvent.select().where(AuditEvent.action == action)
        event: AuditEvent | None = found.order_by(AuditEvent.id.desc()).first()
        return event


# ---- what is shown


def test_every_page_is_of_the_visited_account_alone(visit: SiteClient, cast: Cast) -> None:
    shown = {address: visit.page(f"/support{address}").text for address in PAGES}
    for row in cast.rows_of(ALICE):
        shown[row.state] = visit.page(f"/support/subscriptions/{row.public_id}").text
    everything = " ".join(shown.values())
    for stranger in (CHARLIE, DORA):
        assert canary(stranger.site, stranger.key) not in everything
        assert canary(stranger.site, stranger.company.key) not in everything
    theirs = cast.row(CHARLIE, "active").public_id
    assert visit.get(f"/support/subscriptions/{theirs}").status_code == 404


@on_sqlite
def test_what_lapsed_and_was_withdrawn_is_listed(visit: SiteClient, cast: Cast) -> None:
    text = visit.page("/support").text
    for state in ("lapsed", "marked", "withdrawn", "ended", "handed-over", "active"):
        assert cast.row(ALICE, state).public_id in text


@on_sqlite
def test_an_undelivered_email_is_shown_with_the_servers_words(
    visit: SiteClient, portal: Portal, cast: Cast
) -> None:
    with at_fr(portal):
        last = (
            OutboxMessage.select()
            .where(OutboxMessage.to_email == ALICE.email)
            .order_by(OutboxMessage.id.desc())
        )
        newest = last.first()
        OutboxMessage.update(state=DEAD, last_error="550 5.1.1 No such user").where(
            OutboxMessage.id == newest.id
        ).execute()
    text = visit.page("/support/emails").text
    assert "550 5.1.1 No such user" in text
    assert "Not delivered" in text


@on_sqlite
def test_the_order_is_shown_as_it_was_received(visit: SiteClient, cast: Cast) -> None:
    row = cast.row(ALICE, "lapsed")
    text = visit.page(f"/support/subscriptions/{row.public_id}").text
    assert row.order_number in text
    assert "purchase_order_number" in text
    assert "order.accepted" in text


def test_each_action_of_the_trail_has_words() -> None:
    known = {
        value
        for name, value in vars(audit).items()
        if name.isupper() and isinstance(value, str) and re.fullmatch(r"[a-z_]+\.[a-z_]+", value)
    }
    assert len(known) > 70
    assert known == set(actions.WORDS)
    assert len(set(actions.WORDS.values())) == len(known), "no two are called the same"
    assert actions.in_words("of.another_version") == "of.another_version"


@on_sqlite
def test_the_trail_is_told_in_words_beside_the_code(visit: SiteClient, cast: Cast) -> None:
    shown = (
        visit.page("/support/trail").text
        + visit.page(f"/support/subscriptions/{cast.row(ALICE, 'active').public_id}").text
    )
    for words in (
        "Agreement accepted, subscription activated subscription.activated",
        "Order received order.accepted",
    ):
        assert words in shown


@on_sqlite
def test_long_lists_go_on(visit: SiteClient) -> None:
    older = link(visit.page("/support/emails"), "Older")
    first = visit.page("/support/emails").text
    assert visit.page(older).text != first


@on_sqlite
def test_a_cursor_that_is_none_begins_at_the_beginning(visit: SiteClient) -> None:
    for cursor in ("", "x", "WzEsMV0", "a" * 700):
        assert visit.get(f"/support/emails?after={cursor}").status_code == 200


@on_sqlite
def test_each_page_asks_little(visit: SiteClient, portal: Portal, cast: Cast) -> None:
    """Over `look`, where all of it comes from."""
    opened = portal.databases.of(portal.sites["fr"], "look")
    assert isinstance(opened, pw.Database)
    seen: list[str] = []
    opened.query_hooks.append(lambda event: seen.append(event.sql))
    public_id = cast.row(ALICE, "pending").public_id
    for address in (*PAGES, f"/subscriptions/{public_id}"):
        seen.clear()
        visit.page(f"/support{address}")
        assert 0 < len(seen) <= 7, (address, seen)


# ---- why somebody is stuck


@on_sqlite
def test_what_is_the_case_is_said_in_one_sentence_with_the_way_on(
    visit: SiteClient, cast: Cast, portal: Portal
) -> None:
    pending = cast.row(ALICE, "pending")
    page = visit.page(f"/support/diagnosis?question=see&email={ALICE.email}&subscription={pending.public_id}")
    assert f"{pending.public_id} waits for {ALICE.email} to accept the agreement" in page.text
    assert link(page, "Send the activation email again") == (
        f"/support/subscriptions/{pending.public_id}/activation-mail"
    )


@pytest.mark.parametrize("question", ["see", "sign-in", "email", "invite", "invoice"])
def test_each_question_is_answered(visit: SiteClient, question: str) -> None:
    for who in (ALICE, BOB, FRANK):
        assert "What is the case" in asked(visit, question, who.email)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "Choose what the customer says."),
        ({"question": "none", "email": "a@b.ch"}, "Choose what the customer says."),
        ({"question": "see"}, "Enter the email address that the customer uses."),
        (
            {"question": "see", "email": "alice@example.com", "subscription": "SUB-FR-1"},
            "no such subscription",
        ),
    ],
)
@on_sqlite
def test_what_is_missing_is_said(visit: SiteClient, query: dict[str, str], words: str) -> None:
    answer = visit.get(f"/support/diagnosis?{urlencode(query)}")
    assert answer.status_code == 422
    assert words in answer.text


def test_an_address_that_another_site_of_the_region_knows_is_said_to_be_known_there(
    visit: SiteClient, portal: Portal
) -> None:
    with portal.at(portal.sites["gb"]):
        keep_person("traveller@example.com", name="Traveller", now=portal.clock())
    assert "traveller@example.com is not known here, it is known at: United Kingdom." in asked(
        visit, "see", "traveller@example.com"
    )


@on_sqlite
def test_sites_of_other_regions_are_not_asked(visit: SiteClient, cast: Cast) -> None:
    """Dora is a customer in Germany, which is none of Sam's."""
    text = asked(visit, "see", DORA.email)
    assert f"{DORA.email} is known neither here nor at another site of your regions." in text
    assert "Germany" not in text.split("<footer")[0]


@on_sqlite
def test_a_site_that_does_not_answer_is_named(
    visit: SiteClient, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_asked: object) -> bool:
        raise pw.OperationalError("down")

    monkeypatch.setattr(elsewhere, "knows", broken)
    assert "these sites did not answer: Belgium, Netherlands and United Kingdom" in asked(
        visit, "sign-in", "nobody@example.com"
    )


# ---- the three acts


def test_the_activation_email_is_sent_again(visit: SiteClient, portal: Portal, cast: Cast) -> None:
    public_id = cast.row(ALICE, "pending").public_id
    address = f"/support/subscriptions/{public_id}/activation-mail"
    page = visit.page(address)
    assert ALICE.email in page.text
    answer = visit.submit(page, address)
    assert "The activation email leaves again." in visit.follow(answer).text
    event = last_event(portal, "activation.mail_requested")
    assert event is not None
    assert (event.actor_kind, event.actor_name) == ("agent", SAM.name)


def test_the_customer_reads_what_support_did(app: Flask, visit: SiteClient, cast: Cast) -> None:
    public_id = cast.row(ALICE, "pending").public_id
    visit.page("/support/emails")
    visit.post(f"/support/subscriptions/{public_id}/activation-mail")
    alice = signed_in(app, ALICE)
    told = alice.page("/support-visits").text
    assert "E-mail d’activation renvoyé" in told  # in their language


@on_sqlite
def test_it_is_not_sent_without_end(visit: SiteClient, cast: Cast) -> None:
    address = f"/support/subscriptions/{cast.row(ALICE, 'pending').public_id}/activation-mail"
    for status in (303, 303, 303, 429):
        assert visit.post(address).status_code == status


@pytest.mark.parametrize("state", ["active", "ended", "lapsed", "marked", "withdrawn"])
@on_sqlite
def test_what_is_not_pending_can_be_neither_mailed_nor_corrected(
    visit: SiteClient, cast: Cast, state: str
) -> None:
    address = f"/support/subscriptions/{cast.row(ALICE, state).public_id}"
    typed = {"email": "new@example.com", "name": "New", "shown": ALICE.email, "named": "new@example.com"}
    for part in ("activation-mail", "purchaser"):
        assert visit.get(f"{address}/{part}").status_code == 409
        assert visit.post(f"{address}/{part}", data=typed).status_code == 409


def test_a_purchaser_is_corrected_after_the_consequences_were_shown(
    visit: SiteClient, portal: Portal, cast: Cast
) -> None:
    public_id = cast.row(ALICE, "pending").public_id
    address = f"/support/subscriptions/{public_id}/purchaser"
    review = visit.submit(visit.page(address), address, email="right@example.com", name="Olga Right")
    assert review.status_code == 200
    assert "The link in the old email will work no more." in review.text
    with at_fr(portal):
        assert Subscription.get(Subscription.public_id == public_id).administrator.email == ALICE.email
    typed = {"email": "right@example.com", "name": "Olga Right", "shown": ALICE.email}
    done = visit.post(address, data={**typed, "named": "right@example.com"})
    assert "The address was corrected" in visit.follow(done).text
    with at_fr(portal):
        assert (
            Subscription.get(Subscription.public_id == public_id).administrator.email == "right@example.com"
        )
    event = last_event(portal, "order.purchaser_corrected")
    assert event is not None
    assert (event.actor_kind, event.actor_name) == ("agent", SAM.name)
    # Who was slower hears of it, and what they typed is kept.
    late = visit.post(address, data={**typed, "email": "late@example.com", "named": "late@example.com"})
    assert late.status_code == 409
    assert "The purchaser was corrected to right@example.com meanwhile." in late.text
    assert "late@example.com" in late.text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"email": "no address", "name": "A"}, "Enter an email address like"),
        ({"email": "a@example.com", "name": " "}, "Enter the name"),
        ({"email": ALICE.email, "name": "A", "named": ALICE.email}, "address already"),
    ],
)
@on_sqlite
def test_a_wrong_correction_is_explained(
    visit: SiteClient, cast: Cast, typed: dict[str, str], words: str
) -> None:
    address = f"/support/subscriptions/{cast.row(ALICE, 'pending').public_id}/purchaser"
    answer = visit.post(address, data={"shown": ALICE.email, **typed})
    assert answer.status_code == 422
    assert words in answer.text
    assert typed["email"] in answer.text


def test_a_locked_log_in_is_unlocked(visit: SiteClient, portal: Portal, cast: Cast, clock: TestClock) -> None:
    with at_fr(portal):
        for _time in range(10):
            with pytest.raises(sign_in.SignInRefused):
                sign_in.sign_in(ALICE.email, "a wrong password", now=clock())
    assert f"Logging in as {ALICE.email} is locked until" in asked(visit, "sign-in", ALICE.email)
    page = visit.page("/support/sign-ins")
    address = link(page, f"Unlock the log-in {ALICE.email}")
    answer = visit.submit(visit.page(address), "/support/sign-ins/unlock")
    assert "They may try again at once." in visit.follow(answer).text
    event = last_event(portal, "person.sign_in_unlocked")
    assert event is not None
    assert (event.actor_kind, event.actor_name) == ("agent", SAM.name)
    with at_fr(portal):
        assert sign_in.sign_in(ALICE.email, ALICE.password, now=clock() + timedelta(seconds=1))
    assert visit.post("/support/sign-ins/unlock", data={"email": ALICE.email}).status_code == 409


@on_sqlite
def test_nobody_of_another_account_is_unlocked_or_mailed(visit: SiteClient, cast: Cast) -> None:
    theirs = cast.row(CHARLIE, "pending").public_id
    assert visit.post("/support/sign-ins/unlock", data={"email": CHARLIE.email}).status_code == 404
    assert visit.get(f"/support/sign-ins/unlock?email={CHARLIE.email}").status_code == 404
    for part in ("activation-mail", "purchaser"):
        assert visit.get(f"/support/subscriptions/{theirs}/{part}").status_code == 404
        assert visit.post(f"/support/subscriptions/{theirs}/{part}").status_code == 404


@on_sqlite
def test_acts_need_the_agents_own_page(visit: SiteClient, cast: Cast) -> None:
    """A page elsewhere can't send them."""
    address = f"/support/subscriptions/{cast.row(ALICE, 'pending').public_id}/activation-mail"
    for origin in ("https://evil.example", "http://fr.localhost:8000", "http://support.localhost:8000"):
        assert visit.post(address, headers={"Origin": origin}).status_code == 403
