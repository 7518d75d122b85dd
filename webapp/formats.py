"""Formats: dates, times, money and lists, as the language and the country write them. Babel knows how."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache, reduce
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime, get_timezone_gmt, get_timezone_name
from babel.lists import format_list
from babel.numbers import format_currency, format_percent, get_currency_precision

from webapp.i18n import _, current_speech, ngettext, number, pgettext


@lru_cache(maxsize=4096)
def _day(value: date, style: str, locale: Locale) -> str:
    text = format_date(value, style, locale=locale)
    first_in_french = value.day == 1 and locale.language == "fr" and text.startswith("1 ")
    return f"1er{text[1:]}" if first_in_french else text  # CLDR has no ordinal for the first of a month


def day(value: date, style: str = "long") -> str:
    """A local date: `15 janvier 2027` (long), `15 janv. 2027` (medium)."""
    return _day(value, style, current_speech().locale)


def local_day(value: datetime, zone: tzinfo, style: str = "long") -> str:
    return day(value.astimezone(zone).date(), style)


def moment(value: datetime, zone: tzinfo, style: str = "medium") -> str:
    """Date and time with the zone's name, as people of the site read their clocks: `… 10:30:00 MEZ`."""
    locale = current_speech().locale
    local = value.astimezone(zone)
    # In all our languages CLDR puts the zone behind the time, after a space (appendItems-Timezone).
    return f"{format_datetime(local, style, tzinfo=zone, locale=locale)} {_zone_name(local, locale)}"


def _zone_name(local: datetime, locale: Locale) -> str:
    """`MEZ`, `GMT`; where the language has no short name, the distance: `UTC+01:00`."""
    name = str(get_timezone_name(local, "short", locale=locale))
    return str(get_timezone_gmt(local, "long", locale)) if name[:1] in "+-" else name


@lru_cache(maxsize=4096)
def _money(minor: int, currency: str, locale: Locale) -> str:
    precision = get_currency_precision(currency)
    return format_currency(Decimal(minor).scaleb(-precision), currency, locale=locale)


def money(minor: int, currency: str) -> str:
    """Integer of the currency's minor unit → what people read: 748800 EUR → `7 488,00 €`."""
    return _money(minor, currency, current_speech().locale)


@lru_cache(maxsize=64)
def _percent(rate: Decimal, locale: Locale) -> str:
    return str(format_percent(rate / 100, locale=locale, decimal_quantization=False))


def percent(rate: Decimal) -> str:
    """`20` → `20 %`, `8.1` → `8,1 %`."""
    return _percent(rate, current_speech().locale)


def listing(items: list[str]) -> str:
    return format_list(items, locale=current_speech().locale)


def series(items: list[str]) -> str:
    """The beginning of a list that goes on: `Ann, Bob`, `安、鮑`; without the last item’s “and”."""
    middle = current_speech().locale.list_patterns["standard"]["middle"]
    return reduce(middle.format, items) if items else ""


def arrow() -> str:
    """From the old to the new, in the direction that is read."""
    return "←" if current_speech().direction == "rtl" else "→"


@lru_cache(maxsize=256)
def language_name(code: str) -> str:
    """A language in its own words: `Français`."""
    locale = Locale.parse(code)
    name = Locale(locale.language).get_display_name(locale.language) or code
    return name[:1].upper() + name[1:]


def binding_version(code: str) -> str:
    """Of an agreement that there is in several languages."""
    return _(
        "Where versions in several languages differ, this one is binding: %(language)s.",
        language=language_name(code),
    )


def grouped(text: str, size: int = 4) -> str:
    """An IBAN as people read it."""
    plain = text.replace(" ", "")
    return " ".join(plain[start : start + size] for start in range(0, len(plain), size))


def spaced_reference(text: str) -> str:
    """A Swiss QR reference (27 digits) or an ISO 11649 one as it stands on paper; others as they are."""
    if len(text) == 27 and text.isdigit():
        return f"{text[:2]} {grouped(text[2:], 5)}"
    return grouped(text) if text.startswith("RF") else text


def country_name(code: str) -> str:
    """`France`, in the language that is spoken."""
    return current_speech().locale.territories.get(code) or code


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
        "percent": percent,
        "number": number,
        "country_name": country_name,
        "listing": listing,
        "arrow": arrow,
        "series": series,
        "binding_version": binding_version,
        **values,
    }
