"""The restore drill: a site of a million subscriptions is lost and brought back."""

from __future__ import annotations

import hashlib
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.filling import fill_account
from tests.data.backing import QUIET, back_up, of_site, one_more, place, rest
from tests.support.engines import SqliteEngine
from webapp.assembly import Portal
from webapp.data import backups
from webapp.data.database import database
from webapp.data.subscriptions import Subscription

Figure = Callable[[str, object], None]
MINUTES = 10


def drill(portal: Portal, folder: Path, *, size: int, figure: Figure) -> float:
    """In minutes, from the empty database to the checked one."""
    for code, number in (("fr", size), ("de", 25)):
        with portal.at(portal.sites[code]):
            email = f"drill@{code}.example"
            fill_account(portal, size=number, account="31", email=email, now=portal.clock())
    rest(portal)
    other = _bytes_of(portal, "de")
    backup, path = time.monotonic(), folder / "fr.backup"
    manifest = back_up(portal, path)
    figure("minutes to back up", (time.monotonic() - backup) / 60)
    figure("rows, and MB of the file", (manifest.rows, path.stat().st_size // 1_000_000))
    with portal.at(portal.sites["fr"]):
        database.execute_sql("DELETE FROM outbox_message")
        Subscription.update(po_number="lost").execute()
    started = time.monotonic()
    backups.restore(place(portal), path, replace=True, show=QUIET)
    minutes = (time.monotonic() - started) / 60
    figure("minutes to restore", minutes)
    figure("MB of memory at most", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    assert of_site(portal) == manifest.contents
    assert _bytes_of(portal, "de") == other, "no other site was touched"
    assert one_more(portal, "after@example.com")
    return minutes


def _bytes_of(portal: Portal, code: str) -> object:
    url = portal.databases.urls[code]
    if url.startswith("sqlite"):
        rest(portal)
        return hashlib.sha256(Path(url.removeprefix("sqlite:///")).read_bytes()).hexdigest()
    return of_site(portal, code)


def test_a_lost_site_is_brought_back(
    make_portal: Callable[..., Portal], sqlite_engine: SqliteEngine, tmp_path: Path, figure: Figure
) -> None:
    """The drill in small; tests/data does its parts on both engines."""
    drill(make_portal(sqlite_engine), tmp_path, size=400, figure=figure)


@pytest.mark.soak
def test_a_million_subscriptions_are_brought_back_in_ten_minutes(
    portal: Portal, tmp_path: Path, figure: Figure
) -> None:
    size = int(os.environ.get("DRILL", "1000000"))
    assert drill(portal, tmp_path, size=size, figure=figure) <= MINUTES
