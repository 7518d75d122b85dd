from __future__ import annotations

from datetime import timedelta

from flask import Flask

from tests.conftest import TestClock
from tests.support.cast import (
    ALICE,
    PASSWORD,
    Cast,
    keep_person,
    place_order,
)
from tests.support.client import (
    SiteClient,
    client_at,
    sign_in,
)
from webapp.assembly import Portal
from webapp.data.subscriptions import Subscription
from webapp.formats import day, money
from webapp.i18n import speaking, speech

FRENCH = speech("fr", "FR")


# ---- the page of one


def test_the_page_of_one_says_all_that_was_promised(alice: SiteClient, portal: Portal, cast: Cast) -> None:
    row = cast.row(ALICE, "active")
    page = alice.page(f"/subscriptions/{row.public_id}")
    with portal.at(portal.sites["fr"]):
        stored = Subscription.get_by_id(row.id)
    with speaking(FRENCH):
        facts = [
            *(row.public_id, row.po_number, row.order_number, stored.product_name),
            *(day(stored.term_end), money(5 * 48000, "EUR"), money(48000, "EUR")),
            *(ALICE.name, ALICE.email, "kanari-fr-ouest AG", "1000001"),
        ]
    for fact in facts:
        assert " ".join(fact.split()) in page.one("main").text, fact
    assert {
        f"/subscriptions/{row.public_id}/{tail}" for tail in ("users", "agreement", "purchase-order")
    } <= set(page.links)


def test_a_pending_one_is_not_managed_yet_and_says_how_it_is_activated(alice: SiteClient, cast: Cast) -> None:
    row = cast.row(ALICE, "pending")
    page = alice.page(f"/subscriptions/{row.public_id}")
    assert f"/subscriptions/{row.public_id}/agreement" in page.links
    assert f"/subscriptions/{row.public_id}/purchase-order" not in page.links
    assert page.one("form", action=f"/subscriptions/{row.public_id}/activation-mail")
    users = alice.page(f"/subscriptions/{row.public_id}/users")
    assert f"/subscriptions/{row.public_id}/agreement" in users.links


def test_a_cancelled_one_says_until_when_it_can_be_used(
    alice: SiteClient, portal: Portal, cast: Cast
) -> None:
    row = cast.row(ALICE, "cancelled")
    with portal.at(portal.sites["fr"]):
        ends_on = Subscription.get_by_id(row.id).ends_on
    with speaking(FRENCH):
        last_day = day(ends_on - timedelta(days=1))
    assert last_day in alice.page(f"/subscriptions/{row.public_id}").one("main").text


def test_a_name_that_is_html_stays_a_name(portal: Portal, app: Flask, clock: TestClock) -> None:
    evil = "<img src=x onerror=alert(1)>"
    with portal.at(portal.sites["fr"]):
        placed = place_order(
            portal,
            ordered_at=clock(),
            purchaser={"name": f"Eve {evil}", "email": "eve@example.com"},
            purchase_order_number=f"{evil}' \"",
            account={
                "customer_number": "1",
                "name": evil,
                "address": {"line1": evil, "city": evil, "country": "FR"},
            },
        )
        keep_person("eve@example.com", name="", now=clock())
    client = sign_in(client_at(app, "fr"), "eve@example.com", PASSWORD)
    for path in (
        "/subscriptions",
        f"/subscriptions/{placed.public_id}",
        f"/subscriptions/{placed.public_id}/agreement",
    ):
        page = client.page(path)
        assert not page.all("img") and evil in page.text
