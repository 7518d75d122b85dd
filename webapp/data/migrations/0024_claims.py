"""Claims to subscriptions whose administrator has left."""
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

    class ClaimRequest(Model):
        person = ForeignKeyField(Person)
        email = TextField()
        named = TextField()
        reason = TextField(default='')
        asked_at = BigIntegerField(index=True)
        proven_at = BigIntegerField(null=True)
        left_out = TextField(default='[]')
        class Meta:
            database = db
            table_name = 'claim_request'
    db.create_tables([ClaimRequest])

    class Claim(Model):
        key = CharField(max_length=16, unique=True)
        request = ForeignKeyField(ClaimRequest)
        subscription = ForeignKeyField(Subscription)
        person = ForeignKeyField(Person)
        administrator = ForeignKeyField(Person)
        reason = TextField(default='')
        state = CharField(max_length=10, default='open')
        waits_for = IntegerField(null=True, unique=True)
        opened_at = BigIntegerField()
        object_before = BigIntegerField()
        objected_at = BigIntegerField(null=True)
        objected_by = ForeignKeyField(Person, null=True)
        objection = TextField(default='')
        closed_at = BigIntegerField(null=True)
        decided_by = TextField(default='')
        decision = TextField(default='')
        class Meta:
            database = db
            table_name = 'claim'
            indexes = ((('state', 'object_before', 'id'), False),)
    db.create_tables([Claim])


def down(migrator, db):
    migrator.migrate(migrator.drop_table('claim'), migrator.drop_table('claim_request'))
