"""Transfers of administration and the backup administrator; independent of the models of today."""
from peewee import *


def up(migrator, db):
    class Person(Model):
        class Meta:
            database = db
            table_name = 'person'

    class Subscription(Model):
        class Meta:
            database = db
            table_name = 'subscription'

    backup = ForeignKeyField(Person, field=Person.id, null=True)
    migrator.migrate(migrator.add_column('subscription', 'backup_id', backup))

    class Transfer(Model):
        subscription = ForeignKeyField(Subscription)
        from_person = ForeignKeyField(Person)
        to_person = ForeignKeyField(Person)
        at = BigIntegerField()
        was_backup = BooleanField(default=False)
        seat_given_up = CharField(max_length=10, null=True)
        taken_back_at = BigIntegerField(null=True)
        settled_at = BigIntegerField(null=True)
        class Meta:
            database = db
            table_name = 'transfer'
            indexes = ((('from_person', 'settled_at', 'taken_back_at'), False), (('to_person', 'settled_at'), False))
    db.create_tables([Transfer])


def down(migrator, db):
    migrator.migrate(migrator.drop_table('transfer'))
    migrator.migrate(migrator.drop_index('subscription', 'subscription_backup_id'))
    migrator.migrate(migrator.drop_column('subscription', 'backup_id'))
