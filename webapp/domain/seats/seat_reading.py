"""Reads a CSV file of people, row by row: whatever its encoding, delimiter and order of columns."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from webapp.data.keys import fold
from webapp.domain.refusals import Refusal
from webapp.i18n import N_, _, ngettext

MOST_ROWS = 10_000
LONGEST_CELL = 400
_PIECE = 64 * 1024

# In the order of a file without headings. A heading is known in English and in the reader's language.
COLUMNS: Mapping[str, str] = {
    "email": N_("Email"),
    "name": N_("Name"),
    "last_day": N_("Last day"),
    "cost_centre": N_("Cost center"),
    "job_site": N_("Job site"),
    "language": N_("Language"),
}
_ALIASES = {
    "mail": "email",
    "emailaddress": "email",
    "businessemail": "email",
    "adressedemessagerie": "email",
    "courriel": "email",
    "emailadresse": "email",
    "fullname": "name",
    "enddate": "last_day",
    "endson": "last_day",
    "datedefin": "last_day",
    "enddatum": "last_day",
    "costcentre": "cost_centre",
    "costcenter": "cost_centre",
    "centredecout": "cost_centre",
    "centredecouts": "cost_centre",
    "kostenstelle": "cost_centre",
    "site": "job_site",
    "chantier": "job_site",
    "baustelle": "job_site",
}


class FileMissing(Refusal):
    def __str__(self) -> str:
        return _("Choose a CSV file.")


class FileEmpty(Refusal):
    def __str__(self) -> str:
        return _("There is nobody in this file: it has no rows.")


class FileNotReadable(Refusal):
    def __str__(self) -> str:
        return _("This is not a CSV file. Save the table as “CSV UTF-8” and upload that.")


class EmailColumnMissing(Refusal):
    def __str__(self) -> str:
        return _("No column holds email addresses. Name it “%(name)s” in the first row.", name=_("Email"))


class TooManyRows(Refusal):
    def __str__(self) -> str:
        return ngettext(
            "A file may have %(num)s row. Divide it into several files.",
            "A file may have %(num)s rows. Divide it into several files.",
            MOST_ROWS,
        )


@dataclass(frozen=True, slots=True)
class TypedRow:
    line: int
    cells: Mapping[str, str]


def read_rows(stream: IO[bytes]) -> Iterator[TypedRow]:
    """One at a time, so that a long file needs no more memory than a short one."""
    text = io.TextIOWrapper(stream, encoding=_encoding(stream), errors="replace", newline="")
    try:
        yield from _rows(csv.reader(text, delimiter=_delimiter(text)))
    except csv.Error:
        raise FileNotReadable from None
    finally:
        text.detach()


def _encoding(stream: IO[bytes]) -> str:
    """UTF-8 if it is; UTF-16 says so itself; else what spreadsheets in western Europe write."""
    start = stream.read(4)
    stream.seek(0)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := stream.read(_PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
        encoding = "utf-8-sig"
    except UnicodeDecodeError:
        encoding = "cp1252"
    stream.seek(0)
    return encoding


def _delimiter(text: io.TextIOWrapper) -> str:
    """The one that is most frequent in the first line."""
    first = text.readline(LONGEST_CELL * len(COLUMNS))
    text.seek(0)
    if "\0" in first:
        raise FileNotReadable
    return max(";,\t", key=first.count)


def _rows(reader: Iterator[list[str]]) -> Iterator[TypedRow]:
    names: Sequence[str] | None = None
    number = 0
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if names is None:
            names = _names(cells)
            if names:
                continue
            names = list(COLUMNS)
        number += 1
        if number > MOST_ROWS:
            raise TooManyRows
        yield TypedRow(reader.line_num, _named(names, cells))  # type: ignore[attr-defined]
    if not number:
        raise FileEmpty


def _names(cells: Sequence[str]) -> list[str]:
    """What the columns of a first row hold; nothing, if it holds a person and no headings."""
    if any("@" in cell for cell in cells):
        return []
    known = {**_ALIASES, **{_plain(label): column for column, label in COLUMNS.items()}}
    known |= {_plain(_(label)): column for column, label in COLUMNS.items()}
    found = [known.get(_plain(cell), "") for cell in cells]
    if "email" not in found:
        raise EmailColumnMissing
    return found


def _plain(heading: str) -> str:
    """`E-Mail-Adresse` and `email_adresse` are the same."""
    return re.sub(r"[^\w]|_", "", fold(heading))


def _named(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """What is not given is empty; NUL, which no database keeps, is shown as what can't be printed."""
    pairs = zip(names, cells, strict=False)
    given = {name: cell.strip().replace("\0", "\ufffd")[:LONGEST_CELL] for name, cell in pairs if name}
    return {column: given.get(column, "") for column in COLUMNS}
