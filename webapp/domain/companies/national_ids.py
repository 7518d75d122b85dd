"""Numbers by which a country's offices and invoice networks know a company: each site asks for its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from stdnum.at import businessid
from stdnum.be import vat as be_vat
from stdnum.ca import bn
from stdnum.ch import uid
from stdnum.cz import dic
from stdnum.de import leitweg
from stdnum.es import nif
from stdnum.exceptions import InvalidChecksum, InvalidFormat, ValidationError
from stdnum.fr import siret
from stdnum.hu import anum
from stdnum.it import codicefiscale
from stdnum.jp import cn
from stdnum.pl import nip
from stdnum.pt import nif as nipc
from stdnum.us import ein

from webapp.domain.refusals import Refusal
from webapp.i18n import N_, _


def _like(pattern: str) -> Callable[[str], str]:
    """Where a number has no check digit."""

    def check(text: str) -> str:
        plain = re.sub(r"[\s.-]", "", text).upper()
        if not re.fullmatch(pattern, plain):
            raise InvalidFormat
        return plain

    return check


def _swiss(text: str) -> str:
    return str(uid.format(uid.validate(text)))


def _czech_or_slovak(text: str) -> str:
    """Both countries number companies in the same way, since they were one."""
    plain = re.sub(r"[\s.-]", "", text)
    if not re.fullmatch("[0-9]{8}", plain):
        raise InvalidFormat
    if dic.calc_check_digit_legal(plain[:7]) != plain[7]:
        raise InvalidChecksum
    return plain


def _hungarian(text: str) -> str:
    """Eight digits with a check digit; then how the company pays VAT, and its county: 12345676-2-41."""
    found = re.fullmatch(r"([0-9]{8})-?([1-5])-?([0-9]{2})", re.sub(r"[\s.]", "", text))
    if not found:
        raise InvalidFormat
    return "-".join((anum.validate(found[1]), found[2], found[3]))


@dataclass(frozen=True, slots=True)
class Kind:
    """`check` gives the number as it is kept, or raises stdnum's `ValidationError`."""

    name: str
    example: str
    check: Callable[[str], str]


KINDS: dict[str, Kind] = {
    "siret": Kind(N_("SIRET number"), "732 829 320 00074", siret.validate),
    "leitweg_id": Kind(N_("Leitweg-ID"), "991-03730-19", leitweg.validate),
    "codice_fiscale": Kind(N_("Codice fiscale"), "00743110157", codicefiscale.validate),
    "sdi_code": Kind(N_("SDI recipient code"), "ABC1234", _like("[A-Z0-9]{6,7}")),
    "nip": Kind(N_("NIP number"), "856-734-62-15", nip.validate),
    "che_uid": Kind(N_("Business number (UID)"), "CHE-100.155.212", _swiss),
    "nif": Kind(N_("NIF number"), "B58378431", nif.validate),
    "company_register_number": Kind(N_("Company register number"), "122119m", businessid.validate),
    "company_number": Kind(N_("Company number"), "01234567", _like("[A-Z0-9]{2}[0-9]{6}")),
    "ein": Kind(N_("Employer Identification Number"), "91-1144442", ein.validate),
    "corporate_number": Kind(N_("Corporate number"), "5-8356-7825-6246", cn.validate),
    "kvk": Kind(N_("KvK number"), "12345678", _like("[0-9]{8}")),
    "enterprise_number": Kind(N_("Enterprise number"), "0123.456.749", be_vat.validate),
    "ico": Kind(N_("Company number (IČO)"), "12345679", _czech_or_slovak),
    "adoszam": Kind(N_("Tax number (adószám)"), "12345676-2-41", _hungarian),
    "nipc": Kind(N_("NIPC number"), "512 345 678", nipc.validate),
    "business_number": Kind(N_("Business Number (BN)"), "12345 6782 RC0001", bn.validate),
}


@dataclass
class NationalIdMistyped(Refusal):
    kind: str

    def __str__(self) -> str:
        name = _(KINDS[self.kind].name)
        return _("%(name)s: the check digit is wrong. Compare it letter by letter.", name=name)


@dataclass
class NationalIdMisshapen(Refusal):
    kind: str

    def __str__(self) -> str:
        kind = KINDS[self.kind]
        return _("%(name)s: it must look like %(example)s.", name=_(kind.name), example=kind.example)


def normal_national_id(kind: str, text: str) -> str:
    trimmed = text.strip()
    if not trimmed:
        return ""
    try:
        return KINDS[kind].check(trimmed)
    except InvalidChecksum:
        raise NationalIdMistyped(kind) from None
    except ValidationError:
        raise NationalIdMisshapen(kind) from None
