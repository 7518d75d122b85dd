"""How many licenses, and for whom: the quantity, and who is not reached."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.pages.shapes import ADMIN, Address, PageCase, active, administrator, is_active
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from webapp.data.outbox import BOUNCED, OutboxMessage
from webapp.data.subscriptions import Seat, Subscription
from webapp.domain import outbox


def unreached(page: str = "") -> Address:
    return lambda server, site: (
        unreached_user(server, site, server.subscription_of(site, administrator(site), *is_active)) + page
    )


def edit_quantity(visitor: Visitor) -> None:
    visitor.page.click("#quantity-edit")
    expect(visitor.page.locator("#number")).to_be_focused()


def pay_another_price(visitor: Visitor) -> None:
    """As if the page had been opened yesterday."""
    visitor.page.evaluate("document.querySelector('[name=shown]').value = '60:1:2001-01-01'")
    visitor.page.locator("form[action$='/more'] button").click()
    expect(visitor.page.locator(".diff")).to_be_visible()


def name_nobody(visitor: Visitor) -> None:
    visitor.page.locator("form[action$='/fewer'] button").click()
    expect(visitor.page.locator("[role=alert]")).to_be_visible()


def unreached_user(server: PortalServer, site: str, found: Subscription) -> str:
    """The last mail to somebody who holds a license came back."""
    with server.portal.at(server.portal.sites[site]):
        seat = Seat.select().where(Seat.subscription == found, Seat.counted == 1).order_by(Seat.id).get()
        outbox.enqueue(
            "seat_removed", to=seat.person, subscription=found, from_name="-", now=server.portal.clock()
        )
        newest = OutboxMessage.select().order_by(OutboxMessage.id.desc()).get()
        came_back = {"state": BOUNCED, "last_error": "550 5.1.1 User unknown"}
        OutboxMessage.update(came_back).where(OutboxMessage.id == newest.id).execute()
    return f"/subscriptions/{found.public_id}"


CASES = (
    PageCase("manage-licenses-in-place", "subscriptions.manage", active(), ADMIN, edit_quantity),
    PageCase("licenses-more", "quantity.show", active("/licenses?number=60"), ADMIN),
    PageCase(
        "licenses-conflict", "quantity.show", active("/licenses?number=60"), ADMIN, pay_another_price, 409
    ),
    PageCase("licenses-nobody-named", "quantity.show", active("/licenses?number=1"), ADMIN, name_nobody, 422),
    PageCase("manage-unreached", "subscriptions.manage", unreached(), ADMIN),
    PageCase("users-unreached", "seats.show_list", unreached("/users"), ADMIN),
)
