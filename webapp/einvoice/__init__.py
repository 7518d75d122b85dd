"""Electronic invoices, made from an invoice's frozen content alone. Nothing here sends them anywhere."""

from webapp.einvoice.countries import missing_ids
from webapp.einvoice.model import NotInTheStandard
from webapp.einvoice.syntaxes import cii, ubl

__all__ = ["NotInTheStandard", "cii", "missing_ids", "ubl"]
