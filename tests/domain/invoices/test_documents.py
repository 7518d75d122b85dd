"""What is handed out once is handed out again, byte for byte, or not at all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from tests.conftest import TestClock
from tests.mail.cast import person, subscription
from tests.support.cast import accept, place_order
from tests.support.kept import keep_invoice
from tests.support.papers import a_credit_note, an_invoice
from tests.support.pdfs import attached_files, text_of
from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.billing import Invoice
from webapp.data.database import atomic
from webapp.data.documents import CII, PDF, UBL, StoredDocument
from webapp.data.subscriptions import PENDING, Subscription
from webapp.domain.invoices import documents
from webapp.domain.invoices.documents import (
    DocumentAltered,
    NoSuchForm,
    NotIssued,
    contract_file,
    contract_subject,
    file_of,
    forms_of,
    invoice_file,
)
from webapp.domain.refusals import NotThere
from webapp.domain.subscriptions import contracts
from webapp.i18n import speaking, speech

LATER = timedelta(days=400)


@pytest.fixture
def issue(portal: Portal, clock: TestClock) -> Callable[..., Invoice]:
    """Keeps this document at the bound site, or the invoice of papers for it."""

    def issue(site: str = "fr", **changes: Any) -> Invoice:
        to = Person.get_or_none() or person(now=clock.now)
        bought = Subscription.get_or_none() or subscription(to, now=clock.now)
        return keep_invoice(bought, an_invoice(site, **changes))

    return issue


@pytest.fixture
def ordered(portal: Portal, clock: TestClock) -> Callable[..., Subscription]:
    """Placed at the bound site; accepted, unless a test wants it pending."""

    def order(*, accepted: bool = True, **changes: Any) -> Subscription:
        placed = place_order(portal, ordered_at=clock.now - timedelta(days=1), **changes)
        if accepted:
            accept(placed, now=clock.now)
        return placed

    return order


def replaced(stored: StoredDocument, content: bytes) -> None:
    StoredDocument.update(content=content).where(StoredDocument.id == stored.id).execute()


# ---- invoices


def test_an_invoice_is_made_once_and_kept_with_its_hash(bound_fr, issue, clock: TestClock) -> None:
    invoice = issue()
    made = invoice_file(invoice, PDF, now=clock.now)
    assert made.content.startswith(b"%PDF-")
    assert made.sha256 == sha256(made.content).hexdigest()
    assert (made.subject, made.form, made.made_at) == ("invoice FR-2026-000042", PDF, clock.now)
    assert (made.file_name, made.media_type) == ("FR-2026-000042.pdf", "application/pdf")
    again = invoice_file(invoice, PDF, now=clock.forward(days=1000))
    assert (again.id, again.content, again.made_at) == (made.id, made.content, made.made_at)


def test_what_was_handed_out_stays_whatever_programs_would_make_of_it_now(
    bound_fr, issue, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = issue()
    first = {form: invoice_file(invoice, form, now=clock.now).content for form in (PDF, CII, UBL)}
    monkeypatch.setattr(documents, "_invoice_pdf", lambda *_, **__: b"%PDF-new")
    monkeypatch.setattr(documents, "_e_invoice", lambda *_: b"<new/>")
    for form, content in first.items():
        assert invoice_file(invoice, form, now=clock.now).content == content


def test_the_e_invoice_inside_is_the_one_beside(bound_fr, issue, clock: TestClock) -> None:
    invoice = issue()
    pdf = invoice_file(invoice, PDF, now=clock.now)
    beside = invoice_file(invoice, CII, now=clock.now)
    assert (beside.file_name, beside.media_type) == ("FR-2026-000042-cii.xml", "application/xml")
    assert attached_files(pdf.content) == {"factur-x.xml": beside.content}
    assert b"FR-2026-000042" in beside.content


def test_a_ubl_file_is_there_too(bound_fr, issue, clock: TestClock) -> None:
    ubl = invoice_file(issue(), UBL, now=clock.now)
    assert ubl.file_name == "FR-2026-000042-ubl.xml"
    assert b"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" in ubl.content


@pytest.mark.parametrize("code", ["ch", "gb", "us", "jp", "ae"])
def test_e_invoices_are_there_only_where_they_are_understood(
    portal: Portal, issue, clock: TestClock, code: str
) -> None:
    with portal.at(portal.sites[code]):
        invoice = issue(code)
        for form in (CII, UBL, "docx"):
            with pytest.raises(NoSuchForm):
                invoice_file(invoice, form, now=clock.now)
        pdf = invoice_file(invoice, PDF, now=clock.now)
        assert attached_files(pdf.content) == {}
        assert StoredDocument.select().count() == 1


def test_an_unknown_form_of_a_factur_x_invoice_is_refused_too(bound_fr, issue, clock: TestClock) -> None:
    with pytest.raises(NoSuchForm, match="not available in this format"):
        invoice_file(issue(), "docx", now=clock.now)


def test_a_swiss_invoice_has_the_payment_part_and_a_swiss_credit_note_has_none(
    portal: Portal, issue, clock: TestClock
) -> None:
    with portal.at(portal.sites["ch"]):
        slip = text_of(invoice_file(issue("ch"), PDF, now=clock.now).content)
        assert "Zahlteil" in slip
        note = keep_invoice(Subscription.get(), a_credit_note("ch"))
        assert "Zahlteil" not in text_of(invoice_file(note, PDF, now=clock.now).content)
        too_much = issue("ch", number="CH-2026-000043", gross=10**11, net=10**11, taxes=())
        assert "Zahlteil" not in text_of(invoice_file(too_much, PDF, now=clock.now).content)


def test_a_credit_note_has_its_files(bound_fr, issue, clock: TestClock) -> None:
    issue()
    note = keep_invoice(Subscription.get(), a_credit_note("fr"))
    assert invoice_file(note, PDF, now=clock.now).file_name == "FR-CN-2026-000007.pdf"
    assert b"381" in invoice_file(note, CII, now=clock.now).content


def test_what_is_not_issued_has_no_file(bound_fr, issue, clock: TestClock) -> None:
    invoice = issue()
    invoice.number = None
    with pytest.raises(NotIssued):
        invoice_file(invoice, PDF, now=clock.now)


def test_a_file_name_holds_nothing_that_a_file_system_or_a_header_minds(
    bound_fr, issue, clock: TestClock
) -> None:
    odd = issue(number='../FA "1"\r\nX: é')
    assert invoice_file(odd, PDF, now=clock.now).file_name == "---FA--1---X---.pdf"


def test_documents_speak_their_own_language(bound_fr, issue, clock: TestClock) -> None:
    with speaking(speech("de", "DE")):
        pdf = invoice_file(issue(), PDF, now=clock.now)
    plain = invoice_file(issue(number="FR-2026-000043"), PDF, now=clock.now)
    assert re.search(rb"/Lang \(fr", pdf.content)
    assert re.search(rb"/Lang \(fr", plain.content)
    assert "Rechnung" not in text_of(pdf.content)


def test_the_same_bytes_come_from_everywhere(portal: Portal, issue, clock: TestClock) -> None:
    """Inside and outside a transaction, and by the name it is kept under."""
    with portal.at(portal.sites["fr"]):
        with atomic():
            inside = invoice_file(issue(), PDF, now=clock.now)
        assert file_of("invoice FR-2026-000042", PDF, now=clock.now).id == inside.id
        issue(number="FR-2026-000043")
        assert file_of("invoice FR-2026-000043", CII, now=clock.now).form == CII


@pytest.mark.parametrize(
    "subject", ["invoice FR-0", "contract SUB-FR-0", "contract ", "secret FR-2026-000042", "", "invoice"]
)
def test_what_nobody_made_is_not_there(bound_fr, issue, clock: TestClock, subject: str) -> None:
    issue()
    with pytest.raises(NotThere):
        file_of(subject, PDF, now=clock.now)


# ---- altered


@pytest.mark.parametrize("form", [PDF, CII])
def test_altered_bytes_are_noticed_and_never_handed_out(bound_fr, issue, clock: TestClock, form: str) -> None:
    invoice = issue()
    made = invoice_file(invoice, form, now=clock.now)
    replaced(made, made.content[:-1] + b"?")
    with pytest.raises(DocumentAltered, match=f"{form} of invoice FR-2026-000042 was altered"):
        invoice_file(invoice, form, now=clock.now)
    with pytest.raises(DocumentAltered):
        file_of(made.subject, form, now=clock.now)
    replaced(made, made.content)
    assert invoice_file(invoice, form, now=clock.now).content == made.content


def test_a_pdf_is_not_made_around_an_altered_e_invoice(bound_fr, issue, clock: TestClock) -> None:
    invoice = issue()
    replaced(invoice_file(invoice, CII, now=clock.now), b"<other/>")
    with pytest.raises(DocumentAltered):
        invoice_file(invoice, PDF, now=clock.now)
    assert StoredDocument.select().count() == 1


# ---- at once


def test_two_who_ask_at_once_get_the_same_bytes(
    portal: Portal, issue, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each makes its own, which differ here; the first one kept is everybody's."""
    site, together, made = portal.sites["fr"], Barrier(8), []
    with portal.at(site):
        number = issue().number

    def render(*_: Any, **__: Any) -> bytes:
        together.wait(timeout=30)
        made.append(b"%%PDF-%d" % len(made))
        return made[-1]

    monkeypatch.setattr(documents, "_embedded", lambda *_, **__: None)
    monkeypatch.setattr(documents, "_invoice_pdf", render)

    def ask(_: int) -> bytes:
        with portal.at(site):
            return invoice_file(Invoice.get(Invoice.number == number), PDF, now=clock.now).content

    with ThreadPoolExecutor(8) as threads:
        got = set(threads.map(ask, range(8)))
    assert len(set(made)) > 1
    assert len(got) == 1
    with portal.at(site):
        assert [row.content for row in StoredDocument.select()] == list(got)


def test_real_files_asked_for_at_once_are_stored_once(portal: Portal, issue, clock: TestClock) -> None:
    site, together = portal.sites["fr"], Barrier(6)
    with portal.at(site):
        issue()

    def ask(index: int) -> tuple[str, str]:
        together.wait(timeout=30)
        with portal.at(site):
            stored = file_of("invoice FR-2026-000042", (PDF, CII)[index % 2], now=clock.now)
            return stored.form, sha256(stored.content).hexdigest()

    with ThreadPoolExecutor(6) as threads:
        assert len(set(threads.map(ask, range(6)))) == 2
    with portal.at(site):
        assert StoredDocument.select().count() == 2


HEAVY = ("reportlab", "lxml", "facturx", "uharfbuzz", "qrbill", "icalendar", "webapp.documents.paper")


def test_a_process_that_makes_no_document_carries_nothing_for_it(tmp_path: Path) -> None:
    ask = f"""if True:
        import sys
        from webapp import create_app
        create_app()
        print([name for name in {HEAVY} if name in sys.modules])
    """
    environment = {**os.environ, "PORTAL_DATA": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, check=True)
    assert done.stdout == b"[]\n"


# ---- bytes of both engines


def test_all_bytes_are_kept_on_whichever_engine_is_bound(
    make_portal, sqlite_engine, postgres_engine, clock: TestClock
) -> None:
    """One process, both engines by turns: the field may not remember one of them."""
    every = bytes(range(256)) * 3
    for engine in (sqlite_engine, postgres_engine, sqlite_engine, postgres_engine):
        portal = make_portal(engine)
        with portal.at(portal.sites["de"]):
            StoredDocument.delete().execute()
            made = documents._file("x", PDF, "x.pdf", every, now=clock.now)
            kept = documents._keep(made)
            assert (type(kept.content), kept.content) == (bytes, every)
            assert StoredDocument.get(StoredDocument.content == every).id == kept.id
        portal.databases.close_all()


# ---- contracts


def test_an_accepted_contract_is_kept_for_good(bound_fr, ordered, clock: TestClock) -> None:
    bought = ordered()
    made = contract_file(bought, now=clock.now)
    assert made.content.startswith(b"%PDF-")
    assert (made.subject, made.file_name) == (
        f"contract {bought.public_id}",
        f"contract-{bought.public_id}.pdf",
    )
    Person.update(name="Somebody else").execute()
    Subscription.update(term_start="2027-11-22", term_end="2028-11-22", quantity=9).execute()
    later = contract_file(Subscription.get_by_id(bought.id), now=clock.now + LATER)
    assert (later.content, later.made_at) == (made.content, made.made_at)


def test_it_says_who_accepted_which_text_when_for_what(bound_fr, ordered, clock: TestClock) -> None:
    bought = ordered(purchase_order_number="BC 2026-113")
    content = contracts.content_of(bought, now=clock.now)
    agreement = bound_fr.agreement(bought.agreement_key, "fr")
    assert (content.text, content.sha256, content.version) == (
        agreement.text,
        agreement.sha256,
        agreement.version,
    )
    assert content.accepted is not None
    assert (content.accepted.name, content.accepted.email) == ("Olga Muster", "olga@example.com")
    assert (content.accepted.at, content.made_at) == (clock.now, clock.now)
    assert (content.language, content.text_language) == ("fr", agreement.language)
    assert (content.order_number, content.po_number) == ("0314199999", "BC 2026-113")
    assert (content.quantity, content.unit_price, content.currency) == (5, 48_000, "EUR")
    assert (content.term_start, content.renewal_on) == (date(2026, 11, 22), date(2027, 11, 22))
    assert content.seller.name == bound_fr.legal_entity_in("fr")
    assert content.buyer.name == "Musterbau"
    assert "Beispielallee 7" in content.buyer.address
    told = " ".join(text_of(contract_file(bought, now=clock.now).content).split())
    for words in (bought.public_id, "Olga Muster", "0314199999", "BC 2026-113", "Musterbau"):
        assert words in told


def test_a_later_reading_of_an_accepted_one_tells_its_first_term(bound_fr, ordered, clock: TestClock) -> None:
    bought = ordered()
    Subscription.update(term_start="2027-11-22", term_end="2028-11-22").execute()
    content = contracts.content_of(Subscription.get_by_id(bought.id), now=clock.now + LATER)
    assert (content.term_start, content.renewal_on) == (date(2026, 11, 22), date(2027, 11, 22))


def test_a_pending_contract_says_so_and_is_not_kept(bound_fr, ordered, clock: TestClock) -> None:
    bought = ordered(accepted=False)
    shown = contract_file(bought, now=clock.now)
    assert shown.content.startswith(b"%PDF-")
    assert shown.sha256 == sha256(shown.content).hexdigest()
    assert StoredDocument.select().count() == 0
    assert contracts.content_of(bought, now=clock.now).accepted is None
    accept(bought, now=clock.now)
    accepted = contract_file(Subscription.get_by_id(bought.id), now=clock.now)
    assert accepted.content != shown.content
    assert StoredDocument.get().id == accepted.id


def test_what_lapsed_or_was_withdrawn_has_no_contract(bound_fr, ordered, clock: TestClock) -> None:
    bought = ordered(accepted=False)
    with pytest.raises(NotThere):
        contract_file(bought, now=clock.now + LATER)
    Subscription.update(status="withdrawn").execute()
    assert Subscription.get().status != PENDING
    with pytest.raises(NotThere):
        contract_file(Subscription.get(), now=clock.now)


def test_the_text_that_was_accepted_counts_whatever_is_published_now(
    bound_fr, ordered, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought = ordered()
    published = bound_fr.agreement(bought.agreement_key, "fr")
    monkeypatch.setattr(
        contracts, "agreement_to_accept", lambda *_: replace(published, text="# New", version="9")
    )
    assert contracts.content_of(bought, now=clock.now).text == published.text


def test_a_contract_has_one_form(bound_fr, ordered, clock: TestClock) -> None:
    bought = ordered()
    with pytest.raises(NotThere):
        file_of(contract_subject(bought), CII, now=clock.now)


def test_the_forms_follow_the_document() -> None:
    assert forms_of(an_invoice("fr")) == forms_of(a_credit_note("de")) == (PDF, CII, UBL)
    assert forms_of(an_invoice("ch")) == forms_of(an_invoice("gb")) == (PDF,)
