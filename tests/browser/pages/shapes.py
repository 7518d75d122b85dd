"""A page in a state: where it is, who opens it, and what brings the state about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from playwright.sync_api import expect

from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from tests.browser.ways_in import QUIET, WAYS_IN
from webapp.data.subscriptions import ACTIVE, ENDED, PENDING, SHELF_ACTIVE, SHELF_CANCELLED, Subscription
from webapp.demo.cast import PEOPLE
from webapp.sites import SUPPORT

NO_TOKEN = "A" * 43

# Customers' people by their role, and who comes in otherwise (`ways_in`).
Who = Literal[
    "administrator",
    "user",
    "billing",
    "backup",
    "agent",
    "agent with a passkey",
    "agent half-way",
    "new agent",
    "agent on a visit",
    "person half-way",
    "person with an app",
]
ADMIN: Who = "administrator"
USER: Who = "user"
BILLING: Who = "billing"
BACKUP: Who = "backup"
AGENT: Who = "agent"
VISITOR: Who = "agent on a visit"

FRONT = "front"  # the bare domain
CONSOLE = SUPPORT
VISIT, QUIET_VISIT = f"fr.{SUPPORT}", f"{QUIET}.{SUPPORT}"

Address = Callable[[PortalServer, str], str]  # of a server and a site
Act = Callable[[Visitor], None]


@dataclass(frozen=True)
class PageCase:
    name: str
    endpoint: str
    address: Address
    who: Who | None = None
    act: Act | None = None  # what brings the state about
    act_status: int = 200  # of the answer to that
    status: int = 200
    host: str = ""  # if it is not at a country site

    def place(self, site: str) -> str | None:
        """Where it is, as windows name it."""
        return None if self.host == FRONT else self.host or site


# ---- who


def administrator(site: str) -> str:
    return next(person.email for person in PEOPLE if person.site == site and person.administers)


def user(site: str) -> str:
    return next(person.email for person in PEOPLE if person.site == site and "license" in person.role)


def billing(site: str) -> str:
    return next(person.email for person in PEOPLE if person.site == site and person.bills)


def backup(site: str) -> str:
    """Who has two accounts as well."""
    return next(person.email for person in PEOPLE if person.site == site and person.backs_up)


def person_of(case: PageCase, site: str) -> str | None:
    """Their address, or the name of their way in."""
    if case.who in WAYS_IN:
        return case.who
    everybody = {"administrator": administrator, "user": user, "billing": billing, "backup": backup}
    return everybody[case.who](site) if case.who else None


# ---- where

is_active = (Subscription.shelf == SHELF_ACTIVE, Subscription.seats_taken > 0)
is_for_everybody = (Subscription.product_key == "ontrack-enterprise",)
is_pending = (Subscription.status == PENDING, Subscription.product_key.not_in(["ontrack-lite"]))
is_cancelled = (Subscription.status == ACTIVE, Subscription.shelf == SHELF_CANCELLED)
is_ended = (Subscription.status == ENDED,)
has_backup = (Subscription.backup.is_null(False),)


def at(path: str) -> Address:
    return lambda server, site: path


def of(*wanted: Any, page: str = "") -> Address:
    """A page of the administrator's first subscription like this."""
    return lambda server, site: (
        f"/subscriptions/{server.subscription_of(site, administrator(site), *wanted).public_id}{page}"
    )


def active(page: str = "") -> Address:
    return of(*is_active, page=page)


# ---- acts that are common


def submit_nothing(visitor: Visitor) -> None:
    visitor.page.locator("main form[method=post] button").last.click()
    expect(visitor.page.locator("[role=alert]")).to_be_visible()


def opened(popover: str) -> Act:
    def act(visitor: Visitor) -> None:
        visitor.page.locator(f"[popovertarget^='{popover}']:visible").first.click()
        expect(visitor.page.locator(":popover-open")).to_be_visible()

    return act
