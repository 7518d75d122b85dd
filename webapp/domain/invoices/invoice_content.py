"""What an invoice says from the moment it is issued: gathered once, frozen, never looked up again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from webapp.data.billing import Invoice
from webapp.data.database import current_site
from webapp.data.issued import (
    CREDIT_NOTE,
    INVOICE,
    Credited,
    HowToPay,
    IssuedDocument,
    Line,
    Mention,
    Party,
)
from webapp.data.subscriptions import Subscription
from webapp.domain import money
from webapp.domain.invoices.billing_details import NATIONAL, Shown
from webapp.domain.invoices.invoice_numbers import payment_reference
from webapp.domain.invoices.tax import TaxRule
from webapp.domain.payments import payment_methods
from webapp.i18n import speaking, speech
from webapp.payments import DIRECT_DEBIT
from webapp.payments import INVOICE as BY_INVOICE
from webapp.sites import Site

_ACCENT = "#0a5168"  # of the portal itself, where a site brings no colour of its own


def language_of(subscription: Subscription) -> str:
    """The site's locale in which the company bought."""
    site = current_site()
    return site.language_for(subscription.language) or site.default_language


def seller_of(site: Site, language: str = "") -> Party:
    """In the words of this language, or else of the site's first."""
    language, entity = language or site.default_language, site.legal_entity
    return Party(
        name=entity.name.in_language(language),
        line1=entity.street,
        postal_code=entity.postal_code,
        city=entity.city,
        region=entity.region,
        country=site.territory,
        vat_id=_seller_vat_id(site, language),
        ids=dict(entity.ids),
        registration=entity.registration.in_language(language),
        contact_name=site.brand_name_in(language),
        contact_phone=site.support_phone,
        contact_email=site.support_email,
    )


def _seller_vat_id(site: Site, language: str) -> str:
    """In Switzerland it ends with the name of the tax, in the language of the invoice."""
    vat_id = site.legal_entity.vat_id
    return f"{vat_id} {site.tax_name_in(language)}" if vat_id.startswith("CHE") else vat_id


def buyer_of(details: Shown) -> Party:
    values = details.values
    return Party(
        **{name: values[name] for name in ("name", "line1", "line2", "postal_code", "city", "region")},
        country=values["country"],
        vat_id=values["vat_id"],
        ids={name.removeprefix(NATIONAL): text for name, text in values.items() if _is_national(name, text)},
        contact_name=values["contact_name"],
        contact_phone=values["contact_phone"],
    )


def _is_national(name: str, text: str) -> bool:
    return bool(name.startswith(NATIONAL) and text)


def invoice_content(
    invoice: Invoice, *, details: Shown, number: str, rule: TaxRule, issued_on: date, now: datetime
) -> IssuedDocument:
    site, subscription, account = current_site(), invoice.subscription, invoice.account
    language = language_of(subscription)
    line = _line(invoice, subscription, rule)
    with speaking(speech(language, site.territory)):
        reason = rule.reason_in_speech
    groups = tuple(
        replace(group, reason=reason, reason_code=rule.reason_code) for group in money.tax_groups([line])
    )
    totals = money.totals(groups)
    return IssuedDocument(
        kind=INVOICE,
        number=number,
        site=site.code,
        format=site.document_format,
        language=language,
        currency=invoice.currency,
        tax_name=site.tax_name_in(language),
        brand=site.brand_name_in(language),
        accent=site.brand.accent or _ACCENT,
        issued_at=now,
        issued_on=issued_on,
        supplied_from=line.period_start,
        supplied_last=line.period_last,
        seller=seller_of(site, language),
        buyer=buyer_of(details),
        customer_number=account.customer_number,
        lines=(line,),
        taxes=groups,
        net=totals.net,
        tax=totals.tax,
        gross=totals.gross,
        payment=_how_to_pay(subscription, number, language, issued_on),
        po_number=invoice.po_number,
        buyer_reference=details.values["buyer_reference"],
        contract=subscription.public_id,
        mentions=_mentions(site, language),
        process=site.invoicing.process,
    )


def _line(invoice: Invoice, subscription: Subscription, rule: TaxRule) -> Line:
    return Line(
        name=subscription.product_name,
        quantity=invoice.quantity,
        unit_price=invoice.unit_price,
        net=money.line_net(invoice.quantity, invoice.unit_price),
        tax_category=rule.category,
        tax_rate=rule.rate,
        period_start=invoice.period_start,
        period_last=invoice.period_end - timedelta(days=1),
        subscription=subscription.public_id,
        po_number=invoice.po_number,
    )


def _mentions(site: Site, language: str) -> tuple[Mention, ...]:
    return tuple(Mention(one.text.in_language(language), one.code) for one in site.invoicing.mentions)


def _how_to_pay(subscription: Subscription, number: str, language: str, issued_on: date) -> HowToPay:
    site = current_site()
    how = HowToPay(subscription.payment_method, due_on=issued_on + timedelta(days=site.payment_days))
    if how.method == BY_INVOICE:
        bank = site.bank
        return replace(
            how,
            account_holder=bank.holder.in_language(language),
            iban=bank.iban,
            bic=bank.bic,
            bank=bank.name.in_language(language),
            reference=payment_reference(number, bank=bank),
        )
    return _debited(how, subscription, number) if how.method == DIRECT_DEBIT else how


def _debited(how: HowToPay, subscription: Subscription, number: str) -> HowToPay:
    """A mandate given in the shop is not known here: the invoice then says no more than the method."""
    mandate, offer = payment_methods.current_mandate(subscription), current_site().direct_debit
    how = replace(how, reference=number, creditor_id=offer.creditor_id if offer else "")
    if mandate is None:
        return how
    account = f"{mandate.iban_country}…{mandate.iban_ending}"
    return replace(how, account_holder=mandate.holder, mandate=mandate.reference, debited_account=account)


def credit_note_content(
    credited: IssuedDocument, *, number: str, reason: str, issued_on: date, now: datetime
) -> IssuedDocument:
    """The whole invoice once more, as what is taken back."""
    return replace(
        credited,
        kind=CREDIT_NOTE,
        number=number,
        issued_at=now,
        issued_on=issued_on,
        payment=HowToPay(credited.payment.method),
        credited=Credited(credited.number, credited.issued_on),
        credit_reason=reason,
        paid=0,
    )
