"""A request that came with a key (`Idempotency-Key`) is carried out once; later ones get the same answer.

The answer is stored in the transaction of the change, so there is never one without the other. Who comes at
the same time waits for that transaction, and then finds its answer. A refusal is not kept: it changed
nothing, and the mended request may come under the same key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.data.api_keys import IdempotentRequest
from webapp.data.database import atomic
from webapp.data.records import find, insert_if_new
from webapp.domain.refusals import Refusal

KEPT = timedelta(hours=48)


class KeyReused(Refusal):
    def __str__(self) -> str:
        return "This Idempotency-Key came before with another request. Nothing was changed."


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: str
    location: str = ""
    repeated: bool = False


def once(act: Callable[[], Answer], *, caller: str, key: str, fingerprint: str, now: datetime) -> Answer:
    """What `act` answers, or what it answered to the same request before."""
    with atomic():
        if not insert_if_new(IdempotentRequest, caller=caller, key=key, fingerprint=fingerprint, at=now):
            return _before(caller, key, fingerprint)
        answer = act()
        here = (IdempotentRequest.caller == caller) & (IdempotentRequest.key == key)
        kept = {"status": answer.status, "answer": answer.body, "location": answer.location}
        IdempotentRequest.update(kept).where(here).execute()
        return answer


def _before(caller: str, key: str, fingerprint: str) -> Answer:
    stored = find(IdempotentRequest, caller=caller, key=key)
    assert stored is not None
    if stored.fingerprint != fingerprint:
        raise KeyReused
    return Answer(stored.status, stored.answer, stored.location, repeated=True)


def forget_old(*, now: datetime) -> int:
    return int(IdempotentRequest.delete().where(IdempotentRequest.at <= now - KEPT).execute())
