"""SEPA direct debit: checks the account's number, seals it, and gives the mandate its reference."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection

from stdnum import iban
from stdnum.exceptions import InvalidChecksum, ValidationError

from webapp.payments.protocol import DIRECT_DEBIT, Instrument, Reason, SetUpFailed, Wanted
from webapp.payments.vault import Vault

_FORM = re.compile("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
ENDING = 4


class DirectDebit:
    method = DIRECT_DEBIT

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def set_up(self, wanted: Wanted) -> Instrument:
        offer = wanted.site.direct_debit
        if offer is None:
            raise SetUpFailed("elsewhere")
        number = checked_iban(wanted.iban, countries=offer.countries)
        return Instrument(
            DIRECT_DEBIT,
            reference=f"{wanted.public_id}-{secrets.token_hex(4).upper()}",
            country=number[:2],
            ending=number[-ENDING:],
            sealed=self._vault.seal(number, place=wanted.site.code),
        )


def checked_iban(text: str, *, countries: Collection[str]) -> str:
    """Without its spaces. Country, length and check digits are told apart, since each is mended otherwise."""
    number = re.sub(r"[\s\u200b\u202a-\u202e\u2066-\u2069.-]", "", text).upper()
    if not number:
        raise SetUpFailed("iban_missing")
    if not _FORM.fullmatch(number):
        raise SetUpFailed("iban_form")
    if number[:2] not in countries:
        raise SetUpFailed("iban_country", country=number[:2])
    try:
        iban.validate(number)
    except InvalidChecksum:
        raise SetUpFailed(_with_other_digits(number)) from None
    except ValidationError:
        raise SetUpFailed("iban_form") from None
    return number


def _with_other_digits(number: str) -> Reason:
    """What is wrong beside the check digits: a missing letter changes the sum as well."""
    mended = number[:2] + iban.calc_check_digits(number) + number[4:]
    try:
        iban.validate(mended)
    except InvalidChecksum:
        return "iban_check_digits"  # the country's own, inside
    except ValidationError:
        return "iban_form"
    return "iban_check_digits"
