"""The users of a subscription: list, invitations, files."""

from __future__ import annotations

from io import BytesIO

from playwright.sync_api import expect

from tests.browser.pages.shapes import (
    ADMIN,
    PageCase,
    active,
    administrator,
    is_active,
    is_cancelled,
    is_ended,
    is_for_everybody,
    is_pending,
    of,
    opened,
    submit_nothing,
)
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from webapp.data.subscriptions import Seat, Subscription
from webapp.domain.seats import seat_files

_PEOPLE_FILE = b"""email;name;last day;cost center;job site
max.neu@new.example;Max Neu;2027-03-31;4711;Quai 7
eva.novak@new.example;;;;
marie.dupont@;Marie Dupont;;;
jan@new.example;Jan Kowalski;2020-01-01;;
max.neu@new.example;;;;
"""


def edit_seat(visitor: Visitor) -> None:
    opened("menu-")(visitor)
    visitor.page.locator(":popover-open a").first.click()
    expect(visitor.page.locator(".seat-form #job_site")).to_be_visible()


def invite_in_dialog(visitor: Visitor) -> None:
    visitor.page.click("#invite-link")
    expect(visitor.page.locator("dialog[open] #addresses")).to_be_visible()


def invite_nobody(visitor: Visitor) -> None:
    visitor.page.fill("#addresses", "max@\neva.novak")
    submit_nothing(visitor)


def submit_nothing_to_upload(visitor: Visitor) -> None:
    visitor.page.locator("main form[enctype] button").click()
    expect(visitor.page.locator("[role=alert]")).to_be_visible()


def day_in_the_past(visitor: Visitor) -> None:
    visitor.page.fill("#last_day", "2020-01-01")
    visitor.page.locator(".seat-form button.pri").click()
    expect(visitor.page.locator("[role=alert]")).to_be_visible()


def conflicting_seat(visitor: Visitor) -> None:
    """As if somebody had changed it since: the form was read at an older version."""
    visitor.page.evaluate("document.querySelector('[name=version]').value = '99'")
    visitor.page.fill("#job_site", "Quai du Modèle 7")
    visitor.page.locator(".seat-form button.pri").click()
    expect(visitor.page.locator(".diff")).to_be_visible()


def a_seat(server: PortalServer, site: str) -> str:
    found = server.subscription_of(site, administrator(site), *is_active)
    with server.portal.at(server.portal.sites[site]):
        seat = Seat.select().where(Seat.subscription == found, Seat.counted == 1).order_by(Seat.id).get()
        return f"/seats/{seat.key}"


def just_removed(server: PortalServer, site: str) -> str:
    found = server.subscription_of(site, administrator(site), *is_active)
    with server.portal.at(server.portal.sites[site]):
        seat = Seat.select().where(Seat.subscription == found, Seat.revoked_at.is_null(False)).get()
        return f"/subscriptions/{found.public_id}/users?done=removed&seat={seat.key}"


def checked_file(server: PortalServer, site: str) -> str:
    bought = server.subscription_of(site, administrator(site), *is_active)
    product, now = server.portal.catalogue.by_key(bought.product_key), server.portal.clock()
    with server.portal.at(server.portal.sites[site]):
        row = Subscription.get_by_id(bought.id)
        file = seat_files.keep(
            row, BytesIO(_PEOPLE_FILE), name="people.csv", product=product, actor=row.administrator, now=now
        )
        seat_files.check(file, product=product, now=now)
    return f"/subscriptions/{bought.public_id}/users/file"


CASES = (
    PageCase("users", "seats.show_list", active("/users"), ADMIN),
    PageCase("users-menu", "seats.show_list", active("/users"), ADMIN, opened("menu-")),
    PageCase("users-no-hits", "seats.show_list", active("/users?q=zeppelin"), ADMIN),
    PageCase("users-ended", "seats.show_list", active("/users?show=ended"), ADMIN),
    PageCase("users-edit", "seats.show_list", active("/users"), ADMIN, edit_seat),
    PageCase("users-of-support", "seats.show_list", of(*is_for_everybody, page="/users"), ADMIN),
    PageCase("users-pending", "seats.show_list", of(*is_pending, page="/users"), ADMIN),
    PageCase("users-of-an-ended-one", "seats.show_list", of(*is_ended, page="/users"), ADMIN),
    PageCase("users-just-removed", "seats.show_list", just_removed, ADMIN),
    PageCase("invite-dialog", "seats.show_list", active("/users"), ADMIN, invite_in_dialog),
    PageCase("invite", "invitations.show", active("/users/invite"), ADMIN),
    PageCase("invite-refused", "invitations.show", active("/users/invite"), ADMIN, invite_nobody, 422),
    PageCase("seat", "seats.edit", a_seat, ADMIN),
    PageCase("seat-wrong-day", "seats.edit", a_seat, ADMIN, day_in_the_past, 422),
    PageCase("seat-conflict", "seats.edit", a_seat, ADMIN, conflicting_seat, 409),
    PageCase("file", "seat_files.show", of(*is_cancelled, page="/users/file"), ADMIN),
    PageCase(
        "file-refused",
        "seat_files.show",
        of(*is_cancelled, page="/users/file"),
        ADMIN,
        submit_nothing_to_upload,
        422,
    ),
    PageCase("file-checked", "seat_files.show", checked_file, ADMIN),
)
