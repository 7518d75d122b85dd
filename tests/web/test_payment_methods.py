"""The page of the payment method: what is offered, what is refused, and what was chosen before."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.cast import ALICE, BOB, CHARLIE, DORA, FRANK, Actor, Cast
from tests.support.client import PARTIAL, SiteClient, page_of, said, signed_in
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.mandates import Mandate
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain.payments.payment_methods import (
    IbanCountryNotTaken,
    IbanMisshapen,
    IbanMistyped,
    MandateNotAccepted,
    SetUpUnavailable,
)
from webapp.payments import DIRECT_DEBIT, Instrument, SetUpFailed, Wanted

IBAN = "FR14 2004 1010 0505 0001 3M02 606"


@pytest.fixture
def manage(cast: Cast) -> str:
    return f"/subscriptions/{cast.row(ALICE, 'active').public_id}"


@pytest.fixture
def path(manage: str) -> str:
    return f"{manage}/payment-method"


def written(portal: Portal) -> tuple[object, ...]:
    with portal.at(portal.sites["fr"]):
        rows = sorted(map(str, Subscription.select().tuples())), sorted(map(str, Mandate.select().tuples()))
        return *rows, AuditEvent.select().count(), OutboxMessage.select().count()


def typed(portal: Portal, **changes: str) -> dict[str, str]:
    text = portal.sites["fr"].agreement("direct-debit-mandate", "fr")
    shown = {"mandate": text.sha256, "language": "fr", "version": "0"}
    return shown | {"holder": "Bâti-Ouest", "iban": IBAN, "accepted": "yes"} | changes


def test_from_invoice_to_direct_debit_and_back(
    alice: SiteClient, portal: Portal, manage: str, path: str
) -> None:
    assert path in alice.page(manage).links
    page = alice.page(path)
    assert not page.all("form", action=f"{path}/invoice")
    answer = alice.submit(page, f"{path}/direct-debit", holder="Bâti-Ouest", iban=IBAN)
    assert answer.location == f"{manage}?done=payment"
    done = alice.follow(answer)
    assert "•••• 2606" in done.text and "2004" not in done.text
    assert said(alice, "Payment method changed:") in done.one("ol", id="activity").text
    page = alice.page(path)
    assert "FR •••• 2606" in page.text and "Bâti-Ouest" in page.text and IBAN not in page.text
    assert page.one("input", id="iban").get("value") == ""
    assert alice.submit(page, f"{path}/invoice").location == f"{manage}?done=payment"
    page = alice.page(path)
    assert len(page.one("section", aria_labelledby="history-h").all("li")) == 2
    with portal.at(portal.sites["fr"]):
        mails = OutboxMessage.select().where(OutboxMessage.kind == "payment_changed")
        assert [mail.to_email for mail in mails] == [ALICE.email] * 2


def test_the_mandate_is_read_before_it_is_given(alice: SiteClient, portal: Portal, path: str) -> None:
    shown = alice.page(path).one("div", class_="mandate").text
    site = portal.sites["fr"]
    assert site.direct_debit and site.direct_debit.creditor_id in shown
    assert "checked" not in alice.page(path).one("input", id="accepted")


@pytest.mark.parametrize("headers", [{}, PARTIAL])
@pytest.mark.parametrize(
    ("wrong", "field", "refusal"),
    [
        ({"iban": "FR14 2004"}, "iban", IbanMisshapen()),
        ({"iban": "FR15 2004 1010 0505 0001 3M02 606"}, "iban", IbanMistyped()),
        ({"iban": "GB29 NWBK 6016 1331 9268 19"}, "iban", IbanCountryNotTaken("GB")),
        ({"accepted": ""}, "accepted", MandateNotAccepted()),
    ],
    ids=["incomplete", "check digits", "country", "not accepted"],
)
def test_a_refusal_stands_at_its_field_and_what_was_typed_stays(
    alice: SiteClient,
    portal: Portal,
    path: str,
    wrong: dict[str, str],
    field: str,
    refusal: Exception,
    headers: dict[str, str],
) -> None:
    before = written(portal)
    data = {name: value for name, value in typed(portal, **wrong).items() if value}
    answer = alice.post(f"{path}/direct-debit", data=data, headers=headers)
    page = page_of(answer)
    assert answer.status_code == 422 and page.whole == (not headers)
    assert page.one("div", role="alert").one("a")["href"] == f"#{field}"
    with portal.at(portal.sites["fr"]):
        assert said(alice, refusal) in page.one("span", id=f"{field}-error").text
    assert page.one("input", id="iban")["value"] == data["iban"]
    assert page.one("input", id="holder")["value"] == "Bâti-Ouest"
    assert written(portal) == before


def test_an_empty_form_is_told_everything_at_once(alice: SiteClient, portal: Portal, path: str) -> None:
    before = written(portal)
    answer = alice.post(f"{path}/direct-debit", data=typed(portal, holder="", iban="", accepted=""))
    page = page_of(answer)
    assert answer.status_code == 422
    assert [link["href"] for link in page.one("div", role="alert").all("a")] == [
        "#holder",
        "#iban",
        "#accepted",
    ]
    assert all(page.one("span", id=f"{field}-error") for field in ("holder", "iban", "accepted"))
    assert written(portal) == before


def test_who_comes_second_sees_what_is_saved_and_may_still_choose(
    app: Flask, alice: SiteClient, portal: Portal, path: str
) -> None:
    alice.post(f"{path}/direct-debit", data=typed(portal))
    late = signed_in(app, ALICE)
    before = written(portal)
    for headers in ({}, PARTIAL):
        data = typed(portal, iban="DE89370400440532013000")
        answer = late.post(f"{path}/direct-debit", data=data, headers=headers)
        page = page_of(answer)
        assert answer.status_code == 409 and page.whole == (not headers)
        note = page.one("div", id="payment")
        assert "2606" in note.text and ALICE.name in note.one("div", role="alert").text
        assert note.one("input", id="iban")["value"] == "DE89370400440532013000"
    assert written(portal) == before
    assert late.submit(note, f"{path}/direct-debit").status_code == 303
    assert "3000" in late.page(path).text


def test_a_newer_mandate_is_read_before_it_is_given(alice: SiteClient, portal: Portal, path: str) -> None:
    before = written(portal)
    answer = alice.post(f"{path}/direct-debit", data=typed(portal, mandate="0" * 64))
    assert answer.status_code == 409 and page_of(answer).one("div", role="alert")
    assert written(portal) == before


@pytest.mark.parametrize("headers", [{}, PARTIAL])
def test_a_service_out_of_order_is_said_and_changes_nothing(
    alice: SiteClient, portal: Portal, path: str, headers: dict[str, str]
) -> None:
    class Broken:
        method = DIRECT_DEBIT

        def set_up(self, wanted: Wanted) -> Instrument:
            raise SetUpFailed("unavailable")

    portal.__dict__["payments"] = {DIRECT_DEBIT: Broken()}
    before = written(portal)
    answer = alice.post(f"{path}/direct-debit", data=typed(portal), headers=headers)
    assert answer.status_code == 409
    note = page_of(answer).one("div", role="alert").text
    assert said(alice, SetUpUnavailable()) in note
    assert page_of(answer).one("input", id="iban")["value"] == IBAN
    assert written(portal) == before


@pytest.mark.parametrize("actor", [FRANK, CHARLIE, BOB, DORA], ids=lambda actor: str(actor.key))
def test_for_everybody_else_it_is_not_there(app: Flask, portal: Portal, path: str, actor: Actor) -> None:
    client, before = signed_in(app, actor), written(portal)
    assert client.get(path).status_code == 404
    assert client.post(f"{path}/invoice", data={"version": "0"}).status_code == 404
    assert client.post(f"{path}/direct-debit", data=typed(portal)).status_code == 404
    assert written(portal) == before


@pytest.mark.parametrize("state", ["pending", "ended", "lapsed", "withdrawn"])
def test_what_is_not_active_has_no_such_page(
    alice: SiteClient, portal: Portal, cast: Cast, state: str
) -> None:
    place = f"/subscriptions/{cast.row(ALICE, state).public_id}/payment-method"
    before = written(portal)
    assert alice.get(place).status_code == 404
    assert alice.post(f"{place}/direct-debit", data=typed(portal)).status_code == 404
    assert written(portal) == before


def test_a_card_is_shown_as_what_the_shop_sent(
    alice: SiteClient, portal: Portal, cast: Cast, path: str
) -> None:
    with portal.at(portal.sites["fr"]):
        row = Subscription.id == cast.row(ALICE, "active").id
        Subscription.update(payment_method="credit_card").where(row).execute()
    page = alice.page(path)
    kept = "The card that was given in the shop with the order. It is kept there."
    assert said(alice, kept) in page.text
    assert page.one("form", action=f"{path}/invoice") and page.one("form", action=f"{path}/direct-debit")


def test_a_page_elsewhere_cannot_decide(alice: SiteClient, portal: Portal, path: str) -> None:
    before = written(portal)
    for tail in ("invoice", "direct-debit"):
        answer = alice.post(f"{path}/{tail}", data=typed(portal), headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
    assert written(portal) == before
