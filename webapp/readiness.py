"""Whether this portal can work: said before it starts (`portal check`), and while it runs (`/readyz`).

One country's database that does not answer stops no other country; a schema that is too old, or two sites in
one database, is a mistake of ours and stops the start.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from webapp.assembly import Portal
from webapp.config import SettingsError
from webapp.data.backups import opened_at
from webapp.data.closing import is_moved
from webapp.data.database import STORAGE_FAILURES
from webapp.data.pool import open_database
from webapp.data.probe import Probed, probe
from webapp.data.roles import NARROW, Mode, NoUserNamed, problems
from webapp.data.schema import MIGRATIONS, SUPPORT_MIGRATIONS

SHARED = "support"
NO_ROLES = (
    "the support console has no roles of its own: run docs/deploy/support-roles.sql, then “portal db migrate”"
)
_AT_ONCE = 8
_SECONDS = 5.0  # for all databases together


@dataclass(frozen=True, slots=True)
class _Database:
    name: str  # a site's code, or what all share
    url: str
    migrations: Path


def _databases(portal: Portal) -> list[_Database]:
    sites = [_Database(code, url, MIGRATIONS) for code, url in portal.databases.urls.items()]
    return [*sites, _Database(SHARED, portal.support.url, SUPPORT_MIGRATIONS)]


def probe_all(portal: Portal) -> dict[str, Probed]:
    """Every database, by its site's code. Whichever takes too long does not answer."""
    looking = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="probe")
    asked = {each.name: looking.submit(probe, each.url, each.migrations) for each in _databases(portal)}
    try:
        return {name: _answer(future) for name, future in _in_time(asked)}
    finally:
        looking.shutdown(wait=False, cancel_futures=True)


def _in_time(asked: dict[str, Future[Probed]]) -> Iterator[tuple[str, Future[Probed]]]:
    ends = time.monotonic() + _SECONDS
    for name, future in asked.items():
        try:
            future.exception(max(0.0, ends - time.monotonic()))
        except TookTooLong:
            future.cancel()
        yield name, future


def _answer(future: Future[Probed]) -> Probed:
    return future.result() if future.done() and not future.cancelled() else Probed(silent="no answer in time")


def old_schemas(found: dict[str, Probed]) -> list[str]:
    """A sentence for those databases that wait for the same migrations."""
    names = defaultdict(list)
    for name, one in found.items():
        if one.waiting:
            names[one.waiting].append(name)
    return [
        f"The database of {', '.join(of)} {in_words(waiting)}: run “portal db migrate”."
        for waiting, of in names.items()
    ]


def in_words(waiting: tuple[str, ...]) -> str:
    first = waiting[0].startswith("0001_")
    return "has no tables yet" if first else f"waits for {', '.join(waiting)}"


def shared_databases(portal: Portal) -> list[str]:
    names = defaultdict(list)
    for each in _databases(portal):
        names[each.url].append(each.name)
    return [
        f"{' and '.join(of)} have the same database: each country site needs one of its own."
        for of in names.values()
        if len(of) > 1
    ]


def moved_away(portal: Portal, found: dict[str, Probed]) -> list[str]:
    """Databases that answer and are closed for good, since their data are elsewhere."""
    return [
        f"The database of {name} was moved to another one, and is closed for changes: set"
        f" PORTAL_DATABASE_{name.upper()} to where it is now, and restart."
        for name, url in ((each.name, each.url) for each in _databases(portal))
        if found[name].ready and _is_moved(url)
    ]


def _is_moved(url: str) -> bool:
    try:
        with opened_at(url) as opened:
            return is_moved(opened)
    except STORAGE_FAILURES:  # said by whoever asks whether it answers
        return False


def wrong_roles(portal: Portal, found: dict[str, Probed]) -> list[str]:
    """At sites that answer: whether the support console reaches them, and can do no more than it should."""
    on_server = {
        code: url for code, url in portal.databases.urls.items() if urlsplit(url).scheme == "postgresql"
    }
    ready = {code: url for code, url in on_server.items() if found[code].ready}
    return [
        f"The database of {code}, as support ({mode}): {problem}"
        for code, url in ready.items()
        for mode in NARROW
        for problem in _role_problems(url, mode)
    ]


def _role_problems(url: str, mode: Mode) -> list[str]:
    try:
        opened = open_database(url, mode)
        try:
            with opened.connection_context():
                return problems(opened, mode)
        finally:
            opened.close_all()  # type: ignore[attr-defined]
    except (NoUserNamed, *STORAGE_FAILURES) as problem:
        return [f"{NO_ROLES} ({' '.join(str(problem).split())})"]


def refuse_to_start(portal: Portal) -> list[str]:
    """In production, before anything is served or done. Returns who does not answer, which is no reason to
    keep the others waiting."""
    if not portal.settings.production:
        return []
    found = probe_all(portal)
    if problems := [*shared_databases(portal), *old_schemas(found)]:
        raise SettingsError(*problems)
    return [f"{name}: {one.silent}" for name, one in found.items() if one.silent]
