"""Up to which day invoices are recorded, how many licences there are from the next renewal on, and what is due."""
from peewee import *


def up(migrator, db):
    migrator.migrate(
        migrator.add_column('subscription', 'billed_until', CharField(max_length=10, null=True)),
        migrator.add_column('subscription', 'next_quantity', IntegerField(null=True)),
    )
    db.execute_sql(
        'UPDATE subscription SET billed_until = COALESCE((SELECT max(i.period_end) FROM invoice i'
        ' WHERE i.subscription_id = subscription.id AND substr(i.cause, 1, 7) = \'period \'), term_end)'
        ' WHERE status = \'active\''
    )
    migrator.migrate(
        migrator.add_index('subscription', ('status', 'billed_until', 'id')),
        migrator.add_index('invoice', ('state', 'id')),
    )


def down(migrator, db):
    of_invoices = {tuple(index.columns): index.name for index in db.get_indexes('invoice')}
    migrator.migrate(migrator.drop_index('invoice', of_invoices['state', 'id']))
    indexes = {tuple(index.columns): index.name for index in db.get_indexes('subscription')}
    migrator.migrate(migrator.drop_index('subscription', indexes['status', 'billed_until', 'id']))
    for column in ('next_quantity', 'billed_until'):
        migrator.migrate(migrator.drop_column('subscription', column))
