"""Reminders are chosen in the profile, or by the link of a reminder: without signing in, and never by looking."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.cast import ALICE, ERIN, Cast
from tests.support.client import SiteClient, client_at, said, signed_in
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.billing import InvoiceRecipient
from webapp.data.sign_in import Token
from webapp.domain import tokens
from webapp.domain.reminders import reminder_choices, reminder_sweep
from webapp.domain.reminders.reminder_choices import CHOICES, OF_ADDRESSES
from webapp.domain.reminders.reminder_windows import INVITATION, PO_NUMBER, RENEWAL

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def at_fr(portal: Portal, cast: Cast) -> Callable[[Callable[[], object]], object]:
    def ask(what: Callable[[], object]) -> object:
        with portal.at(portal.sites["fr"]):
            return what()

    return ask


def off_for_alice() -> frozenset[str]:
    return reminder_choices.turned_off_by(Person.get(Person.email == ALICE.email).id)


def test_each_kind_is_turned_off_and_on_in_the_profile(app: Flask, at_fr: Callable) -> None:
    alice = signed_in(app, ALICE)
    page = alice.page("/profile")
    boxes = [box for box in page.all("input", type="checkbox") if box.get("name") == "wanted"]
    assert [(box["value"], "checked" in box) for box in boxes] == [(kind, True) for kind in CHOICES]
    assert (
        said(alice, "Your choice of reminders was saved.")
        in alice.follow(
            alice.post("/profile/reminders", data={"wanted": [RENEWAL, "activation", "nonsense"]})
        ).text
    )
    assert at_fr(off_for_alice) == {PO_NUMBER, INVITATION}
    alice.post("/profile/reminders", data={"wanted": list(CHOICES)})
    assert at_fr(off_for_alice) == set()


@pytest.fixture
def link(portal: Portal, at_fr: Callable) -> str:
    def mint() -> str:
        alice = Person.get(Person.email == ALICE.email)
        return tokens.mint(tokens.UNSUBSCRIBE, person=alice, minutes=60, next_path="", now=portal.clock())

    return f"/reminders/{at_fr(mint)}"


def test_looking_at_the_link_changes_nothing(app: Flask, at_fr: Callable, link: str) -> None:
    visitor = client_at(app, "fr")
    for _time in range(2):
        assert ALICE.email in visitor.page(link).text
    assert at_fr(off_for_alice) == set()


def test_the_link_chooses_without_signing_in_as_often_as_one_likes(
    app: Flask, at_fr: Callable, link: str
) -> None:
    visitor = client_at(app, "fr")
    for wanted in ([RENEWAL], [PO_NUMBER, INVITATION], []):
        assert (
            said(visitor, "Your choice of reminders was saved.")
            in visitor.follow(visitor.post(link, data={"wanted": wanted})).text
        )
        assert at_fr(off_for_alice) == set(CHOICES) - set(wanted)


def test_a_mail_program_turns_all_off_with_one_post(app: Flask, at_fr: Callable, link: str) -> None:
    """As RFC 8058 says it: no cookie, no origin of ours, no page before."""
    answer = client_at(app, "fr").post(link, data=ONE_CLICK, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200, "RFC 8058: no redirect"
    assert at_fr(off_for_alice) == set(CHOICES)


def test_everything_else_still_comes_from_our_own_pages_only(app: Flask, at_fr: Callable) -> None:
    forged = {"headers": {"Sec-Fetch-Site": "cross-site"}, "data": {}}
    assert signed_in(app, ALICE).post("/profile/reminders", **forged).status_code == 403
    assert at_fr(off_for_alice) == set()


def test_a_link_that_is_too_old_says_so(portal: Portal, app: Flask, at_fr: Callable, link: str) -> None:
    at_fr(lambda: Token.update(expires_at=portal.clock()).execute())
    visitor = client_at(app, "fr")
    for answer in (visitor.get(link), visitor.post(link, data=ONE_CLICK)):
        assert answer.status_code == 410
    assert at_fr(off_for_alice) == set()


def test_an_address_for_invoices_chooses_for_itself(portal: Portal, app: Flask, at_fr: Callable) -> None:
    def mint() -> tuple[str, str]:
        listed = InvoiceRecipient.select().first()
        facts = {"person": None, "recipient": listed, "minutes": 60, "next_path": ""}
        return tokens.mint(tokens.UNSUBSCRIBE, now=portal.clock(), **facts), listed.email_key

    token, email = at_fr(mint)
    visitor: SiteClient = client_at(app, "fr")
    boxes = visitor.page(f"/reminders/{token}").all("input", type="checkbox")
    assert [box["value"] for box in boxes] == list(OF_ADDRESSES)
    visitor.post(f"/reminders/{token}", data={"wanted": [PO_NUMBER]})
    assert at_fr(lambda: reminder_choices.turned_off(reminder_sweep.address_key(email))) == {RENEWAL}
    assert at_fr(off_for_alice) == set()
    assert ERIN.email not in visitor.page(f"/reminders/{token}").text
