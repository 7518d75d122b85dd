"""A site that a command works at: pages are shown, changes answer 503, other sites and their jobs go on."""

from __future__ import annotations

from tests.support.cast import ALICE, Cast
from tests.support.client import SiteClient
from webapp.assembly import Portal
from webapp.data import backups, closing
from webapp.jobs import registry


def test_a_closed_site_is_shown_and_not_changed(alice: SiteClient, cast: Cast, portal: Portal) -> None:
    path = f"/subscriptions/{cast.row(ALICE, 'active').public_id}/purchase-order"
    change = {"po_number": "while it is closed", "version": "0"}
    with backups.opened_at(portal.databases.urls["fr"]) as opened, closing.closed(opened):
        assert alice.get("/subscriptions").status_code == alice.get(path).status_code == 200
        refused = alice.post(path, data=change)
        assert refused.status_code == 503 and refused.headers["Retry-After"]
        sites = [portal.sites["fr"], portal.sites["de"]]
        results = {one.site: one for one in registry.run_due(portal, ["purge"], sites)}
        assert not results["fr"].ok and closing.WORDS in results["fr"].error and results["de"].ok
        assert "while it is closed" not in alice.get("/subscriptions").text
    assert alice.post(path, data=change).status_code == 303
