"""What each code of a problem means, in the language that the caller reads. The details beside it are in
English: they repeat names of fields and values for who mends a program.
"""

from __future__ import annotations

from webapp.i18n import N_, _

TITLES = {
    "not_found": N_("There is no such thing at this site"),
    "unauthorized": N_("No API key, or one that is not valid here"),
    "insufficient_scope": N_("The API key may not do this"),
    "method_not_allowed": N_("This method is not offered here"),
    "order_no_longer_pending": N_("Only a pending order can be corrected or withdrawn"),
    "payload_too_large": N_("More was sent than is read at once"),
    "unsupported_media_type": N_("The content is not of the kind that is read here"),
    "invalid_idempotency_key": N_("The Idempotency-Key is not valid"),
    "idempotency_key_reused": N_("The Idempotency-Key came before with another request"),
    "too_many_requests": N_("Too many requests"),
    "unavailable": N_("Not available right now; nothing was changed"),
    "bad_request": N_("The request could not be read"),
    "refused": N_("A rule of the portal said no"),
    "internal_error": N_("Our fault; nothing was changed"),
    # documents and parameters
    "invalid_json": N_("The content is not valid JSON"),
    "invalid_encoding": N_("The content is not valid UTF-8"),
    "duplicate_key": N_("A field is there twice"),
    "missing_field": N_("A field is missing"),
    "missing_value": N_("A field has no value"),
    "value_too_long": N_("A value is too long"),
    "invalid_email": N_("The email address is not valid"),
    "invalid_quantity": N_("The quantity is not valid"),
    "invalid_price": N_("The price is not valid"),
    "invalid_date": N_("The date is not valid"),
    "date_in_future": N_("The date is in the future"),
    "invalid_number": N_("The number is not valid"),
    "invalid_state": N_("There is no such status"),
    "invalid_cursor": N_("The place in the list is not valid"),
    "unknown_parameter": N_("There is no such parameter"),
    # orders
    "invalid_term": N_("There is no such term"),
    "unknown_site": N_("This is another country site"),
    "language_not_on_site": N_("The site does not offer this language"),
    "unknown_product": N_("There is no such product"),
    "product_not_on_site": N_("The product is not sold at this site"),
    "product_not_orderable": N_("The product can’t be ordered"),
    "unknown_currency": N_("There is no such currency"),
    "currency_not_of_site": N_("This is not the currency of the site"),
    "order_number_conflict": N_("Another order has this number"),
    # payments
    "unknown_invoice": N_("There is no such invoice"),
    "invalid_amount": N_("The amount is not valid"),
    "currency_not_of_invoice": N_("This is not the currency of the invoice"),
    "payment_reference_conflict": N_("Another payment has this reference"),
}


def title_of(code: str, otherwise: str) -> str:
    return _(TITLES[code]) if code in TITLES else otherwise
