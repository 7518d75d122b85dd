"""Support agents, their sessions and their visits; independent of the models of today."""
from peewee import *


def up(migrator, db):
    class Agent(Model):
        email = TextField()
        email_key = CharField(unique=True, max_length=254)
        name = TextField()
        language = CharField(max_length=10, default='en')
        password_hash = TextField(null=True)
        totp_secret = TextField(null=True)
        totp_used = BigIntegerField(default=0)
        created_at = BigIntegerField()
        disabled_at = BigIntegerField(null=True)
        class Meta:
            database = db
            table_name = 'agent'
    db.create_tables([Agent])

    class AgentRegion(Model):
        agent = ForeignKeyField(Agent, on_delete='CASCADE')
        region = CharField(max_length=40)
        class Meta:
            database = db
            table_name = 'agent_region'
            indexes = ((('agent', 'region'), True),)
    db.create_tables([AgentRegion])

    class AgentPasskey(Model):
        agent = ForeignKeyField(Agent, on_delete='CASCADE')
        credential_id = CharField(unique=True, max_length=1400)
        public_key = BlobField()
        sign_count = BigIntegerField(default=0)
        name = TextField(default='')
        added_at = BigIntegerField()
        used_at = BigIntegerField(null=True)
        class Meta:
            database = db
            table_name = 'agent_passkey'
    db.create_tables([AgentPasskey])

    class AgentToken(Model):
        token_hash = CharField(unique=True, max_length=64)
        agent = ForeignKeyField(Agent, on_delete='CASCADE')
        purpose = CharField(max_length=20)
        data = TextField(default='')
        valid_until = BigIntegerField()
        used_at = BigIntegerField(null=True)
        class Meta:
            database = db
            table_name = 'agent_token'
    db.create_tables([AgentToken])

    class AgentSession(Model):
        token_hash = CharField(unique=True, max_length=64)
        agent = ForeignKeyField(Agent, on_delete='CASCADE')
        created_at = BigIntegerField(index=True)
        last_seen_at = BigIntegerField()
        factor = CharField(max_length=10, default='')
        user_agent = TextField(default='')
        class Meta:
            database = db
            table_name = 'agent_session'
    db.create_tables([AgentSession])

    class AgentEvent(Model):
        agent = ForeignKeyField(Agent, null=True, on_delete='SET NULL')
        at = BigIntegerField(index=True)
        action = CharField(max_length=60)
        details = TextField(default='{}')
        class Meta:
            database = db
            table_name = 'agent_event'
    db.create_tables([AgentEvent])

    class Visit(Model):
        key = CharField(unique=True, max_length=16)
        agent = ForeignKeyField(Agent, on_delete='CASCADE')
        session_hash = CharField(index=True, max_length=64)
        entry_hash = CharField(unique=True, null=True, max_length=64)
        token_hash = CharField(unique=True, null=True, max_length=64)
        site = CharField(max_length=10)
        customer_number = CharField(max_length=20)
        person_id = IntegerField(null=True)
        reason = TextField()
        ticket = CharField(max_length=40)
        opened_at = BigIntegerField()
        valid_until = BigIntegerField()
        ended_at = BigIntegerField(null=True)
        class Meta:
            database = db
            table_name = 'visit'
    db.create_tables([Visit])


def down(migrator, db):
    for table in ('visit', 'agent_event', 'agent_session', 'agent_token', 'agent_passkey', 'agent_region', 'agent'):
        migrator.migrate(migrator.drop_table(table))
