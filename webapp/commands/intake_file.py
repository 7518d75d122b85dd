"""Where the refused lines of a file go."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

from webapp.domain.intake.intake_lines import Line


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
