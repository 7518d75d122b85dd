"""A visit shows what the administrator sees and nothing that could change it; each page is in the customer's
trail before it is shown."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.agents import keep_agent, signed_in_agent
from tests.support.cast import ALICE, Cast
from tests.support.client import SiteClient
from tests.support.visits import visiting
from webapp.assembly import Portal


@pytest.fixture
def agent(app: Flask, portal: Portal) -> SiteClient:
    keep_agent(portal)
    return signed_in_agent(app)


def test_first(app: Flask, portal: Portal, cast: Cast, agent: SiteClient) -> None:
    row = cast.row(ALICE, "active")
    client = visiting(app, agent, row.public_id)
    print(client.first_page)
    page = client.page(client.first_page)
    print(page.text)
