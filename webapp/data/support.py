"""What all country sites share, in a database of its own: bound as a site's is, alone or beside one.

Nothing of a site's customers is kept here for longer than it takes to hand it on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import peewee as pw

from webapp.data.database import (
    BoundDatabase,
    InstantField,
    begin,
    leave_no_transaction,
)
from webapp.data.pool import open_database

_bound: ContextVar[pw.Database | None] = ContextVar("bound support database", default=None)


class SupportNotBound(RuntimeError):
    """A query of shared rows outside `with portal.support.bound()`."""


class SupportDatabase(BoundDatabase):
    """Stands for the shared database where it is bound."""

    __slots__ = ()

    def _here(self) -> pw.Database:
        if (bound := _bound.get()) is None:
            raise SupportNotBound("The shared database is not bound: use `with portal.support.bound()`.")
        return bound

    @property
    def obj(self) -> pw.Database | None:
        return _bound.get()


support_database = SupportDatabase()


def atomic() -> AbstractContextManager[Any]:
    """One transaction in the shared database."""
    return begin(support_database._here())


class SupportModel(pw.Model):
    id: Any  # Peewee adds it

    class Meta:
        database = support_database
        legacy_table_names = False

    @classmethod
    def bind(cls, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("bind() and bind_ctx() change state of the whole process.")

    bind_ctx = bind


class WhereaboutsRequest(SupportModel):
    """Somebody asks where their subscriptions are: each site is to look once, then the row goes."""

    key = pw.CharField(max_length=32, unique=True)  # by which a site knows that it has answered
    email = pw.TextField()
    asked_at = InstantField()


class WhereaboutsLook(SupportModel):
    """This site has looked."""

    request = pw.ForeignKeyField(WhereaboutsRequest, backref="looks", on_delete="CASCADE")
    site = pw.CharField(max_length=10)

    class Meta:
        indexes = ((("request", "site"), True),)


class SharedAttempt(SupportModel):
    """Like a site's `Attempt`, counted over all sites."""

    kind = pw.CharField(max_length=30)
    subject = pw.TextField()
    at = InstantField()

    class Meta:
        indexes = ((("kind", "subject", "at"), False),)


SUPPORT_MODELS: list[type[SupportModel]] = [WhereaboutsRequest, WhereaboutsLook, SharedAttempt]


@dataclass
class SupportStore:
    """The shared database, opened when first needed: a site's pages work without it."""

    url: str
    prepare: Callable[[pw.Database], object] = lambda opened: None  # migrates, or refuses an old schema
    _opened: pw.Database | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def _open(self) -> pw.Database:
        with self._lock:
            if self._opened is None:
                opened = open_database(self.url)
                self.prepare(opened)
                self._opened = opened
            return self._opened

    @contextmanager
    def bound(self) -> Iterator[pw.Database]:
        """Shared rows are asked for inside; which site is bound, if any, stays as it is."""
        if _bound.get() is not None:
            raise RuntimeError("The shared database is bound already.")
        opened = self._open()
        token = _bound.set(opened)
        try:
            opened.connect(reuse_if_open=False)
            try:
                yield opened
            finally:
                leave_no_transaction(opened)
                opened.close()
        finally:
            _bound.reset(token)

    def close_all(self) -> None:
        if self._opened is not None:
            self._opened.close_all()  # type: ignore[attr-defined]
            self._opened = None
