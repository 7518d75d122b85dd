"""“I can’t invite anybody”"""

from __future__ import annotations

from datetime import date

from tests.domain.support.situations.told import Situation, about
from tests.domain.support.stuck import Stuck
from webapp.data.outbox import DEAD, OutboxMessage
from webapp.data.subscriptions import Subscription
from webapp.domain.support.diagnosis import CANNOT_INVITE

SITUATIONS: list[Situation] = []
situation = about(CANNOT_INVITE, SITUATIONS)


@situation("no_self_service", "Users of PROFIS Layout Office are not managed in the portal.")
def not_managed_here(s: Stuck) -> None:
    s.active(product="profis-layout-office")


@situation("all_taken", "All 2 licenses of {id} are taken.")
def full(s: Stuck) -> None:
    bought = s.active(quantity=2)
    s.invite(bought, "one.full@example.com")
    s.invite(bought, "two.full@example.com")


@situation("not_manager", "The users of {id} are managed by Olga Muster (boss.manager@example.com).")
def somebody_else_manages(s: Stuck) -> None:
    s.public_id = s.active(to="boss.manager@example.com").public_id
    s.person()


@situation("manages_nothing", "{who} manages no subscription of Musterbau.")
def manages_nothing(s: Stuck) -> None:
    s.invite(s.active(to="boss.nothing@example.com"))


@situation("not_active_yet", "{id} is not activated yet, and only an active subscription has users.")
def not_active(s: Stuck) -> None:
    s.order()


@situation("ended", "{id} was cancelled and ended on 13 Nov 2026.")
def ended(s: Stuck) -> None:
    bought = s.active(375)
    Subscription.update(ends_on=date(2026, 11, 13)).where(Subscription.id == bought.id).execute()


@situation(
    "fewer_at_renewal",
    "From 13 Nov 2027 on {id} has only 1 license, and that many people keep theirs.",
)
def fewer_next_year(s: Stuck) -> None:
    bought = s.active(quantity=3)
    s.invite(bought, "one.fewer@example.com")
    Subscription.update(next_quantity=1).where(Subscription.id == bought.id).execute()


@situation(
    "invitation_failed",
    "Email to typo@exmaple.com of 17 Nov 2026 was not delivered: mailbox unknown.",
)
def the_invitation_was_refused(s: Stuck) -> None:
    s.invite(s.active(), "typo@exmaple.com")
    to = OutboxMessage.to_email == "typo@exmaple.com"
    OutboxMessage.update(state=DEAD, last_error="550 5.1.2 Bad host").where(to).execute()


@situation("invited_waiting", "1 person was invited to {id} and has not logged in yet.")
def has_not_come_yet(s: Stuck) -> None:
    s.invite(s.active(), "late.comer@example.com")


@situation("can_invite", "5 licenses of {id} are free; nothing stands in the way.")
def nothing_in_the_way(s: Stuck) -> None:
    s.active()
