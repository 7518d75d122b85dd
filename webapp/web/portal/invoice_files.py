"""Documents to download: of one invoice, of a subscription's agreement, and of many invoices at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Any

from flask import Blueprint, Response, request, stream_with_context
from werkzeug.wrappers import Response as WerkzeugResponse

from webapp.data.documents import CII, PDF, UBL, StoredDocument
from webapp.data.subscriptions import Subscription
from webapp.domain import permissions
from webapp.domain.invoices import documents, invoice_files, invoice_list
from webapp.domain.invoices.invoice_list import Query
from webapp.domain.refusals import Refusal
from webapp.domain.spreadsheets import csv_lines, xlsx
from webapp.i18n import _
from webapp.web import auth
from webapp.web.policy import policy
from webapp.web.portal.invoices import list_page, today, whose
from webapp.web.site import this_portal

pages = Blueprint("invoice_files", __name__)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CHUNK = 64 * 1024


# ---- one document


def _sent(stored: StoredDocument) -> WerkzeugResponse:
    """Byte for byte as it was issued; its hash says so."""
    answer = Response(bytes(stored.content), mimetype=stored.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{stored.file_name}"'
    answer.headers["Cache-Control"] = "private, no-store"
    answer.set_etag(stored.sha256)
    return answer.make_conditional(request)


def _of_invoice(number: str, form: str) -> WerkzeugResponse:
    invoice = permissions.readable_invoice(auth.visitor().person_id, number)
    return _sent(invoice_files.stored_file(invoice, form, now=this_portal().clock()))


@pages.get("/invoices/<invoice_number:number>.pdf")
@policy("person", visits=True)
def pdf(number: str) -> Any:
    return _of_invoice(number, PDF)


@pages.get("/invoices/<invoice_number:number>.xml")
@policy("person", visits=True)
def cii(number: str) -> Any:
    return _of_invoice(number, CII)


@pages.get("/invoices/<invoice_number:number>-ubl.xml")
@policy("person", visits=True)
def ubl(number: str) -> Any:
    return _of_invoice(number, UBL)


@pages.get("/subscriptions/<public_id:public_id>/contract.pdf")
@policy("person", visits=True)
def contract(public_id: str) -> Any:
    return _sent(documents.contract_file(_subscription(public_id), now=this_portal().clock()))


def _subscription(public_id: str) -> Subscription:
    """Whose agreement this person may read."""
    now = this_portal().clock()
    return permissions.looked_after_subscription(auth.visitor().person_id, public_id, now=now)


# ---- many


def streamed(parts: Iterable[bytes], media_type: str, name: str) -> Response:
    """While it is made: the site stays bound until the last part was sent."""
    answer = Response(stream_with_context(iter(parts)), mimetype=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}-{today().isoformat()}'
    answer.headers["Content-Disposition"] += f'.{_ENDINGS[media_type]}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


_ENDINGS = {"text/csv": "csv", XLSX: "xlsx", "application/zip": "zip"}


def _lines(query: Query) -> Iterator[Any]:
    """Of the table; a refusal if there are more than a table takes."""
    most = invoice_files.MOST_LINES
    found = list(invoice_list.matching(*whose(), query, most=most + 1, now=this_portal().clock()))
    if len(found) > most:
        raise invoice_files.TooMany(most)
    return invoice_files.lines(found, today=today())


@pages.get("/invoices.csv")
@policy("person")
def as_csv() -> Any:
    query = Query.from_url(request.args)
    try:
        lines = _lines(query)
    except Refusal as refusal:
        return list_page(query, status=422, problem=str(refusal))
    return streamed(csv_lines(invoice_files.columns(), lines), "text/csv", "invoices")


@pages.get("/invoices.xlsx")
@policy("person")
def as_xlsx() -> Any:
    query = Query.from_url(request.args)
    try:
        lines = _lines(query)
    except Refusal as refusal:
        return list_page(query, status=422, problem=str(refusal))
    file = xlsx(invoice_files.columns(), lines, title=_("Invoices"))
    return streamed(parts(file), XLSX, "invoices")


def parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(_CHUNK):
            yield part


@pages.get("/invoices.zip")
@policy("person")
def as_zip() -> Any:
    """Of the chosen ones; where nobody chooses, of all that the filters let through."""
    query, (person_id, account_id), now = Query.from_url(request.args), whose(), this_portal().clock()
    try:
        if "chosen" in request.args:
            numbers = invoice_files.chosen(person_id, request.args.getlist("invoice"))
        else:
            numbers = invoice_files.all_that_match(person_id, account_id, query, now=now)
    except (invoice_files.TooMany, invoice_files.NothingChosen) as refusal:
        return list_page(query, status=422, problem=str(refusal))
    return streamed(invoice_files.archive(person_id, numbers, now=now), "application/zip", "invoices")
