"""A credit note takes back a whole invoice, once, and says which."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from tests.support.billed import active, an_issued, many_due
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent
from webapp.data.billing import CREDITED, GIVEN, OPEN, PAID, Invoice
from webapp.data.counters import Counter
from webapp.data.issued import CREDIT_NOTE, Credited, HowToPay
from webapp.domain import audit
from webapp.domain.audit import OPERATOR
from webapp.domain.invoices import credit_notes
from webapp.domain.invoices.credit_notes import NotCreditable, ReasonInvalid, credit
from webapp.domain.invoices.invoices import content_of
from webapp.sites import Site

REASON = "Adresse erronée"


@pytest.fixture
def issued(bound_fr: Site, portal: Portal, now: datetime) -> Invoice:
    return an_issued(portal, now=now, purchase_order_number="BC 7")


def test_it_says_what_the_invoice_said_and_takes_it_back(issued: Invoice, now: datetime) -> None:
    later = now + timedelta(days=40)
    note = credit(issued, reason=f" {REASON} ", actor=OPERATOR, now=later)
    before, said = content_of(issued), content_of(Invoice.get_by_id(note.id))
    assert said == replace(
        before,
        kind=CREDIT_NOTE,
        number="AV-2027-000001",
        issued_at=later,
        issued_on=date(2027, 1, 1),
        payment=HowToPay("invoice"),
        credited=Credited("FA-2026-000001", date(2026, 11, 22)),
        credit_reason=REASON,
    )


def test_both_are_linked_and_each_has_its_state(issued: Invoice, now: datetime) -> None:
    note = credit(issued, reason=REASON, actor=OPERATOR, now=now)
    stored, credited = Invoice.get_by_id(note.id), Invoice.get_by_id(issued.id)
    assert (stored.kind, stored.state, stored.credits) == (CREDIT_NOTE, GIVEN, issued)
    assert (stored.number, stored.cause) == ("AV-2026-000001", "credit FA-2026-000001")
    assert (stored.net, stored.tax, stored.gross) == (issued.net, issued.tax, issued.gross)
    assert (stored.account_id, stored.po_number, stored.due_on) == (issued.account_id, "BC 7", None)
    assert credited.state == CREDITED
    assert credited.content == issued.content
    assert "av-2026-000001" in stored.search_key


def test_it_has_a_series_of_its_own(issued: Invoice, portal: Portal, now: datetime) -> None:
    credit(issued, reason=REASON, actor=OPERATOR, now=now)
    other = an_issued(portal, now=now, order_number="0314100038")
    assert other.number == "FA-2026-000002"
    assert credit(other, reason=REASON, actor=OPERATOR, now=now).number == "AV-2026-000002"


def test_it_is_written_down_with_who_and_why(issued: Invoice, now: datetime) -> None:
    credit(issued, reason=REASON, actor=OPERATOR, now=now)
    event = AuditEvent.get(AuditEvent.action == audit.INVOICE_CREDITED)
    details = json.loads(event.details)
    assert (event.actor_kind, details["reason"]) == ("operator", REASON)
    assert (details["credited"], details["number"]) == ("FA-2026-000001", "AV-2026-000001")


def test_a_paid_invoice_can_be_taken_back(issued: Invoice, now: datetime) -> None:
    Invoice.update(state=PAID, paid=issued.gross).execute()
    assert credit(issued, reason=REASON, actor=OPERATOR, now=now).state == GIVEN
    assert Invoice.get_by_id(issued.id).state == CREDITED


def test_once(issued: Invoice, now: datetime) -> None:
    note = credit(issued, reason=REASON, actor=OPERATOR, now=now)
    for again, words in ((issued, "credited already"), (note, "is a credit note itself")):
        with pytest.raises(NotCreditable) as refusal:
            credit(again, reason=REASON, actor=OPERATOR, now=now)
        assert words in str(refusal.value)
    assert Counter.get(Counter.name == "invoice AV 2026").value == 1


def test_what_is_not_issued_cannot_be_credited(bound_fr: Site, portal: Portal, now: datetime) -> None:
    (due,) = many_due(active(portal, now=now), 1, now=now)
    with pytest.raises(NotCreditable) as refusal:
        credit(due, reason=REASON, actor=OPERATOR, now=now)
    assert "not issued yet" in str(refusal.value)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "a\nb", "\u200b"])
def test_a_reason_is_one_line_of_words(issued: Invoice, now: datetime, reason: str) -> None:
    with pytest.raises(ReasonInvalid):
        credit(issued, reason=reason, actor=OPERATOR, now=now)
    assert Invoice.get().state == OPEN


@pytest.mark.parametrize("broken", ["audit.record", "documents.send_invoice", "invoices.freeze"])
def test_it_is_one_transaction(
    issued: Invoice, now: datetime, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    class DiskFull(Exception):
        pass

    def fail(*_: object, **__: object) -> None:
        raise DiskFull

    monkeypatch.setattr(f"{credit_notes.__name__}.{broken}", fail)
    with pytest.raises(DiskFull):
        credit(issued, reason=REASON, actor=OPERATOR, now=now)
    assert [one.state for one in Invoice.select()] == [OPEN]
    monkeypatch.undo()
    assert credit(issued, reason=REASON, actor=OPERATOR, now=now).number == "AV-2026-000001"
