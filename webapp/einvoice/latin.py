"""Text in the characters that Swiss payments know; what else there is, is spelt with them or left out."""

from __future__ import annotations

import unicodedata

# Of version 2.3 of the standard: Basic Latin, Latin-1, Latin Extended-A, four Romanian letters and the euro.
_PERMITTED = {*map(chr, range(0x20, 0x7F)), *map(chr, range(0xA1, 0x180)), *"ȘșȚț€"} - {"\xad"}

_SPELT = {
    **dict.fromkeys("‘’‚‛′", "'"),
    **dict.fromkeys("“”„‟″", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "…": "...",
    "•": "*",
    "ẞ": "SS",
    "⁄": "/",
}
_CYRILLIC = zip("АБВГДЕЗИЙКЛМНОПРСТУФХЦЪЬЫЭІҐЋЈ", [*"ABVGDEZIJKLMNOPRSTUFHC", "", "", *"YEIGCJ"], strict=True)
_GREEK = zip("ΑΒΓΔΕΖΗΙΚΛΜΝΞΟΠΡΣΤΥΦΩ", "ABGDEZIIKLMNXOPRSTYFO", strict=True)
_PAIRS = {
    **{"Ж": "Zh", "Ч": "Ch", "Ш": "Sh", "Щ": "Shch", "Ю": "Yu", "Я": "Ya", "Ї": "Yi", "Є": "Ye"},
    **{"Ђ": "Dj", "Љ": "Lj", "Њ": "Nj", "Џ": "Dz", "Θ": "Th", "Χ": "Ch", "Ψ": "Ps"},
}


def _alphabets() -> dict[str, str]:
    capitals = dict(_CYRILLIC) | dict(_GREEK) | _PAIRS
    return capitals | {own.lower(): spelt.lower() for own, spelt in capitals.items()} | {"ς": "s"}


_TABLE = _alphabets() | _SPELT


def _spelt(character: str) -> str:
    if character in _PERMITTED:
        return character
    if character in _TABLE:
        return _TABLE[character]
    if character.isspace():
        return " "
    plain = unicodedata.normalize("NFKD", character)
    return "".join(_spelt(part) for part in plain if part != character and not unicodedata.combining(part))


def latin(text: str, longest: int) -> str:
    """At most so many characters, cut at a word where that costs little."""
    spelt = "".join(map(_spelt, unicodedata.normalize("NFC", text)))
    line = " ".join(spelt.split())
    if len(line) <= longest:
        return line
    cut = line[:longest].rpartition(" ")[0]
    return cut if len(cut) > longest * 3 // 4 else line[:longest].rstrip()
