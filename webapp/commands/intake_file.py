"""A file of documents, one a line, read in pieces of bounded size; refused lines go to another one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from webapp.domain.intake_reading import LONGEST


@dataclass
class Line:
    """`beginning` is all of it unless it `is_long`."""

    number: int
    beginning: bytes
    file: IO[bytes]

    @property
    def is_long(self) -> bool:
        return len(self.beginning) > LONGEST and not self.beginning.endswith(b"\n")

    @property
    def is_blank(self) -> bool:
        return not self.is_long and not self.beginning.removeprefix(b"\xef\xbb\xbf").strip()

    def rest(self) -> Iterator[bytes]:
        """What follows the beginning, up to the line's end; once."""
        piece = self.beginning
        while self.is_long and piece and not piece.endswith(b"\n"):
            piece = self.file.readline(LONGEST)
            yield piece


def lines_of(file: IO[bytes]) -> Iterator[Line]:
    """The rest of a long line must have been read before the next line is asked for."""
    number = 0
    while beginning := file.readline(LONGEST + 1):
        number += 1
        yield Line(number, beginning, file)


class RefusedLines:
    """`FILE.refused.jsonl`: the refused lines, byte for byte, in their order; of this run only.

    It is written aside and put into its place at the end: nothing is ever half written, and an
    import can't overwrite the file that it reads.
    """

    def __init__(self, source: Path) -> None:
        self.path = source.with_name(source.name + ".refused.jsonl")
        self._source = source
        self._aside: IO[bytes] | None = None

    def add(self, line: Line) -> None:
        if self._aside is None:
            folder = self.path.parent
            self._aside = tempfile.NamedTemporaryFile(dir=folder, prefix=".refused-", delete=False)  # noqa: SIM115
        self._aside.write(line.beginning)
        for piece in line.rest():
            self._aside.write(piece)

    def finish(self) -> None:
        if self._aside is None:
            self.path.unlink(missing_ok=True)
            return
        self._aside.flush()
        os.fsync(self._aside.fileno())
        self._aside.close()
        shutil.copymode(self._source, self._aside.name)
        os.replace(self._aside.name, self.path)

    @property
    def any(self) -> bool:
        return self._aside is not None
