"""A visit shows what the administrator sees and nothing that could change it; each page is in the customer's
trail before it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import peewee as pw
import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from tests.support.agents import TONI, console_client, keep_agent, signed_in_agent
from tests.support.cast import ALICE, CANARY, CHARLIE, DORA, Cast, Row
from tests.support.client import PARTIAL, SiteClient, client_at, page_of, signed_in
from tests.support.page import Page
from tests.support.visits import REASON, TICKET, visit_client, visiting
from tests.web.conftest import on_sqlite
from tests.web.visiting import agent, looks, row, trail, visit
from webapp.assembly import Portal
from webapp.data import roles
from webapp.data.audit import AuditEvent
from webapp.data.database import database
from webapp.data.documents import StoredDocument
from webapp.domain.support import visit_trail
from webapp.sites import SUPPORT
from webapp.web.policy import policy_of

__all__ = ["agent", "row", "visit"]

DOCUMENTS = ("invoice_files.pdf", "invoice_files.cii", "invoice_files.ubl", "invoice_files.contract")


def visitable(app: Flask) -> Iterator[tuple[str, str]]:
    """Endpoint and rule of each page of a site that is shown on visits."""
    for rule in app.url_map.iter_rules():
        declared = policy_of(app, rule.endpoint)
        if declared and declared.visits:
            yield rule.endpoint, rule.rule


def addresses(app: Flask, rows: list[Row]) -> dict[str, str]:
    """Every such page for every row: address → endpoint."""
    found = {}
    for endpoint, rule in visitable(app):
        for one in rows:
            address = rule.replace("<public_id:public_id>", one.public_id)
            address = address.replace("<invoice_number:number>", one.invoice or "<none>")
            if "<" not in address:
                found[address] = endpoint
    return found


def leads(app: Flask, page: Page) -> list[str]:
    """Links of ours that lead where a visit can't go."""
    adapter, wrong = app.url_map.bind("visit"), []
    for element in page.all("a"):
        address = urlsplit(element.get("href"))
        if address.netloc or not address.path or address.path.startswith("/static/"):
            continue
        try:
            endpoint, _arguments = adapter.match(address.path, "GET")
        except HTTPException:
            wrong.append(element.get("href"))
            continue
        declared = policy_of(app, endpoint)
        assert declared
        if not (declared.visits or declared.place in ("visit", "anywhere")):
            wrong.append(element.get("href"))
    return wrong


def could_change(page: Page) -> list[str]:
    """Besides the two buttons of the banner."""
    forms = [form.get("action") for form in page.all("form") if form.get("method").lower() == "post"]
    sent = [
        f"{element} {name}"
        for element in page.all()
        for name in ("hx-post", "hx-put", "hx-delete", "hx-patch", "formaction")
        if name in element
    ]
    return [action for action in forms if action not in ("/support/renew", "/support/end")] + sent


def test_every_page_of_a_visit_is_what_its_administrator_sees_without_what_could_change_it(
    app: Flask, portal: Portal, cast: Cast, visit: SiteClient
) -> None:
    """Over a connection that cannot write, so that a page which writes on the way would fail here."""
    problems: list[str] = []
    pages = addresses(app, cast.rows_of(ALICE))
    answers = {address: visit.get(address) for address in pages}
    with portal.at(portal.sites["fr"]):
        assert StoredDocument.select().count() == 0, "what nobody has asked for before is made and not kept"
    alice = signed_in(app, ALICE)
    for address, endpoint in pages.items():
        own, answer = alice.get(address), answers[address]
        if answer.status_code != own.status_code:
            problems.append(f"{address}: {answer.status_code} instead of {own.status_code}")
        if answer.status_code == 200 and answer.mimetype == "text/html":
            page = page_of(answer)
            problems += [f"{address} changes by {one}" for one in could_change(page)]
            problems += [f"{address} leads to {one}" for one in leads(app, page)]
            if len(page.all("aside", **{"class": "visit-banner"})) != 1:
                problems.append(f"{address}: no banner")
        elif answer.status_code == 200:
            assert endpoint in DOCUMENTS
            problems += [] if answer.mimetype == own.mimetype else [f"{address}: {answer.mimetype}"]
    assert not problems, "\n".join(problems)
    assert len(pages) > 35
    assert looks(portal) == list(pages), "one event for each of them, in this order"


@on_sqlite
def test_fragments_are_events_too_and_change_nothing_either(
    app: Flask, portal: Portal, visit: SiteClient, row: Row
) -> None:
    for address in (
        "/subscriptions?q=a",
        "/invoices?q=F",
        f"/subscriptions/{row.public_id}/users?show=invited",
    ):
        answer = visit.get(address, headers=PARTIAL)
        assert answer.status_code == 200 and "<html" not in answer.text
        page = page_of(answer)
        assert could_change(page) == [] and leads(app, page) == []
    assert len(looks(portal)) == 3


@on_sqlite
@pytest.mark.parametrize("broken", [pw.OperationalError, pw.ProgrammingError, KeyError])
def test_where_the_event_cannot_be_committed_nothing_is_shown(
    broken: type[Exception],
    portal: Portal,
    visit: SiteClient,
    row: Row,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_args: object, **_keywords: object) -> None:
        raise broken("nothing can be written")

    monkeypatch.setattr(visit_trail.audit, "record", fail)
    for address in ("/subscriptions", f"/subscriptions/{row.public_id}", f"/invoices/{row.invoice}.pdf"):
        answer = visit.get(address)
        assert answer.status_code == 503, answer.status
        assert not CANARY.search(answer.text) and "1000001" not in answer.text and TICKET not in answer.text
    assert looks(portal) == []


def test_nothing_is_shown_while_the_database_refuses_the_event(
    portal: Portal, visit: SiteClient, row: Row
) -> None:
    """At the very last: the commit itself fails."""
    with portal.at(portal.sites["fr"]):
        if isinstance(database.obj, pw.PostgresqlDatabase):
            database.execute_sql("REVOKE INSERT ON audit_event FROM postgres_act")
        else:
            database.execute_sql(
                "CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
    answer = visit.get(f"/subscriptions/{row.public_id}")
    assert answer.status_code == 503 and not CANARY.search(answer.text)
    with portal.at(portal.sites["fr"]):
        if isinstance(database.obj, pw.PostgresqlDatabase):
            assert roles.grant(database.obj) == []


def test_the_page_is_read_only_after_the_event_was_committed(
    portal: Portal, visit: SiteClient, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[str] = []
    bound = type(portal.databases).bound

    def note(databases: object, site: object, mode: str = "all") -> object:
        modes.append(f"{mode} {len(looks_now())}")
        return bound(databases, site, mode)  # type: ignore[arg-type]

    def looks_now() -> list[str]:
        with bound(portal.databases, portal.sites["fr"]):
            found = AuditEvent.select().where(AuditEvent.action == "support.looked")
            return [event.details for event in found]

    monkeypatch.setattr(type(portal.databases), "bound", note)
    assert visit.get(f"/subscriptions/{row.public_id}").status_code == 200
    assert modes == ["act 0", "look 1"]


# ---- who may visit what


@on_sqlite
def test_without_a_visit_nothing_is_shown_and_the_way_leads_to_the_console(
    app: Flask, portal: Portal, cast: Cast, agent: SiteClient
) -> None:
    """Neither to nobody nor to who is signed in at the console or at the site."""
    stranger = visit_client(app, "fr")
    console = portal.settings.origin(SUPPORT)
    for address in addresses(app, cast.rows_of(ALICE)):
        answer = stranger.get(address)
        assert (answer.status_code, answer.location) == (303, f"{console}/console"), address
        assert not CANARY.search(answer.text)
    stranger.set_cookie("visit", "A" * 43, domain="fr.support.localhost")
    assert stranger.get("/subscriptions").status_code == 303
    assert looks(portal) == []


@on_sqlite
def test_what_is_no_page_of_a_visit_is_not_there(app: Flask, portal: Portal, visit: SiteClient) -> None:
    """Every other address of the site, by every method."""
    before = looks(portal)
    for rule in app.url_map.iter_rules():
        declared = policy_of(app, rule.endpoint)
        assert declared
        if declared.visits or declared.place in ("visit", "anywhere") or "<" in rule.rule:
            continue
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            answer = visit.open(rule.rule, method=method)
            assert answer.status_code == 404, f"{method} {rule.rule}: {answer.status}"
    for path in ("/language", "/subscriptions", "/invoices"):
        assert visit.post(path).status_code in (404, 405), path
    assert looks(portal) == before


@on_sqlite
def test_a_visit_is_of_one_account_and_of_one_site(
    app: Flask, portal: Portal, cast: Cast, visit: SiteClient
) -> None:
    for owner in (CHARLIE, DORA):
        other = cast.row(owner, "active")
        for address in (
            f"/subscriptions/{other.public_id}",
            f"/invoices/{other.invoice}",
            "/members?account=1000002",
        ):
            answer = visit.get(address)
            assert answer.status_code == 404 or owner == DORA
            assert not [one for one in CANARY.findall(answer.text) if "charlie" in one or "-de-" in one]
    cookie = visit.get_cookie("visit", domain="fr.support.localhost")
    assert cookie
    for code in ("de", "gb"):
        elsewhere = visit_client(app, code)
        elsewhere.set_cookie("visit", cookie.value, domain=f"{code}.support.localhost")
        assert elsewhere.get("/subscriptions").status_code == 303
    at_site = client_at(app, "fr")
    at_site.set_cookie("session", cookie.value, domain="fr.localhost")
    at_site.set_cookie("visit", cookie.value, domain="fr.localhost")
    assert at_site.get("/subscriptions").location.startswith("/sign-in")


@on_sqlite
def test_of_a_person_with_two_accounts_only_the_visited_one_is_shown(
    app: Flask, portal: Portal, cast: Cast, agent: SiteClient, row: Row
) -> None:
    with portal.at(portal.sites["fr"]):
        other = cast.row(CHARLIE, "active").public_id
        database.execute_sql(
            "UPDATE subscription SET administrator_id = ? WHERE public_id = ?",
            (cast.person_ids[ALICE], other),
        )
    assert signed_in(app, ALICE).get(f"/subscriptions/{other}").status_code == 200, "control"
    visit = visiting(app, agent, row.public_id)
    assert visit.get(f"/subscriptions/{other}").status_code == 404
    assert other not in visit.get("/subscriptions").text
    assert other in page_of(visiting(app, agent, other).get("/subscriptions")).text


@on_sqlite
def test_an_agent_of_another_region_cannot_open_a_visit(
    app: Flask, portal: Portal, cast: Cast, row: Row
) -> None:
    keep_agent(portal, TONI)
    toni = signed_in_agent(app, TONI)
    known = f"/visits/new?site=fr&subscription={row.public_id}"
    assert toni.get(known).status_code == 404
    form = {"site": "fr", "subscription": row.public_id, "reason": REASON, "ticket": TICKET}
    assert toni.post("/visits", data=form).status_code == 404
    assert trail(portal) == []
    assert (
        toni.get(f"/visits/new?site=de&subscription={cast.row(DORA, 'active').public_id}").status_code == 200
    )
    assert console_client(app).post("/visits", data=form).status_code == 303  # to the sign-in
