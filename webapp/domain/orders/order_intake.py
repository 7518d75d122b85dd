"""Order intake: a shop's order becomes a pending subscription, once, however often it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import peewee as pw

from webapp.data import counters, records
from webapp.data.accounts import Account, Person
from webapp.data.database import atomic, current_site
from webapp.data.subscriptions import LAPSED, PENDING, SHELF_GONE, SHELF_PENDING, Order, Subscription
from webapp.domain import audit, sorting
from webapp.domain.audit import SHOP, Actor
from webapp.domain.calendar import activation_deadline
from webapp.domain.companies import accounts
from webapp.domain.lifecycle.activation import enqueue_activation_mail
from webapp.domain.orders.order_document import OrderDocument, ReceivedOrder
from webapp.domain.orders.order_refusals import OrderRefused
from webapp.domain.orders.order_terms import OrderWarning, Terms, check_terms, warnings_of
from webapp.domain.subscriptions.purchase_orders import subscription_search_key
from webapp.domain.webhooks import webhooks
from webapp.sites import Catalogue

FIRST_NUMBER = 200_001


class WrongSite(RuntimeError):
    """The caller bound another site than the order's."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`known`: the same content was taken before. `lapsed`: taken, but its 90 days were over on arrival."""

    kind: Literal["accepted", "known", "lapsed"]
    subscription: Subscription
    warnings: tuple[OrderWarning, ...] = ()


def take_order(
    received: ReceivedOrder, *, catalogue: Catalogue, actor: Actor = SHOP, now: datetime
) -> Outcome:
    """Inside the bound site, in one transaction; raises `OrderRefused`, and then nothing was changed."""
    if received.document.site != current_site().code:
        raise WrongSite(f"An order for {received.document.site} was brought to {current_site().code}.")
    try:
        with atomic():
            return _known(received) or _take(received, catalogue=catalogue, actor=actor, now=now)
    except pw.IntegrityError:
        # The same number arrived twice at once and the other delivery was stored first.
        known = _known(received)
        if known is None:
            raise
        return known


def _known(received: ReceivedOrder) -> Outcome | None:
    stored = records.find(Order, order_number=received.document.order_number)
    if stored is None:
        return None
    if stored.content_hash != received.content_hash:
        raise OrderRefused(
            "order_number_conflict",
            "order_number",
            "this order number is already stored with other content; the stored order stays as it is",
        )
    subscription = records.find(Subscription, order=stored)
    assert subscription is not None
    return Outcome("known", subscription)


def _take(received: ReceivedOrder, *, catalogue: Catalogue, actor: Actor, now: datetime) -> Outcome:
    document, site = received.document, current_site()
    terms = check_terms(document, site=site, catalogue=catalogue, now=now)
    warnings = warnings_of(document)
    deadline = activation_deadline(document.ordered_at, site.time_zone)
    in_time = now < deadline
    # First of all locks, so that two deliveries wait for each other here and never in a circle.
    public_id = f"SUB-{site.code.upper()}-{counters.take('subscription', first=FIRST_NUMBER)}"
    order = _store(received, warnings, now=now)
    account, account_changes = _account(document, update=in_time)
    administrator = _administrator(document, account, terms, now=now)
    subscription = records.create(
        Subscription,
        public_id=public_id,
        order=order,
        account=account,
        administrator=administrator,
        status=PENDING if in_time else LAPSED,
        shelf=SHELF_PENDING if in_time else SHELF_GONE,
        activate_before=deadline,
        **_bought(document, terms, public_id),
    )
    _tell(subscription, document, account_changes, in_time=in_time, actor=actor, now=now)
    return Outcome("accepted" if in_time else "lapsed", subscription, warnings)


def _store(received: ReceivedOrder, warnings: tuple[OrderWarning, ...], *, now: datetime) -> Any:
    return records.insert(
        Order,
        order_number=received.document.order_number,
        content_hash=received.content_hash,
        document=received.text,
        warnings="\n".join(f"{warning.field}: {warning.message}" for warning in warnings),
        ordered_at=received.document.ordered_at,
        received_at=now,
    )


def _account(document: OrderDocument, *, update: bool) -> tuple[Account, dict[str, object]]:
    """The latest order's address counts; one that comes too late to be activated tells nothing new."""
    company = document.account
    facts = {
        "name": company.name,
        **company.address.model_dump(exclude=set(company.address.model_extra or ())),
    }
    if company.vat_id:  # an order without one takes none away
        facts["vat_id"] = company.vat_id
    return accounts.keep_account(company.customer_number, facts=facts, update=update)


def _administrator(document: OrderDocument, account: Account, terms: Terms, *, now: datetime) -> Person:
    purchaser = document.purchaser
    person = accounts.keep_person(
        email=purchaser.email, name=purchaser.name, language=terms.language, now=now
    )
    accounts.join(person, account, now=now)
    return person


def _bought(document: OrderDocument, terms: Terms, public_id: str) -> dict[str, object]:
    product = terms.product
    return {
        "product_key": product.key,
        "product_name": product.name,
        "kind": product.kind,
        "agreement_key": product.agreement,
        "quantity": document.quantity,
        "commitment": document.term,
        "billing_period": terms.billing_period,
        "unit_price": terms.unit_price,
        "currency": document.currency,
        "payment_method": document.payment_method,
        "po_number": document.purchase_order_number,
        "language": terms.language,
        "ordered_at": document.ordered_at,
        "search_key": subscription_search_key(
            product.name, public_id, document.purchase_order_number, document.order_number
        ),
        "sort_key": sorting.key_of(product.name),
    }


def _tell(
    subscription: Subscription,
    document: OrderDocument,
    account_changes: dict[str, object],
    *,
    in_time: bool,
    actor: Actor,
    now: datetime,
) -> None:
    details: dict[str, Any] = {"order_number": document.order_number}
    if account_changes:
        details["account_changes"] = account_changes
    audit.record(audit.ORDER_ACCEPTED, actor=actor, subscription=subscription, now=now, **details)
    webhooks.tell(webhooks.ORDER_ACCEPTED, subscription, now=now)
    if in_time:
        enqueue_activation_mail(
            subscription, to=subscription.administrator, order_number=document.order_number, now=now
        )
    else:
        audit.record(audit.SUBSCRIPTION_LAPSED, actor=audit.PORTAL, subscription=subscription, now=now)
        webhooks.tell(webhooks.LAPSED, subscription, now=now)
