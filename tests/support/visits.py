"""A support agent's browser on a visit, opened through the console's own form."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask

from tests.support.client import SiteClient
from webapp.sites import SUPPORT

REASON, TICKET = "You asked why an invoice is missing.", "T-4711"


def visiting(app: Flask, agent: SiteClient, public_id: str, *, reason: str = REASON) -> SiteClient:
    """At the host of visits of the subscription's site, on the first page. `agent` is signed in."""
    code = public_id.split("-")[1].lower()
    form = agent.page(f"/visits/new?site={code}&subscription={public_id}")
    answer = agent.submit(form, "/visits", reason=reason, ticket=TICKET)
    assert answer.status_code == 303, answer.status
    client = visit_client(app, code)
    assert answer.location.startswith(client.origin), answer.location
    entry = urlsplit(answer.location)
    entered = client.get(f"{entry.path}?{entry.query}")
    assert entered.status_code == 303, entered.status
    client.first_page = entered.location
    return client


def visit_client(app: Flask, code: str) -> SiteClient:
    """A browser there that has no visit."""
    client = SiteClient(app, None)
    client.origin = app.extensions["portal"].settings.origin(f"{code}.{SUPPORT}")
    return client
