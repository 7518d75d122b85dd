"""How a subscription is paid: set up whole or not at all, told, dated, and never shown in full."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from cryptography.fernet import InvalidToken

from tests.conftest import TestClock
from tests.domain.planted import without
from tests.support.cast import accept, keep_person, place_order
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.agreements import AcceptedText
from webapp.data.audit import AuditEvent
from webapp.data.mandates import Mandate
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain import audit, outbox
from webapp.domain.payments import payment_methods
from webapp.domain.payments.payment_methods import (
    HolderInvalid,
    HolderMissing,
    IbanCountryNotTaken,
    IbanMisshapen,
    IbanMissing,
    IbanMistyped,
    MandateChanged,
    MandateNotAccepted,
    MethodNotOffered,
    PaymentConflict,
    SetUpUnavailable,
    TypedMandate,
    choices,
    current_mandate,
    history,
    mandate_text,
    pay_by_direct_debit,
    pay_by_invoice,
)
from webapp.domain.refusals import NotThere, Refusal, SeveralRefusals
from webapp.domain.subscriptions.subscriptions import managed
from webapp.i18n import speaking, speech
from webapp.payments import CREDIT_CARD, DIRECT_DEBIT, INVOICE, Instrument, SetUpFailed, Wanted
from webapp.payments.vault import Vault
from webapp.sites import Site

FRENCH, GERMAN, BRITISH = (
    "FR14 2004 1010 0505 0001 3M02 606",
    "DE89 3704 0044 0532 0130 00",
    "GB29 NWBK 6016 1331 9268 19",
)


@pytest.fixture
def bought(portal: Portal, bound_fr: Site, clock: TestClock) -> Subscription:
    subscription = place_order(portal, ordered_at=clock.now)
    accept(subscription, now=clock.now)
    OutboxMessage.delete().execute()
    return subscription


def debit(
    portal: Portal, subscription: Subscription, *, version: int = 0, provider: Any = None, **typed: Any
) -> None:
    text = mandate_text("fr")
    mandate = TypedMandate(
        **{
            "holder": "Musterbau  SAS",
            "iban": FRENCH,
            "accepted": True,
            "shown_sha256": text.sha256,
            "shown_language": "fr",
        }
        | typed
    )
    pay_by_direct_debit(
        subscription,
        mandate,
        mandate=text,
        provider=provider or portal.payments[DIRECT_DEBIT],
        read_version=version,
        actor=subscription.administrator,
        now=portal.clock(),
    )


def invoice(portal: Portal, subscription: Subscription, *, version: int) -> None:
    pay_by_invoice(
        subscription,
        provider=portal.payments[INVOICE],
        read_version=version,
        actor=subscription.administrator,
        now=portal.clock(),
    )


def stored(subscription: Subscription) -> tuple[str, int]:
    found = Subscription.get_by_id(subscription.id)
    return found.payment_method, found.payment_version


def traces() -> tuple[Any, ...]:
    tables = (Subscription, Mandate, AcceptedText, AuditEvent, OutboxMessage)
    return tuple(sorted(map(str, model.select().tuples())) for model in tables)


def test_a_mandate_is_dated_and_kept_with_the_exact_text(
    portal: Portal, bought: Subscription, now: datetime
) -> None:
    debit(portal, bought)
    assert stored(bought) == (DIRECT_DEBIT, 1)
    mandate = current_mandate(bought)
    assert mandate is not None
    assert (mandate.holder, mandate.iban_country, mandate.iban_ending) == ("Musterbau SAS", "FR", "2606")
    assert (mandate.person, mandate.accepted_at, mandate.language) == (bought.administrator, now, "fr")
    text = mandate_text("fr")
    assert (mandate.text.sha256, mandate.text.text) == (text.sha256, text.text)
    assert (mandate.text.version, mandate.text.agreement_key) == ("1.0", "direct-debit-mandate")
    assert mandate.reference.startswith(f"{bought.public_id}-") and len(mandate.reference) <= 35
    row = managed(bought.administrator_id, bought.public_id, now=now)
    assert (row.mandate_ending, row.mandate_reference) == ("2606", mandate.reference)


def test_the_whole_number_is_nowhere_but_sealed(portal: Portal, bought: Subscription) -> None:
    debit(portal, bought)
    number = FRENCH.replace(" ", "")
    everything = str(traces())
    assert number not in everything and number[4:-4] not in everything
    mandate = current_mandate(bought)
    assert mandate is not None
    vault = Vault(portal.settings.vault_key)
    assert vault.unseal(mandate.iban_sealed, place="fr") == number
    for other, place in ((vault, "de"), (Vault("another key"), "fr")):
        with pytest.raises(InvalidToken):
            other.unseal(mandate.iban_sealed, place=place)


def test_a_change_is_told_and_written_down_with_the_last_digits(
    portal: Portal, bought: Subscription, clock: TestClock
) -> None:
    debit(portal, bought)
    clock.forward(hours=1)
    invoice(portal, bought, version=1)
    last, first = history(bought)
    assert (first.old["method"], first.new["method"], first.new["ending"]) == (INVOICE, DIRECT_DEBIT, "2606")
    assert (last.old, last.new["method"], last.by) == (
        {"method": DIRECT_DEBIT, "ending": "2606"},
        INVOICE,
        "Olga Muster",
    )
    assert last.at == clock.now and first.at == clock.now - timedelta(hours=1)
    mails = list(OutboxMessage.select().order_by(OutboxMessage.id))
    assert [(mail.kind, mail.to_email) for mail in mails] == [("payment_changed", "olga@example.com")] * 2
    assert "2606" in mails[0].text and first.new["reference"] in mails[0].text
    assert "2606" not in mails[1].text
    assert all(FRENCH.replace(" ", "") not in mail.text.replace(" ", "") for mail in mails)


def test_another_account_ends_the_old_mandate_and_so_does_another_method(
    portal: Portal, bought: Subscription
) -> None:
    debit(portal, bought)
    debit(portal, bought, version=1, iban=GERMAN)
    mandate = current_mandate(bought)
    assert mandate is not None and (mandate.iban_country, mandate.iban_ending) == ("DE", "3000")
    assert Mandate.select().where(Mandate.revoked_at.is_null()).count() == 1
    invoice(portal, bought, version=2)
    assert current_mandate(bought) is None
    assert Mandate.select().count() == 2 and stored(bought) == (INVOICE, 3)


# ---- what is refused


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ({"iban": ""}, IbanMissing),
        ({"iban": " - "}, IbanMissing),
        ({"iban": "my account"}, IbanMisshapen),
        ({"iban": "FR14 2004 1010 0505 0001 3M02 60"}, IbanMisshapen),
        ({"iban": "FR14 2004 1010 0505 0001 3M02 6066"}, IbanMisshapen),
        ({"iban": "FR142004101005050001"}, IbanMisshapen),
        ({"iban": "FR15 2004 1010 0505 0001 3M02 606"}, IbanMistyped),
        ({"iban": "FR14 2004 1010 0505 0001 3M02 660"}, IbanMistyped),
        ({"iban": "DE89 3704 0044 0532 0130 01"}, IbanMistyped),
        ({"iban": BRITISH}, IbanCountryNotTaken),
        ({"iban": "XX89 3704 0044 0532 0130 00"}, IbanCountryNotTaken),
        ({"holder": "  "}, HolderMissing),
        ({"holder": "x" * 71}, HolderInvalid),
        ({"holder": "a\u202eb"}, HolderInvalid),
        ({"accepted": False}, MandateNotAccepted),
        ({"shown_sha256": "0" * 64}, MandateChanged),
    ],
)
def test_what_is_wrong_has_its_own_message_and_nothing_is_changed(
    portal: Portal, bought: Subscription, typed: dict[str, Any], refusal: type[Refusal]
) -> None:
    before = traces()
    with pytest.raises(refusal) as caught:
        debit(portal, bought, **typed)
    assert str(caught.value)
    assert traces() == before


def test_all_that_is_wrong_is_said_at_once(portal: Portal, bought: Subscription) -> None:
    before = traces()
    with pytest.raises(SeveralRefusals) as caught:
        debit(portal, bought, holder=" ", iban="", accepted=False)
    assert [type(one) for one in caught.value.refusals] == [HolderMissing, IbanMissing, MandateNotAccepted]
    assert all(str(one) in str(caught.value) for one in caught.value.refusals)
    assert traces() == before


def test_the_three_mistakes_with_an_iban_are_told_apart(portal: Portal, bought: Subscription) -> None:
    with speaking(speech("en", "GB")):
        said = set()
        for iban in ("FR14", "FR15 2004 1010 0505 0001 3M02 606", BRITISH):
            with pytest.raises(Refusal) as caught:
                debit(portal, bought, iban=iban)
            said.add(str(caught.value))
        assert len(said) == 3
        assert any("United Kingdom" in words for words in said)


@pytest.mark.parametrize("iban", [FRENCH.lower(), f"\u202a{FRENCH}\u202c", FRENCH.replace(" ", "-"), GERMAN])
def test_an_iban_is_taken_as_people_paste_it(portal: Portal, bought: Subscription, iban: str) -> None:
    debit(portal, bought, iban=iban)
    assert stored(bought) == (DIRECT_DEBIT, 1)


class Failing:
    """A payment service that is out of order."""

    method = DIRECT_DEBIT

    def set_up(self, wanted: Wanted) -> Instrument:
        raise SetUpFailed("unavailable")


def test_a_set_up_that_fails_changes_nothing(portal: Portal, bought: Subscription) -> None:
    before = traces()
    with pytest.raises(SetUpUnavailable):
        debit(portal, bought, provider=Failing())
    assert traces() == before


@pytest.mark.parametrize("broken", ["record", "enqueue"])
def test_all_of_it_happens_or_nothing(
    portal: Portal, bought: Subscription, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*args: object, **facts: object) -> None:
        raise RuntimeError("the disk is full")

    before = traces()
    monkeypatch.setattr(audit if broken == "record" else outbox, broken, fail)
    with pytest.raises(RuntimeError):
        debit(portal, bought)
    assert traces() == before


def test_cards_are_given_in_the_shop(portal: Portal, bought: Subscription) -> None:
    with pytest.raises(SetUpFailed):
        portal.payments[CREDIT_CARD].set_up(Wanted(portal.sites["fr"], bought.public_id))
    assert choices(CREDIT_CARD) == (INVOICE, DIRECT_DEBIT)
    assert choices(INVOICE) == (DIRECT_DEBIT,)
    assert choices(DIRECT_DEBIT) == (INVOICE, DIRECT_DEBIT)


def test_only_what_the_site_offers_can_be_chosen(portal: Portal, clock: TestClock) -> None:
    with portal.at(portal.sites["ch"]):
        subscription = place_order(portal, ordered_at=clock.now)
        accept(subscription, now=clock.now)
        assert choices(INVOICE) == () and choices(CREDIT_CARD) == (INVOICE,)
        before = traces()
        text = portal.sites["fr"].agreement("direct-debit-mandate", "fr")
        with pytest.raises(MethodNotOffered):
            pay_by_direct_debit(
                subscription,
                TypedMandate("Musterbau", FRENCH, True, text.sha256, "fr"),
                mandate=text,
                provider=portal.payments[DIRECT_DEBIT],
                read_version=0,
                actor=subscription.administrator,
                now=clock.now,
            )
        assert traces() == before


def test_every_site_with_direct_debit_has_its_mandate_in_words(portal: Portal) -> None:
    offering = [site for site in portal.sites if site.direct_debit]
    assert [site.code for site in offering] == ["at", "be", "de", "es", "fr", "it", "nl", "pt", "sk"]
    for site in offering:
        assert site.direct_debit is not None
        for language in site.languages:
            text = site.agreement(payment_methods.MANDATE_TEXT, language)
            assert site.direct_debit.creditor_id in text.text
            assert site.legal_entity_in(text.language) in text.text
        assert site.territory in site.direct_debit.countries


def test_only_who_may_for_the_subscription_may(portal: Portal, bought: Subscription, now: datetime) -> None:
    before_person = keep_person("charlie@example.com", name="Charlie", now=now)
    before = traces()
    with pytest.raises(NotThere):
        pay_by_invoice(
            bought, provider=portal.payments[INVOICE], read_version=0, actor=before_person, now=now
        )
    assert traces() == before


# ---- two at once


def test_who_read_an_older_one_hears_who_was_faster(
    portal: Portal, bought: Subscription, now: datetime
) -> None:
    debit(portal, bought)
    before = traces()
    for version in (0, 2, -1):
        with pytest.raises(PaymentConflict) as refusal:
            invoice(portal, bought, version=version)
        conflict = refusal.value
        assert (conflict.method, conflict.ending) == (DIRECT_DEBIT, "2606")
        assert (conflict.changed_by, conflict.changed_at) == ("Olga Muster", now)
    assert traces() == before
    assert json.loads(AuditEvent.select().order_by(AuditEvent.id.desc()).get().details)["new"]["ending"]


def races(portal: Portal, rounds: int) -> Counter[str]:
    """Two windows give a mandate at once, again and again."""
    site, together = portal.sites["fr"], Barrier(2)
    with portal.at(site):
        subscription = place_order(portal, ordered_at=portal.clock())
        accept(subscription, now=portal.clock())
        subscription_id = subscription.id

    def attempt(version: int) -> str:
        with portal.at(site):
            found = Subscription.get_by_id(subscription_id)
            Person.get_by_id(found.administrator_id)
            together.wait(timeout=30)
            try:
                debit(portal, found, version=version)
            except PaymentConflict:
                return "told"
            return "saved"

    total: Counter[str] = Counter()
    with ThreadPoolExecutor(2) as threads:
        for version in range(rounds):
            total += Counter(threads.map(attempt, [version, version]))
            with portal.at(site):
                live = Mandate.select().where(Mandate.revoked_at.is_null()).count()
                total["two mandates"] += live > 1
    return +total


def test_of_two_windows_one_gives_its_mandate(portal: Portal) -> None:
    assert races(portal, 20) == Counter(saved=20, told=20)


def test_without_the_version_both_believe_that_theirs_counts(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    passage = " & (Subscription.payment_version == read_version)"
    switch: Callable[..., Any] = without(payment_methods.switch, passage)
    monkeypatch.setattr(payment_methods, "switch", switch)
    assert races(portal, 5)["saved"] == 10
