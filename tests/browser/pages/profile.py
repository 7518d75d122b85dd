"""What a person has for themselves, and the people of their company."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.pages.shapes import (
    ADMIN,
    BACKUP,
    BILLING,
    NO_TOKEN,
    PageCase,
    administrator,
    at,
    submit_nothing,
)
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from webapp.data.accounts import Person
from webapp.data.email_changes import EmailChange
from webapp.data.keys import email_key
from webapp.domain import tokens


def confirm_email(server: PortalServer, site: str) -> str:
    """As if the administrator had asked for another address."""
    with server.portal.at(server.portal.sites[site]):
        person, now = Person.get(Person.email_key == email_key(administrator(site))), server.portal.clock()
        change = EmailChange.create(person=person, email="new@demo.example", asked_at=now)
        facts = {"minutes": 60, "next_path": "", "concerns": str(change.id)}
        token = tokens.mint(tokens.CONFIRM_EMAIL, person=person, now=now, **facts)
    return f"/profile/email/confirm/{token}"


def reminder_link(server: PortalServer, site: str) -> str:
    """As a reminder brought it to the administrator."""
    with server.portal.at(server.portal.sites[site]):
        person, now = Person.get(Person.email_key == email_key(administrator(site))), server.portal.clock()
        token = tokens.mint(tokens.UNSUBSCRIBE, person=person, minutes=60, next_path="", now=now)
    return f"/reminders/{token}"


def no_reminders(visitor: Visitor) -> None:
    visitor.page.locator("main form[method=post] button").last.click()
    expect(visitor.page.locator(".note.ok")).to_be_visible()


def open_calendar(visitor: Visitor) -> None:
    visitor.page.locator("main form[action='/profile/calendar'] button").first.click()
    expect(visitor.page.locator("#feed")).to_be_visible()


def edit_name(visitor: Visitor) -> None:
    visitor.page.click("#name-edit")
    expect(visitor.page.locator("#name")).to_be_visible()


def no_name(visitor: Visitor) -> None:
    visitor.page.fill("#name", "")
    submit_nothing(visitor)


def review_billing(visitor: Visitor) -> None:
    visitor.page.locator("form[action='/members/billing'] button").first.click()
    visitor.page.wait_for_url("**/members/billing")


CASES = (
    PageCase("members", "members.show", at("/members"), ADMIN),
    PageCase("members-billing", "members.show", at("/members"), BILLING),
    PageCase("members-no-hits", "members.show", at("/members?q=zeppelin"), ADMIN),
    PageCase("members-review", "members.show", at("/members"), BILLING, review_billing),
    PageCase("support-visits", "support_visits_seen.show", at("/support-visits"), ADMIN),
    PageCase("accounts", "accounts.show", at("/accounts"), BACKUP),
    PageCase("profile", "profile.show", at("/profile"), ADMIN),
    PageCase("profile-name-in-place", "profile.show", at("/profile"), ADMIN, edit_name),
    PageCase("profile-name", "profile.edit_name", at("/profile/name"), ADMIN),
    PageCase("profile-no-name", "profile.edit_name", at("/profile/name"), ADMIN, no_name, 422),
    PageCase("profile-email", "profile.edit_email", at("/profile/email"), ADMIN),
    PageCase("profile-no-email", "profile.edit_email", at("/profile/email"), ADMIN, submit_nothing, 422),
    PageCase("profile-confirm-email", "profile.show_confirm", confirm_email),
    PageCase(
        "profile-dead-link", "profile.show_confirm", at(f"/profile/email/confirm/{NO_TOKEN}"), status=410
    ),
    PageCase("reminders", "reminders.show", reminder_link),
    PageCase("reminders-saved", "reminders.show", reminder_link, None, no_reminders),
    PageCase("reminders-dead-link", "reminders.show", at(f"/reminders/{NO_TOKEN}"), status=410),
    PageCase("calendar", "calendar_feed.show", at("/profile/calendar"), ADMIN),
    PageCase("calendar-address", "calendar_feed.show", at("/profile/calendar"), ADMIN, open_calendar),
    PageCase("profile-password", "profile.edit_password", at("/profile/password"), ADMIN),
    PageCase(
        "profile-no-password", "profile.edit_password", at("/profile/password"), ADMIN, submit_nothing, 422
    ),
)
