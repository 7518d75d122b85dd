"""A subscription that is billed, on the bound site."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from tests.support.billed import active
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.billing import Invoice
from webapp.data.subscriptions import Subscription
from webapp.sites import Site


@pytest.fixture
def bought(bound_fr: Site, portal: Portal, now: datetime) -> Subscription:
    return active(
        portal,
        now=now,
        quantity=3,
        unit_price="590.10",
        purchase_order_number="BC 7",
        product="profis-engineering-premium",
    )


@pytest.fixture
def issued(bought: Subscription) -> Invoice:
    return Invoice.get()


def events(action: str) -> list[dict[str, Any]]:
    return [json.loads(event.details) for event in AuditEvent.select().where(AuditEvent.action == action)]
