"""How a subscription stands, for templates, from a model instead of a row."""

from __future__ import annotations

from types import SimpleNamespace

from webapp.data.database import to_micros
from webapp.data.subscriptions import Subscription
from webapp.domain.subscriptions.subscriptions import Standing, standing
from webapp.web.site import this_portal


def of_model(subscription: Subscription) -> Standing:
    row = SimpleNamespace(
        status=subscription.status,
        activate_before=to_micros(subscription.activate_before),
        term_start=subscription.term_start and subscription.term_start.isoformat(),
        term_end=subscription.term_end and subscription.term_end.isoformat(),
        ends_on=subscription.ends_on and subscription.ends_on.isoformat(),
    )
    return standing(row, now=this_portal().clock())
