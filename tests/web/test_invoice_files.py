"""Invoices to take away: single documents, the list as a table, many of them in one archive."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import openpyxl
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.conftest import NOON
from tests.support.bills import plant_invoice, plant_waiting
from tests.support.cast import ALICE, BOB, CHARLIE, DORA, ERIN, FRANK, Cast
from tests.support.client import SiteClient, page_of, said, signed_in
from tests.web.conftest import on_sqlite
from webapp.assembly import Portal
from webapp.data.billing import GIVEN, Invoice
from webapp.data.documents import StoredDocument
from webapp.domain.invoices import invoice_files

TODAY = NOON.date()
EVIL = "=HYPERLINK(1)"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """Documents that are made at once, and which were: their making has its own tests."""
    asked: list[tuple[str, str]] = []

    def invoice_file(invoice: Invoice, form: str, *, now: Any) -> StoredDocument:
        asked.append((str(invoice.number), form))
        content = f"{form} of {invoice.number}".encode()
        ending, media_type = {
            "pdf": (".pdf", "application/pdf"),
            "cii": ("-cii.xml", "application/xml"),
            "ubl": ("-ubl.xml", "application/xml"),
        }[form]
        return StoredDocument(
            subject=f"invoice {invoice.number}",
            form=form,
            file_name=f"{invoice.number}{ending}",
            media_type=media_type,
            sha256=hashlib.sha256(content).hexdigest(),
            content=content,
            made_at=now,
        )

    monkeypatch.setattr(invoice_files.documents, "invoice_file", invoice_file)
    yield asked


# ---- one document


@pytest.mark.parametrize(
    ("ending", "form", "media_type"),
    [
        (".pdf", "pdf", "application/pdf"),
        (".xml", "cii", "application/xml"),
        ("-ubl.xml", "ubl", "application/xml"),
    ],
)
def test_a_document_comes_with_its_name_and_hash_and_is_kept_by_nobody(
    ending: str, form: str, media_type: str, alice: SiteClient, cast: Cast, made: list[tuple[str, str]]
) -> None:
    number = cast.row(ALICE, "active").invoice
    answer = alice.get(f"/invoices/{number}{ending}")
    assert answer.status_code == 200 and made == [(number, form)]
    assert answer.data == f"{form} of {number}".encode() and answer.mimetype == media_type
    headers = answer.headers
    assert headers["Content-Disposition"].startswith(f'attachment; filename="{number}')
    assert headers["ETag"] == f'"{hashlib.sha256(answer.data).hexdigest()}"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-store"
    again = alice.get(f"/invoices/{number}{ending}", headers={"If-None-Match": headers["ETag"]})
    assert again.status_code == 304 and not again.data


@on_sqlite
def test_what_a_site_does_not_offer_is_not_there(
    app: Flask, cast: Cast, portal: Portal, made: list[tuple[str, str]]
) -> None:
    """Where EN 16931 is not understood there is a PDF, and no more."""
    row = cast.row(ALICE, "active")
    with portal.at(portal.sites["fr"]):
        first = Invoice.get(Invoice.number == row.invoice)
        other = plant_invoice(row.id, issued_on=TODAY, now=NOON)
        plain = other.content.replace('"format":"facturx"', '"format":"pdf"')
        assert plain != other.content
        planted = plant_invoice(row.id, issued_on=TODAY, now=NOON, content=plain)
        assert first.content != planted.content
    alice = signed_in(app, ALICE)
    answers = {end: alice.get(f"/invoices/{planted.number}{end}").status_code for end in ("", ".pdf", ".xml")}
    assert answers == {"": 200, ".pdf": 200, ".xml": 404}
    assert f"/invoices/{planted.number}.xml" not in alice.page(f"/invoices/{planted.number}").links


# ---- one table


def as_table(answer: TestResponse) -> list[dict[str, str]]:
    assert answer.status_code == 200 and answer.mimetype == "text/csv"
    text = answer.data.decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:]), delimiter=";"))


@pytest.fixture
def bought(portal: Portal, cast: Cast) -> dict[str, str]:
    """Charlie's: a plain one, one with a wicked purchase order number, its credit note, one that waits."""
    with portal.at(portal.sites["fr"]):
        row = cast.row(CHARLIE, "active").id
        wicked = plant_invoice(row, issued_on=TODAY, now=NOON, po_number=EVIL)
        note = plant_invoice(
            row, issued_on=TODAY, now=NOON + timedelta(hours=1), state=GIVEN, credits=wicked, due_on=None
        )
        plant_waiting(row, now=NOON)
        gross = wicked.gross
    first = cast.row(CHARLIE, "active").invoice
    return {"first": first, "wicked": str(wicked.number), "note": str(note.number), "gross": str(gross)}


def test_the_list_as_csv_is_written_as_the_language_writes_it(app: Flask, bought: dict[str, str]) -> None:
    charlie = signed_in(app, CHARLIE)
    table = as_table(charlie.get("/invoices.csv"))
    by_number = {line[said(charlie, "Number")]: line for line in table}
    assert set(by_number) == {bought[name] for name in ("first", "wicked", "note")}
    wicked, note = by_number[bought["wicked"]], by_number[bought["note"]]
    euros = f"{int(bought['gross']) // 100},{int(bought['gross']) % 100:02}"
    assert wicked[said(charlie, "Total")] == euros
    assert note[said(charlie, "Total")] == f"-{euros}", "so that a column adds up"
    assert note[said(charlie, "Credits invoice")] == bought["wicked"]
    assert wicked[said(charlie, "Issued on")] == TODAY.isoformat()


def test_what_customers_typed_is_never_a_formula(app: Flask, bought: dict[str, str]) -> None:
    charlie = signed_in(app, CHARLIE)
    name = said(charlie, "Purchase order number")
    lines = {line[said(charlie, "Number")]: line for line in as_table(charlie.get("/invoices.csv"))}
    assert lines[bought["wicked"]][name] == f"'{EVIL}"
    book = openpyxl.load_workbook(io.BytesIO(charlie.get("/invoices.xlsx").data))
    cells = [cell for row in book.active.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert EVIL in [cell.value for cell in cells if cell.data_type == "s"]


def test_the_list_as_xlsx_has_amounts_and_dates_as_such(app: Flask, bought: dict[str, str]) -> None:
    charlie = signed_in(app, CHARLIE)
    answer = charlie.get("/invoices.xlsx")
    assert answer.mimetype.endswith("spreadsheetml.sheet")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="invoices-{TODAY}.xlsx"'
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    head, *lines = [list(row) for row in book.active.iter_rows(values_only=True)]
    line = dict(zip(head, next(one for one in lines if one[0] == bought["wicked"]), strict=True))
    assert line[said(charlie, "Total")] == int(bought["gross"]) / 100
    assert line[said(charlie, "Issued on")].date() == TODAY


def test_the_tables_hold_what_the_filters_let_through(app: Flask, cast: Cast, bought: dict[str, str]) -> None:
    charlie = signed_in(app, CHARLIE)
    filters = {"state": "credited"}, {"q": bought["wicked"]}, {"state": "prepared"}, {"from": "2027-01-01"}
    sizes = [len(as_table(charlie.get(f"/invoices.csv?{urlencode(one)}"))) for one in filters]
    assert sizes == [1, 1, 1, 0]
    everybodys = as_table(signed_in(app, ERIN).get("/invoices.csv"))
    companies = {row.invoice for row in cast.rows if row.owner in (ALICE, FRANK) and row.invoice}
    assert {line[said(charlie, "Number")] for line in everybodys} == companies
    assert as_table(signed_in(app, BOB).get("/invoices.csv")) == []


def test_tables_that_would_be_too_long_say_so(
    app: Flask, bought: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invoice_files, "MOST_LINES", 2)
    charlie = signed_in(app, CHARLIE)
    for ending in ("csv", "xlsx"):
        answer = charlie.get(f"/invoices.{ending}?q=fieldwire")
        assert answer.status_code == 422
        assert said(charlie, invoice_files.TooMany(2)) in page_of(answer).one("div", role="alert").text


def test_long_tables_are_read_in_batches_without_loss(
    app: Flask, cast: Cast, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.domain.invoices.invoice_list._BATCH", 7)
    with portal.at(portal.sites["fr"]) as site, portal.databases.of(site).atomic():
        planted = [
            plant_invoice(cast.row(CHARLIE, "active").id, issued_on=TODAY, now=NOON) for _n in range(20)
        ]
        expected = {str(invoice.number) for invoice in planted} | {cast.row(CHARLIE, "active").invoice}
    charlie = signed_in(app, CHARLIE)
    table = as_table(charlie.get("/invoices.csv"))
    assert len(table) == len(expected) and {line[said(charlie, "Number")] for line in table} == expected


# ---- one archive


def unpacked(answer: TestResponse) -> dict[str, bytes]:
    assert answer.status_code == 200 and answer.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def chosen(*numbers: str) -> str:
    return "/invoices.zip?" + urlencode([("chosen", "yes"), *(("invoice", number) for number in numbers)])


def test_the_chosen_ones_come_as_pdf_and_e_invoice(
    app: Flask, bought: dict[str, str], made: list[tuple[str, str]]
) -> None:
    charlie = signed_in(app, CHARLIE)
    files = unpacked(charlie.get(chosen(bought["wicked"], bought["note"], bought["note"])))
    pairs = [(bought[name], form) for name in ("wicked", "note") for form in ("pdf", "cii")]
    assert made == pairs
    assert sorted(files.values()) == sorted(f"{form} of {number}".encode() for number, form in pairs)


def test_all_that_match_come_at_once_and_nothing_else(
    app: Flask, bought: dict[str, str], made: list[tuple[str, str]]
) -> None:
    charlie = signed_in(app, CHARLIE)
    answer = charlie.get(f"/invoices.zip?from={TODAY}")
    assert len(unpacked(answer)) == 4
    assert {number for number, _form in made} == {bought["wicked"], bought["note"]}
    assert answer.headers["Content-Disposition"] == f'attachment; filename="invoices-{TODAY}.zip"'


def test_one_that_is_not_yours_spoils_the_choice(
    app: Flask, bought: dict[str, str], cast: Cast, made: list[tuple[str, str]]
) -> None:
    foreign = (
        cast.row(ALICE, "active").invoice,
        cast.row(DORA, "active").invoice,
        "FA-2026-999999",
        "",
        "a\0b",
    )
    charlie = signed_in(app, CHARLIE)
    answers = [charlie.get(chosen(bought["first"], number)).status_code for number in foreign]
    assert answers == [404] * len(foreign) and made == []


def test_who_chooses_nothing_or_too_much_is_told(
    app: Flask, bought: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invoice_files, "MOST_DOCUMENTS", 2)
    charlie = signed_in(app, CHARLIE)
    refused = {
        "/invoices.zip?chosen=yes": invoice_files.NothingChosen(),
        "/invoices.zip?from=2030-01-01": invoice_files.NothingChosen(),
        "/invoices.zip": invoice_files.TooMany(2),
        chosen(*(f"FA-2026-{number:06}" for number in range(101))): invoice_files.TooMany(100),
    }
    for address, refusal in refused.items():
        answer = charlie.get(address)
        assert answer.status_code == 422, address
        assert said(charlie, refusal) in page_of(answer).one("div", role="alert").text
    page = charlie.page("/invoices")
    assert "/invoices.zip" not in page.links


def test_the_archive_is_sent_while_it_is_made(
    app: Flask, cast: Cast, portal: Portal, made: list[tuple[str, str]]
) -> None:
    """The first part has left before the last document is read: nothing waits for the whole."""
    with portal.at(portal.sites["fr"]):
        for _time in range(5):
            plant_invoice(cast.row(CHARLIE, "active").id, issued_on=TODAY, now=NOON)
    charlie = signed_in(app, CHARLIE)
    from flask.testing import FlaskClient

    answer = FlaskClient.open(charlie, "/invoices.zip", base_url=charlie.origin, buffered=False)
    parts = answer.iter_encoded()
    first = next(parts)
    assert first and len(made) < 12
    rest = b"".join(parts)
    answer.close()
    assert len(made) == 12 and zipfile.ZipFile(io.BytesIO(first + rest)).testzip() is None
