"""Billing data, addresses for invoices, the next term's purchase order number; independent of the models of today."""
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

    of_token = ForeignKeyField(InvoiceRecipient, field=InvoiceRecipient.id, null=True, on_delete='CASCADE')
    of_message = ForeignKeyField(InvoiceRecipient, field=InvoiceRecipient.id, null=True, on_delete='SET NULL')
    migrator.migrate(migrator.drop_not_null('token', 'person_id'))
    migrator.migrate(migrator.add_column('token', 'recipient_id', of_token))
    migrator.migrate(migrator.add_column('outbox_message', 'recipient_id', of_message))
    migrator.migrate(migrator.add_column('subscription', 'next_po_number', TextField(null=True)))


def down(migrator, db):
    migrator.migrate(migrator.drop_column('subscription', 'next_po_number'))
    db.execute_sql('DELETE FROM token WHERE person_id IS NULL')
    for table in ('outbox_message', 'token'):
        migrator.migrate(migrator.drop_index(table, table + '_recipient_id'))
        migrator.migrate(migrator.drop_column(table, 'recipient_id'))
    migrator.migrate(migrator.add_not_null('token', 'person_id'))
    migrator.migrate(migrator.drop_table('invoice_recipient'))
    migrator.migrate(migrator.drop_table('billing_details'))
