"""Why somebody's list is empty, as far as this site knows: what the page then says and offers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.data.database import to_micros
from webapp.data.statements import row


@dataclass(frozen=True, slots=True)
class Reasons:
    """How many there were, and what became of them."""

    lapsed: int
    withdrawn: int
    handed_over: int
    elsewhere: int  # in another account of the person than the one they look at

    @property
    def any(self) -> bool:
        return bool(self.lapsed or self.withdrawn or self.handed_over or self.elsewhere)


_SQL = """
SELECT
 (SELECT count(*) FROM subscription s WHERE s.administrator_id = :person AND (s.status = 'lapsed'
   OR (s.status = 'pending' AND s.activate_before <= :now))) AS lapsed,
 (SELECT count(*) FROM subscription s
  WHERE s.administrator_id = :person AND s.status = 'withdrawn') AS withdrawn,
 (SELECT count(*) FROM transfer t
  WHERE t.from_person_id = :person AND t.taken_back_at IS NULL) AS handed_over,
 (SELECT count(*) FROM subscription s
  WHERE s.administrator_id = :person AND (s.shelf IN ('active', 'cancelled')
   OR (s.shelf = 'pending' AND s.activate_before > :now))) AS elsewhere
"""


def reasons(person_id: int, *, now: datetime) -> Reasons:
    found = row(_SQL, person=person_id, now=to_micros(now))
    assert found is not None
    return Reasons(found.lapsed, found.withdrawn, found.handed_over, found.elsewhere)
