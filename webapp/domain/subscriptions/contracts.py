"""What a contract says: the parties, what was ordered, the agreement word for word, and who accepted it when.

All of it as it stood at the acceptance: the first term, not the running one.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from webapp.data.accounts import Account, Person
from webapp.data.agreements import Acceptance, AcceptedText
from webapp.data.database import current_site
from webapp.data.issued import Party
from webapp.data.subscriptions import PENDING, Subscription
from webapp.domain.calendar import MONTHS, add_months, local_date
from webapp.domain.refusals import NotThere
from webapp.domain.subscriptions.agreements import agreement_to_accept, binding_language
from webapp.i18n import speaking, speech
from webapp.postal import address_lines
from webapp.sites import Site

if TYPE_CHECKING:  # drawing brings much along that a process which shows no contract does without
    from webapp.documents.contract import Company, ContractContent

_ACCENT = "#0a5168"  # of the portal itself, where a site brings no colour of its own


def content_of(subscription: Subscription, *, now: datetime) -> ContractContent:
    """Accepted, or, while that is still possible, to be accepted; else there is none."""
    acceptance = _acceptance(subscription)
    if acceptance is not None:
        return _accepted(subscription, acceptance)
    if subscription.status == PENDING and now < subscription.activate_before:
        return _pending(subscription, now=now)
    raise NotThere


def _acceptance(subscription: Subscription) -> Acceptance | None:
    found: Acceptance | None = (
        Acceptance.select(Acceptance, AcceptedText, Person)
        .join(AcceptedText)
        .switch(Acceptance)
        .join(Person)
        .where(Acceptance.subscription == subscription)
        .get_or_none()
    )
    return found


def _accepted(subscription: Subscription, acceptance: Acceptance) -> ContractContent:
    from webapp.documents.contract import Accepted, ContractContent

    person, text = acceptance.person, acceptance.text
    start = local_date(acceptance.accepted_at, current_site().time_zone)
    return ContractContent(
        **_parties_and_order(subscription, person, language=acceptance.language),
        made_at=acceptance.accepted_at,
        text=text.text,
        text_language=text.language,
        version=text.version,
        sha256=text.sha256,
        binding_language=current_site().binding_text(text.agreement_key, text.version, text.language),
        term_start=start,
        renewal_on=_renewal(subscription, start),
        accepted=Accepted(person.name, person.email, acceptance.accepted_at, acceptance.language),
    )


def _renewal(subscription: Subscription, start: date) -> date:
    return add_months(start, MONTHS[subscription.commitment], anchor_day=start.day)


def _pending(subscription: Subscription, *, now: datetime) -> ContractContent:
    from webapp.documents.contract import ContractContent

    person, site = subscription.administrator, current_site()
    language = site.language_for(person.language) or site.default_language
    text = agreement_to_accept(subscription, language)
    return ContractContent(
        **_parties_and_order(subscription, person, language=language),
        made_at=now,
        text=text.text,
        text_language=text.language,
        version=text.version,
        sha256=text.sha256,
        binding_language=binding_language(text),
    )


def _parties_and_order(subscription: Subscription, person: Person, *, language: str) -> dict[str, Any]:
    site, order = current_site(), subscription.order
    return {
        "language": language,
        "territory": site.territory,
        "time_zone": site.time_zone.key,
        "brand": site.brand_name_in(language),
        "accent": site.brand.accent or _ACCENT,
        "seller": _seller(site, language),
        "buyer": _buyer(subscription.account, site, language),
        "subscription": subscription.public_id,
        "product": subscription.product_name,
        "kind": subscription.kind,
        "quantity": subscription.quantity,
        "unit_price": subscription.unit_price,
        "currency": subscription.currency,
        "commitment": subscription.commitment,
        "billing_period": subscription.billing_period,
        "order_number": order.order_number,
        "ordered_at": subscription.ordered_at,
        "administrator": person.name,
        "administrator_email": person.email,
        "po_number": subscription.po_number,
    }


def _seller(site: Site, language: str) -> Company:
    from webapp.documents.contract import Company

    entity = site.legal_entity
    return Company(
        name=entity.name.in_language(language),
        address=entity.address,
        registration=entity.registration.in_language(language),
        vat_id=entity.vat_id,
    )


def _buyer(account: Account, site: Site, language: str) -> Company:
    """As its orders say it; billing data are of its invoices."""
    from webapp.documents.contract import Company

    party = Party(
        name=account.name,
        line1=account.line1,
        line2=account.line2 or "",
        postal_code=account.postal_code or "",
        city=account.city,
        region=account.region or "",
        country=account.country,
    )
    with speaking(speech(language, site.territory)):
        lines = tuple(address_lines(party, site.territory))
    return Company(
        name=account.name, address=lines, vat_id=account.vat_id or "", customer_number=account.customer_number
    )
