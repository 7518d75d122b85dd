"""To the provider's page and back, with whatever happens there."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from flask import Flask

from tests.support.cast import ALICE, BOB, CHARLIE, DORA, ERIN, FRANK, Actor, Cast
from tests.support.client import PARTIAL, SiteClient, client_at, page_of, said, signed_in
from tests.support.page import Page
from tests.support.stripe_stand_in import signed
from tests.web.test_payment_methods import typed
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.cards import Card, CardSetup
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain.payments.payment_methods import SetUpUnavailable
from webapp.payments import SetUpFailed
from webapp.payments.stand_in import SECRET


@pytest.fixture
def manage(cast: Cast) -> str:
    return f"/subscriptions/{cast.row(ALICE, 'active').public_id}"


@pytest.fixture
def path(manage: str) -> str:
    return f"{manage}/payment-method"


def written(portal: Portal) -> tuple[object, ...]:
    """All but that somebody went to the provider."""
    with portal.at(portal.sites["fr"]):
        rows = sorted(map(str, Subscription.select().tuples())), sorted(map(str, Card.select().tuples()))
        return *rows, AuditEvent.select().count(), OutboxMessage.select().count()


def go(client: SiteClient, path: str) -> Page:
    """Our page with the link to the provider."""
    return client.follow(client.submit(client.page(path), f"{path}/card"))


def provider_link(page: Page) -> str:
    (found,) = (link for link in page.links if "/card-provider/" in link)
    return found


def at_provider(app: Flask, page: Page, card: str) -> Page:
    """What somebody does there; another browser, since nothing of ours goes with them."""
    stranger, address = client_at(app, None), urlsplit(provider_link(page)).path
    assert stranger.page(address).all("button", name="card")
    return stranger.follow(stranger.post(address, data={"card": card}))


def local(link: str) -> str:
    parts = urlsplit(link)
    assert parts.hostname == "fr.localhost"
    return f"{parts.path}?{parts.query}"


def back_link(page: Page, where: str) -> str:
    (found,) = (link for link in page.links if where in link)
    return local(found)


def test_from_invoice_to_a_card_and_to_another(
    app: Flask, alice: SiteClient, portal: Portal, manage: str, path: str
) -> None:
    leaving = go(alice, path)
    assert urlsplit(provider_link(leaving)).hostname == "localhost"
    assert not [form for form in leaving.all("form") if "card" in form.get("action")], "a link, and no form"
    back = back_link(at_provider(app, leaving, "visa"), "/card/return")
    answer = alice.get(back)
    assert answer.location == f"{manage}?done=payment"
    done = alice.follow(answer)
    assert "•••• 4242" in done.text
    page = alice.page(path)
    assert "Visa" in page.text and "•••• 4242" in page.text and "04/2031" in page.text
    assert said(alice, "Use another card") in page.text
    assert alice.get(back).location == f"{manage}?done=payment", "again, and nothing happens"
    alice.get(back_link(at_provider(app, go(alice, path), "mastercard"), "/card/return"))
    assert "•••• 4444" in alice.page(path).text
    with portal.at(portal.sites["fr"]):
        mails = OutboxMessage.select().where(OutboxMessage.kind == "payment_changed")
        assert [mail.to_email for mail in mails] == [ALICE.email] * 2
        assert Card.select().where(Card.ended_at.is_null()).count() == 1


def test_who_turns_back_or_is_refused_pays_as_before(
    app: Flask, alice: SiteClient, portal: Portal, path: str
) -> None:
    before = written(portal)
    leaving = go(alice, path)
    refused = at_provider(app, leaving, "refused")
    page = alice.page(back_link(refused, "card=cancelled"))
    assert said(alice, "No card was saved. You pay as before.") in page.text
    with portal.at(portal.sites["fr"]):
        key = CardSetup.get().key
    page = alice.follow(alice.get(f"{path}/card/return?setup={key}"))
    assert (
        said(alice, "The payment provider has not confirmed a card yet. Until it does, you pay as before.")
        in page.text
    )
    assert written(portal) == before


def test_the_providers_own_message_counts_and_coming_back_then_is_no_surprise(
    app: Flask, alice: SiteClient, portal: Portal, manage: str, path: str
) -> None:
    back = back_link(at_provider(app, go(alice, path), "amex"), "/card/return")
    with portal.at(portal.sites["fr"]):
        session = CardSetup.get().session
    event = json.dumps({"type": "checkout.session.completed", "data": {"object": {"id": session}}})
    machine = client_at(app, "fr")

    def tell(secret: str) -> int:
        headers = {**signed(event, secret), "Sec-Fetch-Site": "cross-site"}
        return machine.post("/payments/card-events", data=event, headers=headers).status_code

    before = written(portal)
    assert tell(f"{SECRET}_de") == 400 and written(portal) == before
    assert tell(f"{SECRET}_fr") == 204
    told = written(portal)
    assert told != before and "8431" in alice.page(path).text
    assert tell(f"{SECRET}_fr") == 204
    assert alice.get(back).location == f"{manage}?done=payment"
    assert written(portal) == told


def test_what_was_changed_meanwhile_is_shown_and_stays(
    app: Flask, alice: SiteClient, portal: Portal, path: str
) -> None:
    back = back_link(at_provider(app, go(alice, path), "visa"), "/card/return")
    alice.post(f"{path}/direct-debit", data=typed(portal))
    before = written(portal)
    answer = alice.get(back)
    page = page_of(answer)
    assert answer.status_code == 409
    assert "2606" in page.one("div", id="payment").text and ALICE.name in page.one("div", role="alert").text
    assert written(portal) == before
    stale = alice.post(f"{path}/card", data={"version": "0"}, headers=PARTIAL)
    assert stale.status_code == 409 and not page_of(stale).whole


def test_a_provider_out_of_order_is_said_and_changes_nothing(
    app: Flask, alice: SiteClient, portal: Portal, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaving = go(alice, path)
    back = back_link(at_provider(app, leaving, "visa"), "/card/return")

    def fail(*_args: object) -> None:
        raise SetUpFailed("unavailable")

    before = written(portal)
    monkeypatch.setattr(type(portal.cards), "card_of", fail)
    monkeypatch.setattr(type(portal.cards), "begin", fail)
    for answer in (alice.get(back), alice.post(f"{path}/card", data={"version": "0"})):
        assert answer.status_code == 409
        assert said(alice, SetUpUnavailable()) in page_of(answer).one("div", role="alert").text
    with portal.at(portal.sites["fr"]):
        session = CardSetup.get().session
    event = json.dumps({"type": "checkout.session.completed", "data": {"object": {"id": session}}})
    message = client_at(app, "fr").post(
        "/payments/card-events", data=event, headers=signed(event, f"{SECRET}_fr")
    )
    assert message.status_code == 503, "it comes again"
    assert written(portal) == before


@pytest.mark.parametrize("actor", [ERIN, FRANK, CHARLIE, BOB, DORA], ids=lambda actor: str(actor.key))
def test_what_somebody_began_is_nobody_elses(
    app: Flask, alice: SiteClient, portal: Portal, path: str, actor: Actor
) -> None:
    """Not even of who may do the same."""
    at_provider(app, go(alice, path), "visa")
    with portal.at(portal.sites["fr"]):
        key = CardSetup.get().key
    other, before = signed_in(app, actor), written(portal)
    for tail in ("card", "card/return"):
        answer = other.get(f"{path}/{tail}?setup={key}")
        assert answer.status_code == (303 if actor == ERIN else 404)
        assert answer.location == (path if actor == ERIN else None)
    assert written(portal) == before


def test_without_stripes_keys_no_card_is_offered(
    alice: SiteClient, portal: Portal, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(portal.cards), "offers", lambda _self, _site: False)
    assert not alice.page(path).all("form", action=f"{path}/card")
    assert alice.post(f"{path}/card", data={"version": "0"}).status_code == 409
