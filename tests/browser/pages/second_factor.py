"""A second factor of a customer's person: set up, asked for, lost."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from tests.browser.pages.shapes import (
    ADMIN,
    NO_TOKEN,
    Address,
    PageCase,
    Who,
    administrator,
    at,
    submit_nothing,
)
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from tests.browser.ways_in import camille, start_app
from webapp.data.accounts import Person
from webapp.data.keys import email_key
from webapp.demo.cast import PASSWORD
from webapp.domain import tokens
from webapp.domain.people import second_factor

WITH_APP: Who = "person with an app"
HALF: Who = "person half-way"


def new_app(server: PortalServer, site: str) -> str:
    with server.portal.at(server.portal.sites[site]):
        start_app(server, camille(server))
    return "/profile/second-factor/code"


def lost_link(*, days: int) -> Address:
    """That was mailed so many days ago to the administrator: it works from the next day."""

    def address(server: PortalServer, site: str) -> str:
        mailed_at = server.portal.clock() - timedelta(days=days)
        facts = {"minutes": second_factor.LOST_MINUTES, "next_path": "", "now": mailed_at}
        with server.portal.at(server.portal.sites[site]):
            whose = Person.get(Person.email_key == email_key(administrator(site)))
            return f"/sign-in/lost/{tokens.mint(tokens.LOST_FACTOR, person=whose, **facts)}"

    return address


def new_codes(visitor: Visitor) -> None:
    visitor.page.fill("#password", PASSWORD)
    visitor.page.click("button[value=codes]")
    expect(visitor.page.locator(".recovery li")).to_have_count(second_factor.RECOVERY_CODES)


_PAGE, _CODE = at("/profile/second-factor"), at("/sign-in/code")

CASES = (
    PageCase("second-factor", "second_factor.show", _PAGE, ADMIN),
    PageCase("second-factor-on", "second_factor.show", _PAGE, WITH_APP),
    PageCase("second-factor-codes", "second_factor.show", _PAGE, WITH_APP, new_codes),
    PageCase("second-factor-new-app", "second_factor.show_key", new_app, WITH_APP),
    PageCase("second-factor-no-code", "second_factor.show_key", new_app, WITH_APP, submit_nothing, 422),
    PageCase("sign-in-code", "second_factor.ask", _CODE, HALF),
    PageCase("sign-in-no-code", "second_factor.ask", _CODE, HALF, submit_nothing, 422),
    PageCase("sign-in-lost", "second_factor.lost", at("/sign-in/lost"), HALF),
    PageCase("sign-in-lost-not-yet", "second_factor.show_link", lost_link(days=0)),
    PageCase("sign-in-lost-link", "second_factor.show_link", lost_link(days=2)),
    PageCase(
        "sign-in-lost-dead-link", "second_factor.show_link", at(f"/sign-in/lost/{NO_TOKEN}"), status=410
    ),
)
