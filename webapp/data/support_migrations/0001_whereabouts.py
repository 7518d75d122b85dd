"""Who asks where their subscriptions are; independent of the models of today."""
from peewee import *


def up(migrator, db):
    class WhereaboutsRequest(Model):
        key = CharField(unique=True, max_length=32)
        email = TextField()
        asked_at = BigIntegerField()
        class Meta:
            database = db
            table_name = 'whereabouts_request'
    db.create_tables([WhereaboutsRequest])

    class WhereaboutsLook(Model):
        request = ForeignKeyField(WhereaboutsRequest, on_delete='CASCADE')
        site = CharField(max_length=10)
        class Meta:
            database = db
            table_name = 'whereabouts_look'
            indexes = ((('request', 'site'), True),)
    db.create_tables([WhereaboutsLook])

    class SharedAttempt(Model):
        kind = CharField(max_length=30)
        subject = TextField()
        at = BigIntegerField()
        class Meta:
            database = db
            table_name = 'shared_attempt'
            indexes = ((('kind', 'subject', 'at'), False),)
    db.create_tables([SharedAttempt])


def down(migrator, db):
    migrator.migrate(migrator.drop_table('shared_attempt'))
    migrator.migrate(migrator.drop_table('whereabouts_look'))
    migrator.migrate(migrator.drop_table('whereabouts_request'))
