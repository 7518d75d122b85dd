"""Another administrator, a backup."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.pages.shapes import (
    ADMIN,
    BACKUP,
    PageCase,
    active,
    administrator,
    has_backup,
    of,
    submit_nothing,
)
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from webapp.data.accounts import Person
from webapp.data.keys import email_key
from webapp.data.subscriptions import Subscription
from webapp.domain.subscriptions import transfer
from webapp.domain.subscriptions.subscription_list import reminders


def in_dialog(visitor: Visitor) -> None:
    visitor.page.click("#transfer-link")
    expect(visitor.page.locator("dialog[open] #to-new")).to_be_visible()


def chosen_in_dialog(visitor: Visitor) -> None:
    in_dialog(visitor)
    visitor.page.locator("#to-1").check()
    expect(visitor.page.locator("#transfer-end [value=confirm]")).to_be_visible()


def new_person(visitor: Visitor) -> None:
    visitor.page.locator("#to-new").check()
    submit_nothing(visitor)


def handed_over(server: PortalServer, site: str) -> str:
    """One that the administrator gave to somebody who has not come yet."""
    with server.portal.at(server.portal.sites[site]):
        old = Person.get(Person.email_key == email_key(administrator(site)))
        gone = [row.public_id for row in reminders(old.id, now=server.portal.clock()).handed_over]
    if not gone:
        office = Subscription.product_key == "profis-layout-office"
        given = server.subscription_of(site, administrator(site), office)
        heir, now = transfer.NewPerson("Max Neu", "max@new.example"), server.portal.clock()
        with server.portal.at(server.portal.sites[site]):
            row = Subscription.get_by_id(given.id)
            transfer.transfer_administration(row, to=heir, keep_seat=True, actor=row.administrator, now=now)
        gone = [given.public_id]
    return f"/subscriptions/{gone[0]}/transfer/take-back"


CASES = (
    PageCase("manage-transfer-dialog", "subscriptions.manage", active(), ADMIN, in_dialog),
    PageCase("manage-transfer-chosen", "subscriptions.manage", active(), ADMIN, chosen_in_dialog),
    PageCase("transfer", "transfer.choose", active("/transfer"), ADMIN),
    PageCase("transfer-new-person", "transfer.choose", active("/transfer"), ADMIN, new_person, 422),
    PageCase("transfer-take-back", "transfer.show_take_back", handed_over, ADMIN),
    PageCase("backup", "backup.choose", active("/backup"), ADMIN),
    PageCase("backup-leave", "backup.show_leave", of(*has_backup, page="/backup/leave"), BACKUP),
)
