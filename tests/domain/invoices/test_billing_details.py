"""Billing data: the company's own words, checked, versioned, and told to everybody whom they concern."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import TestClock
from tests.domain.planted import without
from tests.support.cast import accept, keep_person, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Account, Person
from webapp.data.audit import AuditEvent
from webapp.data.billing import BillingDetails
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain import audit, outbox
from webapp.domain.companies.national_ids import (
    KINDS,
    NationalIdMisshapen,
    NationalIdMistyped,
    normal_national_id,
)
from webapp.domain.companies.vat_ids import VatIdMisshapen, VatIdMistyped, normal_vat_id
from webapp.domain.invoices import billing_details
from webapp.domain.invoices.billing_details import (
    BillingConflict,
    DetailMissing,
    DetailNotText,
    DetailTooLong,
    change_billing_details,
    details_of_row,
    normal_detail,
    shown_details,
)
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.subscriptions.subscriptions import managed
from webapp.sites import NATIONAL_IDS, Site

COMPANY = {
    "customer_number": "1000009",
    "name": "Musterbau",
    "address": {"line1": "Beispielallee 7", "city": "Musterstadt", "country": "FR"},
}
TYPED = {
    "name": "Musterbau SAS",
    "line1": "1 rue de l’Exemple",
    "line2": "",
    "postal_code": "75001",
    "city": "Paris",
    "region": "",
    "country": "FR",
    "contact_name": "Erin",
    "contact_phone": "+33 1 99 00 12 34",
    "vat_id": "fr 40 303 265 045",
    "id_siret": "732 829 320 00074",
    "buyer_reference": "Chantier 7",
}


@pytest.fixture
def bought(portal: Portal, bound_fr: Site, clock: TestClock) -> Subscription:
    """Active; Frank administers another one of the same company."""
    mine = place_order(portal, ordered_at=clock.now, account=COMPANY)
    accept(mine, now=clock.now)
    frank = {"name": "Frank", "email": "frank@example.com"}
    his = place_order(
        portal, ordered_at=clock.now, account=COMPANY, order_number="0314199998", purchaser=frank
    )
    accept(his, now=clock.now)
    OutboxMessage.delete().execute()
    return mine


def save(subscription: Subscription, *, now: datetime, read_version: int = 0, **changes: str) -> Any:
    typed, actor = TYPED | changes, subscription.administrator
    return change_billing_details(subscription, typed, read_version=read_version, actor=actor, now=now)


def traces() -> tuple[Any, ...]:
    tables = (BillingDetails, Account, AuditEvent, OutboxMessage)
    return tuple(sorted(map(str, model.select().tuples())) for model in tables)


def test_until_the_company_says_it_what_its_order_said_counts(bought: Subscription, now: datetime) -> None:
    shown = shown_details(bought.account)
    assert (shown.name, shown.city, shown.contact_name, shown.version) == ("Musterbau", "Musterstadt", "", 0)
    row = managed(bought.administrator_id, bought.public_id, now=now)
    assert details_of_row(row) == shown


def test_a_change_is_stored_normalised_and_written_down(bought: Subscription, now: datetime) -> None:
    changes = save(bought, now=now)
    shown = shown_details(bought.account)
    assert (shown.vat_id, shown.values["id_siret"]) == ("FR40303265045", "73282932000074")
    assert (shown.version, shown.changed_by, shown.changed_at) == (1, "Olga Muster", now)
    assert changes["name"] == ("Musterbau", "Musterbau SAS") and "country" not in changes
    event = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
    assert (event.action, event.subscription_id, event.account_id) == (
        audit.BILLING_CHANGED,
        bought.id,
        bought.account_id,
    )
    assert json.loads(event.details)["changes"]["city"] == ["Musterstadt", "Paris"]
    row = managed(bought.administrator_id, bought.public_id, now=now)
    assert details_of_row(row).values == shown.values


def test_no_later_order_takes_back_what_the_company_said(
    portal: Portal, bought: Subscription, now: datetime
) -> None:
    save(bought, now=now)
    moved = COMPANY | {"address": {"line1": "Elsewhere 1", "city": "Elsewhere", "country": "FR"}}
    place_order(portal, ordered_at=now, account=moved, order_number="0314199997")
    assert shown_details(Account.get_by_id(bought.account_id)).city == "Paris"


def test_each_administrator_of_the_company_is_told(bought: Subscription, now: datetime) -> None:
    save(bought, now=now)
    mails = {mail.to_email: mail for mail in OutboxMessage.select()}
    assert set(mails) == {"olga@example.com", "frank@example.com"}
    for mail in mails.values():
        assert "Musterbau SAS" in mail.text and "Musterstadt" in mail.text and "FR40303265045" in mail.text
    assert bought.public_id in mails["olga@example.com"].text
    assert bought.public_id not in mails["frank@example.com"].text


def test_saving_what_is_there_changes_nothing(bought: Subscription, now: datetime) -> None:
    save(bought, now=now)
    before = traces()
    assert save(bought, now=now, read_version=1) == {}
    assert traces() == before


@pytest.mark.parametrize("version", [0, 2, -1])
def test_who_read_another_version_sees_both_values_and_saves_nothing(
    bought: Subscription, now: datetime, version: int
) -> None:
    save(bought, now=now)
    before = traces()
    with pytest.raises(BillingConflict) as refusal:
        save(bought, now=now + timedelta(minutes=1), read_version=version, city="Lyon")
    conflict = refusal.value
    assert conflict.differing == {"city": ("Paris", "Lyon")}
    assert (conflict.stored.version, conflict.stored.changed_by, conflict.stored.changed_at) == (
        1,
        "Olga Muster",
        now,
    )
    assert traces() == before


@pytest.mark.parametrize("broken", ["record", "enqueue"])
def test_all_of_it_happens_or_nothing(
    bought: Subscription, now: datetime, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*args: object, **facts: object) -> None:
        raise RuntimeError("the disk is full")

    before = traces()
    monkeypatch.setattr(audit if broken == "record" else outbox, broken, fail)
    with pytest.raises(RuntimeError):
        save(bought, now=now)
    assert traces() == before


def test_only_who_may_for_the_subscription_may(bought: Subscription, now: datetime) -> None:
    before = traces()
    stranger = keep_person("charlie@example.com", name="Charlie", now=now)
    with pytest.raises(NotThere):
        change_billing_details(bought, TYPED, read_version=0, actor=stranger, now=now)
    assert traces() == before


# ---- what is accepted


@pytest.mark.parametrize(
    ("field", "typed", "refusal"),
    [
        ("name", " ", DetailMissing),
        ("line1", "", DetailMissing),
        ("city", "\u200b", DetailMissing),
        ("country", "", DetailMissing),
        ("country", "XX", DetailMissing),
        ("name", "x" * 301, DetailTooLong),
        ("contact_phone", "0" * 41, DetailTooLong),
        ("line2", "a\nb", DetailNotText),
        ("city", "a\x00b", DetailNotText),
        ("vat_id", "FR40303265046", VatIdMistyped),
        ("vat_id", "FR403032650", VatIdMisshapen),
        ("id_siret", "732 829 320 00075", NationalIdMistyped),
        ("id_siret", "732 829 320", NationalIdMisshapen),
    ],
)
def test_what_is_wrong_is_refused_by_its_name_and_nothing_is_changed(
    bought: Subscription, now: datetime, field: str, typed: str, refusal: type[Refusal]
) -> None:
    before = traces()
    with pytest.raises(refusal) as caught:
        save(bought, now=now, **{field: typed})
    assert str(caught.value)
    assert traces() == before


@pytest.mark.parametrize(
    ("typed", "country", "kept"),
    [
        ("", "FR", ""),
        ("  fr 40 303 265 045", "FR", "FR40303265045"),
        ("40303265045", "FR", "FR40303265045"),
        ("DE136695976", "FR", "DE136695976"),  # registered elsewhere
        ("CHE-107.787.577 IVA", "CH", "CHE-107.787.577 IVA"),
        ("che107787577", "CH", "CHE-107.787.577"),
        ("B58378431", "ES", "ESB58378431"),
        ("T5835678256246", "JP", "T5835678256246"),
        ("EL 094259216", "GR", "EL094259216"),
        ("whatever 12", "AE", "WHATEVER 12"),  # nothing is known of them
    ],
)
def test_a_vat_number_is_kept_as_invoices_show_it(typed: str, country: str, kept: str) -> None:
    assert normal_vat_id(typed, country) == kept
    assert normal_vat_id(kept, country) == kept


def test_a_vat_number_is_checked_for_the_country_that_was_typed() -> None:
    with pytest.raises(VatIdMisshapen):
        normal_detail("vat_id", {"vat_id": "136695976", "country": "FR"})
    assert normal_detail("vat_id", {"vat_id": "136695976", "country": "DE"}) == "DE136695976"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_example_of_each_national_number_is_one(kind: str) -> None:
    kept = normal_national_id(kind, KINDS[kind].example)
    assert kept and normal_national_id(kind, kept) == kept
    with pytest.raises((NationalIdMisshapen, NationalIdMistyped)):
        normal_national_id(kind, "not one!")


def test_sites_can_ask_for_each_number_that_is_known_and_no_other() -> None:
    assert set(NATIONAL_IDS) == set(KINDS)


@given(st.sampled_from(sorted(TYPED)), st.text(max_size=60))
def test_whatever_is_typed_is_kept_normal_or_refused_by_a_rule(field: str, text: str) -> None:
    if field.startswith("id_"):
        return
    typed = TYPED | {field: text}
    try:
        kept = normal_detail(field, typed)
    except Refusal as refusal:
        assert str(refusal)
        return
    assert normal_detail(field, typed | {field: kept}) == kept


# ---- two at once


def race(
    portal: Portal, site: Site, subscription_id: int, version: int, change: Callable[..., Any]
) -> Counter[str]:
    together = Barrier(2)

    def attempt(number: int) -> str:
        with portal.at(site):
            subscription = Subscription.get_by_id(subscription_id)
            actor = Person.get_by_id(subscription.administrator_id)
            together.wait(timeout=30)
            try:
                typed = TYPED | {"city": f"{version} by {number}"}
                change(subscription, typed, read_version=version, actor=actor, now=portal.clock())
            except BillingConflict as conflict:
                return "told" if conflict.differing["city"][0].startswith(f"{version} by") else "lost"
            return "saved"

    with ThreadPoolExecutor(2) as threads:
        return Counter(threads.map(attempt, range(2)))


ROUNDS = 25
CONDITION = " & (BillingDetails.version == read_version)"
LOOK_FIRST = (
    "        if before.version != read_version:\n            raise BillingConflict(changes, before, new)\n"
)


def races(portal: Portal, change: Callable[..., Any] = change_billing_details) -> Counter[str]:
    site = portal.sites["fr"]
    with portal.at(site):
        mine = place_order(portal, ordered_at=portal.clock())
        accept(mine, now=portal.clock())
        first_id = mine.id
    total: Counter[str] = Counter()
    for version in range(ROUNDS):
        total += race(portal, site, first_id, version, change)
    return total


def test_of_two_windows_one_saves_and_the_other_sees_both(portal: Portal) -> None:
    assert races(portal) == Counter(saved=ROUNDS, told=ROUNDS)


def test_without_the_version_what_somebody_saved_is_lost(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same races find the missing lock. (The first of all is held by the unique row.)"""
    monkeypatch.setattr(billing_details, "_store", without(billing_details._store, CONDITION))
    assert races(portal, without(change_billing_details, LOOK_FIRST))["saved"] > ROUNDS
