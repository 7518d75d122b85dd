"""What an invoice would lack is said before it is issued, and can be entered there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.cast import ALICE, CHARLIE, ERIN, Cast
from tests.support.client import SiteClient, page_of, said, signed_in
from tests.support.page import Page
from webapp.assembly import Portal
from webapp.data.accounts import Account
from webapp.data.billing import BillingDetails, Invoice
from webapp.data.issued import from_json
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import PENDING, Subscription
from webapp.domain.invoices import billing_details

SIRET = "73282932000074"


@pytest.fixture
def without_po(portal: Portal, cast: Cast) -> str:
    """Alice's pending one, ordered without a purchase order number. Its public id."""
    row = cast.row(ALICE, "pending")
    with portal.at(portal.sites["fr"]):
        Subscription.update(po_number="").where(Subscription.id == row.id).execute()
    return row.public_id


def agreement(client: SiteClient, public_id: str) -> Page:
    return client.page(f"/subscriptions/{public_id}/agreement")


def activate(client: SiteClient, public_id: str, **typed: str) -> object:
    page = agreement(client, public_id)
    return client.submit(page, f"/subscriptions/{public_id}/activate", **typed)


@pytest.fixture
def first_invoice(portal: Portal) -> Callable[[str], Invoice]:
    def find(public_id: str) -> Invoice:
        with portal.at(portal.sites["fr"]):
            return Invoice.select().join(Subscription).where(Subscription.public_id == public_id).get()

    return find


def company() -> Account:
    """Alice's, at the bound site."""
    return Account.get(Account.customer_number == ALICE.company.number)


def stored(portal: Portal, public_id: str) -> Subscription:
    with portal.at(portal.sites["fr"]):
        return Subscription.get(Subscription.public_id == public_id)


def test_the_agreement_asks_for_what_the_first_invoice_would_lack(
    alice: SiteClient, without_po: str, cast: Cast
) -> None:
    page = agreement(alice, without_po)
    fieldset = page.one("fieldset")
    assert {field["name"] for field in fieldset.all("input")} == {"po_number", "id_siret"}
    complete = agreement(alice, cast.row(ALICE, "last-days").public_id)
    names = {field.get("name") for field in complete.all("input")}
    assert "po_number" not in names and "id_siret" in names


def test_what_is_typed_there_is_on_the_first_invoice(
    alice: SiteClient, without_po: str, first_invoice: Callable[[str], Invoice], portal: Portal
) -> None:
    answer = activate(alice, without_po, po_number=" BC 2026-7 ", id_siret="732 829 320 00074")
    assert answer.status_code == 303
    content = from_json(first_invoice(without_po).content)
    assert content.po_number == "BC 2026-7" and content.buyer.ids["siret"] == SIRET
    assert stored(portal, without_po).po_number == "BC 2026-7"
    with portal.at(portal.sites["fr"]):
        told = [message.kind for message in OutboxMessage.select()]
        assert "billing_changed" in told
        assert billing_details.shown_details(company()).values["id_siret"] == SIRET


def test_nothing_has_to_be_typed(
    alice: SiteClient, without_po: str, first_invoice: Callable[[str], Invoice], portal: Portal
) -> None:
    assert activate(alice, without_po).status_code == 303
    content = from_json(first_invoice(without_po).content)
    assert content.po_number == "" and "siret" not in content.buyer.ids
    with portal.at(portal.sites["fr"]):
        assert not BillingDetails.select().where(BillingDetails.account == content.customer_number).exists()


WRONG = {
    "a SIRET with a wrong digit": {"id_siret": "73282932000075"},
    "a SIRET that is none": {"id_siret": "no number"},
    "a purchase order number that is too long": {"po_number": "4" * 90},
    "one that can't be printed": {"po_number": "a\x07b"},
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_and_nothing_is_lost_or_activated(
    what: str, alice: SiteClient, without_po: str, portal: Portal
) -> None:
    typed = {"po_number": "BC 2026-7", "id_siret": SIRET} | WRONG[what]
    answer = activate(alice, without_po, **typed)
    assert answer.status_code == 422
    page = page_of(answer)
    shown = {field["name"]: field.get("value") for field in page.one("fieldset").all("input")}
    assert shown == typed and page.one("div", role="alert").text
    assert [field["name"] for field in page.all("input", aria_invalid="true")] == list(WRONG[what])
    assert stored(portal, without_po).status == PENDING
    with portal.at(portal.sites["fr"]):
        assert not Invoice.select().join(Subscription).where(Subscription.public_id == without_po).exists()


def test_a_text_that_changed_meanwhile_comes_first_and_keeps_what_was_typed(
    alice: SiteClient, without_po: str
) -> None:
    typed = {"po_number": "4" * 90, "id_siret": SIRET, "agreement": "0" * 64}
    answer = activate(alice, without_po, **typed)
    assert answer.status_code == 409
    shown = {field["name"]: field.get("value") for field in page_of(answer).one("fieldset").all("input")}
    assert shown == {"po_number": "4" * 90, "id_siret": SIRET}


def test_a_number_that_somebody_entered_meanwhile_is_never_replaced(
    app: Flask, alice: SiteClient, without_po: str, cast: Cast, portal: Portal
) -> None:
    page = agreement(alice, without_po)
    other = "40483304800022"
    path = f"/subscriptions/{cast.row(ALICE, 'active').public_id}/billing-details"
    erin = signed_in(app, ERIN)
    form = erin.page(path).one("form", action=path)
    shown = {field["name"]: field.get("value") for field in form.all("input")}
    sent = {**shown, "country": "FR", "id_siret": other}
    assert erin.post(path, data=sent).status_code == 303
    answer = alice.submit(page, f"/subscriptions/{without_po}/activate", po_number="kept", id_siret=SIRET)
    assert answer.status_code == 409
    told = page_of(answer)
    assert told.one("input", id="po_number")["value"] == "kept"
    assert [strong.text for strong in told.one("div", class_="diff").all("strong")] == [other, SIRET]
    assert stored(portal, without_po).status == PENDING and stored(portal, without_po).po_number == ""
    with portal.at(portal.sites["fr"]):
        assert billing_details.shown_details(company()).values["id_siret"] == other
    again = alice.submit(page_of(answer), f"/subscriptions/{without_po}/activate")
    assert again.status_code == 303
    assert stored(portal, without_po).po_number == "kept"


# ---- before the invoices that come


def test_the_page_of_a_subscription_warns_before_the_next_invoice(
    alice: SiteClient, cast: Cast, portal: Portal
) -> None:
    row = cast.row(ALICE, "active")
    address = f"/subscriptions/{row.public_id}/billing-details"
    page = alice.page(f"/subscriptions/{row.public_id}")
    warning = page.one("div", id="ids-missing")
    assert said(alice, "SIRET number") in warning.text
    assert address in [link["href"] for link in warning.all("a")]
    ended = alice.page(f"/subscriptions/{cast.row(ALICE, 'ended').public_id}")
    assert not ended.all("div", id="ids-missing"), "nothing comes any more"


def test_the_page_of_invoices_warns_of_all_that_come(app: Flask, cast: Cast, portal: Portal) -> None:
    row, charlie = cast.row(CHARLIE, "active"), signed_in(app, CHARLIE)
    links = charlie.page("/invoices").links
    assert f"/subscriptions/{row.public_id}/billing-details" in links
    assert f"/subscriptions/{row.public_id}/purchase-order" not in links
    with portal.at(portal.sites["fr"]):
        Subscription.update(po_number="").where(Subscription.id == row.id).execute()
        account = Account.get(Account.customer_number == CHARLIE.company.number)
        BillingDetails.update(vat_id="FR11123456782").where(BillingDetails.account == account).execute()
    links = charlie.page("/invoices").links
    assert f"/subscriptions/{row.public_id}/billing-details" not in links
    assert f"/subscriptions/{row.public_id}/purchase-order" in links
    with portal.at(portal.sites["fr"]):
        Subscription.update(next_po_number="BC 7").where(Subscription.id == row.id).execute()
    assert f"/subscriptions/{row.public_id}/purchase-order" not in charlie.page("/invoices").links
