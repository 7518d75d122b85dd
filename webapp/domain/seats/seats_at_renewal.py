"""Who still holds a licence when the next term begins: never more than there will be then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from webapp.data.statements import row, rows
from webapp.data.subscriptions import Subscription
from webapp.domain.refusals import Refusal
from webapp.formats import day
from webapp.i18n import ngettext

# Of a subscription `s`: how many keep their seat over its renewal, where fewer licences are planned.
SEATS_KEPT_SQL = """CASE WHEN s.next_quantity IS NULL THEN 0 ELSE (SELECT count(*) FROM seat
 WHERE seat.subscription_id = s.id AND seat.counted = 1 AND seat.over_on > s.term_end) END"""

_STAYING = """seat.subscription_id = s.id AND seat.counted = 1 AND seat.over_on > s.term_end"""

_COUNT_SQL = f"""
SELECT s.term_end, s.next_quantity, (SELECT count(*) FROM seat WHERE {_STAYING}) AS staying
FROM subscription s WHERE s.id = :subscription
"""

_STAYING_SQL = f"""
SELECT seat.key, seat.state, seat.version, p.name, p.email
FROM subscription s JOIN seat ON {_STAYING} JOIN person p ON p.id = seat.person_id
WHERE s.id = :subscription ORDER BY seat.sort_key, seat.id LIMIT :size
"""


class NoLicenceAfterRenewal(Refusal):
    """There is one now; from the renewal on there are fewer."""

    def __init__(self, licences: int, renewal: date) -> None:
        self.licences, self.renewal = licences, renewal
        super().__init__()

    def __str__(self) -> str:
        return ngettext(
            "From %(date)s on there is only %(num)s license. Give this person a last day before that date,"
            " or keep the license quantity first.",
            "From %(date)s on there are only %(num)s licenses. Give this person a last day before that date,"
            " or keep the license quantity first.",
            self.licences,
            date=day(self.renewal),
        )


def staying(subscription: Subscription, *, size: int) -> Sequence[Any]:
    """By name: key, state, version, name and address."""
    return rows(_STAYING_SQL, subscription=subscription.id, size=size)


def number_staying(subscription: Subscription) -> int:
    found = row(_COUNT_SQL, subscription=subscription.id)
    return int(found.staying) if found else 0


def exceeds_renewal(subscription: Subscription) -> bool:
    """After a seat was given, inside the transaction that holds the subscription."""
    return _exceeded(subscription) is not None


def refuse_beyond_renewal(subscription: Subscription) -> None:
    """The same, where whoever gives it hears why not."""
    if found := _exceeded(subscription):
        raise NoLicenceAfterRenewal(found.next_quantity, date.fromisoformat(found.term_end))


def _exceeded(subscription: Subscription) -> Any:
    found = row(_COUNT_SQL, subscription=subscription.id)
    if found is None or found.next_quantity is None or found.staying <= found.next_quantity:
        return None
    return found
