"""The invoices of an account: the list, and each of them as a page."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, request

from webapp.data.issued import from_json
from webapp.domain import permissions
from webapp.domain.calendar import local_date
from webapp.domain.invoices import documents, invoice_files, invoice_list, invoice_reading, invoice_warnings
from webapp.domain.invoices.invoice_list import CHOICE_LIMIT, COUNT_LIMIT, SHELVES, Page, Query
from webapp.domain.invoices.invoice_warnings import Coming
from webapp.web import auth, htmx
from webapp.web.policy import policy
from webapp.web.site import this_portal, this_site

pages = Blueprint("invoices", __name__)


def today() -> date:
    return local_date(this_portal().clock(), this_site().time_zone)


def whose() -> tuple[int, int | None]:
    """The person, and the account that the session looks at."""
    visitor = auth.visitor()
    return visitor.person_id, visitor.account.id if visitor.account else None


def list_page(query: Query, *, status: int = 200, problem: str = "") -> Any:
    now, (person_id, account_id) = this_portal().clock(), whose()
    counts = invoice_list.counts(person_id, account_id, query, now=now)
    there = counts.of(query.shelf)
    whole = not htmx.wants_fragment()
    return htmx.render(
        "invoices/list.html",
        fragment="invoices/_results.html",
        status=status,
        query=query,
        counts=counts,
        count_limit=COUNT_LIMIT,
        shelves=SHELVES,
        page=invoice_list.page(person_id, account_id, query, now=now) if there else Page((), "", ""),
        choices=invoice_list.subscriptions_to_choose(person_id, account_id),
        choice_limit=CHOICE_LIMIT,
        most_documents=invoice_files.MOST_DOCUMENTS,
        shelf_of=lambda row: invoice_list.shelf_of(row, today=today()),
        coming=invoice_warnings.coming(person_id, account_id, now=now) if whole else Coming(),
        problem=problem,
    )


@pages.get("/invoices")
@policy("person", visits=True)
def show_list() -> Any:
    return list_page(Query.from_url(request.args))


@pages.get("/invoices/<invoice_number:number>")
@policy("person", visits=True)
def show(number: str) -> Any:
    invoice = permissions.readable_invoice(auth.visitor().person_id, number)
    document = from_json(invoice.content)
    return htmx.render(
        "invoices/page.html",
        invoice=invoice,
        document=document,
        shelf=invoice_list.shelf_of(invoice, today=today()),
        forms=documents.forms_of(document),
        payments=invoice_reading.payments(invoice),
        credit_notes=invoice_reading.credit_notes(invoice),
        today=today(),
    )
