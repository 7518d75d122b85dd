"""Why somebody's list is empty, as far as this site knows: what the page then says and offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.data.database import to_micros
from webapp.data.statements import rows

MOST_USED = 5


@dataclass(frozen=True, slots=True)
class Reasons:
    """`used`: what the person uses and whom to ask about it; others are how many there were."""

    used: Sequence[Any]
    lapsed: int
    withdrawn: int
    handed_over: int
    elsewhere: int  # in another account of the person than the one they look at

    @property
    def any(self) -> bool:
        return bool(self.used or self.lapsed or self.withdrawn or self.handed_over or self.elsewhere)


# One statement for both: what is used comes as rows, the rest is the same in each of them.
_SQL = f"""
SELECT r.lapsed, r.withdrawn, r.handed_over, r.elsewhere, u.product_name, u.administrator_name,
 u.administrator_email
FROM (SELECT
 (SELECT count(*) FROM subscription s WHERE s.administrator_id = :person AND (s.status = 'lapsed'
   OR (s.status = 'pending' AND s.activate_before <= :now))) AS lapsed,
 (SELECT count(*) FROM subscription s
  WHERE s.administrator_id = :person AND s.status = 'withdrawn') AS withdrawn,
 (SELECT count(*) FROM transfer t
  WHERE t.from_person_id = :person AND t.taken_back_at IS NULL) AS handed_over,
 (SELECT count(*) FROM subscription s
  WHERE s.administrator_id = :person AND (s.shelf IN ('active', 'cancelled')
   OR (s.shelf = 'pending' AND s.activate_before > :now))) AS elsewhere) r
LEFT JOIN (SELECT s.product_name, s.sort_key, s.id, p.name AS administrator_name,
  p.email AS administrator_email
 FROM seat JOIN subscription s ON s.id = seat.subscription_id JOIN person p ON p.id = s.administrator_id
 WHERE seat.person_id = :person AND s.status = 'active' ORDER BY s.sort_key, s.id LIMIT {MOST_USED}) u
 ON 1 = 1
ORDER BY u.sort_key, u.id
"""


def reasons(person_id: int, *, now: datetime) -> Reasons:
    found = rows(_SQL, person=person_id, now=to_micros(now))
    first = found[0]
    used = [one for one in found if one.product_name is not None]
    return Reasons(used, first.lapsed, first.withdrawn, first.handed_over, first.elsewhere)
