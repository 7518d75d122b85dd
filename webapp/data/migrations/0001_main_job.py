"""The tables of the main job: a frozen copy, independent of the models of today."""
from peewee import *


def up(migrator, db):
    class Order(Model):
        order_number = CharField(unique=True, max_length=40)
        content_hash = CharField(max_length=64)
        document = TextField()
        warnings = TextField(default='')
        ordered_at = BigIntegerField()
        received_at = BigIntegerField()
        class Meta:
            database = db
            table_name = 'shop_order'
    db.create_tables([Order])

    class Account(Model):
        customer_number = CharField(unique=True, max_length=40)
        name = TextField()
        line1 = TextField()
        line2 = TextField(null=True)
        postal_code = TextField(null=True)
        city = TextField()
        region = TextField(null=True)
        country = CharField(max_length=2)
        vat_id = TextField(null=True)
        search_key = TextField()
        sort_key = TextField()
        class Meta:
            database = db
            table_name = 'account'
    db.create_tables([Account])

    class Person(Model):
        email = TextField()
        email_key = TextField(unique=True)
        name = TextField()
        sort_key = TextField()
        language = CharField(max_length=10)
        password_hash = TextField(null=True)
        created_at = BigIntegerField()
        first_signed_in_at = BigIntegerField(null=True)
        class Meta:
            database = db
            table_name = 'person'
    db.create_tables([Person])

    class Subscription(Model):
        public_id = CharField(unique=True, max_length=20)
        order = ForeignKeyField(Order, unique=True)
        account = ForeignKeyField(Account)
        administrator = ForeignKeyField(Person)
        product_key = CharField(max_length=60)
        product_name = TextField()
        kind = CharField(max_length=10)
        agreement_key = CharField(max_length=40)
        quantity = IntegerField()
        seats_taken = IntegerField(default=0)
        commitment = CharField(max_length=10)
        billing_period = CharField(max_length=10)
        unit_price = BigIntegerField()
        currency = CharField(max_length=3)
        payment_method = CharField(max_length=20)
        po_number = TextField(default='')
        language = CharField(max_length=10)
        status = CharField(max_length=10, default='pending')
        ordered_at = BigIntegerField()
        activate_before = BigIntegerField()
        activated_at = BigIntegerField(null=True)
        activated_by = ForeignKeyField(Person, null=True)
        term_start = CharField(null=True, max_length=10)
        term_end = CharField(null=True, max_length=10)
        anchor_day = SmallIntegerField(null=True)
        ends_on = CharField(null=True, max_length=10)
        ended_at = BigIntegerField(null=True)
        po_version = IntegerField(default=0)
        shelf = CharField(max_length=10, default='pending')
        renewal_key = CharField(max_length=10, default='9999-12-31')
        search_key = TextField()
        sort_key = TextField()
        class Meta:
            database = db
            table_name = 'subscription'
            indexes = ((('administrator', 'sort_key', 'id', 'shelf', 'activate_before', 'search_key'), False), (('administrator', 'shelf', 'sort_key', 'id'), False), (('administrator', 'shelf', 'activate_before', 'id'), False), (('administrator', 'renewal_key', 'id', 'shelf', 'activate_before', 'search_key'), False), (('administrator', 'ordered_at', 'id', 'shelf', 'activate_before', 'search_key'), False), (('status', 'activate_before'), False))
    db.create_tables([Subscription])

    class AcceptedText(Model):
        sha256 = CharField(primary_key=True, max_length=64)
        agreement_key = CharField(max_length=40)
        version = CharField(max_length=20)
        language = CharField(max_length=10)
        text = TextField()
        class Meta:
            database = db
            table_name = 'accepted_text'
    db.create_tables([AcceptedText])

    class Acceptance(Model):
        subscription = ForeignKeyField(Subscription, unique=True)
        person = ForeignKeyField(Person)
        text = ForeignKeyField(AcceptedText)
        language = CharField(max_length=10)
        accepted_at = BigIntegerField()
        class Meta:
            database = db
            table_name = 'acceptance'
    db.create_tables([Acceptance])

    class Attempt(Model):
        kind = CharField(max_length=30)
        subject = TextField()
        at = BigIntegerField()
        class Meta:
            database = db
            table_name = 'attempt'
            indexes = ((('kind', 'subject', 'at'), False),)
    db.create_tables([Attempt])

    class AuditEvent(Model):
        at = BigIntegerField()
        action = CharField(max_length=60)
        actor_kind = CharField(max_length=10)
        actor = ForeignKeyField(Person, null=True)
        actor_name = TextField(default='')
        account = ForeignKeyField(Account, null=True)
        subscription = ForeignKeyField(Subscription, null=True)
        person = ForeignKeyField(Person, null=True)
        details = TextField(default='{}')
        class Meta:
            database = db
            table_name = 'audit_event'
            indexes = ((('subscription', 'id'), False),)
    db.create_tables([AuditEvent])

    class Counter(Model):
        name = CharField(primary_key=True, max_length=40)
        value = BigIntegerField()
        class Meta:
            database = db
            table_name = 'counter'
    db.create_tables([Counter])

    class Invoice(Model):
        subscription = ForeignKeyField(Subscription)
        state = CharField(max_length=10, default='due')
        period_start = CharField(max_length=10)
        period_end = CharField(max_length=10)
        quantity = IntegerField()
        unit_price = BigIntegerField()
        net = BigIntegerField()
        currency = CharField(max_length=3)
        po_number = TextField(default='')
        recorded_at = BigIntegerField()
        class Meta:
            database = db
            table_name = 'invoice'
            indexes = ((('subscription', 'period_start'), True),)
    db.create_tables([Invoice])

    class Membership(Model):
        person = ForeignKeyField(Person)
        account = ForeignKeyField(Account)
        created_at = BigIntegerField()
        class Meta:
            database = db
            table_name = 'membership'
            indexes = ((('account', 'person'), True), (('person', 'account'), False))
    db.create_tables([Membership])

    class OutboxMessage(Model):
        message_id = TextField(unique=True)
        kind = CharField(max_length=40)
        to_email = TextField()
        to_name = TextField()
        language = CharField(max_length=10)
        subject = TextField()
        text = TextField()
        html = TextField()
        person = ForeignKeyField(Person, null=True)
        subscription = ForeignKeyField(Subscription, null=True)
        token_purpose = CharField(null=True, max_length=20)
        token_next_path = TextField(default='')
        token_minutes = IntegerField(null=True)
        state = CharField(max_length=10, default='queued')
        created_at = BigIntegerField()
        next_attempt_at = BigIntegerField()
        attempts = IntegerField(default=0)
        claim = CharField(null=True, max_length=32)
        sent_at = BigIntegerField(null=True)
        last_error = TextField(default='')
        class Meta:
            database = db
            table_name = 'outbox_message'
            indexes = ((('state', 'next_attempt_at'), False),)
    db.create_tables([OutboxMessage])

    class Seat(Model):
        subscription = ForeignKeyField(Subscription)
        person = ForeignKeyField(Person)
        state = CharField(max_length=10)
        since = BigIntegerField()
        class Meta:
            database = db
            table_name = 'seat'
            indexes = ((('subscription', 'person'), True), (('person', 'subscription'), False))
    db.create_tables([Seat])

    class Session(Model):
        token_hash = CharField(primary_key=True, max_length=64)
        person = ForeignKeyField(Person, on_delete='CASCADE')
        created_at = BigIntegerField()
        last_seen_at = BigIntegerField()
        user_agent = TextField(default='')
        class Meta:
            database = db
            table_name = 'session'
    db.create_tables([Session])

    class Token(Model):
        token_hash = CharField(primary_key=True, max_length=64)
        purpose = CharField(max_length=20)
        person = ForeignKeyField(Person, on_delete='CASCADE')
        next_path = TextField(default='')
        created_at = BigIntegerField()
        expires_at = BigIntegerField(index=True)
        used_at = BigIntegerField(null=True)
        class Meta:
            database = db
            table_name = 'token'
    db.create_tables([Token])


def down(migrator, db):
    migrator.migrate(migrator.drop_table('token'))
    migrator.migrate(migrator.drop_table('session'))
    migrator.migrate(migrator.drop_table('seat'))
    migrator.migrate(migrator.drop_table('outbox_message'))
    migrator.migrate(migrator.drop_table('membership'))
    migrator.migrate(migrator.drop_table('invoice'))
    migrator.migrate(migrator.drop_table('counter'))
    migrator.migrate(migrator.drop_table('audit_event'))
    migrator.migrate(migrator.drop_table('attempt'))
    migrator.migrate(migrator.drop_table('acceptance'))
    migrator.migrate(migrator.drop_table('accepted_text'))
    migrator.migrate(migrator.drop_table('subscription'))
    migrator.migrate(migrator.drop_table('person'))
    migrator.migrate(migrator.drop_table('account'))
    migrator.migrate(migrator.drop_table('shop_order'))

