"""Seats that end, know their cost centre and job site, and are found by name; files of people to invite."""
import secrets

from peewee import *

NAMED = ('subscription_id', 'counted', 'sort_key', 'id', 'search_key', 'over_on', 'state')
COUNTED = ('subscription_id', 'counted', 'state', 'over_on')
OVER = ('subscription_id', 'over_on', 'id', 'search_key')
COLUMNS = {
    'last_day': CharField(max_length=10, null=True),
    'over_on': CharField(max_length=10, default='9999-12-31'),
    'counted': SmallIntegerField(default=1),
    'revoked_at': BigIntegerField(null=True),
    'cost_centre': TextField(default=''),
    'job_site': TextField(default=''),
    'version': IntegerField(default=0),
    'sort_key': TextField(default=''),
    'search_key': TextField(default=''),
}


def up(migrator, db):
    class Person(Model):
        class Meta:
            database = db
            table_name = 'person'

    class Subscription(Model):
        class Meta:
            database = db
            table_name = 'subscription'

    migrator.migrate(migrator.add_column('seat', 'key', CharField(max_length=16, null=True)))
    mark = '?' if isinstance(db, SqliteDatabase) else '%s'
    seats = db.execute_sql('SELECT id FROM seat').fetchall()
    for (seat,) in seats:
        db.execute_sql(f'UPDATE seat SET key = {mark} WHERE id = {mark}', (secrets.token_hex(8), seat))
    migrator.migrate(migrator.add_not_null('seat', 'key'), migrator.add_index('seat', ('key',), unique=True))
    migrator.migrate(*[migrator.add_column('seat', name, field) for name, field in COLUMNS.items()])
    db.execute_sql(
        "UPDATE seat SET sort_key = (SELECT p.sort_key FROM person p WHERE p.id = seat.person_id),"
        " search_key = (SELECT substr(p.sort_key || ' ' || p.email_key, 1, 300)"
        " FROM person p WHERE p.id = seat.person_id)"
    )
    migrator.migrate(*[migrator.add_index('seat', columns) for columns in (NAMED, COUNTED, OVER)])

    class SeatFile(Model):
        subscription = ForeignKeyField(Subscription)
        person = ForeignKeyField(Person)
        token = CharField(max_length=16)
        name = TextField()
        size = IntegerField()
        checked = IntegerField(default=0)
        uploaded_at = BigIntegerField()
        class Meta:
            database = db
            table_name = 'seat_file'
            indexes = ((('subscription', 'person'), True),)
    db.create_tables([SeatFile])

    class SeatFileRow(Model):
        file = ForeignKeyField(SeatFile, on_delete='CASCADE')
        line = IntegerField()
        email = TextField()
        email_key = TextField()
        name = TextField()
        last_day = TextField()
        cost_centre = TextField()
        job_site = TextField()
        language = TextField()
        fate = CharField(max_length=12, default='')
        class Meta:
            database = db
            table_name = 'seat_file_row'
            indexes = ((('file', 'line'), True), (('file', 'fate', 'line'), False), (('file', 'email_key'), False))
    db.create_tables([SeatFileRow])


def down(migrator, db):
    migrator.migrate(migrator.drop_table('seat_file_row'))
    migrator.migrate(migrator.drop_table('seat_file'))
    for index in db.get_indexes('seat'):  # engines shorten long names each in its own way
        if {'key', 'counted', 'over_on'} & set(index.columns):
            migrator.migrate(migrator.drop_index('seat', index.name))
    db.execute_sql('DELETE FROM seat WHERE counted = 0')
    migrator.migrate(*[migrator.drop_column('seat', name) for name in (*COLUMNS, 'key')])
