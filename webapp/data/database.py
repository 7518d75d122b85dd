"""One country site, one database: which one a query goes to is decided by what is bound, and by nothing else.

Unbound is an error, binding twice is an error, and a row that was read at one site can't be saved,
filtered with or pointed to at another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import peewee as pw
from playhouse.pool import MaxConnectionsExceeded

from webapp.data.pool import open_database
from webapp.data.roles import Mode

if TYPE_CHECKING:
    from webapp.sites import Site

# The database does not answer now; asking again later may help.
STORAGE_FAILURES = (pw.OperationalError, pw.InterfaceError, MaxConnectionsExceeded)


class SiteNotBound(RuntimeError):
    """A query without a site. Not an AttributeError: `hasattr` must not swallow it."""


class CrossSite(RuntimeError):
    """A row, or a binding, of one site met another site."""


@dataclass(frozen=True, slots=True)
class Binding:
    site: Site
    database: pw.Database
    mode: Mode = "all"


_bound: ContextVar[Binding | None] = ContextVar("bound site", default=None)


def _binding() -> Binding:
    binding = _bound.get()
    if binding is None:
        raise SiteNotBound("No country site is bound: use `with databases.bound(site)`.")
    return binding


def current_site() -> Site:
    return _binding().site


def only_looking() -> bool:
    """Nothing can be kept: what pages keep on the way, they make anew each time."""
    return _binding().mode == "look"


class BoundDatabase(pw.DatabaseProxy):
    """Stands for the database that is bound in this context."""

    __slots__ = ()

    def __init__(self) -> None:
        object.__setattr__(self, "_callbacks", [])

    def _here(self) -> pw.Database:
        """Raises where nothing is bound."""
        raise NotImplementedError

    @property
    def obj(self) -> pw.Database | None:  # read by Peewee itself, e.g. for RETURNING
        raise NotImplementedError

    def initialize(self, obj: Any) -> None:
        for callback in self._callbacks:
            callback(obj)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._here(), name)

    def __enter__(self) -> Any:
        raise TypeError("Bind a site: `with databases.bound(site)`.")

    def __exit__(self, *args: object) -> Any:
        raise TypeError("Bind a site: `with databases.bound(site)`.")

    # Resolved at once, so that BEGIN and COMMIT go to the same database whatever happens between.
    def atomic(self, *args: Any, **kwargs: Any) -> Any:
        return self._here().atomic(*args, **kwargs)

    def transaction(self, *args: Any, **kwargs: Any) -> Any:
        return self._here().transaction(*args, **kwargs)

    def savepoint(self, *args: Any, **kwargs: Any) -> Any:
        return self._here().savepoint(*args, **kwargs)

    def manual_commit(self) -> Any:
        return self._here().manual_commit()

    def connection_context(self) -> Any:
        return self._here().connection_context()


class SiteDatabase(BoundDatabase):
    """Stands for the database of the site that is bound."""

    __slots__ = ()

    def _here(self) -> pw.Database:
        return _binding().database

    @property
    def obj(self) -> pw.Database | None:
        binding = _bound.get()
        return binding.database if binding else None


database = SiteDatabase()


def atomic() -> AbstractContextManager[Any]:
    """One transaction at the bound site (a savepoint inside another)."""
    return begin(_binding().database)


def begin(bound: pw.Database) -> AbstractContextManager[Any]:
    """On SQLite it takes the write lock at once: a deferred BEGIN fails on read-then-write whatever its
    timeout is."""
    if isinstance(bound, pw.SqliteDatabase) and bound.transaction_depth() == 0:
        return bound.atomic("IMMEDIATE")
    return bound.atomic()


class _SiteRowAccessor(pw.ForeignKeyAccessor):
    """`seat.person`: neither read through a row of another site, nor set to one."""

    def __get__(self, instance: Any, instance_type: Any = None) -> Any:
        if instance is not None:
            instance.refuse_elsewhere()
        return super().__get__(instance, instance_type)

    def __set__(self, instance: Any, obj: Any) -> None:
        if isinstance(obj, SiteModel):
            obj.refuse_elsewhere()
        super().__set__(instance, obj)


class _SiteRowsAccessor(pw.BackrefAccessor):
    """`person.seats`, likewise."""

    def __get__(self, instance: Any, instance_type: Any = None) -> Any:
        if instance is not None:
            instance.refuse_elsewhere()
        return super().__get__(instance, instance_type)


class SiteForeignKey(pw.ForeignKeyField):
    """A foreign key that refuses rows of another site: as value, as filter, and on the way to them."""

    accessor_class = _SiteRowAccessor
    backref_accessor_class = _SiteRowsAccessor

    def db_value(self, value: Any) -> Any:
        if isinstance(value, SiteModel):
            value.refuse_elsewhere()
        return super().db_value(value)


class InstantField(pw.BigIntegerField):
    """An aware UTC datetime, stored as microseconds since 1970 on both engines."""

    def db_value(self, value: datetime | int | None) -> int | None:
        return to_micros(value) if isinstance(value, datetime) else value

    def python_value(self, value: int | None) -> datetime | None:
        return None if value is None else from_micros(value)


class LocalDateField(pw.CharField):
    """A date at the site, stored as ISO text on both engines."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 10)
        super().__init__(*args, **kwargs)

    def db_value(self, value: date | str | None) -> str | None:
        return value.isoformat() if isinstance(value, date) else value

    def python_value(self, value: str | None) -> date | None:
        return None if value is None else date.fromisoformat(value)


class BytesField(pw.BlobField):
    """Bytes as they are. Peewee's own field wraps them as one engine wants it, once for the whole process;
    which engine it will be is known only where a site is bound, and both drivers take plain bytes."""

    def _db_hook(self, database: Any) -> None:
        """Nothing depends on the database."""

    def db_value(self, value: bytes | None) -> bytes | None:
        return value

    def python_value(self, value: Any) -> bytes | None:
        return None if value is None else bytes(value)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(value: datetime) -> int:
    if value.tzinfo is None:
        raise ValueError("An instant needs its zone.")
    return (value - _EPOCH) // timedelta(microseconds=1)


def from_micros(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


class SiteModel(pw.Model):
    id: Any  # Peewee adds it

    class Meta:
        database = database
        legacy_table_names = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        object.__setattr__(self, "_site_code", current_site().code)
        super().__init__(*args, **kwargs)

    def refuse_elsewhere(self) -> None:
        here, origin = current_site().code, self._site_code  # type: ignore[attr-defined]
        if here != origin:
            raise CrossSite(f"A {type(self).__name__} of site {origin} was used at site {here}.")

    def save(self, *args: Any, **kwargs: Any) -> Any:
        self.refuse_elsewhere()
        return super().save(*args, **kwargs)

    def delete_instance(self, *args: Any, **kwargs: Any) -> Any:
        self.refuse_elsewhere()
        return super().delete_instance(*args, **kwargs)

    @classmethod
    def bind(cls, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            "bind() and bind_ctx() change state of the whole process: other threads would read foreign rows."
        )

    bind_ctx = bind


@dataclass
class Databases:
    """The registry: site → its database, opened when first needed."""

    urls: dict[str, str]
    prepare: Callable[[pw.Database], object] = lambda opened: None  # migrates, or refuses an old schema
    _open: dict[tuple[str, Mode], pw.Database] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, site: Site, mode: Mode = "all") -> pw.Database:
        """Over `look` and `act` nothing can be prepared: the portal's own comes first."""
        with self._lock:
            for kind in ("all", mode):
                if (site.code, kind) not in self._open:
                    opened = open_database(self.urls[site.code], kind)
                    if kind == "all":
                        self.prepare(opened)
                    self._open[site.code, kind] = opened
            return self._open[site.code, mode]

    @contextmanager
    def bound(self, site: Site, mode: Mode = "all") -> Iterator[pw.Database]:
        """Everything inside asks this site's database, and no other."""
        if (already := _bound.get()) is not None:
            raise CrossSite(f"Site {already.site.code} is bound: {site.code} can't be bound inside it.")
        opened = self.of(site, mode)
        token = _bound.set(Binding(site, opened, mode))
        try:
            opened.connect(
                reuse_if_open=False
            )  # an open one was leaked by an earlier job: better to hear of it
            try:
                yield opened
            finally:
                leave_no_transaction(opened)
                opened.close()
        finally:
            _bound.reset(token)

    def close_all(self) -> None:
        for opened in self._open.values():
            opened.close_all()  # type: ignore[attr-defined]
        self._open.clear()


def leave_no_transaction(opened: pw.Database) -> None:
    while opened.in_transaction():
        opened.rollback()
        opened.pop_transaction()
