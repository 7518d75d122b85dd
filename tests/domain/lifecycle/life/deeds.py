"""What people do, whether or not they may."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.domain.lifecycle.life.checks import Checked
from tests.support.cast import accept
from webapp.data.accounts import Person
from webapp.data.statements import rows
from webapp.data.subscriptions import ACTIVE, ENDED, WITHDRAWN, Seat, Subscription
from webapp.domain import audit
from webapp.domain.lifecycle import quantity
from webapp.domain.orders import order_corrections
from webapp.domain.permissions import managed_subscription
from webapp.domain.seats import seats
from webapp.domain.seats.invitations import Invitation, invite
from webapp.domain.seats.seat_facts import Facts
from webapp.domain.subscriptions import cancellation, transfer
from webapp.domain.subscriptions.purchase_orders import NEXT_TERM, THIS_TERM, change_po_number

# Most acts come to their end: 0 is no power cut.
CUTS = st.one_of(st.just(0), st.just(0), st.integers(1, 10))
DAYS = st.sampled_from([None, 1, 2, 29, 31, 200, 400])
PEOPLE = st.integers(0, 4).map("user{}@example.com".format)


class Deeds(Checked):
    @rule(cut=CUTS)
    def activate(self, cut: int) -> None:
        may = self.book.may_activate(self.now)
        if self.attempt(lambda it: accept(it, now=self.now), may=may, cut=cut):
            self.book.activate(self.now)

    @rule(often=st.integers(0, 3), cut=CUTS)
    def withdraw(self, often: int, cut: int) -> None:
        """By its shop; seldom, there would be nothing more to tell."""

        def act(it: Subscription) -> None:
            order_corrections.withdraw_order(
                self.order_number, reason="not wanted", actor=audit.OPERATOR, now=self.now
            )

        may = self.book.may_activate(self.now) or self.book.status == WITHDRAWN
        if (not may or not often) and self.attempt(act, may=may, cut=cut):
            self.book.status = WITHDRAWN

    @rule(email=PEOPLE, days=DAYS, cut=CUTS)
    def invite(self, email: str, days: int | None, cut: int) -> None:
        last = self.book.today(self.now) + timedelta(days) if days else None

        def act(it: Subscription) -> None:
            known = Invitation(email, "", "", Facts(last))
            invite(it, [known], product=self.product, actor=it.administrator, now=self.now)

        new = self.book.runs(self.now) and email not in self.book.live(self.now)
        may = None if new and self.book.room_for(last, self.now) else False
        if self.attempt(act, may=may, cut=cut):
            self.book.seats[email] = last
            self.book.revoked.pop(email, None)

    def seat_of(self, it: Subscription, email: str) -> Seat:
        found = Seat.select().join(Person).where(Seat.subscription == it, Person.email == email).get_or_none()
        if found is None:
            raise seats.SeatGone
        return found

    @rule(email=PEOPLE, cut=CUTS)
    def revoke(self, email: str, cut: int) -> None:
        def act(it: Subscription) -> None:
            seats.revoke(self.seat_of(it, email), actor=it.administrator, now=self.now)

        may = self.book.runs(self.now) and email in self.book.live(self.now)
        if self.attempt(act, may=may, cut=cut):
            self.book.revoked[email] = self.book.seats.pop(email)

    @rule(email=PEOPLE, cut=CUTS)
    def restore(self, email: str, cut: int) -> None:
        def act(it: Subscription) -> None:
            who = {"product": self.product, "actor": it.administrator, "now": self.now}
            seats.restore(self.seat_of(it, email), **who)

        last = self.book.revoked.get(email)
        in_time = email in self.book.revoked and (last is None or last >= self.book.today(self.now))
        may = self.book.runs(self.now) and in_time and self.book.room_for(last, self.now)
        if self.attempt(act, may=may, cut=cut):
            self.book.seats[email] = self.book.revoked.pop(email)

    @rule(email=PEOPLE, keep=st.booleans(), cut=CUTS)
    def transfer(self, email: str, keep: bool, cut: int) -> None:
        def act(it: Subscription) -> None:
            own = managed_subscription(it.administrator_id, it.public_id, now=self.now)
            heir = transfer.new_person(name=email.partition("@")[0], email=email)
            old = it.administrator
            transfer.transfer_administration(own, to=heir, keep_seat=keep, actor=old, now=self.now)

        may = None if self.book.runs(self.now) and email != self.book.administrator else False
        if self.attempt(act, may=may, cut=cut):
            old, self.book.administrator = self.book.administrator, email
            if not keep and old in self.book.seats:
                self.book.revoked[old] = self.book.seats.pop(old)

    @rule(
        number=st.sampled_from(["", "4711", "BC 2027"]),
        term=st.sampled_from([THIS_TERM, NEXT_TERM]),
        cut=CUTS,
    )
    def purchase_order(self, number: str, term: str, cut: int) -> None:
        def act(it: Subscription) -> None:
            read = {"read_version": it.po_version, "actor": it.administrator, "now": self.now}
            change_po_number(it, number, term=term, **read)

        unissued = self.unissued()
        may = self.book.runs(self.now) and not (term == NEXT_TERM and self.book.cancelled)
        if not self.attempt(act, may=may, cut=cut):
            return
        if term == NEXT_TERM:
            self.book.next_po = number
        elif number != self.book.po_number:
            self.book.put_number(number, unissued)

    def unissued(self) -> set[str]:
        with self.portal.at(self.site):
            mine = "SELECT cause FROM invoice WHERE subscription_id = :id AND state IN ('due', 'waiting')"
            return {one.cause for one in rows(mine, id=self.id)}

    @rule(cut=CUTS)
    def cancel(self, cut: int) -> None:
        def act(it: Subscription) -> None:
            what = {"ends_on": it.term_end, "actor": it.administrator, "now": self.now}
            cancellation.plan_cancellation(it, reason="", **what)

        may = self.book.may_plan(self.now) and not self.book.cancelled
        if self.attempt(act, may=may, cut=cut):
            self.book.cancelled = True

    @rule(cut=CUTS)
    def undo(self, cut: int) -> None:
        def act(it: Subscription) -> None:
            what = {"ends_on": it.term_end, "actor": it.administrator, "now": self.now}
            cancellation.undo_cancellation(it, **what)

        may = self.book.may_plan(self.now) and self.book.cancelled
        if self.book.first > date.min and self.attempt(act, may=may, cut=cut):
            self.book.cancelled = False

    @rule(added=st.integers(1, 3), cut=CUTS)
    def more(self, added: int, cut: int) -> None:
        def act(it: Subscription) -> None:
            price = quantity.price_of_more(it, added, product=self.product, now=self.now)
            who = {"product": self.product, "actor": it.administrator, "now": self.now}
            quantity.add_licences(it, added, shown=price.key, **who)

        if self.book.status in (ACTIVE, ENDED):
            begun = self.book.has_begun(self.book.billed_until, self.now)
            if self.attempt(act, may=self.book.runs(self.now) and not begun, cut=cut):
                self.book.add(added, self.now)

    @rule(wanted=st.integers(1, 3), who=st.lists(PEOPLE, max_size=2), cut=CUTS)
    def fewer(self, wanted: int, who: list[str], cut: int) -> None:
        def act(it: Subscription) -> None:
            keys = Seat.select(Seat.key).join(Person).where(Seat.subscription == it, Person.email.in_(who))
            shown = {"renewal": it.term_end, "planned": it.next_quantity, "going": [one.key for one in keys]}
            by = {"product": self.product, "actor": it.administrator, "now": self.now}
            quantity.plan_fewer(it, wanted, **shown, **by)

        book = self.book
        stay = [one for one, last in book.live(self.now).items() if last is None or last >= book.term_end]
        going = frozenset(who).intersection(stay) if book.status == ACTIVE else frozenset()
        may = book.may_plan(self.now) and not book.cancelled and wanted < book.quantity
        if self.attempt(act, may=may and book.staying(without=going) <= wanted, cut=cut):
            book.plan(wanted, going)

    @rule(cut=CUTS)
    def keep(self, cut: int) -> None:
        def act(it: Subscription) -> None:
            shown = {"renewal": it.term_end, "planned": it.next_quantity}
            quantity.keep_quantity(it, actor=it.administrator, now=self.now, **shown)

        may = self.book.may_plan(self.now) and not self.book.cancelled and self.book.planned is not None
        if self.attempt(act, may=may, cut=cut):
            self.book.keep()
