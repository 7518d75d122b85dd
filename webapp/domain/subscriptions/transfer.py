"""The administration of a subscription goes from one person to another, and back until the other has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import peewee as pw

from webapp.data.accounts import Account, Membership, Person
from webapp.data.database import atomic
from webapp.data.keys import email_key
from webapp.data.statements import row
from webapp.data.subscriptions import ACTIVE, Seat, Subscription
from webapp.data.transfers import OPEN_SQL, Transfer
from webapp.domain import audit, limits, outbox
from webapp.domain.addresses import checked_email
from webapp.domain.companies import accounts
from webapp.domain.names import checked_name
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.seats import seats
from webapp.domain.subscriptions.cancellation import last_day_before
from webapp.domain.terms import has_ended, is_running
from webapp.domain.webhooks import webhooks
from webapp.i18n import _

TRANSFERS = limits.Limit("transfer", times=10, within=timedelta(days=1))  # each of them sends e-mails


class AlreadyAdministrator(Refusal):
    def __str__(self) -> str:
        return _("You administer this subscription already. Choose somebody else.")


class NobodyChosen(Refusal):
    def __str__(self) -> str:
        return _("Choose a person.")


class NotOfTheAccount(Refusal):
    def __str__(self) -> str:
        return _(
            "This person does not belong to your company here. Choose again, or add them as a new person."
        )


class NotActive(Refusal):
    def __str__(self) -> str:
        return _("Only an active subscription can be handed over.")


class AlreadyTransferred(Refusal):
    def __str__(self) -> str:
        return _("The administration was handed over meanwhile. Nothing was changed now.")


class TakenTooLate(Refusal):
    def __str__(self) -> str:
        return _("The new administrator has logged in meanwhile. It can’t be taken back any more.")


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody the account does not have yet, as typed."""

    name: str
    email: str


def new_person(*, name: str, email: str) -> NewPerson:
    """Checked as far as that can be done without asking the network: a typing error may remain."""
    return NewPerson(checked_name(name), checked_email(email))


def transfer_administration(
    subscription: Subscription, *, to: Person | NewPerson, keep_seat: bool, actor: Person, now: datetime
) -> Transfer:
    """From this instant on `to` administers it and `actor` does not."""
    if email_key(to.email) == actor.email_key:
        raise AlreadyAdministrator
    with atomic():
        limits.spend(TRANSFERS, subscription.public_id, now=now)
        heir = _heir(subscription.account, to, language=actor.language, now=now)
        was_backup = _hand_over(subscription, heir, actor, now=now)
        _settle(Transfer.subscription == subscription, now=now)  # who hands it on has come
        seat_given_up = None if keep_seat else seats.give_up(subscription, actor, now=now)
        made: Transfer = Transfer.create(
            subscription=subscription,
            from_person=actor,
            to_person=heir,
            at=now,
            was_backup=was_backup,
            seat_given_up=seat_given_up,
        )
        _record(audit.SUBSCRIPTION_TRANSFERRED, subscription, actor, heir, now, to=to.name)
        webhooks.tell(webhooks.TRANSFERRED, subscription, now=now)
        _tell_both(
            subscription, heir, actor, called=to.name, kept_seat=has_seat(subscription, actor.id), now=now
        )
    return made


def hand_over_to_claimant(
    subscription: Subscription, *, former: Person, to: Person, by: audit.Actor, now: datetime
) -> Transfer:
    """The former administrator has left. Nobody takes it back: who claimed it is there already."""
    with atomic():
        if not is_of_account(subscription.account, to):
            raise NotOfTheAccount
        was_backup = _hand_over(subscription, to, former, now=now)
        _settle(Transfer.subscription == subscription, now=now)
        made: Transfer = Transfer.create(
            subscription=subscription,
            from_person=former,
            to_person=to,
            at=now,
            was_backup=was_backup,
            settled_at=now,
        )
        audit.record(
            audit.SUBSCRIPTION_TRANSFERRED,
            actor=by,
            subscription=subscription,
            person=to,
            now=now,
            to=to.name,
            claimed=True,
        )
        webhooks.tell(webhooks.TRANSFERRED, subscription, now=now)
    return made


def _heir(account: Account, to: Person | NewPerson, *, language: str, now: datetime) -> Person:
    if isinstance(to, NewPerson):
        person = accounts.keep_person(email=to.email, name=to.name, language=language, now=now)
        accounts.join(person, account, now=now)
        return person
    if not is_of_account(account, to):
        raise NotOfTheAccount
    return to


def is_of_account(account: Account, person: Person) -> bool:
    here = (Membership.account == account) & (Membership.person == person)
    return bool(Membership.select().where(here).exists())


def _hand_over(subscription: Subscription, heir: Person, actor: Person, *, now: datetime) -> bool:
    """Whether the new administrator was the backup: one person is not both."""
    was_backup: bool = subscription.backup_id == heir.id
    still_ours = (Subscription.id == subscription.id) & (Subscription.administrator == actor)
    changes = {"administrator": heir, **({"backup": None} if was_backup else {})}
    if Subscription.update(changes).where(still_ours, is_running(now=now)).execute() != 1:
        over = subscription.status != ACTIVE or has_ended(subscription, now=now)
        raise NotActive if over else AlreadyTransferred
    return was_backup


def has_seat(subscription: Subscription, person_id: int) -> bool:
    own = (Seat.subscription == subscription) & (Seat.person == person_id)
    return bool(Seat.select().where(own, Seat.counted == 1).exists())


def _record(
    action: str,
    subscription: Subscription,
    actor: Person,
    person: Person | None,
    now: datetime,
    **details: object,
) -> None:
    by = audit.Actor.of(actor)
    audit.record(action, actor=by, subscription=subscription, person=person, now=now, account=None, **details)


def _tell_both(
    subscription: Subscription, heir: Person, actor: Person, *, called: str, kept_seat: bool, now: datetime
) -> None:
    page = f"/subscriptions/{subscription.public_id}"
    outbox.enqueue(
        "transfer_received",
        to=heir,
        subscription=subscription,
        path=page,
        from_name=actor.name,
        last_day=last_day_before(subscription.ends_on) if subscription.ends_on else None,
        now=now,
    )
    outbox.enqueue(
        "transfer_done",
        to=actor,
        subscription=subscription,
        path=f"{page}/transfer/take-back",
        to_name=called,
        to_email=heir.email,
        kept_seat=kept_seat,
        now=now,
    )


# ---- until the new administrator has come


_RECEIVED_SQL = f"SELECT t.id FROM transfer t WHERE t.to_person_id = :person AND {OPEN_SQL} LIMIT 1"


def settle(person_id: int, *, now: datetime) -> None:
    """This person is there: what was handed over to them is theirs for good."""
    if row(_RECEIVED_SQL, person=person_id):
        _settle(Transfer.to_person == person_id, now=now)


def _settle(which: pw.Expression, *, now: datetime) -> None:
    still_open = Transfer.settled_at.is_null() & Transfer.taken_back_at.is_null()
    Transfer.update(settled_at=now).where(which, still_open).execute()


def take_back(transfer: Transfer, *, actor: Person, now: datetime) -> None:
    """As it was before: administration, backup and the seat that was given up, if a license is still free."""
    subscription, heir = transfer.subscription, transfer.to_person
    with atomic():
        _close(transfer, now=now)
        changes = {"administrator": actor, **({"backup": heir} if transfer.was_backup else {})}
        back = Subscription.update(changes).where(
            Subscription.id == subscription.id, Subscription.administrator == heir
        )
        if back.execute() != 1:
            raise TakenTooLate
        if transfer.seat_given_up:
            seats.give_back(subscription, actor, now=now)
        _record(audit.TRANSFER_TAKEN_BACK, subscription, actor, heir, now)
        webhooks.tell(webhooks.TRANSFERRED, subscription, now=now)
        if not outbox.withdraw_pending(subscription, "transfer_received"):
            outbox.enqueue(
                "transfer_taken_back", to=heir, subscription=subscription, from_name=actor.name, now=now
            )
        if _joined_by_transfer(subscription.account, heir):
            accounts.leave_if_unused(heir, subscription.account)


def _close(transfer: Transfer, *, now: datetime) -> None:
    still_open = Transfer.settled_at.is_null() & Transfer.taken_back_at.is_null()
    if Transfer.update(taken_back_at=now).where(Transfer.id == transfer.id, still_open).execute() != 1:
        raise TakenTooLate


def _joined_by_transfer(account: Account, heir: Person) -> bool:
    """Whether who never came is of the account only because something of it was handed over to them."""
    same_moment = (Transfer.to_person == Membership.person) & (Transfer.at == Membership.created_at)
    here = (Membership.account == account) & (Membership.person == heir) & Transfer.settled_at.is_null()
    return bool(Membership.select().join(Transfer, on=same_moment).where(here).exists())


# ---- the backup


def name_backup(subscription: Subscription, *, person: Person | None, actor: Person, now: datetime) -> None:
    """`None`: from now on there is none."""
    if person is not None and person.id == actor.id:
        raise AlreadyAdministrator
    if person is not None and not is_of_account(subscription.account, person):
        raise NotOfTheAccount
    if subscription.backup_id == (person and person.id):
        return
    with atomic():
        still_ours = (Subscription.id == subscription.id) & (Subscription.administrator == actor)
        former = Person.get_or_none(Person.id == subscription.backup_id)
        if Subscription.update(backup=person).where(still_ours, is_running(now=now)).execute() != 1:
            raise NotThere
        _record(audit.BACKUP_NAMED, subscription, actor, person, now, to=person.name if person else "")
        if person:
            _tell_backup("backup_named", person, subscription, actor, now=now)
        if former:
            _tell_backup("backup_removed", former, subscription, actor, now=now)


def leave_backup(subscription: Subscription, *, actor: Person, now: datetime) -> None:
    """The backup gives it up; the administrator is told."""
    with atomic():
        still_is = (Subscription.id == subscription.id) & (Subscription.backup == actor)
        if Subscription.update(backup=None).where(still_is).execute() != 1:
            raise NotThere
        _record(audit.BACKUP_LEFT, subscription, actor, actor, now)
        _tell_backup("backup_left", subscription.administrator, subscription, actor, now=now)


def _tell_backup(kind: str, to: Person, subscription: Subscription, actor: Person, *, now: datetime) -> None:
    page = f"/subscriptions/{subscription.public_id}"
    path = "/subscriptions" if kind == "backup_removed" else page
    outbox.enqueue(kind, to=to, subscription=subscription, path=path, from_name=actor.name, now=now)
