"""Tables for people's own programs: CSV as their language writes it, and XLSX.

Nothing in them is ever a formula: what customers typed stays text, whatever it begins with.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any

from babel.numbers import get_decimal_symbol

from webapp.i18n import current_speech

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

Cell = str | int | Decimal | date | None
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NOT_IN_TITLES = re.compile(r"[][:*?/\\]")
_IN_MEMORY = 1_000_000
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    width: int = 14


def neutral(text: str) -> str:
    """What a spreadsheet program would take for a formula gets an apostrophe before it."""
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_STARTS_FORMULA) else text


# ---- CSV


def csv_lines(columns: Sequence[Column], lines: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """With the decimal sign of the language, and the separator that programs expect beside it."""
    decimal = str(get_decimal_symbol(current_speech().locale))
    kept = io.StringIO()
    writer = csv.writer(kept, delimiter=";" if decimal == "," else ",", lineterminator="\r\n")
    kept.write("\ufeff")  # so that spreadsheet programs read UTF-8
    writer.writerow([neutral(column.name) for column in columns])
    for line in lines:
        if kept.tell() > _CHUNK:
            yield _taken(kept)
        writer.writerow([_plain(cell, decimal) for cell in line])
    yield _taken(kept)


def _plain(cell: Cell, decimal: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:f}".replace(".", decimal)
    return neutral(cell) if isinstance(cell, str) else str(cell)


def _taken(kept: io.StringIO) -> bytes:
    text = kept.getvalue()
    kept.seek(0)
    kept.truncate()
    return text.encode()


# ---- XLSX


def xlsx(columns: Sequence[Column], lines: Iterable[Sequence[Cell]], *, title: str) -> IO[bytes]:
    """Row by row: what is written is not kept in memory."""
    from xlsxwriter import Workbook

    file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - who sends it closes it
    book = Workbook(file, {"constant_memory": True, "in_memory": False, "strings_to_urls": False})
    sheet = book.add_worksheet(_NOT_IN_TITLES.sub(" ", title)[:31])
    formats = _Formats(book)
    sheet.freeze_panes(1, 0)
    for index, column in enumerate(columns):
        sheet.set_column(index, index, column.width)
        sheet.write_string(0, index, column.name, formats.head)
    for number, line in enumerate(lines, start=1):
        for index, cell in enumerate(line):
            _write(sheet, number, index, cell, formats)
    book.close()
    file.seek(0)
    return file


class _Formats:
    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._amounts: dict[int, Any] = {}
        self.head = book.add_format({"bold": True, "bottom": 1})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})

    def amount(self, digits: int) -> Any:
        if digits not in self._amounts:
            pattern = "#,##0" + ("." + "0" * digits if digits else "")
            self._amounts[digits] = self._book.add_format({"num_format": pattern})
        return self._amounts[digits]


def _write(sheet: Worksheet, number: int, index: int, cell: Cell, formats: _Formats) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, Decimal):
        exponent = cell.as_tuple().exponent
        sheet.write_number(number, index, float(cell), formats.amount(max(0, -int(exponent))))
    elif isinstance(cell, int):
        sheet.write_number(number, index, cell)
    elif isinstance(cell, date):
        sheet.write_datetime(number, index, cell, formats.day)
    else:
        sheet.write_string(number, index, cell)
