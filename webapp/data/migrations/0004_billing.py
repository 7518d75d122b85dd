"""Billing data, addresses for invoices, the next term's order number, mandates; independent of today's models."""
from peewee import *


def up(migrator, db):
    class Account(Model):
        class Meta:
            database = db
            table_name = 'account'

    class Person(Model):
        class Meta:
            database = db
            table_name = 'person'

    class Subscription(Model):
        class Meta:
            database = db
            table_name = 'subscription'

    class BillingDetails(Model):
        account = ForeignKeyField(Account, unique=True)
        name = TextField()
        line1 = TextField()
        line2 = TextField(default='')
        postal_code = TextField(default='')
        city = TextField()
        region = TextField(default='')
        country = CharField(max_length=2)
        contact_name = TextField(default='')
        contact_phone = TextField(default='')
        vat_id = TextField(default='')
        national_ids = TextField(default='{}')
        buyer_reference = TextField(default='')
        version = IntegerField(default=1)
        changed_by = ForeignKeyField(Person)
        changed_at = BigIntegerField()
        class Meta:
            database = db
            table_name = 'billing_details'
    db.create_tables([BillingDetails])

    class InvoiceRecipient(Model):
        account = ForeignKeyField(Account)
        subscription = ForeignKeyField(Subscription, null=True)
        scope = CharField(max_length=20, default='')
        email = TextField()
        email_key = TextField()
        added_by = ForeignKeyField(Person)
        added_at = BigIntegerField()
        confirmed_at = BigIntegerField(null=True)
        class Meta:
            database = db
            table_name = 'invoice_recipient'
            indexes = ((('account', 'scope', 'email_key'), True),)
    db.create_tables([InvoiceRecipient])

    class AcceptedText(Model):
        sha256 = CharField(max_length=64, primary_key=True)
        class Meta:
            database = db
            table_name = 'accepted_text'

    class Mandate(Model):
        subscription = ForeignKeyField(Subscription)
        reference = CharField(max_length=35, unique=True)
        person = ForeignKeyField(Person)
        text = ForeignKeyField(AcceptedText)
        language = CharField(max_length=10)
        accepted_at = BigIntegerField()
        holder = TextField()
        iban_country = CharField(max_length=2)
        iban_ending = CharField(max_length=4)
        iban_sealed = TextField()
        revoked_at = BigIntegerField(null=True)
        class Meta:
            database = db
            table_name = 'mandate'
    db.create_tables([Mandate])

    of_token = ForeignKeyField(InvoiceRecipient, field=InvoiceRecipient.id, null=True, on_delete='CASCADE')
    of_message = ForeignKeyField(InvoiceRecipient, field=InvoiceRecipient.id, null=True, on_delete='SET NULL')
    migrator.migrate(migrator.drop_not_null('token', 'person_id'))
    migrator.migrate(migrator.add_column('token', 'recipient_id', of_token))
    migrator.migrate(migrator.add_column('outbox_message', 'recipient_id', of_message))
    migrator.migrate(migrator.add_column('subscription', 'next_po_number', TextField(null=True)))
    migrator.migrate(migrator.add_column('subscription', 'payment_version', IntegerField(default=0)))


def down(migrator, db):
    migrator.migrate(migrator.drop_column('subscription', 'payment_version'))
    migrator.migrate(migrator.drop_column('subscription', 'next_po_number'))
    migrator.migrate(migrator.drop_table('mandate'))
    db.execute_sql('DELETE FROM token WHERE person_id IS NULL')
    for table in ('outbox_message', 'token'):
        migrator.migrate(migrator.drop_index(table, table + '_recipient_id'))
        migrator.migrate(migrator.drop_column(table, 'recipient_id'))
    migrator.migrate(migrator.add_not_null('token', 'person_id'))
    migrator.migrate(migrator.drop_table('invoice_recipient'))
    migrator.migrate(migrator.drop_table('billing_details'))
