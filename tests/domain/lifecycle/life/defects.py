"""Defects that somebody could make in the rules of a life, each planted by a few characters of their source."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from webapp.domain import calendar, terms
from webapp.domain.invoices import due_invoices
from webapp.domain.lifecycle import activation, endings, quantity, renewals
from webapp.domain.seats import seats
from webapp.domain.subscriptions import cancellation, purchase_orders, transfer

Text = tuple[Any, str]  # a module, and the name of its SQL


@dataclass(frozen=True)
class Defect:
    name: str
    where: Callable[..., Any] | Text
    right: str
    wrong: str = ""

    def plant(self, monkeypatch: pytest.MonkeyPatch) -> None:
        if isinstance(self.where, tuple):
            module, name = self.where
            monkeypatch.setattr(module, name, self._spoilt(getattr(module, name)))
            return
        space = dict(vars(sys.modules[self.where.__module__]))
        exec("from __future__ import annotations\n" + self._spoilt(inspect.getsource(self.where)), space)
        # Whoever has imported the rule by its name runs the other code too.
        monkeypatch.setattr(self.where, "__code__", space[self.where.__name__].__code__)

    def _spoilt(self, source: str) -> str:
        assert source.count(self.right) == 1, f"{self.name}: there is no single {self.right!r}"
        return source.replace(self.right, self.wrong)


DEFECTS = [
    # the 90 days
    Defect(
        "the 90 days are one too few", calendar.activation_deadline, "ACTIVATION_DAYS + 1", "ACTIVATION_DAYS"
    ),
    # terms and periods
    Defect(
        "it renews a day late", (renewals, "_DUE_SQL"), "s.billed_until <= :today", "s.billed_until < :today"
    ),
    Defect(
        "the anchor day is lost in terms",
        terms.next_term,
        "anchor_day=found.anchor_day",
        "anchor_day=found.term_end.day",
    ),
    Defect(
        "the anchor day is lost in periods",
        terms.period_from,
        "anchor_day=found.anchor_day",
        "anchor_day=start.day",
    ),
    Defect("a month is added too many", calendar.add_months, "day.month - 1 + months", "day.month + months"),
    Defect(
        "29 February stays 28",
        activation._start_first_term,
        '"anchor_day": today.day',
        '"anchor_day": min(today.day, 28)',
    ),
    Defect(
        "a term has two invoices",
        renewals._take,
        "[_invoice(step, now) for step in taken]",
        "[_invoice(step, now) | ({'cause': 'again'} if again else {}) for step in taken for again in (0, 1)]",
    ),
    Defect("a period is left out", renewals._next_step, "found.billed_until < found.term_end", "False"),
    Defect(
        "a renewal writes no event",
        renewals._take,
        "    audit.record_many(audit.SUBSCRIPTION_RENEWED, map(_event, renewed), actor=audit.PORTAL, now=now)\n",
    ),
    Defect(
        "a renewal writes no invoice",
        renewals._take,
        "    records.insert_many(Invoice, [_invoice(step, now) for step in taken], if_new=True)\n",
    ),
    Defect("a crash renews without invoice", renewals.advance, "with atomic():", "if True:"),
    Defect("nobody is told of a renewal", due_invoices.issue, "_begins_a_term(invoice)", "False"),
    Defect(
        "each month somebody is told of a renewal",
        due_invoices._begins_a_term,
        "subscription.commitment == MAILED and ",
        "",
    ),
    # cancelling
    Defect(
        "undone too late",
        cancellation.refuse_when_over,
        "now >= start_of_day(subscription.term_end, current_site().time_zone)",
        "now >= start_of_day(subscription.term_end, current_site().time_zone) + timedelta(hours=1)",
    ),
    Defect(
        "undoing leaves it on the shelf of the cancelled",
        cancellation.undo_cancellation,
        '"shelf": SHELF_ACTIVE, ',
    ),
    Defect(
        "undoing leaves it without a renewal date",
        cancellation.undo_cancellation,
        ', "renewal_key": ends_on.isoformat()',
    ),
    Defect("a crash cancels without event", cancellation.plan_cancellation, "with atomic():", "if True:"),
    Defect("it ends a day late", (endings, "_DUE_SQL"), "s.ends_on <= :today", "s.ends_on < :today"),
    Defect(
        "it ends before its last invoice",
        (endings, "_DUE_SQL"),
        "s.billed_until <= :today AND s.ends_on <= :today\n AND s.billed_until >= s.term_end",
        "s.ends_on <= :today",
    ),
    Defect(
        "usable a while after its end",
        terms.has_begun,
        "now >= start_of_day(day, current_site().time_zone)",
        "now > start_of_day(day, current_site().time_zone)",
    ),
    # seats
    Defect(
        "seats are not freed at the end",
        endings._free_seats,
        "Seat.update(counted=0, version",
        "Seat.update(version",
    ),
    Defect("licences stay taken at the end", endings._ended, ", seats_taken=0"),
    Defect("a seat taken back frees no licence", seats.revoke, "        free(subscription)\n"),
    Defect(
        "a seat that is over frees no licence",
        seats._free_what_is_over,
        "        free(subscription, ended)\n",
    ),
    Defect("more seats than licences", seats.take, "if not is_unlimited(product):", "if False:"),
    Defect(
        "a seat is kept in spite of being given up",
        transfer.transfer_administration,
        "None if keep_seat else",
        "None if True else",
    ),
    Defect("the old administrator stays", transfer._hand_over, '{"administrator": heir, **', "{**"),
    # quantities
    Defect(
        "fewer licences at once",
        quantity.plan_fewer,
        '{"next_quantity": quantity}',
        '{"next_quantity": quantity, "quantity": max(quantity, staying)}',
    ),
    Defect("more licences for nothing", quantity.add_licences, "        _bill(current, price, now=now)\n"),
    Defect(
        "more licences at the price of the whole period",
        quantity.price_of_more,
        "(period.end - today).days, (",
        "(period.end - period.start).days, (",
    ),
    Defect(
        "a plan is never done",
        renewals._next_quantity,
        "if found.next_quantity is None else",
        "if True else",
    ),
    Defect(
        "a plan is done again",
        (renewals, "_STEP_SQL"),
        " next_quantity = CASE WHEN step.renews = 1 THEN NULL ELSE subscription.next_quantity END,\n",
    ),
    # purchase orders and invoices
    Defect(
        "the PO number of the old term",
        renewals._invoice,
        "po_number=step.po_number",
        "po_number=step.found.po_number",
    ),
    Defect(
        "the PO number of the next term at once",
        purchase_orders._with_number,
        "this = new if term == THIS_TERM else current.po_number",
        "this = new",
    ),
    Defect("the next PO number stays", (renewals, "_PO_NUMBER_SQL"), "next_po_number = NULL, "),
]
# Caught in no time: they show in each `make test` that the machine looks.
SOME = ("seats are not freed at the end", "a term has two invoices", "the next PO number stays")
