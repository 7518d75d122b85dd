"""Takes orders one after the other and says after each that it is stored, until it is killed.

`python -m tests.faults.feeder FIRST COUNT`; FEEDER=early says so before, which nobody may: the control.
FEEDER=careless stores without waiting for the disk.
"""

from __future__ import annotations

import os
import sys

from tests.support.orders import an_order
from tests.support.taking import take
from webapp.assembly import assemble
from webapp.data import pool


def number(turn: int) -> str:
    return f"KILL{turn:06}"


def main() -> None:
    first, count = int(sys.argv[1]), int(sys.argv[2])
    manner = os.environ.get("FEEDER", "")
    if manner == "careless":
        pool.SQLITE_PRAGMAS["synchronous"] = "off"
    portal = assemble()
    for turn in range(first, first + count):
        who = {"purchaser.email": f"purchaser{turn % 50}@example.com"}
        if manner == "early":
            print(turn, flush=True)
        take(portal, an_order({"order_number": number(turn), **who}))
        if manner != "early":
            print(turn, flush=True)


if __name__ == "__main__":
    main()
