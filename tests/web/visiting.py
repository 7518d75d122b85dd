"""What tests of visits begin with: sam is signed in at the console, and visits alice's account."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from tests.support.agents import keep_agent, signed_in_agent
from tests.support.cast import ALICE, Cast, Row
from tests.support.client import SiteClient
from tests.support.visits import visiting
from webapp.assembly import Portal
from webapp.data.audit import AuditEvent


@pytest.fixture
def agent(app: Flask, portal: Portal) -> SiteClient:
    keep_agent(portal)
    return signed_in_agent(app)


@pytest.fixture
def row(cast: Cast) -> Row:
    return cast.row(ALICE, "active")


@pytest.fixture
def visit(app: Flask, agent: SiteClient, row: Row) -> SiteClient:
    return visiting(app, agent, row.public_id)


def trail(portal: Portal, code: str = "fr") -> list[tuple[str, dict[str, str]]]:
    """What agents did, as the site knows it."""
    with portal.at(portal.sites[code]):
        found = AuditEvent.select().where(AuditEvent.actor_kind == "agent").order_by(AuditEvent.id)
        return [(event.action, json.loads(event.details)) for event in found]


def looks(portal: Portal) -> list[str]:
    return [details["page"] for action, details in trail(portal) if action == "support.looked"]
