"""Billing data on the page of a subscription: in place, without JavaScript, and for two windows at once."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.cast import ALICE, BOB, CHARLIE, DORA, FRANK, Actor, Cast
from tests.support.client import PARTIAL, SiteClient, page_of, said, signed_in
from tests.support.page import Page
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.billing import BillingDetails
from webapp.data.outbox import OutboxMessage
from webapp.domain.companies.vat_ids import VatIdMistyped

TYPED = {
    "name": "Bâti-Ouest",
    "line1": "12 quai du Modèle",
    "postal_code": "44000",
    "city": "Nantes",
    "country": "FR",
    "contact_name": "Erin",
    "vat_id": "fr40303265045",
    "id_siret": "73282932000074",
    "buyer_reference": "Chantier 7",
    "version": "0",
}


@pytest.fixture
def manage(cast: Cast) -> str:
    return f"/subscriptions/{cast.row(ALICE, 'active').public_id}"


@pytest.fixture
def path(manage: str) -> str:
    return f"{manage}/billing-details"


def written(portal: Portal) -> tuple[object, ...]:
    with portal.at(portal.sites["fr"]):
        rows = sorted(map(str, BillingDetails.select().tuples()))
        return rows, AuditEvent.select().count(), OutboxMessage.select().count()


def typed_on(page: Page, path: str) -> dict[str, str]:
    form = page.one("form", action=path)
    fields = {field["name"]: field.get("value") for field in form.all("input")}
    chosen = [one for one in form.all("option") if "selected" in one]
    return fields | ({"country": chosen[0]["value"]} if chosen else {})


def test_it_is_edited_on_a_page_of_its_own(alice: SiteClient, portal: Portal, manage: str, path: str) -> None:
    assert alice.page(manage).one("a", id="billing-edit")["href"] == path
    form = alice.page(path)
    before = typed_on(form, path)
    assert (before["version"], before["country"], before["vat_id"]) == ("0", "FR", "")
    answer = alice.post(path, data=before | TYPED)
    assert answer.location == f"{manage}?done=billing"
    page = alice.follow(answer)
    shown = page.one("div", id="billing").text
    for value in ("Bâti-Ouest", "44000 Nantes", "Erin", "FR40303265045", "73282932000074", "Chantier 7"):
        assert value in shown
    assert said(alice, "Billing data") in page.one("ol", id="activity").text
    assert typed_on(alice.page(path), path)["version"] == "1"
    with portal.at(portal.sites["fr"]):
        mails = OutboxMessage.select().where(OutboxMessage.kind == "billing_changed")
        assert {mail.to_email for mail in mails} >= {ALICE.email, FRANK.email}


def test_in_place_the_form_and_the_value_are_fragments(alice: SiteClient, path: str) -> None:
    form = page_of(alice.get(path, headers=PARTIAL))
    assert not form.whole and form.one("div", id="billing").one("form")["hx-post"] == path
    answer = alice.post(path, headers=PARTIAL, data=TYPED)
    value = page_of(answer)
    assert answer.status_code == 200 and not value.whole
    assert "Nantes" in value.one(id="billing").text and value.one(id="billing")["data-announce"]
    assert value.one("ol", id="activity")["hx-swap-oob"]


def test_cancel_leads_back_to_the_page(alice: SiteClient, manage: str, path: str) -> None:
    cancel = alice.page(path).one("div", id="billing").one("a")
    assert alice.get(cancel["href"]).location == manage
    assert not page_of(alice.get(cancel["href"], headers=PARTIAL)).whole


@pytest.mark.parametrize("headers", [{}, PARTIAL])
def test_all_that_is_wrong_is_said_at_once_and_what_was_typed_stays(
    alice: SiteClient, portal: Portal, path: str, headers: dict[str, str]
) -> None:
    before = written(portal)
    wrong = TYPED | {"city": "  ", "vat_id": " FR 40303265046", "id_siret": "12", "buyer_reference": "<b>"}
    answer = alice.post(path, data=wrong, headers=headers)
    page = page_of(answer)
    assert answer.status_code == 422 and page.whole == (not headers)
    links = [link["href"] for link in page.one("div", role="alert").all("a")]
    assert links == ["#city", "#vat_id", "#id_siret"]
    assert said(alice, VatIdMistyped()) in page.one(id="vat_id-error").text
    for name in ("city", "vat_id", "id_siret", "buyer_reference", "name"):
        assert page.one("input", id=name).get("value") == wrong[name]
    assert written(portal) == before


@pytest.mark.parametrize("country", ["", "XX", "<script>"])
def test_a_country_that_is_none_is_refused(
    alice: SiteClient, portal: Portal, path: str, country: str
) -> None:
    before = written(portal)
    answer = alice.post(path, data=TYPED | {"country": country})
    assert answer.status_code == 422
    assert page_of(answer).one(id="country-error")
    assert written(portal) == before


def test_who_comes_second_sees_both_values_and_may_choose(
    app: Flask, alice: SiteClient, manage: str, path: str
) -> None:
    """Frank administers another subscription of the same company."""
    late = signed_in(app, ALICE)
    form = typed_on(late.page(path), path)
    alice.post(path, data=TYPED)
    answer = late.post(path, data=form | TYPED | {"city": "Rennes", "version": "0"})
    page = page_of(answer)
    assert answer.status_code == 409 and page.whole
    note = page.one("div", id="billing")
    assert "Nantes" in note.text and "Rennes" in note.text and ALICE.name in note.text
    assert "12 quai du Modèle" not in note.text  # the same in both
    (keep,) = note.all("a")
    assert late.get(keep["href"]).location == manage
    assert late.submit(note, path).status_code == 303
    assert "Rennes" in late.page(manage).one("div", id="billing").text


def test_another_administrator_of_the_company_is_told_too(
    app: Flask, alice: SiteClient, cast: Cast, path: str
) -> None:
    alice.post(path, data=TYPED)
    frank = signed_in(app, FRANK)
    place = f"/subscriptions/{cast.row(FRANK, 'active').public_id}"
    assert "Nantes" in frank.page(place).one("div", id="billing").text
    answer = frank.post(f"{place}/billing-details", data=TYPED | {"city": "Brest"})
    assert answer.status_code == 409 and ALICE.name in page_of(answer).one("div", id="billing").text


@pytest.mark.parametrize("version", ["", "-1", "7", "x", "1e3", "٣"])
def test_without_the_version_that_was_read_nothing_is_saved(
    alice: SiteClient, portal: Portal, path: str, version: str
) -> None:
    before = written(portal)
    assert alice.post(path, data=TYPED | {"version": version}).status_code == 409
    assert written(portal) == before


@pytest.mark.parametrize("actor", [FRANK, CHARLIE, BOB, DORA], ids=lambda actor: str(actor.key))
def test_for_everybody_else_it_is_not_there(app: Flask, portal: Portal, path: str, actor: Actor) -> None:
    client, before = signed_in(app, actor), written(portal)
    assert client.get(path).status_code == 404
    assert client.get(f"{path}/value").status_code == 404
    assert client.post(path, data=TYPED).status_code == 404
    assert written(portal) == before


@pytest.mark.parametrize("state", ["pending", "ended"])
def test_what_is_not_active_shows_the_address_and_no_way_to_change_it(
    alice: SiteClient, cast: Cast, state: str
) -> None:
    place = f"/subscriptions/{cast.row(ALICE, state).public_id}"
    page = alice.page(place)
    assert page.one("div", id="billing").text and not page.all("a", id="billing-edit")
    assert not page.all("div", id="recipients")
    assert alice.post(f"{place}/billing-details", data=TYPED).status_code == 404


def test_a_site_asks_for_its_own_numbers(app: Flask, cast: Cast) -> None:
    dora = signed_in(app, DORA)
    page = dora.page(f"/subscriptions/{cast.row(DORA, 'active').public_id}/billing-details")
    assert page.one("input", id="id_leitweg_id") and not page.all("input", id="id_siret")


def test_a_page_elsewhere_cannot_decide(alice: SiteClient, portal: Portal, path: str) -> None:
    before = written(portal)
    answer = alice.post(path, data=TYPED, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403 and written(portal) == before


# ---- the number of the next term


def test_the_next_terms_number_is_edited_and_undone_beside_this_ones(
    alice: SiteClient, manage: str, cast: Cast
) -> None:
    number = f"{manage}/purchase-order"
    assert alice.page(manage).one("a", id="po-next-edit")["href"] == f"{number}?term=next"
    page = alice.follow(alice.submit(alice.page(f"{number}?term=next"), number, po_number="4500099999"))
    assert "4500099999" in page.one("div", id="po").text
    assert cast.row(ALICE, "active").po_number in page.one("div", id="po").text
    assert "4500099999" in page.one("ol", id="activity").text
    assert alice.submit(page, number).status_code == 303
    assert "4500099999" not in alice.page(manage).one("div", id="po").text


def test_a_cancelled_one_has_no_next_number(alice: SiteClient, cast: Cast) -> None:
    place = f"/subscriptions/{cast.row(ALICE, 'cancelled').public_id}"
    assert not alice.page(place).all("a", id="po-next-edit")
    assert alice.get(f"{place}/purchase-order?term=next").status_code == 404
    taken = alice.post(f"{place}/purchase-order", data={"term": "next", "po_number": "1", "version": "0"})
    assert taken.status_code == 404
    assert alice.get(f"{place}/purchase-order?term=last").status_code == 404


def test_an_invoice_without_a_number_is_warned_of_until_it_has_one(alice: SiteClient, manage: str) -> None:
    number = f"{manage}/purchase-order"
    assert not alice.page(manage).all("div", id="po-missing")
    answer = alice.post(number, data={"po_number": "", "version": "0"}, headers=PARTIAL)
    assert page_of(answer).one("div", id="po-missing")
    warning = alice.page(manage).one("div", id="po-missing").text
    assert said(alice, "The next invoice would have no purchase order number") in warning
    alice.post(number, data={"po_number": "45", "version": "1", "term": "next"})
    assert not alice.page(manage).all("div", id="po-missing")
