"""Documents that come one a line, read in pieces of bounded size: from a file, or while they arrive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from webapp.domain.intake.intake_reading import LONGEST


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
