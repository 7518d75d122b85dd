"""The order of a language, on top of folded text: which letters are letters of their own, and where.

A letter of its own stands behind its neighbour: `č` → `c` and a sign that is behind `a` to `z`. So keys
stay short and plain, both engines compare them by their code points, and whoever has no such letters has the
folded text as before. `tests/data/collation.json` is the order of ICU, which this is measured against.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_BEHIND = "\x7f"
_DOUBLED = {
    "cs": "c",
    "dz": "d",
    "dzs": "d",
    "gy": "g",
    "ly": "l",
    "ny": "n",
    "sz": "s",
    "ty": "t",
    "zs": "z",
}
# Letters of their own, each with the letter behind which it stands; those of one letter in their order.
_LETTERS: dict[str, dict[str, str]] = {
    "cs": {"č": "c", "ch": "h", "ř": "r", "š": "s", "ž": "z"},
    "es": {"ñ": "n"},
    "hu": {**_DOUBLED, "ö": "o", "ő": "o", "ü": "u", "ű": "u"},
    "pl": {"ą": "a", "ć": "c", "ę": "e", "ł": "l", "ń": "n", "ó": "o", "ś": "s", "ź": "z", "ż": "z"},
    "sk": {"ä": "a", "č": "c", "ch": "h", "ô": "o", "ř": "r", "š": "s", "ž": "z"},
}
_SAME_PLACE = {("hu", "ő"): "ö", ("hu", "ű"): "ü"}  # they differ as accents do
# Whatever carries a hamza stands where alif does, and alif with madda is a letter behind it.
_ARABIC = str.maketrans({**dict.fromkeys("ءأؤإئ", "ا"), "آ": f"ا{_BEHIND}", "ة": "ت", "ى": "ي", "ـ": None})
# Signs stand before digits and letters; ASCII has these behind them.
_SIGNS = str.maketrans(":;?@[\\]^_`{|}~<=>", ",,!*(/)+-+(+)++++")
_KANA_VOWELS = {
    **dict.fromkeys("あかさたなはまやらわぁゃゎ", "あ"),
    **dict.fromkeys("いきしちにひみりぃ", "い"),
    **dict.fromkeys("うくすつぬふむゆるぅゅっ", "う"),
    **dict.fromkeys("えけせてねへめれぇ", "え"),
    **dict.fromkeys("おこそとのほもよろをぉょ", "お"),
}
_SMALL_KANA = str.maketrans("ぁぃぅぇぉっゃゅょゎ", "あいうえおつやゆよわ")
_MARKS = "\u0301\u0300\u0306\u0302\u030c\u030a\u0308\u030b\u0303\u0307\u0327\u0328\u0304"  # in their order
_IN_ORDER = str.maketrans({mark: chr(0x0300 + place) for place, mark in enumerate(_MARKS)})


def tailored(text: str, language: str) -> str:
    """Case-folded text with the language's own letters behind their neighbours; accents are still there."""
    text = text.translate(_SIGNS)
    if language == "ja":
        return _japanese(unicodedata.normalize("NFKC", text))
    if language == "ar":
        return unicodedata.normalize("NFKC", text).translate(_ARABIC)
    own = _replacements(language)
    if not own:
        return text
    return _pattern(language).sub(lambda match: own[match.group()], unicodedata.normalize("NFC", text))


@cache
def _replacements(language: str) -> dict[str, str]:
    found: dict[str, str] = {}
    last: dict[str, int] = {}
    for letter, neighbour in _LETTERS.get(language, {}).items():
        same = (language, letter) in _SAME_PLACE
        last[neighbour] = last.get(neighbour, 0) + (not same)
        accent = unicodedata.normalize("NFD", letter)[1:] if language == "hu" and len(letter) == 1 else ""
        found[letter] = neighbour + accent + _BEHIND * last[neighbour]
        if language == "hu" and letter in _DOUBLED:
            found[letter[0] + letter] = found[letter] * 2  # written ssz, read sz sz
    return found


@cache
def _pattern(language: str) -> re.Pattern[str]:
    longest_first = sorted(_replacements(language), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)))


def accents(decomposed: str) -> str:
    """What tells letters apart that are otherwise the same, letter by letter; nothing if nothing does."""
    letters: list[str] = []
    for character in decomposed:
        if not unicodedata.combining(character):
            letters.append(" ")
        elif letters:
            letters[-1] += character
    return "".join(letters).rstrip().translate(_IN_ORDER)


def _japanese(text: str) -> str:
    """Kana by sound, whichever kana and whatever lengthens it; ideographs in the order of JIS X 0208."""
    written: list[str] = []
    for character in text:
        if "ァ" <= character <= "ヶ":
            character = chr(ord(character) - 0x60)
        if character == "ー" and written:
            character = _KANA_VOWELS.get(unicodedata.normalize("NFD", written[-1])[0], character)
        written.append(_jis(character) if "\u4e00" <= character <= "\u9fff" else character)
    return "".join(written).translate(_SMALL_KANA)


@cache
def _jis(ideograph: str) -> str:
    try:
        row, cell = ideograph.encode("euc_jp")
    except (UnicodeEncodeError, ValueError):  # three bytes: of a later standard
        return chr(0x20000 + ord(ideograph))
    return chr(0x4E00 + (row - 0xA1) * 94 + cell - 0xA1)
