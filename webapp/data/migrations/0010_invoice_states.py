"""An account's invoices of one state, newest first."""
from peewee import *


COLUMNS = ('account_id', 'state', 'issued_on', 'id', 'due_on')


def up(migrator, db):
    migrator.migrate(migrator.add_index('invoice', COLUMNS))


def down(migrator, db):
    found = {tuple(index.columns): index.name for index in db.get_indexes('invoice')}
    migrator.migrate(migrator.drop_index('invoice', found[COLUMNS]))
