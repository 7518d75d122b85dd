"""To whom a company's invoices are made out, and the numbers that must be on them: one for all it bought.

Until the company says it here, what its latest order said counts; from then on no order changes it.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.data import records
from webapp.data.accounts import Account, Person
from webapp.data.billing import BillingDetails
from webapp.data.database import atomic, current_site
from webapp.data.subscriptions import Subscription
from webapp.domain import audit, outbox, permissions
from webapp.domain.companies.national_ids import KINDS, normal_national_id
from webapp.domain.companies.vat_ids import normal_vat_id
from webapp.domain.intake.intake_fields import UNPRINTABLE, is_blank
from webapp.domain.intake.order_fields import COUNTRIES
from webapp.domain.refusals import Refusal
from webapp.domain.terms import is_running
from webapp.i18n import N_, _, ngettext

# Each with the most characters it may have; in the order in which pages show them.
LONGEST = {
    "name": 300,
    "line1": 300,
    "line2": 300,
    "postal_code": 40,
    "city": 200,
    "region": 200,
    "country": 2,
    "contact_name": 120,
    "contact_phone": 40,
    "vat_id": 40,
    "buyer_reference": 100,
}
OF_THE_ADDRESS = ("name", "line1", "line2", "postal_code", "city", "region", "country")
_NAMES = {
    "name": N_("Company name"),
    "line1": N_("Street and number"),
    "line2": N_("Address line 2"),
    "postal_code": N_("Postal code"),
    "city": N_("Town"),
    "region": N_("State or region"),
    "country": N_("Country"),
    "contact_name": N_("Contact for invoices"),
    "contact_phone": N_("Phone"),
    "vat_id": N_("VAT number"),
    "buyer_reference": N_("Your reference"),
}
NATIONAL = "id_"  # before the kind of a national id, where it stands among the other fields

_MISSING = {
    "name": N_("Enter the name of the company."),
    "line1": N_("Enter street and number."),
    "city": N_("Enter the town."),
    "country": N_("Choose the country."),
}


@dataclass
class DetailMissing(Refusal):
    field: str

    def __str__(self) -> str:
        return _(_MISSING[self.field])


@dataclass
class DetailTooLong(Refusal):
    limit: int
    length: int

    def __str__(self) -> str:
        return ngettext(
            "This may have %(limit)s characters: remove %(num)s.",
            "This may have %(limit)s characters: remove %(num)s.",
            self.length - self.limit,
            limit=self.limit,
        )


class DetailNotText(Refusal):
    def __str__(self) -> str:
        return _("This holds a character that can’t be printed. Type it again.")


@dataclass
class BillingConflict(Refusal):
    """Somebody was faster; nothing was saved. Field → both values, where they differ."""

    differing: Mapping[str, tuple[str, str]]
    stored: Shown
    typed: Mapping[str, str]

    def __str__(self) -> str:
        return _("The billing data were changed meanwhile. Nothing was saved.")


@dataclass(frozen=True, slots=True)
class Shown:
    """What counts now. `version` is 0 while it comes from the orders."""

    values: Mapping[str, str]  # national ids among them, as `id_siret`
    version: int = 0
    changed_by: str = ""
    changed_at: datetime | None = None

    def __getattr__(self, name: str) -> str:
        """`shown.line1`: as rows with an address have it."""
        if name in LONGEST:
            return self.values[name]
        raise AttributeError(name)


def field_name(field: str) -> str:
    """In English; whoever shows it translates it."""
    return KINDS[field.removeprefix(NATIONAL)].name if field.startswith(NATIONAL) else _NAMES[field]


def asked_fields() -> tuple[str, ...]:
    """All fields at the bound site."""
    *first, reference = LONGEST
    return (*first, *(NATIONAL + kind for kind in current_site().national_ids), reference)


def shown_details(account: Account) -> Shown:
    said = (
        BillingDetails.select(BillingDetails, Person)
        .join(Person, on=(BillingDetails.changed_by == Person.id), attr="changed_by")
        .where(BillingDetails.account == account)
        .get_or_none()
    )
    if said is None:
        return Shown(dict.fromkeys(asked_fields(), "") | _ordered(account))
    values = {field: getattr(said, field) for field in LONGEST}
    known = _national(said.national_ids)
    return Shown(values | known, said.version, said.changed_by.name, said.changed_at)


def _ordered(account: Account) -> dict[str, str]:
    return {field: getattr(account, field) or "" for field in (*OF_THE_ADDRESS, "vat_id")}


def _national(text: str) -> dict[str, str]:
    stored = json.loads(text)
    return {NATIONAL + kind: stored.get(kind, "") for kind in current_site().national_ids}


def details_of_row(row: Any) -> Shown:
    """Of the manage page's row, which has the same in its columns."""
    values = {field: getattr(row, f"billing_{field}") or "" for field in LONGEST}
    return Shown(values | _national(row.billing_national_ids or "{}"), row.billing_version or 0)


def normal_detail(field: str, typed: Mapping[str, str]) -> str:
    """One field as it is kept; a refusal says what is wrong with it."""
    text = unicodedata.normalize("NFC", typed.get(field) or "").strip()
    if is_blank(text):
        text = ""
    if UNPRINTABLE.search(text):
        raise DetailNotText
    if field.startswith(NATIONAL):
        return normal_national_id(field.removeprefix(NATIONAL), text)
    if len(text) > LONGEST[field]:
        raise DetailTooLong(LONGEST[field], len(text))
    if field in _MISSING and not text:
        raise DetailMissing(field)
    if field == "country" and text not in COUNTRIES:
        raise DetailMissing(field)
    return normal_vat_id(text, typed.get("country") or "") if field == "vat_id" else text


def normal_details(typed: Mapping[str, str]) -> dict[str, str]:
    return {field: normal_detail(field, typed) for field in asked_fields()}


def change_billing_details(
    subscription: Subscription, typed: Mapping[str, str], *, read_version: int, actor: Person, now: datetime
) -> Mapping[str, tuple[str, str]]:
    """Of the whole company, by who may for this subscription. What was changed: field → old and new."""
    new = normal_details(typed)
    with atomic():
        account = permissions.billed_subscription(actor.id, subscription.public_id, now=now).account
        before = shown_details(account)
        changes = _differences(before.values, new)
        if before.version != read_version:
            raise BillingConflict(changes, before, new)
        if not changes:
            return {}
        if not _store(account, new, read_version=read_version, actor=actor, now=now):
            current = shown_details(account)
            raise BillingConflict(_differences(current.values, new), current, new)
        audit.record(
            audit.BILLING_CHANGED,
            actor=audit.Actor.of(actor),
            subscription=subscription,
            now=now,
            changes={field: list(values) for field, values in changes.items()},
        )
        _tell_administrators(account, subscription, changes, actor=actor, now=now)
    return changes


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    return {field: (old[field], new[field]) for field in new if old[field] != new[field]}


def _store(
    account: Account, new: Mapping[str, str], *, read_version: int, actor: Person, now: datetime
) -> bool:
    """False if somebody was faster."""
    numbers = {field.removeprefix(NATIONAL): new[field] for field in new if field.startswith(NATIONAL)}
    columns: dict[str, Any] = {
        **{field: new[field] for field in LONGEST},
        "national_ids": json.dumps(numbers, ensure_ascii=False, sort_keys=True),
        "version": read_version + 1,
        "changed_by": actor,
        "changed_at": now,
    }
    if read_version == 0:
        return records.insert_if_new(BillingDetails, account=account, **columns)
    unchanged = (BillingDetails.account == account) & (BillingDetails.version == read_version)
    return bool(BillingDetails.update(columns).where(unchanged).execute() == 1)


def _tell_administrators(
    account: Account,
    subscription: Subscription,
    changes: Mapping[str, tuple[str, str]],
    *,
    actor: Person,
    now: datetime,
) -> None:
    """All of the company's, the one who changed it too: where invoices go is worth a second look."""
    administrators = (
        Person.select()
        .join(Subscription, on=(Subscription.administrator == Person.id))
        .where(Subscription.account == account, is_running(now=now))
        .distinct()
        .order_by(Person.id)
    )
    for person in administrators:
        own = subscription if person.id == actor.id else None
        outbox.enqueue(
            "billing_changed",
            to=person,
            subscription=own,
            path=f"/subscriptions/{subscription.public_id}" if own else "/subscriptions",
            company=account.name,
            changed_by=actor.name,
            changed=[(field, field_name(field), *values) for field, values in changes.items()],
            now=now,
        )
