from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import TestClock
from tests.support.cast import ALICE, BOB, PASSWORD, Cast, keep_person, place_order
from tests.support.client import SiteClient, client_at, page_of, said, sign_in, signed_in
from tests.support.letters import fetch_letters
from tests.web.conftest import CastEngine, new_app
from webapp.assembly import Portal
from webapp.config import resource_folder
from webapp.data.agreements import Acceptance, AcceptedText
from webapp.data.audit import AuditEvent
from webapp.data.billing import Invoice
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain import audit
from webapp.domain.calendar import activation_deadline
from webapp.domain.lifecycle.activation import (
    ActivationWindowClosed,
    AgreementChanged,
    AlreadyActive,
    OrderWithdrawn,
)
from webapp.domain.orders import order_corrections
from webapp.domain.subscriptions import agreements

OLGA = "olga@example.com"


def activate(client: SiteClient, public_id: str) -> object:
    return client.submit(client.page(f"/subscriptions/{public_id}/agreement"))


# ---- from the letter to the active subscription


def test_the_letter_leads_through_sign_in_to_the_agreement_and_the_button_activates(
    app: Flask, portal: Portal, clock: TestClock
) -> None:
    with portal.at(portal.sites["fr"]):
        ordered = place_order(portal, ordered_at=clock(), order_number="0314100777")
        keep_person(OLGA, name="Olga", now=clock())
    (letter,) = fetch_letters(portal, "fr")
    fr = client_at(app, "fr")
    page = page_of(fr.get(fr.get(letter.path).location))
    agreement = fr.follow(fr.submit(page, "/sign-in", email=OLGA, password=PASSWORD))
    answer = fr.submit(agreement)
    assert answer.location == f"/subscriptions/{ordered.public_id}?done=activated"
    page = fr.follow(answer)
    assert page.one("div", role="status").text
    assert not page.all("form", action=f"/subscriptions/{ordered.public_id}/activation-mail")
    assert "/subscriptions/" + ordered.public_id + "/purchase-order" in page.links
    assert {letter.to for letter in fetch_letters(portal, "fr")} == {OLGA}  # the confirmation, the invoice


def test_the_button_stands_inside_the_agreement_after_its_whole_text(
    alice: SiteClient, portal: Portal, cast: Cast
) -> None:
    page = alice.page(f"/subscriptions/{cast.row(ALICE, 'pending').public_id}/agreement")
    text = portal.sites["fr"].agreement("software", "fr")
    article = page.one("article")
    button = article.one("form", method="post")
    assert (
        button.one("input", name="agreement")["value"]
        == text.sha256
        == sha256(text.text.encode()).hexdigest()
    )
    shown = article.one("div", class_="agreement")
    assert shown["lang"] == "fr"
    order = [element for element in article.inside if element in (shown, button)]
    assert order == [shown, button]
    for line in text.text.splitlines():
        words = line.lstrip("#-0123456789. ").replace("**", "").strip()
        assert " ".join(words.split()) in shown.text


def test_who_accepted_what_and_when_is_kept_word_for_word(
    alice: SiteClient, portal: Portal, cast: Cast, clock: TestClock
) -> None:
    row = cast.row(ALICE, "pending")
    clock.forward(hours=3, microseconds=7)
    activate(alice, row.public_id)
    text = portal.sites["fr"].agreement("software", "fr")
    with portal.at(portal.sites["fr"]):
        acceptance = Acceptance.get(Acceptance.subscription == row.id)
        stored = AcceptedText.get(AcceptedText.sha256 == acceptance.text_id)
        assert (acceptance.person_id, acceptance.accepted_at) == (cast.person_ids[ALICE], clock())
        assert (stored.version, stored.language, acceptance.language) == (text.version, "fr", "fr")
        assert stored.text == text.text and stored.sha256 == sha256(stored.text.encode()).hexdigest()
        subscription = Subscription.get_by_id(row.id)
        assert (subscription.status, subscription.activated_at) == ("active", clock())
        event = (
            AuditEvent.select()
            .where(AuditEvent.action == audit.SUBSCRIPTION_ACTIVATED)
            .order_by(-AuditEvent.id)
        )
        assert event.get().actor_id == cast.person_ids[ALICE]
    page = alice.page(f"/subscriptions/{row.public_id}/agreement")
    assert ALICE.name in page.text and not page.one("article").all("form")


def test_the_first_invoice_is_issued_once(
    alice: SiteClient, portal: Portal, cast: Cast, clock: TestClock
) -> None:
    row = cast.row(ALICE, "pending")
    activate(alice, row.public_id)
    with portal.at(portal.sites["fr"]):
        (invoice,) = Invoice.select().where(Invoice.subscription == row.id)
        assert (invoice.state, invoice.net, invoice.currency) == ("open", 5 * 48000, "EUR")
        assert invoice.number and invoice.tax == 48000
        assert (invoice.period_start, invoice.po_number) == (clock().date(), row.po_number)


def test_a_second_click_is_harmless(app: Flask, alice: SiteClient, portal: Portal, cast: Cast) -> None:
    """Two windows, one button each: the later one finds what is done, and nothing is there twice."""
    row, other = cast.row(ALICE, "pending"), signed_in(app, ALICE)
    path = f"/subscriptions/{row.public_id}/agreement"
    first, second = alice.page(path), other.page(path)
    assert alice.submit(first).location == f"/subscriptions/{row.public_id}?done=activated"
    for client, page in ((other, second), (alice, first)):
        assert client.submit(page).location == f"/subscriptions/{row.public_id}"
    with portal.at(portal.sites["fr"]):
        for model in (Acceptance, Invoice):
            assert model.select().where(model.subscription == row.id).count() == 1
        kind = OutboxMessage.kind == "activation_confirmed"
        assert OutboxMessage.select().where(OutboxMessage.subscription == row.id, kind).count() == 1


def test_only_the_administrator_activates(app: Flask, portal: Portal, cast: Cast) -> None:
    """Not a colleague of the same company, even with everything that the form holds."""
    row = cast.row(ALICE, "pending")
    bob = signed_in(app, BOB)
    body = {"agreement": portal.sites["fr"].agreement("software", "fr").sha256, "language": "fr"}
    assert bob.post(f"/subscriptions/{row.public_id}/activate", data=body).status_code == 404
    with portal.at(portal.sites["fr"]):
        assert Subscription.get_by_id(row.id).status == "pending"


def test_it_works_from_the_list_when_the_letter_is_lost(alice: SiteClient, cast: Cast) -> None:
    row = cast.row(ALICE, "pending")
    page = alice.page("/subscriptions")
    link = f"/subscriptions/{row.public_id}/agreement"
    assert link in page.links
    assert alice.submit(alice.page(link)).status_code == 303


# ---- the agreement changes


@pytest.fixture
def tenants(tmp_path: Path) -> Path:
    """A copy in which new versions can be published."""
    return Path(shutil.copytree(resource_folder("tenants"), tmp_path / "tenants"))


@pytest.fixture
def published(make_portal: Callable[..., Portal], engine: CastEngine, tenants: Path) -> Portal:
    return make_portal(engine, PORTAL_TENANTS=str(tenants))


def publish(tenants: Path, version: str, text: str) -> None:
    (tenants / "fr" / "agreements" / f"software-{version}.fr.md").write_text(text, encoding="utf-8")


def test_a_version_published_meanwhile_must_be_read_first(
    published: Portal, tenants: Path, cast: Cast
) -> None:
    row = cast.row(ALICE, "pending")
    alice = signed_in(new_app(published), ALICE)
    page = alice.page(f"/subscriptions/{row.public_id}/agreement")
    publish(tenants, "4.10", "# Contrat\n\nTout est nouveau.\n")
    answer = alice.submit(page)
    again = page_of(answer)
    assert answer.status_code == 409
    assert said(alice, AgreementChanged(None)) in again.one("div", role="alert").text  # type: ignore[arg-type]
    assert "Tout est nouveau." in again.one("div", class_="agreement").text and "4.10" in again.text
    with published.at(published.sites["fr"]):
        assert not Acceptance.select().where(Acceptance.subscription == row.id).exists()
        assert not Invoice.select().where(Invoice.subscription == row.id).exists()
    assert alice.submit(again).location == f"/subscriptions/{row.public_id}?done=activated"
    with published.at(published.sites["fr"]):
        accepted = Acceptance.get(Acceptance.subscription == row.id).text
        assert (accepted.version, accepted.text) == ("4.10", "# Contrat\n\nTout est nouveau.\n")


@pytest.mark.parametrize("sent", ["", "0" * 64, "unknown"])
def test_a_form_without_the_texts_hash_activates_nothing(sent: str, alice: SiteClient, cast: Cast) -> None:
    path = f"/subscriptions/{cast.row(ALICE, 'pending').public_id}/activate"
    assert alice.post(path, data={"agreement": sent}).status_code == 409
    assert alice.post(path).status_code == 409


def test_what_was_accepted_is_shown_whatever_is_published_later(
    published: Portal, tenants: Path, cast: Cast
) -> None:
    row = cast.row(ALICE, "active")
    alice = signed_in(new_app(published), ALICE)
    path = f"/subscriptions/{row.public_id}/agreement"
    before = alice.page(path).one("div", class_="agreement").text
    publish(tenants, "5.0", "# Contrat\n\nTout est nouveau.\n")
    assert alice.page(path).one("div", class_="agreement").text == before


def test_html_in_an_agreement_stays_text(published: Portal, tenants: Path, cast: Cast) -> None:
    publish(
        tenants, "5.0", "# A\n\n<script>alert(1)</script> <b onclick='x'>b</b> [x](javascript:alert(1))\n"
    )
    alice = signed_in(new_app(published), ALICE)
    page = alice.page(f"/subscriptions/{cast.row(ALICE, 'pending').public_id}/agreement")
    shown = page.one("div", class_="agreement")
    assert "<script>alert(1)</script>" in shown.text and not shown.all("b") and not shown.all("a")


@pytest.mark.parametrize(
    ("code", "chosen", "text_language"), [("ch", "fr_CH", "fr_CH"), ("ch", "it_CH", "it_CH")]
)
def test_the_language_that_was_shown_is_kept_beside_that_of_the_text(
    code: str, chosen: str, text_language: str, portal: Portal, clock: TestClock
) -> None:
    with portal.at(portal.sites[code]):
        ordered = place_order(portal, ordered_at=clock(), unit_price="504")
        keep_person(OLGA, name="Olga", now=clock())
    client = sign_in(client_at(new_app(portal), code), OLGA, PASSWORD)
    client.post("/language", data={"language": chosen})
    activate(client, ordered.public_id)
    with portal.at(portal.sites[code]):
        acceptance = Acceptance.get()
        assert (acceptance.language, acceptance.text.language) == (chosen, text_language)


# ---- ninety days


@pytest.mark.parametrize("code", ["fr", "us", "jp"])
@pytest.mark.parametrize(
    "ordered_at", [datetime(2026, 9, 14, 21, 30, tzinfo=UTC), datetime(2027, 1, 2, 3, tzinfo=UTC)]
)
def test_the_last_second_of_local_day_90_activates_and_the_next_does_not(
    code: str, ordered_at: datetime, portal: Portal, clock: TestClock
) -> None:
    """Across the changes of clocks in autumn and in spring."""
    site = portal.sites[code]
    clock.now = ordered_at
    with portal.at(site):
        first, second = (
            place_order(portal, ordered_at=ordered_at, order_number=number, unit_price="500")
            for number in ("0314100901", "0314100902")
        )
        keep_person(OLGA, name="Olga", now=ordered_at)
    deadline = activation_deadline(ordered_at, site.time_zone)
    assert (
        deadline.astimezone(site.time_zone).date() - ordered_at.astimezone(site.time_zone).date()
    ).days == 91
    clock.now = deadline - timedelta(seconds=1)
    assert clock().astimezone(site.time_zone).strftime("%H:%M:%S") == "23:59:59"
    client = sign_in(client_at(new_app(portal), code), OLGA, PASSWORD)
    assert activate(client, first.public_id).status_code == 303  # type: ignore[attr-defined]
    late = client.page(f"/subscriptions/{second.public_id}/agreement")
    clock.now = deadline
    assert client.submit(late).status_code == 404
    assert client.get(f"/subscriptions/{second.public_id}").status_code == 404
    answer = client.get("/activate/0314100902")
    assert answer.status_code == 410
    assert said(client, ActivationWindowClosed(ordered_at)) in page_of(answer).text
    with portal.at(site):
        assert Subscription.get_by_id(first.id).activated_at == deadline - timedelta(seconds=1)
        assert Subscription.get_by_id(second.id).activated_at is None
        assert not Invoice.select().where(Invoice.subscription == second.id).exists()


@pytest.mark.parametrize("state", ["lapsed", "marked"])
def test_a_link_that_came_too_late_says_so_kindly(state: str, alice: SiteClient, cast: Cast) -> None:
    row = cast.row(ALICE, state)
    answer = alice.get(f"/activate/{row.order_number}")
    page = page_of(answer)
    assert answer.status_code == 410
    assert said(alice, ActivationWindowClosed(datetime.now(UTC))) in page.text
    assert row.order_number in page.text and alice.site and alice.site.support_email in page.text
    assert row.public_id not in alice.page("/subscriptions").text


def test_the_link_of_a_withdrawn_order_says_so(alice: SiteClient, cast: Cast) -> None:
    answer = alice.get(f"/activate/{cast.row(ALICE, 'withdrawn').order_number}")
    assert answer.status_code == 410 and said(alice, OrderWithdrawn()) in page_of(answer).text


@pytest.mark.parametrize("state", ["active", "cancelled", "ended"])
def test_the_link_of_an_active_subscription_leads_to_its_page(
    state: str, alice: SiteClient, cast: Cast
) -> None:
    row = cast.row(ALICE, state)
    assert alice.get(f"/activate/{row.order_number}").location == f"/subscriptions/{row.public_id}"


def test_an_order_withdrawn_at_the_same_moment_is_told_and_not_a_crash(
    alice: SiteClient, portal: Portal, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the row and the change."""
    row, sound = cast.row(ALICE, "pending"), agreements.agreement_to_accept

    def withdrawn_meanwhile(subscription: Subscription, language: str) -> object:
        order_corrections.withdraw_order(
            row.order_number, reason="by mistake", actor=audit.SHOP, now=portal.clock()
        )
        return sound(subscription, language)

    page = alice.page(f"/subscriptions/{row.public_id}/agreement")
    monkeypatch.setattr(agreements, "agreement_to_accept", withdrawn_meanwhile)
    answer = alice.submit(page)
    assert answer.status_code == 409 and said(alice, OrderWithdrawn()) in page_of(answer).text


# ---- the letter again


def test_the_letter_is_sent_again_three_times_an_hour(
    alice: SiteClient, portal: Portal, cast: Cast, clock: TestClock
) -> None:
    row = cast.row(ALICE, "pending")
    path = f"/subscriptions/{row.public_id}/activation-mail"
    for _time in range(3):
        answer = alice.submit(alice.page(f"/subscriptions/{row.public_id}"), path)
        assert answer.location == f"/subscriptions/{row.public_id}?done=mailed"
    assert ALICE.email in alice.follow(answer).one("div", role="status").text
    refused = alice.post(path)
    assert refused.status_code == 429 and 0 < int(refused.headers["Retry-After"]) <= 3600
    letters = fetch_letters(portal, "fr")
    assert [letter.path for letter in letters] == [f"/activate/{row.order_number}"] * 3
    clock.forward(hours=1, seconds=1)
    assert alice.post(path).status_code == 303


def test_there_is_no_letter_for_an_active_one(alice: SiteClient, portal: Portal, cast: Cast) -> None:
    """A second window may still show the button."""
    row = cast.row(ALICE, "pending")
    old = alice.page(f"/subscriptions/{row.public_id}")
    activate(alice, row.public_id)
    answer = alice.submit(old, f"/subscriptions/{row.public_id}/activation-mail")
    assert answer.status_code == 409 and said(alice, AlreadyActive()) in page_of(answer).text
    assert [letter for letter in fetch_letters(portal, "fr") if "/activate/" in letter.text] == []
