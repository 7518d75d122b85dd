"""What waits to be told: claimed by one worker, sent outside of any transaction, and how it went noted.

Of one subscription an event is not sent before the one that happened earlier was taken or given up. An
endpoint that does not answer rests, so that what waits for it costs nobody else a try.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import peewee as pw

from webapp.data.database import atomic, to_micros
from webapp.data.statements import rows, run
from webapp.data.webhooks import DEAD, ENABLED, QUEUED, SENT, WebhookEndpoint, WebhookMessage
from webapp.domain.refusals import Refusal
from webapp.domain.webhooks import webhook_endpoints
from webapp.domain.webhooks.webhooks import TRIED_FOR

# After each failed try; the last of them passes on the third day.
_WAITS = [timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)] + [
    timedelta(hours=hours) for hours in (2, 5, 10, 14, 18, 20)
]
LEASE = timedelta(minutes=1)  # a worker that crashed keeps a message no longer than this
KEPT = timedelta(days=30)
_SHORTEST_REST, _LONGEST_REST = timedelta(seconds=5), timedelta(minutes=5)
_LONGEST_WISH = timedelta(hours=1)  # of an endpoint that says itself how long it rests
GONE = "The endpoint answered 410: it wants nothing any more."


class NothingToReplay(Refusal):
    def __init__(self, message_id: str) -> None:
        super().__init__(f"There is no message {message_id} at this site, or its endpoint is disabled.")


# ---- claiming


_READY_SQL = """
SELECT id FROM webhook_endpoint WHERE state = 'enabled' AND (resting_until IS NULL OR resting_until <= :now)
ORDER BY id
"""
_NEXT_SQL = """
SELECT m.id FROM webhook_message m
WHERE m.endpoint_id = :endpoint AND m.state = 'queued' AND m.next_attempt_at <= :due_by
 AND NOT EXISTS (SELECT 1 FROM webhook_message earlier WHERE earlier.endpoint_id = m.endpoint_id
  AND earlier.subject = m.subject AND earlier.state = 'queued' AND earlier.id < m.id)
ORDER BY m.next_attempt_at, m.id LIMIT 1
"""


def ready(*, now: datetime) -> list[int]:
    """Row numbers of endpoints that may be tried."""
    return [found.id for found in rows(_READY_SQL, now=to_micros(now))]


def claim_next(endpoint: int, *, due_by: datetime, now: datetime) -> WebhookMessage | None:
    """The next message for this endpoint, which is this worker's alone until its lease runs out."""
    while found := rows(_NEXT_SQL, endpoint=endpoint, due_by=to_micros(due_by)):
        message = WebhookMessage.get_or_none(WebhookMessage.id == found[0].id)
        if message is None:
            continue
        if message.attempts > len(_WAITS):
            _give_up(message, message.last_error or "Given up: each try ended without an answer.")
        elif _take(message, due_by, now):
            return message
    return None


def _take(message: WebhookMessage, due_by: datetime, now: datetime) -> bool:
    """Losing is normal, also between finding a message and reading it: then it is not due any more. The try
    is counted before it is made, so that a message which ends its worker comes to an end itself."""
    if message.next_attempt_at > due_by:
        return False
    claim = secrets.token_hex(16)
    seen = (WebhookMessage.next_attempt_at == message.next_attempt_at) & (WebhookMessage.state == QUEUED)
    change = WebhookMessage.update(claim=claim, next_attempt_at=now + LEASE, attempts=message.attempts + 1)
    if change.where((WebhookMessage.id == message.id) & seen).execute() != 1:
        return False
    message.claim, message.next_attempt_at, message.attempts = claim, now + LEASE, message.attempts + 1
    return True


# ---- how it went


def delivered(message: WebhookMessage, *, now: datetime) -> None:
    """Whatever became of the claim meanwhile: the endpoint has it."""
    with atomic():
        change = WebhookMessage.update(state=SENT, sent_at=now, claim=None, last_error="")
        change.where(WebhookMessage.id == message.id).execute()
        well = {"failures": 0, "failing_since": None, "resting_until": None, "last_error": ""}
        failing = (WebhookEndpoint.id == message.endpoint_id) & (WebhookEndpoint.failures > 0)
        WebhookEndpoint.update(well).where(failing, WebhookEndpoint.state == ENABLED).execute()


def failed(
    message: WebhookMessage,
    *,
    error: str,
    now: datetime,
    whole_endpoint: bool = False,
    retry_after: timedelta | None = None,
) -> str:
    """The message's state from now on. `whole_endpoint`: others would fare no better now."""
    with atomic():
        if whole_endpoint:
            _rest(message.endpoint_id, error, now=now, wish=retry_after)
        if now >= message.expires_at or message.attempts > len(_WAITS):
            _give_up(message, error)
            return DEAD
        again = min(now + _about(_WAITS[message.attempts - 1]), message.expires_at)
        change = WebhookMessage.update(next_attempt_at=again, last_error=error, claim=None)
        change.where(_still_ours(message)).execute()
    return QUEUED


def _about(wait: timedelta) -> timedelta:
    """Not all at the same moment."""
    return wait * random.uniform(0.9, 1.1)


def _rest(endpoint: int, error: str, *, now: datetime, wish: timedelta | None) -> None:
    found = WebhookEndpoint.get_by_id(endpoint)
    rest = min(_SHORTEST_REST * 2 ** min(found.failures, 10), _LONGEST_REST)
    if wish is not None:
        rest = max(rest, min(wish, _LONGEST_WISH))
    WebhookEndpoint.update(
        failures=WebhookEndpoint.failures + 1,
        failing_since=pw.fn.COALESCE(WebhookEndpoint.failing_since, to_micros(now)),
        resting_until=now + _about(rest),
        last_error=error,
    ).where(WebhookEndpoint.id == endpoint).execute()


def gone(message: WebhookMessage) -> str:
    """The endpoint wants nothing any more."""
    webhook_endpoints.disable(WebhookEndpoint.get_by_id(message.endpoint_id).key, reason=GONE)
    return DEAD


def _give_up(message: WebhookMessage, error: str) -> None:
    WebhookMessage.update(state=DEAD, last_error=error, claim=None).where(_still_ours(message)).execute()


def _still_ours(message: WebhookMessage) -> pw.Expression:
    claim = WebhookMessage.claim.is_null() if message.claim is None else WebhookMessage.claim == message.claim
    return (WebhookMessage.id == message.id) & (WebhookMessage.state == QUEUED) & claim


# What the endpoint was too ill to be even asked, for as long as it would have been tried.
_EXPIRE_SQL = """
UPDATE webhook_message SET state = 'dead', claim = NULL, last_error =
 CASE WHEN last_error = '' THEN (SELECT e.last_error FROM webhook_endpoint e WHERE e.id = endpoint_id)
 ELSE last_error END
WHERE state = 'queued' AND expires_at <= :now AND endpoint_id IN (SELECT e.id FROM webhook_endpoint e
 WHERE e.state <> 'enabled' OR (e.resting_until > :now AND e.failing_since <= :long_ago))
"""


def give_up_expired(*, now: datetime) -> int:
    """Of endpoints that took nothing for three days: what is older than that."""
    return run(_EXPIRE_SQL, now=to_micros(now), long_ago=to_micros(now - TRIED_FOR))


# ---- for operators


def dead(*, limit: int = 1000) -> Sequence[WebhookMessage]:
    """Newest first, with their endpoints."""
    found = WebhookMessage.select(WebhookMessage, WebhookEndpoint).join(WebhookEndpoint)
    return list(found.where(WebhookMessage.state == DEAD).order_by(WebhookMessage.id.desc()).limit(limit))


def replay(message_id: str, *, now: datetime) -> None:
    """Once more, delivered or dead, under the same id."""
    if not _replay(WebhookMessage.message_id == message_id, now=now):
        raise NothingToReplay(message_id)


def replay_dead(*, now: datetime) -> int:
    return _replay(WebhookMessage.state == DEAD, now=now)


def replay_since(since: datetime, *, now: datetime) -> int:
    """Everything that happened from then on: for a receiver that lost what it had."""
    return _replay(WebhookMessage.created_at >= since, now=now)


def _replay(which: pw.Expression, *, now: datetime) -> int:
    fresh = {"state": QUEUED, "attempts": 0, "claim": None, "sent_at": None, "last_error": ""}
    fresh |= {"next_attempt_at": now, "expires_at": now + TRIED_FOR}
    enabled = WebhookEndpoint.select(WebhookEndpoint.id).where(WebhookEndpoint.state == ENABLED)
    done = (WebhookMessage.state != QUEUED) & WebhookMessage.endpoint.in_(enabled)
    return int(WebhookMessage.update(fresh).where(which, done).execute())


def forget_old(*, now: datetime) -> int:
    """What was taken long ago."""
    old = (WebhookMessage.state == SENT) & (WebhookMessage.sent_at <= now - KEPT)
    return int(WebhookMessage.delete().where(old).execute())
