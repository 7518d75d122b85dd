"""What is deleted by its age is found by its age, however much there is of it."""
from peewee import *

AGES = (
    ('session', 'created_at'),
    ('session', 'last_seen_at'),
    ('attempt', 'at'),
    ('seat_file', 'uploaded_at'),
    ('answered_request', 'at'),
)


def up(migrator, db):
    migrator.migrate(*(migrator.add_index(table, (column,)) for table, column in AGES))


def down(migrator, db):
    for table, column in AGES:
        indexes = {tuple(index.columns): index.name for index in db.get_indexes(table)}
        migrator.migrate(migrator.drop_index(table, indexes[(column,)]))
