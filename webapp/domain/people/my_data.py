"""All that a site stores about one person, as plain values for a file.

Every table with a reference to a person takes part by itself: who adds one need not remember it here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import peewee as pw

from webapp.data.accounts import Account, Person
from webapp.data.billing import BillingDetails, InvoiceRecipient
from webapp.data.database import SiteModel, current_site
from webapp.data.schema import MODELS
from webapp.data.sign_in import Attempt
from webapp.data.subscriptions import Subscription

# Secrets, and what is worth nothing to anybody: hashes of links and sessions, keys to sort and find by.
_LEFT_OUT = {
    *("id", "password_hash", "token_hash", "claim", "key", "search_key", "sort_key", "email_key"),
    *("po_version", "shelf", "renewal_key", "token_concerns", "concerns", "token", "iban_sealed"),
    *("secret_sealed", "used_step", "code_hash"),
}
# Of rows that belong to a company, only what says which they are and what the person has to do with them.
_ONLY = {
    Subscription: ("public_id", "product_name", "status", "ordered_at", "activated_at"),
    BillingDetails: ("account", "changed_at"),
    InvoiceRecipient: ("account", "email", "added_at", "confirmed_at"),
}


def everything_about(person_id: int, *, now: datetime) -> dict[str, Any]:
    person = Person.get_by_id(person_id)
    names = _Names(person)
    found: dict[str, Any] = {
        "site": current_site().code,
        "made_at": now.isoformat(),
        "person": _plain(person, names),
    }
    for model in MODELS:
        if rows := _rows_about(model, person, names):
            found[model._meta.table_name] = rows
    return found


def _rows_about(model: type[SiteModel], person: Person, names: _Names) -> list[dict[str, Any]]:
    about = _condition(model, person)
    if about is None:
        return []
    return [_plain(row, names) for row in _in_order(model, model.select().where(about))]


def _condition(model: type[SiteModel], person: Person) -> pw.Expression | None:
    if model is Attempt:  # counted by address, or by row
        return Attempt.subject.in_([person.email_key])
    references = [field == person.id for field in _references(model, Person)]
    if not references:
        return None
    together = references[0]
    for reference in references[1:]:
        together = together | reference
    return together


def _references(model: type[SiteModel], to: type[SiteModel]) -> list[pw.ForeignKeyField]:
    fields = model._meta.sorted_fields
    return [field for field in fields if isinstance(field, pw.ForeignKeyField) and field.rel_model is to]


def _in_order(model: type[SiteModel], query: Any) -> Iterable[Any]:
    key = model._meta.primary_key
    return query.order_by(key) if isinstance(key, pw.Field) else query


class _Names:
    """What foreign keys stand for, in words; looked up once each."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self._known: defaultdict[type, dict[Any, Any]] = defaultdict(dict)

    def of(self, field: pw.ForeignKeyField, value: Any) -> Any:
        if value is None:
            return None
        known = self._known[field.rel_model]
        if value not in known:
            known[value] = self._look_up(field.rel_model, value)
        return known[value]

    def _look_up(self, model: type, value: Any) -> Any:
        if model is Person:
            return "me" if value == self.person.id else Person.get_by_id(value).name
        if model is Subscription:
            return Subscription.get_by_id(value).public_id
        if model is Account:
            return Account.get_by_id(value).name
        return value if isinstance(value, str) else None


def _plain(row: Any, names: _Names) -> dict[str, Any]:
    model = type(row)
    only = _ONLY.get(model)
    kept = [
        field
        for field in model._meta.sorted_fields
        if (field.name in only or _is_reference_to_person(field) if only else field.name not in _LEFT_OUT)
    ]
    return {field.name: _value(row, field, names) for field in kept}


def _is_reference_to_person(field: pw.Field) -> bool:
    return isinstance(field, pw.ForeignKeyField) and field.rel_model is Person


def _value(row: Any, field: pw.Field, names: _Names) -> Any:
    value = row.__data__.get(field.name)
    if isinstance(field, pw.ForeignKeyField):
        return names.of(field, value)
    return value.isoformat() if isinstance(value, (datetime, date)) else value
