"""Keys computed in Python, so that both database engines fold, sort and search alike."""

from __future__ import annotations

import re
import unicodedata

from webapp.data.collation import accents, tailored

_EMAIL_LIMIT = 320
_SEARCH_LIMIT = 300  # both keys fit into one index row of PostgreSQL
_WORD = re.compile(r"[^\W_]+")
_IDEOGRAPHS = "\u2e80"  # from here on: Chinese, Japanese, Korean
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


def folded(key: str) -> str:
    """The name that a sort key was made of, without accents, case and form."""
    return key.rpartition("\t")[2] if key.count("\t") == 2 else key.partition("\t")[0]


def email_key(address: str) -> str:
    """E-mail addresses compare without case and are shown as sent. (Not folded: straße@ is not strasse@.)

    What people type may be anything: what no database keeps is dropped, and nobody's address is that long.
    """
    return unicodedata.normalize("NFC", address.replace("\0", "").strip()).lower()[:_EMAIL_LIMIT]


def words(key: str) -> list[str]:
    return _WORD.findall(key)


def grams(key: str) -> list[str]:
    """The parts by which a folded name is found although it was mistyped: three letters each, the edges of a
    word included, and its first with its last letter. Two where a character is nearly a word by itself."""
    found = []
    for word in words(key):
        padded = f" {word} "
        size = 2 if word[0] >= _IDEOGRAPHS else 3
        found += [padded[start : start + size] for start in range(len(padded) - size + 1)]
        if len(word) > 2:
            found.append(f"{word[0]}·{word[-1]}")
    return list(dict.fromkeys(found))
