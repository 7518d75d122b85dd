"""Addresses for invoices, from the page of a subscription to the button in the mailbox of somebody else."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.cast import ALICE, BOB, CHARLIE, DORA, FRANK, Actor, Cast, unconfirmed_address
from tests.support.client import PARTIAL, SiteClient, client_at, page_of, said, signed_in
from tests.support.letters import fetch_letters
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.billing import InvoiceRecipient
from webapp.data.outbox import OutboxMessage
from webapp.domain.invoices.invoice_recipients import AddressInvalid, AddressKnown

NEW = "compta@example.com"


@pytest.fixture
def manage(cast: Cast) -> str:
    return f"/subscriptions/{cast.row(ALICE, 'active').public_id}"


@pytest.fixture
def path(manage: str) -> str:
    return f"{manage}/invoice-addresses"


def written(portal: Portal) -> tuple[object, ...]:
    with portal.at(portal.sites["fr"]):
        rows = sorted(map(str, InvoiceRecipient.select().tuples()))
        return rows, AuditEvent.select().count(), OutboxMessage.select().count()


def test_from_the_page_to_the_confirmation_without_javascript(
    app: Flask, alice: SiteClient, portal: Portal, manage: str, path: str
) -> None:
    assert alice.page(manage).one("a", id="recipient-add")["href"] == path
    answer = alice.submit(alice.page(path), path, email=NEW)
    assert answer.location == f"{manage}?done=address-added"
    page = alice.follow(answer)
    entry = next(item for item in page.one("div", id="recipients").all("li") if NEW in item.text)
    assert said(alice, "Not yet confirmed") in entry.text
    assert NEW in page.one("ol", id="activity").text
    letter = next(letter for letter in fetch_letters(portal, "fr") if letter.to == NEW)
    somebody = client_at(app, "fr")
    for _look in range(2):
        asked = somebody.page(letter.path)
    assert NEW in asked.text
    done = somebody.follow(somebody.submit(asked, letter.path))
    assert done.heading == said(alice, "Address confirmed")
    entry = next(item for item in alice.page(manage).one(id="recipients").all("li") if NEW in item.text)
    assert said(alice, "Confirmed") in entry.text and not entry.all("form", action=f"{path}/again")
    assert somebody.get(letter.path).status_code == 410
    assert somebody.post(letter.path).status_code == 410
    assert client_at(app, "de").get(letter.path).status_code == 410


def test_in_place_the_list_is_a_fragment(alice: SiteClient, path: str) -> None:
    form = page_of(alice.get(path, headers=PARTIAL))
    assert not form.whole and form.one("form", action=path)["hx-post"] == path
    answer = alice.post(path, headers=PARTIAL, data={"email": NEW, "whose": "subscription"})
    value = page_of(answer)
    assert answer.status_code == 200 and not value.whole and NEW in value.one(id="recipients").text
    assert value.one(id="recipients")["data-announce"] and value.one("ol", id="activity")["hx-swap-oob"]
    removed = alice.post(f"{path}/remove", headers=PARTIAL, data={"email": NEW, "whose": "subscription"})
    assert NEW not in page_of(removed).one(id="recipients").text
    assert not page_of(alice.get(f"{path}/value", headers=PARTIAL)).all("form", action=path)
    assert alice.get(f"{path}/value").status_code == 303


@pytest.mark.parametrize("headers", [{}, PARTIAL])
@pytest.mark.parametrize(
    ("typed", "refusal"),
    [("nobody@", AddressInvalid), (unconfirmed_address(ALICE), AddressKnown)],
    ids=["no address", "listed already"],
)
def test_a_refusal_stands_at_the_field_and_keeps_what_was_typed(
    alice: SiteClient, portal: Portal, path: str, typed: str, refusal: type, headers: dict[str, str]
) -> None:
    before = written(portal)
    answer = alice.post(path, headers=headers, data={"email": typed, "whose": "subscription"})
    page = page_of(answer)
    assert answer.status_code == 422 and page.whole == (not headers)
    assert said(alice, refusal()) in page.one(id="email-error").text
    assert page.one("input", id="email")["value"] == typed
    assert page.one("option", value="subscription").get("selected", "no") != "no"
    assert written(portal) == before


def test_it_is_sent_again_three_times_an_hour(alice: SiteClient, portal: Portal, path: str) -> None:
    data = {"email": unconfirmed_address(ALICE), "whose": "subscription"}
    for _time in range(3):
        assert alice.post(f"{path}/again", data=data).status_code == 303
    before = written(portal)
    for headers in ({}, PARTIAL):
        answer = alice.post(f"{path}/again", data=data, headers=headers)
        assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
        assert page_of(answer).one("div", id="recipients").one("div", role="alert")
    assert written(portal) == before
    assert {letter.to for letter in fetch_letters(portal, "fr")} == {data["email"]}


def test_what_is_confirmed_is_not_asked_again(alice: SiteClient, portal: Portal, path: str) -> None:
    with portal.at(portal.sites["fr"]):
        InvoiceRecipient.update(confirmed_at=portal.clock()).execute()
    before = written(portal)
    answer = alice.post(f"{path}/again", data={"email": unconfirmed_address(ALICE), "whose": "subscription"})
    assert answer.status_code == 409 and written(portal) == before


@pytest.mark.parametrize("actor", [FRANK, CHARLIE, BOB, DORA], ids=lambda actor: str(actor.key))
def test_for_everybody_else_it_is_not_there(app: Flask, portal: Portal, path: str, actor: Actor) -> None:
    client, before = signed_in(app, actor), written(portal)
    listed = {"email": unconfirmed_address(ALICE), "whose": "subscription"}
    assert client.get(path).status_code == 404
    for tail, data in (("", {"email": NEW, "whose": "company"}), ("/again", listed), ("/remove", listed)):
        assert client.post(path + tail, data=data).status_code == 404
    assert written(portal) == before


def test_what_is_of_the_whole_company_its_other_administrators_see_too(
    app: Flask, alice: SiteClient, cast: Cast, path: str
) -> None:
    alice.post(path, data={"email": NEW, "whose": "company"})
    alice.post(path, data={"email": f"own.{NEW}", "whose": "subscription"})
    shown = signed_in(app, FRANK).page(f"/subscriptions/{cast.row(FRANK, 'active').public_id}")
    text = shown.one("div", id="recipients").text
    assert NEW in text and f"own.{NEW}" not in text


def test_without_a_confirmed_one_the_page_says_who_gets_invoices(
    app: Flask, portal: Portal, cast: Cast
) -> None:
    with portal.at(portal.sites["fr"]):
        InvoiceRecipient.delete().execute()
    page = signed_in(app, FRANK).page(f"/subscriptions/{cast.row(FRANK, 'active').public_id}")
    assert FRANK.email in page.one("div", id="recipients").text


def test_a_dead_link_says_so_kindly(fr: SiteClient) -> None:
    answer = fr.get(f"/invoice-address/{'A' * 43}")
    assert answer.status_code == 410
    assert page_of(answer).heading == said(fr, "This link no longer works")
