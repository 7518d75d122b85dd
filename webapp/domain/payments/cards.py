"""Paying by card: given on the provider's page, counted here once, whoever hears of it first.

Who comes back from that page and the provider's own message lead to `finish`. Nothing else changes anything:
who turns back, or whose card is refused, pays as before.
"""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta

from webapp.data.accounts import Account, Person
from webapp.data.cards import DONE, OPEN, REFUSED, Card, CardSetup
from webapp.data.database import atomic, current_site
from webapp.data.subscriptions import Subscription
from webapp.domain import limits, permissions
from webapp.domain.payments import payment_methods
from webapp.domain.payments.payment_methods import MethodNotOffered, PaymentConflict, SetUpUnavailable
from webapp.domain.refusals import NotThere
from webapp.payments import CREDIT_CARD, CardProvider, CardWanted, GivenCard, Instrument, SetUpFailed

SETTING_UP = limits.Limit("card_setup", times=20, within=timedelta(hours=1))
KEPT = timedelta(days=7)  # a provider's page works for a day, and its messages come for three

_BRANDS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}


def is_offered(provider: CardProvider) -> bool:
    """By the bound site, and set up with its provider."""
    return CREDIT_CARD in current_site().payment_methods and provider.offers(current_site())


def brand_name(brand: str) -> str:
    return _BRANDS.get(brand, brand.replace("_", " ").title())


def has_expired(card: Card, *, today: date) -> bool:
    return bool(card.expires < today.isoformat()[:7])


def current_card(subscription: Subscription) -> Card | None:
    """What is charged; a card that was given in the shop is not known here."""
    return payment_methods.current_card(subscription)


def begin(
    subscription: Subscription, *, provider: CardProvider, read_version: int, actor: Person, now: datetime
) -> CardSetup:
    """Nothing of the subscription changes by it."""
    if not is_offered(provider):
        raise MethodNotOffered
    current = permissions.billed_subscription(actor.id, subscription.public_id, now=now)
    if current.payment_version != read_version:
        raise payment_methods.conflict_with(current)
    limits.spend(SETTING_UP, current.public_id, now=now)
    key = secrets.token_hex(16)
    try:
        page = provider.begin(_wanted(current, key))
    except SetUpFailed:
        raise SetUpUnavailable from None
    return CardSetup.create(
        key=key,
        subscription=current,
        person=actor,
        read_version=read_version,
        session=page.session,
        url=page.url,
        begun_at=now,
    )


def _wanted(subscription: Subscription, key: str) -> CardWanted:
    address = f"{current_site().origin}/subscriptions/{subscription.public_id}/payment-method"
    return CardWanted(
        site=current_site(),
        key=key,
        public_id=subscription.public_id,
        customer_number=Account.get_by_id(subscription.account_id).customer_number,
        success_url=f"{address}/card/return?setup={key}",
        cancel_url=f"{address}?card=cancelled",
    )


def setup_of(subscription: Subscription, key: str, *, person: Person) -> CardSetup | None:
    """Begun by this person, for this subscription."""
    return CardSetup.get_or_none(
        CardSetup.key == key, CardSetup.subscription == subscription, CardSetup.person == person
    )


def setup_by_session(session: str) -> CardSetup | None:
    return CardSetup.get_or_none(CardSetup.session == session)


def finish(setup: CardSetup, *, provider: CardProvider, now: datetime) -> str:
    """Its state from now on. A conflict is raised to who hears of it first, and closes it."""
    if setup.state != OPEN:
        return str(setup.state)
    try:
        card = provider.card_of(current_site(), setup.session)
    except SetUpFailed:
        raise SetUpUnavailable from None
    if card is None:
        return OPEN
    try:
        return _count(setup, card, now=now)
    except (PaymentConflict, NotThere):
        _close(setup, REFUSED, now=now)
        raise


def _count(setup: CardSetup, card: GivenCard, *, now: datetime) -> str:
    with atomic():
        if not _close(setup, DONE, now=now):
            return str(CardSetup.get_by_id(setup.id).state)
        subscription, person = setup.subscription, setup.person
        instrument = Instrument(CREDIT_CARD, ending=card.ending, brand=brand_name(card.brand))
        payment_methods.switch(
            subscription, instrument, read_version=setup.read_version, actor=person, now=now
        )
        Card.create(
            subscription=subscription,
            person=person,
            brand=card.brand,
            ending=card.ending,
            expires=card.expires,
            customer=card.customer,
            payment_method=card.payment_method,
            given_at=now,
        )
    return DONE


def _close(setup: CardSetup, state: str, *, now: datetime) -> bool:
    """Once: whoever is second finds it closed."""
    change = CardSetup.update(state=state, closed_at=now)
    return bool(change.where(CardSetup.id == setup.id, CardSetup.state == OPEN).execute() == 1)


def forget_old(*, now: datetime) -> int:
    return int(CardSetup.delete().where(CardSetup.begun_at <= now - KEPT).execute())
