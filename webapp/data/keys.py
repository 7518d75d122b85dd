"""Keys computed in Python, so that both database engines fold, sort and search alike."""

from __future__ import annotations

import unicodedata

from webapp.data.collation import accents, tailored

_EMAIL_LIMIT = 320
_SEARCH_LIMIT = 300  # both keys fit into one index row of PostgreSQL
_SORT_LIMIT, _MARKS_LIMIT = 100, 40
# Letters that Unicode does not decompose although people type them without the stroke or dot.
_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ß": "ss", "’": "'"})


def fold(text: str) -> str:
    """Without accents, case and form: `Cañón`, decomposed or not, → `canon`."""
    if text.isascii():  # most of it, and nothing to look for
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(plain.translate(_PLAIN).split())


def search_key(*parts: str) -> str:
    return fold(" ".join(part for part in parts if part))[:_SEARCH_LIMIT]


def sort_key(text: str, language: str = "") -> str:
    """In the order of the language (`pl`, `de_CH`): by letters, then by accents; case never counts.

    A key that is not the folded text itself ends with it, so that whoever searches by names finds them in it.
    """
    plain = fold(text)
    decomposed = unicodedata.normalize("NFKD", tailored(text.casefold(), language.partition("_")[0]))
    letters, marks = fold(decomposed)[:_SORT_LIMIT], accents(" ".join(decomposed.split()))[:_MARKS_LIMIT]
    if letters == plain[:_SORT_LIMIT]:
        return f"{letters}\t{marks}" if marks else letters
    return f"{letters}\t{marks}\t{plain[:_SORT_LIMIT]}"


def email_key(address: str) -> str:
    """E-mail addresses compare without case and are shown as sent. (Not folded: straße@ is not strasse@.)

    What people type may be anything: what no database keeps is dropped, and nobody's address is that long.
    """
    return unicodedata.normalize("NFC", address.replace("\0", "").strip()).lower()[:_EMAIL_LIMIT]
