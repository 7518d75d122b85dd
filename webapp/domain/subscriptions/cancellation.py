"""Cancel at renewal: a plan, not an end. Until the term's last moment it can be used, and the plan undone."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import peewee as pw

from webapp.data.accounts import Person
from webapp.data.database import atomic, current_site
from webapp.data.subscriptions import ACTIVE, NEVER, SHELF_ACTIVE, SHELF_CANCELLED, Subscription
from webapp.domain import audit, outbox, permissions
from webapp.domain.calendar import start_of_day
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.webhooks import webhooks
from webapp.formats import day
from webapp.i18n import _, ngettext

MAXIMUM_REASON = 500


class ReasonTooLong(Refusal):
    def __init__(self, length: int) -> None:
        self.length = length
        super().__init__()

    def __str__(self) -> str:
        return ngettext(
            "The reason may have %(limit)s characters: remove %(num)s.",
            "The reason may have %(limit)s characters: remove %(num)s.",
            self.length - MAXIMUM_REASON,
            limit=MAXIMUM_REASON,
        )


class ReasonNotText(Refusal):
    def __str__(self) -> str:
        return _("The reason holds a character that can’t be printed. Type it again.")


class AlreadyCancelled(Refusal):
    def __str__(self) -> str:
        return _("This subscription is cancelled for the next renewal already.")


class NothingToUndo(Refusal):
    def __str__(self) -> str:
        return _("No cancellation is scheduled: this subscription renews by itself.")


class ChangedMeanwhile(Refusal):
    """What was decided on is not what is there: another term began, or somebody was faster."""

    def __str__(self) -> str:
        return _("The dates changed meanwhile. Nothing was saved: read them again and decide then.")


@dataclass
class TermOver(Refusal):
    """From the first instant of the renewal date nothing can be planned or undone for that renewal."""

    last_day: date

    def __str__(self) -> str:
        return _(
            "The term ended on %(date)s. Its renewal can’t be changed any more.", date=day(self.last_day)
        )


def normal_reason(text: str) -> str:
    """Outer space goes, lines stay lines; refused: too long, or not printable."""
    trimmed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").strip())
    unprintable = ("Cc", "Cs", "Zl", "Zp")
    if any(unicodedata.category(letter) in unprintable for letter in trimmed if letter not in "\n\t"):
        raise ReasonNotText
    if len(trimmed) > MAXIMUM_REASON:
        raise ReasonTooLong(len(trimmed))
    return trimmed


def refuse_when_over(subscription: Subscription, *, now: datetime) -> None:
    """The date decides, whether or not the job that renews or ends it has run."""
    if now >= start_of_day(subscription.term_end, current_site().time_zone):
        raise TermOver(last_day_before(subscription.term_end))


def last_day_before(ends_on: date) -> date:
    """The last day of use."""
    return ends_on - timedelta(days=1)


def plan_cancellation(
    subscription: Subscription, *, ends_on: date, reason: str, actor: Person, now: datetime
) -> None:
    """It won't renew on `ends_on`, the date that was shown to who decided."""
    kept_reason = normal_reason(reason)
    planned = {"ends_on": ends_on, "shelf": SHELF_CANCELLED, "renewal_key": NEVER}
    with atomic():
        current = _current(subscription, ends_on=ends_on, planned=False, actor=actor, now=now)
        _change(current, planned, planned=False, actor=actor, now=now)
        audit.record(
            audit.CANCELLATION_PLANNED,
            actor=audit.Actor.of(actor),
            subscription=current,
            now=now,
            ends_on=ends_on.isoformat(),
            reason=kept_reason,
        )
        webhooks.tell(webhooks.CANCELLATION_PLANNED, current, now=now)
        _tell("cancellation_planned", current, actor=actor, reason=kept_reason, now=now)


def undo_cancellation(subscription: Subscription, *, ends_on: date, actor: Person, now: datetime) -> None:
    """It renews again on `ends_on`, as if nothing had been planned."""
    renewing = {"ends_on": None, "shelf": SHELF_ACTIVE, "renewal_key": ends_on.isoformat()}
    with atomic():
        current = _current(subscription, ends_on=ends_on, planned=True, actor=actor, now=now)
        _change(current, renewing, planned=True, actor=actor, now=now)
        audit.record(
            audit.CANCELLATION_UNDONE,
            actor=audit.Actor.of(actor),
            subscription=current,
            now=now,
            ends_on=ends_on.isoformat(),
        )
        webhooks.tell(webhooks.CANCELLATION_UNDONE, current, now=now)
        _tell("cancellation_undone", current, actor=actor, now=now)


def _current(
    subscription: Subscription, *, ends_on: date, planned: bool, actor: Person, now: datetime
) -> Subscription:
    """As it is stored now, if it stands as who decided saw it; else why nothing can be done."""
    found = Subscription.get_or_none(
        Subscription.id == subscription.id,
        permissions.manages(actor),
        Subscription.status == ACTIVE,
    )
    if found is None:
        raise NotThere
    refuse_when_over(found, now=now)
    if (found.ends_on is not None) != planned:
        raise NothingToUndo if planned else AlreadyCancelled
    if found.term_end != ends_on:
        raise ChangedMeanwhile
    return found


def _change(
    current: Subscription, changes: dict[str, Any], *, planned: bool, actor: Person, now: datetime
) -> None:
    """Only if it still is as it was read; who was faster is heard of by reading again."""
    unchanged = [
        Subscription.id == current.id,
        permissions.manages(actor),
        Subscription.status == ACTIVE,
        Subscription.term_end == current.term_end,
        _is_planned(planned),
    ]
    if not Subscription.update(**changes).where(*unchanged).execute():
        _current(current, ends_on=current.term_end, planned=planned, actor=actor, now=now)
        raise ChangedMeanwhile


def _is_planned(planned: bool) -> pw.Expression:
    return Subscription.ends_on.is_null(not planned)


def _tell(kind: str, subscription: Subscription, *, actor: Person, now: datetime, **context: Any) -> None:
    """Who decided; and the administrator, if that was the backup."""
    administrator = subscription.administrator
    concerned = [actor] if administrator.id == actor.id else [actor, administrator]
    for person in concerned:
        outbox.enqueue(
            kind,
            to=person,
            subscription=subscription,
            path=f"/subscriptions/{subscription.public_id}",
            last_day=last_day_before(subscription.term_end),
            by_name=actor.name,
            by_oneself=person is actor,
            now=now,
            **context,
        )
