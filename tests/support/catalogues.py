"""The messages of code and templates, and the catalogues in `locales/`: what `make translations` does.

`python -m tests.support.catalogues` brings every catalogue up to date; languages named after it are begun if
they are new. Nothing is lost: a translation whose message is gone stays at the end of its file, as a comment,
until somebody has used it or deletes it.
"""

from __future__ import annotations

import io
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
LOCALES = ROOT / "locales"
SOURCES = ("webapp", "templates")

_HEADER = """\
# {about}
msgid ""
msgstr ""
"Language: {locale}\\n"
"Plural-Forms: {plural_forms}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
# Babel has it otherwise: it takes 11 to 99 for the last form and 100 for the one before, CLDR and gettext's own
# manual the other way round, and so do translators. Hungarian has one form with Babel and two in CLDR; a noun stays
# singular after a number there, so that one is enough as long as it always says the number.
_PLURAL_FORMS = {
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
}
_LANGUAGE = "The portal’s words in this language. `make translations` brings the messages up to date."
_REGION = "Made from regions.toml by `make translations`: what this region says otherwise."


def extract(root: Path = ROOT) -> Catalog:
    """Every message of code, pages and e-mails, from the places that `pyproject.toml` names."""
    found = Catalog()
    for file, line, message, comments, context in _extracted(root):
        found.add(message, None, [(file, line)], auto_comments=comments, context=context)
    return found


def _extracted(root: Path) -> Iterator[tuple[str, int, str | tuple[str, ...], list[str], str | None]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    mappings = settings["tool"]["babel"]["mappings"]
    yield from extract_from_dir(
        root,
        [(each["pattern"], each["method"]) for each in mappings],
        {each["pattern"]: {"silent": each.get("silent", "true")} for each in mappings},
        comment_tags=["Translators:"],
        directory_filter=lambda folder: Path(folder).relative_to(root).parts[0] in SOURCES,
    )


def real_messages(catalogue: Catalog) -> list[Message]:
    """Without the header."""
    return [message for message in catalogue if message.id]


def texts(message: Message) -> list[str]:
    """The translation, or all its plural forms."""
    return list(message.string) if isinstance(message.string, tuple | list) else [message.string or ""]


def ids(message: Message) -> list[str]:
    """The English words: one, or singular and plural."""
    return [message.id] if isinstance(message.id, str) else list(message.id)


# ---- files


def catalogue_file(locale: str) -> Path:
    return LOCALES / locale / "LC_MESSAGES" / "messages.po"


def languages() -> list[str]:
    """Those with a catalogue that people write."""
    found = sorted(path.parents[1].name for path in LOCALES.glob("*/LC_MESSAGES/messages.po"))
    return [locale for locale in found if locale not in region_words()]


def begun(locale: str) -> Catalog:
    """Without any message yet."""
    made = Catalog(locale)
    if forms := _PLURAL_FORMS.get(locale):
        made.mime_headers = [("Plural-Forms", forms)]
    return made


def read(locale: str) -> Catalog:
    with catalogue_file(locale).open("rb") as file:
        return read_po(file, locale=locale)


def to_text(catalogue: Catalog) -> str:
    """As it stands in the file: by source file, never wrapped, so that a change shows as what it is."""
    written = io.BytesIO()
    write_po(written, catalogue, width=0, sort_by_file=True, include_lineno=False, omit_header=True)
    locale = str(catalogue.locale_identifier)
    about = _REGION if locale in region_words() else _LANGUAGE
    header = _HEADER.format(about=about, locale=locale, plural_forms=catalogue.plural_forms)
    return header + written.getvalue().decode("utf-8")


def updated(catalogue: Catalog, messages: Catalog) -> Catalog:
    """With all messages of today. None is guessed from one that looks alike; one that was gone comes back."""
    for key, gone in list(catalogue.obsolete.items()):
        if messages.get(gone.id, gone.context):
            catalogue.add(gone.id, gone.string, context=gone.context)
            del catalogue.obsolete[key]
    catalogue.update(messages, no_fuzzy_matching=True, update_creation_date=False)
    return catalogue


# ---- regions: `fr_CH` holds only what differs from `fr`


@cache
def region_words() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((LOCALES / "regions.toml").read_text(encoding="utf-8"))


def regional(region: str, language: Catalog, words: Mapping[str, str]) -> Catalog:
    """The messages of `language` that hold one of the words, said as the region says them."""
    longest_first = sorted(words, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    found = Catalog(region)
    for message in real_messages(language):
        said = [
            words.get(f"[{message.context or ''}] {message.id}")
            or pattern.sub(lambda match: words[match.group()], text)
            for text in texts(message)
        ]
        if said != texts(message):
            translation = said[0] if isinstance(message.id, str) else tuple(said)
            found.add(message.id, translation, message.locations, context=message.context)
    return found


def language_of(region: str, messages: Catalog) -> Catalog:
    """English has no catalogue: its words are the messages themselves."""
    base = region.partition("_")[0]
    if base != "en":
        return read(base)
    english = Catalog(base)
    for message in real_messages(messages):
        english.add(message.id, message.id, message.locations, context=message.context)
    return english


# ---- make translations


def update(wanted: Iterable[str] = ()) -> None:
    messages = extract()
    for language in sorted({*languages(), *wanted}):
        known = catalogue_file(language).is_file()
        catalogue = updated(read(language) if known else begun(language), messages)
        _write(language, catalogue)
        missing = sum(not all(texts(message)) for message in real_messages(catalogue))
        gone = len(catalogue.obsolete)
        print(f"{language}: {len(catalogue)} messages, {missing} to translate, {gone} no longer used")
    for region, words in region_words().items():
        catalogue = regional(region, language_of(region, messages), words)
        _write(region, catalogue)
        print(f"{region}: {len(catalogue)} messages differ")


def _write(locale: str, catalogue: Catalog) -> None:
    catalogue_file(locale).parent.mkdir(parents=True, exist_ok=True)
    catalogue_file(locale).write_text(to_text(catalogue), encoding="utf-8")


if __name__ == "__main__":
    update(sys.argv[1:])
