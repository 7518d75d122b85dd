"""Purchase order numbers, payment, billing data and invoices."""

from __future__ import annotations

from tests.support.cast import ALICE, DORA, unconfirmed_address
from tests.web.routes.shapes import (
    MANAGEABLE,
    PAYING,
    VISIBLE,
    Body,
    Route,
    by_link,
    managed,
    paid,
    personal,
    public,
    route,
    while_active,
)
from webapp.sites import Site

_BILLING = {
    "name": "Stolen & Sons",
    "line1": "Hidden Lane 1",
    "postal_code": "",
    "city": "Nowhere",
    "country": "FR",
}
_THIEF = {"email": "thief@example.com", "whose": "company"}


def _listed(site: Site) -> Body:
    """One that the cast has on the list of the owner's active subscription, not confirmed."""
    return {"email": unconfirmed_address({"fr": ALICE, "de": DORA}[site.code]), "whose": "subscription"}


def _mandate(site: Site) -> Body:
    text = site.agreement("direct-debit-mandate", site.default_language)
    account = {"holder": "A Thief", "iban": "DE89370400440532013000", "accepted": "yes"}
    return {**account, "mandate": text.sha256, "version": "0"}


def of_invoice(ending: str = "") -> Route:
    invoiced = dict.fromkeys(("active", "cancelled", "ended"), 200)
    path = f"GET /invoices/<invoice_number:number>{ending}"
    return personal(path, invoiced, names="invoice", also=PAYING)


ROUTES: dict[str, Route] = {
    "purchase_orders.edit": paid("GET /purchase-order", MANAGEABLE),
    "purchase_orders.show": paid("GET /purchase-order/value", while_active(303), in_place=MANAGEABLE),
    "purchase_orders.save": paid(
        "POST /purchase-order",
        while_active(409),
        body={"po_number": "nothing", "version": "99"},
        attack=lambda site: {"po_number": "stolen", "version": "0"},
    ),
    "payment_methods.show": paid("GET /payment-method", MANAGEABLE),
    "payment_methods.by_invoice": paid(
        "POST /payment-method/invoice",
        while_active(409),
        body={"version": "99"},
        attack=lambda site: {"version": "0"},
    ),
    "payment_methods.by_direct_debit": paid(
        "POST /payment-method/direct-debit", while_active(422), attack=_mandate
    ),
    "cards.begin": paid(
        "POST /payment-method/card",
        while_active(409),
        body={"version": "99"},
        attack=lambda site: {"version": "0"},
    ),
    # No set-up is named: what becomes of one is told in the walk and in test_cards.py.
    "cards.leave": paid("GET /payment-method/card", while_active(303)),
    "cards.come_back": paid("GET /payment-method/card/return", while_active(303)),
    # Asked by nobody who has a cookie: see signed.py.
    "cards.take_event": route("POST /payments/card-events", "signature", "site", 400),
    "billing_details.edit": paid("GET /billing-details", MANAGEABLE),
    "billing_details.show": paid("GET /billing-details/value", while_active(303), in_place=MANAGEABLE),
    "billing_details.save": paid(
        "POST /billing-details",
        while_active(409),
        body={**_BILLING, "version": "99"},
        attack=lambda site: {**_BILLING, "version": "0"},
    ),
    "invoice_recipients.show": paid("GET /invoice-addresses", MANAGEABLE),
    "invoice_recipients.cancel": paid("GET /invoice-addresses/value", while_active(303), in_place=MANAGEABLE),
    "invoice_recipients.add": paid("POST /invoice-addresses", while_active(422), attack=lambda site: _THIEF),
    "invoice_recipients.send_again": paid("POST /invoice-addresses/again", 404, body=_THIEF, attack=_listed),
    "invoice_recipients.remove": paid("POST /invoice-addresses/remove", 404, body=_THIEF, attack=_listed),
    "invoice_recipients.ask": by_link("GET /invoice-address", 200, names="address token"),
    "invoice_recipients.confirm": by_link("POST /invoice-address", 303, names="address token", once=True),
    "invoice_recipients.confirmed": public("GET /invoice-address/confirmed", 200),
    "invoices.show_list": personal("GET /invoices", 200),
    "invoices.show": of_invoice(),
    "invoice_files.pdf": of_invoice(".pdf"),
    "invoice_files.cii": of_invoice(".xml"),
    "invoice_files.ubl": of_invoice("-ubl.xml"),
    "invoice_files.as_csv": personal("GET /invoices.csv", 200),
    "invoice_files.as_xlsx": personal("GET /invoices.xlsx", 200),
    "invoice_files.as_zip": personal("GET /invoices.zip", 200, managing=True),
    "invoice_files.contract": managed("GET /contract.pdf", VISIBLE),
}
