"""Reminders, the dates that they are found by, links that turn them off, and secret addresses of calendars."""
from peewee import *


def up(migrator, db):
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Person(Base):
        pass

    class Subscription(Base):
        pass

    class Reminder(Base):
        reader = CharField(max_length=330)
        kind = CharField(max_length=12)
        subscription = ForeignKeyField(Subscription, on_delete='CASCADE', index=False)
        seat = CharField(max_length=16)
        occasion = CharField(max_length=10)
        step = SmallIntegerField()
        state = CharField(max_length=10)
        noted_at = BigIntegerField()
        class Meta:
            indexes = (
                (('reader', 'kind', 'subscription', 'seat', 'occasion', 'step'), True),
                (('state', 'reader'), False),
                (('occasion',), False),
            )

    class ReminderReader(Base):
        key = CharField(max_length=330, unique=True)
        person = ForeignKeyField(Person, null=True, on_delete='CASCADE')
        mailed_on = CharField(max_length=10)
        turned_off = TextField()

    class ReminderSweep(Base):
        name = CharField(max_length=10, primary_key=True)
        done_through = CharField(max_length=10)
        day = CharField(max_length=10)
        window = SmallIntegerField()
        after = CharField(max_length=20)
        after_id = BigIntegerField()

    class CalendarFeed(Base):
        person = ForeignKeyField(Person, unique=True, on_delete='CASCADE')
        token_hash = CharField(max_length=64, unique=True)
        created_at = BigIntegerField()

    db.create_tables([Reminder, ReminderReader, ReminderSweep, CalendarFeed])
    migrator.migrate(
        migrator.add_column('outbox_message', 'unsubscribe', TextField(default='')),
        migrator.add_index('subscription', ('status', 'renewal_key', 'id')),
        migrator.add_index('seat', ('state', 'since')),
    )


def _index(db, table, *columns):
    return {tuple(index.columns): index.name for index in db.get_indexes(table)}[columns]


def down(migrator, db):
    migrator.migrate(
        migrator.drop_index('seat', _index(db, 'seat', 'state', 'since')),
        migrator.drop_index('subscription', _index(db, 'subscription', 'status', 'renewal_key', 'id')),
        migrator.drop_column('outbox_message', 'unsubscribe'),
    )
    for table in ('calendar_feed', 'reminder_sweep', 'reminder_reader', 'reminder'):
        migrator.migrate(migrator.drop_table(table))
