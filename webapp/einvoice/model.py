"""A frozen invoice in the words of EN 16931: one dictionary of its business terms, for both syntaxes."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision

from webapp.data.issued import CREDIT_NOTE, IssuedDocument, Line, Mention, Party, TaxGroup
from webapp.einvoice.countries import UNION, Ids, country, ids_of
from webapp.i18n import _, speaking, speech

INVOICE_TYPE, CREDIT_NOTE_TYPE = "380", "381"
ONE = "C62"  # the unit of what is counted
DISCOUNT, MISCELLANEOUS = "95", "ABK"
GENERAL, REASON = "AAI", "ACD"  # subjects of notes that name none
EXEMPTION_CODES = {"AE": "VATEX-EU-AE", "K": "VATEX-EU-IC", "G": "VATEX-EU-G", "O": "VATEX-EU-O"}
WITHOUT_REASON = {"S", "Z", "L", "M"}
UNTAXED = "O"
UNKNOWN = "–"
# What is paid by, in UNTDID 4461.
CREDIT_TRANSFER, SEPA_TRANSFER = "30", "58"
DIRECT_DEBIT, SEPA_DEBIT = "49", "59"
CREDIT_CARD, OTHERWISE = "54", "1"

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class NotInTheStandard(ValueError):
    """EN 16931 has no way to say this."""


def terms_of(document: IssuedDocument) -> dict[str, Any]:
    digits = get_currency_precision(document.currency)
    if digits > 2:
        raise NotInTheStandard(
            f"EN 16931 knows amounts with two decimals only; {document.currency} has more."
        )
    untaxed = any(group.category == UNTAXED for group in document.taxes)
    seller, buyer = ids_of(document.seller), ids_of(document.buyer)
    number = document.customer_number if country(document.seller.country).customer_numbers else ""
    return _cleaned(
        {
            **_heading(document, buyer),
            "BG-4": _party(document.seller, seller, untaxed=untaxed) | {"tax_identifier": seller.tax},
            "BG-7": _party(document.buyer, buyer, untaxed=untaxed, number=number),
            "BG-13": _delivery(document.buyer),
            **_payment(document, digits),
            "BG-23": [_tax_group(group, digits) for group in document.taxes],
            "BG-25": [_line(number, line, document, digits) for number, line in enumerate(document.lines, 1)],
            **_totals(document, digits),
        }
    )


def _amount(minor: int, digits: int) -> str:
    return str(Decimal(minor).scaleb(-digits))


def _percent(rate: Decimal) -> str:
    """`20`, not `20.00`: the French rules count digits."""
    text = f"{rate:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _cleaned(value: Any) -> Any:
    """Without characters that XML forbids, and without what is empty."""
    if isinstance(value, str):
        return _ILLEGAL.sub("", value).strip()
    if isinstance(value, dict):
        cleaned = {key: _cleaned(part) for key, part in value.items()}
        return {key: part for key, part in cleaned.items() if part not in ("", None, [], {})}
    if isinstance(value, list):
        return [_cleaned(part) for part in value]
    return value


def _heading(document: IssuedDocument, buyer: Ids) -> dict[str, Any]:
    orders = {line.po_number for line in document.lines}
    credited = document.credited
    return {
        "BT-1": document.number,
        "BT-2": document.issued_on,
        "BT-3": CREDIT_NOTE_TYPE if document.kind == CREDIT_NOTE else INVOICE_TYPE,
        "BT-5": document.currency,
        "BT-10": document.buyer_reference or buyer.leitweg,
        "BT-12": document.contract,
        "BT-13": document.po_number or (orders.pop() if len(orders) == 1 else ""),
        "BT-23": _process(document),
        "BT-73": document.supplied_from,
        "BT-74": document.supplied_last,
        "BG-1": _notes(document),
        "BG-3": [{"BT-25": credited.number, "BT-26": credited.issued_on}] if credited else [],
    }


def _is_paid(document: IssuedDocument) -> bool:
    return document.kind != CREDIT_NOTE and document.paid >= document.gross


def _process(document: IssuedDocument) -> str:
    rules = country(document.seller.country)
    return document.process or (rules.process_if_paid if _is_paid(document) else rules.process)


def _notes(document: IssuedDocument) -> list[dict[str, str]]:
    mentions = [*document.mentions, Mention(document.credit_reason, REASON)]
    return [
        {"BT-21": mention.code or GENERAL, "BT-22": mention.text}
        for mention in mentions
        if _cleaned(mention.text)
    ]


def _party(party: Party, ids: Ids, *, untaxed: bool, number: str = "") -> dict[str, Any]:
    """Where nothing is subject to VAT, nobody may show a VAT number; but something must name them."""
    own, own_scheme = ids.own
    legal, legal_scheme = ids.legal if ids.legal[0] else (ids.tax or (ids.vat if untaxed else ""), "")
    contact = {"name": party.contact_name, "phone": party.contact_phone, "email": party.contact_email}
    return {
        "name": _cleaned(party.name) or UNKNOWN,
        "legal_identifier": legal,
        "legal_identifier_schemeid": legal_scheme,
        "legal_info": party.registration,
        "vat_identifier": "" if untaxed else ids.vat,
        "identifiers": {own_scheme or None: own or number},
        "addr_l1": party.line1,
        "addr_l2": party.line2,
        "city": party.city,
        "postcode": party.postal_code,
        "country_subdivision": party.region,
        "country_code": party.country,
        "einvoicing_addr": ids.address[0],
        "einvoicing_addr_schemeid": ids.address[1] if ids.address[0] else "",
        "contacts": [contact] if any(_cleaned(list(contact.values()))) else [],
    }


def _delivery(buyer: Party) -> dict[str, Any]:
    """At the buyer's: supplies within the union must say where, and CII has no empty delivery."""
    return {
        "name": _cleaned(buyer.name) or UNKNOWN,
        "addr_l1": buyer.line1,
        "addr_l2": buyer.line2,
        "city": buyer.city,
        "postcode": buyer.postal_code,
        "country_code": buyer.country,
    }


def _payment(document: IssuedDocument, digits: int) -> dict[str, Any]:
    payment = document.payment
    due_on = payment.due_on or (document.issued_on if _is_paid(document) else None)
    shared = {"BT-9": due_on, "BT-20": _terms(document), "BT-83": payment.reference or document.number}
    if payment.method == "credit_card":
        return {**shared, "BT-81": CREDIT_CARD, "BT-82": payment.debited_account}
    if payment.method == "direct_debit":
        sepa = document.currency == "EUR" and bool(payment.creditor_id)
        return {
            **shared,
            "BT-81": SEPA_DEBIT if sepa else DIRECT_DEBIT,
            "BT-89": payment.mandate,
            "BT-90": payment.creditor_id,
            "BT-91": payment.debited_account,
        }
    if not payment.iban:
        return {**shared, "BT-81": OTHERWISE}
    sepa = document.currency == "EUR" and payment.iban[:2] in UNION
    return {
        **shared,
        "BT-81": SEPA_TRANSFER if sepa else CREDIT_TRANSFER,
        "BT-84": payment.iban,
        "BT-85": payment.account_holder,
        "BT-86": payment.bic,
    }


def _terms(document: IssuedDocument) -> str:
    """Where something is to be paid and no day says when, words must."""
    if document.payment.due_on or document.paid >= document.gross:
        return ""
    with speaking(speech(document.language, document.seller.country)):
        if document.kind == CREDIT_NOTE:
            return _("Set off against open invoices or paid back")
        return _("Payable on receipt")


def _tax_group(group: TaxGroup, digits: int) -> dict[str, Any]:
    explained = group.category not in WITHOUT_REASON
    code = group.reason_code or ("" if group.reason else EXEMPTION_CODES.get(group.category, ""))
    return {
        "BT-116": _amount(group.taxable, digits),
        "BT-117": _amount(group.tax, digits),
        "BT-118": group.category,
        "BT-119": "" if group.category == UNTAXED else _percent(group.rate),
        "BT-120": group.reason if explained else "",
        "BT-121": code if explained else "",
    }


def _line(number: int, line: Line, document: IssuedDocument, digits: int) -> dict[str, Any]:
    name = _cleaned(line.name) or _cleaned(line.subscription) or UNKNOWN
    own_order = line.po_number and line.po_number != document.po_number
    return {
        "BT-126": str(number),
        "BT-128": {None: line.subscription} if line.subscription else {},
        "BT-129": str(line.quantity),
        "BT-130": ONE,
        "BT-131": _amount(line.net, digits),
        "BT-134": line.period_start,
        "BT-135": line.period_last,
        "BT-146": _amount(line.unit_price, digits),
        "BT-151": line.tax_category,
        "BT-152": "" if line.tax_category == UNTAXED else _percent(line.tax_rate),
        "BT-153": name,
        "BT-154": line.description,
        "BG-32": [{"BT-160": "Purchase order", "BT-161": line.po_number}] if own_order else [],
        **_difference(line, digits),
    }


def _difference(line: Line, digits: int) -> dict[str, Any]:
    """Part of a term costs less than quantity times price; the standard wants to see by how much."""
    more = line.net - line.quantity * line.unit_price
    if more > 0:
        return {"BG-28": [{"amount": _amount(more, digits), "reason_code": MISCELLANEOUS}]}
    return {"BG-27": [{"amount": _amount(-more, digits), "reason_code": DISCOUNT}]} if more else {}


def _totals(document: IssuedDocument, digits: int) -> dict[str, Any]:
    return {
        "BT-106": _amount(document.net, digits),
        "BT-109": _amount(document.net, digits),
        "BT-110": _amount(document.tax, digits),
        "BT-112": _amount(document.gross, digits),
        "BT-113": _amount(document.paid, digits),
        "BT-115": _amount(document.gross - document.paid, digits),
    }
