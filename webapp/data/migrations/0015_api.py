"""Keys of the API, its answers that are repeated, what was told of a payment, and events by the time."""
from peewee import *


def up(migrator, db):
    class ApiKey(Model):
        key_id = CharField(max_length=12, primary_key=True)
        name = CharField(max_length=60)
        scopes = TextField()
        secret_hash = CharField(max_length=64)
        created_at = BigIntegerField()
        expires_at = BigIntegerField(null=True)
        revoked_at = BigIntegerField(null=True)
        last_used_at = BigIntegerField(null=True)
        class Meta:
            database = db
            table_name = 'api_key'
    db.create_tables([ApiKey])

    class IdempotentRequest(Model):
        caller = CharField(max_length=60)
        key = CharField(max_length=255)
        fingerprint = CharField(max_length=64)
        status = SmallIntegerField(default=0)
        answer = TextField(default='')
        location = TextField(default='')
        at = BigIntegerField(index=True)
        class Meta:
            database = db
            table_name = 'idempotent_request'
            indexes = ((('caller', 'key'), True),)
    db.create_tables([IdempotentRequest])

    migrator.migrate(
        migrator.add_column('payment', 'warnings', TextField(default='')),
        migrator.add_index('audit_event', ('at', 'id')),
    )


def down(migrator, db):
    indexes = {tuple(index.columns): index.name for index in db.get_indexes('audit_event')}
    migrator.migrate(
        migrator.drop_index('audit_event', indexes['at', 'id']),
        migrator.drop_column('payment', 'warnings'),
    )
    migrator.migrate(migrator.drop_table('idempotent_request'))
    migrator.migrate(migrator.drop_table('api_key'))
