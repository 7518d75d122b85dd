"""The messages of code and templates, and the catalogues in `locales/`: what `make translations` does.

`python -m tests.support.catalogues` brings the catalogue of each language up to date; languages named after it
are begun if they are new. Nothing is lost: a translation whose message is gone stays at the end of its file,
as a comment, until somebody has used it or deletes it.
"""

from __future__ import annotations

import io
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
LOCALES = ROOT / "locales"
SOURCES = ("webapp", "templates")
HEADER = "# The portal’s messages in another language; renew them with make translations."


def extract(root: Path = ROOT) -> Catalog:
    """Every message of code, pages and e-mails, from the places that `pyproject.toml` names."""
    found = Catalog(header_comment=HEADER, project="subscription-portal", fuzzy=False)
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


def catalogue_file(locale: str) -> Path:
    return LOCALES / locale / "LC_MESSAGES" / "messages.po"


def read(locale: str) -> Catalog:
    with catalogue_file(locale).open("rb") as file:
        return read_po(file, locale=locale)


def to_text(catalogue: Catalog) -> str:
    """As it stands in the file: by source file, never wrapped, so that a change shows as what it is."""
    written = io.BytesIO()
    write_po(written, catalogue, width=0, sort_by_file=True, include_lineno=False)
    return written.getvalue().decode("utf-8")


def updated(catalogue: Catalog, messages: Catalog) -> Catalog:
    """With all messages of today; none is guessed from one that looks alike."""
    catalogue.update(messages, no_fuzzy_matching=True, update_creation_date=False)
    return catalogue


def locales() -> list[str]:
    return sorted(path.parents[1].name for path in LOCALES.glob("*/LC_MESSAGES/messages.po"))


def languages() -> list[str]:
    """Those with a catalogue of their own; `fr_CH` only says what differs from `fr`, and is written by hand."""
    return [locale for locale in locales() if "_" not in locale]


def regions() -> list[str]:
    return [locale for locale in locales() if "_" in locale]


def real_messages(catalogue: Catalog) -> list[Message]:
    """Without the header."""
    return [message for message in catalogue if message.id]


def texts(message: Message) -> list[str]:
    """The translation, or all its plural forms."""
    return list(message.string) if isinstance(message.string, tuple | list) else [message.string or ""]


def update(wanted: Iterable[str]) -> None:
    messages = extract()
    for language in sorted({*languages(), *wanted}):
        known = catalogue_file(language).is_file()
        begun = Catalog(language, header_comment=HEADER, project="subscription-portal", fuzzy=False)
        catalogue = updated(read(language) if known else begun, messages)
        catalogue_file(language).parent.mkdir(parents=True, exist_ok=True)
        catalogue_file(language).write_text(to_text(catalogue), encoding="utf-8")
        missing = sum(not all(texts(message)) for message in real_messages(catalogue))
        print(f"{language}: {len(catalogue)} messages, {missing} to translate, {len(catalogue.obsolete)} gone")


if __name__ == "__main__":
    update(sys.argv[1:])
