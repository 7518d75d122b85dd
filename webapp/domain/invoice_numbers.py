"""Numbers of invoices and credit notes: each series counts from 1 each year, without a gap.

A site has one legal entity, and its series are that entity's own: who changes the entity changes the series.
The number is taken in the transaction that issues; what is rolled back gives it back.
"""

from __future__ import annotations

from datetime import date

from stdnum.ch import esr
from stdnum.iso7064 import mod_97_10

from webapp.data import counters
from webapp.data.keys import search_key
from webapp.data.subscriptions import Subscription
from webapp.sites import Bank

_DIGITS = 6
_QR_LENGTH = 26


def next_number(series: str, *, issued_on: date) -> str:
    """`FA-2026-000042`. Everybody else who issues in this series waits until this transaction ends."""
    taken = counters.take(f"invoice {series} {issued_on.year}", first=1)
    return f"{series}-{issued_on.year}-{taken:0{_DIGITS}}"


def invoice_search_key(subscription: Subscription, number: str, po_number: str) -> str:
    """What the list's search looks through; `number` is empty until it has one."""
    return search_key(number, po_number, subscription.public_id, subscription.product_name)


def payment_reference(number: str, *, bank: Bank) -> str:
    """What the payer writes on the transfer: the number, or in Switzerland the reference made of it."""
    if bank.wants_qr_reference:
        return qr_reference(number)
    return creditor_reference(number) if bank.iban[:2] in ("CH", "LI") else number


def qr_reference(number: str) -> str:
    """27 digits: those of the number, and a check digit."""
    digits = "".join(character for character in number if character.isdecimal()).rjust(_QR_LENGTH, "0")
    return f"{digits}{esr.calc_check_digit(digits)}"


def creditor_reference(number: str) -> str:
    """ISO 11649: `RF`, two check digits, the number without its dashes."""
    plain = number.replace("-", "")
    return f"RF{mod_97_10.calc_check_digits(plain + 'RF')}{plain}"
