"""Whom a site tells what happens: set up by the operator, signed with a secret that both ends know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from webapp.data.database import atomic, current_site
from webapp.data.webhooks import DEAD, DISABLED, ENABLED, QUEUED, WebhookEndpoint, WebhookMessage
from webapp.domain.refusals import Refusal
from webapp.domain.webhooks import webhooks
from webapp.payments import Vault
from webapp.webhooks import Reach, Unreachable, new_secret

OVERLAP = timedelta(hours=24)  # after a rotation, both secrets sign


class EndpointUnknown(Refusal):
    def __init__(self, key: str) -> None:
        super().__init__(f"There is no endpoint “{key}” at this site.")


class EndpointRefused(Refusal):
    """In the operator's words: what is wrong with the URL or an event's name."""


def add(
    url: str, *, events: Sequence[str] = (), vault: Vault, reach: Reach, now: datetime
) -> tuple[WebhookEndpoint, str]:
    """The endpoint, and its secret: nobody will be shown that again."""
    try:
        reach.checked_url(url)
    except Unreachable as problem:
        raise EndpointRefused(str(problem)) from None
    if unknown := sorted(set(events) - set(webhooks.EVENTS)):
        raise EndpointRefused(f"There is no event “{unknown[0]}”. Events: {', '.join(webhooks.EVENTS)}.")
    secret = new_secret()
    endpoint = WebhookEndpoint.create(
        url=url, events=" ".join(dict.fromkeys(events)), secret=_sealed(secret, vault), created_at=now
    )
    webhooks.somebody_listens()
    return endpoint, secret


def endpoints() -> Sequence[WebhookEndpoint]:
    return list(WebhookEndpoint.select().order_by(WebhookEndpoint.id))


def endpoint(key: str) -> WebhookEndpoint:
    found = WebhookEndpoint.get_or_none(WebhookEndpoint.key == key)
    if found is None:
        raise EndpointUnknown(key)
    return found


def rotate(key: str, *, vault: Vault, now: datetime, overlap: timedelta = OVERLAP) -> tuple[str, datetime]:
    """The new secret, and until when the one before it signs as well."""
    secret, until = new_secret(), now + overlap
    change = WebhookEndpoint.update(
        secret=_sealed(secret, vault), old_secret=WebhookEndpoint.secret, old_until=until
    )
    if change.where(WebhookEndpoint.key == key).execute() != 1:
        raise EndpointUnknown(key)
    return secret, until


def disable(key: str, *, reason: str) -> int:
    """It is told nothing any more. What still waited for it is dead, and can be replayed; how many."""
    with atomic():
        found = endpoint(key)
        WebhookEndpoint.update(state=DISABLED, last_error=reason).where(
            WebhookEndpoint.id == found.id
        ).execute()
        waiting = (WebhookMessage.endpoint == found) & (WebhookMessage.state == QUEUED)
        dead = WebhookMessage.update(state=DEAD, claim=None, last_error=reason).where(waiting)
        return int(dead.execute())


def enable(key: str) -> None:
    """It is told again what happens from now on; what happened meanwhile is replayed, or not, by command."""
    fresh = {"state": ENABLED, "failures": 0, "failing_since": None, "resting_until": None, "last_error": ""}
    if WebhookEndpoint.update(fresh).where(WebhookEndpoint.key == key).execute() != 1:
        raise EndpointUnknown(key)
    webhooks.somebody_listens()


# ---- secrets


def secrets_of(found: WebhookEndpoint, *, vault: Vault, now: datetime) -> list[str]:
    """Those that sign now, newest first."""
    sealed = [found.secret]
    if found.old_secret and found.old_until and now < found.old_until:
        sealed.append(found.old_secret)
    return [vault.unseal(one, place=_place()) for one in sealed]


def _sealed(secret: str, vault: Vault) -> str:
    return vault.seal(secret, place=_place())


def _place() -> str:
    """A key of its own: what seals accounts opens no webhook, nor one site's secret another's."""
    return f"{current_site().code} webhooks"
