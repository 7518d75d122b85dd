"""The two syntaxes of EN 16931, written by the library `factur-x` from one dictionary of business terms."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from webapp.data.issued import IssuedDocument
from webapp.einvoice.model import terms_of

STANDARD = "urn:cen.eu:en16931:2017"  # BT-24; a network's own rules stand behind it


def cii(document: IssuedDocument, *, specification: str = STANDARD) -> bytes:
    """Cross Industry Invoice, as it lies in a Factur-X file of profile EN 16931."""
    return _written(terms_of(document), "factur-x", specification)


def ubl(document: IssuedDocument, *, specification: str = STANDARD) -> bytes:
    """UBL 2.1, an Invoice or a CreditNote."""
    return _written(terms_of(document), "ubl-2.1", specification)


def _written(terms: dict[str, Any], flavor: str, specification: str) -> bytes:
    # Here, since it brings much along that a process that makes no invoice does without.
    from facturx import generate_xml

    # Without the library's own checks: its second one is passed by everything where it finds no server.
    # tests/einvoice/ runs the same rules.
    xml: bytes = generate_xml(terms, flavor=flavor, level="en16931", check_xsd=False, check_schematron=None)
    if specification != STANDARD:
        xml = xml.replace(f">{STANDARD}<".encode(), f">{escape(specification)}<".encode(), 1)
    return xml
