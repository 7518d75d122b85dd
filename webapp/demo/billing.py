"""What the demo's companies say about their invoices. Numbers have right check digits; they are nobody's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from webapp.assembly import Portal
from webapp.data.accounts import Person
from webapp.data.billing import BillingDetails, InvoiceRecipient
from webapp.data.database import current_site
from webapp.data.outbox import QUEUED, SENT, OutboxMessage
from webapp.data.subscriptions import ACTIVE, Subscription
from webapp.domain.invoices import billing_details, invoice_recipients
from webapp.domain.invoices.billing_details import NATIONAL
from webapp.domain.payments import payment_methods
from webapp.domain.subscriptions import purchase_orders
from webapp.payments import DIRECT_DEBIT

_NUMBERS: Mapping[str, Mapping[str, str]] = {
    "fr": {"vat_id": "FR11123456782", "id_siret": "12345678200002"},
    "de": {"vat_id": "DE123456788", "id_leitweg_id": "04011000-12345-03"},
    "at": {"vat_id": "ATU12345675", "id_company_register_number": "123456a"},
    "ch": {"vat_id": "CHE-123.456.788 MWST", "id_che_uid": "CHE-123.456.788"},
    "it": {"vat_id": "IT12345670108", "id_codice_fiscale": "12345670108", "id_sdi_code": "ABC1234"},
    "es": {"vat_id": "ESA12345674", "id_nif": "A12345674"},
    "pl": {"vat_id": "PL1234567819", "id_nip": "1234567819"},
    "gb": {"vat_id": "GB123456727", "id_company_number": "01234567"},
    "jp": {"id_corporate_number": "7123456789012"},
    "nl": {"vat_id": "NL123456782B01", "id_kvk": "12345678"},
    "be": {"vat_id": "BE0123456749", "id_enterprise_number": "0123456749"},
    "cz": {"vat_id": "CZ12345679", "id_ico": "12345679"},
    "sk": {"vat_id": "SK2021234567", "id_ico": "12345679"},
    "hu": {"vat_id": "HU12345676", "id_adoszam": "12345676-2-41"},
    "pt": {"vat_id": "PT512345678", "id_nipc": "512345678"},
    "ca": {"id_business_number": "123456782RC0001"},
}
_IBANS = {
    "fr": "FR1420041010050500013M02606",
    "de": "DE89370400440532013000",
    "at": "AT611904300234573201",
    "it": "IT60X0542811101000000123456",
    "es": "ES9121000418450200051332",
    "nl": "NL91ABNA0417164300",
    "be": "BE71096123456769",
    "sk": "SK3112000000198742637541",
    "pt": "PT50000201231234567890154",
}


def vat_id() -> str | None:
    """Of the bound site's companies, which their orders say already."""
    return _NUMBERS.get(current_site().code, {}).get("vat_id")


def tell(portal: Portal, person: Person, *, now: datetime) -> None:
    """Through the rules, some weeks ago; a company that two people administer says it once."""
    own = Subscription.select().where(Subscription.administrator == person, Subscription.status == ACTIVE)
    found = list(own.order_by(Subscription.sort_key, Subscription.id))
    if not found or BillingDetails.select().where(BillingDetails.account == found[0].account).exists():
        return
    past = now - timedelta(days=20)
    _details(found[0], person, now=past)
    _addresses(found[0], person, now=past)
    _next_number(found, person, now=past)
    for subscription in found:
        if subscription.payment_method == DIRECT_DEBIT:
            _mandate(portal, subscription, person, now=past)
    # What happened long ago was mailed long ago.
    old = (OutboxMessage.state == QUEUED) & (OutboxMessage.created_at == past)
    OutboxMessage.update(state=SENT, sent_at=OutboxMessage.created_at).where(old).execute()


def _details(subscription: Subscription, person: Person, *, now: datetime) -> None:
    stored = billing_details.shown_details(subscription.account)
    numbers = _NUMBERS.get(current_site().code, {})
    wanted = {NATIONAL + kind for kind in current_site().national_ids} | {"vat_id"}
    typed = {**stored.values, **{name: number for name, number in numbers.items() if name in wanted}}
    billing_details.change_billing_details(
        subscription, typed, read_version=stored.version, actor=person, now=now
    )


def _addresses(subscription: Subscription, person: Person, *, now: datetime) -> None:
    """One that somebody confirmed, and one that nobody has yet."""
    company = invoice_recipients.COMPANY
    for name in ("accounts", "archive"):
        address = f"{name}@{subscription.account.customer_number}.demo.example"
        invoice_recipients.add_recipient(subscription, address, whose=company, actor=person, now=now)
        if name == "accounts":
            confirmed = InvoiceRecipient.email == address
            InvoiceRecipient.update(confirmed_at=now + timedelta(hours=2)).where(confirmed).execute()


def _next_number(found: list[Subscription], person: Person, *, now: datetime) -> None:
    """Of the first that renews: the purchasing department has its number for next year already."""
    for subscription in found:
        if subscription.po_number and not subscription.ends_on:
            purchase_orders.change_po_number(
                subscription,
                "4500079001",
                term=purchase_orders.NEXT_TERM,
                read_version=subscription.po_version,
                actor=person,
                now=now,
            )
            return


def _mandate(portal: Portal, subscription: Subscription, person: Person, *, now: datetime) -> None:
    site = current_site()
    if site.direct_debit is None:
        return
    text = payment_methods.mandate_text(person.language)
    payment_methods.pay_by_direct_debit(
        subscription,
        payment_methods.TypedMandate(
            holder=subscription.account.name,
            iban=_IBANS[site.code],
            accepted=True,
            shown_sha256=text.sha256,
            shown_language=person.language,
        ),
        mandate=text,
        provider=portal.payments[DIRECT_DEBIT],
        read_version=subscription.payment_version,
        actor=person,
        now=now,
    )
