"""What everybody may see."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.browser.pages.shapes import (
    FRONT,
    NO_TOKEN,
    USER,
    PageCase,
    administrator,
    at,
    is_pending,
    opened,
    submit_nothing,
)
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from webapp.payments import CardWanted


def waiting_order(server: PortalServer, site: str) -> str:
    return f"/sign-in?next=/activate/{server.order_number_of(site, administrator(site), *is_pending)}"


def set_password(server: PortalServer, site: str) -> str:
    return f"/password/set/{server.password_token(site, administrator(site))}"


def card_provider(server: PortalServer, site: str) -> str:
    """In production it would be somebody else's page."""
    there = server.portal.sites["fr"]
    here = f"{there.origin}/help"
    begun = server.portal.cards.begin(CardWanted(there, "", "SUB-FR-200001", "1", here, here))
    return urlsplit(begun.url).path


def newest_mail(server: PortalServer, site: str) -> str:
    server.deliver_mail(site)
    return f"/mailbox/{server.newest_mail_name()}"


def wrong_password(visitor: Visitor) -> None:
    visitor.page.fill("#email", "nobody@demo.example")
    visitor.page.fill("#password", "not the password")
    submit_nothing(visitor)


def weak_password(visitor: Visitor) -> None:
    visitor.page.fill("#password", "password1234")
    submit_nothing(visitor)


def all_answers(visitor: Visitor) -> None:
    visitor.page.evaluate("document.querySelectorAll('details').forEach((answer) => answer.open = true)")


CASES = (
    PageCase("chooser", "front.home", at("/"), host=FRONT),
    PageCase("card-provider", "card_provider.show", card_provider, host=FRONT),
    PageCase("mailbox", "front.list_mail", at("/mailbox"), host=FRONT),
    PageCase("mail", "front.read_mail", newest_mail, host=FRONT),
    PageCase("mail-as-sent", "front.show_mail", lambda *here: newest_mail(*here) + "/html", host=FRONT),
    PageCase("sign-in", "sign_in.show", at("/sign-in")),
    PageCase("sign-in-language-menu", "sign_in.show", at("/sign-in"), None, opened("language-menu")),
    PageCase("sign-in-order", "sign_in.show", waiting_order),
    PageCase("sign-in-nothing-typed", "sign_in.show", at("/sign-in"), None, submit_nothing, 422),
    PageCase("sign-in-refused", "sign_in.show", at("/sign-in"), None, wrong_password, 422),
    PageCase("password-forgotten", "passwords.forgotten", at("/password/forgotten")),
    PageCase(
        "password-forgotten-nothing-typed",
        "passwords.forgotten",
        at("/password/forgotten"),
        None,
        submit_nothing,
        422,
    ),
    PageCase("password-sent", "passwords.sent", at("/password/sent")),
    PageCase("password-choose", "passwords.choose", set_password),
    PageCase("password-weak", "passwords.choose", set_password, None, weak_password, 422),
    PageCase("password-dead-link", "passwords.choose", at(f"/password/set/{NO_TOKEN}"), status=410),
    PageCase("missing", "whereabouts.show", at("/missing-subscriptions")),
    PageCase("missing-of-a-person", "whereabouts.show", at("/missing-subscriptions"), USER),
    PageCase(
        "missing-nothing-typed", "whereabouts.show", at("/missing-subscriptions"), None, submit_nothing, 422
    ),
    PageCase("missing-asked", "whereabouts.asked", at("/missing-subscriptions/asked")),
    PageCase("help", "help.show", at("/help"), None, all_answers),
    PageCase("imprint", "legal.imprint", at("/imprint")),
    PageCase("privacy", "legal.privacy", at("/privacy")),
    PageCase("accessibility", "legal.accessibility", at("/accessibility")),
    PageCase("not-found", "errors.404", at("/there-is-no-such-page"), status=404),
    PageCase("not-found-country-chooser", "errors.404", at("/nor-here"), status=404, host=FRONT),
)
