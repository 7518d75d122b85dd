"""Languages: whose words, which plurals. Babel does the work; nothing here knows Flask.

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
from functools import cache, lru_cache
from gettext import NullTranslations
from pathlib import Path

from babel import Locale, UnknownLocaleError, localedata
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations

from webapp.config import resource_folder
from webapp.isolates import fill_from_the_right

SOURCE_LANGUAGE = "en"
# Of CLDR: asked for a unit, Babel would say that it knows none.
_NEVER_SAID = frozenset(
    (
        *("unit_patterns", "unit_display_names", "compound_unit_patterns", "currency_names_plural"),
        *("compact_decimal_formats", "compact_currency_formats", "interval_formats", "scripts", "variants"),
    )
)

Message = str | tuple[str, int]  # with the number of its plural form
_known: dict[Message, Message] = {}


def chain(code: str) -> list[str]:
    """`fr_CH` → [`fr_CH`, `fr`]: where messages are looked for, nearest first."""
    return [code, code.split("_")[0]] if "_" in code else [code]


def _catalogue_file(code: str) -> Path:
    return resource_folder("locales") / code / "LC_MESSAGES" / "messages.po"


@cache
def _messages(code: str) -> NullTranslations:
    """The catalogue of a locale over that of its language over English, which needs none."""
    base = _messages(code.split("_")[0]) if "_" in code else NullTranslations()
    path = _catalogue_file(code)
    if not path.is_file():
        return base
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    catalogue = Translations(compiled)
    # All languages translate the same messages: each English text is kept once, not once a language.
    texts: dict[Message, str] = vars(catalogue)["_catalog"]
    vars(catalogue)["_catalog"] = {_known.setdefault(key, key): text for key, text in texts.items()}
    catalogue.add_fallback(base)
    return catalogue


@cache
def direction_of(code: str) -> str:
    """`ltr` or `rtl`."""
    return str(Locale.parse(code.split("_")[0]).text_direction)


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
        return direction_of(self.code)

    @property
    def text_direction(self) -> str:
        """Of our own sentences, which may begin with a name that runs the other way."""
        return direction_of(self.text_language)


def _parse_locale(*candidates: str) -> Locale:
    for candidate in candidates:
        try:
            return _lightened(Locale.parse(candidate))
        except (UnknownLocaleError, ValueError):
            continue
    return _lightened(Locale("en", "GB"))


def _lightened(locale: Locale) -> Locale:
    """Without what nobody here asks of it: half of the megabyte that Babel keeps of a language."""
    for name in ("root", locale.language, str(locale)):  # each inherits from the one before
        data = localedata.load(name)
        data.update({key: {} for key in _NEVER_SAID & data.keys()})
    return locale


@cache
def speech(code: str, territory: str) -> Speech:
    """The words and formats of locale `code` on a site in `territory` (`FR`)."""
    base = code.split("_")[0]
    if base != SOURCE_LANGUAGE and not any(_catalogue_file(part).is_file() for part in chain(code)):
        english = _parse_locale(f"en_{territory}", "en_GB")
        return Speech(code, SOURCE_LANGUAGE, english, NullTranslations())
    locale = _parse_locale(code if "_" in code else f"{code}_{territory}", base)
    return Speech(code, code, locale, _messages(code))


def _filled(text: str, values: dict[str, object], spoken: Speech) -> str:
    """In a right-to-left language each text that is put into a sentence stands by itself."""
    return text % values if spoken.text_direction != "rtl" else fill_from_the_right(text, values)


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
    spoken = current_speech()
    text = spoken.messages.gettext(message)
    return _filled(text, values, spoken) if values else text


def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
    spoken = current_speech()
    text = spoken.messages.ngettext(singular, plural, num)
    shown = values.pop("shown", None) or number(num)
    return _filled(text, {**values, "num": shown}, spoken)


def pgettext(context: str, message: str, **values: object) -> str:
    spoken = current_speech()
    text = spoken.messages.pgettext(context, message)
    return _filled(text, values, spoken) if values else text


def N_(message: str) -> str:
    """Marks a message that is translated later, where the language is known."""
    return message


@lru_cache(maxsize=1024)
def _number(value: int, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


def number(value: int) -> str:
    return _number(value, current_speech().locale)


def negotiate(accepted: list[str], offered: list[str]) -> str | None:
    """The first of the browser's languages (`fr-CH`, best first) that the site offers."""
    for wish in accepted:
        wanted = wish.replace("-", "_").lower()
        for code in offered:
            if code.lower() == wanted or code.lower().split("_")[0] == wanted.split("_")[0]:
                return code
    return None
