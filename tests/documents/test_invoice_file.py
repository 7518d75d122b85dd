"""The file of an invoice: the same bytes every time, the e-invoice inside."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pypdfium2

from tests.documents.invoices import INVOICES, pdf_of
from tests.support.papers import an_invoice
from webapp.documents.invoice import render

ROOT = Path(__file__).resolve().parents[2]
_HASHES = """
import sys
from hashlib import sha256
from tests.documents.invoices import INVOICES
for name in sys.argv[1:]:
    print(name, sha256(INVOICES[name]()).hexdigest())
"""


def _hashed_elsewhere(names: list[str]) -> dict[str, str]:
    run = subprocess.run(
        [sys.executable, "-c", _HASHES, *names], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return dict(line.split() for line in run.stdout.splitlines())


def test_the_same_invoice_is_the_same_file_in_two_processes_and_in_another_order() -> None:
    names = sorted(INVOICES)
    here = {name: sha256(INVOICES[name]()).hexdigest() for name in names}
    assert _hashed_elsewhere(names[::-1]) == here
    assert len(set(here.values())) == len(names)


def test_rendered_again_it_is_the_same_file() -> None:
    document = an_invoice("ae", count=3)
    assert pdf_of(document) == pdf_of(document)


def test_another_letter_is_another_file() -> None:
    assert render(an_invoice("fr")) != render(an_invoice("fr", po_number="BC 2026-114"))


def test_the_e_invoice_lies_inside_byte_for_byte() -> None:
    xml = b"<?xml version='1.0' encoding='UTF-8'?><invoice>\xc3\xa9</invoice>"
    pdf = pypdfium2.PdfDocument(render(an_invoice("de"), xml=xml))
    assert pdf.count_attachments() == 1
    attachment = pdf.get_attachment(0)
    assert attachment.get_name() == "factur-x.xml"
    assert bytes(attachment.get_data()) == xml


def test_it_is_said_to_be_another_form_of_the_same_invoice() -> None:
    pdf = render(an_invoice("de"), xml=b"<invoice/>")
    assert b"/AFRelationship/Alternative" in pdf
    assert b"<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>" in pdf
    assert b"<fx:DocumentFileName>factur-x.xml</fx:DocumentFileName>" in pdf


def test_without_an_e_invoice_the_file_does_not_claim_one() -> None:
    pdf = render(an_invoice("gb"))
    assert b"factur-x" not in pdf
    assert pypdfium2.PdfDocument(pdf).count_attachments() == 0


def test_dates_in_the_file_are_those_of_the_issue() -> None:
    metadata = pypdfium2.PdfDocument(render(an_invoice("fr"))).get_metadata_dict()
    assert metadata["CreationDate"] == metadata["ModDate"] == "D:20261122093000+00'00'"
    assert metadata["Title"] == "Facture FR-2026-000042"
    assert metadata["Author"] == "Example Tools France SAS"
