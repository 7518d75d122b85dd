"""Paying by card: given at the provider, counted here once, and nothing else changes anything."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.domain.payments.test_payment_methods import debit, invoice
from tests.domain.planted import without
from tests.support.cast import accept, keep_person, place_order
from tests.support.stripe_stand_in import Stripe, signed, stripe_at_work
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.cards import DONE, OPEN, REFUSED, Card, CardSetup
from webapp.data.mandates import Mandate
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain.payments import cards, payment_methods
from webapp.domain.payments.payment_methods import (
    MethodNotOffered,
    PaymentConflict,
    SetUpUnavailable,
    choices,
    current_mandate,
    history,
)
from webapp.domain.refusals import NotThere
from webapp.domain.subscriptions import transfer
from webapp.domain.subscriptions.subscriptions import managed
from webapp.payments import CREDIT_CARD, DIRECT_DEBIT, INVOICE, NotFromProvider, StripeCards, StripeKeys
from webapp.sites import Site

KEYS = {"fr": StripeKeys("sk_test_fr", "whsec_fr"), "de": StripeKeys("sk_test_de", "whsec_de")}


@pytest.fixture(scope="module")
def running_stripe() -> Iterator[Stripe]:
    with stripe_at_work() as stripe:
        yield stripe


@pytest.fixture
def stripe(running_stripe: Stripe) -> Stripe:
    running_stripe.out_of_order = False
    return running_stripe


@pytest.fixture
def provider(stripe: Stripe) -> StripeCards:
    return StripeCards(KEYS, address=stripe.address)


@pytest.fixture
def bought(portal: Portal, bound_fr: Site, clock: TestClock) -> Subscription:
    subscription = place_order(portal, ordered_at=clock.now)
    accept(subscription, now=clock.now)
    OutboxMessage.delete().execute()
    return subscription


def begin(
    portal: Portal, subscription: Subscription, provider: StripeCards, *, version: int = 0
) -> CardSetup:
    actor = subscription.administrator
    return cards.begin(subscription, provider=provider, read_version=version, actor=actor, now=portal.clock())


def finish(portal: Portal, setup: CardSetup, provider: StripeCards) -> str:
    return cards.finish(CardSetup.get_by_id(setup.id), provider=provider, now=portal.clock())


def stored(subscription: Subscription) -> tuple[str, int]:
    found = Subscription.get_by_id(subscription.id)
    return found.payment_method, found.payment_version


def traces() -> tuple[Any, ...]:
    """All that a change of the payment method could leave."""
    tables = (Subscription, Card, Mandate, AuditEvent, OutboxMessage)
    return tuple(sorted(map(str, model.select().tuples())) for model in tables)


# ---- when all is well


def test_a_card_that_was_given_is_what_is_charged(
    portal: Portal, bought: Subscription, provider: StripeCards, stripe: Stripe, clock: TestClock
) -> None:
    before = traces()
    setup = begin(portal, bought, provider)
    assert traces() == before, "going there changes nothing"
    assert setup.url == stripe.sessions[setup.session]["url"]
    stripe.give(setup.session)
    assert finish(portal, setup, provider) == DONE
    assert stored(bought) == (CREDIT_CARD, 1)
    card = cards.current_card(bought)
    assert card and (card.brand, card.ending, card.expires) == ("visa", "4242", "2031-04")
    assert card.customer.startswith("cus_") and card.payment_method.startswith("pm_")
    assert (card.person, card.given_at) == (bought.administrator, clock.now)
    (change,) = history(bought)
    assert change.new == {"method": CREDIT_CARD, "ending": "4242", "reference": "", "brand": "Visa"}
    (mail,) = OutboxMessage.select()
    assert (mail.kind, mail.to_email) == ("payment_changed", "olga@example.com")
    assert "Visa •••• 4242" in mail.text
    assert managed(bought.administrator_id, bought.public_id, now=clock.now).card_ending == "4242"


def test_stripe_is_asked_with_the_sites_key_for_a_card_and_nothing_personal(
    portal: Portal, bought: Subscription, provider: StripeCards, stripe: Stripe
) -> None:
    stripe.asked.clear()
    setup = begin(portal, bought, provider)
    assert stripe.keys == {"sk_test_fr"}
    (_post, _customers, customer), (_post, _path, asked) = stripe.asked
    assert (asked["mode"], asked["allowed_payment_method_types[0]"]) == ("setup", "card")
    back = f"http://fr.localhost:8000/subscriptions/{bought.public_id}/payment-method"
    assert asked["success_url"] == f"{back}/card/return?setup={setup.key}"
    assert asked["cancel_url"] == f"{back}?card=cancelled"
    told = {"metadata[site]": "fr", "metadata[customer_number]": "1000009"}
    assert customer == told | {"metadata[subscription]": bought.public_id}


def test_whoever_tells_it_again_changes_nothing(
    portal: Portal, bought: Subscription, provider: StripeCards, stripe: Stripe
) -> None:
    setup = begin(portal, bought, provider)
    stripe.give(setup.session)
    finish(portal, setup, provider)
    before = traces()
    asked = len(stripe.asked)
    for _time in range(3):
        assert finish(portal, setup, provider) == DONE
    assert traces() == before and len(stripe.asked) == asked


def test_a_card_ends_a_mandate_and_is_ended_by_what_comes_next(
    portal: Portal, bought: Subscription, provider: StripeCards, stripe: Stripe
) -> None:
    debit(portal, bought)
    setup = begin(portal, bought, provider, version=1)
    stripe.give(setup.session)
    finish(portal, setup, provider)
    assert current_mandate(bought) is None
    another = begin(portal, bought, provider, version=2)
    stripe.give(another.session, brand="amex", last4="8431")
    finish(portal, another, provider)
    (live,) = Card.select().where(Card.ended_at.is_null())
    assert (live.brand, live.ending) == ("amex", "8431")
    assert history(bought)[0].old == {"method": CREDIT_CARD, "ending": "4242"}
    invoice(portal, bought, version=3)
    assert cards.current_card(bought) is None and Card.select().count() == 2


# ---- when it is not


def test_who_turns_back_or_whose_card_is_refused_pays_as_before(
    portal: Portal, bought: Subscription, provider: StripeCards, stripe: Stripe
) -> None:
    setup, before = begin(portal, bought, provider), traces()
    assert finish(portal, setup, provider) == OPEN
    stripe.give(setup.session, status="requires_payment_method")
    assert finish(portal, setup, provider) == OPEN
    assert traces() == before


def test_a_provider_that_is_out_of_order_changes_nothing(
    portal: Portal, bought: Subscription, provider: StripeCards, stripe: Stripe
) -> None:
    setup, before = begin(portal, bought, provider), traces()
    stripe.give(setup.session)
    stripe.out_of_order = True
    with pytest.raises(SetUpUnavailable):
        begin(portal, bought, provider)
    with pytest.raises(SetUpUnavailable):
        finish(portal, setup, provider)
    assert traces() == before and CardSetup.select().count() == 1
    stripe.out_of_order = False
    assert finish(portal, setup, provider) == DONE


def test_who_could_not_be_reached_at_all_is_out_of_order_as_well(
    portal: Portal, bought: Subscription
) -> None:
    nobody = StripeCards(KEYS, address="http://127.0.0.1:1")
    with pytest.raises(SetUpUnavailable):
        begin(portal, bought, nobody)


def test_what_was_changed_meanwhile_stays(
    portal: Portal, bought: Subscription, provider: StripeCards, stripe: Stripe
) -> None:
    setup = begin(portal, bought, provider)
    debit(portal, bought)
    stripe.give(setup.session)
    before = traces()
    with pytest.raises(PaymentConflict) as conflict:
        finish(portal, setup, provider)
    assert (conflict.value.method, conflict.value.ending) == (DIRECT_DEBIT, "2606")
    assert finish(portal, setup, provider) == REFUSED
    with pytest.raises(PaymentConflict):
        begin(portal, bought, provider, version=0)
    assert traces() == before


def test_who_may_no_more_when_the_card_comes_changes_nothing(
    portal: Portal, bought: Subscription, provider: StripeCards, stripe: Stripe, clock: TestClock
) -> None:
    setup = begin(portal, bought, provider)
    heir = transfer.NewPerson("Nils", "nils@example.com")
    actor = bought.administrator
    transfer.transfer_administration(bought, to=heir, keep_seat=False, actor=actor, now=clock.now)
    stripe.give(setup.session)
    before = traces()
    with pytest.raises(NotThere):
        finish(portal, setup, provider)
    assert finish(portal, setup, provider) == REFUSED and traces() == before


def test_only_who_may_can_go_there_and_only_where_it_is_offered(
    portal: Portal, bought: Subscription, provider: StripeCards, stripe: Stripe, clock: TestClock
) -> None:
    charlie = keep_person("charlie@example.com", name="Charlie", now=clock.now)
    options: dict[str, Any] = {"read_version": 0, "now": clock.now}
    with pytest.raises(NotThere):
        cards.begin(bought, provider=provider, actor=charlie, **options)
    with pytest.raises(MethodNotOffered):
        cards.begin(bought, provider=StripeCards({"de": KEYS["de"]}), actor=bought.administrator, **options)
    assert CardSetup.select().count() == 0
    assert choices(CREDIT_CARD, cards=True) == (INVOICE, DIRECT_DEBIT, CREDIT_CARD)
    assert choices(INVOICE, cards=True) == (DIRECT_DEBIT, CREDIT_CARD)


def test_set_ups_are_forgotten_and_cards_are_not(
    portal: Portal, bought: Subscription, provider: StripeCards, stripe: Stripe, clock: TestClock
) -> None:
    setup = begin(portal, bought, provider)
    stripe.give(setup.session)
    finish(portal, setup, provider)
    assert cards.forget_old(now=clock.now + timedelta(days=6)) == 0
    assert cards.forget_old(now=clock.now + timedelta(days=7)) == 1
    assert cards.current_card(bought)


# ---- two at once


def races(portal: Portal, provider: StripeCards, stripe: Stripe, rounds: int, *, same: bool) -> Counter[str]:
    """Two threads: of one set-up, as the return page and the provider's message; or of one each."""
    site, together = portal.sites["fr"], Barrier(2)
    with portal.at(site):
        subscription = place_order(portal, ordered_at=portal.clock())
        accept(subscription, now=portal.clock())
    total: Counter[str] = Counter()

    def attempt(setup_id: int) -> str:
        with portal.at(site):
            setup = CardSetup.get_by_id(setup_id)
            together.wait(timeout=30)
            try:
                return cards.finish(setup, provider=provider, now=portal.clock())
            except PaymentConflict:
                return "told"

    with ThreadPoolExecutor(2) as threads:
        for _round in range(rounds):
            with portal.at(site):
                found = Subscription.get_by_id(subscription.id)
                version = found.payment_version
                made = [begin(portal, found, provider, version=version) for _time in range(1 if same else 2)]
            for setup in made:
                stripe.give(setup.session)
            total += Counter(threads.map(attempt, [made[0].id, made[-1].id]))
            with portal.at(site):
                total["changes"] += Subscription.get_by_id(subscription.id).payment_version - version
                total["two cards"] += Card.select().where(Card.ended_at.is_null()).count() - 1
    return +total


def test_the_return_page_and_the_message_count_one_card_between_them(
    portal: Portal, provider: StripeCards, stripe: Stripe
) -> None:
    assert races(portal, provider, stripe, 8, same=True) == Counter(done=16, changes=8)


def test_of_two_set_ups_one_counts(portal: Portal, provider: StripeCards, stripe: Stripe) -> None:
    assert races(portal, provider, stripe, 8, same=False) == Counter(done=8, told=8, changes=8)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_without_the_version_both_set_ups_count(
    portal: Portal, provider: StripeCards, stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    passage = " & (Subscription.payment_version == read_version)"
    monkeypatch.setattr(payment_methods, "switch", without(payment_methods.switch, passage))
    assert races(portal, provider, stripe, 2, same=False)["done"] == 4


# ---- what the provider says by itself


def test_a_message_counts_with_its_sites_signature_and_for_five_minutes(
    provider: StripeCards, stripe: Stripe, portal: Portal
) -> None:
    fr, de, event = portal.sites["fr"], portal.sites["de"], stripe.event("cs_test_1")

    def read(header: dict[str, str], payload: str = event, site: Site = fr) -> str | None:
        return provider.session_in(site, payload.encode(), header["Stripe-Signature"])

    now = int(time.time())
    assert read(signed(event, "whsec_fr")) == "cs_test_1"
    assert read(signed(event, "whsec_fr", now - 290)) == "cs_test_1"
    other = stripe.event("cs_test_1", "checkout.session.expired")
    assert read(signed(other, "whsec_fr"), other) is None
    for header, payload, site in (
        (signed(event, "whsec_fr", now - 310), event, fr),
        (signed(event, "whsec_de"), event, fr),
        (signed(event, "whsec_fr"), event, de),
        (signed(event, "whsec_fr"), event.replace("cs_test_1", "cs_test_2"), fr),
        ({"Stripe-Signature": ""}, event, fr),
        ({"Stripe-Signature": "t=x,v1=y"}, event, fr),
        (signed("no json", "whsec_fr"), "no json", fr),
        (signed(event, "whsec_fr"), event, portal.sites["gb"]),
    ):
        with pytest.raises(NotFromProvider):
            read(header, payload, site)
    for strange in ("[]", "{}", '{"type": "checkout.session.completed"}', '"x"'):
        assert read(signed(strange, "whsec_fr"), strange) is None
