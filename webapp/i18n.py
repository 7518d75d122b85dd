"""Languages: messages, plurals, dates, money. Babel does the work; nothing here knows Flask.

A *locale* is what a site offers (`fr_CH`); its messages come from `fr_CH` over `fr` over English,
the language the messages are written in. While a language has no catalogue of its own the English
text is shown and said to be English (`Speech.text_language`), in the layout direction of the locale.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache, lru_cache
from gettext import NullTranslations
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, get_currency_precision
from babel.support import Translations

from webapp.config import resource_folder

SOURCE_LANGUAGE = "en"


def chain(code: str) -> list[str]:
    """`fr_CH` → [`fr_CH`, `fr`]: where messages are looked for, nearest first."""
    return [code, code.split("_")[0]] if "_" in code else [code]


@cache
def _catalogue(code: str) -> Translations | None:
    path = resource_folder("locales") / code / "LC_MESSAGES" / "messages.po"
    if not path.is_file():
        return None
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return Translations(compiled)


@dataclass(frozen=True, slots=True)
class Speech:
    """How the portal speaks to somebody: whose words, which formats, which direction."""

    code: str
    text_language: str
    locale: Locale
    messages: NullTranslations

    @property
    def language_tag(self) -> str:
        """BCP 47, for `lang` attributes: the language the words really are in."""
        return self.text_language.replace("_", "-")

    @property
    def direction(self) -> str:
        return Locale.parse(self.code.split("_")[0]).text_direction


def _parse_locale(*candidates: str) -> Locale:
    for candidate in candidates:
        try:
            return Locale.parse(candidate)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en", "GB")


@cache
def speech(code: str, territory: str) -> Speech:
    """The words and formats of locale `code` on a site in `territory` (`FR`)."""
    found = [catalogue for part in chain(code) if (catalogue := _catalogue(part))]
    base = code.split("_")[0]
    if base != SOURCE_LANGUAGE and not found:
        english = _parse_locale(f"en_{territory}", "en_GB")
        return Speech(code, SOURCE_LANGUAGE, english, NullTranslations())
    messages: NullTranslations = found[0] if found else NullTranslations()
    for fallback in found[1:]:
        messages.add_fallback(fallback)
    return Speech(code, code, _parse_locale(code if "_" in code else f"{code}_{territory}", base), messages)


_speaking: ContextVar[Speech | None] = ContextVar("speech", default=None)


def current_speech() -> Speech:
    return _speaking.get() or speech(SOURCE_LANGUAGE, "GB")


def set_speech(chosen: Speech) -> None:
    """For the rest of this request."""
    _speaking.set(chosen)


@contextmanager
def speaking(chosen: Speech) -> Iterator[Speech]:
    """For e-mails and documents: the recipient's language, whatever the sender's is."""
    token = _speaking.set(chosen)
    try:
        yield chosen
    finally:
        _speaking.reset(token)


def _(message: str, **values: object) -> str:
    text = current_speech().messages.gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
    text = current_speech().messages.ngettext(singular, plural, num)
    shown = values.pop("shown", None) or number(num)
    return text % {"num": shown, **values}


def pgettext(context: str, message: str, **values: object) -> str:
    text = current_speech().messages.pgettext(context, message)
    return text % values if values else text


def N_(message: str) -> str:
    """Marks a message that is translated later, where the language is known."""
    return message


@lru_cache(maxsize=4096)
def _day(value: date, style: str, locale: Locale) -> str:
    return format_date(value, style, locale=locale)


def day(value: date, style: str = "long") -> str:
    """A local date: `15 janvier 2027` (long), `15 janv. 2027` (medium)."""
    return _day(value, style, current_speech().locale)


def local_day(value: datetime, zone: tzinfo, style: str = "long") -> str:
    return day(value.astimezone(zone).date(), style)


def moment(value: datetime, zone: tzinfo, style: str = "medium") -> str:
    """Date and time with the zone's name, as people of the site read their clocks."""
    speech_ = current_speech()
    local = value.astimezone(zone)
    return f"{format_datetime(local, style, tzinfo=zone, locale=speech_.locale)} {local.tzname()}"


@lru_cache(maxsize=4096)
def _money(minor: int, currency: str, locale: Locale) -> str:
    precision = get_currency_precision(currency)
    return format_currency(Decimal(minor).scaleb(-precision), currency, locale=locale)


def money(minor: int, currency: str) -> str:
    """Integer of the currency's minor unit → what people read: 748800 EUR → `7 488,00 €`."""
    return _money(minor, currency, current_speech().locale)


@lru_cache(maxsize=1024)
def _number(value: int, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


def number(value: int) -> str:
    return _number(value, current_speech().locale)


def listing(items: list[str]) -> str:
    return format_list(items, locale=current_speech().locale)


def language_name(code: str) -> str:
    """A language in its own words: `Français`."""
    locale = Locale.parse(code)
    name = Locale(locale.language).get_display_name(locale.language) or code
    return name[:1].upper() + name[1:]


def territory_name(territory: str) -> str:
    return current_speech().locale.territories.get(territory, territory)


def negotiate(accepted: list[str], offered: list[str]) -> str | None:
    """The first of the browser's languages (`fr-CH`, best first) that the site offers."""
    for wish in accepted:
        wanted = wish.replace("-", "_").lower()
        for code in offered:
            if code.lower() == wanted or code.lower().split("_")[0] == wanted.split("_")[0]:
                return code
    return None


def keywords(**values: Any) -> dict[str, Any]:
    """What templates, pages and e-mails alike, may call."""
    return {
        "_": _,
        "gettext": _,
        "ngettext": ngettext,
        "pgettext": pgettext,
        "day": day,
        "local_day": local_day,
        "moment": moment,
        "money": money,
        "number": number,
        "listing": listing,
        **values,
    }
