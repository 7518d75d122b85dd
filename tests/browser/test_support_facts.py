"""A support agent finds out why no activation e-mail arrives, and corrects the purchaser's address."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.conftest import Visit
from tests.browser.server import Ordered, PortalServer
from tests.browser.visitor import Visitor
from tests.support.agents import AGENT_PASSWORD, AnAgent, keep_agent
from webapp.data.outbox import DEAD, OutboxMessage
from webapp.domain import limits
from webapp.domain.people import sign_in

LENA = AnAgent("lena@support.example", "Lena Lotse", ("western-europe",), "LENAHELPSCUSTOMERSOFTHEDEMO23456")


def refuse_mail(server: PortalServer, ordered: Ordered) -> None:
    """As the mail server would have answered ten days ago."""
    with server.portal.at(server.portal.sites[ordered.site]):
        refused = OutboxMessage.update(
            state=DEAD, last_error="550 5.1.1 User unknown in virtual mailbox table"
        )
        refused.where(OutboxMessage.to_email == ordered.email).execute()


def lock(server: PortalServer, email: str) -> None:
    """As too many wrong passwords do."""
    with server.portal.at(server.portal.sites["fr"]):
        for _time in range(sign_in.SIGN_INS.times):
            limits.count(sign_in.SIGN_INS, email, now=server.portal.clock())


def start_visit(visitor: Visitor, server: PortalServer, ordered: Ordered) -> Page:
    """From the console's sign-in to the first page of the visit."""
    keep_agent(server.portal, LENA)
    page = visitor.open("/agent/sign-in")
    page.fill("#email", LENA.email)
    page.fill("#password", AGENT_PASSWORD)
    page.locator("main form.form button").click()
    page.fill("#code", LENA.code(server.portal.clock()))
    page.locator("main form.form button.pri").click()
    visitor.expect_path("/console")
    visitor.open(f"/visits/new?site={ordered.site}&subscription={ordered.public_id}")
    page.fill("#reason", "You wrote that no email arrives.")
    page.fill("#ticket", "T-4711")
    page.locator("main form.form button.pri").click()
    page.locator(".visit-banner").wait_for()
    return page


def facts(page: Page, ordered: Ordered) -> Iterator[str]:
    """Goes to each of the pages by its links."""
    for name in ("Emails", "Log-ins", "Webhooks", "Audit trail", "Why are they stuck?"):
        page.locator("nav.tabs").get_by_role("link", name=name, exact=True).click()
        page.locator("nav.tabs [aria-current]", has_text=name).wait_for()
        yield name.lower()
    page.locator("main table a", has_text="PROFIS").first.click()
    page.locator("pre.received").wait_for()
    yield "subscription"


def test_a_wrong_address_is_found_and_corrected(visit: Visit, server: PortalServer) -> None:
    ordered = server.order("fr")
    refuse_mail(server, ordered)
    visitor = visit("support", width=390)
    page = start_visit(visitor, server, ordered)
    page.locator(".visit-banner a[href='/support']").click()
    found: list[str] = []
    for name in facts(page, ordered):
        found += axe.violations(page, name)
    page.locator(".visit-banner a[href='/support']").click()

    page.select_option("#question", "email")
    page.fill("#email", ordered.email)
    page.get_by_role("button", name="Find out").click()
    expect(page.locator(".finding")).to_contain_text("was not delivered: mailbox unknown.")
    expect(page.locator(".server-words")).to_contain_text("550 5.1.1 User unknown")
    found += axe.violations_in_all_looks(page, "diagnosis")

    page.get_by_role("link", name="Correct the address").click()
    visitor.expected.add(422)
    page.fill("#email", "no address")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#email-error")).to_be_visible()
    found += axe.violations(page, "purchaser-422")
    right = f"right.{ordered.email}"
    page.fill("#email", right)
    page.get_by_role("button", name="Continue").click()
    button = page.get_by_role("button", name=f"Correct it to {right}")
    found += axe.violations(page, "purchaser-review")
    button.click()
    expect(page.locator(".note.ok")).to_contain_text("The address was corrected")
    expect(page.locator("main")).to_contain_text("order.purchaser_corrected")

    page.get_by_role("link", name="Send the activation email again").click()
    found += axe.violations(page, "activation-mail")
    page.get_by_role("button", name="Send it again").click()
    expect(page.locator(".note.ok")).to_contain_text("leaves again")

    lock(server, right)
    page.locator("nav.tabs").get_by_role("link", name="Log-ins", exact=True).click()
    page.get_by_role("link", name=f"Unlock the log-in {right}").click()
    found += axe.violations(page, "unlock")
    page.get_by_role("button", name="Unlock the log-in").click()
    expect(page.locator(".note.ok")).to_contain_text("They may try again at once.")
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
