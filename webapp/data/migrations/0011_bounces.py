"""When a mail came back; what failed is found by person and by subscription."""
from peewee import *


def _index(db, *columns):
    return {tuple(index.columns): index.name for index in db.get_indexes('outbox_message')}[columns]


def up(migrator, db):
    migrator.migrate(
        migrator.add_column('outbox_message', 'bounced_at', BigIntegerField(null=True)),
        migrator.drop_index('outbox_message', _index(db, 'person_id')),
        migrator.drop_index('outbox_message', _index(db, 'subscription_id')),
        migrator.add_index('outbox_message', ('person_id', 'state')),
        migrator.add_index('outbox_message', ('subscription_id', 'state')),
    )


def down(migrator, db):
    migrator.migrate(
        migrator.drop_index('outbox_message', _index(db, 'person_id', 'state')),
        migrator.drop_index('outbox_message', _index(db, 'subscription_id', 'state')),
        migrator.drop_column('outbox_message', 'bounced_at'),
        migrator.add_index('outbox_message', ('person_id',)),
        migrator.add_index('outbox_message', ('subscription_id',)),
    )
