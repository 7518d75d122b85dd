"""Who sells on a site, and what its invoices need: the account to pay to, series of numbers, mentions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stdnum import bic, iban
from stdnum.exceptions import ValidationError

from webapp.sites.fields import Fields, LocalText, Shape

SELLER_IDS = (
    *("siren", "tax_number", "company_register_number", "che_uid", "codice_fiscale", "nif", "nip"),
    *("company_number", "corporate_number", "ein"),
    *("kvk", "enterprise_number", "ico", "adoszam", "nipc", "business_number"),
)

_SERIES = Shape(re.compile(r"[A-Z][A-Z0-9]{0,5}"), "FA")
_PROCESS = Shape(re.compile(r"[A-Z][0-9]{1,2}"), "S1")
_SUBJECT = Shape(re.compile(r"[A-Z]{3}"), "PMT")
_SWISS = ("CH", "LI")


@dataclass(frozen=True, slots=True)
class LegalEntity:
    """`address` is printed line by line; the parts of it stand in e-invoices, each in its own field."""

    name: LocalText
    address: tuple[str, ...]
    street: str
    postal_code: str  # none in the Emirates
    city: str
    region: str
    registration: LocalText
    vat_id: str  # none where there is no VAT
    ids: Mapping[str, str]  # kind → number


@dataclass(frozen=True, slots=True)
class Bank:
    """The account that customers pay to."""

    holder: LocalText
    name: LocalText  # where there are no IBANs, with the account's numbers
    iban: str
    bic: str


@dataclass(frozen=True, slots=True)
class MentionText:
    """A sentence that the country wants on each invoice; `code` says what it is about (UNTDID 4451)."""

    text: LocalText
    code: str


@dataclass(frozen=True, slots=True)
class Invoicing:
    series: str
    credit_series: str
    process: str  # BT-23, where the country wants one
    mentions: tuple[MentionText, ...]


def read_legal_entity(fields: Fields, *, taxed: bool) -> LegalEntity:
    entity = LegalEntity(
        name=fields.local_text("name"),
        address=fields.texts("address"),
        street=fields.text("street"),
        postal_code=fields.optional_text("postal_code"),
        city=fields.text("city"),
        region=fields.optional_text("region"),
        registration=fields.local_text("registration"),
        vat_id=fields.text("vat_id") if taxed else fields.optional_text("vat_id"),
        ids=_ids(fields),
    )
    printed = "\n".join(entity.address)
    for name in ("street", "postal_code", "city", "region"):
        if getattr(entity, name) not in printed:
            raise fields.wrong(name, f"“{getattr(entity, name)}” does not stand in the address")
    fields.end()
    return entity


def _ids(fields: Fields) -> Mapping[str, str]:
    if "ids" not in fields:
        return MappingProxyType({})
    table = fields.table("ids")
    for kind in table.names:
        if kind not in SELLER_IDS:
            raise table.wrong(kind, f"is not one of: {', '.join(SELLER_IDS)}")
    return MappingProxyType({kind: table.text(kind) for kind in table.names})


def read_bank(fields: Fields, *, document_format: str) -> Bank:
    bank = Bank(
        holder=fields.local_text("holder"),
        name=fields.local_text("name"),
        iban=_checked(fields, "iban", iban, "IBAN"),
        bic=_checked(fields, "bic", bic, "BIC"),
    )
    if document_format == "qr-bill" and bank.iban[:2] not in _SWISS:
        raise fields.wrong("iban", "a QR-bill needs an account of Switzerland or Liechtenstein")
    fields.end()
    return bank


def _checked(fields: Fields, name: str, module: object, what: str) -> str:
    text = fields.optional_text(name)
    if not text:
        return ""
    try:
        return str(module.validate(text))  # type: ignore[attr-defined]
    except ValidationError:
        raise fields.wrong(name, f"“{text}” is no {what}: compare it character by character") from None


def read_invoicing(fields: Fields) -> Invoicing:
    invoicing = Invoicing(
        series=fields.text("series", _SERIES),
        credit_series=fields.text("credit_series", _SERIES),
        process=fields.text("process", _PROCESS) if "process" in fields else "",
        mentions=tuple(_mention(one) for one in fields.tables("mentions")) if "mentions" in fields else (),
    )
    if invoicing.series == invoicing.credit_series:
        raise fields.wrong("credit_series", "credit notes need a series of their own")
    codes = [mention.code for mention in invoicing.mentions if mention.code]
    if len(set(codes)) < len(codes):
        raise fields.wrong("mentions", "each code may be there once")
    fields.end()
    return invoicing


def _mention(fields: Fields) -> MentionText:
    mention = MentionText(
        fields.local_text("text"), fields.text("code", _SUBJECT) if "code" in fields else ""
    )
    fields.end()
    return mention
