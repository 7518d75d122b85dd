"""How a claim ends: handed over, refused, withdrawn, or overtaken by what happened meanwhile.

Each change is made only if the claim still is in the state in which it was read: who is late changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import peewee as pw

from webapp.data.accounts import Membership, Person
from webapp.data.claims import (
    DISPUTED,
    GRANTED,
    OPEN,
    OVERTAKEN,
    REFUSED,
    WITHDRAWN,
    Claim,
)
from webapp.data.database import atomic
from webapp.data.subscriptions import Subscription
from webapp.domain import audit, outbox, tokens
from webapp.domain.claims.claims import backup_of, checked_reason, concerned, record, to_object, told
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.subscriptions import transfer
from webapp.domain.terms import is_running
from webapp.i18n import _


class NoLongerOpen(Refusal):
    def __str__(self) -> str:
        return _("This was decided or changed meanwhile. Nothing was changed now.")


# ---- objecting


def object_by_link(token: str, *, reason: str, now: datetime) -> Claim:
    """The mailed secret is enough: who has left may be unable to log in, and only a closer look follows."""
    with atomic():
        claim, person = to_object(token, now=now)
        objected = raise_objection(claim, actor=person, reason=reason, now=now)
        tokens.consume(token, tokens.OBJECT_CLAIM, now=now)
    return objected


def raise_objection(claim: Claim, *, actor: Person, reason: str, now: datetime) -> Claim:
    """From now on only support decides. It counts as long as nothing was handed over."""
    why = checked_reason(reason) if reason.strip() else ""
    if actor not in concerned(claim, now=now):
        raise NotThere
    with atomic():
        _move(claim, OPEN, DISPUTED, objected_at=now, objected_by=actor, objection=why)
        record(audit.CLAIM_OBJECTED, claim, audit.Actor.of(actor), now=now, reason=why)
        _tell(claim.person, claim, DISPUTED, now=now)
    return claim


# ---- deciding


def decide_as_backup(claim: Claim, *, actor: Person, grant: bool, reason: str, now: datetime) -> None:
    """At once, while nobody has objected. A refusal says why."""
    why = checked_reason(reason) if reason.strip() or not grant else ""
    backup = backup_of(claim)
    if backup is None or backup.id != actor.id:
        raise NotThere
    _decide(claim, OPEN, grant=grant, by=audit.Actor.of(actor), reason=why, now=now)


def decide_dispute(claim: Claim, *, by: audit.Actor, grant: bool, reason: str, now: datetime) -> None:
    """By support, which always says why."""
    _decide(claim, DISPUTED, grant=grant, by=by, reason=checked_reason(reason), now=now)


def hand_over_if_due(claim: Claim, *, now: datetime) -> bool:
    """Nobody has objected in time. False: something else happened to it meanwhile."""
    try:
        _grant(claim, OPEN, by=audit.PORTAL, reason="", now=now)
    except NoLongerOpen:
        return False
    return True


def _decide(claim: Claim, state: str, *, grant: bool, by: audit.Actor, reason: str, now: datetime) -> None:
    if grant:
        _grant(claim, state, by=by, reason=reason, now=now)
    else:
        _close(claim, state, REFUSED, by=by, reason=reason, now=now)


def _grant(claim: Claim, state: str, *, by: audit.Actor, reason: str, now: datetime) -> None:
    """By the rules of a transfer. If they refuse it, the claim has been overtaken."""
    former, heir = claim.administrator, claim.person
    try:
        with atomic():
            hearers = told(claim, now=now)
            _settle(claim, state, GRANTED, by=by, reason=reason, now=now)
            transfer.hand_over_to_claimant(claim.subscription, former=former, to=heir, by=by, now=now)
            _tell_about_the_end(claim, GRANTED, hearers, by=by, reason=reason, now=now)
    except (transfer.NotActive, transfer.AlreadyTransferred, transfer.NotOfTheAccount):
        overtake(claim, now=now)
        raise NoLongerOpen from None


def withdraw(claim: Claim, *, actor: Person, now: datetime) -> None:
    """Who claims has thought better of it."""
    if claim.person_id != actor.id:
        raise NotThere
    _close(claim, claim.state, WITHDRAWN, by=audit.Actor.of(actor), reason="", now=now)


def _close(claim: Claim, state: str, end: str, *, by: audit.Actor, reason: str, now: datetime) -> None:
    with atomic():
        _settle(claim, state, end, by=by, reason=reason, now=now)
        _tell_about_the_end(claim, end, told(claim, now=now), by=by, reason=reason, now=now)


_ACTIONS = {
    GRANTED: audit.CLAIM_GRANTED,
    REFUSED: audit.CLAIM_REFUSED,
    WITHDRAWN: audit.CLAIM_WITHDRAWN,
    OVERTAKEN: audit.CLAIM_OVERTAKEN,
}


def _settle(claim: Claim, state: str, end: str, *, by: audit.Actor, reason: str, now: datetime) -> None:
    if state not in (OPEN, DISPUTED):
        raise NoLongerOpen
    _move(claim, state, end, waits_for=None, closed_at=now, decided_by=by.name, decision=reason)
    said = {"reason": reason} if reason else {}
    record(_ACTIONS[end], claim, by, now=now, **said)


def _move(claim: Claim, state: str, to: str, **changes: object) -> None:
    """Only if it still is where it was: two who act at once are told apart here."""
    change = Claim.update(state=to, **changes).where(Claim.id == claim.id, _is_still(state))
    if change.execute() != 1:
        raise NoLongerOpen
    for name, value in {"state": to, **changes}.items():
        setattr(claim, name, value)


def _is_still(state: str) -> pw.Expression:
    return Claim.state == state


# ---- what time does


def due(*, now: datetime, limit: int) -> Sequence[Claim]:
    """Nobody objected, and the last day to do so is over."""
    over = (Claim.state == OPEN) & (Claim.object_before <= now)
    return list(Claim.select().where(over).order_by(Claim.object_before, Claim.id).limit(limit))


def outlived(*, now: datetime, limit: int) -> Sequence[Claim]:
    """What is claimed was handed over or has ended meanwhile, or who claims has left the company."""
    member = Membership.select().where(
        Membership.account == Subscription.account, Membership.person == Claim.person
    )
    as_it_was = (Subscription.administrator == Claim.administrator) & is_running(now=now)
    waiting = Claim.select().join(Subscription).where(Claim.waits_for.is_null(False))
    gone = waiting.where(~(as_it_was & pw.fn.EXISTS(member)))
    return list(gone.order_by(Claim.id).limit(limit))


def overtake(claim: Claim, *, now: datetime) -> bool:
    """Nothing is left to decide; who claimed hears of it. False: it was closed already."""
    still_waits = Claim.waits_for.is_null(False)
    with atomic():
        change = Claim.update(state=OVERTAKEN, waits_for=None, closed_at=now)
        if change.where(Claim.id == claim.id, still_waits).execute() != 1:
            return False
        record(audit.CLAIM_OVERTAKEN, claim, audit.PORTAL, now=now)
        _tell(claim.person, claim, OVERTAKEN, now=now)
    return True


# ---- who hears of it


def _tell_about_the_end(
    claim: Claim, end: str, hearers: Sequence[Person], *, by: audit.Actor, reason: str, now: datetime
) -> None:
    """Everybody who was asked, and who claims; whoever did it knows."""
    for person in hearers:
        if by.person is None or person.id != by.person.id:
            _tell(person, claim, end, by=by, reason=reason, now=now)
    if by.person is None or by.person.id != claim.person_id:
        _tell(claim.person, claim, end, by=by, reason=reason, now=now)


def _tell(
    person: Person,
    claim: Claim,
    outcome: str,
    *,
    by: audit.Actor = audit.PORTAL,
    reason: str = "",
    now: datetime,
) -> None:
    claims, page = person.id == claim.person_id, f"/subscriptions/{claim.subscription.public_id}"
    kind = "claim_news" if outcome != GRANTED else "claim_granted" if claims else "claim_handed_over"
    outbox.enqueue(
        kind,
        to=person,
        subscription=claim.subscription,
        path=page if claims and outcome == GRANTED else "/claims" if claims else "/subscriptions",
        claimant_name=claim.person.name,
        claimant_email=claim.person.email,
        claims=claims,
        administered=person.id == claim.administrator_id,
        outcome=outcome,
        by_name=by.name,
        reason=reason,
        now=now,
    )
