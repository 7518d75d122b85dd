"""How each language is typeset: quotation marks, spaces, punctuation. Each check lists its complaints."""

from __future__ import annotations

import re
import unicodedata

Rules = list[tuple[str, str]]

_EVERYWHERE = [(r"'|\"", "straight quote"), (r"\.\.\.", "three dots instead of …"), (r"  ", "two spaces")]
_PARTED = (r"%\((num|minutes|hours)\)s ", "a number may be parted from what it counts")
_NO_SPACE = (r"\s[:;!?]", "space before : ; ! ?")
_TIGHT_GUILLEMETS: Rules = [(r"[“”„]|«\s|\s»", "not the quotes «tight»"), _NO_SPACE, _PARTED]
_LOW_HIGH: Rules = [(r"[«»“]|”\w", "not the quotes „low ”"), _NO_SPACE, _PARTED]
_LOW_HIGH_66: Rules = [(r"[«»”]|“\w", "not the quotes „low “"), _NO_SPACE, _PARTED]
_FRENCH: Rules = [
    (r"(?<!\u202f)[;!?]", "no narrow space before ; ! ?"),
    (r"(?<!\u00a0):", "no no-break space before :"),
    (r"«(?!\u00a0)|(?<!\u00a0)»", "no no-break space inside « »"),
    (r"[“”„]", "not the French quotes"),
    _PARTED,
]
_KANA_OR_HAN = r"[\u3001-\u30ff\u4e00-\u9fff]"
_JAPANESE: Rules = [
    (rf"{_KANA_OR_HAN}[.,;:?!()]|[.,;:?!(]{_KANA_OR_HAN}", "half-width punctuation"),
    (r"[«»“”„]", "not the Japanese quotes"),
    (rf"{_KANA_OR_HAN} {_KANA_OR_HAN}", "space between words"),
    (r"[？！、。：]\s", "space after full-width punctuation"),
]
_ARABIC: Rules = [
    (r"[,;?]", "Latin , ; ?"),
    (r"[“”„]|«\s|\s»", "not the Arabic quotes"),
    (r"\s[،؛؟:!]", "space before ، ؛ ؟"),
    (r"→", "an arrow that points back"),
    (r"\u0640", "a stretched word"),
    _PARTED,
]
_ENGLISH: Rules = [(r"[«»„]", "not the English quotes"), _NO_SPACE]
_SPANISH: Rules = [(r"^[^¿]*\?", "no ¿ before ?"), (r"^[^¡]*!", "no ¡ before !"), *_TIGHT_GUILLEMETS]
TYPOGRAPHY: dict[str, Rules] = {
    "ar": _ARABIC,
    "cs": _LOW_HIGH_66,
    "de": _LOW_HIGH_66,
    "de_CH": [(r"ß", "ß"), *_TIGHT_GUILLEMETS],
    "en": _ENGLISH,
    "es": _SPANISH,
    "fr": _FRENCH,
    "hu": _LOW_HIGH,
    "it": _TIGHT_GUILLEMETS,
    "ja": _JAPANESE,
    "nl": [(r"[«»„]", "not the Dutch quotes"), _NO_SPACE, _PARTED],
    "pl": _LOW_HIGH,
    "pt": _TIGHT_GUILLEMETS,
    "sk": _LOW_HIGH_66,
}


def rules_of(locale: str) -> Rules:
    return _EVERYWHERE + (TYPOGRAPHY.get(locale) or TYPOGRAPHY[locale.partition("_")[0]])


def bad_typography(text: str, locale: str) -> list[str]:
    complaints = [f"{name}: {text}" for pattern, name in rules_of(locale) if re.search(pattern, text)]
    if unicodedata.normalize("NFC", text) != text or text != text.strip():
        complaints.append(f"not normal: {text}")
    return complaints
