"""`xx`: a language that nobody speaks. Its words are the English ones, accented, longer by 40 % and in [brackets]:
what is cut off, and what stands outside of brackets, is a defect of the page.
"""

from __future__ import annotations

import re
from gettext import NullTranslations
from itertools import cycle, islice

_LETTERS = str.maketrans(
    "AaBbCcDdEeGgHhIiJjKkLlNnOoRrSsTtUuWwYyZz", "ÅáƁƀÇçÐđÉéĜĝĤĥÎîĴĵĶķĻļÑñÖöŔŕŠšŢţÛûŴŵÝýŽž"
)
_KEPT = re.compile(r"(%\(\w+\)[sd]|%%|<[^>]+>|&\w+;)")
_MORE = 0.4
_FILLER = "ļöñĝéŕ ŵöŕđš ţĥáñ ýöûŕš "


def pseudo(message: str) -> str:
    parts = _KEPT.split(message)
    said = "".join(part if _KEPT.fullmatch(part) else part.translate(_LETTERS) for part in parts)
    length = sum(len(part) for part in parts if not _KEPT.fullmatch(part))
    more = "".join(islice(cycle(_FILLER), max(1, round(length * _MORE)))).strip()
    return f"[{said} {more}]"


class PseudoTranslations(NullTranslations):
    """Any message, whether it is in a catalogue or not."""

    def gettext(self, message: str) -> str:
        return pseudo(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return pseudo(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return pseudo(message)


_BRACKETS = re.compile(r"\[[^\[\]]*\]")
_WORD = re.compile(r"[^\W\d_]{3,}")


def outside_brackets(text: str, known: list[str]) -> list[str]:
    """Lines with words that nobody translated; `known` is what customers and the catalogue say."""
    for value in sorted(filter(None, known), key=len, reverse=True):
        text = text.replace(value, " ")
    while _BRACKETS.search(text):
        text = _BRACKETS.sub(" ", text)
    return [line.strip() for line in text.splitlines() if _WORD.search(line)]
