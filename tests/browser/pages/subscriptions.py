"""Subscriptions: the list, the page of one, its agreement and its end."""

from __future__ import annotations

from urllib.parse import urlencode

from tests.browser.pages.shapes import (
    ADMIN,
    BACKUP,
    BILLING,
    USER,
    Address,
    PageCase,
    active,
    administrator,
    at,
    has_backup,
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
from webapp.data.subscriptions import Subscription


def chosen(**more: str) -> Address:
    """Of what is done with three of the administrator's subscriptions."""

    def address(server: PortalServer, site: str) -> str:
        kinds = (is_active, is_pending, is_cancelled)
        ids = [server.subscription_of(site, administrator(site), *one).public_id for one in kinds]
        return "/subscriptions/chosen?" + urlencode({"do": "po", "subscription": ids, **more}, doseq=True)

    return address


def too_late(server: PortalServer, site: str) -> str:
    lapsed = Subscription.product_key == "ontrack-lite"
    return f"/activate/{server.order_number_of(site, administrator(site), lapsed)}"


def too_long_reason(visitor: Visitor) -> None:
    visitor.page.fill("#reason", "x" * 501)
    submit_nothing(visitor)


def cancel_at_another_date(visitor: Visitor) -> None:
    """As if the subscription had been renewed since the page was opened."""
    visitor.page.evaluate("document.querySelector('main [name=ends_on]').value = '2001-01-01'")
    submit_nothing(visitor)


_LIST = at("/subscriptions")
_CANCELLATION = active("/cancellation")

CASES = (
    PageCase("too-late", "activation.follow_link", too_late, ADMIN, status=410),
    PageCase("agreement-pending", "activation.show_agreement", of(*is_pending, page="/agreement"), ADMIN),
    PageCase("agreement-accepted", "activation.show_agreement", active("/agreement"), ADMIN),
    PageCase("list", "subscriptions.show_list", _LIST, ADMIN),
    PageCase("list-row-menu", "subscriptions.show_list", _LIST, ADMIN, opened("menu-SUB")),
    PageCase("list-my-menu", "subscriptions.show_list", _LIST, ADMIN, opened("me-menu")),
    PageCase("list-no-hits", "subscriptions.show_list", at("/subscriptions?q=zeppelin"), ADMIN),
    PageCase("list-cancelled", "subscriptions.show_list", at("/subscriptions?status=cancelled"), ADMIN),
    PageCase("list-empty", "subscriptions.show_list", at("/subscriptions?view=mine"), BILLING),
    PageCase("manage-active", "subscriptions.manage", active(), ADMIN),
    PageCase("manage-unlimited", "subscriptions.manage", of(*is_for_everybody), ADMIN),
    PageCase("manage-pending", "subscriptions.manage", of(*is_pending), ADMIN),
    PageCase("manage-cancelled", "subscriptions.manage", of(*is_cancelled), ADMIN),
    PageCase("manage-ended", "subscriptions.manage", of(*is_ended), ADMIN),
    PageCase("list-used", "subscriptions.show_list", _LIST, USER),
    PageCase("list-chosen", "subscriptions.show_list", at("/subscriptions?choose=page"), ADMIN),
    PageCase("choice", "subscription_choice.show", chosen(), ADMIN),
    PageCase("choice-preview", "subscription_choice.show", chosen(po_number="BC 2027"), ADMIN),
    PageCase("choice-wrong", "subscription_choice.show", chosen(po_number=" "), ADMIN, status=422),
    PageCase("cancellation", "cancellation.show", _CANCELLATION, ADMIN),
    PageCase("cancellation-scheduled", "cancellation.show", of(*is_cancelled, page="/cancellation"), ADMIN),
    PageCase("cancellation-long-reason", "cancellation.show", _CANCELLATION, ADMIN, too_long_reason, 422),
    PageCase("cancellation-conflict", "cancellation.show", _CANCELLATION, ADMIN, cancel_at_another_date, 409),
    PageCase(
        "manage-just-cancelled", "subscriptions.manage", of(*is_cancelled, page="?done=cancelled"), ADMIN
    ),
    PageCase("manage-just-kept", "subscriptions.manage", active("?done=kept"), ADMIN),
    PageCase("list-billing", "subscriptions.show_list", _LIST, BILLING),
    PageCase("list-backup", "subscriptions.show_list", _LIST, BACKUP),
    PageCase("list-my-companies", "subscriptions.show_list", _LIST, BACKUP, opened("me-menu")),
    PageCase("manage-billing", "subscriptions.manage", active(), BILLING),
    PageCase("manage-backup", "subscriptions.manage", of(*has_backup), BACKUP),
)
