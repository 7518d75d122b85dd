"""What the rules know of a way to pay: it can be set up, or it says why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from webapp.sites import Site

INVOICE, DIRECT_DEBIT, CREDIT_CARD = "invoice", "direct_debit", "credit_card"

Reason = Literal["iban_missing", "iban_form", "iban_check_digits", "iban_country", "elsewhere", "unavailable"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """For which subscription of which site, and what was typed."""

    site: Site
    public_id: str
    holder: str = ""
    iban: str = ""


@dataclass(frozen=True, slots=True)
class Instrument:
    """What the portal keeps of it. `sealed` is the account's number, for whoever collects and nobody else."""

    method: str
    reference: str = ""
    country: str = ""
    ending: str = ""
    sealed: str = ""
    brand: str = ""  # of a card


class SetUpFailed(Exception):
    """Nothing was set up. `country` is the one that the account's number names."""

    def __init__(self, reason: Reason, *, country: str = "") -> None:
        super().__init__(reason)
        self.reason, self.country = reason, country


class PaymentProvider(Protocol):
    """Asked outside of any transaction: it may take its time, and what it refuses changes nothing."""

    @property
    def method(self) -> str: ...

    def set_up(self, wanted: Wanted) -> Instrument: ...


Providers = Mapping[str, PaymentProvider]
