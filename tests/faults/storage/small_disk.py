"""Fills the file system it is given, works on, makes room and works on. `python -m … FOLDER`, on a small one."""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.conftest import TestClock, build_portal
from tests.faults.storage.editing import Editing
from tests.support.cast import ALICE, call_cast
from tests.support.client import signed_in
from tests.support.engines import SqliteEngine
from webapp import create_app

ROUNDS = 5


def fill(ballast: Path) -> None:
    """Down to the last byte."""
    with suppress(OSError), ballast.open("ab", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)


def main(folder: Path) -> None:
    clock = TestClock()
    portal = build_portal(SqliteEngine(folder), folder, clock)
    cast = call_cast(portal)
    client = signed_in(create_app(portal), ALICE)
    editing, ballast, read, longest = Editing(client, portal, cast), folder / "ballast", 0, 0.0
    for _round in range(ROUNDS):
        editing.edit()
        fill(ballast)
        wanted = editing.refused + 5
        while editing.refused < wanted:
            editing.edit()
            fill(ballast)
        clock.forward(minutes=10)  # so that being here again is worth a note
        for path in ("/subscriptions", editing.page, "/subscriptions", editing.page):
            assert client.get(path).status_code == 200, path
            read += 1
        editing.check()
        ballast.unlink()
        began = time.monotonic()
        while editing.edit() != 303:
            assert time.monotonic() - began < 30
        longest = max(longest, time.monotonic() - began)
        editing.check()
    told = {"stored": len(editing.stored), "refused": editing.refused, "read": read}
    print(json.dumps({**told, "seconds_to_recover": longest}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
