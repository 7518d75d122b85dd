"""Tells endpoints what waits for them, turn by turn, so that none waits for another."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from webapp.assembly import Portal
from webapp.data.webhooks import WebhookEndpoint, WebhookMessage
from webapp.domain.webhooks import webhook_deliveries, webhook_endpoints
from webapp.jobs import turn
from webapp.mail.failures import in_words
from webapp.sites import Site
from webapp.webhooks import Answer, NotDelivered, post, signed_headers

log = logging.getLogger(__name__)

_GONE, _TOO_MANY = 410, 429


def tell(portal: Portal, site: Site) -> Mapping[str, int]:
    """A crash between an endpoint's yes and our note of it tells it again, under the same id."""
    due_by, outcomes = portal.clock(), Counter[str]()
    with portal.at(site):
        outcomes["dead"] += webhook_deliveries.give_up_expired(now=due_by)
    while not turn.is_over() and (told := _round(portal, site, due_by)):
        outcomes.update(told)
    return {"told": outcomes["sent"], "failed": outcomes["queued"], "dead": outcomes["dead"]}


def _round(portal: Portal, site: Site, due_by: datetime) -> list[str]:
    """One message for each endpoint that has one."""
    with portal.at(site):
        endpoints = webhook_deliveries.ready(now=portal.clock())
    told = []
    for endpoint in endpoints:
        with portal.at(site):
            message = webhook_deliveries.claim_next(endpoint, due_by=due_by, now=portal.clock())
        if message is not None:
            told.append(_attempt(portal, site, message))
            turn.advanced()
    return told


def _attempt(portal: Portal, site: Site, message: WebhookMessage) -> str:
    """The message's state afterwards."""
    try:
        answer = _send(portal, site, message)
    except NotDelivered as problem:
        return _failed(portal, site, message, str(problem), whole_endpoint=True)
    except Exception as problem:
        log.exception("Webhook %s of site %s could not be made or sent.", message.message_id, site.code)
        return _failed(portal, site, message, in_words(problem))
    return _noted(portal, site, message, answer)


def _send(portal: Portal, site: Site, message: WebhookMessage) -> Answer:
    with portal.at(site):
        now = portal.clock()
        endpoint = WebhookEndpoint.get_by_id(message.endpoint_id)
        secrets = webhook_endpoints.secrets_of(endpoint, vault=portal.vault, now=now)
    headers = {
        "Content-Type": "application/json",
        **signed_headers(message.message_id, message.payload, by=secrets, now=now),
    }
    return post(endpoint.url, message.payload, headers, reach=portal.reach)


def _noted(portal: Portal, site: Site, message: WebhookMessage, answer: Answer) -> str:
    if 200 <= answer.status < 300:
        with portal.at(site):
            webhook_deliveries.delivered(message, now=portal.clock())
        return "sent"
    if answer.status == _GONE:
        log.warning("An endpoint of site %s answered 410 and is disabled.", site.code)
        with portal.at(site):
            return webhook_deliveries.gone(message)
    error = f"{answer.status} {answer.text}".strip()
    ill = answer.status >= 500 or answer.status == _TOO_MANY
    wish = timedelta(seconds=answer.retry_after) if ill and answer.retry_after else None
    return _failed(portal, site, message, error, whole_endpoint=ill, retry_after=wish)


def _failed(
    portal: Portal,
    site: Site,
    message: WebhookMessage,
    error: str,
    *,
    whole_endpoint: bool = False,
    retry_after: timedelta | None = None,
) -> str:
    with portal.at(site):
        return webhook_deliveries.failed(
            message, error=error, now=portal.clock(), whole_endpoint=whole_endpoint, retry_after=retry_after
        )
