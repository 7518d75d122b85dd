"""What is asked of words, in translations, templates and the stylesheet. Each check lists its complaints."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache
from gettext import c2py
from html.parser import HTMLParser

from babel.messages.catalog import Catalog, Message
from jinja2 import Environment

from tests.support.catalogues import LOCALES, ids, real_messages, texts
from tests.support.terms import NEVER, ONLY_FOR, terms_of

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
QUOTED = re.compile(r"“([^”]+)”")


# ---- complete


def incomplete(catalogue: Catalog, messages: Catalog) -> list[str]:
    """Missing, empty, guessed and left-over translations, and plurals without all their forms."""
    known = {(message.context, message.id): message for message in real_messages(catalogue)}
    wanted = {(message.context, message.id) for message in real_messages(messages)}
    complaints = [f"missing: {key[1]}" for key in wanted - known.keys()]
    complaints += [f"no longer used: {key[1]}" for key in known.keys() - wanted]
    complaints += [f"no longer used: {message.id}" for message in catalogue.obsolete.values()]
    for message in known.values():
        if not all(texts(message)):
            complaints.append(f"empty: {message.id}")
        if message.fuzzy:
            complaints.append(f"fuzzy: {message.id}")
        if len(texts(message)) != (catalogue.num_plurals if message.pluralizable else 1):
            complaints.append(f"plural forms: {message.id}")
    return complaints


def wrong_placeholders(catalogue: Catalog) -> list[str]:
    """Each form names what its English form names; one that stands for one number may say it in words."""
    complaints = []
    counted = numbers_of_forms(catalogue)
    for message in real_messages(catalogue):
        for form, text in enumerate(texts(message)):
            allowed = _allowed(message, counted[form] if message.pluralizable else [])
            if text and (_placeholders(text) not in allowed or "%" in _plain(text)):
                complaints.append(f"{message.id} → {text}")
    return complaints


def numbers_of_forms(catalogue: Catalog) -> list[list[int]]:
    """Which numbers each plural form is shown for, up to 200."""
    form_of = c2py(catalogue.plural_expr)
    found: list[list[int]] = [[] for _form in range(catalogue.num_plurals)]
    for number in range(200):
        found[form_of(number)].append(number)
    return found


def _allowed(message: Message, numbers: list[int]) -> list[list[str]]:
    """A form for several numbers names what the English plural names, unless it is no more than zero and one."""
    named = [_placeholders(text) for text in ids(message)]
    if not numbers:
        return named
    if len(numbers) > 1:
        return named if set(numbers) <= {0, 1} else named[-1:]
    return named + [[name for name in names if name != "num"] for names in named]


def _placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


# ---- the site's words


@cache
def glossary() -> dict[str, dict[str, str]]:
    with (LOCALES / "glossary.csv").open(encoding="utf-8", newline="") as file:
        return {row["en"]: row for row in csv.DictReader(file)}


def glossary_word(term: str, locale: str) -> str:
    """A region that says nothing of its own says what its language says."""
    row = glossary()[term]
    return row.get(locale) or row.get(locale.partition("_")[0]) or term


def is_glossary_word(message: Message) -> bool:
    return message.context is None and message.id in glossary()


def not_the_glossarys_word(catalogue: Catalog) -> list[str]:
    locale = str(catalogue.locale_identifier)
    return [
        f"{message.id} → {message.string}, not {glossary_word(message.id, locale)}"
        for message in real_messages(catalogue)
        if is_glossary_word(message) and message.string != glossary_word(message.id, locale)
    ]


def other_words(catalogue: Catalog) -> list[str]:
    """Sentences in which one of the customers' terms is called by another word."""
    locale = str(catalogue.locale_identifier)
    terms, only_for = terms_of(locale), ONLY_FOR.get(locale.partition("_")[0], {})
    complaints = []
    for message in real_messages(catalogue):
        english = _plain(" ".join(ids(message)))
        for text in filter(None, _said_of_something(catalogue, message)):
            missing = [term for term, word in terms.items() if says(english, term) and not says(text, word)]
            misused = [
                word for word, term in only_for.items() if says(text, word) and not says(english, term)
            ]
            complaints += [f"{word}: {message.id} → {text}" for word in missing + misused]
    return complaints


def never_said(catalogue: Catalog) -> list[str]:
    """Glossary words apart, which are the customers' own."""
    unwanted = NEVER.get(str(catalogue.locale_identifier).partition("_")[0])
    return [
        f"{message.id} → {text}"
        for message in real_messages(catalogue)
        if unwanted and not is_glossary_word(message)
        for text in texts(message)
        if text and says(text, unwanted)
    ]


def _said_of_something(catalogue: Catalog, message: Message) -> list[str]:
    """Not what Arabic says of zero: “nobody was invited” needs no term. A glossary word has a check of its own."""
    if is_glossary_word(message):
        return []
    counted = numbers_of_forms(catalogue) if message.pluralizable else [[]]
    return [text for text, numbers in zip(texts(message), counted, strict=True) if numbers != [0]]


def _plain(text: str) -> str:
    return PLACEHOLDER.sub("", text)


_ARABIC_VOWELS = re.compile("[\u064b-\u0652]")


def says(text: str, pattern: str) -> bool:
    return re.search(pattern, _ARABIC_VOWELS.sub("", _plain(text)), re.IGNORECASE) is not None


def misquoted(catalogue: Catalog) -> list[str]:
    """A text that quotes a button quotes it as it is called in that language."""
    called = {
        message.id: message.string
        for message in real_messages(catalogue)
        if isinstance(message.id, str) and message.string
    }
    return [
        f"“{label}” is called “{called[label]}”: {text}"
        for message in real_messages(catalogue)
        for label in QUOTED.findall(ids(message)[0])
        for text in filter(None, texts(message))
        if label in called and called[label] not in text
    ]


_OF_OTHERS = {"CSV UTF-8"}  # what Excel calls it


def quoted_otherwise(messages: Catalog) -> list[str]:
    """A quoted label that nothing in the portal is called."""
    called = {text for message in real_messages(messages) for text in ids(message)}
    return [
        f"nothing is called “{label}”: {text}"
        for text in sorted(called)
        for label in QUOTED.findall(text)
        if not ("%(" in label or text == f"“{label}”" or label in called | _OF_OTHERS)
    ]


# ---- templates


_LETTERS = re.compile(r"[^\W\d_]{2,}")
_SPOKEN_ATTRIBUTES = {
    *("alt", "aria-label", "placeholder", "title", "aria-description", "label"),
    *("data-announce", "data-failed", "data-l"),  # our own script and stylesheet say these
}
_NO_WORDS = re.compile(r"<(style|script)\b.*?</\1>|<!--.*?-->", re.DOTALL)
_EXPRESSION = "\x00"
_COMPARING = {"==", "!=", "in"}


class _Spoken(HTMLParser):
    """What a reader would see or hear of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.said += [value for name, value in attrs if name in _SPOKEN_ATTRIBUTES and value]
        if tag == "meta" and given.get("name") == "description":
            self.said.append(given.get("content") or "")


def untranslated(source: str, *, html: bool = True) -> list[str]:
    """Words in a template that no translator will ever see: as text, or as a bare literal in `{{ }}`."""
    text = "".join(_without_code(source))
    if not html:
        return _LETTERS.findall(text)
    reader = _Spoken()
    reader.feed(_NO_WORDS.sub("", text))
    reader.close()
    return [word for said in reader.said for word in _LETTERS.findall(said)]


def _without_code(source: str) -> Iterator[str]:
    """Template text; each `{{ }}` is one sign, followed by the literals that stand in no call."""
    depth, in_expression, in_tag, before = 0, False, False, ""
    for _line, kind, value in Environment().lex(source):
        if kind == "data":
            in_tag = value.rfind("<") > value.rfind(">") if "<" in value or ">" in value else in_tag
            yield value
        elif kind in ("variable_begin", "variable_end"):
            in_expression = kind == "variable_begin"
            yield _EXPRESSION if in_expression else ""
        elif in_expression and kind == "operator":
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(value, 0)
        elif in_expression and kind == "string" and depth == 0 and not in_tag and before not in _COMPARING:
            yield value[1:-1]
        before = value if kind in ("operator", "name") else before


# ---- stylesheet


_PHYSICAL = re.compile(
    r"(?<![\w-])((?:scroll-)?(?:margin|padding)-(?:left|right)|border-(?:left|right)(?:-\w+)?"
    r"|border-(?:top|bottom)-(?:left|right)-radius|left|right)\s*:"
    r"|(?<![\w-])(?:text-align|float|clear)\s*:\s*(?:left|right)\b"
    r"|(?<![\w-])(?:transform-origin|(?:background|object)-position)\s*:[^;}]*\b(?:left|right)\b"
    r"|\btranslateX\("
)
_FOUR = re.compile(
    r"(?<![\w-])((?:scroll-)?(?:margin|padding)|inset|border-(?:width|style|color|radius))\s*:\s*([^;}]+)"
)


def physical_directions(css: str) -> list[str]:
    """Left and right: a page that is read from right to left would be laid out wrongly."""
    bare = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return [match.group() for match in _PHYSICAL.finditer(bare)] + [
        match.group() for match in _FOUR.finditer(bare) if _is_lopsided(match[1], match[2])
    ]


def _is_lopsided(name: str, value: str) -> bool:
    """Of four values: top, right, bottom, left; of corners, the upper two and the lower two."""
    sides = _words(value.removesuffix("!important"))
    if len(sides) != 4:
        return False
    return (sides[0], sides[2]) != (sides[1], sides[3]) if name == "border-radius" else sides[1] != sides[3]


def _words(value: str) -> list[str]:
    """`calc(1px + 2px)` is one."""
    found, depth = [""], 0
    for letter in value.strip():
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == " " and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return [word for word in found if word]


# ---- scripts

_LITERAL = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'|`([^`]*)`")
_SENTENCE = re.compile(r"[A-Z][a-z]+ [a-z]{2,}|[a-z]{2,}[.!?]$")


def said_by_script(source: str) -> list[str]:
    """Sentences in a script: what it says comes from the page, where it is translated."""
    literals = ("".join(match.groups("")) for match in _LITERAL.finditer(re.sub(r"//[^\n]*", "", source)))
    return [literal for literal in literals if _SENTENCE.search(literal)]
