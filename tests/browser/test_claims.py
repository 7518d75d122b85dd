"""“Our administrator has left”, walked through: claimed by a colleague, confirmed by mail, objected to by mail."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser import axe
from tests.browser.conftest import Visit
from tests.browser.server import PortalServer
from tests.browser.test_layout import sideways
from tests.browser.test_visits import signed_in
from tests.browser.visitor import Visitor
from webapp.data.accounts import Person
from webapp.data.claims import DISPUTED, GRANTED, OPEN, Claim
from webapp.data.keys import email_key
from webapp.data.subscriptions import Subscription
from webapp.domain.companies import accounts

COLLEAGUE = "colleague@browser.example"


def follow_the_mail(visitor: Visitor, holding: str, part: str) -> None:
    """The link of the newest mail like this, in the demo's mailbox."""
    visitor.server.deliver_mail("fr")
    page = visitor.open_newest_mail(holding)
    visitor.page.goto(str(page.locator(f"a[href*='{part}']").first.get_attribute("href")))


def test_a_colleague_claims_the_administrator_objects_and_support_decides(
    visit: Visit, server: PortalServer
) -> None:
    order = server.active_order()
    with server.portal.at(server.portal.sites["fr"]):
        now = server.portal.clock()
        person = accounts.keep_person(email=COLLEAGUE, name="Noé Collègue", language="fr", now=now)
        bought = Subscription.get(Subscription.public_id == order.public_id)
        accounts.join(person, bought.account, now=now)
    server.give_password("fr", COLLEAGUE)

    colleague = visit("fr")
    colleague.sign_in(COLLEAGUE)
    page = colleague.open("/claims")
    colleague.expected.add(422)
    page.fill("#more", "Fieldwire")
    page.fill("#reason", "Elle est partie en octobre.")
    page.click("main form[action='/claims'] button.pri")
    expect(page.locator("[role=alert]")).to_be_focused()
    expect(page.locator("#reason")).to_have_value("Elle est partie en octobre.")
    page.fill("#more", order.public_id)
    page.keyboard.press("Enter")
    colleague.expect_path("/claims")
    follow_the_mail(colleague, COLLEAGUE, "/claims/prove/")
    colleague.page.click("main form button.pri")
    colleague.expect_path("/claims")
    expect(colleague.page.locator("main ul.people")).to_contain_text(order.public_id)

    former = visit("fr", width=390, javascript=False)  # has left, and cannot log in any more
    follow_the_mail(former, order.email, "/claims/object/")
    assert state_of(server) == OPEN
    expect(former.page.locator("main")).to_contain_text(COLLEAGUE)
    former.page.click("main form button[value=object]")
    former.expect_path("/claims/objected")
    assert state_of(server) == DISPUTED

    agent = visit("support", width=390, language="fr-FR")
    page = signed_in(agent)
    waiting = page.locator("#disputes li").filter(has_text=order.public_id)  # comes by itself
    expect(waiting).to_be_visible()
    found = axe.violations_in_all_looks(page, "console-claims")
    found += axe.violations_in_all_looks(agent.open("/console/claims"), "claims")
    waiting.locator("a").click()
    page.fill("#reason", "Une collègue demande à reprendre l’abonnement.")
    page.fill("#ticket", "T-4712")
    page.keyboard.press("Enter")
    agent.site = "fr.support"
    agent.expect_path(order.path)
    page.click(f"a[href='{order.path}/claim']")
    page.click("a[href^='/support/claims/']")
    found += axe.violations_in_all_looks(page, "claim-of-visit")
    assert not sideways(page)
    agent.expected.add(422)
    page.click("button[value=approve]")
    expect(page.locator("[role=alert]")).to_be_focused()
    found += axe.violations(page, "claim-of-visit-wrong")
    page.fill("#reason", "L’entreprise confirme le départ.")
    page.click("button[value=approve]")
    agent.expect_path("/support/claims")
    found += axe.violations_in_all_looks(page, "claims-of-visit")
    assert not found, "\n".join(found)
    assert state_of(server) == GRANTED
    expect(colleague.open(order.path).locator("#activity")).to_contain_text("Robin Rat")


def state_of(server: PortalServer) -> str:
    with server.portal.at(server.portal.sites["fr"]):
        claimant = Person.get(Person.email_key == email_key(COLLEAGUE))
        return str(Claim.get(Claim.person == claimant).state)
