"""“Our administrator has left”: a colleague claims subscriptions of their company.

Nothing that is named is looked up before who asks has shown that they read a mailbox of the company: until
then every answer is the same, whatever was named. From then on each subscription has a claim of its own.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import peewee as pw

from webapp.data import records
from webapp.data.accounts import Account, Membership, Person
from webapp.data.claims import DISPUTED, OPEN, REFUSED, Claim, ClaimRequest
from webapp.data.database import atomic, current_site
from webapp.data.keys import email_key
from webapp.data.statements import rows
from webapp.data.subscriptions import Subscription
from webapp.domain import audit, limits, outbox, tokens
from webapp.domain.calendar import last_activation_day, local_date, start_of_day
from webapp.domain.companies.company_addresses import HAS_COME, domain_of, is_free, proves
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.terms import RUNNING_SQL, is_running, today
from webapp.domain.tokens import TokenInvalid
from webapp.i18n import _

LINK_MINUTES = 60
MOST = 10  # subscriptions at once
LONGEST_REASON = 500
REQUESTS = limits.Limit("claim", times=5, within=timedelta(days=1))
PAUSE = timedelta(days=30)  # before the same person claims again what was refused to them
KEPT = timedelta(days=30)  # requests that nobody proved
_NUMBER = re.compile(r"SUB-[A-Z]{2}-[0-9]{6,12}")


class NothingNamed(Refusal):
    def __str__(self) -> str:
        return _("Choose a subscription, or enter a subscription ID.")


class NumberInvalid(Refusal):
    def __init__(self, text: str) -> None:
        self.text = text[:40]
        super().__init__()

    def __str__(self) -> str:
        example = f"SUB-{current_site().code.upper()}-204118"
        return _(
            "“%(text)s” is no subscription ID. One looks like %(example)s.", text=self.text, example=example
        )


class TooManyNamed(Refusal):
    def __str__(self) -> str:
        return _("Name at most %(number)s subscriptions at once.", number=MOST)


class ReasonMissing(Refusal):
    def __str__(self) -> str:
        return _("Say in a sentence what has happened: everybody whom we ask reads it.")


class ReasonTooLong(Refusal):
    def __str__(self) -> str:
        return _("Use at most %(number)s characters.", number=LONGEST_REASON)


class FreeAddress(Refusal):
    def __init__(self, email: str) -> None:
        self.domain = domain_of(email)
        super().__init__()

    def __str__(self) -> str:
        return _(
            "Everybody can have an address at %(domain)s: it does not show that you belong to the company."
            " Change your address in your profile to that of your company first.",
            domain=self.domain,
        )


# ---- asking


def ask(person: Person, named: Iterable[str], *, reason: str, now: datetime) -> ClaimRequest:
    """Mails a link to who asks. What they named is not looked at: the answer tells nothing about it."""
    wanted, why = _numbers(named), checked_reason(reason)
    if is_free(person.email):
        raise FreeAddress(person.email)
    with atomic():
        limits.spend(REQUESTS, str(person.id), now=now)
        made = records.create(
            ClaimRequest,
            person=person,
            email=person.email,
            named=json.dumps(wanted),
            reason=why,
            asked_at=now,
        )
        audit.record(audit.CLAIM_ASKED, actor=audit.Actor.of(person), person=person, now=now, named=wanted)
        link = outbox.TokenRequest(tokens.PROVE_CLAIM, minutes=LINK_MINUTES, concerns=str(made.id))
        outbox.enqueue("claim_proof", to=person, token=link, named=wanted, now=now)
    return made


def _numbers(named: Iterable[str]) -> list[str]:
    found: list[str] = []
    for text in named:
        number = text.strip().upper()
        if number and not _NUMBER.fullmatch(number):
            raise NumberInvalid(text.strip())
        if number and number not in found:
            found.append(number)
    if not found:
        raise NothingNamed
    if len(found) > MOST:
        raise TooManyNamed
    return found


def checked_reason(text: str) -> str:
    reason = " ".join(text.replace("\0", "").split())
    if not reason:
        raise ReasonMissing
    if len(reason) > LONGEST_REASON:
        raise ReasonTooLong
    return reason


# ---- the proof


def peek(token: str, *, person_id: int, now: datetime) -> ClaimRequest:
    """What the link would do, for who asked for it and is signed in."""
    found = tokens.peek(token, tokens.PROVE_CLAIM, now=now)
    request: ClaimRequest | None = ClaimRequest.get_or_none(
        ClaimRequest.id == int(found.concerns or 0),
        ClaimRequest.person == person_id,
        ClaimRequest.proven_at.is_null(),
    )
    if request is None or found.person is None or found.person.id != person_id:
        raise TokenInvalid
    if email_key(request.email) != request.person.email_key:  # changed since: another mailbox
        raise TokenInvalid
    return request


def prove(token: str, *, person: Person, now: datetime) -> list[Claim]:
    """Who asked reads this mailbox. A claim begins for each subscription that they may claim by it."""
    with atomic():
        request = peek(token, person_id=person.id, now=now)
        tokens.consume(token, tokens.PROVE_CLAIM, now=now)
        named: list[str] = json.loads(request.named)
        claims = {number: _begin(request, number, person, now=now) for number in named}
        left_out = [number for number, claim in claims.items() if claim is None]
        done = ClaimRequest.update(proven_at=now, left_out=json.dumps(left_out))
        done.where(ClaimRequest.id == request.id).execute()
    return [claim for claim in claims.values() if claim is not None]


def _begin(request: ClaimRequest, number: str, person: Person, *, now: datetime) -> Claim | None:
    """None, for whatever reason: who asks is not told which."""
    subscription = _claimable(number, person, now=now)
    if subscription is None or _refused_lately(subscription, person, now=now):
        return None
    if not proves(person, subscription):
        return None
    key = secrets.token_hex(8)
    values = {
        "request": request,
        "subscription": subscription,
        "person": person,
        "administrator": subscription.administrator,
        "reason": request.reason,
        "opened_at": now,
        "object_before": object_before(now),
    }
    if not records.insert_if_new(Claim, key=key, waits_for=subscription.id, **values):
        return None  # another one is not decided yet
    claim: Claim = Claim.get(Claim.key == key)
    record(audit.CLAIM_OPENED, claim, audit.Actor.of(person), now=now, reason=claim.reason)
    _notify(claim, now=now)
    return claim


def object_before(now: datetime) -> datetime:
    """The day of the claim does not count; the last day to object counts to its end, at the site."""
    site = current_site()
    return start_of_day(local_date(now, site.time_zone) + timedelta(days=site.claim_days + 1), site.time_zone)


def last_day(claim: Claim) -> date:
    return last_activation_day(claim.object_before, current_site().time_zone)


def _claimable(number: str, person: Person, *, now: datetime) -> Subscription | None:
    found: Subscription | None = (
        Subscription.select(Subscription, Account)
        .join(Account)
        .join(Membership)
        .where(
            Subscription.public_id == number,
            Membership.person == person,
            Subscription.administrator != person,
            is_running(now=now),
        )
        .get_or_none()
    )
    return found


def _refused_lately(subscription: Subscription, person: Person, *, now: datetime) -> bool:
    earlier = Claim.select().where(
        Claim.subscription == subscription,
        Claim.person == person,
        Claim.state == REFUSED,
        Claim.closed_at > now - PAUSE,
    )
    return bool(earlier.exists())


# ---- who is asked


_CONCERNED_SQL = f"""
SELECT DISTINCT p.id FROM person p WHERE p.id <> :claimant AND (p.id = :administrator OR p.id IN (
 SELECT s.administrator_id FROM subscription s WHERE s.account_id = :account AND {RUNNING_SQL}
  AND {HAS_COME}))
ORDER BY p.id
"""


def concerned(claim: Claim, *, now: datetime) -> Sequence[Person]:
    """Who may object: the old administrator and the other administrators of the company."""
    found = rows(
        _CONCERNED_SQL,
        claimant=claim.person_id,
        administrator=claim.administrator_id,
        account=claim.subscription.account_id,
        today=today(now).isoformat(),
    )
    return list(Person.select().where(Person.id.in_([one.id for one in found])).order_by(Person.id))


def backup_of(claim: Claim) -> Person | None:
    """Who may decide at once; nobody decides a claim of their own."""
    backup: Person | None = claim.subscription.backup
    return None if backup is None or backup.id == claim.person_id else backup


def told(claim: Claim, *, now: datetime) -> list[Person]:
    """Everybody who was asked, and so hears how it ends."""
    others = list(concerned(claim, now=now))
    backup = backup_of(claim)
    return others if backup is None or backup in others else [*others, backup]


def _notify(claim: Claim, *, now: datetime) -> None:
    backup, days = backup_of(claim), current_site().claim_days
    minutes = (days + 2) * 24 * 60  # from the delivery, which may take its time
    for person in told(claim, now=now):
        decides = backup is not None and person.id == backup.id
        link = outbox.TokenRequest(tokens.OBJECT_CLAIM, minutes=minutes, concerns=claim.key)
        outbox.enqueue(
            "claim_notice",
            to=person,
            subscription=claim.subscription,
            token=None if decides else link,
            path=f"/subscriptions/{claim.subscription.public_id}/claim",
            claimant_name=claim.person.name,
            claimant_email=claim.person.email,
            reason=claim.reason,
            last_day=last_day(claim),
            decides=decides,
            administers=person.id == claim.administrator_id,
            now=now,
        )


# ---- what is there


def record(action: str, claim: Claim, actor: audit.Actor, *, now: datetime, **details: Any) -> None:
    audit.record(
        action,
        actor=actor,
        subscription=claim.subscription,
        person=claim.person,
        now=now,
        claim=claim.key,
        name=claim.person.name,
        **details,
    )


def _claims() -> pw.ModelSelect[Claim]:
    claimant, administrator = Person.alias(), Person.alias()
    return (
        Claim.select(Claim, Subscription, Account, claimant, administrator)
        .join(Subscription)
        .join(Account)
        .switch(Claim)
        .join(claimant, on=(Claim.person == claimant.id), attr="person")
        .switch(Claim)
        .join(administrator, on=(Claim.administrator == administrator.id), attr="administrator")
    )


def own(person_id: int, *, limit: int = 20) -> Sequence[Claim]:
    """What this person claims or claimed, newest first."""
    return list(_claims().where(Claim.person == person_id).order_by(Claim.id.desc()).limit(limit))


def own_claim(person_id: int, key: str) -> Claim:
    return _one(Claim.person == person_id, Claim.key == key)


def waiting_for(subscription: Subscription) -> Claim:
    """The claim to it that is not decided yet."""
    return _one(Claim.waits_for == subscription.id)


def to_object(token: str, *, now: datetime) -> tuple[Claim, Person]:
    """The claim of a mailed link, and who it was mailed to."""
    found = tokens.peek(token, tokens.OBJECT_CLAIM, now=now)
    try:
        return _one(Claim.key == found.concerns, Claim.state.in_([OPEN, DISPUTED])), found.person
    except NotThere:
        raise TokenInvalid from None


def of_account(key: str, *, account_id: int) -> Claim:
    """Whatever its state is."""
    return _one(Claim.key == key, Subscription.account == account_id)


def disputed(key: str, *, account_id: int) -> Claim:
    """One that support decides, whatever its state is by now."""
    return _one(Claim.key == key, Claim.objected_at.is_null(False), Subscription.account == account_id)


def disputes(*, account_id: int | None = None, limit: int = 50) -> Sequence[Claim]:
    """Those that wait for support, the oldest first: of an account, or of the site."""
    found = _claims().where(Claim.state == DISPUTED)
    if account_id is not None:
        found = found.where(Subscription.account == account_id)
    return list(found.order_by(Claim.objected_at, Claim.id).limit(limit))


def _one(*conditions: pw.Expression) -> Claim:
    found: Claim | None = _claims().where(*conditions).get_or_none()
    if found is None:
        raise NotThere
    return found


def left_out(person_id: int, *, now: datetime) -> list[str]:
    """Of what this person named last: those of which no claim came, while that is news."""
    recent = (ClaimRequest.person == person_id) & (ClaimRequest.proven_at > now - timedelta(hours=1))
    latest = ClaimRequest.select().where(recent).order_by(ClaimRequest.id.desc()).first()
    return json.loads(latest.left_out) if latest else []


# What a person sees of it anyway: they use it, are its backup, or look after the billing of its account.
_SEEN_SQL = f"""
SELECT s.public_id, s.product_name, a.name AS account_name
FROM subscription s JOIN account a ON a.id = s.account_id
JOIN membership m ON m.account_id = a.id AND m.person_id = :person
WHERE s.administrator_id <> :person AND {RUNNING_SQL} AND (
 s.backup_id = :person OR m.billing_since IS NOT NULL OR EXISTS (
  SELECT 1 FROM seat t WHERE t.subscription_id = s.id AND t.person_id = :person AND t.counted = 1
   AND t.over_on > :today))
AND NOT EXISTS (SELECT 1 FROM claim c WHERE c.waits_for = s.id AND c.person_id = :person)
ORDER BY s.sort_key, s.id LIMIT :most
"""
MOST_SEEN = 50


def seen_by(person_id: int, *, now: datetime) -> Sequence[object]:
    """Running subscriptions that this person sees and does not administer."""
    return rows(_SEEN_SQL, person=person_id, today=today(now).isoformat(), most=MOST_SEEN)


def forget_old(*, now: datetime) -> int:
    """Requests of which nothing came."""
    used = Claim.select().where(Claim.request == ClaimRequest.id)
    gone = ClaimRequest.delete().where(ClaimRequest.asked_at <= now - KEPT, ~pw.fn.EXISTS(used))
    return int(gone.execute())
