"""What support sees and does on a visit: of an account in which much happened, and of one in which nothing did."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from playwright.sync_api import expect

from tests.browser.pages.claims import claimed
from tests.browser.pages.shapes import (
    QUIET_VISIT,
    VISIT,
    VISITOR,
    Address,
    PageCase,
    at,
    is_active,
    is_pending,
    submit_nothing,
)
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from tests.browser.ways_in import BROWSER, VISITED, person
from webapp.data.claims import OPEN
from webapp.data.subscriptions import Subscription
from webapp.data.webhooks import DEAD, SENT, WebhookEndpoint, WebhookMessage
from webapp.domain import limits
from webapp.domain.claims import claim_decisions
from webapp.domain.people import sign_in

LEA = "lea@demo.example"  # claims what the administrator of the visited account has, and is locked out
REFUSED = "503 Service Unavailable: the queue of the receiver is full"
_CLAIMED = Subscription.product_key == "profis-layout-office"


def visited(*wanted: Any, page: str = "") -> Address:
    """A page beside those of the customer, of the visited administrator's first subscription like this."""
    return lambda server, site: (
        f"/support/subscriptions/{server.subscription_of('fr', VISITED, *wanted).public_id}{page}"
    )


def visited_as_customer(server: PortalServer, site: str) -> str:
    return f"/subscriptions/{server.subscription_of('fr', VISITED, *is_active).public_id}"


def locked_out(page: str) -> Address:
    """Somebody after too many wrong passwords, while the administrator is logged in."""

    def address(server: PortalServer, site: str) -> str:
        now = server.portal.clock()
        with server.portal.at(server.portal.sites["fr"]):
            lea = person(server, LEA, "Léa Perdue", of=VISITED)
            limits.forgive(sign_in.SIGN_INS, LEA)
            for _time in range(sign_in.SIGN_INS.times):
                limits.count(sign_in.SIGN_INS, LEA, now=now)
            sign_in.start_session(lea, user_agent=BROWSER, now=now)
        return page

    return address


def dispute(server: PortalServer) -> str:
    """The key of a claim of hers that the administrator objected to."""
    with server.portal.at(server.portal.sites["fr"]):
        person(server, LEA, "Léa Perdue", of=VISITED)
    claim = claimed(server, "fr", VISITED, _CLAIMED, by=LEA)
    if claim.state == OPEN:
        with server.portal.at(server.portal.sites["fr"]):
            reason, now = "Je suis toujours là.", server.portal.clock()
            claim_decisions.raise_objection(claim, actor=claim.administrator, reason=reason, now=now)
    return str(claim.key)


def disputed(page: str) -> Address:
    return lambda server, site: page.format(dispute(server))


def told(server: PortalServer, site: str) -> str:
    """The shop was told of one thing, and could not be told of another."""
    bought, now = server.subscription_of("fr", VISITED, *is_active), server.portal.clock()
    with server.portal.at(server.portal.sites["fr"]):
        if not WebhookEndpoint.select().exists():
            there = WebhookEndpoint.create(url="https://shop.example/hook", secret="-", created_at=now)
            times = {"created_at": now, "expires_at": now + timedelta(days=3), "next_attempt_at": now}
            facts = {"endpoint": there, "subject": bought.public_id, "payload": "{}", "attempts": 1, **times}
            WebhookMessage.create(
                message_id="one", event="subscription.activated", state=SENT, sent_at=now, **facts
            )
            WebhookMessage.create(
                message_id="two", event="subscription.cancelled", state=DEAD, last_error=REFUSED, **facts
            )
    return "/support/webhooks"


def review_address(visitor: Visitor) -> None:
    visitor.page.fill("#email", "right.address@demo.example")
    visitor.page.locator("main form.form button.pri").click()
    expect(visitor.page.locator("main form [name=named]")).to_be_attached()


_ASK = "/support/diagnosis?question="
_PURCHASER = visited(*is_pending, page="/purchaser")
_MAILED = visited(*is_pending, page="/activation-mail")
_DISPUTE = disputed("/support/claims/{}")

_EVENTFUL = (
    PageCase("visit-manage", "subscriptions.manage", visited_as_customer),
    PageCase("visit-overview", "facts.overview", at("/support")),
    PageCase("visit-diagnosis", "facts.diagnosis", locked_out(f"{_ASK}sign-in&email={LEA}")),
    PageCase("visit-diagnosis-no-address", "facts.diagnosis", at(f"{_ASK}email"), status=422),
    PageCase("visit-emails", "facts.emails", at("/support/emails")),
    PageCase("visit-sign-ins", "facts.sign_ins", locked_out("/support/sign-ins")),
    PageCase("visit-unlock", "acts.ask_unlock", locked_out(f"/support/sign-ins/unlock?email={LEA}")),
    PageCase("visit-unlocked", "facts.sign_ins", at("/support/sign-ins?done=unlocked")),
    PageCase("visit-webhooks", "facts.webhooks", told),
    PageCase("visit-trail", "facts.trail", at("/support/trail")),
    PageCase("visit-subscription", "facts.subscription", visited(*is_active)),
    PageCase("visit-subscription-pending", "facts.subscription", visited(*is_pending)),
    PageCase("visit-activation-mail", "acts.ask_activation_mail", _MAILED),
    PageCase("visit-purchaser", "acts.edit_purchaser", _PURCHASER),
    PageCase("visit-purchaser-nothing-typed", "acts.edit_purchaser", _PURCHASER, None, submit_nothing, 422),
    PageCase("visit-purchaser-review", "acts.edit_purchaser", _PURCHASER, None, review_address),
    PageCase("visit-claims", "disputes.show_list", disputed("/support/claims")),
    PageCase("visit-claim", "disputes.show", _DISPUTE),
    PageCase("visit-claim-no-reason", "disputes.show", _DISPUTE, None, submit_nothing, 422),
)
_QUIET = (
    PageCase("visit-no-sign-ins", "facts.sign_ins", at("/support/sign-ins")),
    PageCase("visit-no-webhooks", "facts.webhooks", at("/support/webhooks")),
    PageCase("visit-no-claims", "disputes.show_list", at("/support/claims")),
)
CASES = tuple(
    replace(case, who=VISITOR, host=host)
    for host, cases in ((VISIT, _EVENTFUL), (QUIET_VISIT, _QUIET))
    for case in cases
)
