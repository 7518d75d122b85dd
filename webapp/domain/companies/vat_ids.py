"""VAT numbers, by python-stdnum; nothing is said against one of a country that it does not know."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from stdnum import get_cc_module
from stdnum.ch import uid as swiss_uid
from stdnum.eu.vat import MEMBER_STATES
from stdnum.exceptions import InvalidChecksum, ValidationError

from webapp.domain.refusals import Refusal
from webapp.i18n import _

_SWISS_TAXES = ("MWST", "TVA", "IVA", "TPV")


class VatIdMistyped(Refusal):
    def __str__(self) -> str:
        return _("The check digit of this VAT number is wrong. Compare it letter by letter.")


class VatIdMisshapen(Refusal):
    def __str__(self) -> str:
        return _("This does not look like a VAT number of that country. Check its length and its letters.")


def _module(vat_id: str, country: str) -> Any:
    """By the number's own country, which need not be that of the address."""
    prefix = "GR" if vat_id[:2].upper() == "EL" else vat_id[:2].upper()
    module = get_cc_module(prefix.lower(), "vat") if prefix.isalpha() and prefix.isascii() else None
    if prefix == "CH" and not vat_id.rstrip().upper().endswith(_SWISS_TAXES):
        module = swiss_uid
    return module or get_cc_module(country.lower(), "vat")


@lru_cache(maxsize=4096)
def vat_id_is_right(vat_id: str, country: str) -> bool:
    """Where nothing is known of a country's VAT ids, nothing is said against one."""
    module = _module(vat_id, country)
    if module is None:
        return True
    try:
        module.validate(vat_id)
    except ValidationError:
        return False
    return True


def normal_vat_id(text: str, country: str) -> str:
    """As invoices show it: capitals without spaces, in the European Union with its country; or a refusal."""
    trimmed = " ".join(text.upper().split())
    module = _module(trimmed, country)
    if not trimmed or module is None:
        return trimmed
    plain = re.sub(r"[\s./-]", "", trimmed)
    # Japan writes a T before its numbers for invoices.
    bare = plain[1:] if country == "JP" and plain[:1] == "T" else plain
    try:
        module.validate(bare)
    except InvalidChecksum:
        raise VatIdMistyped from None
    except ValidationError:
        raise VatIdMisshapen from None
    if module.__name__.startswith("stdnum.ch."):
        return str(module.format(plain))
    own = "EL" if country == "GR" else country
    of_address = module is get_cc_module(country.lower(), "vat") and country.lower() in MEMBER_STATES
    return own + plain if of_address and not plain.startswith(own) else plain
