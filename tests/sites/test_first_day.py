"""`make site SITE=se`: what a site does on its first day. Without SITE, one of those that are shipped."""

from __future__ import annotations

import os
from collections.abc import Callable

from tests.sites.first_day import first_day
from tests.support.engines import SqliteEngine
from webapp.assembly import Portal


def test_a_site_does_the_main_job(make_portal: Callable[..., Portal], sqlite_engine: SqliteEngine) -> None:
    portal = make_portal(sqlite_engine)
    code = os.environ.get("SITE") or "at"
    assert code in portal.sites.codes, f"there is no site {code}"
    first_day(portal, code)
