"""Whom a site tells what happens, and what waits to be told."""
from peewee import *


def up(migrator, db):
    class WebhookEndpoint(Model):
        id = AutoField()
        key = CharField(max_length=20, unique=True)
        url = TextField()
        events = TextField()
        secret = TextField()
        old_secret = TextField()
        old_until = BigIntegerField(null=True)
        state = CharField(max_length=10)
        created_at = BigIntegerField()
        failures = IntegerField()
        failing_since = BigIntegerField(null=True)
        resting_until = BigIntegerField(null=True)
        last_error = TextField()
        class Meta:
            database = db
            table_name = 'webhook_endpoint'

    class WebhookMessage(Model):
        id = AutoField()
        message_id = CharField(max_length=40, unique=True)
        endpoint = ForeignKeyField(WebhookEndpoint, backref='messages', index=False)
        event = CharField(max_length=40)
        subject = CharField(max_length=20)
        payload = TextField()
        state = CharField(max_length=10)
        created_at = BigIntegerField()
        expires_at = BigIntegerField()
        next_attempt_at = BigIntegerField()
        attempts = IntegerField()
        claim = CharField(max_length=32, null=True)
        sent_at = BigIntegerField(null=True)
        last_error = TextField()
        class Meta:
            database = db
            table_name = 'webhook_message'
            indexes = [
                (('endpoint', 'state', 'next_attempt_at', 'id'), False),
                (('endpoint', 'subject', 'state', 'id'), False),
                (('state', 'sent_at'), False),
            ]

    db.create_tables([WebhookEndpoint, WebhookMessage])


def down(migrator, db):
    migrator.migrate(migrator.drop_table('webhook_message'), migrator.drop_table('webhook_endpoint'))
