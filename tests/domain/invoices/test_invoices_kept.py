"""What is issued is issued once, in one piece, and never changes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import peewee as pw
import pytest

from tests.domain.invoices.invoicing import bought, issued
from tests.support.billed import many_due
from webapp.data.billing import DUE, OPEN, PAID, WAITING, Invoice
from webapp.data.counters import Counter
from webapp.data.database import atomic
from webapp.data.subscriptions import Subscription
from webapp.domain.invoices import billing_details, invoices
from webapp.domain.invoices.invoices import AlreadyIssued, AlreadyRecorded, NotBillable, content_of
from webapp.domain.subscriptions.purchase_orders import change_po_number

__all__ = ["bought", "issued"]


CHANGEABLE = {"state", "paid"}

# ---- never twice, never half


def test_there_is_one_invoice_for_a_period(bought: Subscription, now: datetime) -> None:
    start = bought.term_start
    with pytest.raises(AlreadyRecorded), atomic():
        invoices.record_due(bought, period_start=start, period_end=bought.term_end, now=now)
    assert Invoice.select().count() == 1


@pytest.mark.parametrize("status", ["pending", "lapsed", "withdrawn", "ended"])
def test_only_an_active_subscription_is_ever_billed(bought: Subscription, now: datetime, status: str) -> None:
    bought.status = status
    with pytest.raises(NotBillable):
        many_due(bought, 1, now=now)
    assert Invoice.select().count() == 1


def test_what_is_issued_is_not_issued_again(issued: Invoice, now: datetime) -> None:
    held = Invoice.get_by_id(issued.id)
    held.state = DUE  # as who read it before would have it
    for again in (invoices.issue, invoices.issue_if_known):
        with pytest.raises(AlreadyIssued):
            again(held, now=now)
    assert Counter.get(Counter.name == "invoice FA 2026").value == 1
    assert Invoice.get().content == issued.content


@pytest.mark.parametrize(
    "broken", ["invoices.audit.record", "invoices.documents.send_invoice", "invoices.to_json"]
)
def test_what_fails_takes_no_number(
    bought: Subscription, now: datetime, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    class DiskFull(Exception):
        pass

    def fail(*_: object, **__: object) -> None:
        raise DiskFull

    (due,) = many_due(bought, 1, now=now)
    monkeypatch.setattr(f"webapp.domain.invoices.{broken}", fail)
    with pytest.raises(DiskFull):
        invoices.issue(due, now=now)
    assert (Invoice.get_by_id(due.id).state, Invoice.get_by_id(due.id).number) == (DUE, None)
    monkeypatch.undo()
    assert invoices.issue(due, now=now).number == "FA-2026-000002"


def test_a_caller_that_goes_on_after_a_refusal_has_lost_no_number(
    bought: Subscription, now: datetime
) -> None:
    """The savepoint: what was taken inside is given back although the transaction around it stays."""
    due, other = many_due(bought, 2, now=now)
    with atomic():
        invoices.issue(due, now=now)
        with pytest.raises(AlreadyIssued):
            invoices.issue(due, now=now)
        assert invoices.issue(other, now=now).number == "FA-2026-000003"


# ---- what is issued never changes


def test_nothing_that_was_issued_can_be_changed(issued: Invoice) -> None:
    """Each column by name, past every rule: the database itself refuses."""
    refused = set()
    for field in Invoice._meta.sorted_fields:
        try:
            with atomic():
                Invoice.update({field: _another(field, issued)}).where(Invoice.id == issued.id).execute()
        except pw.IntegrityError:
            refused.add(field.name)
    assert {field.name for field in Invoice._meta.sorted_fields} - refused == CHANGEABLE
    assert content_of(Invoice.get()) == content_of(issued)


def _another(field: pw.Field, issued: Invoice) -> Any:
    if field.name == "state":
        return PAID
    old = getattr(issued, field.name)
    if isinstance(field, pw.ForeignKeyField):
        return issued.id if field.name == "credits" else 999_999
    if old is None or isinstance(old, str):
        return "y" * len(old or "y")
    return old + (timedelta(days=1) if isinstance(old, date | datetime) else 1)


def test_a_changed_object_cannot_be_saved(issued: Invoice) -> None:
    issued.po_number = "another"
    with pytest.raises(pw.IntegrityError), atomic():
        issued.save()
    assert Invoice.get().po_number == "BC 7"


def test_what_is_issued_does_not_become_due_again_and_is_not_deleted(issued: Invoice) -> None:
    for state in (DUE, WAITING):
        with pytest.raises(pw.IntegrityError), atomic():
            Invoice.update(state=state).execute()
    with pytest.raises(pw.IntegrityError), atomic():
        Invoice.delete().execute()
    assert Invoice.get().state == OPEN


def test_later_changes_of_the_company_and_the_number_do_not_reach_it(
    issued: Invoice, bought: Subscription, now: datetime
) -> None:
    before = content_of(issued)
    typed = {**billing_details.shown_details(bought.account).values, "name": "Renamed SAS"}
    actor = bought.administrator
    billing_details.change_billing_details(bought, typed, read_version=0, actor=actor, now=now)
    change_po_number(bought, "new", read_version=0, actor=actor, now=now)
    assert content_of(Invoice.get()) == before
    (due,) = many_due(Subscription.get_by_id(bought.id), 1, now=now)
    later = content_of(invoices.issue(due, now=now))
    assert (later.buyer.name, later.po_number) == ("Renamed SAS", "new")
