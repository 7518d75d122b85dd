"""A site with something of every kind in it, and what its database holds."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from tests.support.cast import call_cast, keep_person
from webapp.assembly import Portal
from webapp.data import backups, tables
from webapp.data.backups import Place
from webapp.data.documents import StoredDocument
from webapp.data.tables import Content, Show

KEY = "the key of a vault, 32 letters long"
QUIET: Show = lambda done: None  # noqa: E731


def filled(portal: Portal, *, now: datetime) -> None:
    call_cast(portal)
    with portal.at(portal.sites["fr"]):
        content = bytes(range(256)) * 3
        sha256 = hashlib.sha256(content).hexdigest()
        facts = {"subject": "a file", "form": "pdf", "file_name": "ß\n\u2028\x01.pdf", "media_type": "a/b"}
        StoredDocument.create(content=content, sha256=sha256, made_at=now, **facts)


def place(portal: Portal, code: str = "fr", *, url: str = "", key: str = KEY) -> Place:
    return Place(code, url or portal.databases.urls[code], key)


def back_up(portal: Portal, path: Path, code: str = "fr", **facts: str) -> backups.Manifest:
    return backups.back_up(place(portal, code, **facts), path, now=portal.clock(), show=QUIET)


def contents(url: str) -> dict[str, Content]:
    with backups.opened_at(url) as opened, tables.snapshot(opened):
        return {table.name: tables.content(opened, table) for table in tables.tables(opened)}


def of_site(portal: Portal, code: str = "fr") -> dict[str, Content]:
    return contents(portal.databases.urls[code])


def one_more(portal: Portal, email: str, code: str = "fr") -> int:
    """Through the pool that pages use."""
    with portal.at(portal.sites[code]):
        return int(keep_person(email, name="One More", password=None, now=portal.clock()).id)


def rest(portal: Portal) -> None:
    """No connection is open: files are as they stay."""
    for opened in portal.databases._open.values():
        opened.close_all()  # type: ignore[attr-defined]
