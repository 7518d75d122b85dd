"""Numbers, tax and states of invoices, payments, and the files that were handed out."""
from peewee import *


def _old_index(db):
    found = {tuple(index.columns): index.name for index in db.get_indexes('invoice')}
    return found['subscription_id', 'period_start']


def up(migrator, db):
    class Account(Model):
        class Meta:
            database = db
            table_name = 'account'

    class Invoice(Model):
        class Meta:
            database = db
            table_name = 'invoice'

    class Payment(Model):
        reference = CharField(max_length=60, unique=True)
        invoice = ForeignKeyField(Invoice)
        amount = BigIntegerField()
        currency = CharField(max_length=3)
        paid_on = CharField(max_length=10)
        content_hash = CharField(max_length=64)
        received_at = BigIntegerField()
        class Meta:
            database = db
            table_name = 'payment'
    db.create_tables([Payment])

    class StoredDocument(Model):
        subject = CharField(max_length=80)
        form = CharField(max_length=10)
        file_name = TextField()
        media_type = CharField(max_length=60)
        sha256 = CharField(max_length=64)
        content = BlobField()
        made_at = BigIntegerField()
        class Meta:
            database = db
            table_name = 'stored_document'
            indexes = ((('subject', 'form'), True),)
    db.create_tables([StoredDocument])

    account = ForeignKeyField(Account, field=Account.id, null=True)
    credits = ForeignKeyField(Invoice, field=Invoice.id, null=True)
    migrator.migrate(
        migrator.drop_index('invoice', _old_index(db)),
        migrator.add_column('invoice', 'kind', CharField(max_length=12, default='invoice')),
        migrator.add_column('invoice', 'account_id', account),
        migrator.add_column('invoice', 'cause', CharField(max_length=60, default='')),
        migrator.add_column('invoice', 'tax', BigIntegerField(null=True)),
        migrator.add_column('invoice', 'gross', BigIntegerField(null=True)),
        migrator.add_column('invoice', 'paid', BigIntegerField(default=0)),
        migrator.add_column('invoice', 'tax_decision', TextField(default='')),
        migrator.add_column('invoice', 'tax_question', TextField(default='')),
        migrator.add_column('invoice', 'number', CharField(max_length=40, null=True)),
        migrator.add_column('invoice', 'issued_at', BigIntegerField(null=True)),
        migrator.add_column('invoice', 'issued_on', CharField(max_length=10, null=True)),
        migrator.add_column('invoice', 'due_on', CharField(max_length=10, null=True)),
        migrator.add_column('invoice', 'language', CharField(max_length=10, default='')),
        migrator.add_column('invoice', 'content', TextField(default='')),
        migrator.add_column('invoice', 'credits_id', credits),
        migrator.add_column('invoice', 'search_key', TextField(default='')),
        migrator.add_column('outbox_message', 'attachments', TextField(default='')),
    )
    db.execute_sql(
        'UPDATE invoice SET cause = \'period \' || period_start, account_id ='
        ' (SELECT s.account_id FROM subscription s WHERE s.id = invoice.subscription_id)'
    )
    migrator.migrate(
        migrator.add_not_null('invoice', 'account_id'),
        migrator.add_index('invoice', ('number',), True),
        migrator.add_index('invoice', ('subscription_id', 'cause'), True),
        migrator.add_index('invoice', ('account_id', 'issued_on', 'id')),
        migrator.add_index('invoice', ('state', 'due_on')),
    )


def down(migrator, db):
    indexes = {tuple(index.columns): index.name for index in db.get_indexes('invoice')}
    db.execute_sql("DELETE FROM payment")
    db.execute_sql("DELETE FROM invoice WHERE kind <> 'invoice'")
    migrator.migrate(migrator.drop_table('payment'), migrator.drop_table('stored_document'))
    migrator.migrate(migrator.drop_column('outbox_message', 'attachments'))
    new = (('number',), ('subscription_id', 'cause'), ('account_id', 'issued_on', 'id'), ('state', 'due_on'),
           ('account_id',), ('credits_id',))
    for columns in new:
        if columns in indexes:
            migrator.migrate(migrator.drop_index('invoice', indexes[columns]))
    for column in ('search_key', 'credits_id', 'content', 'language', 'due_on', 'issued_on', 'issued_at', 'number',
                   'tax_question', 'tax_decision', 'paid', 'gross', 'tax', 'cause', 'account_id', 'kind'):
        migrator.migrate(migrator.drop_column('invoice', column))
    migrator.migrate(migrator.add_index('invoice', ('subscription_id', 'period_start'), True))
