"""Which tax an invoice carries: a rule that follows from the addresses of seller and buyer, or a question.

Sold are software and services to companies. The rules are general knowledge of VAT, not legal advice; where
a place is taxed in a way of its own (islands, enclaves, sales tax) nothing is guessed: a person decides.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from webapp.data.issued import Party
from webapp.domain.companies.vat_ids import vat_id_is_right
from webapp.domain.intake.intake_fields import UNPRINTABLE
from webapp.domain.refusals import Refusal
from webapp.i18n import N_, _

# Of UNCL 5305, as far as EN 16931 takes them. L and M: Canary Islands, and Ceuta with Melilla.
STANDARD, ZERO, EXEMPT, REVERSE_CHARGE, EXPORT, NOT_SUBJECT = "S", "Z", "E", "AE", "G", "O"
CANARY_ISLANDS, CEUTA_AND_MELILLA = "L", "M"
CATEGORIES = (
    *(STANDARD, ZERO, EXEMPT, REVERSE_CHARGE, EXPORT, NOT_SUBJECT),
    *(CANARY_ISLANDS, CEUTA_AND_MELILLA),
)
UNTAXED = (ZERO, EXEMPT, REVERSE_CHARGE, EXPORT, NOT_SUBJECT)
EXPLAINED = (EXEMPT, REVERSE_CHARGE, EXPORT, NOT_SUBJECT)  # the invoice says why
_CODES = {REVERSE_CHARGE: "VATEX-EU-AE", EXPORT: "VATEX-EU-G", NOT_SUBJECT: "VATEX-EU-O"}
LONGEST_REASON = 200
_DECIMALS = 4

EUROPEAN_UNION = frozenset(
    (
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
        *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    )
)
# A service to a company is taxed where that company is: the seller's country has no claim to it.
_TAXED_AT_THE_CUSTOMER = EUROPEAN_UNION | {"GB", "CH"}
# Taxed as a part of their neighbour.
_WITHIN = {"MC": "FR", "LI": "CH"}

REVERSE_CHARGE_REASON = N_(
    "Reverse charge: the customer is liable for the VAT (Article 196 of Directive 2006/112/EC)."
)
NOT_SUBJECT_REASON = N_("Not subject to VAT here: the service is taxed where the customer is established.")


@dataclass(frozen=True, slots=True)
class TaxRule:
    """`reason` in English, or as a person wrote it: `reason_in_speech` for people."""

    category: str
    rate: Decimal
    reason: str = ""
    reason_code: str = ""

    @property
    def reason_in_speech(self) -> str:
        return _(self.reason) if self.reason else ""


@dataclass
class NeedsTaxDecision(Refusal):
    """No rule fits: what a person has to decide, in words (for the operator, in English)."""

    question: str

    def __str__(self) -> str:
        return self.question


@dataclass(frozen=True, slots=True)
class _Apart:
    """Places within a country that are taxed otherwise, by the beginning of their postal codes."""

    postal_codes: str
    cities: str
    place: str


_APART: dict[str, Sequence[_Apart]] = {
    "AT": (_Apart("6691|699[1-3]", "Jungholz|Mittelberg", "Jungholz or Mittelberg"),),
    "CH": (
        _Apart("7562|7563|8238|6911", "Samnaun|B(ü|ue?)singen|Campione", "Samnaun, Büsingen or Campione"),
    ),
    "DE": (_Apart("78266|27498", "B(ü|ue?)singen|Helgoland", "Büsingen or Helgoland"),),
    "ES": (
        _Apart("35|38", "Las Palmas|Santa Cruz de Tenerife", "the Canary Islands (IGIC)"),
        _Apart("51|52", "Ceuta|Melilla", "Ceuta or Melilla (IPSI)"),
    ),
    "FR": (_Apart("97|98[1-9]", "", "an overseas department or territory"),),
    "GB": (_Apart("JE|GY|IM", "Jersey|Guernsey|Isle of Man", "Jersey, Guernsey or the Isle of Man"),),
    "IT": (_Apart("23041|23030|22061|22060", "Livigno|Campione", "Livigno or Campione d’Italia"),),
}
# Parts of a country where its own sellers charge another rate; for a seller abroad they are like the rest.
_OTHER_RATES: dict[str, Sequence[_Apart]] = {
    "PT": (_Apart("9", "Funchal|Ponta Delgada|Angra do Hero|Horta$", "Madeira or the Azores"),),
}
# Here nothing is known while the address has no whole postal code.
_POSTAL_CODE_NEEDED = {"ES": (5, "mainland Spain, the Canary Islands, Ceuta or Melilla")}
# Codes of places that belong to one of these countries, and not, or not wholly, to its taxes.
_APART_BY_CODE = frozenset(
    (
        *("GF", "GP", "MQ", "RE", "YT", "BL", "MF", "PM"),  # France
        *("EA", "IC"),  # Spain
        *("AX", "SM", "VA"),
        *("GG", "IM", "JE", "XI"),
    )
)


def decide(
    seller: Party,
    buyer: Party,
    *,
    standard_rate: Decimal | None,
    rates_of_regions: Mapping[str, Decimal] = MappingProxyType({}),
) -> TaxRule:
    """`standard_rate` is that of the seller's country; none where there is no single one, but perhaps one
    for all that is sold in a region of it."""
    _refuse_places_apart(buyer)
    if standard_rate is None:
        if seller.country == buyer.country and buyer.region in rates_of_regions:
            return TaxRule(STANDARD, rates_of_regions[buyer.region])
        raise NeedsTaxDecision(
            f"There is no single rate in {seller.country}: which one counts at {_place(buyer)}?"
        )
    if _tax_country(seller) == _tax_country(buyer):
        _refuse_places(buyer, _OTHER_RATES)
        return TaxRule(STANDARD, standard_rate)
    if seller.country not in _TAXED_AT_THE_CUSTOMER:
        raise NeedsTaxDecision(f"How is a service from {seller.country} to {_place(buyer)} taxed?")
    if {_tax_country(seller), _tax_country(buyer)} <= EUROPEAN_UNION:
        return _within_the_union(buyer)
    # VATEX-EU-O is a code of the Union's; a seller elsewhere gives the reason in words alone.
    code = _CODES[NOT_SUBJECT] if seller.country in EUROPEAN_UNION else ""
    return TaxRule(NOT_SUBJECT, Decimal(0), NOT_SUBJECT_REASON, code)


def _within_the_union(buyer: Party) -> TaxRule:
    country = _tax_country(buyer)
    own = "EL" if country == "GR" else country
    vat_id = re.sub(r"[\s.-]", "", buyer.vat_id).upper()
    if not vat_id:
        raise NeedsTaxDecision(
            f"The customer in {_place(buyer)} has given no VAT number: reverse charge, or which rate?"
        )
    if not vat_id.startswith(own):
        raise NeedsTaxDecision(
            f"The customer is in {_place(buyer)}, its VAT number {buyer.vat_id} is of another country:"
            " where is the service used?"
        )
    if not vat_id_is_right(vat_id, country):
        raise NeedsTaxDecision(
            f"The VAT number {buyer.vat_id} of the customer in {_place(buyer)} can’t be right:"
            " reverse charge, or which rate?"
        )
    return TaxRule(REVERSE_CHARGE, Decimal(0), REVERSE_CHARGE_REASON, _CODES[REVERSE_CHARGE])


def _tax_country(party: Party) -> str:
    return _WITHIN.get(party.country, party.country)


def _place(buyer: Party) -> str:
    return " ".join(part for part in (buyer.postal_code, buyer.city, buyer.region, buyer.country) if part)


def _refuse_places_apart(buyer: Party) -> None:
    if buyer.country in _APART_BY_CODE:
        raise NeedsTaxDecision(f"Which tax counts at {_place(buyer)}?")
    _refuse_places(buyer, _APART)
    length, choice = _POSTAL_CODE_NEEDED.get(buyer.country, (0, ""))
    if length and not re.fullmatch(f"[0-9]{{{length}}}", _plain_postal_code(buyer)):
        raise NeedsTaxDecision(f"The address in {_place(buyer)} has no whole postal code: {choice}?")


def _refuse_places(buyer: Party, places: Mapping[str, Sequence[_Apart]]) -> None:
    postal_code = _plain_postal_code(buyer)
    for apart in places.get(buyer.country, ()):
        by_code = re.match(apart.postal_codes, postal_code)
        by_name = apart.cities and re.match(apart.cities, buyer.city.strip(), re.IGNORECASE)
        if by_code or (by_name and not postal_code):
            raise NeedsTaxDecision(f"{_place(buyer)} is in {apart.place}: which tax counts there?")


def _plain_postal_code(buyer: Party) -> str:
    """Without the letters of the country that some write before its digits."""
    plain = re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", buyer.postal_code).upper())
    return plain if buyer.country == "GB" else plain.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


# ---- what a person decides


@dataclass
class DecisionInvalid(Refusal):
    problem: str

    def __str__(self) -> str:
        return f"Nothing was decided: {self.problem}."


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is kept for the audit trail; on the invoice it stands where nothing is charged."""

    rule: TaxRule
    reason: str

    def to_json(self) -> str:
        rule = self.rule
        return json.dumps(
            {"category": rule.category, "rate": str(rule.rate), "reason": self.reason}, ensure_ascii=False
        )


def decision_from_json(text: str) -> Decision:
    stored = json.loads(text)
    return _decision(stored["category"], Decimal(stored["rate"]), stored["reason"])


def _decision(category: str, rate: Decimal, reason: str) -> Decision:
    on_paper = reason if category in EXPLAINED else ""
    return Decision(TaxRule(category, rate, on_paper, _CODES.get(category, "")), reason)


def checked_decision(*, category: str, rate: str, reason: str) -> Decision:
    """As typed by an operator."""
    if category not in CATEGORIES:
        raise DecisionInvalid(f"“{category}” is not one of the categories {', '.join(CATEGORIES)}")
    percent, words = _percent(rate), " ".join(reason.split())
    if category in UNTAXED and percent:
        raise DecisionInvalid(f"category {category} has the rate 0, not {rate}")
    if category == STANDARD and not percent:
        raise DecisionInvalid(
            "category S needs a rate above 0; where nothing is charged it is Z, E, AE, G or O"
        )
    if not words or len(words) > LONGEST_REASON or UNPRINTABLE.search(words):
        raise DecisionInvalid(f"a reason has 1 to {LONGEST_REASON} characters")
    return _decision(category, percent, words)


def _percent(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal("NaN")
    if not rate.is_finite() or not 0 <= rate <= 100 or _decimals(rate) > _DECIMALS:
        raise DecisionInvalid(f"“{text}” is no rate in percent, such as 8.25")
    return rate


def _decimals(rate: Decimal) -> int:
    exponent = rate.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
