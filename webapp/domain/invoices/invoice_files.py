"""Invoices to take away: as one table, or as one archive of their documents."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision

from webapp.data.billing import Invoice
from webapp.data.documents import CII, PDF, StoredDocument
from webapp.data.issued import CREDIT_NOTE, IssuedDocument, from_json
from webapp.domain import permissions
from webapp.domain.invoices import documents, invoice_list
from webapp.domain.refusals import NotThere, Refusal
from webapp.domain.spreadsheets import Cell, Column
from webapp.formats import number
from webapp.i18n import _

MOST_LINES = 10_000
MOST_DOCUMENTS = 1_000
_A_NUMBER = re.compile(r"[A-Z0-9-]{1,40}")
MOST_CHOSEN = 100  # one by one, in one address


@dataclass
class TooMany(Refusal):
    most: int

    def __str__(self) -> str:
        return _(
            "More than %(num)s invoices match. Narrow the list, for example by date, and download in parts.",
            num=number(self.most),
        )


class NothingChosen(Refusal):
    def __str__(self) -> str:
        return _("Choose at least one invoice to download.")


def stored_file(invoice: Invoice, form: str, *, now: datetime) -> StoredDocument:
    """The document as it was issued; a form that its site does not offer is not there."""
    if form not in documents.forms_of(from_json(invoice.content)):
        raise NotThere
    return documents.invoice_file(invoice, form, now=now)


# ---- one table


def columns() -> list[Column]:
    return [
        Column(_("Number"), 20),
        Column(_("Document")),
        Column(_("Status"), 16),
        Column(_("Issued on")),
        Column(_("Payable by")),
        Column(_("Subscription ID"), 16),
        Column(_("Product"), 30),
        Column(_("Purchase order number"), 24),
        Column(_("First day")),
        Column(_("Last day")),
        Column(_("Currency"), 9),
        Column(_("Net")),
        Column(_("Tax")),
        Column(_("Total")),
        Column(_("Paid")),
        Column(_("Credits invoice"), 20),
    ]


def lines(found: Iterable[Any], *, today: date) -> Iterator[Sequence[Cell]]:
    for one in found:
        sign = -1 if one.kind == CREDIT_NOTE else 1  # so that a column adds up
        amounts = (one.net, one.tax, one.gross, one.paid)
        yield (
            one.number or "",
            kind_name(one.kind),
            state_name(invoice_list.shelf_of(one, today=today)),
            _day(one.issued_on),
            _day(one.due_on),
            one.public_id,
            one.product_name,
            one.po_number,
            _day(one.period_start),
            date.fromordinal(date.fromisoformat(one.period_end).toordinal() - 1),
            one.currency,
            *(_amount(amount, one.currency, sign) for amount in amounts),
            one.credited_number or "",
        )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _amount(minor: int | None, currency: str, sign: int) -> Decimal | None:
    return None if minor is None else Decimal(sign * minor).scaleb(-get_currency_precision(currency))


def kind_name(kind: str) -> str:
    return _("Credit note") if kind == CREDIT_NOTE else _("Invoice")


def state_name(shelf: str) -> str:
    return {
        "open": _("Open"),
        "overdue": _("Overdue"),
        "paid": _("Paid"),
        "credited": _("Credited"),
        "given": _("Credit"),
        "prepared": _("Being prepared"),
    }[shelf]


# ---- one archive


def chosen(person_id: int, numbers: Sequence[str]) -> list[str]:
    """Exactly these, if this person may read every one of them."""
    if not numbers:
        raise NothingChosen
    if len(numbers) > MOST_CHOSEN:
        raise TooMany(MOST_CHOSEN)
    if not all(_A_NUMBER.fullmatch(one) for one in numbers):
        raise NotThere
    return [str(permissions.readable_invoice(person_id, one).number) for one in dict.fromkeys(numbers)]


def all_that_match(
    person_id: int, account_id: int | None, query: invoice_list.Query, *, now: datetime
) -> list[str]:
    """The numbers of everything the filters let through."""
    found = invoice_list.matching(person_id, account_id, query, most=MOST_DOCUMENTS + 1, now=now)
    numbers = [str(one.number) for one in found if one.number]
    if not numbers:
        raise NothingChosen
    if len(numbers) > MOST_DOCUMENTS:
        raise TooMany(MOST_DOCUMENTS)
    return numbers


class _Outlet(io.RawIOBase):
    """What the archive writes, until it is taken: nothing can be rewound, so nothing has to be kept."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _packed(issued: IssuedDocument) -> tuple[str, ...]:
    """One e-invoice is enough beside the PDF."""
    return tuple(form for form in documents.forms_of(issued) if form in (PDF, CII))


def archive(person_id: int, numbers: Iterable[str], *, now: datetime) -> Iterator[bytes]:
    """A ZIP, sent while it is made: one document is in memory at a time, and read under its own right."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w") as packed:
        for number_ in numbers:
            invoice = permissions.readable_invoice(person_id, number_)
            issued = from_json(invoice.content)
            for form in _packed(issued):
                stored = documents.invoice_file(invoice, form, now=now)
                entry = zipfile.ZipInfo(stored.file_name, issued.issued_on.timetuple()[:6])
                entry.compress_type = zipfile.ZIP_STORED if form == PDF else zipfile.ZIP_DEFLATED
                packed.writestr(entry, bytes(stored.content))
                yield outlet.taken()
    yield outlet.taken()
