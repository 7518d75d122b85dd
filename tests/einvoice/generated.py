"""Invoices of all kinds for the official rules: what may happen in a shop, and names that nobody expects."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import strategies as st

from tests.support.papers import SITES, a_line, an_invoice, groups_of
from webapp.data.issued import (
    CREDIT_NOTE,
    INVOICE,
    Credited,
    HowToPay,
    IssuedDocument,
    Line,
    Party,
    TaxGroup,
)

FRENCH_RATES = ("20", "10", "5.5", "2.1", "8.5")
RATES = ("20", "19", "8.1", "2.6", "5.5", "25.5", "8.25", "10", "23.00", "7.7")
CURRENCIES = ("EUR", "USD", "CHF", "GBP", "PLN", "JPY", "AED", "HUF", "KRW")
REASONS = {
    "AE": ("Reverse charge", "VATEX-EU-AE"),
    "E": ("Small undertaking", ""),
    "G": ("Export", ""),
    "K": ("", "VATEX-EU-IC"),
    "O": ("", ""),
    "Z": ("", ""),
}
WITH_OWN_VAT_ID = (*("at", "be", "ch", "cz", "de", "es", "fr", "gb", "hu", "it", "nl", "pl", "pt", "sk"),)

# Everything Python can hold: control characters, lone surrogates, right-to-left, emoji, line breaks, markup.
odd_text = st.text(max_size=120) | st.sampled_from(
    [
        "<Ô&lt;M>&amp;]]>",
        "#ABC#x",
        "  ",
        "\x00\x1f\ufffe\ud800",
        "a\r\nb\tc",
        "مرحبا 你好 Ѐ 𝕏 🧰",
        "x" * 300,
        "%s {0} ${x}",
    ]
)
names = st.builds(
    lambda odd, plain: odd + plain, odd_text, st.sampled_from(["Müller & Söhne", "A", "株式会社"])
)
days = st.dates(date(2020, 1, 1), date(2040, 12, 31))


@st.composite
def parties(draw: st.DrawFn, base: Party) -> Party:
    """With an odd name, and without some of what need not be known."""
    kept = draw(st.booleans())
    return replace(
        base,
        name=draw(names),
        line1=draw(odd_text),
        line2=draw(odd_text),
        city=draw(odd_text),
        postal_code=draw(st.sampled_from([base.postal_code, ""])),
        region=draw(odd_text),
        contact_name=draw(odd_text),
        contact_phone=draw(st.sampled_from(["", "+41 44 000 00 00"])),
        contact_email=draw(st.sampled_from(["", "ap@example.com"])),
        vat_id=base.vat_id if kept else draw(st.sampled_from([base.vat_id, ""])),
        ids=base.ids if kept or base.country == "FR" else {},
    )


@st.composite
def line_of(draw: st.DrawFn, number: int, site: str, category: str, rate: str) -> Line:
    quantity, price = draw(st.integers(0, 100_000)), draw(st.integers(0, 10**8))
    start = draw(days)
    part = draw(st.sampled_from([1, 1, 1, 2, 3]))  # of a term: it costs less than quantity times price
    return a_line(
        number,
        site,
        name=draw(names),
        description=draw(odd_text),
        quantity=quantity,
        unit_price=price,
        net=quantity * price // part,
        tax_category=category,
        tax_rate=Decimal(rate),
        period_start=start,
        period_last=start + timedelta(days=draw(st.integers(0, 800))),
        subscription=draw(st.sampled_from(["", "SUB-FR-204118"])),
        po_number=draw(st.sampled_from(["", "PO 1", "BC 2026-113"]) | odd_text),
    )


@st.composite
def lines(draw: st.DrawFn, site: str, buyer: Party) -> tuple[Line, ...]:
    """Of one category that stands alone, or of several."""
    if draw(st.integers(0, 9)) == 0:
        taxes = [("O", "0")]
    else:
        rates = FRENCH_RATES if site == "fr" else RATES
        taxes = [("S", rate) for rate in rates] + [("Z", "0"), ("E", "0")]
        if site in WITH_OWN_VAT_ID:
            taxes += [("G", "0")]
            taxes += (
                [("AE", "0"), ("K", "0")] if buyer.vat_id[:2] in {"AT", "DE", "ES", "FR", "IT", "PL"} else []
            )
        if site == "es":
            taxes += [("L", "7"), ("L", "3")]
    chosen = draw(st.lists(st.sampled_from(taxes), min_size=1, max_size=8))
    return tuple(draw(line_of(number, site, *tax)) for number, tax in enumerate(chosen))


def explained(groups: tuple[TaxGroup, ...]) -> tuple[TaxGroup, ...]:
    return tuple(
        replace(group, reason=REASONS[group.category][0], reason_code=REASONS[group.category][1])
        if group.category in REASONS
        else group
        for group in groups
    )


@st.composite
def ways_to_pay(draw: st.DrawFn, site: str, issued_on: date) -> HowToPay:
    way = an_invoice(site).payment
    due_on = draw(st.none() | st.integers(0, 120).map(lambda days: issued_on + timedelta(days=days)))
    return draw(
        st.sampled_from(
            [
                replace(way, due_on=due_on),
                replace(way, due_on=due_on, iban="", reference=""),
                replace(way, due_on=due_on, bic="AGRIFRPP", reference="RF18539007547034"),
                HowToPay(
                    "direct_debit", due_on, mandate="M-1", creditor_id="FR00ZZZ1", debited_account="FR…0189"
                ),
                HowToPay("direct_debit", due_on, mandate="M-1", creditor_id="FR00ZZZ1"),
                HowToPay("direct_debit", due_on),
                HowToPay("credit_card", due_on, debited_account="Visa … 4242"),
                HowToPay("credit_card"),
            ]
        )
    )


@st.composite
def documents(draw: st.DrawFn) -> IssuedDocument:
    site = draw(st.sampled_from((*SITES, "fr", "fr")))
    base = an_invoice(site)
    buyer = draw(parties(an_invoice(draw(st.sampled_from((*SITES, site, site)))).buyer))
    chosen = draw(lines(site, buyer))
    issued_on = draw(days)
    credit = draw(st.booleans())
    start = draw(days)
    document = an_invoice(
        site,
        lines=chosen,
        taxes=explained(groups_of(chosen)),
        kind=CREDIT_NOTE if credit else INVOICE,
        currency="EUR" if site == "fr" else draw(st.sampled_from(CURRENCIES)),
        issued_on=issued_on,
        supplied_from=start,
        supplied_last=start + timedelta(days=draw(st.integers(0, 800))),
        seller=replace(base.seller, name=draw(names)),
        buyer=buyer,
        customer_number=draw(st.sampled_from(["", "10700001"])),
        po_number=draw(st.just("") | odd_text),
        buyer_reference=draw(st.just("") | odd_text),
        contract=draw(st.sampled_from(["", "SUB-FR-204118"])),
        payment=draw(ways_to_pay(site, issued_on)),
        credited=Credited("FR-2026-000041", issued_on) if credit else None,
        credit_reason=draw(odd_text) if credit else "",
    )
    paid = draw(st.sampled_from([Decimal(0), Decimal(0), Decimal("0.5"), Decimal(1)]))
    return replace(document, paid=int((document.gross * paid).quantize(Decimal(1), ROUND_HALF_UP)))
