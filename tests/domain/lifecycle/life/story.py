"""A subscription and the book about it: how something is done to it, if nothing cuts the power."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import peewee as pw
from hypothesis.stateful import RuleBasedStateMachine

from tests.conftest import TestClock
from tests.domain.lifecycle.life.book import Book
from webapp.assembly import Portal
from webapp.data import records
from webapp.data.database import database
from webapp.data.statements import rows
from webapp.data.subscriptions import Subscription
from webapp.domain.refusals import Refusal
from webapp.sites import Product, Site


class PowerCut(BaseException):
    """As a killed process: nobody who handles errors sees it."""


@contextmanager
def power_cut(at: int, bound: pw.Database | None) -> Iterator[None]:
    """The statement of that number is the last one; 0: there is none."""
    seen = 0
    assert bound is not None

    def count(event: Any) -> None:
        if event.sql.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            step()

    def step() -> None:
        nonlocal seen
        seen += 1
        if seen == at:
            raise PowerCut

    def insert_many(*rows_of: Any, **more: Any) -> Any:
        """Goes to the driver beside Peewee and its hooks."""
        step()
        return sound(*rows_of, **more)

    sound, records.insert_many = records.insert_many, insert_many
    bound.query_hooks.append(count)
    try:
        yield
    finally:
        bound.query_hooks.remove(count)
        records.insert_many = sound


class Story(RuleBasedStateMachine):
    portal: Portal
    clock: TestClock
    site: Site
    product: Product
    book: Book
    id: int
    order_number: str

    @property
    def now(self) -> datetime:
        return self.clock.now

    def stored(self) -> Subscription:
        return Subscription.get_by_id(self.id)

    def traces(self) -> tuple[Any, ...]:
        """All that a change could leave."""
        mine = {"id": self.id}
        return (
            rows("SELECT * FROM subscription WHERE id = :id", **mine),
            rows("SELECT * FROM seat WHERE subscription_id = :id ORDER BY id", **mine),
            rows("SELECT * FROM invoice WHERE subscription_id = :id ORDER BY id", **mine),
            rows("SELECT count(*) AS number FROM audit_event WHERE subscription_id = :id", **mine)[0][0],
            rows("SELECT count(*) AS number FROM outbox_message WHERE subscription_id = :id", **mine)[0][0],
        )

    def attempt(self, act: Callable[[Subscription], object], *, may: bool | None, cut: int = 0) -> bool:
        """Done, with an event, if it may be; or refused or interrupted, without a trace. `may` is not told
        where limits on how often something is tried have a say."""
        with self.portal.at(self.site):
            before = self.traces()
            try:
                with power_cut(cut, database.obj):
                    act(self.stored())
            except (Refusal, PowerCut) as problem:
                assert self.traces() == before, f"{problem!r} left something"
                assert not (may and isinstance(problem, Refusal)), f"refused: {problem!r}"
                return False
            after = self.traces()
            assert after[:3] == before[:3] or after[3] > before[3], "a change without an event"
            assert may is not False, "this had to be refused"
            return True
