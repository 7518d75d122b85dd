"""Taking orders at a portal, and everything that is stored then."""

from __future__ import annotations

from typing import Any

import pytest

from webapp.assembly import Portal
from webapp.data.accounts import Account, Membership, Person
from webapp.data.audit import AuditEvent
from webapp.data.counters import Counter
from webapp.data.outbox import OutboxMessage
from webapp.data.subscriptions import Order, Subscription
from webapp.domain.intake.intake_reading import LONGEST, refusal_of_long_line
from webapp.domain.intake.intake_refusals import IntakeRefused
from webapp.domain.orders.order_document import read_order
from webapp.domain.orders.order_intake import Outcome, take_order
from webapp.domain.orders.order_terms import site_of

TABLES = (Order, Subscription, Account, Person, Membership, OutboxMessage, AuditEvent, Counter)


def take(portal: Portal, line: bytes) -> Outcome:
    if len(line) > LONGEST:
        raise refusal_of_long_line(line[:LONGEST])
    received = read_order(line)
    with portal.at(site_of(received.document, sites=portal.sites)):
        return take_order(received, catalogue=portal.catalogue, now=portal.clock())


def rows_at(portal: Portal, code: str = "fr") -> dict[str, list[Any]]:
    with portal.at(portal.sites[code]):
        return {model.__name__: list(model.select().tuples()) for model in TABLES}


def counts_at(portal: Portal, code: str = "fr") -> dict[str, int]:
    return {name: len(rows) for name, rows in rows_at(portal, code).items()}


def refusal(portal: Portal, line: bytes) -> tuple[str, str | None]:
    with pytest.raises(IntakeRefused) as caught:
        take(portal, line)
    return caught.value.code, caught.value.field
