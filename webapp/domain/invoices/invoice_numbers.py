"""Numbers of invoices and credit notes: each series counts from 1 each year, without a gap.

A site has one legal entity, and its series are that entity's own: who changes the entity changes the series.
The number is taken in the transaction that issues; what is rolled back gives it back.
"""

from __future__ import annotations

from datetime import date

from webapp.data import counters
from webapp.sites import Bank

_DIGITS = 6
_SWISS = ("CH", "LI")


def next_number(series: str, *, issued_on: date) -> str:
    """`FA-2026-000042`. Everybody else who issues in this series waits until this transaction ends."""
    taken = counters.take(f"invoice {series} {issued_on.year}", first=1)
    return f"{series}-{issued_on.year}-{taken:0{_DIGITS}}"


def payment_reference(number: str, *, bank: Bank) -> str:
    """What the payer writes on the transfer: the number, or in Switzerland the reference made of it."""
    if bank.iban[:2] not in _SWISS:
        return number
    from webapp.einvoice import swiss_qr  # not in a web worker of other countries

    return (swiss_qr.qr_reference if swiss_qr.is_qr_iban(bank.iban) else swiss_qr.creditor_reference)(number)
