"""The document with which a shop hands over an order. Published as `docs/order.schema.json`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Annotated

from pydantic import Field

from webapp.domain.intake import intake_document, order_fields
from webapp.domain.intake import intake_fields as fields
from webapp.domain.intake.intake_document import Part, hash_of, read_document
from webapp.domain.intake.intake_reading import read_object, read_text
from webapp.domain.orders.order_refusals import CODES, OrderRefused

TERMS = ("annual", "monthly")
PAYMENT_METHODS = ("invoice", "direct_debit", "credit_card")
_TERM = fields.choice(*TERMS, code="invalid_term")


class Address(Part):
    line1: Annotated[str, fields.text(300), Field(description="Street and number, or what stands for them.")]
    line2: Annotated[str | None, fields.optional_text(300), Field(description="Floor, door, building.")] = (
        None
    )
    postal_code: Annotated[
        str | None, fields.optional_text(40), Field(description="null where the country has none.")
    ] = None
    city: Annotated[str, fields.text(200)]
    region: Annotated[str | None, fields.optional_text(200), Field(description="State, province.")] = None
    country: Annotated[str, order_fields.COUNTRY, Field(description="ISO 3166-1, two capital letters.")]


class Company(Part):
    """The customer company: an account of the site, known by its customer number."""

    customer_number: Annotated[str, fields.text(40), Field(description="Text: leading zeros count.")]
    name: Annotated[str, fields.text(500)]
    address: Address
    vat_id: Annotated[
        str | None,
        fields.optional_text(40),
        Field(description="Checked; a wrong check digit is a warning on the order, not a refusal."),
    ] = None


class Purchaser(Part):
    """Who bought: administers the subscription and gets the activation e-mail."""

    name: Annotated[str, fields.text(300)]
    email: Annotated[str, order_fields.EMAIL, Field(description="Compared without case, shown as sent.")]


class OrderDocument(Part):
    """One order of one product at one country site."""

    order_number: Annotated[
        str,
        order_fields.ORDER_NUMBER,
        Field(description="Unique at its site; goes into links. Never used twice."),
    ]
    site: Annotated[
        str,
        fields.SITE,
        Field(description="Code of the country site."),
    ]
    language: Annotated[
        str,
        fields.word(
            "[A-Za-z]{2,3}([_-][A-Za-z]{2,4})?", code="language_not_on_site", unknown="no language is called"
        ),
        Field(description="Language of the purchaser's e-mails; one that the site offers."),
    ]
    ordered_at: Annotated[
        datetime,
        order_fields.INSTANT,
        Field(
            description="When it was bought, with zone. The 90 days begin on this day of the site's calendar."
        ),
    ]
    account: Company
    purchaser: Purchaser
    product: Annotated[
        str,
        fields.word("[a-z0-9-]{1,60}", code="unknown_product", unknown="no product has the key"),
        Field(description="Key of the catalogue."),
    ]
    quantity: Annotated[int, order_fields.QUANTITY, Field(description="Licenses.")]
    term: Annotated[str, _TERM, Field(description="The commitment.")]
    billing_period: Annotated[
        str | None,
        fields.optional(_TERM),
        Field(description="If it differs from the term: a one-year commitment may be billed monthly."),
    ] = None
    unit_price: Annotated[
        Decimal,
        order_fields.PRICE,
        Field(description="Net, per license and billing period, as text; decimals as the currency has."),
    ]
    currency: Annotated[
        str,
        fields.CURRENCY,
        Field(description="ISO 4217; the one that the site bills in."),
    ]
    purchase_order_number: Annotated[
        str,
        order_fields.PO_NUMBER,
        Field(
            description="The customer's text, at most 70 characters without the outer spaces; may be empty."
        ),
    ]
    payment_method: Annotated[str, fields.choice(*PAYMENT_METHODS, code="missing_value")]
    price_is_fictitious: Annotated[
        bool, order_fields.FLAG, Field(description="true in demonstration data.")
    ] = False


@dataclass(frozen=True)
class ReceivedOrder:
    """An order that is well-formed, with its text as received."""

    document: OrderDocument
    text: str

    @cached_property
    def content_hash(self) -> str:
        """Equal for equal content: key order, escapes and optional fields absent or null do not matter."""
        content = self.document.model_dump(exclude_defaults=True)
        if content.get("billing_period") == content["term"]:
            del content["billing_period"]
        return hash_of(content)


def read_order(line: bytes) -> ReceivedOrder:
    """One order as a shop sends it. What it asks for is checked by `order_terms`, at its site."""
    text = read_text(line)
    document = read_document(OrderDocument, read_object(text), codes=CODES, refused=OrderRefused)
    return ReceivedOrder(document, text)


def published_schema() -> str:
    """The file `docs/order.schema.json`."""
    return intake_document.published_schema(OrderDocument)
