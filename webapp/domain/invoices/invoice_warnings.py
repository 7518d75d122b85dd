"""What the next invoice would lack, said before it is issued: afterwards only a credit note helps."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from webapp.data.accounts import Person
from webapp.data.database import atomic, current_site
from webapp.data.issued import Party
from webapp.data.statements import rows
from webapp.data.subscriptions import Subscription
from webapp.domain.invoices import billing_details
from webapp.domain.invoices.billing_details import NATIONAL, BillingConflict, Shown, asked_fields
from webapp.domain.permissions import READS_INVOICES
from webapp.domain.subscriptions import purchase_orders
from webapp.domain.subscriptions.subscriptions import BILLING_COLUMNS

_LOOKED_AT = 500  # of an account's subscriptions
_MOST_NAMED = 3


def missing_ids(known: Shown) -> tuple[str, ...]:
    """Fields of the billing data that this country's e-invoice needs, and that are empty."""
    from webapp.einvoice import missing_ids as missing_in

    values = known.values
    numbers = {name.removeprefix(NATIONAL): values[name] for name in values if name.startswith(NATIONAL)}
    buyer = Party(
        name=values["name"],
        line1=values["line1"],
        city=values["city"],
        country=values["country"],
        vat_id=values["vat_id"],
        ids={kind: number for kind, number in numbers.items() if number},
    )
    asked = asked_fields()
    return tuple(name for name in missing_in(current_site().territory, buyer) if name in asked)


# ---- before the first invoice, which activation issues at once


@dataclass(frozen=True, slots=True)
class Missing:
    po_number: bool = False
    ids: tuple[str, ...] = ()
    country: str = ""  # of the billing address: numbers are checked by its rules

    def __bool__(self) -> bool:
        return self.po_number or bool(self.ids)

    def with_asked(self, names: Container[str]) -> Missing:
        """And what was missing when the page was shown: what was typed there is not passed over."""
        numbers = (name for name in asked_fields() if name == "vat_id" or name.startswith(NATIONAL))
        return replace(self, ids=(*self.ids, *(n for n in numbers if n in names and n not in self.ids)))


@dataclass(frozen=True, slots=True)
class FirstInvoice:
    """What was typed beside the agreement; empty: it stays as it is."""

    po_number: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)


AS_IT_IS = FirstInvoice()


def missing_on_first(subscription: Subscription) -> Missing:
    known = billing_details.shown_details(subscription.account)
    return Missing(not subscription.po_number, missing_ids(known), known.values["country"])


def complete(subscription: Subscription, typed: FirstInvoice, *, actor: Person, now: datetime) -> None:
    """In the transaction of the activation, after which its administrator may change both. Only what is
    empty is filled: a number that somebody entered meanwhile is never replaced from here."""
    with atomic():
        if typed.po_number:
            change = purchase_orders.change_po_number(
                subscription, typed.po_number, read_version=subscription.po_version, actor=actor, now=now
            )
            subscription.po_number, subscription.po_version = change.new, change.version
        if new := {name: text for name, text in typed.ids.items() if text.strip()}:
            _fill_ids(subscription, new, actor=actor, now=now)


def _fill_ids(subscription: Subscription, new: Mapping[str, str], *, actor: Person, now: datetime) -> None:
    known = billing_details.shown_details(subscription.account)
    country = {"country": known.values["country"]}
    new = {name: billing_details.normal_detail(name, {**country, **new}) for name in new}
    differing = {
        name: (known.values[name], text) for name, text in new.items() if known.values[name] not in ("", text)
    }
    if differing:
        raise BillingConflict(differing, known, {**known.values, **new})
    billing_details.change_billing_details(
        subscription, {**known.values, **new}, read_version=known.version, actor=actor, now=now
    )


# ---- before the invoices that come


@dataclass(frozen=True, slots=True)
class Coming:
    """Of an account: what its next invoices would lack."""

    ids: tuple[str, ...] = ()
    edit: str = ""  # public id of a subscription at which billing data can be edited
    without_po: Sequence[
        tuple[Any, date | None]
    ] = ()  # the next of them, with the day of its invoice, if known

    def __bool__(self) -> bool:
        return bool(self.ids or self.without_po)


_SEEN = f"""s.account_id = :account AND s.shelf = 'active' AND s.status = 'active' AND {READS_INVOICES}"""
_COMING_SQL = f"""
SELECT {BILLING_COLUMNS}, n.public_id, n.product_name, n.term_start, n.term_end, n.ends_on, n.anchor_day,
 n.billing_period, n.po_number, n.next_po_number,
 (SELECT count(*) FROM invoice i WHERE i.subscription_id = n.id AND i.state = 'waiting') AS waiting_invoices,
 (SELECT s.public_id FROM subscription s WHERE {_SEEN} LIMIT 1) AS edit
FROM account a LEFT JOIN billing_details bd ON bd.account_id = a.id
LEFT JOIN (SELECT * FROM (SELECT s.* FROM subscription s WHERE {_SEEN} LIMIT {_LOOKED_AT}) looked_at
 WHERE po_number = '' ORDER BY renewal_key, id LIMIT 4 * {_MOST_NAMED}) n ON n.account_id = a.id
WHERE a.id = :account
"""


def coming(person_id: int, account_id: int | None, *, now: datetime) -> Coming:
    """One question, however many subscriptions there are: of very many, the first are looked at."""
    found = rows(_COMING_SQL, person=person_id, account=account_id)
    if not found or not found[0].edit:
        return Coming()
    next_ones = [(row, purchase_orders.next_invoice(row, now=now)) for row in found if row.public_id]
    without = [(row, one.on) for row, one in next_ones if one and not one.po_number]
    without.sort(key=lambda pair: pair[1] or date.min)
    ids = missing_ids(billing_details.details_of_row(found[0]))
    return Coming(ids, found[0].edit, without[:_MOST_NAMED])
