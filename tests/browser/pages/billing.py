"""Purchase order numbers, billing data, addresses for invoices, payment."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.pages.shapes import (
    ADMIN,
    NO_TOKEN,
    Address,
    PageCase,
    active,
    administrator,
    at,
    is_for_everybody,
    of,
)
from tests.browser.server import PortalServer
from tests.browser.visitor import Visitor
from webapp.data.subscriptions import SHELF_ACTIVE, Subscription


def confirm_address(server: PortalServer, site: str) -> str:
    return f"/invoice-address/{server.address_token(site)}"


def paid_by_card(page: str = "") -> Address:
    """One that has no purchase order number either."""

    def address(server: PortalServer, site: str) -> str:
        premium = (
            Subscription.product_key == "profis-engineering-premium",
            Subscription.shelf == SHELF_ACTIVE,
        )
        found = server.subscription_of(site, administrator(site), *premium)
        changes = {"po_number": "", "next_po_number": None, "payment_method": "credit_card"}
        with server.portal.at(server.portal.sites[site]):
            Subscription.update(changes).where(Subscription.id == found.id).execute()
        return f"/subscriptions/{found.public_id}{page}"

    return address


def edit_po(visitor: Visitor) -> None:
    visitor.page.click("#po-edit")
    expect(visitor.page.locator("#po_number")).to_be_visible()


def too_long_po(visitor: Visitor) -> None:
    visitor.page.fill("#po_number", "4" * 90)
    visitor.page.locator("#po button.pri").click()
    expect(visitor.page.locator("[role=alert]")).to_be_visible()


def conflicting_po(visitor: Visitor) -> None:
    """As if somebody had changed it since: the form was read at an older version."""
    visitor.page.evaluate("document.querySelector('[name=version]').value = '99'")
    visitor.page.fill("#po_number", "BC 2026-114")
    visitor.page.locator("#po button.pri").click()
    expect(visitor.page.locator(".diff")).to_be_visible()


def edit_next_po(visitor: Visitor) -> None:
    visitor.page.click("#po-next-edit")
    expect(visitor.page.locator("#po_number")).to_be_visible()


def edit_billing(visitor: Visitor) -> None:
    visitor.page.click("#billing-edit")
    expect(visitor.page.locator("#line1")).to_be_visible()


def wrong_billing(visitor: Visitor) -> None:
    visitor.page.fill("#city", "")
    visitor.page.fill("#vat_id", "FR11123456783")
    visitor.page.locator("#billing button.pri").click()
    expect(visitor.page.locator("#billing [role=alert]")).to_be_visible()


def conflicting_billing(visitor: Visitor) -> None:
    """As if somebody had changed them since: the form was read at another version."""
    visitor.page.evaluate("document.querySelector('#billing [name=version]').value = '99'")
    visitor.page.fill("#city", "Rennes")
    visitor.page.locator("#billing button.pri").click()
    expect(visitor.page.locator("#billing .diff")).to_be_visible()


def add_address(visitor: Visitor) -> None:
    visitor.page.click("#recipient-add")
    expect(visitor.page.locator("#email")).to_be_visible()


def wrong_address(visitor: Visitor) -> None:
    visitor.page.fill("#email", "nobody@")
    visitor.page.locator("#recipients button.pri").click()
    expect(visitor.page.locator("#recipients [role=alert]")).to_be_visible()


def wrong_iban(visitor: Visitor) -> None:
    visitor.page.fill("#holder", "Bâti-Ouest")
    visitor.page.fill("#iban", "GB29 NWBK 6016 1331 9268 19")
    visitor.page.locator("#payment button.pri").click()
    expect(visitor.page.locator("#payment [role=alert]")).to_be_visible()


def leave_for_card(visitor: Visitor) -> None:
    visitor.page.locator("#payment form[action$=card] button").click()
    expect(visitor.page.locator("main a[href*=card-provider]")).to_be_visible()


def conflicting_payment(visitor: Visitor) -> None:
    visitor.page.evaluate("document.querySelector('#payment [name=version]').value = '99'")
    visitor.page.locator("#payment form[action$=invoice] button").click()
    expect(visitor.page.locator("#payment .diff")).to_be_visible()


_PO = active("/purchase-order")
_BILLING_DATA = active("/billing-details")
_RECIPIENTS = active("/invoice-addresses")
_PAYMENT = active("/payment-method")
_BY_DEBIT = of(*is_for_everybody, page="/payment-method")

CASES = (
    PageCase("manage-po-in-place", "subscriptions.manage", active(), ADMIN, edit_po),
    PageCase("po", "purchase_orders.edit", _PO, ADMIN),
    PageCase("po-too-long", "purchase_orders.edit", _PO, ADMIN, too_long_po, 422),
    PageCase("po-conflict", "purchase_orders.edit", _PO, ADMIN, conflicting_po, 409),
    PageCase("manage-po-next-in-place", "subscriptions.manage", active(), ADMIN, edit_next_po),
    PageCase("po-next", "purchase_orders.edit", active("/purchase-order?term=next"), ADMIN),
    PageCase("manage-without-po", "subscriptions.manage", paid_by_card(), ADMIN),
    PageCase("manage-billing-in-place", "subscriptions.manage", active(), ADMIN, edit_billing),
    PageCase("billing", "billing_details.edit", _BILLING_DATA, ADMIN),
    PageCase("billing-wrong", "billing_details.edit", _BILLING_DATA, ADMIN, wrong_billing, 422),
    PageCase("billing-conflict", "billing_details.edit", _BILLING_DATA, ADMIN, conflicting_billing, 409),
    PageCase("manage-address-in-place", "subscriptions.manage", active(), ADMIN, add_address),
    PageCase("invoice-addresses", "invoice_recipients.show", _RECIPIENTS, ADMIN),
    PageCase("invoice-addresses-wrong", "invoice_recipients.show", _RECIPIENTS, ADMIN, wrong_address, 422),
    PageCase("manage-just-added-address", "subscriptions.manage", active("?done=address-added"), ADMIN),
    PageCase("invoice-address-confirm", "invoice_recipients.ask", confirm_address),
    PageCase(
        "invoice-address-dead-link", "invoice_recipients.ask", at(f"/invoice-address/{NO_TOKEN}"), status=410
    ),
    PageCase("invoice-address-confirmed", "invoice_recipients.confirmed", at("/invoice-address/confirmed")),
    PageCase("payment", "payment_methods.show", _PAYMENT, ADMIN),
    PageCase("payment-debit", "payment_methods.show", _BY_DEBIT, ADMIN),
    PageCase("payment-card", "payment_methods.show", paid_by_card("/payment-method"), ADMIN),
    PageCase("payment-leave", "cards.leave", _PAYMENT, ADMIN, leave_for_card),
    PageCase("payment-wrong", "payment_methods.show", _PAYMENT, ADMIN, wrong_iban, 422),
    PageCase("payment-conflict", "payment_methods.show", _BY_DEBIT, ADMIN, conflicting_payment, 409),
)
