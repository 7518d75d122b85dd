"""What must hold after each step: the portal says what the book says."""

from __future__ import annotations

from collections import Counter
from datetime import date

from hypothesis.stateful import invariant

from tests.domain.lifecycle.life.book import DAY
from tests.domain.lifecycle.life.story import Story
from webapp.data.statements import rows
from webapp.data.subscriptions import (
    ACTIVE,
    ENDED,
    LAPSED,
    NEVER,
    PENDING,
    SHELF_ACTIVE,
    SHELF_CANCELLED,
    SHELF_GONE,
    SHELF_PENDING,
    WITHDRAWN,
    Subscription,
)
from webapp.domain import audit
from webapp.domain.lifecycle.renewal_preview import renewal_preview
from webapp.domain.seats import seats


class Checked(Story):
    @invariant()
    def the_portal_says_what_the_book_says(self) -> None:
        with self.portal.at(self.site):
            found = self.stored()
            self.compare_subscription(found)
            self.compare_seats(found)
            self.compare_administrator(found)
            self.compare_invoices()
            self.compare_events()
            self.compare_preview(found)

    def compare_subscription(self, found: Subscription) -> None:
        book = self.book
        assert (found.status, found.quantity, found.po_number) == (book.status, book.quantity, book.po_number)
        assert (found.next_quantity, found.next_po_number or "") == (book.planned, book.next_po)
        assert (found.shelf, found.renewal_key) == self.place()
        if book.status in (ACTIVE, ENDED):
            assert (found.term_start, found.term_end) == (book.term_start, book.term_end)
            assert found.billed_until == book.billed_until <= book.term_end
            assert found.ends_on == (book.term_end if book.cancelled else None)

    def place(self) -> tuple[str, str]:
        """On the list."""
        if self.book.status in (PENDING, LAPSED, WITHDRAWN):
            return (SHELF_PENDING if self.book.status == PENDING else SHELF_GONE), NEVER
        return (SHELF_CANCELLED, NEVER) if self.book.cancelled else (SHELF_ACTIVE, str(self.book.term_end))

    def compare_seats(self, found: Subscription) -> None:
        held = rows(
            "SELECT p.email, s.last_day, s.over_on, s.counted FROM seat s JOIN person p ON p.id = s.person_id"
            " WHERE s.subscription_id = :id AND s.counted = 1",
            id=self.id,
        )
        live = {one.email: one.last_day for one in held if seats.is_live(one, now=self.now)}
        assert live == {who: last and str(last) for who, last in self.book.live(self.now).items()}
        assert len(held) == found.seats_taken <= found.quantity
        assert found.status != ENDED or not held
        for one in held:
            over = str(date.fromisoformat(one.last_day) + DAY) if one.last_day else NEVER
            assert one.over_on == over
        assert self.book.planned is None or self.book.staying() <= self.book.planned

    def compare_administrator(self, found: Subscription) -> None:
        """Exactly one, who belongs to the company."""
        (theirs,) = rows(
            "SELECT p.email, (SELECT count(*) FROM membership m WHERE m.person_id = p.id AND m.account_id = :account)"
            " AS here FROM person p WHERE p.id = :id",
            id=found.administrator_id,
            account=found.account_id,
        )
        assert (theirs.email, theirs.here) == (self.book.administrator, 1)
        assert found.backup_id != found.administrator_id

    def compare_invoices(self) -> None:
        """One for each period, and none for another."""
        mine = rows(
            "SELECT cause, period_start, period_end, quantity, unit_price, po_number, net FROM invoice"
            " WHERE subscription_id = :id",
            id=self.id,
        )
        assert len(mine) == len(self.book.bills)
        told = {cause: (str(bill.start), str(bill.end), *bill[2:]) for cause, bill in self.book.bills.items()}
        assert {one.cause: tuple(one[1:6]) for one in mine} == told
        assert all(one.net == one.quantity * one.unit_price for one in mine)

    def compare_events(self) -> None:
        """Each that can be but once is written down once."""
        mine = rows("SELECT action FROM audit_event WHERE subscription_id = :id", id=self.id)
        counted = Counter(event.action for event in mine)
        assert counted[audit.SUBSCRIPTION_RENEWED] == max(self.book.terms - 1, 0)
        assert counted[audit.SUBSCRIPTION_ENDED] == (self.book.status == ENDED)
        assert counted[audit.SUBSCRIPTION_LAPSED] == (self.book.status == LAPSED)

    def compare_preview(self, found: Subscription) -> None:
        book, preview = self.book, renewal_preview(found, now=self.now)
        assert (preview is not None) == book.runs(self.now)
        if preview:
            assert (preview.on, preview.ends) == (book.term_end, book.cancelled)
            planned = book.quantity if book.planned is None else max(book.planned, book.staying())
            assert (preview.quantity, preview.net) == (planned, planned * book.price)
            assert preview.po_number == (book.next_po or book.po_number)
            assert preview.in_words()
