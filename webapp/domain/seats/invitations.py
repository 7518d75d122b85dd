"""Inviting people to use a product: one, several at once, or again. All who are named are, or nobody is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from webapp.data.accounts import Person
from webapp.data.database import atomic
from webapp.data.keys import email_key
from webapp.data.subscriptions import INVITED, USED, Seat, Subscription
from webapp.domain import audit, limits
from webapp.domain.addresses import EmailInvalid, checked_email
from webapp.domain.companies import accounts
from webapp.domain.names import LONGEST_NAME, NameInvalid, checked_name
from webapp.domain.refusals import Refusal
from webapp.domain.seats import seats
from webapp.domain.seats.seat_facts import Facts
from webapp.domain.seats.seats_at_renewal import refuse_beyond_renewal
from webapp.formats import listing
from webapp.i18n import _, ngettext
from webapp.sites import Product

MOST_AT_ONCE = 100  # more than that come in a file
INVITING = limits.Limit("inviting", times=60, within=timedelta(hours=1))  # each of them sends e-mails
AGAIN = limits.Limit("seat_invitation", times=3, within=timedelta(hours=1))  # to the same person
_NAMED = 3  # in the activity, of many


class NobodyNamed(Refusal):
    def __str__(self) -> str:
        return _("Enter at least one email address.")


class TooManyNamed(Refusal):
    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__()

    def __str__(self) -> str:
        return _(
            "These are %(num)s people. Invite up to %(limit)s here, or upload a CSV file.",
            num=self.number,
            limit=MOST_AT_ONCE,
        )


class AddressesInvalid(Refusal):
    """Nobody is invited; these must be mended first."""

    def __init__(self, typed: Sequence[str]) -> None:
        self.typed = typed
        super().__init__()

    def __str__(self) -> str:
        return ngettext(
            "Nobody was invited: this is no email address: %(addresses)s",
            "Nobody was invited: these are no email addresses: %(addresses)s",
            len(self.typed),
            addresses=listing(list(self.typed)),
        )


class SeatsAlready(Refusal):
    def __init__(self, emails: Sequence[str]) -> None:
        self.emails = emails
        super().__init__()

    def __str__(self) -> str:
        return ngettext(
            "Nobody was invited: this person has a license already: %(addresses)s",
            "Nobody was invited: these people have a license already: %(addresses)s",
            len(self.emails),
            addresses=listing(list(self.emails)),
        )


class UsesItAlready(Refusal):
    def __str__(self) -> str:
        return _("This person uses it already: there is nothing to invite to.")


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody to be given a seat, as named by who invites."""

    email: str
    name: str = ""  # unknown: the address stands for it
    language: str = ""  # unknown: that of who invites
    facts: Facts = field(default_factory=Facts)


_APART = re.compile(r"[\r\n;,]+")
_NAME_AND_ADDRESS = re.compile(r"(?P<name>[^<>]*)<(?P<email>[^<>]*)>")


def read_addresses(text: str, *, language: str = "", facts: Facts | None = None) -> list[Invitation]:
    """What was typed or pasted: addresses apart from each other by lines, commas or semicolons, each once."""
    pieces = [piece.strip() for piece in _APART.split(text) if piece.strip()]
    if not pieces:
        raise NobodyNamed
    if len(pieces) > MOST_AT_ONCE:
        raise TooManyNamed(len(pieces))
    found, wrong = {}, []
    for piece in pieces:
        try:
            name, email = _name_and_email(piece)
            found[email_key(email)] = Invitation(email, name, language, facts or Facts())
        except (EmailInvalid, NameInvalid):
            wrong.append(piece[:LONGEST_NAME])
    if wrong:
        raise AddressesInvalid(wrong)
    return list(found.values())


def _name_and_email(piece: str) -> tuple[str, str]:
    """`Marie Dupont <marie@example.com>`, or the address alone."""
    both = _NAME_AND_ADDRESS.fullmatch(piece)
    if both is None:
        return "", checked_email(piece)
    name = both["name"].strip(" \"'")
    return checked_name(name) if name else "", checked_email(both["email"])


def invite(
    subscription: Subscription,
    invitations: Sequence[Invitation],
    *,
    product: Product | None,
    actor: Person,
    now: datetime,
) -> int:
    """A seat and an e-mail for each of them, or a refusal and nothing for anybody."""
    seats.refuse_without_self_service(product)
    with atomic():
        seats.hold(subscription, actor=actor, now=now)
        seats.take(subscription, len(invitations), product=product)
        limits.spend(INVITING, subscription.public_id, now=now)
        already = [one.email for one in invitations if not admit(subscription, one, actor=actor, now=now)]
        if already:
            raise SeatsAlready(already)
        refuse_beyond_renewal(subscription)
        record(subscription, invitations, actor=actor, now=now)
    return len(invitations)


def admit(subscription: Subscription, invitation: Invitation, *, actor: Person, now: datetime) -> bool:
    """One person, whose licence is taken already; False if they have a seat."""
    person = accounts.keep_person(
        email=invitation.email,
        name=invitation.name or invitation.email,
        language=invitation.language or actor.language,
        now=now,
    )
    own = person.id == actor.id
    given = seats.give(subscription, person, invitation.facts, state=USED if own else INVITED, now=now)
    if given is None:
        return False
    accounts.join(person, subscription.account, now=now)
    if given[1]:
        limits.spend(AGAIN, f"{subscription.public_id}:{person.id}", now=now)
    if not own:
        seats.mail_invitation(
            subscription, person, from_name=actor.name, last_day=invitation.facts.last_day, now=now
        )
    _note(person, subscription, actor=actor, now=now)
    return True


def _note(person: Person, subscription: Subscription, *, actor: Person, now: datetime) -> None:
    """Of each person; the activity of the subscription tells of all of them in one line (`record`)."""
    audit.record(
        audit.SEAT_INVITED,
        actor=audit.Actor.of(actor),
        account=subscription.account,
        person=person,
        now=now,
        subscription_id=subscription.public_id,
    )


def record(
    subscription: Subscription,
    invitations: Iterable[Invitation],
    *,
    actor: Person,
    now: datetime,
    number: int = 0,
) -> None:
    """`number`: how many, where not all of them are at hand."""
    named = [invitation.name or invitation.email for invitation in invitations]
    audit.record(
        audit.SEATS_INVITED,
        actor=audit.Actor.of(actor),
        subscription=subscription,
        now=now,
        number=number or len(named),
        names=named[:_NAMED],
    )


def invite_again(seat: Seat, *, product: Product | None, actor: Person, now: datetime) -> None:
    """The e-mail once more; whose seat is over gets a new one, without an end."""
    seats.refuse_without_self_service(product)
    subscription, person = seat.subscription, seat.person
    with atomic():
        seats.hold(subscription, actor=actor, now=now)
        current = Seat.get_by_id(seat.id)
        if not current.counted:
            _give_again(current, subscription, person, product=product, actor=actor, now=now)
        elif current.state == USED:
            raise UsesItAlready
        else:
            _send_again(current, subscription, person, actor=actor, now=now)


def _give_again(
    seat: Seat,
    subscription: Subscription,
    person: Person,
    *,
    product: Product | None,
    actor: Person,
    now: datetime,
) -> None:
    seats.take(subscription, 1, product=product)
    facts = Facts(None, seat.cost_centre, seat.job_site)
    known = Invitation(person.email, person.name, person.language, facts)
    if not admit(subscription, known, actor=actor, now=now):
        raise SeatsAlready([person.email])
    refuse_beyond_renewal(subscription)
    record(subscription, [known], actor=actor, now=now)


def _send_again(
    seat: Seat, subscription: Subscription, person: Person, *, actor: Person, now: datetime
) -> None:
    limits.spend(AGAIN, f"{subscription.public_id}:{person.id}", now=now)
    seats.mail_invitation(subscription, person, from_name=actor.name, last_day=seat.last_day, now=now)
    audit.record(
        audit.SEAT_REINVITED,
        actor=audit.Actor.of(actor),
        subscription=subscription,
        person=person,
        now=now,
        name=person.name,
    )
