"""Cards given on a payment provider's page."""
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

    class CardSetup(Model):
        key = CharField(max_length=32, unique=True)
        subscription = ForeignKeyField(Subscription)
        person = ForeignKeyField(Person)
        read_version = IntegerField()
        session = CharField(max_length=255, unique=True)
        url = TextField()
        state = CharField(max_length=10)
        begun_at = BigIntegerField(index=True)
        closed_at = BigIntegerField(null=True)
        class Meta:
            database = db
            table_name = 'card_setup'

    class Card(Model):
        subscription = ForeignKeyField(Subscription)
        person = ForeignKeyField(Person)
        brand = CharField(max_length=30)
        ending = CharField(max_length=4)
        expires = CharField(max_length=7)
        customer = CharField(max_length=255)
        payment_method = CharField(max_length=255)
        given_at = BigIntegerField()
        ended_at = BigIntegerField(null=True)
        class Meta:
            database = db
            table_name = 'card'

    db.create_tables([CardSetup, Card])


def down(migrator, db):
    migrator.migrate(migrator.drop_table('card_setup'), migrator.drop_table('card'))
