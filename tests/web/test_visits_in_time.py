"""How a visit begins, lasts and ends; and what the customer reads about it."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask

from tests.conftest import TestClock
from tests.support.agents import SAM
from tests.support.cast import ALICE, BOB, CHARLIE, ERIN, FRANK, Cast, Row
from tests.support.client import PARTIAL, SiteClient, page_of, signed_in
from tests.support.visits import REASON, TICKET, visit_client, visiting
from tests.web.conftest import on_sqlite
from tests.web.visiting import agent, row, trail, visit
from webapp.assembly import Portal
from webapp.data.agents import Agent, AgentEvent, AgentRegion, AgentSession, Visit
from webapp.domain.support import agent_events, visit_trail
from webapp.sites import SUPPORT

__all__ = ["agent", "row", "visit"]


# ---- how it begins and ends


@on_sqlite
def test_opening_needs_a_reason_and_a_ticket_and_is_in_both_trails(
    app: Flask, portal: Portal, agent: SiteClient, row: Row
) -> None:
    form = agent.page(f"/visits/new?site=fr&subscription={row.public_id}")
    for typed in (
        {"reason": " ", "ticket": TICKET},
        {"reason": REASON, "ticket": ""},
        {"reason": "a\x00b" * 200},
    ):
        assert agent.submit(form, "/visits", **typed).status_code == 422
    assert trail(portal) == []
    visiting(app, agent, row.public_id)
    ((action, details),) = trail(portal)
    assert action == "support.visited"
    assert (details["reason"], details["ticket"]) == (REASON, TICKET)
    with portal.support.bound():
        assert AgentEvent.select().where(AgentEvent.action == "visit.opened").count() == 1


@on_sqlite
def test_the_door_opens_once_and_for_a_minute_only(
    app: Flask, portal: Portal, clock: TestClock, agent: SiteClient, row: Row
) -> None:
    def entry() -> str:
        form = agent.page(f"/visits/new?site=fr&subscription={row.public_id}")
        answer = agent.submit(form, "/visits", reason=REASON, ticket=TICKET)
        return urlsplit(answer.location).path

    browser, path = visit_client(app, "fr"), entry()
    assert browser.head(path).status_code == 204, "who looks whether it is there uses nothing up"
    assert browser.get(path).location == "/subscriptions"
    assert browser.get("/subscriptions").status_code == 200
    again = visit_client(app, "fr")
    assert again.get(path).location.endswith("/console")
    late = entry()
    clock.forward(seconds=61)
    assert again.get(late).location.endswith("/console")
    assert visit_client(app, "gb").get(entry()).location.endswith("/console"), "of another site"


@on_sqlite
def test_it_lasts_half_an_hour_and_is_renewed_on_purpose(
    portal: Portal, clock: TestClock, visit: SiteClient, agent: SiteClient
) -> None:
    clock.forward(minutes=29)
    page = visit.page("/subscriptions")
    answer = visit.submit(page, "/support/renew")
    assert (answer.status_code, answer.location) == (303, "/subscriptions")
    clock.forward(minutes=29)
    assert visit.get("/subscriptions").status_code == 200
    clock.forward(minutes=2)
    over = visit.get("/subscriptions")
    assert over.status_code == 303
    assert visit.get("/subscriptions", headers=PARTIAL).headers["HX-Redirect"] == over.location
    assert over.location.startswith(portal.settings.origin(SUPPORT) + "/visits/")
    told = page_of(agent.get(urlsplit(over.location).path)).text
    assert REASON in told and TICKET in told
    assert "support.visit_renewed" in [action for action, _details in trail(portal)]


@on_sqlite
def test_it_ends_when_the_agent_ends_it(portal: Portal, visit: SiteClient, agent: SiteClient) -> None:
    cookie = visit.get_cookie("visit", domain="fr.support.localhost")
    answer = visit.submit(visit.page("/subscriptions"), "/support/end")
    assert answer.location.startswith(portal.settings.origin(SUPPORT) + "/visits/")
    assert cookie and visit.get_cookie("visit", domain="fr.support.localhost") is None
    visit.set_cookie("visit", cookie.value, domain="fr.support.localhost")
    assert visit.get("/subscriptions").status_code == 303
    assert trail(portal)[-1][0] == "support.visit_ended"


@on_sqlite
@pytest.mark.parametrize("ending", ["signed out", "disabled", "no region", "idle", "only half signed in"])
def test_it_is_over_as_soon_as_the_agent_may_no_longer(
    ending: str, app: Flask, portal: Portal, clock: TestClock, visit: SiteClient, agent: SiteClient
) -> None:
    assert visit.get("/subscriptions").status_code == 200
    if ending == "signed out":
        assert agent.post("/agent/sign-out").status_code == 303
    with portal.support.bound():
        if ending == "disabled":
            Agent.update(disabled_at=clock.now).execute()
        if ending == "no region":
            AgentRegion.update(region="dach").execute()
        if ending == "idle":
            Visit.update(valid_until=clock.now + timedelta(hours=2)).execute()
            AgentSession.update(last_seen_at=clock.now - timedelta(minutes=31)).execute()
        if ending == "only half signed in":
            AgentSession.update(factor="").execute()
    assert visit.get("/subscriptions").status_code == 303


@on_sqlite
def test_another_visit_at_the_site_ends_the_one_before(
    app: Flask, cast: Cast, visit: SiteClient, agent: SiteClient
) -> None:
    assert visit.get("/subscriptions").status_code == 200
    visiting(app, agent, cast.row(FRANK, "active").public_id)
    assert visit.get("/subscriptions").status_code == 303


@on_sqlite
def test_forms_of_other_origins_are_refused(visit: SiteClient) -> None:
    for origin in ("same-site", "cross-site"):
        assert visit.post("/support/end", headers={"Sec-Fetch-Site": origin}).status_code == 403
    assert visit.get("/subscriptions").status_code == 200


# ---- what the customer reads


def test_administrators_read_who_looked_at_what_and_why(
    app: Flask, portal: Portal, clock: TestClock, cast: Cast, visit: SiteClient, row: Row
) -> None:
    for address in (f"/subscriptions/{row.public_id}", "/subscriptions", f"/invoices/{row.invoice}.pdf"):
        clock.forward(seconds=5)
        assert visit.get(address).status_code == 200
    for reader in (ALICE, ERIN, FRANK):
        page = signed_in(app, reader).page("/support-visits")
        for told in (SAM.name, REASON, TICKET, row.public_id, row.invoice):
            assert told in page.text, f"{reader.key}: {told}"
    assert REASON in signed_in(app, ALICE).page(f"/subscriptions/{row.public_id}").text
    assert signed_in(app, BOB).get("/support-visits").status_code == 404
    assert REASON not in signed_in(app, CHARLIE).get("/support-visits").text


@on_sqlite
def test_earlier_visits_are_on_further_pages(
    app: Flask, portal: Portal, clock: TestClock, agent: SiteClient, row: Row
) -> None:
    for number in range(visit_trail.MOST + 1):
        clock.forward(seconds=1)
        visiting(app, agent, row.public_id, reason=f"Reason {number}.")
    alice = signed_in(app, ALICE)
    page = alice.page("/support-visits")
    assert "Reason 1." in page.text and "Reason 0." not in page.text
    (older,) = [a.get("href") for a in page.all("a") if a.get("rel") == "next"]
    page = alice.page(older)
    assert "Reason 0." in page.text and "Reason 1." not in page.text


@on_sqlite
def test_the_console_forgets_visits_in_time_and_the_site_does_not(
    portal: Portal, clock: TestClock, visit: SiteClient
) -> None:
    with portal.support.bound():
        agent_events.forget_old(now=clock.now)
        assert Visit.select().count() == 1
        agent_events.forget_old(now=clock.forward(days=401))
        assert Visit.select().count() == 0
    assert [action for action, _details in trail(portal)] == ["support.visited"]
