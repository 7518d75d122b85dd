"""What an invoice or credit note says on paper: its words, dates and amounts, before anybody draws them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.numbers import format_percent

from webapp.data.issued import CREDIT_NOTE, HowToPay, IssuedDocument, Line, Party, TaxGroup
from webapp.documents.addresses import digits_of, numbers_of, tax_number_name
from webapp.formats import day, grouped, money
from webapp.i18n import _, current_speech, number
from webapp.postal import address_lines


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: its name, what is said below it, and the cells after it."""

    name: str
    details: tuple[str, ...]
    cells: tuple[str, str, str, str]  # quantity, unit price, rate, net
    net: int


@dataclass(frozen=True, slots=True)
class Sum:
    label: str
    value: str
    note: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Payment:
    heading: str
    sentence: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Said:
    title: str
    full_title: str
    lead: tuple[str, ...]
    brand: str
    sender: str
    buyer: tuple[str, ...]
    facts: tuple[Fact, ...]
    heads: tuple[str, str, str, str, str]
    rows: tuple[Row, ...]
    sums: tuple[Sum, ...]
    payment: Payment | None
    mentions: tuple[str, ...]
    footer: tuple[tuple[str, ...], ...]


def words_of(document: IssuedDocument, *, by_slip: bool = False) -> Said:
    """In the language that is spoken. `by_slip`: a payment slip comes with it."""
    title = _("Credit note") if document.kind == CREDIT_NOTE else _("Invoice")
    return Said(
        title=title,
        full_title=_("%(name)s %(number)s", name=title, number=document.number),
        lead=_lead(document),
        brand=document.brand,
        sender=_sender(document.seller),
        buyer=_to(document),
        facts=tuple(fact for fact in _facts(document) if fact.value),
        heads=(_("Description"), _("Quantity"), _("Unit price"), document.tax_name, _("Net amount")),
        rows=tuple(_row(line, document) for line in document.lines),
        sums=tuple(_sums(document)),
        payment=_payment(document, by_slip=by_slip),
        mentions=_mentions(document),
        footer=_footer(document.seller),
    )


def _sender(seller: Party) -> str:
    """In one line, that breaks between its parts if it must."""
    parts = (seller.name, *address_lines(seller, seller.country))
    return " · ".join(part.replace(" ", "\u00a0") if len(part) < 40 else part for part in parts)


def _to(document: IssuedDocument) -> tuple[str, ...]:
    buyer = document.buyer
    lines = (buyer.name, buyer.contact_name, *address_lines(buyer, document.seller.country))
    return tuple(filter(None, lines))


def whole(value: date) -> str:
    """A date that no line breaks."""
    return day(value).replace(" ", "\u00a0")


def code(text: str) -> str:
    """Numbers of people's own making, read from left to right in every language."""
    return f"\u200e{text}" if text and current_speech().direction == "rtl" else text


def span(first: date, last: date) -> str:
    return _("%(first)s – %(last)s", first=day(first, "medium"), last=day(last, "medium"))


@lru_cache(maxsize=256)
def _percent(rate: Decimal, locale: Locale) -> str:
    return format_percent(rate / 100, locale=locale, decimal_quantization=False)


@lru_cache(maxsize=4096)
def _amount(shown: str) -> str:
    """CLDR leaves it to us to keep letters and digits apart: `AED 590.00`."""
    return re.sub(r"(?<=[A-Za-z])(?=\d)", "\u00a0", shown)


def amount(minor: int, currency: str) -> str:
    return _amount(money(minor, currency))


def percent(rate: Decimal) -> str:
    return _percent(rate, current_speech().locale)


def _lead(document: IssuedDocument) -> tuple[str, ...]:
    if not document.credited:
        return ()
    number, issued_on = document.credited.number, whole(document.credited.issued_on)
    told = _("This credit note takes back invoice %(number)s of %(day)s.", number=number, day=issued_on)
    reason = document.credit_reason
    return (told, _("Reason: %(reason)s", reason=reason)) if reason else (told,)


def _facts(document: IssuedDocument) -> list[Fact]:
    credit_note = document.kind == CREDIT_NOTE
    due_on = document.payment.due_on
    return [
        Fact(_("Credit note number") if credit_note else _("Invoice number"), document.number, strong=True),
        Fact(_("Purchase order number"), code(document.po_number), strong=True),
        Fact(_("Your reference"), code(document.buyer_reference), strong=True),
        Fact(_("Credit note date") if credit_note else _("Invoice date"), day(document.issued_on)),
        Fact(_("Due date"), day(due_on) if due_on and not credit_note else ""),
        Fact(_("Service period"), span(document.supplied_from, document.supplied_last)),
        Fact(_("Subscription ID"), document.contract),
        Fact(_("Customer number"), document.customer_number),
        *(Fact(label, code(value)) for label, value in numbers_of(document.buyer, _("Your VAT number"))),
    ]


def _row(line: Line, document: IssuedDocument) -> Row:
    told = [span(line.period_start, line.period_last), line.subscription]
    if line.po_number and line.po_number != document.po_number:
        told.append(_("PO %(number)s", number=line.po_number))
    details = (line.description, " · ".join(filter(None, told)))
    cells = (
        number(line.quantity),
        amount(line.unit_price, document.currency),
        percent(line.tax_rate),
        amount(line.net, document.currency),
    )
    return Row(line.name, tuple(filter(None, details)), cells, line.net)


def _sums(document: IssuedDocument) -> list[Sum]:
    currency = document.currency
    sums = [Sum(_("Net total"), amount(document.net, currency))]
    sums += [_tax_sum(group, document) for group in document.taxes]
    total = _("Total credited") if document.kind == CREDIT_NOTE else _("Total")
    sums.append(Sum(total, amount(document.gross, currency), strong=True))
    if document.paid and document.kind != CREDIT_NOTE:
        sums.append(Sum(_("Already paid"), amount(document.paid, currency)))
        sums.append(Sum(_("Amount due"), amount(document.gross - document.paid, currency), strong=True))
    return sums


def _tax_sum(group: TaxGroup, document: IssuedDocument) -> Sum:
    label = _(
        "%(tax)s %(rate)s on %(amount)s",
        tax=document.tax_name,
        rate=percent(group.rate),
        amount=amount(group.taxable, document.currency),
    )
    return Sum(label, amount(group.tax, document.currency), note=group.reason)


def _payment(document: IssuedDocument, *, by_slip: bool) -> Payment | None:
    """A credit note asks for nothing."""
    if document.kind == CREDIT_NOTE:
        return None
    left = document.gross - document.paid
    heading = _("Payment")
    if left <= 0:
        paid_by_card = document.payment.method == "credit_card" and document.paid
        text = (
            _("Paid by credit card. Nothing is left to pay.")
            if paid_by_card
            else _("Nothing is left to pay.")
        )
        return Payment(heading, text, ())
    if by_slip:
        return Payment(heading, _by_slip(document.payment.due_on), ())
    how = _HOW.get(document.payment.method, _by_transfer)
    sentence, facts = how(document.payment, amount(left, document.currency))
    return Payment(heading, sentence, tuple(fact for fact in facts if fact.value))


def _by_slip(due_on: date | None) -> str:
    if due_on is None:
        return _("Please pay with the payment part of this invoice.")
    return _("Please pay with the payment part of this invoice, by %(day)s.", day=whole(due_on))


def _by_transfer(payment: HowToPay, amount: str) -> tuple[str, list[Fact]]:
    sentence = (
        _("Please transfer %(amount)s by %(day)s.", amount=amount, day=whole(payment.due_on))
        if payment.due_on
        else _("Please transfer %(amount)s.", amount=amount)
    )
    return sentence, [
        Fact(_("Account holder"), payment.account_holder),
        Fact(_("IBAN"), grouped(payment.iban), strong=True),
        Fact(_("BIC"), payment.bic),
        Fact(_("Bank"), payment.bank),
        Fact(_("Payment reference"), code(payment.reference), strong=True),
    ]


def _by_direct_debit(payment: HowToPay, amount: str) -> tuple[str, list[Fact]]:
    sentence = (
        _("We debit %(amount)s from your account on %(day)s.", amount=amount, day=whole(payment.due_on))
        if payment.due_on
        else _("We debit %(amount)s from your account.", amount=amount)
    )
    return sentence, [
        Fact(_("Account that is debited"), payment.debited_account, strong=True),
        Fact(_("Mandate reference"), payment.mandate, strong=True),
        Fact(_("Creditor ID"), payment.creditor_id),
    ]


def _by_card(payment: HowToPay, amount: str) -> tuple[str, list[Fact]]:
    return _("We charge %(amount)s to your credit card. You need not do anything.", amount=amount), []


_HOW = {"invoice": _by_transfer, "direct_debit": _by_direct_debit, "credit_card": _by_card}


_ABOUT_PAYING = {"PMT", "PMD", "AAB"}  # recovery costs, late payment, discount


def _mentions(document: IssuedDocument) -> tuple[str, ...]:
    """A credit note threatens nobody who pays late."""
    left_out = _ABOUT_PAYING if document.kind == CREDIT_NOTE else set()
    return tuple(mention.text for mention in document.mentions if mention.code not in left_out)


def _footer(seller: Party) -> tuple[tuple[str, ...], ...]:
    known = digits_of(seller.registration)
    ids = [
        _("%(name)s %(number)s", name=name, number=value)
        for name, value in numbers_of(seller, tax_number_name(seller.country))
        if not known or digits_of(value) not in known or value == seller.vat_id
    ]
    if seller.registration:
        ids.append(re.sub(r"(?<=\d) (?=[\d€])", "\u00a0", seller.registration))
    contact = filter(None, (seller.contact_name, code(seller.contact_phone), seller.contact_email))
    return (
        (seller.name, *address_lines(seller, seller.country)),
        tuple(ids),
        tuple(contact),
    )
