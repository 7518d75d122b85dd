"""Migrations of a site's database, and of the shared one, with Peewee's own runner, one process at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import peewee as pw
from playhouse.migrations import Runner

from webapp.data import (
    accounts,
    agreements,
    api_keys,
    audit,
    billing,
    calendar_feeds,
    cards,
    counters,
    documents,
    email_changes,
    mandates,
    outbox,
    reminders,
    roles,
    seat_files,
    second_factors,
    sign_in,
    subscriptions,
    transfers,
    webhooks,
    whereabouts,
)
from webapp.data.database import SiteModel

MIGRATIONS = Path(__file__).parent / "migrations"
SUPPORT_MIGRATIONS = Path(__file__).parent / "support_migrations"
_ADVISORY_LOCK = 7_064_127_001

MODELS: list[type[SiteModel]] = [
    accounts.Account,
    accounts.Person,
    accounts.Membership,
    sign_in.Session,
    sign_in.Token,
    sign_in.Attempt,
    second_factors.SecondFactor,
    second_factors.RecoveryCode,
    subscriptions.Order,
    subscriptions.Subscription,
    subscriptions.Seat,
    seat_files.SeatFile,
    seat_files.SeatFileRow,
    transfers.Transfer,
    agreements.AcceptedText,
    agreements.Acceptance,
    mandates.Mandate,
    cards.CardSetup,
    cards.Card,
    billing.Invoice,
    billing.Payment,
    billing.BillingDetails,
    billing.InvoiceRecipient,
    outbox.OutboxMessage,
    audit.AuditEvent,
    counters.Counter,
    documents.StoredDocument,
    whereabouts.AnsweredRequest,
    email_changes.EmailChange,
    reminders.Reminder,
    reminders.ReminderReader,
    reminders.ReminderSweep,
    calendar_feeds.CalendarFeed,
    api_keys.ApiKey,
    api_keys.IdempotentRequest,
    webhooks.WebhookEndpoint,
    webhooks.WebhookMessage,
]


class OldSchema(RuntimeError):
    """The database waits for migrations: in production only `portal db migrate` runs them."""


@contextmanager
def _one_runner(opened: pw.Database) -> Iterator[None]:
    if isinstance(opened, pw.SqliteDatabase):
        with open(f"{opened.database}.migrating", "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    opened.execute_sql("SELECT pg_advisory_lock(%s)", (_ADVISORY_LOCK,))
    try:
        yield
    finally:
        opened.execute_sql("SELECT pg_advisory_unlock(%s)", (_ADVISORY_LOCK,))


def migrate(opened: pw.Database, folder: Path = MIGRATIONS) -> list[str]:
    """Brings the database up to date; the names of what was applied."""
    with opened.connection_context():
        if not _waiting(opened, folder):
            return []
        with _one_runner(opened):
            applied = list(Runner(opened, str(folder)).up())
            if folder == MIGRATIONS:
                grant(opened)
            return applied


def grant(opened: pw.Database) -> list[str]:
    """Inside a connection: on PostgreSQL, what the roles of the support console may do at a site. Those of
    them that nobody has made."""
    return [] if isinstance(opened, pw.SqliteDatabase) else roles.grant(opened)


def _waiting(opened: pw.Database, folder: Path) -> list[str]:
    return [found.name for found in Runner(opened, str(folder)).status() if found.path and not found.applied]


def refuse_old_schema(opened: pw.Database, folder: Path = MIGRATIONS) -> None:
    with opened.connection_context():
        if waiting := _waiting(opened, folder):
            raise OldSchema(f"The database waits for {', '.join(waiting)}: run `portal db migrate`.")


def migrate_support(opened: pw.Database) -> list[str]:
    return migrate(opened, SUPPORT_MIGRATIONS)


def refuse_old_support_schema(opened: pw.Database) -> None:
    refuse_old_schema(opened, SUPPORT_MIGRATIONS)
